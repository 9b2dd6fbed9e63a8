//! APScheduler: `add_job(f, 'cron', hour=3)`, `CronTrigger(…)`, `CronTrigger.from_crontab('…')`, intervals.

use super::super::calls::{Call, last_name, number, stands, text};
use super::super::lex::{Placed, Token};
use super::super::program::{Program, Runs, Task, When};
use super::{decorated, span, zone_of};
use crate::findings::Gathered;

/// The fields from the largest to the smallest, and what a smaller one is when only a larger one is given.
const FIELDS: [(&str, &str); 8] = [
    ("year", "*"),
    ("month", "1"),
    ("day", "1"),
    ("week", "*"),
    ("day_of_week", "*"),
    ("hour", "0"),
    ("minute", "0"),
    ("second", "0"),
];

/// Its days count from 0 for Monday.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Adds the jobs of a file.
pub(super) fn read(program: &mut Program<'_>, gathered: &mut Gathered) {
    let mut at = 0_usize;
    // Each turn goes at least one token on.
    while at < program.all.len() {
        let here = at;
        at = at.saturating_add(1);
        let Some([(_, Token::Word(word)), (_, Token::Sign('(')), ..]) = program.all.get(here..) else {
            continue;
        };
        if matches!(
            here.checked_sub(1).and_then(|before| program.all.get(before)),
            Some((_, Token::Word("def" | "class")))
        ) {
            continue;
        }
        let word = *word;
        let call = Call::read(&program.all, here.saturating_add(2));
        let (when, name) = match word {
            "add_job" | "scheduled_job" | "add_schedule" => {
                let place = usize::from(word != "scheduled_job");
                let Some(trigger) = call.named("trigger").or(call.positional(place)) else { continue };
                let Some(when) = trigger_of(&program.all, trigger, &call) else { continue };
                let id = call.named("id").and_then(text);
                let run = call.named("func").or(call.positional(0)).and_then(last_name);
                let name = if place == 0 { id.or(decorated(&program.all, call.end)) } else { run.or(id) };
                (when, name.unwrap_or_default())
            }
            // By itself, it is handed to a scheduler elsewhere.
            "CronTrigger" => (cron(&program.all, &call), ""),
            "from_crontab" => (crontab(&program.all, &call), ""),
            _ => continue,
        };
        if when == When::Computed && name.is_empty() {
            continue;
        }
        let task = Task { at: here, name, reader: "APScheduler", when, runs: Runs::WithItsFile };
        // What stands within the call is a part of it.
        at = call.end.max(at);
        program.add(task, gathered);
    }
}

/// `None` for a job that runs once.
fn trigger_of(all: &[Placed<'_>], trigger: &[Placed<'_>], call: &Call<'_, '_>) -> Option<When> {
    match text(trigger) {
        Some("cron") => return Some(cron(all, call)),
        Some("interval") => return Some(span(call).map_or(When::Computed, When::Every)),
        Some("date") => return None,
        Some(_) | None => {}
    }
    let at = trigger.iter().position(|(_, token)| {
        matches!(token, Token::Word("CronTrigger" | "IntervalTrigger" | "DateTrigger" | "from_crontab"))
    })?;
    let mut inner = trigger.get(at..)?;
    // `CronTrigger.from_crontab(…)`.
    if let [(_, Token::Word(_)), (_, Token::Sign('.')), rest @ ..] = inner {
        inner = rest;
    }
    let made = Call::read(inner, 2);
    match inner.first().map(|(_, token)| token) {
        Some(Token::Word("CronTrigger")) => Some(cron(all, &made)),
        Some(Token::Word("from_crontab")) => Some(crontab(all, &made)),
        Some(Token::Word("IntervalTrigger")) => Some(span(&made).map_or(When::Computed, When::Every)),
        Some(_) | None => None,
    }
}

/// The zone of a trigger. `None` where only running the program tells.
fn zone(all: &[Placed<'_>], call: &Call<'_, '_>) -> Option<String> {
    let Some(value) = call.named("timezone") else { return Some("local".to_owned()) };
    if let Some(zone) = zone_of(call) {
        return Some(zone.to_owned());
    }
    let [(_, Token::Word(name))] = value else { return None };
    // `BERLIN = ZoneInfo("Europe/Berlin")`, and `utc`.
    if matches!(*name, "utc" | "UTC") {
        return Some("UTC".to_owned());
    }
    let mut made = all
        .iter()
        .enumerate()
        .filter(|(at, (_, token))| *token == Token::Word(name) && stands(all, at.saturating_add(1), &["="]));
    let (at, _) = made.next().filter(|_| made.next().is_none())?;
    let behind = all.get(at.saturating_add(2)..)?.iter().take(6);
    behind.map(|(_, token)| token).find_map(|token| match token {
        Token::Text(zone) => Some((*zone).to_owned()),
        Token::Word(_) | Token::Number(_) | Token::Sign(_) => None,
    })
}

/// Five fields as they are, but that its days count from Monday.
fn crontab(all: &[Placed<'_>], call: &Call<'_, '_>) -> When {
    let Some(text) = call.positional(0).and_then(text) else { return When::Computed };
    let mut fields: Vec<String> = text.split_ascii_whitespace().map(str::to_owned).collect();
    if let [.., week] = fields.as_mut_slice() {
        match days(week) {
            Some(days) => *week = days,
            None => return When::Beyond(text.to_owned()),
        }
    }
    zone(all, call).map_or(When::Computed, |zone| When::cron(fields.join(" "), zone))
}

fn cron(all: &[Placed<'_>], call: &Call<'_, '_>) -> When {
    let given: Vec<Option<String>> = FIELDS
        .iter()
        .map(|(name, _)| {
            let value = call.named(name)?;
            // A computed field is one that no text says.
            Some(text(value).map(str::to_owned).or(number(value).map(|n| n.to_string())).unwrap_or_default())
        })
        .collect();
    let Some(smallest) = given.iter().rposition(Option::is_some) else { return When::Computed };
    if given.iter().flatten().any(String::is_empty) {
        return When::Computed;
    }
    let value = |place: usize| -> String {
        let (_, least) = FIELDS.get(place).copied().unwrap_or(("", "*"));
        let unsaid = if place < smallest { "*" } else { least };
        given.get(place).cloned().flatten().unwrap_or_else(|| unsaid.to_owned())
    };
    let [year, month, day, week, weekday, hour, minute, second] = [0, 1, 2, 3, 4, 5, 6, 7].map(value);
    let words = || format!("{minute} {hour} {day} {month} {weekday}");
    // Both day fields have to match, which cron cannot say.
    let both = day != "*" && weekday != "*";
    let is_beyond = year != "*" || week != "*" || both || second.parse::<u32>().is_err();
    match days(&weekday) {
        Some(weekday) if !is_beyond => zone(all, call).map_or(When::Computed, |zone| {
            When::cron(format!("{minute} {hour} {day} {month} {weekday}"), zone)
        }),
        Some(_) | None => When::Beyond(words()),
    }
}

/// The days with the names that cron has for them, so that nobody counts.
fn days(field: &str) -> Option<String> {
    let name = |part: &str| match part.parse::<usize>() {
        Ok(number) => DAYS.get(number).map(|name| (*name).to_owned()),
        Err(_) => Some(part.get(..3).unwrap_or(part).to_ascii_lowercase()),
    };
    let items: Option<Vec<String>> = field
        .split(',')
        .map(|item| match item.trim().split_once('-') {
            _ if item.trim() == "*" => Some("*".to_owned()),
            _ if item.contains(['/', ' ']) && !item.trim().starts_with('*') => None,
            // Its week ends on Sunday, which cron counts as 7 there.
            Some((from, "6" | "sun")) => {
                let from = name(from)?;
                let number = DAYS.iter().position(|day| *day == from)?.saturating_add(1);
                Some(format!("{number}-7"))
            }
            Some((from, to)) => Some(format!("{}-{}", name(from)?, name(to)?)),
            None if item.starts_with('*') => None,
            None => name(item.trim()),
        })
        .collect();
    items.map(|items| items.join(","))
}
