//! Words, texts and signs of a program, without its comments. It is no parser: it only has to tell code from text.

use crate::limits::MAX_SCRIPT_TOKENS;

/// Whose comments and texts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    JavaScript,
    Sql,
    Python,
    Ruby,
    Php,
    Go,
    /// Java, Kotlin, C# and Groovy, as far as words, texts and comments go.
    Java,
}

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token<'t> {
    Word(&'t str),
    Number(&'t str),
    /// A text without its quotes; escapes are left as they are.
    Text(&'t str),
    Sign(char),
}

/// A token and the byte offset at which it begins.
pub(crate) type Placed<'t> = (usize, Token<'t>);

/// The tokens of a text, up to a limit.
pub(crate) fn tokens(text: &str, language: Language) -> Vec<Placed<'_>> {
    let mut lexer = Lexer { text, at: 0, language };
    let mut tokens = Vec::new();
    while tokens.len() < MAX_SCRIPT_TOKENS
        && let Some(token) = lexer.next()
    {
        tokens.push(token);
    }
    tokens
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    language: Language,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn next(&mut self) -> Option<Placed<'t>> {
        self.skip();
        let (start, rest) = (self.at, self.rest());
        let first = rest.chars().next()?;
        let token = match first {
            '"' | '\'' => self.quoted(first),
            '`' if self.quotes_with_backticks() => self.quoted(first),
            '$' if self.language == Language::Sql => self.dollars(),
            c if c.is_ascii_digit() => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.');
                Token::Number(self.take(end.unwrap_or(rest.len())))
            }
            c if c.is_alphanumeric() || c == '_' || c == '$' => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
                Token::Word(self.take(end.unwrap_or(rest.len())))
            }
            c => {
                self.at = self.at.saturating_add(c.len_utf8());
                Token::Sign(c)
            }
        };
        Some((start, token))
    }

    fn take(&mut self, length: usize) -> &'t str {
        let taken = self.rest().get(..length).unwrap_or("");
        // Never nothing: each turn goes on.
        self.at = self.at.saturating_add(length.max(1));
        taken
    }

    /// Blanks and comments.
    fn skip(&mut self) {
        // Each turn moves on, so the text's length bounds them.
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at = self.at.saturating_add(rest.len().saturating_sub(trimmed.len()));
            let is_line = match self.language {
                Language::JavaScript => {
                    trimmed.starts_with("//") || (self.at == 0 && trimmed.starts_with("#!"))
                }
                Language::Go | Language::Java => trimmed.starts_with("//"),
                Language::Sql => trimmed.starts_with("--"),
                Language::Python | Language::Ruby => trimmed.starts_with('#'),
                // An attribute is no comment.
                Language::Php => {
                    trimmed.starts_with("//") || (trimmed.starts_with('#') && !trimmed.starts_with("#["))
                }
            };
            let is_block = match self.language {
                Language::Python | Language::Ruby => false,
                Language::JavaScript | Language::Sql | Language::Php | Language::Go | Language::Java => {
                    trimmed.starts_with("/*")
                }
            };
            let length = if is_line {
                trimmed.find('\n').unwrap_or(trimmed.len())
            } else if is_block {
                trimmed.find("*/").map_or(trimmed.len(), |end| end.saturating_add(2))
            } else {
                return;
            };
            self.at = self.at.saturating_add(length);
        }
    }

    /// Whether a text may stand in backticks; elsewhere these are signs.
    fn quotes_with_backticks(&self) -> bool {
        matches!(self.language, Language::JavaScript | Language::Go | Language::Sql)
    }

    /// A text in quotes. One in ' or " ends with its line in all languages but SQL, whatever is missing.
    fn quoted(&mut self, quote: char) -> Token<'t> {
        let rest = self.rest();
        let triple = match quote {
            '"' => "\"\"\"",
            _ => "'''",
        };
        let has_triples = matches!(self.language, Language::Python | Language::Java);
        if has_triples && rest.starts_with(triple) {
            let inner = rest.get(3..).unwrap_or("");
            let end = inner.find(triple).unwrap_or(inner.len());
            self.at = self.at.saturating_add(end).saturating_add(6).min(self.text.len());
            return Token::Text(inner.get(..end).unwrap_or(""));
        }
        let is_open_ended = quote == '`' || self.language == Language::Sql;
        let mut escaped = false;
        let mut end = rest.len();
        let mut behind = rest.len();
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                // A raw text of Go has no escapes.
                '\\' if self.language != Language::Sql
                    && !(self.language == Language::Go && quote == '`') =>
                {
                    escaped = true;
                }
                '\n' if !is_open_ended => {
                    (end, behind) = (at, at);
                    break;
                }
                c if c == quote => {
                    (end, behind) = (at, at.saturating_add(1));
                    break;
                }
                _ => {}
            }
        }
        self.at = self.at.saturating_add(behind.max(1));
        Token::Text(rest.get(1..end).unwrap_or(""))
    }

    /// `$$ … $$` and `$tag$ … $tag$`.
    fn dollars(&mut self) -> Token<'t> {
        let rest = self.rest();
        let inner = rest.get(1..).unwrap_or("");
        let tag = inner.split_once('$').map(|(tag, _)| tag);
        let Some(tag) = tag.filter(|tag| tag.chars().all(|c| c.is_alphanumeric() || c == '_')) else {
            self.at = self.at.saturating_add(1);
            return Token::Sign('$');
        };
        let mark = rest.get(..tag.len().saturating_add(2)).unwrap_or("$$");
        let body = rest.get(mark.len()..).unwrap_or("");
        let end = body.find(mark).unwrap_or(body.len());
        let whole = mark.len().saturating_mul(2).saturating_add(end);
        self.at = self.at.saturating_add(whole).min(self.text.len());
        Token::Text(body.get(..end).unwrap_or(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, language: Language) -> String {
        let words = tokens(text, language).into_iter().map(|(_, token)| match token {
            Token::Word(word) => word.to_owned(),
            Token::Number(number) => format!("#{number}"),
            Token::Text(text) => format!("<{text}>"),
            Token::Sign(sign) => sign.to_string(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_go_and_texts_stay() {
        let js = "#!/x\n// cron.schedule('a')\na.b('x\\'y', `z\n`) /* c */ + 5_000; 'open\nq";
        assert_eq!(shown(js, Language::JavaScript), "a . b ( <x\\'y> , <z\n> ) + #5_000 ; <open> q");
        let sql = "-- c\nselect f('a', $$b 'c'$$, $t$d$$e$t$);";
        assert_eq!(shown(sql, Language::Sql), "select f ( <a> , <b 'c'> , <d$$e> ) ;");
        let python = "# c\nx = \"\"\"a\n'b\"\"\" + 'd'\n";
        assert_eq!(shown(python, Language::Python), "x = <a\n'b> + <d>");
    }

    #[test]
    fn any_text_comes_to_an_end() {
        for text in ["'", "`é", "\"\"\"", "$", "$é$", "/*", "é'é", "\\", "$a$ é", "0é", "''''"] {
            for language in [Language::JavaScript, Language::Sql, Language::Python] {
                assert!(tokens(text, language).len() <= text.len(), "{text}");
            }
        }
    }
}
