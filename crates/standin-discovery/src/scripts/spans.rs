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
            None => When::Unread(text.to_owned()),
        },
        [days, "of", "month", moment] => match days.split(',').map(|day| day.parse::<u32>().ok()).collect() {
            Some::<Vec<u32>>(days) => {
                let days: Vec<String> = days.iter().map(u32::to_string).collect();
                at(&format!("{} * *", days.join(",")), moment, zone)
            }
            None => When::Unread(text.to_owned()),
        },
        _ if words.len() == 5 && !text.contains(" of ") => When::cron(text, zone),
        _ => When::Unread(text.to_owned()),
    }
}

/// `day` at `10:30`, `monday` at `09:00`, `hour` at `:17`.
pub(super) fn python_schedule(unit: &str, moment: &str, zone: &str) -> When {
    let words = || When::Unread(format!("{unit} at {moment}"));
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

/// What Fugit makes of words: `every day at 5am`, `at 5am every day`, `every monday and friday at 9:30`, `every hour at
/// minute 12`, `every 15 minutes`, each with a zone behind it, if one likes.
pub(crate) fn fugit(text: &str, zone: &str) -> When {
    let lower = text.to_ascii_lowercase();
    let mut words: Vec<&str> =
        lower.split([' ', ',', '\t']).filter(|word| !matches!(*word, "" | "and")).collect();
    let mut zone = zone.to_owned();
    if let Some(named) =
        text.split_ascii_whitespace().last().filter(|last| last.contains('/') && !last.contains('*'))
    {
        named.clone_into(&mut zone);
        words.pop();
        if matches!(words.last(), Some(&("in" | "on"))) {
            words.pop();
        }
    }
    // `at 5am every day`.
    if words.first() == Some(&"at")
        && let Some(every) = words.iter().position(|word| *word == "every")
    {
        words.rotate_left(every);
    }
    let unread = || When::Unread(text.to_owned());
    let Some((&"every", rest)) = words.split_first() else { return unread() };
    let (unit, moment) = match rest.iter().position(|word| *word == "at") {
        Some(at) => {
            (rest.get(..at).unwrap_or_default(), rest.get(at.saturating_add(1)..).unwrap_or_default())
        }
        None => (rest, &[][..]),
    };
    if let ([count, unit], []) = (unit, moment)
        && let Ok(count) = count.parse::<u32>()
    {
        return span(count, unit, &zone);
    }
    if let (["hour"], ["minute", minute]) = (unit, moment)
        && minute.parse::<u32>().is_ok_and(|minute| minute < 60)
    {
        return When::cron(format!("{minute} * * * *"), zone);
    }
    let days = match unit {
        ["second"] if moment.is_empty() => return When::Every("second".to_owned()),
        ["minute"] if moment.is_empty() => return When::cron("* * * * *", zone),
        ["hour"] if moment.is_empty() => return When::cron("0 * * * *", zone),
        ["day"] => Some("* * *".to_owned()),
        ["weekday"] => Some("* * 1-5".to_owned()),
        ["weekend"] => Some("* * 6,0".to_owned()),
        ["week"] if moment.is_empty() => Some("* * 0".to_owned()),
        ["month"] if moment.is_empty() => Some("1 * *".to_owned()),
        ["year"] if moment.is_empty() => Some("1 1 *".to_owned()),
        [] => None,
        names => weekdays(&names.join(",")).map(|days| format!("* * {days}")),
    };
    let Some(days) = days else { return unread() };
    let times: Option<Vec<(u32, u32)>> = if moment.is_empty() {
        Some(vec![(0, 0)])
    } else {
        // `5 am` in two words.
        let joined = moment.join(" ").replace(" am", "am").replace(" pm", "pm");
        joined.split_ascii_whitespace().map(time_of_day).collect()
    };
    times.map_or_else(unread, |times| at_times(&times, &days, &zone))
}

/// A span whose number divides its unit comes at the same minutes each hour, or hours each day.
fn span(count: u32, unit: &str, zone: &str) -> When {
    match (count, unit.trim_end_matches('s')) {
        (1..=59, "minute") if 60 % count == 0 => When::cron(format!("*/{count} * * * *"), zone),
        (1..=23, "hour") if 24 % count == 0 => When::cron(format!("0 */{count} * * *"), zone),
        _ => When::Every(format!("{count} {unit}")),
    }
}

/// Fields for the days, at several times of day.
pub(super) fn at_times(times: &[(u32, u32)], days: &str, zone: &str) -> When {
    let texts: Vec<String> = match times {
        [(_, minute), rest @ ..] if rest.iter().all(|(_, other)| other == minute) => {
            let hours: Vec<String> = times.iter().map(|(hour, _)| hour.to_string()).collect();
            vec![format!("{minute} {} {days}", hours.join(","))]
        }
        _ => times.iter().map(|(hour, minute)| format!("{minute} {hour} {days}")).collect(),
    };
    match texts.as_slice() {
        [one] => When::cron(one.clone(), zone),
        _ => When::Several(texts, zone.to_owned()),
    }
}

/// `5am`, `9:30`, `12:05pm`, `noon`, `midnight`.
pub(super) fn time_of_day(text: &str) -> Option<(u32, u32)> {
    let lower = text.trim().to_ascii_lowercase();
    match lower.as_str() {
        "noon" => return Some((12, 0)),
        "midnight" => return Some((0, 0)),
        _ => {}
    }
    let (digits, add) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(digits), _) => (digits.trim(), Some(0)),
        (None, Some(digits)) => (digits.trim(), Some(12)),
        (None, None) => (lower.as_str(), None),
    };
    let (hour, minute) = digits.split_once(':').unwrap_or((digits, "0"));
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    let hour = match add {
        Some(add) => (hour % 12).saturating_add(add),
        None => hour,
    };
    (hour < 24 && minute < 60).then_some((hour, minute))
}

/// Fields for the days, at a time of day.
fn at(days: &str, moment: &str, zone: &str) -> When {
    match clock(moment) {
        Some((hour, minute)) => When::cron(format!("{minute} {hour} {days}"), zone),
        None => When::Unread(moment.to_owned()),
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
pub(super) fn weekdays(text: &str) -> Option<String> {
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
            assert_eq!(appengine(text, "UTC"), When::Unread(text.into()), "{text}");
        }
        assert_eq!(python_schedule("hour", ":17", "local"), When::cron("17 * * * *", "local"));
        assert_eq!(python_schedule("day", "10:30", "local"), When::cron("30 10 * * *", "local"));
    }

    #[test]
    fn words_of_fugit_become_fields() {
        let cases = [
            ("every hour at minute 12", "12 * * * *"),
            ("every monday at 9am", "0 9 * * 1"),
            ("every day at midnight", "0 0 * * *"),
            ("at 5am every day", "0 5 * * *"),
            ("every 15 minutes", "*/15 * * * *"),
            ("every weekday at 9:30 pm", "30 21 * * 1-5"),
            ("every monday and friday at 9:30", "30 9 * * 1,5"),
            ("every day at 9am and 5pm", "0 9,17 * * *"),
            ("every hour", "0 * * * *"),
        ];
        for (text, fields) in cases {
            assert_eq!(fugit(text, "local"), When::cron(fields, "local"), "{text}");
        }
        assert_eq!(
            fugit("every day at 5am Europe/Berlin", "local"),
            When::cron("0 5 * * *", "Europe/Berlin")
        );
        assert_eq!(fugit("every 7 minutes", "local"), When::Every("7 minutes".into()));
        let both = When::Several(vec!["30 4 * * *".into(), "0 18 * * *".into()], "local".into());
        assert_eq!(fugit("every day at 4:30 am, 6:00 pm", "local"), both);
        for text in ["every second tuesday at 9am", "every day at five", "sometimes"] {
            assert_eq!(fugit(text, "local"), When::Unread(text.into()), "{text}");
        }
    }
}
