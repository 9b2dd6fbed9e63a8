//! As much of HCL as it takes to find attributes of blocks: what else an expression may be is passed over.
//!
//! It keeps its own stack, so no text nests too deeply for it.

use crate::limits::{MAX_HCL_BLOCKS, MAX_HCL_DEPTH};

mod values;

/// A block, its attributes, and the blocks within it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) kind: String,
    pub(super) labels: Vec<String>,
    pub(super) line: u32,
    attributes: Vec<(String, u32, Expr)>,
    blocks: Vec<Block>,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expr {
    /// A text in quotes; templates in it stay as they are.
    Text(String),
    /// `var.x`, `true`, `3`; `a["b"][0].c` is `a.b.0.c`, and `[each.key]` the part `[key]`.
    Path(String),
    List(Vec<Expr>),
    Map(Vec<(String, Expr)>),
    /// A function and its arguments; `a ? b : c` is that of the name `?`.
    Call(String, Vec<Expr>),
    Other,
}

impl Block {
    /// The line and the value of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<(u32, &Expr)> {
        self.attributes.iter().find(|(known, ..)| known == name).map(|(_, line, value)| (*line, value))
    }

    /// Every attribute with its value.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&str, &Expr)> {
        self.attributes.iter().map(|(name, _, value)| (name.as_str(), value))
    }

    /// Whether a block of this name, or a `dynamic` one, stands in it.
    pub(super) fn has(&self, name: &str) -> bool {
        self.blocks.iter().any(|known| known.name() == name)
    }

    /// The first block of this name in it.
    pub(super) fn inner(&self, name: &str) -> Option<&Self> {
        self.blocks.iter().find(|known| known.name() == name)
    }

    /// An empty block.
    pub(super) fn new(kind: &str, labels: Vec<String>, line: u32) -> Self {
        Self { kind: kind.to_owned(), labels, line, ..Self::default() }
    }

    /// Adds an attribute.
    pub(super) fn set(&mut self, name: &str, line: u32, value: Expr) {
        self.attributes.push((name.to_owned(), line, value));
    }

    /// Adds a block.
    pub(super) fn put(&mut self, block: Self) {
        self.blocks.push(block);
    }

    /// Type and name of a resource.
    pub(super) fn resource(&self) -> Option<(&str, &str)> {
        match (self.kind.as_str(), self.labels.as_slice()) {
            ("resource", [kind, name]) => Some((kind, name)),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
    /// The end of a line, which ends an attribute.
    Break,
}

/// The blocks at the top of a text; the line and the message of what is wrong.
pub(super) fn parse(text: &str) -> Result<Vec<Block>, (u32, String)> {
    let tokens = tokens(text)?;
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Vec<Block> = Vec::new();
    let mut at = 0_usize;
    // Each turn takes at least one token.
    while let Some((line, token)) = tokens.get(at) {
        at = at.saturating_add(1);
        match token {
            Token::Break => {}
            Token::Sign('}') => match open.pop() {
                Some(block) => match open.last_mut() {
                    Some(outer) => outer.blocks.push(block),
                    None if blocks.len() < MAX_HCL_BLOCKS => blocks.push(block),
                    None => return Err((*line, format!("there are more than {MAX_HCL_BLOCKS} blocks"))),
                },
                None => return Err((*line, "this `}` closes nothing".to_owned())),
            },
            Token::Word(name) if matches!(tokens.get(at), Some((_, Token::Sign('=')))) => {
                let (value, next) = value(&tokens, at.saturating_add(1))?;
                at = next;
                if let Some(block) = open.last_mut() {
                    block.attributes.push((name.clone(), *line, value));
                }
            }
            Token::Word(kind) => {
                let mut block = Block { kind: kind.clone(), line: *line, ..Block::default() };
                while let Some((_, Token::Text(label) | Token::Word(label))) = tokens.get(at) {
                    block.labels.push(label.clone());
                    at = at.saturating_add(1);
                }
                if !matches!(tokens.get(at), Some((_, Token::Sign('{')))) {
                    return Err((
                        *line,
                        format!("`{}` is neither an attribute nor a block", crate::lines::quote(kind)),
                    ));
                }
                at = at.saturating_add(1);
                if open.len() >= MAX_HCL_DEPTH {
                    return Err((*line, format!("blocks are nested deeper than {MAX_HCL_DEPTH}")));
                }
                open.push(block);
            }
            Token::Text(_) | Token::Sign(_) => {
                return Err((*line, "here belongs an attribute or a block".to_owned()));
            }
        }
    }
    match open.last() {
        Some(block) => {
            Err((block.line, format!("the block `{}` is not closed", crate::lines::quote(&block.kind))))
        }
        None => Ok(blocks),
    }
}

impl Block {
    /// A `dynamic` block stands for those of its label.
    fn name(&self) -> &str {
        match self.labels.first() {
            Some(label) if self.kind == "dynamic" => label,
            Some(_) | None => &self.kind,
        }
    }
}

/// The expression that a text is, as it stands within `${…}`.
pub(super) fn expression(text: &str) -> Expr {
    let Ok(tokens) = tokens(text) else { return Expr::Other };
    let tokens: Vec<Token> = tokens.into_iter().map(|(_, token)| token).collect();
    values::expression(&tokens, 0)
}

/// The value from a place on, and the place behind it: a line break outside all brackets ends it.
fn value(tokens: &[(u32, Token)], start: usize) -> Result<(Expr, usize), (u32, String)> {
    let mut taken: Vec<Token> = Vec::new();
    let mut open: Vec<char> = Vec::new();
    let mut at = start;
    while let Some((line, token)) = tokens.get(at) {
        match token {
            Token::Break if open.is_empty() => break,
            Token::Sign('}') if open.is_empty() => break,
            Token::Sign(bracket @ ('(' | '[' | '{')) => open.push(*bracket),
            Token::Sign(bracket @ (')' | ']' | '}')) => {
                let wanted = match bracket {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if open.pop() != Some(wanted) {
                    return Err((*line, format!("this `{bracket}` closes nothing")));
                }
            }
            Token::Break | Token::Word(_) | Token::Text(_) | Token::Sign(_) => {}
        }
        taken.push(token.clone());
        at = at.saturating_add(1);
    }
    let line = tokens.get(start.saturating_sub(1)).map_or(1, |(line, _)| *line);
    if !open.is_empty() {
        return Err((line, "a bracket of this value is not closed".to_owned()));
    }
    if taken.is_empty() {
        return Err((line, "this attribute has no value".to_owned()));
    }
    Ok((values::expression(&taken, 0), at))
}

fn tokens(text: &str) -> Result<Vec<(u32, Token)>, (u32, String)> {
    let mut found: Vec<(u32, Token)> = Vec::new();
    let mut rest = text;
    let mut line = 1_u32;
    // Each turn takes at least one character.
    while let Some(first) = rest.chars().next() {
        let length = if first == '\n' {
            found.push((line, Token::Break));
            1
        } else if first.is_whitespace() {
            first.len_utf8()
        } else if first == '#' || rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end.saturating_add(2))
        } else if first == '"' {
            let end = end_of_text(rest).ok_or_else(|| (line, "this text has no closing quote".to_owned()))?;
            found.push((line, Token::Text(rest.get(1..end).unwrap_or("").to_owned())));
            end.saturating_add(1)
        } else if let Some(end) = heredoc(rest) {
            found.push((line, Token::Text("${heredoc}".to_owned())));
            end
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | '*'));
            let end = end.unwrap_or(rest.len());
            found.push((line, Token::Word(rest.get(..end).unwrap_or("").to_owned())));
            end
        } else {
            found.push((line, Token::Sign(first)));
            first.len_utf8()
        };
        let taken = rest.get(..length).unwrap_or(rest);
        let breaks = taken.bytes().filter(|byte| *byte == b'\n').count();
        line = line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        rest = rest.get(taken.len().max(1)..).unwrap_or("");
    }
    Ok(found)
}

/// Where the text that begins here has its closing quote. A template within it may have quotes of its own.
fn end_of_text(rest: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut before = ' ';
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' if matches!(before, '$' | '%') || depth > 0 => depth = depth.saturating_add(1),
            '}' if depth > 0 => depth = depth.saturating_sub(1),
            '"' if depth == 0 => return Some(at),
            _ => {}
        }
        before = c;
    }
    None
}

/// The length of a here-document that begins here, up to the word that ends it.
fn heredoc(rest: &str) -> Option<usize> {
    let word = rest.strip_prefix("<<")?.trim_start_matches('-');
    let end = word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len());
    let word = word.get(..end).filter(|word| !word.is_empty())?;
    let mut length = 0_usize;
    for (at, line) in rest.split_inclusive('\n').enumerate() {
        if at > 0 && line.trim() == word {
            return Some(length.saturating_add(line.trim_end().len()));
        }
        length = length.saturating_add(line.len());
    }
    Some(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_whatever_stands_between() {
        let text = "# c\nresource \"a\" \"b\" { # x\n  one = \"t ${f(\"x\")} u\"\n  two = var.x\n  three = {\n    y = [1, 2]\n  }\n  \
                    four = <<-EOT\n  } not an end\n  EOT\n  nested { z = 1 }\n  dynamic \"made\" {\n  }\n  five = a.b[0].c\n}\n";
        let blocks = parse(text).unwrap();
        let block = &blocks[0];
        assert_eq!(block.resource(), Some(("a", "b")));
        assert_eq!(block.get("one"), Some((3, &Expr::Text("t ${f(\"x\")} u".into()))));
        assert_eq!(block.get("two"), Some((4, &Expr::Path("var.x".into()))));
        let list = Expr::List(vec![Expr::Path("1".into()), Expr::Path("2".into())]);
        assert_eq!(block.get("three").unwrap().1, &Expr::Map(vec![("y".into(), list)]));
        assert_eq!(block.get("five"), Some((14, &Expr::Path("a.b.0.c".into()))));
        assert!(block.has("nested") && block.has("made") && !block.has("z"));
    }

    #[test]
    fn expressions_are_read_as_far_as_they_are_known() {
        let path = |path: &str| Expr::Path(path.into());
        let call = |name: &str, arguments: Vec<Expr>| Expr::Call(name.into(), arguments);
        let rows = [
            ("local.jobs[each.key].when", path("local.jobs.[key].when")),
            ("a[\"b\"].c", path("a.b.c")),
            ("a[b.c]", path("a[")),
            ("a[*].c", path("a[")),
            ("toset([\"x\"])", call("toset", vec![Expr::List(vec![Expr::Text("x".into())])])),
            ("var.on ? 1 : 0", call("?", vec![path("var.on"), path("1"), path("0")])),
            ("{ for k, v in x : k => v }", Expr::Other),
            ("[for v in x : v]", Expr::Other),
            ("{ (x) = 1 }", Expr::Other),
            ("(a) + (b)", Expr::Other),
            (
                "{ a = 1 + 2\n b : var.x, }",
                Expr::Map(vec![("a".into(), Expr::Other), ("b".into(), path("var.x"))]),
            ),
        ];
        for (text, wanted) in rows {
            assert_eq!(expression(text), wanted, "{text}");
        }
        assert_eq!(expression(&format!("{}{}", "(".repeat(1_000), ")".repeat(1_000))), Expr::Other);
    }

    #[test]
    fn what_is_no_hcl_has_its_line() {
        let cases = [
            ("a {\n", 1),
            ("}\n", 1),
            ("a {\n  b = \"x\n}\n", 2),
            ("a {\n  b = [\n}\n", 3),
            ("a {\n  b =\n}\n", 2),
            ("a\nb {\n}\n", 1),
            ("\n= 3\n", 2),
        ];
        for (text, line) in cases {
            assert_eq!(parse(text).map_err(|(line, _)| line), Err(line), "{text}");
        }
        assert!(parse(&"a {".repeat(100_000)).is_err());
        assert!(parse(&format!("a {{ b = {}", "[".repeat(100_000))).is_err());
    }
}
