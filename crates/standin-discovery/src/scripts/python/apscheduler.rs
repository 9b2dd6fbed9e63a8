//! APScheduler: `add_job(f, 'cron', hour=3)`, `CronTrigger(…)`, `CronTrigger.from_crontab('…')`, intervals.

use std::collections::BTreeSet;

use super::super::calls::{Call, Known, assigned, known, last_name, stands, text};
use super::super::dialect::Dialect;
use super::super::lex::{Placed, Token};
use super::super::numbers::{Constants, statement};
use super::super::program::{Program, Runs, Task, When};
use super::super::zones::Zone;
use super::{decorated, span, zone_of};
use crate::findings::Gathered;

mod fields;
mod schedulers;

use schedulers::Schedulers;

/// The triggers that are called by their names.
const TRIGGERS: [&str; 6] =
    ["CronTrigger", "IntervalTrigger", "DateTrigger", "from_crontab", "OrTrigger", "AndTrigger"];

/// Triggers within triggers.
const MAX_DEPTH: usize = 4;

/// Adds the jobs of a file.
pub(super) fn read(program: &mut Program<'_>, gathered: &mut Gathered) {
    for (at, name, when) in jobs(&program.all) {
        let task = Task { at, name: &name, reader: "APScheduler", when, runs: Runs::WithItsFile };
        program.add(task, gathered);
    }
}

/// The place, the name and the time of each job.
fn jobs(all: &[Placed<'_>]) -> Vec<(usize, String, When)> {
    let mut reader = Reader {
        all,
        constants: Constants::new(all),
        schedulers: Schedulers::of(all),
        seen: BTreeSet::new(),
    };
    let mut jobs: Vec<(usize, String, When)> = (0..all.len()).filter_map(|at| reader.job(at)).collect();
    // By itself, a trigger is handed to a scheduler elsewhere.
    jobs.extend((0..all.len()).filter_map(|at| reader.alone(at).map(|when| (at, String::new(), when))));
    jobs.sort_by_key(|(at, ..)| *at);
    jobs
}

struct Reader<'a, 't> {
    all: &'a [Placed<'t>],
    constants: Constants<'a, 't>,
    schedulers: Schedulers<'t>,
    /// The offsets of triggers that belong to jobs, or to other triggers.
    seen: BTreeSet<usize>,
}

impl<'a, 't> Reader<'a, 't> {
    /// The call of this name at a place, unless its definition stands there.
    fn call(&self, at: usize, names: &[&str]) -> Option<(&'t str, Call<'a, 't>)> {
        let Some([(_, Token::Word(word)), (_, Token::Sign('(')), ..]) = self.all.get(at..) else {
            return None;
        };
        let before = at.checked_sub(1).and_then(|before| self.all.get(before)).map(|(_, token)| token);
        let is_call = names.contains(word) && !matches!(before, Some(Token::Word("def" | "class")));
        is_call.then(|| (*word, Call::read(self.all, at.saturating_add(2))))
    }

    /// A call that adds a job.
    fn job(&mut self, at: usize) -> Option<(usize, String, When)> {
        let (word, call) = self.call(at, &["add_job", "scheduled_job", "add_schedule"])?;
        let place = usize::from(word != "scheduled_job");
        let trigger = call.named("trigger").or(call.positional(place))?;
        let id = call.named("id").and_then(text);
        let run = call.named("func").or(call.positional(0)).and_then(last_name);
        let name = if place == 0 { id.or(decorated(self.all, call.end)) } else { run.or(id) };
        let when = match text(trigger) {
            Some("cron") => {
                let zone = zone_of(self.all, &call).unwrap_or_else(|| self.schedulers.zone(self.all, at));
                fields::cron((self.all, &self.constants), &call, &zone)
            }
            Some("interval") => span(&call, &self.constants).map_or(When::Computed, When::Every),
            // A job that runs once, or another's.
            Some(_) => return None,
            None => match self.trigger(trigger, 0) {
                Some(when) => when?,
                // Only a trigger has this name.
                None if call.named("trigger").is_some() => When::Computed,
                None => return None,
            },
        };
        let name = name.unwrap_or_default();
        (when != When::Computed || !name.is_empty()).then(|| (at, name.to_owned(), when))
    }

    /// What a trigger says: `None` for what is none that is known here, `Some(None)` for one that fires once.
    fn trigger(&mut self, value: &'a [Placed<'t>], depth: usize) -> Option<Option<When>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let name = match value {
            [(_, Token::Word(name))]
            | [(_, Token::Word("self" | "cls")), (_, Token::Sign('.')), (_, Token::Word(name))] => name,
            _ => return self.made(value, depth),
        };
        self.trigger(statement(assigned(self.all, name)?), depth.saturating_add(1))
    }

    /// The same of a call that makes one.
    fn made(&mut self, value: &'a [Placed<'t>], depth: usize) -> Option<Option<When>> {
        let at = value.windows(2).position(
            |two| matches!(two, [(_, Token::Word(word)), (_, Token::Sign('('))] if TRIGGERS.contains(word)),
        )?;
        let (offset, Token::Word(name)) = value.get(at)? else { return None };
        self.seen.insert(*offset);
        let call = Call::read(value, at.saturating_add(2));
        Some(match *name {
            "CronTrigger" => Some(self.cron(&call)),
            "from_crontab" => Some(self.crontab(&call)),
            "IntervalTrigger" => Some(span(&call, &self.constants).map_or(When::Computed, When::Every)),
            "DateTrigger" => None,
            combined => {
                let parts = self.parts(&call, depth)?;
                if combined == "OrTrigger" {
                    Some(When::Together(parts))
                } else {
                    Some(When::Beyond("AndTrigger".to_owned()))
                }
            }
        })
    }

    /// What the triggers within another say that fire more than once.
    fn parts(&mut self, call: &Call<'a, 't>, depth: usize) -> Option<Vec<When>> {
        let Some([(_, Token::Sign('[' | '(')), ..]) = call.named("triggers").or(call.positional(0)) else {
            return Some(vec![When::Computed]);
        };
        let list = Call::read(call.named("triggers").or(call.positional(0))?, 1);
        let parts = list.arguments().iter().map(|part| {
            let when = self.trigger(part, depth.saturating_add(1));
            when.unwrap_or(Some(When::Computed))
        });
        Some(parts.collect::<Vec<_>>().into_iter().flatten().collect())
    }

    /// A trigger that no call here adds.
    fn alone(&mut self, at: usize) -> Option<When> {
        let (word, call) = self.call(at, &["CronTrigger", "from_crontab"])?;
        let (offset, _) = self.all.get(at)?;
        if self.seen.contains(offset) {
            return None;
        }
        let when = if word == "CronTrigger" { self.cron(&call) } else { self.crontab(&call) };
        (when != When::Computed).then_some(when)
    }

    /// The fields of a trigger: without a zone it takes that of the machine, whatever the scheduler's is.
    fn cron(&self, call: &Call<'_, '_>) -> When {
        let zone = zone_of(self.all, call).unwrap_or(Zone::Local);
        fields::cron((self.all, &self.constants), call, &zone)
    }

    /// Five fields as they are, but that its days count from Monday.
    fn crontab(&self, call: &Call<'_, '_>) -> When {
        let zone = zone_of(self.all, call).or(call.positional(1).map(|zone| Zone::of(self.all, zone)));
        let zone = zone.unwrap_or(Zone::Local);
        match call.positional(0).or(call.named("expr")).and_then(|text| known(self.all, text)) {
            Some(Known::Text(text)) if !text.contains('{') => fields::crontab(text, &zone),
            Some(Known::ByDefault(text)) => When::ByDefault(Box::new(fields::crontab(text, &zone))),
            Some(Known::Text(_)) | None => When::Computed,
        }
    }
}
