//! `cron(…)`, `rate(…)` and `at(…)`, in five fields where these say the same.

use super::Service;

/// What an expression means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The same in five fields.
    Cron(String),
    /// Valid, and more than five fields can say.
    Beyond(&'static str),
    /// AWS refuses it.
    Wrong(&'static str),
}

/// Reads an expression of AWS.
pub(crate) fn translate(text: &str, service: Service) -> Meaning {
    let text = text.trim();
    let inner = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(fields) = inner("cron") {
        cron(fields)
    } else if let Some(rate) = inner("rate") {
        self::rate(rate, service)
    } else if let Some(moment) = inner("at") {
        at(moment, service)
    } else {
        Meaning::Wrong("it is neither cron(…) nor rate(…)")
    }
}

fn rate(text: &str, service: Service) -> Meaning {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [number, unit] = words.as_slice() else { return Meaning::Wrong("a rate is a number and a unit") };
    let Ok(number) = number.parse::<u32>() else {
        return Meaning::Wrong("a rate begins with a whole number");
    };
    let is_plural = match *unit {
        "minute" | "hour" | "day" => false,
        "minutes" | "hours" | "days" => true,
        _ => return Meaning::Wrong("the unit is minutes, hours or days"),
    };
    if number == 0 {
        return Meaning::Wrong("a rate is 1 or more");
    }
    if service == Service::Rule && is_plural != (number > 1) {
        return Meaning::Wrong("the unit is singular after 1 and plural after more");
    }
    if number == 1 && unit.starts_with("minute") {
        return Meaning::Cron("* * * * *".into());
    }
    Meaning::Beyond("a rate counts from the moment at which the rule was made")
}

fn at(text: &str, service: Service) -> Meaning {
    let is_moment = text.len() == 19 && text.get(10..11) == Some("T") && text.get(4..5) == Some("-");
    match (service, is_moment) {
        (Service::Rule, _) => Meaning::Wrong("only EventBridge Scheduler knows at(…)"),
        (Service::Scheduler, false) => Meaning::Wrong("a moment is yyyy-mm-ddThh:mm:ss"),
        (Service::Scheduler, true) => Meaning::Beyond("it runs once"),
    }
}

fn cron(text: &str) -> Meaning {
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let [minute, hour, day, month, weekday, year] = fields.as_slice() else {
        return Meaning::Wrong("cron(…) has six fields: minute, hour, day, month, weekday, year");
    };
    let days = match (*day, *weekday) {
        ("?", "?") => return Meaning::Wrong("only one of day and weekday is ?"),
        (_, weekday) if weekday.split([',', '-', '/', '#']).any(is_no_day) => {
            return Meaning::Wrong("days of the week are 1 (Sunday) to 7 (Saturday), or SUN to SAT");
        }
        ("?", weekday) => self::weekday(weekday).map(|weekday| ("*".to_owned(), weekday)),
        (day, "?") => steps(day, 31).map(|day| (day, "*".to_owned())),
        (_, _) => return Meaning::Wrong("one of day and weekday has to be ?"),
    };
    if *year != "*" {
        return Meaning::Beyond("it names years");
    }
    let rest = (steps(minute, 59), steps(hour, 23), steps(month, 12));
    match (days, rest) {
        (Some((day, weekday)), (Some(minute), Some(hour), Some(month))) => {
            Meaning::Cron(format!("{minute} {hour} {day} {month} {weekday}"))
        }
        (None, _) | (_, _) => Meaning::Beyond("it uses L, W, # or a range that five fields do not have"),
    }
}

/// Whether the first number of a weekday is none of 1 to 7.
fn is_no_day(part: &str) -> bool {
    part.parse::<u32>().is_ok_and(|number| number == 0 || number > 7)
}

/// A field in which `5/10` is from 5 on, as `5-most/10`. `None` for L, W and #, which five fields do not have.
pub(crate) fn steps(field: &str, most: u32) -> Option<String> {
    let items: Option<Vec<String>> = field
        .split(',')
        .map(|item| {
            let (range, step) =
                item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
            if !range.split('-').all(is_plain) {
                return None;
            }
            if let Some(list) = around(range, step, most) {
                return Some(list);
            }
            Some(match step {
                None => range.to_owned(),
                Some(step) if range == "*" || (range == "0" && most > 12 && most != 31) => {
                    format!("*/{step}")
                }
                Some(step) if range.contains('-') => format!("{range}/{step}"),
                Some(step) => format!("{range}-{most}/{step}"),
            })
        })
        .collect();
    items.map(|items| items.join(","))
}

/// `22-2` hours as `22,23,0,1,2`: a range that goes on behind the end of its field, which five fields do not have.
fn around(range: &str, step: Option<&str>, most: u32) -> Option<String> {
    const MONTHS: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let value = |text: &str| {
        let month = MONTHS.iter().position(|month| most == 12 && month.eq_ignore_ascii_case(text));
        month.map_or_else(|| text.parse().ok(), |at| u32::try_from(at).ok()?.checked_add(1))
    };
    let least = u32::from(most == 31 || most == 12);
    let (from, to) = range.split_once('-')?;
    unrolled((value(from)?, value(to)?), step, (least, most))
}

/// The values of a range that goes backwards, in order, within a field.
fn unrolled((from, to): (u32, u32), step: Option<&str>, (least, most): (u32, u32)) -> Option<String> {
    let step = step.map_or(Some(1), |step| step.parse::<usize>().ok().filter(|step| *step > 0))?;
    if from <= to || from > most || to < least {
        return None;
    }
    let mut values: Vec<u32> = (from..=most).chain(least..=to).step_by(step).collect();
    values.sort_unstable();
    let values: Vec<String> = values.iter().map(u32::to_string).collect();
    Some(values.join(","))
}

/// `*`, a number, or the three letters of a month.
fn is_plain(part: &str) -> bool {
    let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    part == "*" || is_number || (part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// Days of the week count from 1 for Sunday here.
pub(crate) fn weekday(field: &str) -> Option<String> {
    let items: Option<Vec<String>> = field
        .split(',')
        .map(|item| {
            let (range, step) =
                item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
            let span = range.split_once('-').and_then(|(from, to)| Some((number_of(from)?, number_of(to)?)));
            if let Some(list) = span.and_then(|span| unrolled(span, step, (0, 6))) {
                return Some(list);
            }
            let range = match range.split_once('-') {
                None if range == "*" => "*".to_owned(),
                None if step.is_some() => format!("{}-6", day(range)?),
                None => day(range)?,
                Some((from, to)) => format!("{}-{}", day(from)?, day(to)?),
            };
            Some(step.map_or_else(|| range.clone(), |step| format!("{range}/{step}")))
        })
        .collect();
    items.map(|items| items.join(","))
}

/// The number that a day has among five fields.
fn number_of(day: &str) -> Option<u32> {
    const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
    let named = DAYS.iter().position(|name| name.eq_ignore_ascii_case(day));
    let named = named.and_then(|at| u32::try_from(at).ok());
    named.or_else(|| day.parse::<u32>().ok().filter(|number| (1..=7).contains(number))?.checked_sub(1))
}

fn day(text: &str) -> Option<String> {
    if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Some(text.to_owned());
    }
    match text.parse::<u32>() {
        Ok(number @ 1..=7) => Some(number.saturating_sub(1).to_string()),
        // Out of range: the check of the five fields says so.
        Ok(number) => Some(number.saturating_add(50).to_string()),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_fields_become_five_where_that_is_exact() {
        let cases = [
            ("cron(0 3 * * ? *)", "0 3 * * *"),
            ("cron(0 3 ? * * *)", "0 3 * * *"),
            ("cron(15 10 ? * 6 *)", "15 10 * * 5"),
            ("cron(0 18 ? * MON-FRI *)", "0 18 * * MON-FRI"),
            ("cron(0 8 1 * ? *)", "0 8 1 * *"),
            ("cron(0/15 * * * ? *)", "*/15 * * * *"),
            ("cron(5/15 8-17 ? * 2-6 *)", "5-59/15 8-17 * * 1-5"),
            ("cron(0 0 1 JAN,JUL ? *)", "0 0 1 JAN,JUL *"),
            ("cron(0 0 1 1/3 ? *)", "0 0 1 1-12/3 *"),
            ("rate(1 minute)", "* * * * *"),
            ("cron(0 2 ? * SAT-SUN *)", "0 2 * * 0,6"),
            ("cron(0 2 ? * 7-1 *)", "0 2 * * 0,6"),
            ("cron(0 2 ? * 6-2/2 *)", "0 2 * * 0,5"),
            ("cron(0/30 20-2 ? * MON-FRI *)", "*/30 0,1,2,20,21,22,23 * * MON-FRI"),
            ("cron(0 0 1 NOV-FEB ? *)", "0 0 1 1,2,11,12 *"),
        ];
        for (text, fields) in cases {
            assert_eq!(translate(text, Service::Rule), Meaning::Cron(fields.into()), "{text}");
            assert!(crate::cron::check(fields, "UTC").is_ok(), "{fields}");
        }
    }

    #[test]
    fn the_rest_is_beyond_or_wrong() {
        let beyond = [
            "rate(5 minutes)",
            "rate(1 hour)",
            "cron(0 0 L * ? *)",
            "cron(0 0 ? * 6#3 *)",
            "cron(0 0 15W * ? *)",
            "cron(0 0 ? * 6L *)",
            "cron(0 0 1 1 ? 2030)",
        ];
        for text in beyond {
            assert!(matches!(translate(text, Service::Rule), Meaning::Beyond(_)), "{text}");
        }
        let wrong = [
            "rate(1 minutes)",
            "rate(5 minute)",
            "rate(0 days)",
            "rate(2 weeks)",
            "cron(0 3 * * *)",
            "cron(0 3 * * * *)",
            "cron(0 3 1 * 2 *)",
            "cron(0 3 ? * 8 *)",
            "cron(0 3 ? * 0 *)",
            "cron(0 3 ? * ? *)",
            "0 3 * * *",
            "@daily",
            "",
            "at(2030-01-01T00:00:00)",
        ];
        for text in wrong {
            assert!(matches!(translate(text, Service::Rule), Meaning::Wrong(_)), "{text}");
        }
        assert!(matches!(translate("at(2030-01-01T00:00:00)", Service::Scheduler), Meaning::Beyond(_)));
        assert!(matches!(translate("rate(1 minutes)", Service::Scheduler), Meaning::Cron(_)));
    }
}
