//! The named schedules of Nest: `CronExpression.EVERY_DAY_AT_3AM`.

/// The fields of a name. `None` for one that is not known.
pub(super) fn expression(name: &str) -> Option<String> {
    let whole = match name {
        "EVERY_SECOND" => "* * * * * *",
        "EVERY_MINUTE" => "* * * * *",
        "EVERY_HOUR" => "0 * * * *",
        "EVERY_WEEK" => "0 0 * * 0",
        "EVERY_WEEKDAY" => "0 0 * * 1-5",
        "EVERY_WEEKEND" => "0 0 * * 6,0",
        "EVERY_1ST_DAY_OF_MONTH_AT_MIDNIGHT" => "0 0 1 * *",
        "EVERY_1ST_DAY_OF_MONTH_AT_NOON" => "0 12 1 * *",
        "EVERY_2ND_HOUR" => "0 */2 * * *",
        "EVERY_2ND_HOUR_FROM_1AM_THROUGH_11PM" => "0 1-23/2 * * *",
        "EVERY_2ND_MONTH" => "0 0 1 */2 *",
        "EVERY_QUARTER" => "0 0 1 */3 *",
        "EVERY_6_MONTHS" => "0 0 1 */6 *",
        "EVERY_30_MINUTES_BETWEEN_9AM_AND_5PM" => "*/30 9-17 * * *",
        "EVERY_30_MINUTES_BETWEEN_9AM_AND_6PM" => "*/30 9-18 * * *",
        "EVERY_30_MINUTES_BETWEEN_10AM_AND_7PM" => "*/30 10-19 * * *",
        _ => return parts(name),
    };
    Some(whole.to_owned())
}

fn parts(name: &str) -> Option<String> {
    if let Some(time) = name.strip_prefix("EVERY_DAY_AT_") {
        return Some(format!("0 {} * * *", hour(time)?));
    }
    if let Some(time) = name.strip_prefix("MONDAY_TO_FRIDAY_AT_") {
        let (time, minute) = match time.split_once('_') {
            Some((time, half)) => {
                (format!("{time}{}", half.trim_start_matches(|c: char| c.is_ascii_digit())), 30)
            }
            None => (time.to_owned(), 0),
        };
        return Some(format!("{minute} {} * * 1-5", hour(&time)?));
    }
    let (count, unit) = name.strip_prefix("EVERY_")?.split_once('_')?;
    let count: u32 = count.parse().ok()?;
    match unit {
        "SECONDS" => Some(format!("*/{count} * * * * *")),
        "MINUTES" => Some(format!("*/{count} * * * *")),
        "HOURS" => Some(format!("0 */{count} * * *")),
        _ => None,
    }
}

/// `3AM`, `11PM`, `NOON`, `MIDNIGHT`.
fn hour(text: &str) -> Option<u32> {
    match (text, text.strip_suffix("AM"), text.strip_suffix("PM")) {
        ("NOON", _, _) => Some(12),
        ("MIDNIGHT", _, _) => Some(0),
        (_, Some(hour), _) => hour.parse::<u32>().ok().map(|hour| hour % 12),
        (_, _, Some(hour)) => hour.parse::<u32>().ok().map(|hour| (hour % 12).saturating_add(12)),
        (_, None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_become_fields() {
        let cases = [
            ("EVERY_5_MINUTES", "*/5 * * * *"),
            ("EVERY_10_SECONDS", "*/10 * * * * *"),
            ("EVERY_12_HOURS", "0 */12 * * *"),
            ("EVERY_DAY_AT_MIDNIGHT", "0 0 * * *"),
            ("EVERY_DAY_AT_12AM", "0 0 * * *"),
            ("EVERY_DAY_AT_11PM", "0 23 * * *"),
            ("MONDAY_TO_FRIDAY_AT_9AM", "0 9 * * 1-5"),
            ("MONDAY_TO_FRIDAY_AT_11_30AM", "30 11 * * 1-5"),
            ("EVERY_QUARTER", "0 0 1 */3 *"),
        ];
        for (name, fields) in cases {
            assert_eq!(super::expression(name).as_deref(), Some(fields), "{name}");
        }
        assert_eq!(super::expression("EVERY_SO_OFTEN"), None);
    }
}
