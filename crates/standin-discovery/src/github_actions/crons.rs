//! Cron expressions as GitHub reads them: five fields of numbers and names, `,`, `-`, `/` and `*`, and nothing else.

use std::borrow::Cow;

use crate::lines::quote;

mod comments;

pub(super) use comments::{Clock, contradiction, in_plain_words};

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// When it fires, as sets of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    any_day: bool,
    any_weekday: bool,
    has_day: bool,
    has_weekday: bool,
}

/// Why GitHub refuses an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) rule: &'static str,
    pub(super) message: String,
    pub(super) fix: Cow<'static, str>,
}

struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    names: &'static [&'static str],
    /// An example of the next larger unit.
    larger: &'static str,
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, names: &[], larger: "'0 * * * *' for every hour" },
    Field { name: "hour", least: 0, most: 23, names: &[], larger: "'0 0 * * *' for every day" },
    Field { name: "day of the month", least: 1, most: 31, names: &[], larger: "'0 0 1 * *' for every month" },
    Field {
        name: "month",
        least: 1,
        most: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        larger: "'0 0 1 1 *' for every year",
    },
    Field {
        name: "day of the week",
        least: 0,
        most: 6,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
        larger: "'0 0 * * 0' for every week",
    },
];

/// Days of each month in a leap year.
const LONGEST_MONTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    /// Why GitHub would refuse it.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let parts: Vec<&str> = text.split(' ').filter(|part| !part.is_empty()).collect();
        foreign(text, &parts)?;
        let mut sets = [0_u64; 5];
        for ((field, part), set) in FIELDS.iter().zip(&parts).zip(&mut sets) {
            *set = field.read(part)?;
        }
        let [minutes, hours, days, months, weekdays] = sets;
        // What begins with a star restricts nothing, and the other of the two day fields decides alone.
        let is_any = |at: usize| parts.get(at).is_some_and(|part| part.starts_with('*'));
        let is_said = |at: usize| parts.get(at).is_some_and(|part| *part != "*");
        let (any_day, any_weekday, has_day, has_weekday) = (is_any(2), is_any(4), is_said(2), is_said(4));
        Ok(Self { minutes, hours, days, months, weekdays, any_day, any_weekday, has_day, has_weekday })
    }

    /// Whether any day matches.
    pub(super) fn can_fire(&self) -> bool {
        let has_day = |(month, length): (usize, &u32)| {
            let in_month = u64::MAX >> 63_u32.saturating_sub(*length);
            self.months >> month.saturating_add(1) & 1 == 1 && self.days & in_month != 0
        };
        (!self.any_weekday && !self.any_day) || LONGEST_MONTHS.iter().enumerate().any(has_day)
    }

    /// Both day fields say something: some implementations ask that both match, others that either does.
    pub(super) const fn has_two_day_fields(&self) -> bool {
        let is_every_day = self.days == full(1, 31) && self.weekdays == full(0, 6);
        self.has_day && self.has_weekday && !is_every_day
    }

    /// The one time of the day at which it fires, if there is only one.
    pub(super) fn time_of_day(&self) -> Option<(u32, u32)> {
        let is_one = self.hours.is_power_of_two() && self.minutes.is_power_of_two();
        is_one.then(|| (self.hours.trailing_zeros(), self.minutes.trailing_zeros()))
    }

    /// The one day of the week on which it fires, counted from Sunday, if there is only one.
    pub(super) fn only_weekday(&self) -> Option<usize> {
        let is_one = self.weekdays.is_power_of_two() && self.days == full(1, 31);
        is_one.then(|| usize::try_from(self.weekdays.trailing_zeros()).unwrap_or(usize::MAX))
    }

    /// Whether it says nothing of the days of the week.
    pub(super) fn names_no_weekday(&self) -> bool {
        self.weekdays == full(0, 6)
    }

    /// The shortest time between two runs, in minutes. Between runs of different days it is a lower bound.
    pub(super) fn shortest_gap(&self) -> u32 {
        let slots: Vec<u32> = bits(self.hours)
            .flat_map(|hour| {
                bits(self.minutes).map(move |minute| hour.saturating_mul(60).saturating_add(minute))
            })
            .collect();
        let within = slots.windows(2).filter_map(|pair| pair.get(1)?.checked_sub(*pair.first()?)).min();
        let (first, last) = (slots.first().copied().unwrap_or(0), slots.last().copied().unwrap_or(0));
        let over_night =
            self.shortest_day_gap().saturating_mul(DAY).saturating_add(first).saturating_sub(last);
        within.map_or(over_night, |within| within.min(over_night))
    }

    /// The smallest number of days between two days on which it fires.
    fn shortest_day_gap(&self) -> u32 {
        let in_week = around(self.weekdays, 7);
        // Where a month ends, the gap differs from month to month, and says nothing.
        let in_month = within(self.days).unwrap_or(28);
        match (self.days == full(1, 31), self.weekdays == full(0, 6)) {
            (true, true) => 1,
            (true, false) => in_week,
            (false, true) if self.days.count_ones() == 1 => self.months_between().saturating_mul(28),
            (false, true) => in_month,
            (false, false) => in_week.min(in_month).min(1),
        }
    }

    fn months_between(&self) -> u32 {
        around(self.months, 12)
    }
}

/// The smallest distance of two set bits on a ring of `length`; `length` if there is only one.
fn around(set: u64, length: u32) -> u32 {
    let (first, last) = (bits(set).next().unwrap_or(0), bits(set).last().unwrap_or(0));
    let over = first.saturating_add(length).saturating_sub(last);
    within(set).map_or(over, |within| within.min(over))
}

/// The smallest distance of two set bits.
fn within(set: u64) -> Option<u32> {
    let places: Vec<u32> = bits(set).collect();
    places.windows(2).filter_map(|pair| pair.get(1)?.checked_sub(*pair.first()?)).min()
}

fn bits(set: u64) -> impl Iterator<Item = u32> {
    (0..64_u32).filter(move |bit| set >> bit & 1 == 1)
}

/// The bits from `least` to `most`.
const fn full(least: u32, most: u32) -> u64 {
    (u64::MAX >> 63_u32.saturating_sub(most)) & (u64::MAX << least)
}

/// Syntax of other schedulers, which is told apart from mere mistakes.
fn foreign(text: &str, parts: &[&str]) -> Result<(), Refusal> {
    let refuse = |rule, message: String, fix: Cow<'static, str>| Err(Refusal { rule, message, fix });
    let shown = quote(text);
    if text.starts_with('@') {
        let message = format!("`{shown}` is not in the cron syntax that GitHub documents");
        return refuse("cron-macro", message, as_five_fields(text));
    }
    if text.starts_with("cron(") || text.starts_with("rate(") {
        let message = format!("`{shown}` is how AWS writes schedules, and GitHub does not read it");
        return refuse("cron-foreign", message, as_five_fields(text));
    }
    if parts.len() == 6 || parts.len() == 7 {
        let message = format!(
            "GitHub's cron has five fields without seconds and years, and `{shown}` has {}",
            parts.len()
        );
        return refuse(
            "cron-six-fields",
            message,
            "Leave out the field of the seconds, or of the year.".into(),
        );
    }
    let is_padded = text.starts_with(' ') || text.ends_with(' ') || text.contains(['\t', '\n', '\r']);
    if parts.len() != 5 || is_padded {
        let message = format!("`{shown}` is not five fields with spaces between them");
        return refuse(
            "cron-invalid",
            message,
            "Write minute, hour, day, month and day of the week, such as '0 3 * * *'.".into(),
        );
    }
    Ok(())
}

/// What to write in place of a schedule in the words of another scheduler.
fn as_five_fields(text: &str) -> Cow<'static, str> {
    match equal(text).filter(|cron| Cron::parse(cron).is_ok()) {
        Some(cron) => format!("Write it as five fields: '{cron}'.").into(),
        None => "Write it as five fields, minute first, such as '30 3 * * *' for 3:30 each day.".into(),
    }
}

/// The five fields that say the same, where they are easily told.
fn equal(text: &str) -> Option<String> {
    let macros = [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ];
    if let Some((_, cron)) = macros.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)) {
        return Some((*cron).to_owned());
    }
    let (kind, inner) = text.trim().strip_suffix(')')?.split_once('(')?;
    let fields: Vec<&str> = inner.split_ascii_whitespace().collect();
    match (kind, fields.as_slice()) {
        // The days of the week have other numbers there.
        ("cron", [minute, hour, day, month, weekday, ..])
            if !weekday.contains(|c: char| c.is_ascii_digit()) =>
        {
            Some([minute, hour, day, month, weekday].map(|field| field.replace('?', "*")).join(" "))
        }
        ("rate", [count, unit]) => {
            let count: u32 = count.parse().ok()?;
            let divides = |whole: u32| whole.checked_rem(count) == Some(0) && count < whole;
            match (count, unit.trim_end_matches('s')) {
                (1, "minute") => Some("*/5 * * * *".to_owned()),
                (count, "minute") if divides(60) => Some(format!("*/{count} * * * *")),
                (60, "minute") | (1, "hour") => Some("0 * * * *".to_owned()),
                (count, "hour") if divides(24) => Some(format!("0 */{count} * * *")),
                (24, "hour") | (1, "day") => Some("0 0 * * *".to_owned()),
                (7, "day") => Some("0 0 * * 0".to_owned()),
                _ => None,
            }
        }
        _ => None,
    }
}

impl Field {
    fn read(&self, text: &str) -> Result<u64, Refusal> {
        text.split(',').try_fold(0, |set, part| Ok(set | self.part(part, text)?))
    }

    fn part(&self, part: &str, whole: &str) -> Result<u64, Refusal> {
        let (range, step) = match part.split_once('/') {
            None => (part, None),
            Some((range, step)) => (range, Some(self.step(step, whole)?)),
        };
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (self.number(from, whole)?, self.number(to, whole)?),
            None if range == "*" => (self.least, self.most),
            None => {
                let from = self.number(range, whole)?;
                (from, if step.is_some() { self.most } else { from })
            }
        };
        if from > to {
            let message = format!("the {} `{}` ends before it begins", self.name, quote(whole));
            let fix = "Begin with the smaller one, or write two ranges with a comma.";
            return Err(Refusal { rule: "cron-invalid", message, fix: fix.into() });
        }
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(1);
        Ok((from..=to).step_by(step.max(1)).fold(0, |set, at| set | 1 << at))
    }

    fn step(&self, step: &str, whole: &str) -> Result<u32, Refusal> {
        let number = digits(step).ok_or_else(|| self.refusal(whole))?;
        if number == 0 || number < self.least {
            return Err(self.refusal(whole));
        }
        if number > self.most {
            let message = format!("a step of {number} is larger than the field of the {} itself", self.name);
            let fix = format!(
                "Take a smaller step; for the next larger unit write one value here, as in {}.",
                self.larger
            );
            return Err(Refusal { rule: "cron-step-too-large", message, fix: fix.into() });
        }
        Ok(number)
    }

    fn number(&self, text: &str, whole: &str) -> Result<u32, Refusal> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        if let Some(at) = named.and_then(|at| u32::try_from(at).ok()) {
            return Ok(at.saturating_add(self.least));
        }
        let number = digits(text).filter(|number| (self.least..=self.most).contains(number));
        match (number, self.least == 0 && self.most == 6 && digits(text) == Some(7)) {
            (Some(number), _) => Ok(number),
            (None, true) => {
                let message = "day 7 of the week is not in the cron syntax that GitHub documents".to_owned();
                Err(Refusal { rule: "cron-day-seven", message, fix: "Write Sunday as 0 or SUN.".into() })
            }
            (None, false) => Err(self.refusal(whole)),
        }
    }

    fn refusal(&self, whole: &str) -> Refusal {
        let message = format!(
            "`{}` is no {}: it takes {} to {}, `*`, `,`, `-` and `/`",
            quote(whole),
            self.name,
            self.least,
            self.most
        );
        Refusal { rule: "cron-invalid", message, fix: "Correct the schedule at this line.".into() }
    }
}

fn digits(text: &str) -> Option<u32> {
    let is_plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// Whether a text looks like a cron expression, whatever GitHub would say to it.
pub(super) fn looks_like_one(text: &str) -> bool {
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let is_field = |field: &&str| {
        field.bytes().all(|b| b.is_ascii_alphanumeric() || b"*/,-".contains(&b))
            && field.starts_with(|c: char| c.is_ascii_digit() || c == '*')
    };
    fields.len() == 5 && fields.iter().take(3).all(is_field)
}

#[cfg(test)]
mod tests;
