//! Cron expressions as libraries read them, in the five fields of cron where these say the same.

use crate::aws::expression::{steps, weekday};

/// Whose expression it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Five fields, or six with the seconds first; Sunday is 0.
    Vixie,
    /// Five fields as Go's robfig/cron and Kubernetes read them: `?` is `*`, `@every 1h`, a zone in front.
    Robfig,
    /// The same, and the first of six fields is the seconds.
    RobfigSeconds,
    /// Six fields, the first of them the seconds; both day fields have to match.
    Spring,
    /// As Spring's, with a year if one likes, and Sunday as 1.
    Quartz,
    /// Azure's: six fields, or a span of time.
    Ncrontab,
    /// Cloudflare's: five fields, and Sunday as 1.
    Cloudflare,
}

/// What an expression comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Five(String),
    /// A span.
    Every(String),
    Beyond,
    Wrong(&'static str),
}

/// Reads an expression. What is wrong within a field is left to the check of the five fields.
pub(crate) fn read(text: &str, dialect: Dialect) -> Reading {
    let text = text.trim();
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    match dialect {
        Dialect::Vixie => Reading::Five(text.to_owned()),
        Dialect::Robfig | Dialect::RobfigSeconds => robfig(text, &fields, dialect),
        Dialect::Spring => match fields.as_slice() {
            [name] if name.starts_with('@') => Reading::Five(text.to_owned()),
            [second, rest @ ..] if rest.len() == 5 => with_seconds(second, rest, Sunday::Zero),
            _ => Reading::Wrong("six fields are needed, the first of them for the seconds"),
        },
        Dialect::Quartz => match fields.as_slice() {
            [second, rest @ .., "*" | "?"] if rest.len() == 5 => with_seconds(second, rest, Sunday::One),
            [second, rest @ ..] if rest.len() == 5 => with_seconds(second, rest, Sunday::One),
            [_, rest @ ..] if rest.len() == 6 => Reading::Beyond,
            _ => Reading::Wrong("six or seven fields are needed, the first of them for the seconds"),
        },
        Dialect::Ncrontab => match fields.as_slice() {
            [span] if span.contains(':') => Reading::Every((*span).to_owned()),
            [second, rest @ ..] if rest.len() == 5 => with_seconds(second, rest, Sunday::Zero),
            _ if fields.len() == 5 => Reading::Five(text.to_owned()),
            _ => Reading::Wrong("five or six fields are needed"),
        },
        Dialect::Cloudflare => match fields.as_slice() {
            [_, _, day, _, week] if *day != "*" && *week != "*" => Reading::Beyond,
            [minute, hour, day, month, week] => days(minute, hour, (day, month, week), Sunday::One),
            _ => Reading::Wrong("five fields are needed"),
        },
    }
}

/// Which number a week's first day has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sunday {
    Zero,
    One,
}

fn robfig(text: &str, fields: &[&str], dialect: Dialect) -> Reading {
    if let Some(span) = text.strip_prefix("@every ") {
        return Reading::Every(span.trim().to_owned());
    }
    if text.starts_with('@') {
        return Reading::Five(text.to_owned());
    }
    let plain = |fields: &[&str]| {
        let fields: Option<Vec<String>> = fields
            .iter()
            .zip([59, 23, 31, 12, 6])
            .map(|(field, most)| if *field == "?" { Some("*".to_owned()) } else { open_steps(field, most) })
            .collect();
        fields.map_or(Reading::Beyond, |fields| Reading::Five(fields.join(" ")))
    };
    match (dialect, fields) {
        (Dialect::RobfigSeconds, ["0" | "00", rest @ ..]) if rest.len() == 5 => plain(rest),
        (Dialect::RobfigSeconds, [_, rest @ ..]) if rest.len() == 5 => Reading::Beyond,
        // Its older readers leave the day of the week out.
        (Dialect::RobfigSeconds, ["0" | "00", rest @ ..]) if rest.len() == 4 => {
            let mut rest = rest.to_vec();
            rest.push("*");
            plain(&rest)
        }
        (Dialect::RobfigSeconds, _) => {
            Reading::Wrong("six fields are needed, the first of them for the seconds")
        }
        (_, five) if five.len() == 5 => plain(five),
        (_, _) => Reading::Wrong("five fields are needed"),
    }
}

/// `5/10` is from 5 to the end of the field; the names of days are left as they are.
fn open_steps(field: &str, most: u32) -> Option<String> {
    if field.contains('/') && !field.contains(|c: char| c.is_ascii_alphabetic()) {
        steps(field, most)
    } else {
        Some(field.to_owned())
    }
}

fn with_seconds(second: &str, rest: &[&str], sunday: Sunday) -> Reading {
    let [minute, hour, day, month, week] = rest else {
        return Reading::Wrong("six fields are needed, the first of them for the seconds");
    };
    if !matches!(second, "0" | "00") && !second.parse::<u32>().is_ok_and(|second| second < 60) {
        return Reading::Beyond;
    }
    days(minute, hour, (day, month, week), sunday)
}

/// Both day fields have to match, which cron cannot say where both are given.
fn days(minute: &str, hour: &str, (day, month, week): (&str, &str, &str), sunday: Sunday) -> Reading {
    let is_any = |field: &str| matches!(field, "*" | "?");
    if !is_any(day) && !is_any(week) {
        return Reading::Beyond;
    }
    let day = if is_any(day) { Some("*".to_owned()) } else { steps(day, 31) };
    let week = match (is_any(week), sunday) {
        (true, _) => Some("*".to_owned()),
        (false, Sunday::One) => weekday(week),
        (false, Sunday::Zero) => (!week.contains(['L', '#'])).then(|| week.to_owned()),
    };
    match (steps(minute, 59), steps(hour, 23), day, steps(month, 12), week) {
        (Some(minute), Some(hour), Some(day), Some(month), Some(week)) => {
            Reading::Five(format!("{minute} {hour} {day} {month} {week}"))
        }
        _ => Reading::Beyond,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_is_read_as_its_own() {
        let five = [
            ("0 0 9 * * ?", Dialect::Spring, "0 9 * * *"),
            ("0 */5 * * * *", Dialect::Spring, "*/5 * * * *"),
            ("0 0/30 8-17 * * MON-FRI", Dialect::Spring, "*/30 8-17 * * MON-FRI"),
            ("@daily", Dialect::Spring, "@daily"),
            ("0 15 10 ? * 2-6", Dialect::Quartz, "15 10 * * 1-5"),
            ("0 15 10 * * ? *", Dialect::Quartz, "15 10 * * *"),
            ("0 30 9 * * 1-5", Dialect::Ncrontab, "30 9 * * 1-5"),
            ("*/5 * * * *", Dialect::Ncrontab, "*/5 * * * *"),
            ("0 17 * * 1", Dialect::Cloudflare, "0 17 * * 0"),
            ("0 17 * * SUN", Dialect::Cloudflare, "0 17 * * SUN"),
            ("5/10 * ? * *", Dialect::Robfig, "5-59/10 * * * *"),
            ("0 0 23 * * ?", Dialect::RobfigSeconds, "0 23 * * *"),
            ("@hourly", Dialect::Robfig, "@hourly"),
        ];
        for (text, dialect, wanted) in five {
            assert_eq!(read(text, dialect), Reading::Five(wanted.into()), "{text}");
            assert!(crate::cron::check(wanted, "UTC").is_ok(), "{wanted}");
        }
        let every = [("@every 1h30m", Dialect::Robfig, "1h30m"), ("00:05:00", Dialect::Ncrontab, "00:05:00")];
        for (text, dialect, wanted) in every {
            assert_eq!(read(text, dialect), Reading::Every(wanted.into()), "{text}");
        }
    }

    #[test]
    fn the_rest_is_beyond_or_wrong() {
        let beyond = [
            ("*/10 * * * * *", Dialect::Spring),
            ("0 0 0 L * ?", Dialect::Spring),
            ("0 0 0 1 * MON", Dialect::Spring),
            ("0 0 0 ? * 6#3 2030", Dialect::Quartz),
            ("0 0 1 * 2", Dialect::Cloudflare),
            ("59 23 LW * *", Dialect::Cloudflare),
            ("*/15 * * * * *", Dialect::RobfigSeconds),
        ];
        for (text, dialect) in beyond {
            assert_eq!(read(text, dialect), Reading::Beyond, "{text}");
        }
        let wrong = [
            ("0 3 * * *", Dialect::Spring),
            ("0 3 * * *", Dialect::Quartz),
            ("0 0 3 * * *", Dialect::Robfig),
            ("0 0 3 * * *", Dialect::Cloudflare),
            ("", Dialect::Ncrontab),
        ];
        for (text, dialect) in wrong {
            assert!(matches!(read(text, dialect), Reading::Wrong(_)), "{text}");
        }
    }
}
