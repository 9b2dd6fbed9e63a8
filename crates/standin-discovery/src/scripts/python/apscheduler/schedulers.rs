//! The zones of the schedulers of a file: `BlockingScheduler(timezone="…")`, `scheduler.configure(timezone=…)`.

use std::collections::BTreeMap;

use super::{Call, Placed, Token, Zone, stands, zone_of};

/// Classes of a scheduler end so.
const ENDING: &str = "Scheduler";

pub(super) struct Schedulers<'t> {
    /// By the name that holds it; empty where nothing does.
    zones: BTreeMap<&'t str, Zone>,
}

impl<'t> Schedulers<'t> {
    pub(super) fn of(all: &[Placed<'t>]) -> Self {
        let mut zones = BTreeMap::new();
        for at in 0..all.len() {
            let Some([(_, Token::Word(word)), (_, Token::Sign('(')), ..]) = all.get(at..) else { continue };
            let call = Call::read(all, at.saturating_add(2));
            if word.ends_with(ENDING) && before(all, at, 1).is_none_or(|word| word != "class") {
                zones.insert(holder(all, at), made(all, &call));
            } else if *word == "configure"
                && stands(all, at.saturating_sub(1), &["."])
                && let Some(zone) = of_call(all, &call)
            {
                zones.insert(before(all, at, 2).unwrap_or_default(), zone);
            }
        }
        Self { zones }
    }

    /// The zone of the scheduler that is told at a place. One that this file does not make has the library's default.
    pub(super) fn zone(&self, all: &[Placed<'_>], at: usize) -> Zone {
        let name = before(all, at, 2).unwrap_or_default();
        if let Some(zone) = self.zones.get(name) {
            return zone.clone();
        }
        let mut zones = self.zones.values();
        let first = zones.next().cloned().unwrap_or(Zone::Local);
        if zones.all(|zone| *zone == first) { first } else { Zone::Computed }
    }
}

fn made(all: &[Placed<'_>], call: &Call<'_, '_>) -> Zone {
    if let Some(zone) = of_call(all, call) {
        return zone;
    }
    // What else it is given may hold one.
    let is_open = call.arguments().iter().any(|argument| {
        matches!(argument, [(_, Token::Sign('*')), (_, Token::Sign('*')), ..] | [(_, Token::Word(_))])
    });
    if is_open { Zone::Computed } else { Zone::Local }
}

/// `timezone=…`, or `{'apscheduler.timezone': …}`.
fn of_call(all: &[Placed<'_>], call: &Call<'_, '_>) -> Option<Zone> {
    let of_table = || {
        let Some([(_, Token::Sign('{')), ..]) = call.positional(0) else { return None };
        let table = Call::read(call.positional(0)?, 1);
        table.named("apscheduler.timezone").map(|value| Zone::of(all, value))
    };
    zone_of(all, call).or_else(of_table)
}

/// The name to which the value at a place is given.
fn holder<'t>(all: &[Placed<'t>], at: usize) -> &'t str {
    let mut start = at;
    while start.checked_sub(1).is_some_and(|before| stands(all, before, &["."])) {
        start = start.saturating_sub(2);
    }
    match start.checked_sub(1).and_then(|at| all.get(at)) {
        Some((_, Token::Sign('='))) => before(all, start, 2).unwrap_or_default(),
        _ => "",
    }
}

/// The word so many tokens before a place.
fn before<'t>(all: &[Placed<'t>], at: usize, back: usize) -> Option<&'t str> {
    match at.checked_sub(back).and_then(|at| all.get(at)) {
        Some((_, Token::Word(word))) => Some(word),
        Some(_) | None => None,
    }
}
