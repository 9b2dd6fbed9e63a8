//! The schedulers that a file of Go makes, each with its zone and its fields.

use std::collections::BTreeMap;

use super::super::calls::{Call, stands};
use super::super::lex::{Placed, Token};
use super::{Dialect, Zone};

pub(super) struct Schedulers<'t> {
    /// By the name that holds it; empty where nothing does.
    known: BTreeMap<&'t str, (Dialect, Zone)>,
    /// Where the file makes none.
    unknown: Dialect,
}

impl<'t> Schedulers<'t> {
    /// `unknown` is the dialect of a parser that is not read, `plain` that without options.
    pub(super) fn of(all: &[Placed<'t>], unknown: Dialect, plain: Dialect) -> Self {
        let mut known = BTreeMap::new();
        for at in 0..all.len() {
            let is_made = ["New", "NewWithLocation", "NewScheduler"].iter().any(|name| {
                stands(all, at, &["cron", ".", name, "("]) || stands(all, at, &["gocron", ".", name, "("])
            });
            if !is_made {
                continue;
            }
            let call = Call::read(all, at.saturating_add(4));
            let has = |word: &str| {
                call.arguments().iter().any(|one| one.iter().any(|(_, token)| *token == Token::Word(word)))
            };
            let dialect = match (has("WithParser"), has("WithSeconds")) {
                (true, _) => unknown,
                (false, true) => Dialect::RobfigSeconds,
                (false, false) => plain,
            };
            known.insert(holder(all, at), (dialect, zone(all, &call)));
        }
        Self { known, unknown }
    }

    /// What the scheduler reads of which a method is called at a place.
    pub(super) fn of_call(&self, all: &[Placed<'_>], at: usize) -> (Dialect, Zone) {
        if let Some((_, Token::Word(name))) = at.checked_sub(2).and_then(|at| all.get(at))
            && let Some((dialect, zone)) = self.known.get(name)
        {
            return (*dialect, zone.clone());
        }
        let mut known = self.known.values();
        let Some((dialect, zone)) = known.next() else { return (self.unknown, Zone::Local) };
        let (mut dialect, mut zone) = (*dialect, zone.clone());
        for (other, its) in known {
            dialect = if dialect == *other { dialect } else { self.unknown };
            zone = if zone == *its { zone } else { Zone::Computed };
        }
        (dialect, zone)
    }
}

/// The zone among the options of a scheduler.
fn zone(all: &[Placed<'_>], call: &Call<'_, '_>) -> Zone {
    for argument in call.arguments() {
        let option = argument.iter().position(|(_, token)| *token == Token::Word("WithLocation"));
        match (option, argument) {
            (Some(at), _) => {
                let inner = Call::read(argument, at.saturating_add(2));
                return inner.arguments().first().map_or(Zone::Computed, |value| location(all, value));
            }
            // Another option.
            (None, [.., (_, Token::Sign(')'))]) => {}
            (None, value) => return location(all, value),
        }
    }
    Zone::Local
}

/// `time.UTC`, or what `loc, err := time.LoadLocation("…")` has loaded.
fn location(all: &[Placed<'_>], value: &[Placed<'_>]) -> Zone {
    let [(_, Token::Word(name))] = value else { return Zone::of(all, value) };
    let mut loaded = (0..all.len()).filter_map(|at| match all.get(at..)? {
        [
            (_, Token::Word(word)),
            (_, Token::Sign(',')),
            (_, Token::Word(_)),
            (_, Token::Sign(':')),
            (_, Token::Sign('=')),
            value @ ..,
        ]
        | [
            (_, Token::Word(word)),
            (_, Token::Sign(',')),
            (_, Token::Word(_)),
            (_, Token::Sign('=')),
            value @ ..,
        ] if word == name => Some(value),
        _ => None,
    });
    let (Some(value), None) = (loaded.next(), loaded.next()) else { return Zone::of(all, value) };
    if !stands(value, 0, &["time", ".", "LoadLocation", "("]) {
        return Zone::Computed;
    }
    let call = Call::read(value, 4);
    call.arguments().first().map_or(Zone::Computed, |name| Zone::of(all, name))
}

/// The name that gets what stands at a place: `c := …`, `c, err := …`, `cron: …`.
fn holder<'t>(all: &[Placed<'t>], at: usize) -> &'t str {
    let token = |at: usize| all.get(at).map(|(_, token)| token);
    let mut here = at;
    while let Some(Token::Sign('=' | ':')) = here.checked_sub(1).and_then(token) {
        here = here.saturating_sub(1);
    }
    let name = |back: usize| match here.checked_sub(back).and_then(token) {
        Some(Token::Word(name)) if here < at => Some(*name),
        Some(_) | None => None,
    };
    let has_two = here.checked_sub(2).and_then(token) == Some(&Token::Sign(','));
    name(if has_two { 3 } else { 1 }).unwrap_or_default()
}
