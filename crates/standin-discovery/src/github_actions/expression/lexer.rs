//! The words and signs of an expression.

use crate::lines::quote;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A number, a boolean or null.
    Literal,
    /// A text in single quotes; its token's text is what stands between them, with `''` as it is written.
    Text,
    /// A context, a function or a property.
    Name,
    Open,
    Close,
    OpenIndex,
    CloseIndex,
    Comma,
    Dot,
    Star,
    Not,
    /// `==` or `!=`.
    Equality,
    /// `<`, `<=`, `>` or `>=`.
    Order,
    And,
    Or,
}

/// A word or a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind,
    pub(crate) text: &'t str,
}

/// Cuts an expression into tokens.
///
/// # Errors
/// What cannot be one.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut rest = text.trim_start_matches(is_blank);
    while let Some(first) = rest.bytes().next() {
        let before = tokens.last().map(|token| token.kind);
        let (kind, length) = token(rest, first, before)?;
        let (written, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let inner = || written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
        tokens.push(Token { kind, text: if kind == Kind::Text { inner() } else { written } });
        rest = after.trim_start_matches(is_blank);
    }
    Ok(tokens)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The kind of the token that a text begins with, and its length in bytes.
fn token(rest: &str, first: u8, before: Option<Kind>) -> Result<(Kind, usize), String> {
    let second = rest.as_bytes().get(1).copied();
    let follows_value = matches!(before, Some(Kind::Name | Kind::CloseIndex | Kind::Close | Kind::Star));
    let sign = match (first, second) {
        (b'(', _) => Some((Kind::Open, 1)),
        (b')', _) => Some((Kind::Close, 1)),
        (b'[', _) => Some((Kind::OpenIndex, 1)),
        (b']', _) => Some((Kind::CloseIndex, 1)),
        (b',', _) => Some((Kind::Comma, 1)),
        (b'*', _) => Some((Kind::Star, 1)),
        (b'.', _) if follows_value => Some((Kind::Dot, 1)),
        (b'!' | b'=', Some(b'=')) => Some((Kind::Equality, 2)),
        (b'!', _) => Some((Kind::Not, 1)),
        (b'<' | b'>', Some(b'=')) => Some((Kind::Order, 2)),
        (b'<' | b'>', _) => Some((Kind::Order, 1)),
        (b'&', Some(b'&')) => Some((Kind::And, 2)),
        (b'|', Some(b'|')) => Some((Kind::Or, 2)),
        _ => None,
    };
    match (sign, first) {
        (Some(sign), _) => Ok(sign),
        (None, b'\'') => quoted(rest),
        (None, b'.' | b'+' | b'-' | b'0'..=b'9') => number(rest),
        (None, _) => name(rest, before),
    }
}

fn quoted(rest: &str) -> Result<(Kind, usize), String> {
    let mut bytes = rest.bytes().enumerate().skip(1).peekable();
    while let Some((at, byte)) = bytes.next() {
        if byte == b'\'' && bytes.next_if(|(_, next)| *next == b'\'').is_none() {
            return Ok((Kind::Text, at.saturating_add(1)));
        }
    }
    Err(format!("a text in an expression is not closed: {}", quote(rest)))
}

fn number(rest: &str) -> Result<(Kind, usize), String> {
    let length = rest.find(|c: char| c != '.' && is_boundary(c)).unwrap_or(rest.len());
    let text = rest.get(..length).unwrap_or(rest);
    if is_number(text) { Ok((Kind::Literal, length)) } else { Err(unknown(text)) }
}

/// A decimal number with or without an exponent, or a hexadecimal or octal one.
fn is_number(text: &str) -> bool {
    let radix = |prefix: [&str; 2], radix| {
        let digits = prefix.iter().find_map(|p| text.strip_prefix(p));
        digits.is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c: char| c.is_digit(radix)))
    };
    let is_decimal = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    (is_decimal && text.parse::<f64>().is_ok())
        || radix(["0x", "0X"], 16)
        || radix(["0o", "0O"], 8)
        || radix(["0b", "0B"], 2)
        || ["+Infinity", "-Infinity"].contains(&text)
}

fn name(rest: &str, before: Option<Kind>) -> Result<(Kind, usize), String> {
    // The first character is taken whatever it is, so that every token gets the text on.
    let first = rest.chars().next().map_or(1, char::len_utf8);
    let more = rest.get(first..).unwrap_or_default();
    let length = first.saturating_add(more.find(is_boundary).unwrap_or(more.len()));
    let text = rest.get(..length).unwrap_or(rest);
    let is_literal =
        ["true", "false", "null", "NaN", "Infinity"].contains(&text) && before != Some(Kind::Dot);
    let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    match (is_literal, is_name) {
        (true, _) => Ok((Kind::Literal, length)),
        (false, true) => Ok((Kind::Name, length)),
        (false, false) => Err(unknown(text)),
    }
}

fn is_boundary(c: char) -> bool {
    matches!(c, '(' | '[' | ')' | ']' | ',' | '.' | '!' | '>' | '<' | '=' | '&' | '|') || c.is_whitespace()
}

fn unknown(text: &str) -> String {
    format!("`{}` means nothing in an expression", quote(text))
}
