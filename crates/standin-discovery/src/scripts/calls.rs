//! The arguments of a call, as far as tokens tell.

use super::lex::{Placed, Token};
use crate::limits::MAX_CALL_TOKENS;

/// A call: what stands between its parentheses, and the place behind them.
pub(crate) struct Call<'a, 't> {
    arguments: Vec<&'a [Placed<'t>]>,
    pub(crate) end: usize,
}

impl<'a, 't> Call<'a, 't> {
    /// The call whose opening bracket stands before `start`.
    pub(crate) fn read(all: &'a [Placed<'t>], start: usize) -> Self {
        let mut arguments = Vec::new();
        let (mut depth, mut from) = (0_usize, start);
        let mut end = start;
        for at in start..start.saturating_add(MAX_CALL_TOKENS).min(all.len()) {
            end = at.saturating_add(1);
            match all.get(at).map(|(_, token)| token) {
                Some(Token::Sign('(' | '[' | '{')) => depth = depth.saturating_add(1),
                Some(Token::Sign(')' | ']' | '}')) if depth == 0 => {
                    arguments.extend(all.get(from..at).filter(|part| !part.is_empty()));
                    return Self { arguments, end };
                }
                Some(Token::Sign(')' | ']' | '}')) => depth = depth.saturating_sub(1),
                Some(Token::Sign(',')) if depth == 0 => {
                    arguments.extend(all.get(from..at).filter(|part| !part.is_empty()));
                    from = end;
                }
                Some(_) | None => {}
            }
        }
        Self { arguments, end }
    }

    /// The arguments in their order, named ones included.
    pub(crate) fn arguments(&self) -> &[&'a [Placed<'t>]] {
        &self.arguments
    }

    /// The value of `name = value`, `name: value`, `name => value` or `"name": value`.
    pub(crate) fn named(&self, name: &str) -> Option<&'a [Placed<'t>]> {
        self.arguments.iter().find_map(|argument| match named(argument) {
            Some((known, value)) if known == name => Some(value),
            Some(_) | None => None,
        })
    }

    /// The argument at a place that has no name.
    pub(crate) fn positional(&self, place: usize) -> Option<&'a [Placed<'t>]> {
        self.arguments.iter().filter(|argument| named(argument).is_none()).nth(place).copied()
    }
}

/// The name and the value of a named argument or of an entry of a map.
pub(crate) fn named<'a, 't>(argument: &'a [Placed<'t>]) -> Option<(&'t str, &'a [Placed<'t>])> {
    let (name, rest) = match argument {
        // Ruby's `:name => value`.
        [(_, Token::Sign(':')), (_, Token::Word(name)), rest @ ..] => (*name, rest),
        // `lambda: f()` is a function.
        [(_, Token::Word("lambda")), ..] => return None,
        [(_, Token::Word(name) | Token::Text(name)), rest @ ..] => (*name, rest),
        _ => return None,
    };
    match rest {
        [(_, Token::Sign('=')), (_, Token::Sign('=')), ..] => None,
        [(_, Token::Sign('=')), (_, Token::Sign('>')), value @ ..]
        | [(_, Token::Sign('=' | ':')), value @ ..] => Some((name, value)),
        _ => None,
    }
}

/// The text of an argument that is nothing but a text.
pub(crate) fn text<'t>(argument: &[Placed<'t>]) -> Option<&'t str> {
    match argument {
        [(_, Token::Text(text))] => Some(text),
        // Raw and Unicode texts of Python.
        [(_, Token::Word("r" | "u" | "R" | "U")), (_, Token::Text(text))] => Some(text),
        _ => None,
    }
}

/// The whole number of an argument that is nothing but numbers, times one another.
pub(crate) fn number(argument: &[Placed<'_>]) -> Option<u64> {
    let mut product = None::<u64>;
    for (at, (_, token)) in argument.iter().enumerate() {
        match token {
            Token::Number(digits) if at % 2 == 0 => {
                let digits = digits.replace('_', "");
                let digits = digits.trim_end_matches(['L', 'l']);
                let whole = digits.strip_suffix(".0").or(digits.strip_suffix('.')).unwrap_or(digits);
                product = Some(product.unwrap_or(1).saturating_mul(whole.parse().ok()?));
            }
            Token::Sign('*') if at % 2 == 1 => {}
            Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => return None,
        }
    }
    product
}

/// The last name of `a.b.c`, of a call, or of a text: what a person would call what is run.
pub(crate) fn last_name<'t>(argument: &[Placed<'t>]) -> Option<&'t str> {
    let mut last = None;
    for (_, token) in argument {
        match token {
            Token::Word(word) => last = Some(*word),
            Token::Text(text) if last.is_none() => return Some(text),
            Token::Sign('.' | ':' | '&' | '\\') => {}
            Token::Number(_) | Token::Text(_) | Token::Sign(_) => break,
        }
    }
    last
}

/// A text that an argument comes to, and where it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known<'t> {
    /// It is spelled out, here or in a constant of the file.
    Text(&'t str),
    /// What counts where nothing else is set from outside.
    ByDefault(&'t str),
}

/// The text of an argument: itself, that of the one constant of its name, or the default behind `||`, `??`, `or`, and in
/// `getenv('X', '…')`.
pub(crate) fn known<'t>(all: &[Placed<'t>], argument: &[Placed<'t>]) -> Option<Known<'t>> {
    if let Some(text) = text(argument) {
        return Some(Known::Text(text));
    }
    match argument {
        [(_, Token::Word(first)), (_, Token::Sign('.')), (_, Token::Word(_)), ..]
            if *first != "this" && *first != "self" && path(argument).is_some() =>
        {
            member(all, &path(argument)?)
        }
        [(_, Token::Word(name))]
        | [(_, Token::Word("this" | "self" | "$this")), (_, Token::Sign('.')), (_, Token::Word(name))]
        | [(_, Token::Word("self")), (_, Token::Sign(':')), (_, Token::Sign(':')), (_, Token::Word(name))] => {
            constant(all, name)
        }
        [_, .., (_, Token::Sign('|')), (_, Token::Sign('|')), (_, Token::Word(name))]
        | [_, .., (_, Token::Sign('?')), (_, Token::Sign('?')), (_, Token::Word(name))]
        | [_, .., (_, Token::Word("or")), (_, Token::Word(name))] => match constant(all, name)? {
            Known::Text(text) | Known::ByDefault(text) => Some(Known::ByDefault(text)),
        },
        [.., (_, Token::Sign('|')), (_, Token::Sign('|')), (_, Token::Text(text))]
        | [.., (_, Token::Sign('?')), (_, Token::Sign('?')), (_, Token::Text(text))]
        | [.., (_, Token::Word("or")), (_, Token::Text(text))]
        | [
            ..,
            (_, Token::Word("getenv" | "get" | "env" | "config")),
            (_, Token::Sign('(')),
            (_, Token::Text(_)),
            (_, Token::Sign(',')),
            (_, Token::Text(text)),
            (_, Token::Sign(')')),
        ] => Some(Known::ByDefault(text)),
        _ => None,
    }
}

/// `a.b.c` in its parts.
fn path<'t>(argument: &[Placed<'t>]) -> Option<Vec<&'t str>> {
    let parts = argument.iter().enumerate().filter_map(|(at, (_, token))| match token {
        Token::Word(word) if at % 2 == 0 => Some(Some(*word)),
        Token::Sign('.') if at % 2 == 1 => None,
        Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => Some(None),
    });
    parts.collect()
}

/// The text that a constant object of the file has under these keys.
fn member<'t>(all: &[Placed<'t>], path: &[&str]) -> Option<Known<'t>> {
    let (name, keys) = path.split_first()?;
    let mut starts = (0..all.len()).filter_map(|at| match all.get(at..)? {
        [(_, Token::Word(word)), (_, Token::Sign('=')), (_, Token::Sign('{')), ..] if word == name => {
            Some(at.saturating_add(3))
        }
        _ => None,
    });
    let mut start = starts.next()?;
    // A second value, and a key that is set later, may be another.
    if starts.next().is_some() {
        return None;
    }
    let (last, outer) = keys.split_last()?;
    for key in outer {
        let value = entry(all, start, key)?;
        if !matches!(all.get(value), Some((_, Token::Sign('{')))) {
            return None;
        }
        start = value.saturating_add(1);
    }
    let value = entry(all, start, last)?;
    let call = Call::read(all, value);
    known(&[], call.arguments().first()?)
}

/// The place of the value of a key in the object whose inside begins here.
fn entry(all: &[Placed<'_>], start: usize, key: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for at in start..start.saturating_add(MAX_CALL_TOKENS).min(all.len()) {
        match all.get(at..)? {
            [(_, Token::Word(word) | Token::Text(word)), (_, Token::Sign(':')), ..]
                if depth == 0 && *word == key =>
            {
                return Some(at.saturating_add(2));
            }
            [(_, Token::Sign('(' | '[' | '{')), ..] => depth = depth.saturating_add(1),
            [(_, Token::Sign(')' | ']' | '}')), ..] => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// The text of a name that is given one only once, and that at once.
fn constant<'t>(all: &[Placed<'t>], name: &str) -> Option<Known<'t>> {
    value_of(assigned(all, name)?)
}

/// What stands behind the `=` of a name that is given a value only once: the value, and the rest of the file.
pub(super) fn assigned<'a, 't>(all: &'a [Placed<'t>], name: &str) -> Option<&'a [Placed<'t>]> {
    let mut found = None;
    for (at, (_, token)) in all.iter().enumerate() {
        if *token != Token::Word(name) {
            continue;
        }
        let value = match all.get(at.saturating_add(1)..).unwrap_or_default() {
            [(_, Token::Sign('=')), (_, Token::Sign('=' | '>')), ..] => continue,
            // `f(name=name)` hands it on.
            [(_, Token::Sign('=')), (_, Token::Word(same)), (_, Token::Sign(',' | ')')), ..]
                if *same == name =>
            {
                continue;
            }
            [(_, Token::Sign(':')), (_, Token::Word(_)), (_, Token::Sign('=')), value @ ..]
            | [(_, Token::Sign(':')), (_, Token::Sign('=')), value @ ..]
            | [(_, Token::Word("string")), (_, Token::Sign('=')), value @ ..]
            | [(_, Token::Sign('=')), value @ ..] => value,
            _ => continue,
        };
        // A second value, or one that goes on behind the text.
        if found.is_some() {
            return None;
        }
        found = Some(value);
    }
    found
}

/// The text that a value begins with, if it ends there, or the default that it ends with.
fn value_of<'t>(value: &[Placed<'t>]) -> Option<Known<'t>> {
    if let [(_, Token::Text(text)), rest @ ..] = value {
        let goes_on = matches!(rest.first(), Some((_, Token::Sign('+' | '.' | '%' | '|' | '?'))));
        return (!goes_on).then_some(Known::Text(text));
    }
    let limit = value.iter().take(MAX_VALUE).position(|(_, token)| *token == Token::Sign(';'));
    let statement = value.get(..limit.unwrap_or_else(|| value.len().min(MAX_VALUE)))?;
    (1..=statement.len()).find_map(|end| match known(&[], statement.get(..end)?) {
        Some(Known::ByDefault(text)) => Some(Known::ByDefault(text)),
        Some(Known::Text(_)) | None => None,
    })
}

/// Longest value that is looked through for its default, in tokens.
const MAX_VALUE: usize = 14;

/// Whether these words and signs stand at a place: `Word` by its text, a sign by itself.
pub(crate) fn stands(all: &[Placed<'_>], at: usize, wanted: &[&str]) -> bool {
    wanted.iter().enumerate().all(|(behind, wanted)| {
        match all.get(at.saturating_add(behind)).map(|(_, token)| token) {
            Some(Token::Word(word)) => word == wanted,
            Some(Token::Sign(sign)) => wanted.chars().eq([*sign]),
            Some(Token::Number(_) | Token::Text(_)) | None => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::lex::{Language, tokens};
    use super::*;

    #[test]
    fn arguments_are_told_apart() {
        let all = tokens("f(a.b, 'x', [1, 2], n=3 * 4, k == 1, 'q': g(1, 2)) z", Language::Python);
        let call = Call::read(&all, 2);
        assert_eq!(call.arguments().len(), 6);
        assert_eq!(call.positional(1).and_then(text), Some("x"));
        assert_eq!(call.positional(0).and_then(last_name), Some("b"));
        assert_eq!(call.named("n").and_then(number), Some(12));
        assert!(call.named("k").is_none() && call.named("q").is_some());
        assert!(stands(&all, call.end, &["z"]) && stands(&all, 0, &["f", "("]));
        let text = "A = '1'\nb = os.getenv('X', '2')\nC = '3'\nC = '4'\nconst d = process.env.Y || '5';\nf(A, b, C, d, e)";
        let all = tokens(text, Language::Python);
        let call = Call::read(&all, all.len() - 10);
        let seen: Vec<_> = call.arguments().iter().map(|argument| known(&all, argument)).collect();
        assert_eq!(
            seen,
            [Some(Known::Text("1")), Some(Known::ByDefault("2")), None, Some(Known::ByDefault("5")), None]
        );
        let all = tokens("f(a.b, 'x')", Language::Python);
        assert_eq!(Call::read(&all, 99).arguments().len(), 0);
        assert_eq!(Call::read(&tokens("f(a, (", Language::Python), 2).arguments().len(), 1);
    }
}
