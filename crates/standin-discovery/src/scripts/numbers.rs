//! Numbers that a program spells out: at once, in a constant, or as what counts where nothing else is set from outside.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::lex::{Placed, Token};

/// Constants within constants, and brackets within brackets.
const MAX_DEPTH: usize = 6;

/// Parts of one number that are looked at: constants of constants may be many.
const MAX_STEPS: usize = 500;

/// Longest value that is read, in tokens.
const MAX_VALUE: usize = 40;

/// Functions whose value is that of their argument.
const SAME: [&str; 8] = ["Number", "parseInt", "parseFloat", "int", "float", "max", "round", "String"];

/// Functions whose second argument counts where their first is not set.
const DEFAULTS: [&str; 5] = ["getenv", "get", "env", "config", "getattr"];

/// The values that the names of a program are given.
pub(super) struct Constants<'a, 't> {
    /// `None` for a name that is given more than one.
    values: BTreeMap<&'t str, Option<&'a [Placed<'t>]>>,
    classes: BTreeSet<&'t str>,
    /// Parts of one number that were looked at.
    steps: Cell<usize>,
}

impl<'a, 't> Constants<'a, 't> {
    pub(super) fn new(all: &'a [Placed<'t>]) -> Self {
        let mut values: BTreeMap<&str, Option<&[Placed<'_>]>> = BTreeMap::new();
        let mut classes = BTreeSet::new();
        for at in 0..all.len() {
            let Some([(_, Token::Word(name)), rest @ ..]) = all.get(at..) else { continue };
            if let ("class" | "enum" | "object", [(_, Token::Word(class)), ..]) = (*name, rest) {
                classes.insert(*class);
            }
            let value = match rest {
                [(_, Token::Sign('=')), (_, Token::Sign('=' | '>')), ..] => continue,
                [(_, Token::Sign(':')), (_, Token::Word(_)), (_, Token::Sign('=')), value @ ..]
                | [(_, Token::Sign(':' | '=')), value @ ..] => value,
                _ => continue,
            };
            values.entry(*name).and_modify(|known| *known = None).or_insert(Some(value));
        }
        Self { values, classes, steps: Cell::new(0) }
    }

    /// Whether a name is one that this file gives its parts.
    fn is_own(&self, name: &str) -> bool {
        matches!(name, "this" | "self" | "cls")
            || self.values.contains_key(name)
            || self.classes.contains(name)
    }

    /// The number that an argument comes to.
    fn value(&self, argument: &[Placed<'_>]) -> Option<f64> {
        self.steps.set(0);
        sum(self, argument, 0).filter(|value| value.is_finite() && *value >= 0.0)
    }

    /// The same where it is a whole number.
    pub(super) fn whole_only(&self, argument: &[Placed<'_>]) -> Option<u64> {
        self.value(argument).filter(|value| value.fract() == 0.0).and_then(|_| self.whole(argument))
    }

    /// The same as a whole number, up or down.
    pub(super) fn whole(&self, argument: &[Placed<'_>]) -> Option<u64> {
        let value = self.value(argument)?;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is no less than zero, and what is too large stays the largest"
        )]
        Some(value.round() as u64)
    }
}

fn sum(all: &Constants<'_, '_>, argument: &[Placed<'_>], depth: usize) -> Option<f64> {
    let steps = all.steps.get().saturating_add(1);
    all.steps.set(steps);
    if steps > MAX_STEPS || depth > MAX_DEPTH || argument.is_empty() || argument.len() > MAX_VALUE {
        return None;
    }
    // `a || b`, `a ?? b`, `a or b`: the first that is known.
    let ways = split(argument, |rest| match rest {
        [(_, Token::Sign('|')), (_, Token::Sign('|')), ..]
        | [(_, Token::Sign('?')), (_, Token::Sign('?')), ..] => 2,
        [(_, Token::Word("or")), ..] => 1,
        _ => 0,
    });
    if ways.len() > 1 {
        return ways.into_iter().find_map(|way| sum(all, way, depth.saturating_add(1)));
    }
    let terms = terms(argument);
    if let [(_, first), rest @ ..] = terms.as_slice()
        && !rest.is_empty()
    {
        let first = sum(all, first, depth.saturating_add(1))?;
        return rest.iter().try_fold(first, |whole, (sign, term)| {
            let term = sum(all, term, depth.saturating_add(1))?;
            Some(if *sign == '-' { whole - term } else { whole + term })
        });
    }
    let factors = split(argument, |rest| usize::from(matches!(rest, [(_, Token::Sign('*')), ..])));
    let mut product = 1.0;
    for factor in factors {
        product *= one(all, factor, depth.saturating_add(1))?;
    }
    Some(product)
}

/// What is added and taken away, each with its sign; a sign before a number is a part of it.
fn terms<'a, 't>(argument: &'a [Placed<'t>]) -> Vec<(char, &'a [Placed<'t>])> {
    let mut parts = Vec::new();
    let (mut depth, mut from, mut sign) = (0_usize, 0_usize, '+');
    let mut is_value_before = false;
    for (at, (_, token)) in argument.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => depth = depth.saturating_add(1),
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Sign(next @ ('+' | '-')) if depth == 0 && is_value_before => {
                parts.extend(argument.get(from..at).map(|part| (sign, part)));
                (from, sign) = (at.saturating_add(1), *next);
            }
            Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => {}
        }
        is_value_before = !matches!(token, Token::Sign(sign) if !matches!(sign, ')' | ']' | '}'));
    }
    parts.extend(argument.get(from..).map(|part| (sign, part)));
    parts
}

/// `a.b.c`, and nothing else.
fn is_path(tokens: &[Placed<'_>]) -> bool {
    tokens.iter().enumerate().all(|(at, (_, token))| match token {
        Token::Word(_) => at.is_multiple_of(2),
        Token::Sign(sign) => *sign == '.' && !at.is_multiple_of(2),
        Token::Number(_) | Token::Text(_) => false,
    })
}

fn one(all: &Constants<'_, '_>, factor: &[Placed<'_>], depth: usize) -> Option<f64> {
    match factor {
        [(_, Token::Number(digits))] => digits.replace('_', "").parse().ok(),
        [(_, Token::Text(text))] => text.trim().parse().ok(),
        [(_, Token::Sign('(')), inner @ .., (_, Token::Sign(')'))] => sum(all, inner, depth),
        [(_, Token::Sign('+')), rest @ ..] => one(all, rest, depth.saturating_add(1)),
        [before @ .., (_, Token::Sign(')'))] => {
            let open = before.iter().position(|(_, token)| *token == Token::Sign('('))?;
            let (called, arguments) = before.split_at_checked(open)?;
            let (_, name) = called.last()?;
            let arguments =
                split(arguments.get(1..)?, |rest| usize::from(matches!(rest, [(_, Token::Sign(',')), ..])));
            match name {
                Token::Word(name) if SAME.contains(name) => sum(all, arguments.first()?, depth),
                Token::Word(name) if DEFAULTS.contains(name) => sum(all, arguments.get(1)?, depth),
                Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => None,
            }
        }
        // What is set from outside is not known.
        [(_, Token::Word("process" | "os")), ..] => None,
        [(_, Token::Word(name))] => constant(all, name, depth),
        [(_, Token::Word(first)), (_, Token::Sign('.')), .., (_, Token::Word(name))]
            if all.is_own(first) && is_path(factor) =>
        {
            constant(all, name, depth)
        }
        _ => None,
    }
}

/// The value of a name that is given one only once.
fn constant(all: &Constants<'_, '_>, name: &str, depth: usize) -> Option<f64> {
    let value = (*all.values.get(name)?)?;
    sum(all, statement(value), depth.saturating_add(1))
}

/// A value up to where it ends: there is no sign for that at the end of a line, so what can follow a value decides.
pub(super) fn statement<'a, 't>(value: &'a [Placed<'t>]) -> &'a [Placed<'t>] {
    let mut depth = 0_usize;
    let mut is_value_before = false;
    for (at, (_, token)) in value.iter().take(MAX_VALUE).enumerate() {
        let is_value = matches!(token, Token::Word(_) | Token::Number(_) | Token::Text(_));
        let joins = matches!(token, Token::Word("or" | "if"));
        match token {
            Token::Sign('(') => depth = depth.saturating_add(1),
            Token::Sign(')') if depth > 0 => depth = depth.saturating_sub(1),
            Token::Sign(')' | ']' | '}' | ';' | ',' | '#' | '@') if depth == 0 => {
                return value.get(..at).unwrap_or_default();
            }
            _ if is_value && !joins && is_value_before && depth == 0 => {
                return value.get(..at).unwrap_or_default();
            }
            Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => {}
        }
        is_value_before = (is_value && !joins) || *token == Token::Sign(')');
    }
    value.get(..value.len().min(MAX_VALUE)).unwrap_or_default()
}

/// Parts between separators outside of brackets; `length` says how long the one is that begins at a place.
fn split<'a, 't>(all: &'a [Placed<'t>], length: impl Fn(&[Placed<'t>]) -> usize) -> Vec<&'a [Placed<'t>]> {
    let mut parts = Vec::new();
    let (mut depth, mut from, mut at) = (0_usize, 0_usize, 0_usize);
    while let Some((_, token)) = all.get(at) {
        match token {
            Token::Sign('(' | '[' | '{') => depth = depth.saturating_add(1),
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => {}
        }
        let separator = if depth == 0 { length(all.get(at..).unwrap_or_default()) } else { 0 };
        if separator > 0 {
            parts.extend(all.get(from..at));
            from = at.saturating_add(separator);
        }
        at = at.saturating_add(separator.max(1));
    }
    parts.extend(all.get(from..));
    parts
}

#[cfg(test)]
mod tests {
    use super::super::lex::{Language, tokens};
    use super::*;

    /// The value of what stands between the last parentheses of `f(…)`.
    fn argument(text: &str, language: Language) -> Option<u64> {
        let all = tokens(text, language);
        let from = all.iter().rposition(|(_, token)| *token == Token::Word("f")).unwrap() + 2;
        Constants::new(&all).whole(&all[from..all.len() - 1])
    }

    #[test]
    fn constants_and_defaults_are_numbers() {
        let javascript = [
            ("f(60_000)", Some(60_000)),
            ("f(5 * 60 * 1000)", Some(300_000)),
            ("const A = 5 * 60 * 1000;\nf(A)", Some(300_000)),
            ("const S = 1000\nconst A = 30 * S\nfunction x() {}\nf(A)", Some(30_000)),
            ("const A = Number(process.env.X || 120000)\nf(A)", Some(120_000)),
            ("const A = parseInt(process.env.X ?? '5000', 10);\nf(A)", Some(5_000)),
            ("this.every = 7000;\nf(this.every)", Some(7_000)),
            ("const c = { every: (2 * 1000), b: 1 };\nf(c.every)", Some(2_000)),
            ("let a = 1;\na = 2;\nf(a)", None),
            ("f(process.env.X)", None),
            ("const a = a;\nf(a)", None),
        ];
        for (text, wanted) in javascript {
            assert_eq!(argument(text, Language::JavaScript), wanted, "{text}");
        }
        let python = [
            ("EVERY = 5 * 60\nimport x\nf(EVERY)", Some(300)),
            ("EVERY: int = int(os.getenv('X', '60'))\nf(EVERY)", Some(60)),
            ("EVERY = int(os.environ.get('X', 90))\nf(EVERY)", Some(90)),
            ("f(0.5)", Some(1)),
            ("f(args.interval)", None),
            ("HOUR = 60 * 60\nf(6 * HOUR)", Some(21_600)),
            ("HOUR = 3600\nf(24 * HOUR + 5 * 60)", Some(86_700)),
            ("class Every:\n    DAY = 86400\nf(Every.DAY)", Some(86_400)),
            ("X = 3\nfrom a import settings\nf(5 * settings.X)", None),
            ("HOUR = 3600\nf(30 if settings.DEBUG else HOUR)", None),
            ("HOUR = 3600\nf(x - HOUR)", None),
        ];
        for (text, wanted) in python {
            assert_eq!(argument(text, Language::Python), wanted, "{text}");
        }
    }
}
