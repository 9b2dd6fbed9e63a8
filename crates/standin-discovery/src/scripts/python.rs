//! Python: endless loops that sleep, libraries for schedules, and pg_cron in texts.

use super::calls::{Call, named, number, stands, text};
use super::lex::{Language, Placed, Token};
use super::program::Program;
use super::{runs_by_itself, sql, task};
use crate::contents::{File, Names};
use crate::findings::Gathered;

mod airflow;
mod apscheduler;
mod celery;
mod keyed;
mod loops;

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
fn span(call: &Call<'_, '_>) -> Option<String> {
    let units = ["weeks", "days", "hours", "minutes", "seconds"];
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
fn known_zone(program: &Program<'_>) -> String {
    let names = ["CELERY_TIMEZONE", "timezone", "CELERY_TIME_ZONE", "TIME_ZONE"];
    let written = |name: &&str| {
        program.all.windows(3).find_map(|three| match three {
            [(_, Token::Word(word)), (_, Token::Sign('=')), (_, Token::Text(zone))] if word == name => {
                Some((*zone).to_owned())
            }
            _ => None,
        })
    };
    names.iter().find_map(written).unwrap_or_else(|| "UTC".to_owned())
}

/// The zone of a call, where it is spelled out; of one that is computed the zone is `local`.
fn zone_of<'t>(call: &Call<'_, 't>) -> Option<&'t str> {
    let value = call.named("timezone").or(call.named("tz"))?;
    if let Some(zone) = text(value) {
        return Some(zone);
    }
    // `pytz.timezone("…")`, `ZoneInfo("…")`.
    let at = value.iter().position(|(_, token)| matches!(token, Token::Text(_)))?;
    let is_made = at.checked_sub(1).is_some_and(|before| stands(value, before, &["("]));
    match value.get(at) {
        Some((_, Token::Text(zone))) if is_made => Some(zone),
        _ => None,
    }
}
