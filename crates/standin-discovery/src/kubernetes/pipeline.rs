//! What the actions of a chart's template come to, as far as the chart's own values tell: `{{ default "x" .Values.a | quote }}`.

use super::helm::value_at;
use crate::limits::MAX_REFERENCES;
use crate::value::{Data, Value};

mod functions;

#[cfg(test)]
mod tests;

/// Parentheses, and texts that are templates themselves, nest no deeper than this.
const MAX_DEPTH: usize = 16;

/// What a value of a template comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// A text, and whether the chart's values have a say in it.
    Text {
        text: String,
        by_values: bool,
    },
    /// It comes to nothing, because the values have nothing at this path.
    Missing(String),
    Computed,
}

/// What stands behind the key of a line comes to.
pub(super) fn known(text: &str, values: Option<&Value>) -> Known {
    let text = text.split(" #").next().unwrap_or(text).trim();
    // What follows stands on lines of its own.
    if text.starts_with(['>', '|', '&', '*']) {
        return if text.starts_with("*/") || text.starts_with("* ") { plain(text) } else { Known::Computed };
    }
    if !text.contains("{{") {
        return plain(text);
    }
    let mut reading = Reading::new(values);
    match reading.render(text.trim_matches(['"', '\'']), 0) {
        None => Known::Computed,
        Some(made) => match (made.trim().is_empty(), reading.missing) {
            (true, Some(path)) => Known::Missing(path),
            _ => Known::Text { text: made.trim().to_owned(), by_values: reading.asked },
        },
    }
}

fn plain(text: &str) -> Known {
    Known::Text { text: text.trim_matches(['"', '\'']).to_owned(), by_values: false }
}

/// Reads actions by the values of a chart.
pub(super) struct Reading<'v, 'a> {
    values: Option<&'v Value<'a>>,
    /// Whether a value was asked for.
    asked: bool,
    /// The first path at which there was nothing.
    missing: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Token<'t> {
    Word(&'t str),
    Text(String),
    Pipe,
    Open,
    Close,
}

impl<'v, 'a> Reading<'v, 'a> {
    pub(super) const fn new(values: Option<&'v Value<'a>>) -> Self {
        Self { values, asked: false, missing: None }
    }

    /// Whether a condition holds; `None` where the values do not tell.
    pub(super) fn holds(&mut self, action: &str) -> Option<bool> {
        let inner = action.strip_prefix("{{")?.strip_suffix("}}")?;
        functions::truth(&self.action(inner, 0))
    }

    /// A text with what its actions come to in their places.
    fn render(&mut self, text: &str, depth: usize) -> Option<String> {
        let (mut made, mut rest) = (String::new(), text);
        for _ in 0..MAX_REFERENCES {
            let Some((before, behind)) = rest.split_once("{{") else { break };
            let (action, behind) = behind.split_once("}}")?;
            let value = self.action(action, depth);
            made.push_str(before);
            made.push_str(&functions::shown(&value)?);
            rest = behind;
        }
        made.push_str(rest);
        (!made.contains("{{")).then_some(made)
    }

    fn action(&mut self, action: &str, depth: usize) -> Data<'static> {
        let action = action.strip_prefix('-').unwrap_or(action);
        let action = action.strip_suffix('-').unwrap_or(action).trim();
        match tokens(action) {
            Some(tokens) => {
                let mut at = 0;
                let value = self.pipeline(&tokens, &mut at, depth);
                if at == tokens.len() { value } else { unknown() }
            }
            None => unknown(),
        }
    }

    fn pipeline(&mut self, tokens: &[Token<'_>], at: &mut usize, depth: usize) -> Data<'static> {
        if depth > MAX_DEPTH {
            return unknown();
        }
        let mut value = self.command(tokens, at, None, depth);
        while tokens.get(*at) == Some(&Token::Pipe) {
            *at = at.saturating_add(1);
            value = self.command(tokens, at, Some(value), depth);
        }
        value
    }

    /// A value, or a function with its arguments, the one before the `|` last.
    fn command(
        &mut self,
        tokens: &[Token<'_>],
        at: &mut usize,
        piped: Option<Data<'static>>,
        depth: usize,
    ) -> Data<'static> {
        let mut name = None;
        let mut arguments = Vec::new();
        while let Some(token) = tokens.get(*at).filter(|token| !matches!(token, Token::Pipe | Token::Close)) {
            *at = at.saturating_add(1);
            match token {
                Token::Open => {
                    arguments.push(self.pipeline(tokens, at, depth.saturating_add(1)));
                    if tokens.get(*at) == Some(&Token::Close) {
                        *at = at.saturating_add(1);
                    }
                }
                Token::Text(text) => arguments.push(Data::Text(text.clone().into())),
                Token::Word(word) if name.is_none() && arguments.is_empty() && is_function(word) => {
                    name = Some(*word);
                }
                Token::Word(word) => arguments.push(self.operand(word)),
                Token::Pipe | Token::Close => {}
            }
        }
        match name {
            None if piped.is_none() && arguments.len() == 1 => arguments.pop().unwrap_or_else(unknown),
            None => unknown(),
            Some(name) => {
                arguments.extend(piped);
                if let ("tpl", Some(Data::Text(text))) = (name, arguments.first()) {
                    let made =
                        if depth < MAX_DEPTH { self.render(text, depth.saturating_add(1)) } else { None };
                    return made.map_or_else(unknown, |made| Data::Text(made.into()));
                }
                functions::call(name, &arguments)
            }
        }
    }

    fn operand(&mut self, word: &str) -> Data<'static> {
        let path = word.strip_prefix('$').unwrap_or(word);
        match path.strip_prefix(".Values") {
            Some("") => self.values.map_or(Data::Null, |values| values.clone().into_owned().data),
            Some(path) if path.starts_with('.') => self.value(path.trim_start_matches('.')),
            Some(_) | None => match word {
                "true" => Data::Bool(true),
                "false" => Data::Bool(false),
                "nil" => Data::Null,
                _ => word.parse::<f64>().map_or_else(|_| unknown(), Data::Number),
            },
        }
    }

    fn value(&mut self, path: &str) -> Data<'static> {
        self.asked = true;
        let value = self.values.and_then(|values| value_at(values, path));
        match value.map(|value| value.clone().into_owned().data) {
            Some(data) if data != Data::Null => data,
            Some(_) | None => {
                self.missing.get_or_insert_with(|| path.to_owned());
                Data::Null
            }
        }
    }
}

const fn unknown() -> Data<'static> {
    Data::Computed(String::new())
}

/// Whether a word at the first place is a function, and no value.
fn is_function(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic()) && !matches!(word, "true" | "false" | "nil")
}

/// The words, texts and signs of an action; `None` where a text is not closed.
fn tokens(action: &str) -> Option<Vec<Token<'_>>> {
    let mut found = Vec::new();
    let mut rest = action.trim_start();
    // Each turn takes at least one character.
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '|' => (Token::Pipe, 1),
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '"' | '`' => {
                let (text, length) = quoted(rest, first)?;
                (Token::Text(text), length)
            }
            _ => {
                let is_end = |c: char| c.is_whitespace() || matches!(c, '|' | '(' | ')' | '"' | '`');
                let end = rest.find(is_end).unwrap_or(rest.len());
                (Token::Word(rest.get(..end)?), end)
            }
        };
        found.push(token);
        rest = rest.get(length..)?.trim_start();
    }
    Some(found)
}

/// The text in quotes at the start, and how long it is with them. Only those in `"` have escapes.
fn quoted(rest: &str, quote: char) -> Option<(String, usize)> {
    let mut made = String::new();
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => {
                escaped = false;
                made.push(c);
            }
            '\\' if quote == '"' => escaped = true,
            _ if c == quote => return Some((made, at.saturating_add(1))),
            _ => made.push(c),
        }
    }
    None
}
