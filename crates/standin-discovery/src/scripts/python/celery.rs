//! Celery's beat, and Huey: `crontab(minute=…)` as a schedule of a task.

use super::super::calls::{Call, Known, assigned, known, named, number, stands, text};
use super::super::dialect::Dialect;
use super::super::hosts;
use super::super::lex::{Placed, Token};
use super::super::numbers::{Constants, statement};
use super::super::program::{Program, Runs, Task, When};
use super::super::zones::Zone;
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
    let all = &program.all;
    let spelled = Spelled { all, zone, constants: Constants::new(all), is_huey, has_beat };
    for (at, name, when) in schedules(&spelled) {
        program.add(Task { at, name: &name, reader, when, runs: runs.clone() }, gathered);
    }
}

/// The place, the name and the time of each schedule.
fn schedules(spelled: &Spelled<'_, '_>) -> Vec<(usize, String, When)> {
    let all = spelled.all;
    let mut schedules = Vec::new();
    // The entry of the table in which a place stands.
    let mut entry: &str = "";
    let mut at = 0_usize;
    // Each turn goes at least one token on.
    while at < all.len() {
        let rest = all.get(at..).unwrap_or_default();
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
            [(_, Token::Text("schedule")), (_, Token::Sign(':')), value @ ..] if spelled.has_beat => {
                first(value)
                    .and_then(|value| spelled.when(value))
                    .filter(|when| !entry.is_empty() || *when != When::Computed)
                    .map(|when| (at, entry.to_owned(), when))
            }
            [(_, Token::Word("schedule")), (_, Token::Sign('=')), value @ ..] if spelled.has_beat => {
                first(value)
                    .and_then(|value| spelled.when(value))
                    .filter(|when| *when != When::Computed)
                    .map(|when| (at, entry.to_owned(), when))
            }
            [(_, Token::Word("add_periodic_task")), (_, Token::Sign('(')), ..] => spelled.periodic(at),
            [(_, Token::Word("periodic_task" | "db_periodic_task")), (_, Token::Sign('(')), ..] => {
                spelled.decorator(at)
            }
            _ => None,
        };
        schedules.extend(found);
        at = at.saturating_add(1);
    }
    schedules
}

/// What stands before the next comma, or the end of what it stands in.
fn first<'a, 't>(value: &'a [Placed<'t>]) -> Option<&'a [Placed<'t>]> {
    Call::read(value, 0).arguments().first().copied()
}

/// A value without the names of modules before it.
fn without_modules<'a, 't>(value: &'a [Placed<'t>]) -> &'a [Placed<'t>] {
    let mut made = value;
    while let [(_, Token::Word(_)), (_, Token::Sign('.')), rest @ ..] = made {
        made = rest;
    }
    made
}

fn hosted(program: &Program<'_>, (what, word, other): (&str, &str, &str)) -> Runs {
    let family = if what.starts_with("Celery") { "celery" } else { "huey" };
    match hosts::runs(program.file.repository, &[family], &[word, other]) {
        Some(path) => Runs::Within(path),
        None => Runs::Nowhere(format!("{what} starts it, and nothing here says what runs that")),
    }
}

/// A file, and what its schedules are read with.
struct Spelled<'a, 't> {
    all: &'a [Placed<'t>],
    zone: Zone,
    constants: Constants<'a, 't>,
    is_huey: bool,
    /// Whether it has a table of schedules.
    has_beat: bool,
}

impl Spelled<'_, '_> {
    /// `add_periodic_task(crontab(…), task.s(), name='…')`.
    fn periodic(&self, at: usize) -> Option<(usize, String, When)> {
        // Its definition is no call.
        if at.checked_sub(1).is_some_and(|before| stands(self.all, before, &["def"])) {
            return None;
        }
        let call = Call::read(self.all, at.saturating_add(2));
        let when = self.when(call.positional(0).or(call.named("schedule"))?).unwrap_or(When::Computed);
        let name = call.named("name").and_then(text).map(str::to_owned);
        let task = call.positional(1).and_then(|task| match task {
            [(_, Token::Word(name)), ..] => Some((*name).to_owned()),
            _ => None,
        });
        Some((at, name.or(task).unwrap_or_default(), when))
    }

    /// `@periodic_task(run_every=crontab(…))`, `@huey.periodic_task(crontab(…))`.
    fn decorator(&self, at: usize) -> Option<(usize, String, When)> {
        // Without the sign it is the library's own, or handed on.
        let stands_alone = at.checked_sub(1).is_some_and(|before| stands(self.all, before, &["@"]));
        let of_something = at.checked_sub(3).is_some_and(|before| stands(self.all, before, &["@"]));
        if !stands_alone && !of_something {
            return None;
        }
        let call = Call::read(self.all, at.saturating_add(2));
        let when = self.when(call.named("run_every").or(call.positional(0))?).unwrap_or(When::Computed);
        Some((at, decorated(self.all, call.end).unwrap_or_default().to_owned(), when))
    }

    /// A schedule: `crontab(…)`, seconds, `timedelta(…)`. `None` for what is none of them.
    fn when(&self, value: &[Placed<'_>]) -> Option<When> {
        let made = without_modules(value);
        let is_whole = |call: &Call<'_, '_>| call.end == made.len();
        match made {
            [(_, Token::Word("crontab")), (_, Token::Sign('(')), ..] => {
                let call = Call::read(made, 2);
                Some(if is_whole(&call) { self.crontab(&call) } else { When::Computed })
            }
            [(_, Token::Word("timedelta" | "schedule")), (_, Token::Sign('(')), ..] => {
                let call = Call::read(made, 2);
                let is_seconds = stands(made, call.end, &[".", "total_seconds", "("]);
                let span = if is_whole(&call) || is_seconds { span(&call, &self.constants) } else { None };
                Some(span.map_or(When::Computed, When::Every))
            }
            [(_, Token::Number(_) | Token::Word(_) | Token::Sign('(')), ..] => {
                let seconds = self.constants.whole_only(value);
                // `EVERY = timedelta(minutes=5)`.
                if let (None, [(_, Token::Word(name))]) = (seconds, made)
                    && let Some(value) = assigned(self.all, name).map(statement)
                    && let [(_, Token::Word("crontab" | "timedelta")), (_, Token::Sign('(')), ..] =
                        without_modules(value)
                {
                    return Some(self.when(value).unwrap_or(When::Computed));
                }
                Some(seconds.map_or(When::Computed, |seconds| When::Every(format!("{seconds}s"))))
            }
            _ => None,
        }
    }

    /// The fields of `crontab(…)`, each `*` where it is not given; both day fields have to match.
    fn crontab(&self, call: &Call<'_, '_>) -> When {
        let names = if self.is_huey {
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
            let Some(field) = self.field(value) else { return When::Computed };
            fields.push(if *name == "day_of_week" { short_days(&field) } else { field });
        }
        if fields.get(2).is_some_and(|day| day != "*") && fields.get(4).is_some_and(|day| day != "*") {
            return When::Beyond(fields.join(" "));
        }
        self.zone.when(fields.join(" "), Dialect::Vixie)
    }

    /// A text, a number, a constant of these, or a list of them.
    fn field(&self, value: &[Placed<'_>]) -> Option<String> {
        if let Some(Known::Text(text)) = known(self.all, value) {
            return Some(text.split_ascii_whitespace().collect());
        }
        if let Some(number) = self.constants.whole_only(value) {
            return Some(number.to_string());
        }
        let inner = match value {
            [(_, Token::Sign('[' | '{' | '(')), inner @ .., (_, Token::Sign(']' | '}' | ')'))] => inner,
            _ => return None,
        };
        let parts: Option<Vec<String>> = inner
            .split(|(_, token)| *token == Token::Sign(','))
            .filter(|part| !part.is_empty() && named(part).is_none())
            .map(|part| {
                text(part).map(str::to_owned).or_else(|| number(part).map(|number| number.to_string()))
            })
            .collect();
        parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join(","))
    }
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
