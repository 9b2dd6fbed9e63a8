//! The fields of APScheduler's triggers as cron's.

use super::super::super::numbers::Constants;
use super::{Call, Dialect, Known, Placed, When, Zone, known};

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

/// How it counts the weekdays of a month.
const ORDINALS: [&str; 6] = ["1st", "2nd", "3rd", "4th", "5th", "last"];

/// Five fields in a text.
pub(super) fn crontab(text: &str, zone: &Zone) -> When {
    let mut fields: Vec<String> = text.split_ascii_whitespace().map(str::to_owned).collect();
    if let [.., week] = fields.as_mut_slice() {
        match days(week) {
            Some(days) => *week = days,
            None => return When::Beyond(text.to_owned()),
        }
    }
    zone.when(fields.join(" "), Dialect::Vixie)
}

/// Fields as named arguments.
pub(super) fn cron(
    (all, constants): (&[Placed<'_>], &Constants<'_, '_>),
    call: &Call<'_, '_>,
    zone: &Zone,
) -> When {
    let mut is_default = false;
    let given: Vec<Option<String>> = FIELDS
        .iter()
        .map(|(name, _)| {
            // A computed field is one that no text says.
            let field = match known(all, call.named(name)?) {
                Some(Known::Text(text)) if !text.contains('{') => Some(text.to_owned()),
                Some(Known::ByDefault(text)) => {
                    is_default = true;
                    Some(text.to_owned())
                }
                Some(Known::Text(_)) | None => None,
            };
            let number = || constants.whole_only(call.named(name)?).map(|number| number.to_string());
            Some(field.or_else(number).unwrap_or_default())
        })
        .collect();
    if given.iter().all(Option::is_none) || given.iter().flatten().any(String::is_empty) {
        return When::Computed;
    }
    let when = spelled(&given, zone);
    if is_default { When::ByDefault(Box::new(when)) } else { when }
}

fn spelled(given: &[Option<String>], zone: &Zone) -> When {
    let smallest = given.iter().rposition(Option::is_some).unwrap_or(0);
    let value = |place: usize| -> String {
        let (_, least) = FIELDS.get(place).copied().unwrap_or(("", "*"));
        let unsaid = if place < smallest { "*" } else { least };
        given.get(place).cloned().flatten().unwrap_or_else(|| unsaid.to_owned())
    };
    let [year, month, day, week, weekday, hour, minute, second] = [0, 1, 2, 3, 4, 5, 6, 7].map(value);
    // Both day fields have to match, which cron cannot say.
    let both = day != "*" && weekday != "*";
    let is_beyond = year != "*" || week != "*" || both || second.parse::<u32>().is_err() || is_of_month(&day);
    match days(&weekday) {
        Some(weekday) if !is_beyond => {
            zone.when(format!("{minute} {hour} {day} {month} {weekday}"), Dialect::Vixie)
        }
        Some(_) | None => When::Beyond(words(given)),
    }
}

/// What a trigger was given, as it was given.
fn words(given: &[Option<String>]) -> String {
    let given = FIELDS.iter().zip(given);
    let words = given.filter_map(|((name, _), value)| value.as_ref().map(|value| format!("{name}={value}")));
    words.collect::<Vec<_>>().join(" ")
}

/// `last`, `last fri`, `2nd mon`, alone or in a list.
fn is_of_month(day: &str) -> bool {
    let is_one = |part: &str| {
        let lower = part.trim().to_ascii_lowercase();
        match lower.split_once(' ') {
            None => lower == "last",
            Some((count, day)) => ORDINALS.contains(&count) && DAYS.contains(&day.trim()),
        }
    };
    day.split(',').any(is_one)
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
