//! systemd's calendar expressions, in five cron fields where these say the same.

/// What an expression means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Cron {
        cron: String,
        /// `local` where none is named.
        timezone: String,
    },
    /// Valid, as far as it was read, and more than five fields can say.
    Beyond,
    Wrong(String),
}

/// Names, and what they stand for.
const NAMES: [(&str, &str); 10] = [
    ("minutely", "* * * * *"),
    ("hourly", "0 * * * *"),
    ("daily", "0 0 * * *"),
    ("weekly", "0 0 * * 1"),
    ("monthly", "0 0 1 * *"),
    ("quarterly", "0 0 1 1,4,7,10 *"),
    ("semiannually", "0 0 1 1,7 *"),
    ("semi-annually", "0 0 1 1,7 *"),
    ("annually", "0 0 1 1 *"),
    ("yearly", "0 0 1 1 *"),
];

/// Sunday is 0, as in cron.
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Reads `[days] [date] [time] [zone]`.
pub(super) fn translate(text: &str) -> Meaning {
    let mut words: Vec<&str> = text.split_ascii_whitespace().collect();
    let zone = match words.last() {
        Some(last) if words.len() > 1 && is_zone(last) => words.pop(),
        Some(_) | None => None,
    };
    let timezone = zone.unwrap_or("local").to_owned();
    if let [name] = words.as_slice()
        && let Some((_, cron)) = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
    {
        return Meaning::Cron { cron: (*cron).to_owned(), timezone };
    }
    let mut parts =
        Parts { days: "*".into(), month: "*".into(), day: "*".into(), time: ("0".into(), "0".into()) };
    for (place, word) in words.iter().enumerate() {
        let read = if word.contains(':') {
            parts.time(word)
        } else if word.contains('-') && !word.starts_with(|c: char| c.is_ascii_alphabetic()) {
            parts.date(word)
        } else if place == 0 {
            parts.days(word)
        } else {
            Err(Meaning::Wrong(format!(
                "`{}` is no part of a calendar expression",
                crate::lines::quote(word)
            )))
        };
        if let Err(meaning) = read {
            return meaning;
        }
    }
    if words.is_empty() {
        return Meaning::Wrong("it is empty".into());
    }
    // systemd wants both to match, cron is content with either.
    if parts.days != "*" && parts.day != "*" {
        return Meaning::Beyond;
    }
    let (hour, minute) = &parts.time;
    let cron = format!("{minute} {hour} {} {} {}", parts.day, parts.month, parts.days);
    Meaning::Cron { cron, timezone }
}

fn is_zone(word: &str) -> bool {
    let is_name = word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+'));
    word == "UTC" || (is_name && word.contains('/') && word.starts_with(|c: char| c.is_ascii_uppercase()))
}

struct Parts {
    days: String,
    month: String,
    day: String,
    /// Hour and minute.
    time: (String, String),
}

impl Parts {
    fn days(&mut self, word: &str) -> Result<(), Meaning> {
        let mut days = Vec::new();
        for part in word.trim_end_matches(',').split(',') {
            let (from, to) = match part.split_once("..") {
                Some((from, to)) => (day(from)?, Some(day(to)?)),
                None => (day(part)?, None),
            };
            match to {
                None => days.push(from.to_string()),
                Some(to) if from <= to => days.push(format!("{from}-{to}")),
                // Sunday ends a week here.
                Some(0) => days.push(format!("{from}-7")),
                Some(_) => {
                    let message = format!("the days of `{}` go backwards", crate::lines::quote(part));
                    return Err(Meaning::Wrong(message));
                }
            }
        }
        self.days = days.join(",");
        Ok(())
    }

    /// `year-month-day`, or `month-day`.
    fn date(&mut self, word: &str) -> Result<(), Meaning> {
        if word.contains('~') {
            return Err(Meaning::Beyond);
        }
        let parts: Vec<&str> = word.split('-').collect();
        let (year, month, day) = match parts.as_slice() {
            [year, month, day] => (*year, *month, *day),
            [month, day] => ("*", *month, *day),
            _ => return Err(Meaning::Wrong("a date is year-month-day".into())),
        };
        if year != "*" {
            return Err(Meaning::Beyond);
        }
        self.month = field(month, 12)?;
        self.day = field(day, 31)?;
        Ok(())
    }

    /// `hour:minute`, with seconds only if they are none.
    fn time(&mut self, word: &str) -> Result<(), Meaning> {
        let parts: Vec<&str> = word.split(':').collect();
        let (hour, minute) = match parts.as_slice() {
            [hour, minute] => (*hour, *minute),
            [hour, minute, "0" | "00"] => (*hour, *minute),
            [_, _, _] => return Err(Meaning::Beyond),
            _ => return Err(Meaning::Wrong("a time is hour:minute:second".into())),
        };
        self.time = (field(hour, 23)?, field(minute, 59)?);
        Ok(())
    }
}

fn day(word: &str) -> Result<usize, Meaning> {
    let lower = word.to_ascii_lowercase();
    let known = DAYS.iter().position(|name| lower == *name || (lower.len() > 3 && lower.starts_with(name)));
    known.ok_or_else(|| Meaning::Wrong(format!("`{}` is no day of the week", crate::lines::quote(word))))
}

/// A list of numbers, ranges and repetitions; `most` ends a repetition that has no end.
fn field(text: &str, most: u32) -> Result<String, Meaning> {
    let wrong = || Meaning::Wrong(format!("`{}` is no number, range or list", crate::lines::quote(text)));
    let number = |digits: &str| digits.parse::<u32>().map_err(|_| wrong());
    let mut items = Vec::new();
    for item in text.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(number(step)?)),
            None => (item, None),
        };
        let (from, to) = match range.split_once("..") {
            Some((from, to)) => (number(from)?.to_string(), Some(number(to)?)),
            None if range == "*" => ("*".to_owned(), None),
            None => (number(range)?.to_string(), None),
        };
        items.push(match (step, to) {
            (None, None) => from,
            (None, Some(to)) => format!("{from}-{to}"),
            // systemd wants a number where a repetition begins.
            (Some(_), None) if from == "*" => return Err(wrong()),
            (Some(step), to) => format!("{from}-{}/{step}", to.unwrap_or(most)),
        });
    }
    Ok(items.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cron_can_say_is_translated_and_the_rest_is_not() {
        let cases = [
            ("daily", "0 0 * * * local"),
            ("*-*-* 03:30:00", "30 3 * * * local"),
            ("Mon..Fri 09:00 Europe/Berlin", "0 9 * * 1-5 Europe/Berlin"),
            ("*:0/15", "0-59/15 * * * * local"),
            ("*-*-01,15 00:05 UTC", "5 0 1,15 * * UTC"),
            ("Sat,Sunday 8..10:00", "0 8-10 * * 6,0 local"),
            ("Fri..Sun", "0 0 * * 5-7 local"),
            ("04-01 00:00", "0 0 1 4 * local"),
            ("0/2:0/10:00", "0-59/10 0-23/2 * * * local"),
        ];
        for (text, wanted) in cases {
            let seen = match translate(text) {
                Meaning::Cron { cron, timezone } => format!("{cron} {timezone}"),
                other @ (Meaning::Beyond | Meaning::Wrong(_)) => format!("{other:?}"),
            };
            assert_eq!(seen, wanted, "{text}");
        }
        for text in ["*-*-* *:*:0/10", "2027-01-01 00:00", "Mon *-*-1..7 03:00", "*-*~01 00:00"] {
            assert_eq!(translate(text), Meaning::Beyond, "{text}");
        }
        for text in ["", "Sat..Mon", "*/2:00", "sometimes", "*-*-* 3h", "*-x-* 03:00"] {
            assert!(matches!(translate(text), Meaning::Wrong(_)), "{text}");
        }
    }
}
