//! The values of attributes: texts, names, lists, maps, choices and calls of functions. What else there is is not read, and
//! only the part of a list or map that holds it.

use super::{Expr, Token};
use crate::limits::MAX_HCL_DEPTH;

/// The expression that these tokens are.
pub(super) fn expression(tokens: &[Token], depth: usize) -> Expr {
    let tokens = trimmed(tokens);
    if depth > MAX_HCL_DEPTH {
        return Expr::Other;
    }
    let inner = depth.saturating_add(1);
    if let Some((condition, rest)) = split_once(tokens, '?') {
        let Some((yes, no)) = split_once(rest, ':') else { return Expr::Other };
        let parts = [condition, yes, no].map(|part| expression(part, inner));
        return Expr::Call("?".to_owned(), parts.to_vec());
    }
    match tokens {
        [Token::Text(text)] => Expr::Text(text.clone()),
        [Token::Word(path)] => Expr::Path(path.clone()),
        [Token::Sign('!'), rest @ ..] => Expr::Call("!".to_owned(), vec![expression(rest, inner)]),
        [Token::Sign(open @ ('(' | '[' | '{')), within @ .., Token::Sign(_)] if is_one(tokens) => {
            match open {
                '(' => expression(within, inner),
                '[' => list(within, inner),
                _ => map(within, inner),
            }
        }
        [Token::Word(name), Token::Sign('('), within @ .., Token::Sign(')')]
            if tokens.get(1..).is_some_and(is_one) =>
        {
            Expr::Call(name.clone(), items(within, inner))
        }
        [Token::Word(path), Token::Sign('['), ..] => {
            let whole = tokens.get(1..).and_then(indexed);
            Expr::Path(whole.map_or_else(|| format!("{path}["), |rest| format!("{path}{rest}")))
        }
        _ => Expr::Other,
    }
}

fn list(within: &[Token], depth: usize) -> Expr {
    if matches!(trimmed(within), [Token::Word(word), ..] if word == "for") {
        return Expr::Other;
    }
    Expr::List(items(within, depth))
}

fn items(within: &[Token], depth: usize) -> Vec<Expr> {
    let parts = split(within, |token| *token == Token::Sign(','));
    parts.into_iter().map(|part| expression(part, depth)).collect()
}

fn map(within: &[Token], depth: usize) -> Expr {
    let mut entries = Vec::new();
    for part in split(within, |token| matches!(token, Token::Sign(',') | Token::Break)) {
        match part {
            [Token::Word(key) | Token::Text(key), Token::Sign('=' | ':'), value @ ..]
                if !key.contains("${") =>
            {
                entries.push((key.clone(), expression(value, depth)));
            }
            // A key that is computed may be any, and so is what `for` makes.
            _ => return Expr::Other,
        }
    }
    Expr::Map(entries)
}

/// `["a"]`, `[0]`, `[each.key]`, `[count.index]` and `.b` behind a name, as parts of a path.
fn indexed(tokens: &[Token]) -> Option<String> {
    let (mut made, mut rest) = (String::new(), tokens);
    // Each turn takes two tokens at least.
    loop {
        rest = match rest {
            [] => return Some(made),
            [Token::Sign('['), Token::Text(key), Token::Sign(']'), rest @ ..]
                if !key.contains(['.', '$']) =>
            {
                made.push_str(&format!(".{key}"));
                rest
            }
            [Token::Sign('['), Token::Word(word), Token::Sign(']'), rest @ ..] => {
                match word.as_str() {
                    "each.key" => made.push_str(".[key]"),
                    "count.index" => made.push_str(".[index]"),
                    number if number.parse::<usize>().is_ok() => made.push_str(&format!(".{number}")),
                    _ => return None,
                }
                rest
            }
            [Token::Sign('.'), Token::Word(word), rest @ ..] => {
                made.push_str(&format!(".{word}"));
                rest
            }
            _ => return None,
        };
    }
}

fn trimmed(mut tokens: &[Token]) -> &[Token] {
    while let [Token::Break, rest @ ..] | [rest @ .., Token::Break] = tokens {
        tokens = rest;
    }
    tokens
}

/// The places of these tokens outside all brackets.
fn outside(tokens: &[Token], is_mark: impl Fn(&Token) -> bool) -> Vec<usize> {
    let mut depth = 0_usize;
    let mut places = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => depth = depth.saturating_add(1),
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            other if depth == 0 && is_mark(other) => places.push(at),
            Token::Word(_) | Token::Text(_) | Token::Sign(_) | Token::Break => {}
        }
    }
    places
}

/// Whether the first bracket is closed by the last token.
fn is_one(tokens: &[Token]) -> bool {
    let mut depth = 0_usize;
    let last = tokens.len().saturating_sub(1);
    tokens.iter().enumerate().all(|(at, token)| {
        match token {
            Token::Sign('(' | '[' | '{') => depth = depth.saturating_add(1),
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Word(_) | Token::Text(_) | Token::Sign(_) | Token::Break => {}
        }
        depth > 0 || at == last
    })
}

/// The parts between marks outside all brackets; empty ones are none.
fn split(tokens: &[Token], is_mark: impl Fn(&Token) -> bool) -> Vec<&[Token]> {
    let mut from = 0;
    let mut parts = Vec::new();
    for at in outside(tokens, is_mark).into_iter().chain([tokens.len()]) {
        parts.extend(tokens.get(from..at).map(trimmed).filter(|part| !part.is_empty()));
        from = at.saturating_add(1);
    }
    parts
}

fn split_once(tokens: &[Token], sign: char) -> Option<(&[Token], &[Token])> {
    let at = *outside(tokens, |token| *token == Token::Sign(sign)).first()?;
    Some((tokens.get(..at)?, tokens.get(at.saturating_add(1)..)?))
}
