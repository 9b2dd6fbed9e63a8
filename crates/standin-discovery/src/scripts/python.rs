//! Python: endless loops that sleep, libraries for schedules, and pg_cron in texts.

use std::collections::BTreeSet;

use super::calls::{Call, named, number, stands};
use super::lex::{Language, Placed, Token};
use super::numbers::{Constants, statement};
use super::program::Program;
use super::zones::Zone;
use super::{runs_by_itself, sql, task};
use crate::contents::{File, Names};
use crate::findings::Gathered;

mod airflow;
mod apscheduler;
mod celery;
mod keyed;
mod loops;
mod spelled;

/// Longest way from a decorator to the function below it, in tokens: more decorators may stand between.
const MAX_DECORATORS: usize = 200;

/// What makes a file worth to be taken apart.
const WORDS: [&str; 14] = [
    "from_crontab",
    "sleep",
    ".wait(",
    "cron.schedule",
    "schedule",
    "Schedule",
    "SCHEDULE",
    "CronTrigger",
    "periodic_task",
    "add_job",
    "repeat_every",
    "timer_trigger",
    "tasks.loop",
    "cron",
];

/// Adds the tasks of a file.
pub(super) fn read(file: &File<'_>, gathered: &mut Gathered) {
    if !WORDS.iter().any(|word| file.text.contains(word)) {
        return;
    }
    let mut program = Program::new(file, Language::Python);
    if celery::WORDS.iter().any(|word| file.text.contains(word)) {
        celery::read(&mut program, gathered);
    }
    if ["apscheduler", "APScheduler", "from_crontab"].iter().any(|word| file.text.contains(word)) {
        apscheduler::read(&mut program, gathered);
    }
    if file.text.contains("airflow") {
        airflow::read(&mut program, gathered);
    }
    keyed::read(&mut program, gathered);
    for at in 0..program.all.len() {
        if let Some((_, Token::Text(text))) = program.all.get(at)
            && text.contains("cron.schedule")
        {
            let before = program.line(at).saturating_sub(1);
            sql::read(file, (text, sql::From::Code), before, gathered);
        }
    }
    loops::read(&program, &mut Names::default(), gathered);
}

/// The function below a decorator that ends at a place.
fn decorated<'t>(all: &[Placed<'t>], end: usize) -> Option<&'t str> {
    let rest = all.get(end..).unwrap_or_default();
    rest.windows(2).take(MAX_DECORATORS).find_map(|two| match two {
        [(_, Token::Word("def" | "class")), (_, Token::Word(name))] => Some(*name),
        _ => None,
    })
}

/// The span of `timedelta(minutes=5)` and of its like, in words.
fn span(call: &Call<'_, '_>, constants: &Constants<'_, '_>) -> Option<String> {
    let units = ["weeks", "days", "hours", "minutes", "seconds"];
    let number = |value: &[Placed<'_>]| number(value).or_else(|| constants.whole_only(value));
    let parts: Vec<String> = call
        .arguments()
        .iter()
        .filter_map(|argument| named(argument))
        .filter(|(unit, _)| units.contains(unit))
        .map(|(unit, value)| number(value).map(|count| format!("{count} {unit}")))
        .collect::<Option<_>>()?;
    let positional = call.positional(0).map(|value| number(value).map(|count| format!("{count}s")));
    match (parts.is_empty(), positional) {
        (false, _) => Some(parts.join(" ")),
        (true, Some(seconds)) => seconds,
        (true, None) => None,
    }
}

/// The zone that a file gives its schedules: `timezone = "…"`, `CELERY_TIMEZONE`, `TIME_ZONE`; else UTC.
fn known_zone(program: &Program<'_>) -> Zone {
    let names = ["CELERY_TIMEZONE", "timezone", "CELERY_TIME_ZONE", "TIME_ZONE"];
    let all = &program.all;
    let written = |name: &&str| {
        (0..all.len()).find_map(|at| match all.get(at..)? {
            [(_, Token::Word(word)), (_, Token::Sign('=')), value @ ..] if word == name => {
                let of_celery = *name != "timezone"
                    || at.checked_sub(2).is_some_and(|at| stands(all, at, &["conf", "."]));
                let value = Call::read(value, 0).arguments().first().copied().unwrap_or(value);
                // Of another call, this may be the zone of anything.
                let zone = Zone::of(all, statement(value));
                (of_celery || zone != Zone::Computed).then_some(zone)
            }
            _ => None,
        })
    };
    names.iter().find_map(written).unwrap_or_else(|| Zone::Named("UTC".to_owned()))
}

/// The zone that a call is given.
fn zone_of(all: &[Placed<'_>], call: &Call<'_, '_>) -> Option<Zone> {
    call.named("timezone").or(call.named("tz")).map(|value| Zone::of(all, value))
}

/// The modules that a file imports, by their whole names.
fn imports(all: &[Placed<'_>]) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    let mut from = false;
    for (at, (_, token)) in all.iter().enumerate() {
        match token {
            Token::Word("from") => {
                from = true;
                modules.extend(module(all, at.saturating_add(1)).map(|(name, _)| name));
            }
            Token::Word("import") if from => from = false,
            Token::Word("import") => {
                let mut next = at.saturating_add(1);
                // Each turn reads one module and the comma behind it.
                while let Some((name, end)) = module(all, next) {
                    modules.insert(name);
                    next = if stands(all, end, &["as"]) { end.saturating_add(2) } else { end };
                    if !stands(all, next, &[","]) {
                        break;
                    }
                    next = next.saturating_add(1);
                }
            }
            Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => {}
        }
    }
    modules
}

/// `a.b.c` at a place, and the place behind it.
fn module(all: &[Placed<'_>], at: usize) -> Option<(String, usize)> {
    let Some((_, Token::Word(first))) = all.get(at) else { return None };
    let mut name = (*first).to_owned();
    let mut end = at.saturating_add(1);
    while let Some([(_, Token::Sign('.')), (_, Token::Word(part)), ..]) = all.get(end..) {
        name.push('.');
        name.push_str(part);
        end = end.saturating_add(2);
    }
    Some((name, end))
}
