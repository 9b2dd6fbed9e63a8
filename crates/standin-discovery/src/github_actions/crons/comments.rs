//! Comments beside a cron expression that say something else than it does.

use super::{Cron, DAY};

mod plain;
mod times;

/// The zone in which an expression is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// UTC, as a comment can say.
    Utc,
    /// Another one: times of a comment are not held against it.
    Other,
}

/// What a comment promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promise {
    /// A run every so many minutes.
    Every(u32),
    /// A run at this time of the day in UTC.
    At(times::Promised),
}

/// What a comment promises and the expression does not keep, in words.
pub(crate) fn contradiction(comment: &str, cron: &Cron, clock: Clock) -> Option<String> {
    let lower = comment.to_ascii_lowercase();
    if speaks_of_others(&lower) {
        return None;
    }
    let at = times::promised(&lower).filter(|_| clock == Clock::Utc);
    let is_of_utc = match at {
        Some(at) => at.is_of_utc_days,
        None => clock == Clock::Utc && times::names_utc(&lower),
    };
    let Some(promised) = promise(&lower, at) else { return weekday(&lower, cron, is_of_utc) };
    match promised {
        Promise::Every(minutes) => {
            let gap = cron.shortest_gap();
            let is_kept = match minutes {
                // A month and a year have no fixed length.
                minutes if minutes >= 28 * DAY => gap >= 28 * DAY,
                minutes if minutes >= DAY => gap == minutes,
                minutes => gap == minutes,
            };
            (!is_kept)
                .then(|| format!("the comment says {}, and the schedule says {}", span(minutes), span(gap)))
        }
        Promise::At(times::Promised { at, .. }) => {
            let (hour, minute) = (at / 60, at % 60);
            let (real_hour, real_minute) = cron.time_of_day()?;
            if (real_hour, real_minute) == (hour, minute) {
                return weekday(&lower, cron, is_of_utc);
            }
            Some(format!(
                "the comment says {hour:02}:{minute:02} UTC, and the schedule says {real_hour:02}:{real_minute:02}"
            ))
        }
    }
}

/// As [`contradiction`], in words that count only where the comment speaks of this schedule alone: how often it runs, on
/// which days, and times that name no zone.
pub(crate) fn in_plain_words(comment: &str, cron: &Cron, clock: Clock) -> Option<String> {
    let lower = comment.to_ascii_lowercase();
    (!speaks_of_others(&lower)).then(|| plain::contradiction(&lower, cron, clock)).flatten()
}

/// Whether a comment speaks of another schedule, too.
fn speaks_of_others(lower: &str) -> bool {
    [".yml", ".yaml", " after the ", " before the "].iter().any(|part| lower.contains(part))
}

/// The one weekday that a comment names, where the expression fires on another one.
fn weekday(lower: &str, cron: &Cron, is_of_utc: bool) -> Option<String> {
    const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    let words = lower.split(|c: char| !c.is_ascii_alphabetic());
    let words: Vec<&str> = words.map(|word| word.strip_suffix('s').unwrap_or(word)).collect();
    let mut named = DAYS.iter().enumerate().filter(|(_, day)| words.contains(day));
    let (at, day) = named.next().filter(|_| named.next().is_none())?;
    // "Monday to Friday", "not on Monday" and the like say more than one day.
    let says_more = words.iter().any(|word| MORE.contains(word));
    if says_more {
        return None;
    }
    let Some(real) = cron.only_weekday() else {
        let is_every = words.windows(2).any(|two| matches!(two, ["every" | "each", named] if named == day));
        let is_only = is_every && words.iter().filter(|word| matches!(**word, "every" | "each")).count() == 1;
        return (is_only && cron.names_no_weekday())
            .then(|| format!("the comment says every {day}, and the schedule names no day of the week"));
    };
    // A zone elsewhere moves it by one day at the most.
    let apart = real.abs_diff(at).min(7_usize.saturating_sub(real.abs_diff(at)));
    (apart > 1 || (apart == 1 && is_of_utc)).then(|| {
        let real = DAYS.get(real).copied().unwrap_or_default();
        format!("the comment says {day}, and the schedule says {real}")
    })
}

/// Words by which a comment says more than one day, or of something else than when it runs.
const MORE: [&str; 14] = [
    "to", "through", "until", "till", "except", "not", "thru", "before", "after", "first", "last", "if",
    "when", "week",
];

fn span(minutes: u32) -> String {
    match minutes {
        1 => "every minute".into(),
        60 => "every hour".into(),
        DAY => "every day".into(),
        minutes if minutes == 7 * DAY => "every week".into(),
        minutes if minutes >= 300 * DAY => "every year".into(),
        minutes if minutes >= 28 * DAY => "every month or more seldom".into(),
        minutes if minutes % DAY == 0 => format!("every {} days", minutes / DAY),
        minutes if minutes % 60 == 0 => format!("every {} hours", minutes / 60),
        minutes => format!("every {minutes} minutes"),
    }
}

/// The one promise of a comment, which may promise the time `at`; `None` if there is none, or more than one.
fn promise(lower: &str, at: Option<times::Promised>) -> Option<Promise> {
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_ascii_alphanumeric() && c != ':')
        .filter(|word| !word.is_empty())
        .collect();
    // A list of weekdays is more than can be held against an expression.
    let mut found: Vec<Promise> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let next = |by: usize| words.get(at.saturating_add(by)).copied().unwrap_or_default();
        // `bi-weekly` is twice a week or every other one; `twice daily` is neither.
        let before = at.checked_sub(1).and_then(|at| words.get(at)).copied().unwrap_or_default();
        if ["bi", "semi", "tri", "twice", "thrice", "times", "non", "not"].contains(&before) {
            continue;
        }
        match (*word, next(1)) {
            ("hourly", _) | ("every", "hour") => found.push(Promise::Every(60)),
            ("daily" | "nightly", _) | ("every" | "each", "day" | "night" | "morning" | "evening") => {
                found.push(Promise::Every(DAY));
            }
            ("weekly", _) | ("every" | "each", "week") => found.push(Promise::Every(7 * DAY)),
            ("monthly", _) | ("every" | "each", "month") => found.push(Promise::Every(30 * DAY)),
            ("every", "minute") => found.push(Promise::Every(1)),
            ("every", number) => found.extend(every(number, next(2))),
            _ => {}
        }
    }
    found.dedup();
    match (found.as_slice(), at) {
        // The time of the day says more than `every day`.
        ([] | [Promise::Every(DAY)], Some(at)) => Some(Promise::At(at)),
        ([only], _) => Some(*only),
        _ => None,
    }
}

fn every(number: &str, unit: &str) -> Option<Promise> {
    let (digits, glued) = number.split_at(number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len()));
    let count: u32 = match number {
        "two" | "other" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "ten" => 10,
        "twelve" => 12,
        "fifteen" => 15,
        "thirty" => 30,
        _ => digits.parse().ok().filter(|count| (1..=1_000).contains(count))?,
    };
    let unit = if glued.is_empty() || digits.is_empty() { unit } else { glued };
    let minutes = match unit {
        "m" | "min" | "mins" | "minute" | "minutes" => 1,
        "h" | "hr" | "hrs" | "hour" | "hours" => 60,
        "d" | "day" | "days" => DAY,
        _ => return None,
    };
    count.checked_mul(minutes).map(Promise::Every)
}
