//! Times of the day in a comment, with the zones that stand beside them.

use super::DAY;

/// The time of the day that a comment promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Promised {
    /// Minutes after midnight in UTC.
    pub(super) at: u32,
    /// Whether every time of the comment is one in UTC itself, so that its days are those of UTC.
    pub(super) is_of_utc_days: bool,
}

/// A word and what stands before it.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    /// The signs between it and the word before.
    before: &'a str,
}

/// Where a time is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    /// So many minutes before UTC; less than nothing is behind it.
    Ahead(i32),
    /// Nothing beside it says where.
    Unsaid,
    /// Something stands beside it that may say where, and is not known.
    Elsewhere,
}

#[derive(Debug, Clone, Copy)]
struct Time {
    /// The word that it begins with, and the one after its last.
    words: (usize, usize),
    minutes: u32,
    zone: Zone,
}

/// Longest comment that is read, in words.
const MAX_WORDS: usize = 200;

/// Words that say nothing of a place.
const NEUTRAL: [&str; 26] = [
    "at",
    "on",
    "in",
    "the",
    "is",
    "time",
    "every",
    "each",
    "day",
    "days",
    "daily",
    "nightly",
    "weekly",
    "monthly",
    "morning",
    "weekday",
    "weekdays",
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "runs",
    "run",
];

/// Words before a time at which nothing needs to start.
const LOOSE: [&str; 13] = [
    "before",
    "after",
    "by",
    "until",
    "till",
    "from",
    "since",
    "around",
    "about",
    "approximately",
    "between",
    "not",
    "than",
];

/// The one time of the day, in lower case, that stands beside `utc`; `None` where there is none, or more than one.
pub(super) fn promised(lower: &str) -> Option<Promised> {
    let words = words(lower);
    let mut times: Vec<Time> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        if let Some((_, end)) = named(&words, at) {
            at = end;
            continue;
        }
        match time(&words, at) {
            Some((minutes, end)) => {
                times.push(Time { words: (at, end), minutes, zone: zone(&words, at, end) });
                at = end;
            }
            None => at = at.saturating_add(1),
        }
    }
    share(&words, &mut times);
    let loose = |time: &Time| {
        let before = time.words.0.checked_sub(1).and_then(|at| words.get(at));
        before.is_some_and(|word| LOOSE.contains(&word.text))
            || words.get(time.words.0).is_some_and(|word| word.before.contains('~'))
    };
    if times.iter().any(loose) {
        return None;
    }
    let said = |time: &Time| match time.zone {
        Zone::Ahead(ahead) => Some(in_utc(time.minutes, ahead)),
        Zone::Unsaid | Zone::Elsewhere => None,
    };
    let mut known: Vec<u32> = times.iter().filter_map(said).collect();
    known.sort_unstable();
    known.dedup();
    let [at] = known.as_slice() else { return None };
    Some(Promised { at: *at, is_of_utc_days: times.iter().all(|time| time.zone == Zone::Ahead(0)) })
}

/// Whether a text names UTC, not by how much something is ahead of it, and no time of the day.
pub(super) fn names_utc(lower: &str) -> bool {
    let words = words(lower);
    // A time that nothing says the zone of may be one of elsewhere, and so may its day.
    if (0..words.len()).any(|at| time(&words, at).is_some()) {
        return false;
    }
    let mut found = (0..words.len()).filter_map(|at| named(&words, at)).map(|(zone, _)| zone);
    found.any(|zone| zone == Zone::Ahead(0))
}

/// A text in words of letters, figures and colons.
fn words(lower: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut rest = lower;
    while found.len() < MAX_WORDS {
        let is_of_word = |c: char| c.is_alphanumeric() || c == ':';
        let Some(start) = rest.find(is_of_word) else { break };
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !is_of_word(c)).unwrap_or(from.len());
        let (text, after) = from.split_at(end);
        found.push(Word { text, before });
        rest = after;
    }
    found
}

/// The time that begins with this word, in minutes, and the word after it.
fn time(words: &[Word<'_>], at: usize) -> Option<(u32, usize)> {
    let word = words.get(at)?;
    // `+05:30` is a zone, and a figure behind a dot is no hour.
    if word.before.ends_with(['+', '.', '\u{2212}', '\u{ff0b}']) {
        return None;
    }
    let digits = word.text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let glued = word.text.get(digits.len()..).unwrap_or_default();
    let next = words.get(at.saturating_add(1)).filter(|next| next.before.trim().is_empty());
    let half = if glued.is_empty() { next.map_or("", |next| next.text) } else { glued };
    let is_half = matches!(half, "am" | "pm");
    if !glued.is_empty() && !is_half && glued != "utc" {
        return None;
    }
    let (hour, minute) = match digits.split_once(':') {
        Some((hour, minute)) if (1..=2).contains(&hour.len()) && minute.len() == 2 => {
            (hour.parse::<u32>().ok()?, minute.parse::<u32>().ok()?)
        }
        Some(_) => return None,
        None if is_half => (digits.parse().ok().filter(|hour| (1..=12).contains(hour))?, 0),
        None => return None,
    };
    let hour = match half {
        "am" if hour == 12 => 0,
        "pm" if hour < 12 => hour.saturating_add(12),
        _ => hour,
    };
    let length = if glued.is_empty() && is_half { 2 } else { 1 };
    let minutes = hour.checked_mul(60)?.checked_add(minute)?;
    (hour < 24 && minute < 60).then_some((minutes, at.saturating_add(length)))
}

/// The zone of the time between these words.
fn zone(words: &[Word<'_>], start: usize, end: usize) -> Zone {
    if words.get(start).is_some_and(|word| word.text.ends_with("utc")) {
        return offset(words, end).map_or(Zone::Ahead(0), |(zone, _)| zone);
    }
    // What follows a time says its zone, rather than what stands before.
    let mut behind = end;
    while let Some(word) = words.get(behind) {
        if let Some((zone, _)) = named(words, behind) {
            return zone;
        }
        if !NEUTRAL.contains(&word.text) || word.before.contains(['.', ';']) {
            break;
        }
        behind = behind.saturating_add(1);
    }
    let mut before = start;
    while let Some(at) = before.checked_sub(1) {
        let own = words.get(before).map_or("", |word| word.before);
        if own.contains(['.', ';']) {
            break;
        }
        // The figures of a zone stand between it and the time.
        let from = at.saturating_sub(1);
        let own = |at: &usize| !ends_time(words, *at);
        let said = (from..=at).filter(own).find_map(|at| named(words, at).filter(|(_, end)| *end == before));
        if let Some((zone, _)) = said {
            return zone;
        }
        if !words.get(at).is_some_and(|word| NEUTRAL.contains(&word.text)) {
            break;
        }
        before = at;
    }
    match words.get(end) {
        None => Zone::Unsaid,
        Some(next) if time(words, end).is_some() || NEUTRAL.contains(&next.text) => Zone::Unsaid,
        Some(next) if JOINERS.contains(&next.text) => Zone::Unsaid,
        Some(_) => Zone::Elsewhere,
    }
}

/// Whether a time stands right before this word, whose zone that is.
fn ends_time(words: &[Word<'_>], at: usize) -> bool {
    (at.saturating_sub(2)..at).any(|start| time(words, start).is_some_and(|(_, end)| end == at))
}

/// The zone that this word begins, and the word after it.
fn named(words: &[Word<'_>], at: usize) -> Option<(Zone, usize)> {
    let text = words.get(at)?.text;
    let next = at.saturating_add(1);
    match (text, offset(words, next)) {
        ("utc" | "gmt", Some(found)) => Some(found),
        ("utc", None) => Some((Zone::Ahead(0), next)),
        // Some call a zone so that is an hour ahead of it in summer.
        ("gmt", None) => Some((Zone::Elsewhere, next)),
        _ => None,
    }
}

/// `+8`, `-05:30`, `+0530` behind the name of a zone.
fn offset(words: &[Word<'_>], at: usize) -> Option<(Zone, usize)> {
    let word = words.get(at)?;
    let sign = match word.before.trim_start() {
        "+" | "\u{ff0b}" => 1,
        "-" | "\u{2212}" => -1,
        // "UTC - 5" may be one, or a dash.
        "- " | "+ " => return digits_only(word.text).then_some((Zone::Elsewhere, at.saturating_add(1))),
        _ => return None,
    };
    let end = at.saturating_add(1);
    // "UTC-nightly" is no zone.
    if !word.text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    // Halves of hours are written behind a dot, too.
    let has_more = words.get(end).is_some_and(|next| next.before == "." && digits_only(next.text));
    let (hours, minutes) = match (word.text.split_once(':'), word.text.len()) {
        (Some(parts), _) => parts,
        (None, 4) => word.text.split_at(2),
        (None, _) => (word.text, "0"),
    };
    let read = hours.parse::<i32>().ok().zip(minutes.parse::<i32>().ok());
    let known = read.filter(|(hours, minutes)| *hours <= 14 && *minutes < 60 && !has_more);
    let zone = known.map_or(Zone::Elsewhere, |(hours, minutes)| {
        Zone::Ahead(hours.saturating_mul(60).saturating_add(minutes).saturating_mul(sign))
    });
    Some((zone, end))
}

fn digits_only(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == ':')
}

/// Words between times that are in one zone.
const JOINERS: [&str; 6] = ["and", "or", "to", "through", "until", "plus"];

/// Of times in a list, or of a span, the zone beside one is that of the others.
fn share(words: &[Word<'_>], times: &mut [Time]) {
    let joined = |first: &Time, second: &Time| {
        // Between them may stand the zone of the first.
        let from = match named(words, first.words.1) {
            Some((_, end)) => end,
            None => first.words.1,
        };
        let between = words.get(from..second.words.0).unwrap_or_default();
        let signs = words.get(second.words.0).map_or("", |word| word.before.trim());
        match between {
            [] => matches!(signs, "," | "/" | "-" | "\u{2013}" | "&" | "+" | "|"),
            [word] => JOINERS.contains(&word.text),
            _ => false,
        }
    };
    for forward in [true, false] {
        for step in 1..times.len() {
            let at = if forward { step } else { times.len().saturating_sub(step) };
            let (Some(first), Some(second)) =
                (at.checked_sub(1).and_then(|at| times.get(at)).copied(), times.get(at).copied())
            else {
                continue;
            };
            if !joined(&first, &second) {
                continue;
            }
            match (first.zone, second.zone) {
                (Zone::Ahead(_), Zone::Unsaid) => {
                    if let Some(time) = times.get_mut(at) {
                        time.zone = first.zone;
                    }
                }
                (Zone::Unsaid, Zone::Ahead(_)) => {
                    if let Some(time) = at.checked_sub(1).and_then(|at| times.get_mut(at)) {
                        time.zone = second.zone;
                    }
                }
                (Zone::Ahead(_) | Zone::Unsaid | Zone::Elsewhere, _) => {}
            }
        }
    }
}

/// A time of a zone as one of UTC, in minutes after midnight.
fn in_utc(minutes: u32, ahead: i32) -> u32 {
    let day = i32::try_from(DAY).unwrap_or(1_440);
    let here = i32::try_from(minutes).unwrap_or(0);
    u32::try_from(here.saturating_sub(ahead).rem_euclid(day)).unwrap_or(0)
}
