//! Celery's beat, and Huey: `crontab(minute=…)` as a schedule of a task.

use super::super::calls::{Call, named, number, stands, text};
use super::super::hosts;
use super::super::lex::{Placed, Token};
use super::super::program::{Program, Runs, Task, When};
use super::{decorated, known_zone, span};
use crate::findings::Gathered;

/// Words without which a file has none of these schedules.
pub(super) const WORDS: [&str; 5] = ["beat_schedule", "BEAT_SCHEDULE", "add_periodic_task", "celery", "huey"];

/// Adds the periodic tasks of a file.
pub(super) fn read(program: &mut Program<'_>, gathered: &mut Gathered) {
    let file_text = program.file.text;
    let is_huey = file_text.contains("huey") && !file_text.contains("celery");
    let has_beat = file_text.contains("beat_schedule") || file_text.contains("BEAT_SCHEDULE");
    let (reader, runs) = if is_huey {
        ("Huey", hosted(program, ("Huey's consumer", "huey_consumer", "run_huey")))
    } else {
        ("Celery", hosted(program, ("Celery's beat", "beat", "--beat")))
    };
    let zone = known_zone(program);
    // The entry of the table in which a place stands.
    let mut entry: &str = "";
    let mut at = 0_usize;
    // Each turn goes at least one token on.
    while at < program.all.len() {
        let rest = program.all.get(at..).unwrap_or_default();
        let found = match rest {
            // Parts of an entry, which may stand before its schedule.
            [(_, Token::Text("options" | "kwargs" | "args")), (_, Token::Sign(':')), ..] => None,
            [(_, Token::Text(name)), (_, Token::Sign(':')), (_, Token::Sign('{')), ..] => {
                entry = name;
                None
            }
            [
                (_, Token::Sign('[')),
                (_, Token::Text(name)),
                (_, Token::Sign(']')),
                (_, Token::Sign('=')),
                (_, Token::Sign('{') | Token::Word("dict")),
                ..,
            ] => {
                entry = name;
                None
            }
            [(_, Token::Text(name)), (_, Token::Sign(':')), (_, Token::Word("dict")), ..] => {
                entry = name;
                None
            }
            [(_, Token::Text("schedule")), (_, Token::Sign(':')), value @ ..] if has_beat => {
                when(value, &zone, is_huey)
                    .filter(|when| !entry.is_empty() || *when != When::Computed)
                    .map(|when| (at, entry.to_owned(), when))
            }
            [(_, Token::Word("schedule")), (_, Token::Sign('=')), value @ ..] if has_beat => {
                when(value, &zone, is_huey)
                    .filter(|when| *when != When::Computed)
                    .map(|when| (at, entry.to_owned(), when))
            }
            [(_, Token::Word("add_periodic_task")), (_, Token::Sign('(')), ..] => {
                periodic(&program.all, at, &zone)
            }
            [(_, Token::Word("periodic_task" | "db_periodic_task")), (_, Token::Sign('(')), ..] => {
                decorator(&program.all, at, &zone, is_huey)
            }
            _ => None,
        };
        if let Some((place, name, when)) = found {
            program.add(Task { at: place, name: &name, reader, when, runs: runs.clone() }, gathered);
        }
        at = at.saturating_add(1);
    }
}

fn hosted(program: &Program<'_>, (what, word, other): (&str, &str, &str)) -> Runs {
    let family = if what.starts_with("Celery") { "celery" } else { "huey" };
    match hosts::runs(program.file.repository, &[family], &[word, other]) {
        Some(path) => Runs::Within(path),
        None => Runs::Nowhere(format!("{what} starts it, and nothing here says what runs that")),
    }
}

/// `add_periodic_task(crontab(…), task.s(), name='…')`.
fn periodic(all: &[Placed<'_>], at: usize, zone: &str) -> Option<(usize, String, When)> {
    // Its definition is no call.
    if at.checked_sub(1).is_some_and(|before| stands(all, before, &["def"])) {
        return None;
    }
    let call = Call::read(all, at.saturating_add(2));
    let when = when(call.positional(0).or(call.named("schedule"))?, zone, false).unwrap_or(When::Computed);
    let name = call.named("name").and_then(text).map(str::to_owned);
    let task = call.positional(1).and_then(|task| match task {
        [(_, Token::Word(name)), ..] => Some((*name).to_owned()),
        _ => None,
    });
    Some((at, name.or(task).unwrap_or_default(), when))
}

/// `@periodic_task(run_every=crontab(…))`, `@huey.periodic_task(crontab(…))`.
fn decorator(all: &[Placed<'_>], at: usize, zone: &str, is_huey: bool) -> Option<(usize, String, When)> {
    // Without the sign it is the library's own, or handed on.
    let stands_alone = at.checked_sub(1).is_some_and(|before| stands(all, before, &["@"]));
    let of_something = at.checked_sub(3).is_some_and(|before| stands(all, before, &["@"]));
    if !stands_alone && !of_something {
        return None;
    }
    let call = Call::read(all, at.saturating_add(2));
    let when = when(call.named("run_every").or(call.positional(0))?, zone, is_huey).unwrap_or(When::Computed);
    Some((at, decorated(all, call.end).unwrap_or_default().to_owned(), when))
}

/// A schedule: `crontab(…)`, a number of seconds, `timedelta(…)`. `None` for what is none of them.
fn when(value: &[Placed<'_>], zone: &str, is_huey: bool) -> Option<When> {
    // A name of a module may stand before the call.
    let mut value = value;
    while let [(_, Token::Word(_)), (_, Token::Sign('.')), rest @ ..] = value {
        value = rest;
    }
    match value {
        [(_, Token::Word("crontab")), (_, Token::Sign('(')), ..] => {
            Some(crontab(&Call::read(value, 2), zone, is_huey))
        }
        [(_, Token::Word("timedelta" | "schedule")), (_, Token::Sign('(')), ..] => {
            Some(span(&Call::read(value, 2)).map_or(When::Computed, When::Every))
        }
        [(_, Token::Number(_)), ..] => {
            let end = value.iter().position(|(_, token)| {
                matches!(token, Token::Sign(sign) if *sign != '*')
                    || matches!(token, Token::Word(_) | Token::Text(_))
            });
            let own = value.get(..end.unwrap_or(value.len())).unwrap_or_default();
            Some(number(own).map_or(When::Computed, |seconds| When::Every(format!("{seconds}s"))))
        }
        [(_, Token::Word(_)), ..] => Some(When::Computed),
        _ => None,
    }
}

/// The fields of `crontab(…)`, each `*` where it is not given; both day fields have to match.
fn crontab(call: &Call<'_, '_>, zone: &str, is_huey: bool) -> When {
    let names = if is_huey {
        ["minute", "hour", "day", "month", "day_of_week"]
    } else {
        ["minute", "hour", "day_of_month", "month_of_year", "day_of_week"]
    };
    // Versions differ in what the third place is.
    if call.positional(2).is_some() {
        return When::Computed;
    }
    let mut fields = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let given = call.named(name).or(if place < 2 { call.positional(place) } else { None });
        let Some(value) = given else {
            fields.push("*".to_owned());
            continue;
        };
        let Some(field) = field(value) else { return When::Computed };
        fields.push(if *name == "day_of_week" { short_days(&field) } else { field });
    }
    if fields.get(2).is_some_and(|day| day != "*") && fields.get(4).is_some_and(|day| day != "*") {
        return When::Beyond(fields.join(" "));
    }
    When::cron(fields.join(" "), zone)
}

/// A text, a number, or a list of them.
fn field(value: &[Placed<'_>]) -> Option<String> {
    if let Some(text) = text(value) {
        return Some(text.split_ascii_whitespace().collect());
    }
    if let Some(number) = number(value) {
        return Some(number.to_string());
    }
    let inner = match value {
        [(_, Token::Sign('[' | '{' | '(')), inner @ .., (_, Token::Sign(']' | '}' | ')'))] => inner,
        _ => return None,
    };
    let parts: Option<Vec<String>> = inner
        .split(|(_, token)| *token == Token::Sign(','))
        .filter(|part| !part.is_empty() && named(part).is_none())
        .map(|part| text(part).map(str::to_owned).or_else(|| number(part).map(|number| number.to_string())))
        .collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join(","))
}

/// Celery takes `sunday` and `mon-friday`; only the first three letters count.
fn short_days(field: &str) -> String {
    let mut short = String::new();
    let mut letters = 0_usize;
    for c in field.chars() {
        letters = if c.is_ascii_alphabetic() { letters.saturating_add(1) } else { 0 };
        if letters <= 3 {
            short.push(c);
        }
    }
    short
}
