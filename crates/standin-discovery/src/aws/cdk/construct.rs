//! The construct of CDK or SST that a place of a program is in: `new events.Rule(this, 'Nightly', …)`.

use super::properties::{is_path, opening};
use crate::lines::quote;
use crate::scripts::calls::{Call, text};
use crate::scripts::lex::{Placed, Token};

/// So many brackets outwards a construct is looked for.
const MAX_BRACKETS: usize = 16;

/// What a place is in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Construct {
    Named(String),
    /// Its name is worked out.
    Unnamed,
    None,
}

impl Construct {
    /// The name, if it is spelled out.
    pub(super) fn name(self) -> Option<String> {
        match self {
            Self::Named(name) => Some(name),
            Self::Unnamed | Self::None => None,
        }
    }
}

/// The construct that a place is an argument of; never the one of another statement.
pub(super) fn around(all: &[Placed<'_>], at: usize) -> Construct {
    let mut inside = at;
    for _ in 0..MAX_BRACKETS {
        let Some(open) = opening(all, inside) else { return Construct::None };
        inside = open;
        if let Some(construct) = at_bracket(all, open) {
            return construct;
        }
    }
    Construct::None
}

/// The construct whose arguments begin with this bracket.
fn at_bracket(all: &[Placed<'_>], open: usize) -> Option<Construct> {
    let (Some((_, Token::Sign('('))), Some((_, Token::Word(class)))) =
        (all.get(open), open.checked_sub(1).and_then(|at| all.get(at)))
    else {
        return None;
    };
    let call = Call::read(all, open.saturating_add(1));
    let scope = call.positional(0);
    let has_scope = scope.is_some_and(is_path);
    // SST's newer ones have no scope.
    let first = matches!(*class, "Cron" | "CronV2").then(|| scope.and_then(text)).flatten();
    let second = call.positional(1).or(call.named("id")).and_then(text).filter(|_| has_scope);
    match first.or(second) {
        Some(name) if !name.is_empty() && !name.contains("${") => Some(Construct::Named(quote(name))),
        _ => is_new(all, open).then_some(Construct::Unnamed),
    }
}

/// Whether `new a.b.Class` stands before a bracket.
fn is_new(all: &[Placed<'_>], open: usize) -> bool {
    let before = all.get(..open).unwrap_or_default();
    let word = before.iter().rev().find(|(_, token)| match token {
        Token::Sign('.') => false,
        Token::Word(word) => *word == "new",
        Token::Number(_) | Token::Text(_) | Token::Sign(_) => true,
    });
    matches!(word, Some((_, Token::Word(_))))
}
