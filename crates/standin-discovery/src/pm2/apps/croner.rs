//! Which expressions PM2 takes: the rules of its reader, croner 4. One that it does not take refuses the whole file.

use crate::lines::quote;

/// A field as croner reads it.
struct Field {
    name: &'static str,
    /// How many places it has for values. Days of the week have one more, because 7 is Sunday, too.
    size: u32,
    /// The least value.
    least: u32,
    /// Names that stand for numbers from `least` on.
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: [Field; 6] = [
    Field { name: "seconds", size: 60, least: 0, names: &[] },
    Field { name: "minutes", size: 60, least: 0, names: &[] },
    Field { name: "hours", size: 24, least: 0, names: &[] },
    Field { name: "days of the month", size: 31, least: 1, names: &[] },
    Field { name: "months", size: 12, least: 1, names: &MONTHS },
    Field { name: "days of the week", size: 8, least: 0, names: &DAYS },
];

/// Why PM2 refuses an expression; `None` when it takes it.
pub(super) fn refusal(cron: &str) -> Option<String> {
    // Anything with a colon is a moment of its own.
    if cron.find(':').is_some_and(|at| at > 0) {
        return None;
    }
    let parts: Vec<&str> = cron.split_whitespace().collect();
    let skipped = match parts.len() {
        5 => 1,
        6 => 0,
        _ => {
            let message = "does not know it: it wants five or six fields";
            return Some(format!("`{}`: PM2 {message}", quote(cron)));
        }
    };
    let why = FIELDS.iter().skip(skipped).zip(parts).find_map(|(field, part)| field.refusal(part))?;
    Some(format!("`{}`: PM2 {why}", quote(cron)))
}

impl Field {
    fn refusal(&self, part: &str) -> Option<String> {
        if self.least == 1 && self.names.is_empty() && part.eq_ignore_ascii_case("L") {
            return None;
        }
        let mut plain = part.to_ascii_lowercase();
        for (number, name) in (self.least..).zip(self.names) {
            plain = plain.replace(name, &number.to_string());
        }
        // The first of them stands for the moment at which PM2 reads it.
        let plain = plain.replacen('?', &self.least.to_string(), 1);
        if plain.chars().any(|c| !(c.is_ascii_digit() || "/*,-".contains(c))) {
            return Some(format!("cannot read `{}` among its {}", quote(part), self.name));
        }
        let items: Vec<&str> = plain.split(',').collect();
        if items.len() > 1 && items.iter().any(|item| *item != "*" && item.contains(['-', '/'])) {
            return Some(format!("takes no range and no step in a list of {}", self.name));
        }
        items.into_iter().find_map(|item| self.item(item))
    }

    fn item(&self, item: &str) -> Option<String> {
        if item == "*" {
            return None;
        }
        let (span, step) = item.split_once('/').map_or((item, None), |(span, step)| (span, Some(step)));
        match (step.map(str::parse::<u32>), span.split_once('-')) {
            (Some(Err(_) | Ok(0)), _) => Some(format!("cannot read the step of {} in `{item}`", self.name)),
            (Some(Ok(step)), _) if step > self.size => {
                Some(format!("takes no step of {step}: there are {} {}", self.count(), self.name))
            }
            (_, Some((from, until))) => self.range(from, until),
            // Whatever stands before a step is where it begins.
            (Some(Ok(_)), None) => None,
            (None, None) => match span.parse::<u32>() {
                Ok(value) if self.holds(value) => None,
                Ok(_) => Some(format!("takes no {span} among its {}", self.name)),
                Err(_) => Some(format!("cannot read `{item}` among its {}", self.name)),
            },
        }
    }

    fn range(&self, from: &str, until: &str) -> Option<String> {
        let (Ok(low), Ok(high)) = (from.parse::<u32>(), until.parse::<u32>()) else {
            return Some(format!("cannot read the range `{from}-{until}` among its {}", self.name));
        };
        if !self.holds(low) || !self.holds(high) {
            return Some(format!("takes no {from}-{until} among its {}", self.name));
        }
        (low > high)
            .then(|| format!("takes no range that goes backwards: {from}-{until} of its {}", self.name))
    }

    /// How many values a person counts.
    const fn count(&self) -> u32 {
        if self.size == 8 { 7 } else { self.size }
    }

    const fn holds(&self, value: u32) -> bool {
        value >= self.least && value < self.least.saturating_add(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn what_pm2_takes_is_what_croner_takes() {
        let taken = [
            "*/60 * * * *",
            "0 */24 * * *",
            "0 0 */31 * *",
            "0 0 * */12 *",
            "0 0 * * */8",
            "0 0 L * *",
            "0 9 * * MON-FRI",
            "0 9 ? * 7",
            "1-59/2 0-23 1-31 1-12 0-7",
            "30 0 3 * * *",
            "0,30 * * * *",
            "0 0 1 jan,jul *",
            "2026-01-01T00:00:00",
            "  0 3 * * *  ",
            "5/10 * * * *",
        ];
        for cron in taken {
            assert_eq!(refusal(cron), None, "{cron}");
        }
        let refused = [
            "*/61 * * * *",
            "*/90 * * * *",
            "0 */25 * * *",
            "0 0 */32 * *",
            "0 0 * */13 *",
            "0 0 * * */9",
            "0-59/61 * * * *",
            "1-5,7 * * * *",
            "*/5,3 * * * *",
            "0 9 * * FRI-SUN",
            "60 * * * *",
            "0 24 * * *",
            "0 0 0 * *",
            "0 0 32 * *",
            "0 0 * 13 *",
            "0 0 * * 8",
            "@daily",
            "0 3 * *",
            "0 0 * * monday",
            "0 0 ?? * *",
            "*/0 * * * *",
            "daily at 3",
            "0 0 * * 5L",
            "*/90 * * * * *",
            "5-1 * * * *",
            "",
        ];
        for cron in refused {
            assert!(refusal(cron).is_some(), "{cron}");
        }
        let why = refusal("*/90 * * * *").unwrap_or_default();
        assert_eq!(why, "`*/90 * * * *`: PM2 takes no step of 90: there are 60 minutes");
    }
}
