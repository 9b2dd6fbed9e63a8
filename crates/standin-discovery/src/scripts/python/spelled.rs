//! Python's `schedule`: `schedule.every(10).minutes.do(job)`, and the same as a decorator.

use super::super::calls::{Call, Known, known, last_name, stands};
use super::super::dialect::Dialect;
use super::super::lex::{Placed, Token};
use super::super::numbers::Constants;
use super::super::program::{Program, Runs, Task, When};
use super::super::spans;
use super::super::zones::Zone;
use super::decorated;
use crate::findings::Gathered;

/// Adds the jobs of a file that imports the library.
pub(super) fn read(program: &mut Program<'_>, gathered: &mut Gathered) {
    for (at, name, when) in jobs(&program.all) {
        let task = Task { at, name: &name, reader: "schedule", when, runs: Runs::WithItsFile };
        program.add(task, gathered);
    }
}

/// The place, the name and the time of each job.
fn jobs(all: &[Placed<'_>]) -> Vec<(usize, String, When)> {
    let constants = Constants::new(all);
    let places = (0..all.len()).filter(|at| stands(all, *at, &["every", "("]));
    places.filter_map(|at| job((all, &constants), at)).collect()
}

/// What a chain says, as far as it was read.
#[derive(Default)]
struct Chain<'a, 't> {
    unit: Option<&'t str>,
    moment: Option<&'a [Placed<'t>]>,
    zone: Option<Zone>,
    latest: Option<&'a [Placed<'t>]>,
    run: Option<&'t str>,
}

fn job((all, constants): (&[Placed<'_>], &Constants<'_, '_>), at: usize) -> Option<(usize, String, When)> {
    let call = Call::read(all, at.saturating_add(2));
    let mut here = call.end;
    let mut chain = Chain::default();
    // Each turn reads one `.name` or `.name(…)`.
    while let Some([(_, Token::Sign('.')), (_, Token::Word(word)), ..]) = all.get(here..) {
        let next = here.saturating_add(2);
        if all.get(next).map(|(_, token)| token) == Some(&Token::Sign('(')) {
            let call = Call::read(all, next.saturating_add(1));
            match *word {
                "at" => {
                    chain.moment = call.named("time_str").or(call.positional(0));
                    chain.zone = call.named("tz").or(call.positional(1)).map(|value| Zone::of(all, value));
                }
                "to" => chain.latest = call.positional(0),
                "do" => chain.run = call.positional(0).map(|run| last_name(run).unwrap_or_default()),
                _ => {}
            }
            here = call.end;
        } else {
            chain.unit = chain.unit.or(Some(*word));
            here = next;
        }
    }
    let name = chain.run.or_else(|| below(all, at))?;
    chain.unit?;
    Some((at, name.to_owned(), when((all, constants), &call, &chain)))
}

/// The function below `@repeat(every()…)`.
fn below<'t>(all: &[Placed<'t>], at: usize) -> Option<&'t str> {
    let open = if at.checked_sub(2).is_some_and(|before| stands(all, before, &["schedule", "."])) {
        at.checked_sub(3)?
    } else {
        at.checked_sub(1)?
    };
    stands(all, open.checked_sub(1)?, &["repeat", "("]).then(|| {
        let whole = Call::read(all, open.saturating_add(1));
        decorated(all, whole.end).unwrap_or_default()
    })
}

fn when(
    (all, constants): (&[Placed<'_>], &Constants<'_, '_>),
    call: &Call<'_, '_>,
    chain: &Chain<'_, '_>,
) -> When {
    let Some(unit) = chain.unit else { return When::Computed };
    let count = match call.positional(0).or(call.named("interval")).map(|count| constants.whole_only(count)) {
        Some(None) => return When::Computed,
        Some(Some(count)) => count,
        None => 1,
    };
    // It picks a number between the two anew each time.
    if let Some(latest) = chain.latest {
        let latest = constants.whole_only(latest);
        return latest.map_or(When::Computed, |latest| When::Every(format!("{count} to {latest} {unit}")));
    }
    if count != 1 {
        return When::Every(format!("{count} {unit}"));
    }
    let Some(moment) = chain.moment else { return When::Every(unit.to_owned()) };
    let (moment, is_default) = match known(all, moment) {
        Some(Known::Text(moment)) if !moment.contains(['{', '%']) => (moment, false),
        Some(Known::ByDefault(moment)) => (moment, true),
        Some(Known::Text(_)) | None => return When::Computed,
    };
    let when = in_zone(spans::python_schedule(unit, moment, "local"), chain.zone.as_ref());
    if is_default { When::ByDefault(Box::new(when)) } else { when }
}

/// Fields in the zone of their job.
fn in_zone(when: When, zone: Option<&Zone>) -> When {
    match (when, zone) {
        (When::Fields { text, .. }, Some(zone)) => zone.when(text, Dialect::Vixie),
        (when, _) => when,
    }
}
