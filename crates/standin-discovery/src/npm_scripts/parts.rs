//! A command in the parts that a shell runs one after another, and a part in its words.

/// What stands behind a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind {
    /// `||`: what follows runs where this part has failed.
    Or,
    Other,
}

/// A part of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'c> {
    pub(super) text: &'c str,
    pub(super) behind: Behind,
    /// How many brackets are open around it: each is a shell of its own, with a folder of its own.
    pub(super) depth: usize,
}

/// What is open at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Quote(char),
    /// `$(`, or a bracket within a word.
    Word,
    Shell,
}

/// The parts between `&&`, `||`, `;`, `|`, `&` and the brackets of a shell of its own, outside of quotes.
pub(super) fn parts<'c>(command: &'c str) -> Vec<Part<'c>> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0_usize, 0_usize);
    let mut open: Vec<Open> = Vec::new();
    let mut before = ' ';
    let mut chars = command.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let mut end = |parts: &mut Vec<Part<'c>>, behind| {
            let text = command.get(start..at).unwrap_or("");
            parts.push(Part { text, behind, depth });
            start = at.saturating_add(c.len_utf8());
        };
        match (open.last().copied(), c) {
            (Some(Open::Quote(quote)), c) if c == quote => drop(open.pop()),
            (quote, '\\') if quote != Some(Open::Quote('\'')) => drop(chars.next()),
            (Some(Open::Quote(_)), _) => {}
            (_, '"' | '\'' | '`') => open.push(Open::Quote(c)),
            (None | Some(Open::Shell), '(') if is_edge(before) => {
                end(&mut parts, Behind::Other);
                depth = depth.saturating_add(1);
                open.push(Open::Shell);
            }
            (_, '(') => open.push(Open::Word),
            (Some(Open::Word), ')') => drop(open.pop()),
            (Some(Open::Word), _) => {}
            (Some(Open::Shell), ')') => {
                end(&mut parts, Behind::Other);
                depth = depth.saturating_sub(1);
                open.pop();
            }
            // `2>&1` and `&>file` part nothing.
            (_, '&') if matches!(before, '>' | '<') || next == Some('>') => {}
            (_, '|') if before == '>' => {}
            (_, ';' | '|' | '&' | '\n') => {
                let is_or = c == '|' && next == Some('|');
                end(&mut parts, if is_or { Behind::Or } else { Behind::Other });
                if matches!(c, '|' | '&') && next == Some(c) {
                    chars.next();
                    start = start.saturating_add(1);
                }
            }
            _ => {}
        }
        before = c;
    }
    parts.push(Part { text: command.get(start..).unwrap_or(""), behind: Behind::Other, depth });
    parts
}

/// Where a word may begin.
fn is_edge(before: char) -> bool {
    before.is_whitespace() || matches!(before, ';' | '|' | '&' | '(' | ')')
}

/// The words of a part. What stands in quotes is a word; quotes around a whole word are taken away.
pub(super) fn words(part: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quote) = (None::<usize>, None::<char>);
    let mut chars = part.char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c.is_whitespace() => {
                words.extend(start.take().and_then(|from| part.get(from..at)));
                continue;
            }
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            Some(_) | None => {}
        }
        if c == '\\' && quote != Some('\'') {
            chars.next();
        }
        start.get_or_insert(at);
    }
    words.extend(start.and_then(|from| part.get(from..)));
    words.into_iter().map(|word| word.trim_matches(['"', '\''])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_parted_where_its_shell_would() {
        let seen = |command| {
            let all = parts(command).into_iter();
            let all = all.map(|part| (part.text.trim().to_owned(), part.depth));
            all.filter(|(text, _)| !text.is_empty()).collect::<Vec<_>>()
        };
        let of = |all: &[(&str, usize)]| -> Vec<(String, usize)> {
            all.iter().map(|(text, depth)| ((*text).to_owned(), *depth)).collect()
        };
        assert_eq!(seen("a > l 2>&1 && b &> c"), of(&[("a > l 2>&1", 0), ("b &> c", 0)]));
        assert_eq!(seen("(cd x && a); b"), of(&[("cd x", 1), ("a", 1), ("b", 0)]));
        assert_eq!(
            seen("a --v=$(b | c) !(d|e) 'f;g' | h"),
            of(&[("a --v=$(b | c) !(d|e) 'f;g'", 0), ("h", 0)])
        );
        assert_eq!(seen("find . -exec rm {} \\; && b"), of(&[("find . -exec rm {} \\;", 0), ("b", 0)]));
        let all = parts("a || b && c");
        assert_eq!([all[0].behind, all[1].behind], [Behind::Or, Behind::Other]);
    }

    #[test]
    fn quotes_keep_words_together() {
        assert_eq!(words("sh -c 'node a.js' \"b c\"d"), ["sh", "-c", "node a.js", "b c\"d"]);
    }
}
