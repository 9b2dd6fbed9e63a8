//! Schedules in words: App Engine's and Firebase's `every day 09:00`, and those of Python's `schedule`.

use super::program::When;

const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// `every 5 minutes`, `every day 09:00`, `every monday,friday 17:30`, `1 of month 03:00`; five fields, too.
pub(crate) fn appengine(text: &str, zone: &str) -> When {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    match words.as_slice() {
        ["every", count, unit, ..] if count.parse::<u32>().is_ok() => When::Every(format!("{count} {unit}")),
        ["every", "day", moment] | ["every", moment] if clock(moment).is_some() => at("* * *", moment, zone),
        ["every", days, moment] => match weekdays(days) {
            Some(days) => at(&format!("* * {days}"), moment, zone),
            None => When::Beyond(text.to_owned()),
        },
        [days, "of", "month", moment] => match days.split(',').map(|day| day.parse::<u32>().ok()).collect() {
            Some::<Vec<u32>>(days) => {
                let days: Vec<String> = days.iter().map(u32::to_string).collect();
                at(&format!("{} * *", days.join(",")), moment, zone)
            }
            None => When::Beyond(text.to_owned()),
        },
        _ if words.len() == 5 && !text.contains(" of ") => When::cron(text, zone),
        _ => When::Beyond(text.to_owned()),
    }
}

/// `day` at `10:30`, `monday` at `09:00`, `hour` at `:17`.
pub(super) fn python_schedule(unit: &str, moment: &str, zone: &str) -> When {
    let words = || When::Beyond(format!("{unit} at {moment}"));
    match unit {
        "day" | "days" => at("* * *", moment, zone),
        "hour" | "hours" => match moment.strip_prefix(':').and_then(|minute| minute.parse::<u32>().ok()) {
            Some(minute) => When::cron(format!("{minute} * * * *"), zone),
            None => words(),
        },
        _ => match weekdays(unit) {
            Some(days) => at(&format!("* * {days}"), moment, zone),
            None => words(),
        },
    }
}

/// Fields for the days, at a time of day.
fn at(days: &str, moment: &str, zone: &str) -> When {
    match clock(moment) {
        Some((hour, minute)) => When::cron(format!("{minute} {hour} {days}"), zone),
        None => When::Beyond(moment.to_owned()),
    }
}

/// `9:05`, `09:05`, and `09:05:00`.
pub(super) fn clock(text: &str) -> Option<(u32, u32)> {
    let parts: Vec<u32> = text.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match parts.as_slice() {
        [hour, minute] | [hour, minute, 0] if *hour < 24 && *minute < 60 => Some((*hour, *minute)),
        _ => None,
    }
}

/// `mon,wed`, `friday`: numbers as cron counts them.
fn weekdays(text: &str) -> Option<String> {
    let days: Option<Vec<String>> = text
        .split(',')
        .map(|day| {
            let day = day.trim().to_ascii_lowercase();
            let is_it = |name: &&str| day.len() >= 3 && name.starts_with(day.as_str());
            DAYS.iter().position(is_it).map(|number| number.to_string())
        })
        .collect();
    days.map(|days| days.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_fields_where_they_name_a_time_of_day() {
        let cases = [
            ("every day 09:00", "0 9 * * *"),
            ("every monday 9:05", "5 9 * * 1"),
            ("every mon,wed 17:30", "30 17 * * 1,3"),
            ("1,15 of month 03:00", "0 3 1,15 * *"),
            ("*/5 * * * *", "*/5 * * * *"),
        ];
        for (text, fields) in cases {
            assert_eq!(appengine(text, "UTC"), When::cron(fields, "UTC"), "{text}");
        }
        assert_eq!(appengine("every 5 minutes", "UTC"), When::Every("5 minutes".into()));
        for text in ["2nd monday of month 04:00", "every 2nd", "sometimes"] {
            assert_eq!(appengine(text, "UTC"), When::Beyond(text.into()), "{text}");
        }
        assert_eq!(python_schedule("hour", ":17", "local"), When::cron("17 * * * *", "local"));
        assert_eq!(python_schedule("day", "10:30", "local"), When::cron("30 10 * * *", "local"));
    }
}
