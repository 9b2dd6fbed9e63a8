//! GitHub's expressions: whether one is well formed, and which names it may use where it stands. Nothing is evaluated.
//!
//! The grammar is the documented one: literals, contexts with `.` and `[]`, calls, `!`, comparisons, `&&` and `||`.

use crate::limits::{MAX_EXPRESSION_CHARS, MAX_EXPRESSION_DEPTH};
use crate::lines::quote;

mod lexer;

pub(super) use lexer::{Kind, Token, tokens};

/// A set of contexts and functions that an expression may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Names(u32);

/// Contexts in the order of their bits.
const CONTEXTS: [&str; 12] = [
    "github", "inputs", "vars", "needs", "strategy", "matrix", "secrets", "steps", "job", "runner", "env",
    "jobs",
];

impl Names {
    pub(super) const NONE: Self = Self(0);
    pub(super) const GITHUB: Self = Self(1);
    pub(super) const INPUTS: Self = Self(1 << 1);
    pub(super) const VARS: Self = Self(1 << 2);
    pub(super) const NEEDS: Self = Self(1 << 3);
    pub(super) const STRATEGY: Self = Self(1 << 4);
    pub(super) const MATRIX: Self = Self(1 << 5);
    pub(super) const SECRETS: Self = Self(1 << 6);
    pub(super) const STEPS: Self = Self(1 << 7);
    pub(super) const JOB: Self = Self(1 << 8);
    pub(super) const RUNNER: Self = Self(1 << 9);
    pub(super) const ENV: Self = Self(1 << 10);
    pub(super) const JOBS: Self = Self(1 << 11);
    /// `success` and `failure` with names of jobs, `always` and `cancelled`.
    pub(super) const OF_JOBS: Self = Self(1 << 12);
    /// `success`, `failure`, `always` and `cancelled`, without arguments.
    pub(super) const OF_STEPS: Self = Self(1 << 13);
    pub(super) const HASH_FILES: Self = Self(1 << 14);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    fn has_context(self, name: &str) -> bool {
        let at = CONTEXTS.iter().position(|known| known.eq_ignore_ascii_case(name));
        at.is_some_and(|at| self.0 & (1 << at) != 0)
    }

    /// How many arguments a function takes here; `None` if there is no such function here.
    fn arguments(self, name: &str) -> Option<(usize, usize)> {
        const FREE: [(&str, usize, usize); 8] = [
            ("contains", 2, 2),
            ("endsWith", 2, 2),
            ("startsWith", 2, 2),
            ("format", 1, 255),
            ("fromJSON", 1, 1),
            ("toJSON", 1, 1),
            ("join", 1, 2),
            ("case", 3, usize::MAX),
        ];
        let same = |known: &str| known.eq_ignore_ascii_case(name);
        if let Some((_, least, most)) = FREE.into_iter().find(|(known, ..)| same(known)) {
            return Some((least, most));
        }
        if self.has(Self::HASH_FILES) && same("hashFiles") {
            return Some((1, 255));
        }
        let names_jobs = same("success") || same("failure");
        if !names_jobs && !same("always") && !same("cancelled") {
            return None;
        }
        if self.has(Self::OF_JOBS) {
            return Some((0, if names_jobs { usize::MAX } else { 0 }));
        }
        self.has(Self::OF_STEPS).then_some((0, 0))
    }
}

/// Whether a text, without `${{` and `}}`, is an expression that may stand where these names are allowed.
///
/// # Errors
/// What is wrong with it, in one sentence.
pub(super) fn check(text: &str, allowed: Names) -> Result<Vec<Token<'_>>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("an expression is empty".into());
    }
    if text.len() > MAX_EXPRESSION_CHARS {
        return Err(format!("an expression is longer than {MAX_EXPRESSION_CHARS} characters"));
    }
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, allowed };
    parser.expression()?;
    if parser.at < tokens.len() {
        return Err(parser.unexpected());
    }
    Ok(tokens)
}

struct Parser<'t> {
    tokens: &'t [Token<'t>],
    at: usize,
    depth: usize,
    allowed: Names,
}

type Parsed<T> = Result<T, String>;

impl<'t> Parser<'t> {
    fn kind(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    fn take(&mut self, kind: Kind) -> Option<&'t Token<'t>> {
        let token = self.tokens.get(self.at).filter(|token| token.kind == kind)?;
        self.at = self.at.saturating_add(1);
        Some(token)
    }

    fn expect(&mut self, kind: Kind) -> Parsed<()> {
        self.take(kind).map(drop).ok_or_else(|| self.unexpected())
    }

    fn unexpected(&self) -> String {
        self.tokens.get(self.at).map_or_else(
            || "an expression ends too early".into(),
            |token| format!("`{}` is not expected in this expression", quote(token.text)),
        )
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_EXPRESSION_DEPTH {
            return Err(format!("an expression is nested deeper than {MAX_EXPRESSION_DEPTH} levels"));
        }
        Ok(())
    }

    fn back(&mut self, levels: usize) {
        self.depth = self.depth.saturating_sub(levels);
    }

    fn expression(&mut self) -> Parsed<()> {
        self.deeper()?;
        self.chain(Kind::Or)?;
        self.back(1);
        Ok(())
    }

    /// A chain of `||` over chains of `&&` over comparisons.
    fn chain(&mut self, operator: Kind) -> Parsed<()> {
        let part = |parser: &mut Self| {
            if operator == Kind::Or { parser.chain(Kind::And) } else { parser.comparisons() }
        };
        part(self)?;
        if self.kind() == Some(operator) {
            self.deeper()?;
            while self.take(operator).is_some() {
                part(self)?;
            }
            self.back(1);
        }
        Ok(())
    }

    /// Comparisons of all kinds in a row; which of them binds closer changes nothing about what is well formed.
    fn comparisons(&mut self) -> Parsed<()> {
        self.unary()?;
        while self.take(Kind::Equality).is_some() || self.take(Kind::Order).is_some() {
            self.unary()?;
        }
        Ok(())
    }

    fn unary(&mut self) -> Parsed<()> {
        let mut levels = 0_usize;
        while self.take(Kind::Not).is_some() {
            self.deeper()?;
            levels = levels.saturating_add(1);
        }
        self.operand()?;
        self.back(levels);
        Ok(())
    }

    fn operand(&mut self) -> Parsed<()> {
        if self.take(Kind::Literal).is_some() || self.take(Kind::Text).is_some() {
            return Ok(());
        }
        if self.take(Kind::Open).is_some() {
            self.expression()?;
            self.expect(Kind::Close)?;
        } else if let Some(name) = self.take(Kind::Name) {
            self.named(name)?;
        } else {
            return Err(self.unexpected());
        }
        self.indices()
    }

    /// A context, or a call.
    fn named(&mut self, name: &Token<'_>) -> Parsed<()> {
        if self.take(Kind::Open).is_none() {
            return if self.allowed.has_context(name.text) {
                Ok(())
            } else {
                Err(format!("there is no `{}` in an expression at this place", quote(name.text)))
            };
        }
        let mut count = 0_usize;
        while self.take(Kind::Close).is_none() {
            self.expression()?;
            count = count.saturating_add(1);
            if self.kind() != Some(Kind::Close) {
                self.expect(Kind::Comma)?;
            }
        }
        let Some((least, most)) = self.allowed.arguments(name.text) else {
            return Err(format!(
                "there is no function `{}` in an expression at this place",
                quote(name.text)
            ));
        };
        let is_even_case = name.text.eq_ignore_ascii_case("case") && count.is_multiple_of(2);
        if count < least || count > most || is_even_case {
            return Err(format!("`{}` does not take {count} arguments", quote(name.text)));
        }
        Ok(())
    }

    fn indices(&mut self) -> Parsed<()> {
        let mut levels = 0_usize;
        loop {
            if self.take(Kind::OpenIndex).is_some() {
                if self.take(Kind::Star).is_none() {
                    self.expression()?;
                }
                self.expect(Kind::CloseIndex)?;
            } else if self.take(Kind::Dot).is_some() {
                if self.take(Kind::Name).is_none() && self.take(Kind::Star).is_none() {
                    return Err(self.unexpected());
                }
            } else {
                break;
            }
            self.deeper()?;
            levels = levels.saturating_add(1);
        }
        self.back(levels);
        Ok(())
    }
}

/// The expressions of a text, each with the bytes before it; an expression that is not closed is an error.
pub(super) fn parts(text: &str) -> Parts<'_> {
    Parts { rest: text, offset: 0 }
}

/// See [`parts`].
pub(super) struct Parts<'a> {
    rest: &'a str,
    offset: usize,
}

/// An expression of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// Bytes of the text before `${{`.
    pub(super) at: usize,
    /// What stands between `${{` and `}}`; `None` if that never comes.
    pub(super) inner: Option<&'a str>,
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let start = self.rest.find("${{")?;
        let at = self.offset.saturating_add(start);
        let inner = self.rest.get(start.saturating_add(3)..).unwrap_or_default();
        let Some(end) = closing(inner) else {
            self.rest = "";
            return Some(Part { at, inner: None });
        };
        let after = end.saturating_add(2);
        self.offset = at.saturating_add(3).saturating_add(after);
        self.rest = inner.get(after..).unwrap_or_default();
        Some(Part { at, inner: inner.get(..end) })
    }
}

/// Where `}}` stands outside quotes.
fn closing(text: &str) -> Option<usize> {
    let (mut is_quoted, mut before) = (false, b' ');
    for (at, byte) in text.bytes().enumerate() {
        if byte == b'\'' {
            is_quoted = !is_quoted;
        } else if !is_quoted && byte == b'}' && before == b'}' {
            return at.checked_sub(1);
        }
        before = byte;
    }
    None
}

#[cfg(test)]
mod tests;
