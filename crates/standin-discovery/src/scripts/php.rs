//! PHP: Laravel's scheduler.

use super::calls::{Call, Known, known, last_name, number, text};
use super::hosts;
use super::lex::{Language, Placed, Token};
use super::program::{Program, Runs, Task, When};
use super::spans::clock;
use crate::contents::File;
use crate::findings::Gathered;

const REASON: &str = "Laravel runs it only where `artisan schedule:run` is called each minute, and nothing here says that it is";

/// Methods that are a whole schedule.
const WHOLE: [(&str, &str); 30] = [
    ("everyMinute", "* * * * *"),
    ("everyTwoMinutes", "*/2 * * * *"),
    ("everyThreeMinutes", "*/3 * * * *"),
    ("everyFourMinutes", "*/4 * * * *"),
    ("everyFiveMinutes", "*/5 * * * *"),
    ("everyTenMinutes", "*/10 * * * *"),
    ("everyFifteenMinutes", "*/15 * * * *"),
    ("everyThirtyMinutes", "0,30 * * * *"),
    ("hourly", "0 * * * *"),
    ("everyOddHour", "0 1-23/2 * * *"),
    ("everyTwoHours", "0 */2 * * *"),
    ("everyThreeHours", "0 */3 * * *"),
    ("everyFourHours", "0 */4 * * *"),
    ("everySixHours", "0 */6 * * *"),
    ("daily", "0 0 * * *"),
    ("weekly", "0 0 * * 0"),
    ("monthly", "0 0 1 * *"),
    ("quarterly", "0 0 1 1-12/3 *"),
    ("yearly", "0 0 1 1 *"),
    ("dailyAt", "0 0 * * *"),
    ("at", "* * * * *"),
    ("hourlyAt", "0 * * * *"),
    ("weeklyOn", "0 0 * * *"),
    ("monthlyOn", "0 0 1 * *"),
    ("twiceDaily", "0 1,13 * * *"),
    ("twiceDailyAt", "0 1,13 * * *"),
    ("twiceMonthly", "0 0 1,16 * *"),
    ("quarterlyOn", "0 0 1 1-12/3 *"),
    ("yearlyOn", "0 0 1 1 *"),
    ("cron", "* * * * *"),
];

/// Methods that are a day of the week.
const DAYS: [(&str, &str); 9] = [
    ("weekdays", "1-5"),
    ("weekends", "6,0"),
    ("sundays", "0"),
    ("mondays", "1"),
    ("tuesdays", "2"),
    ("wednesdays", "3"),
    ("thursdays", "4"),
    ("fridays", "5"),
    ("saturdays", "6"),
];

/// Methods under which it runs at some of its times only.
const CONDITIONS: [&str; 5] = ["when", "skip", "between", "unlessBetween", "environments"];

/// Adds the tasks of a file.
pub(super) fn read(file: &File<'_>, gathered: &mut Gathered) {
    let text = file.text;
    let names_it = ["Console\\Scheduling", "Facades\\Schedule", "Facades\\Artisan"]
        .iter()
        .any(|word| text.contains(word));
    if !names_it {
        return;
    }
    let mut program = Program::new(file, Language::Php);
    let host = hosts::runs(file.repository, &["artisan"], &["schedule:run", "schedule:work"]);
    for at in 0..program.all.len() {
        let start = match program.all.get(at..) {
            Some(
                [
                    (_, Token::Word("$schedule")),
                    (_, Token::Sign('-')),
                    (_, Token::Sign('>')),
                    (_, Token::Word(word)),
                    (_, Token::Sign('(')),
                    ..,
                ],
            )
            | Some(
                [
                    (_, Token::Word("Schedule" | "Artisan")),
                    (_, Token::Sign(':')),
                    (_, Token::Sign(':')),
                    (_, Token::Word(word)),
                    (_, Token::Sign('(')),
                    ..,
                ],
            ) => *word,
            _ => continue,
        };
        if !matches!(start, "command" | "call" | "job" | "exec") {
            continue;
        }
        let call = Call::read(&program.all, at.saturating_add(5));
        let name = call.positional(0).and_then(|what| name_of(what)).unwrap_or(start).to_owned();
        let Some(when) = chain(&program.all, call.end) else { continue };
        let runs = host.clone().map_or_else(|| Runs::Nowhere(REASON.to_owned()), Runs::Within);
        program.add(Task { at, name: &name, reader: "Laravel", when, runs }, gathered);
    }
}

/// The command without its options, or the class.
fn name_of<'t>(what: &[Placed<'t>]) -> Option<&'t str> {
    if let Some(text) = text(what) {
        return text.split_ascii_whitespace().next();
    }
    let words = what.iter().filter_map(|(_, token)| match token {
        Token::Word(word) if !matches!(*word, "new" | "function" | "fn" | "class" | "static") => Some(*word),
        Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => None,
    });
    match what.first() {
        Some((_, Token::Word("function" | "fn" | "static"))) => None,
        Some((_, Token::Word("new"))) | Some(_) => {
            let mut words = words.take_while(|word| !word.starts_with('$'));
            let first = words.next();
            last_name(what).filter(|name| !matches!(*name, "new" | "class")).or(first)
        }
        None => None,
    }
}

/// The methods behind a place up to the end of the statement. `None` for a chain without any time.
fn chain(all: &[Placed<'_>], end: usize) -> Option<When> {
    let mut fields: Option<Vec<String>> = None;
    let (mut zone, mut days) = ("UTC".to_owned(), None::<String>);
    let (mut beyond, mut computed, mut has_condition) = (None, false, false);
    let mut here = end;
    // Each turn reads one `->name(…)`.
    while let Some([(_, Token::Sign('-' | '?')), ..]) = all.get(here..) {
        let skip = if matches!(all.get(here), Some((_, Token::Sign('?')))) { 3 } else { 2 };
        let Some([(_, Token::Word(word)), (_, Token::Sign('(')), ..]) = all.get(here.saturating_add(skip)..)
        else {
            break;
        };
        let call = Call::read(all, here.saturating_add(skip).saturating_add(2));
        here = call.end;
        if let Some((_, day)) = DAYS.iter().find(|(name, _)| name == word) {
            days = Some((*day).to_owned());
        } else if *word == "days" {
            match week(&call) {
                Some(week) => days = Some(week),
                None => computed = true,
            }
        } else if *word == "timezone" {
            zone = call.positional(0).and_then(text).map_or_else(|| "local".to_owned(), str::to_owned);
        } else if CONDITIONS.contains(word) {
            has_condition = true;
        } else if (word.starts_with("every") && word.contains("Second")) || *word == "lastDayOfMonth" {
            beyond = Some((*word).to_owned());
        } else if let Some((name, base)) = WHOLE.iter().find(|(name, _)| name == word) {
            match apply(name, base, &call, fields.as_deref()) {
                Some(made) => fields = Some(made),
                None => computed = true,
            }
        }
    }
    if let (Some(days), None) = (days.as_deref(), &fields) {
        fields = Some(["0", "0", "*", "*", days].map(str::to_owned).to_vec());
    }
    if computed {
        return Some(When::Computed);
    }
    if let Some(words) = beyond {
        return Some(if words.starts_with("every") {
            When::Every(words.trim_start_matches("every").to_owned())
        } else {
            When::Beyond(words)
        });
    }
    let mut fields = fields?;
    if let (Some(days), Some(week)) = (days, fields.get_mut(4)) {
        *week = days;
    }
    let text = fields.join(" ");
    Some(if has_condition { When::Sometimes(text, zone) } else { When::cron(text, zone) })
}

/// The days of `days([1, 3])`, `days(0, 3)`, `days([Schedule::MONDAY])`.
fn week(call: &Call<'_, '_>) -> Option<String> {
    let names = ["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"];
    let day = |part: &[Placed<'_>]| match part {
        [.., (_, Token::Word(name))] => {
            names.iter().position(|known| known == name).map(|day| day.to_string())
        }
        [(_, Token::Text(text))] => Some((*text).to_owned()),
        _ => number(part).map(|day| day.to_string()),
    };
    let days: Option<Vec<String>> = match call.arguments() {
        [[(_, Token::Sign('[')), inner @ .., (_, Token::Sign(']'))]] => inner
            .split(|(_, token)| *token == Token::Sign(','))
            .filter(|part| !part.is_empty())
            .map(day)
            .collect(),
        parts => parts.iter().map(|part| day(part)).collect(),
    };
    days.filter(|days| !days.is_empty()).map(|days| days.join(","))
}

/// The five fields after one method. `None` where an argument is computed.
fn apply(name: &str, base: &str, call: &Call<'_, '_>, before: Option<&[String]>) -> Option<Vec<String>> {
    let mut fields: Vec<String> = base.split(' ').map(str::to_owned).collect();
    let set = |fields: &mut Vec<String>, place: usize, value: String| {
        if let Some(field) = fields.get_mut(place) {
            *field = value;
        }
    };
    let moment = |place: usize| match call.positional(place) {
        None => Some(None),
        Some(value) => {
            let text = text(value)?;
            let whole = if text.contains(':') { text.to_owned() } else { format!("{text}:00") };
            clock(&whole).map(Some)
        }
    };
    let at = |fields: &mut Vec<String>, time: Option<(u32, u32)>| {
        if let Some((hour, minute)) = time {
            set(fields, 0, minute.to_string());
            set(fields, 1, hour.to_string());
        }
    };
    match name {
        "cron" => {
            // What counts where nothing else is set: `env('CRON', '*/5 * * * *')`.
            let text = match known(&[], call.positional(0)?)? {
                Known::Text(text) | Known::ByDefault(text) => text,
            };
            return Some(text.split_ascii_whitespace().map(str::to_owned).collect());
        }
        "at" | "dailyAt" => {
            if let (Some(known), "at") = (before, name) {
                fields = known.to_vec();
            }
            at(&mut fields, moment(0)?);
        }
        "hourlyAt" => {
            let minute = number(call.positional(0)?)?;
            if let Some(field) = fields.first_mut() {
                *field = minute.to_string();
            }
        }
        "weeklyOn" | "monthlyOn" => {
            let time = moment(1)?;
            let day = match call.positional(0) {
                Some(day) => number(day)?.to_string(),
                None => "1".to_owned(),
            };
            at(&mut fields, time);
            let place = if name == "weeklyOn" { 4 } else { 2 };
            if let Some(field) = fields.get_mut(place) {
                *field = day;
            }
        }
        "twiceDaily" | "twiceDailyAt" | "twiceMonthly" => {
            let both: Option<Vec<String>> = [call.positional(0), call.positional(1)]
                .into_iter()
                .flatten()
                .map(|one| number(one).map(|one| one.to_string()))
                .collect();
            let both = both?;
            if both.len() == 2 {
                set(&mut fields, if name == "twiceMonthly" { 2 } else { 1 }, both.join(","));
            }
            match (name, call.positional(2)) {
                ("twiceDailyAt", Some(minute)) => set(&mut fields, 0, number(minute)?.to_string()),
                ("twiceMonthly", Some(_)) => at(&mut fields, moment(2)?),
                (_, _) => {}
            }
        }
        "yearlyOn" | "quarterlyOn" => {
            let places: &[usize] = if name == "yearlyOn" { &[3, 2] } else { &[2] };
            for (argument, place) in places.iter().enumerate() {
                if let Some(value) = call.positional(argument) {
                    set(&mut fields, *place, number(value)?.to_string());
                }
            }
            at(&mut fields, moment(places.len())?);
        }
        // A number of minutes past the hour.
        _ => {
            if let Some(minute) = call.positional(0) {
                let minute = number(minute)?;
                if let Some(field) = fields.first_mut()
                    && field == "0"
                {
                    *field = minute.to_string();
                }
            }
        }
    }
    Some(fields)
}
