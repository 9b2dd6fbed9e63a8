//! Comments in plain words that an expression contradicts: how often, on which days, at what time of the day. Only
//! comments of words that are all understood count.

use super::super::full;
use super::{Clock, Cron, DAY};

/// Words by which a comment says something else than when all of it runs.
const ELSE: [&str; 25] = [
    "not",
    "no",
    "except",
    "or",
    "if",
    "when",
    "until",
    "till",
    "after",
    "before",
    "than",
    "instead",
    "previously",
    "was",
    "were",
    "also",
    "skip",
    "skips",
    "plus",
    "unless",
    "least",
    "most",
    "about",
    "avoid",
    "rest",
];

/// Words beside a time of the day that name no place.
const PLAIN: [&str; 58] = [
    "a",
    "an",
    "the",
    "at",
    "on",
    "in",
    "of",
    "is",
    "it",
    "this",
    "and",
    "to",
    "for",
    "once",
    "every",
    "each",
    "day",
    "days",
    "daily",
    "night",
    "nightly",
    "morning",
    "evening",
    "week",
    "weekly",
    "month",
    "monthly",
    "weekday",
    "weekdays",
    "weekend",
    "weekends",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mondays",
    "tuesdays",
    "wednesdays",
    "thursdays",
    "fridays",
    "saturdays",
    "sundays",
    "run",
    "runs",
    "running",
    "job",
    "cron",
    "schedule",
    "scheduled",
    "workflow",
    "time",
    "start",
    "starts",
    "trigger",
    "triggers",
];

/// What a comment, in lower case, promises and the expression does not keep.
pub(super) fn contradiction(lower: &str, cron: &Cron, clock: Clock) -> Option<String> {
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric() && c != ':').filter(|word| !word.is_empty()).collect();
    if words.iter().any(|word| ELSE.contains(word)) {
        return None;
    }
    let (says, real) =
        frequency(&words, cron).or_else(|| days(&words, cron)).or_else(|| time(&words, cron, clock))?;
    Some(format!("the comment says {says}, and the schedule says {real}"))
}

/// What the comment says, and what the schedule says, in words.
type Apart = (String, String);

/// `twice a day`, `three times daily`, `once a week`, `quarterly`.
fn frequency(words: &[&str], cron: &Cron) -> Option<Apart> {
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let said: Vec<(u32, &str)> = (0..words.len())
        .filter_map(|at| {
            let (times, behind) = match (word(at), word(at.saturating_add(1))) {
                ("once", _) => (1, 1),
                ("twice", _) => (2, 1),
                ("thrice", _) => (3, 1),
                (number, "times") => (number_of(number)?, 2),
                ("quarterly", _) => return Some((4, "year")),
                ("yearly" | "annually", _) => return Some((1, "year")),
                ("every", "year") => return Some((1, "year")),
                ("every", "quarter") if word(at.saturating_add(2)) != "hour" => return Some((4, "year")),
                ("every", "half") if word(at.saturating_add(2)) == "hour" => return Some((2, "hour")),
                _ => return None,
            };
            let from = at.saturating_add(behind);
            match (word(from), word(from.saturating_add(1))) {
                ("daily", _) => Some((times, "day")),
                ("a" | "an" | "per" | "each" | "every", unit) => Some((times, unit)),
                _ => None,
            }
        })
        .collect();
    let [(times, unit)] = said.as_slice() else { return None };
    let each_day = cron.hours.count_ones().saturating_mul(cron.minutes.count_ones());
    let every_day = cron.days == full(1, 31) && cron.weekdays == full(0, 6);
    let gap = cron.shortest_gap();
    let is_kept = match *unit {
        "hour" => cron.minutes.count_ones() == *times && (cron.hours.count_ones() > 1 || *times > 1),
        "day" => each_day == *times && gap <= DAY,
        "week" if *times == 1 => gap >= 7 * DAY,
        "month" if *times == 1 => gap >= 28 * DAY,
        "year" => cron.months.count_ones() == *times && !every_day,
        _ => true,
    };
    let often = match times {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        times => format!("{times} times"),
    };
    let real = match *unit {
        "hour" => format!("{} an hour", count(cron.minutes.count_ones())),
        "day" if gap <= DAY => format!("{} a day", count(each_day)),
        "year" if gap >= 28 * DAY => format!("{} a year", count(cron.months.count_ones())),
        _ => super::span(gap),
    };
    let article = if *unit == "hour" { "an" } else { "a" };
    (!is_kept).then(|| (format!("{often} {article} {unit}"), real))
}

fn count(times: u32) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

/// `weekdays`, `weekends`, `every 2 weeks`, `first Monday of the month`, `on the 1st`.
fn days(words: &[&str], cron: &Cron) -> Option<Apart> {
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    let (at_work, at_rest) = (has(&["weekday", "weekdays", "workdays"]), has(&["weekend", "weekends"]));
    let days_of_month = cron.days != full(1, 31);
    // A zone elsewhere moves each of them by a day.
    let is_at_end = |day: u32| cron.weekdays >> day & 1 == 1;
    if at_work && !at_rest && !days_of_month && is_at_end(0) && is_at_end(6) {
        return Some(("weekdays".to_owned(), "weekends too".to_owned()));
    }
    if at_rest && !at_work && !days_of_month && cron.weekdays.count_ones() > 2 {
        return Some(("weekends".to_owned(), format!("{} days a week", cron.weekdays.count_ones())));
    }
    let is_weekly = !days_of_month && cron.shortest_gap() == 7 * DAY;
    let is_every_other =
        words.windows(3).any(|three| matches!(three, ["every", "2" | "two" | "other", "week" | "weeks"]))
            || has(&["fortnightly"]);
    if is_every_other && is_weekly {
        return Some(("every 2 weeks".to_owned(), "every week".to_owned()));
    }
    let is_first = words.windows(4).any(|four| {
        matches!(four, ["first" | "1st", day, "of", "the" | "each" | "every" | "month"] if day.ends_with("day") && *day != "day")
    });
    if is_first && is_weekly && has(&["month"]) {
        return Some(("once a month".to_owned(), "every week".to_owned()));
    }
    let mut ordinals = words.iter().filter_map(|word| {
        let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end))?;
        digits.parse::<u32>().ok().filter(|day| (1..=31).contains(day))
    });
    let day = ordinals.next().filter(|_| ordinals.next().is_none() && !is_first)?;
    let real = cron.days.is_power_of_two().then(|| cron.days.trailing_zeros())?;
    let apart = day.abs_diff(real);
    let says_month = has(&["month", "monthly"]);
    (says_month && cron.weekdays == full(0, 6) && apart > 1 && apart < 27)
        .then(|| (format!("day {day} of the month"), format!("day {real}")))
}

/// `9:00 AM`, `midnight`, where no word may name a place.
fn time(words: &[&str], cron: &Cron, clock: Clock) -> Option<Apart> {
    let (hour, minute) = cron.time_of_day().filter(|_| clock == Clock::Utc)?;
    let mut times = Vec::new();
    let mut is_of_utc = false;
    let mut before = "";
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at.saturating_add(1)).copied().unwrap_or_default();
        match *word {
            "midnight" => times.push((0, 0)),
            "noon" | "midday" => times.push((12, 0)),
            "am" | "pm" if before.starts_with(|c: char| c.is_ascii_digit()) => {}
            "utc" if next.is_empty() && matches!(before, "midnight" | "noon" | "midday") => is_of_utc = true,
            word if PLAIN.contains(&word) => {}
            word => times.push(of_clock(word, next)?),
        }
        before = word;
    }
    let [(said_hour, said_minute)] = times.as_slice() else { return None };
    let tail = if is_of_utc { "" } else { ", unless the comment means another zone" };
    ((hour, minute) != (*said_hour, *said_minute))
        .then(|| (format!("{said_hour:02}:{said_minute:02}"), format!("{hour:02}:{minute:02} UTC{tail}")))
}

/// `9:00`, `9am`, `9` with `am` behind it.
fn of_clock(word: &str, next: &str) -> Option<(u32, u32)> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let glued = word.get(digits.len()..).unwrap_or_default();
    let half = if glued.is_empty() { next } else { glued };
    let is_half = matches!(half, "am" | "pm");
    let (hour, minute) = match digits.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => (hour.parse::<u32>().ok()?, minute.parse::<u32>().ok()?),
        None if is_half => (digits.parse::<u32>().ok()?, 0),
        Some(_) | None => return None,
    };
    let hour = match half {
        "am" | "pm" if !(1..=12).contains(&hour) => return None,
        "am" => hour % 12,
        "pm" => (hour % 12).saturating_add(12),
        _ if glued.is_empty() => hour,
        _ => return None,
    };
    (hour < 24 && minute < 60).then_some((hour, minute))
}

fn number_of(word: &str) -> Option<u32> {
    let words = ["two", "three", "four", "five", "six"];
    let named = words.iter().position(|known| *known == word).and_then(|at| u32::try_from(at).ok());
    named
        .map(|at| at.saturating_add(2))
        .or_else(|| word.parse().ok())
        .filter(|number| (1..=60).contains(number))
}
