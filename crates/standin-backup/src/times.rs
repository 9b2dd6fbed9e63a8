//! When a backup starts by itself: rarely, some time after its primary, and when nobody else does.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use standin_core::automation::ScheduleSpec;
use standin_core::schedule::Schedule;

/// Monday, 5 January 2026, 00:00 UTC: the week in which fire times are compared. No zone changes its clocks in it.
const WEEK_START: i64 = 1_767_571_200;

/// Minutes of a week.
const WEEK: i64 = 10_080;

/// How often a day a backup starts by itself at the most.
const MOST_A_DAY: usize = 4;

/// How many hours after its primary a backup starts, where the schedule leaves room.
const HOURS_AFTER: u32 = 6;

/// How many minutes after its primary a backup starts at the least, within one hour.
const MINUTES_AFTER: u32 = 10;

/// From how many starts a week on a schedule is everywhere: nothing can keep clear of what starts every other minute.
const EVERYWHERE: usize = 5_040;

/// Minutes of an hour at which everybody's schedules start, and GitHub is late.
const CROWDED: [u32; 10] = [0, 1, 5, 10, 15, 20, 30, 40, 45, 50];

/// How many automations start in each minute of the week.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taken {
    minutes: BTreeMap<i64, u32>,
}

impl Taken {
    /// Notes every start of a schedule, unless it is everywhere.
    pub(crate) fn add(&mut self, cron: &str, timezone: &str) {
        let minutes = fires(cron, timezone);
        if minutes.len() >= EVERYWHERE {
            return;
        }
        for minute in minutes {
            let count = self.minutes.entry(minute).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// The first minute in which most start, and how many those are.
    pub(crate) fn busiest(&self) -> Option<(i64, u32)> {
        let most = self.minutes.values().max()?;
        self.minutes.iter().find(|(_, count)| *count == most).map(|(minute, count)| (*minute, *count))
    }

    /// How often another starts in these minutes. Two others in one minute are twice as bad as one.
    fn collisions(&self, minutes: &[i64]) -> u64 {
        minutes.iter().filter_map(|minute| self.minutes.get(minute)).copied().map(u64::from).sum()
    }
}

/// A minute of the week as a person reads it.
pub(crate) fn spoken(minute: i64) -> String {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let day = usize::try_from(minute / 1_440).ok().and_then(|day| DAYS.get(day)).unwrap_or(&"Monday");
    format!("{day} {:02}:{:02} UTC", minute / 60 % 24, minute % 60)
}

/// The minutes of the week in which a schedule fires.
fn fires(cron: &str, timezone: &str) -> Vec<i64> {
    let zone = if timezone == "local" { "UTC" } else { timezone };
    let (Ok(schedule), Ok(start)) = (Schedule::parse(cron, zone), Timestamp::from_second(WEEK_START - 1))
    else {
        return Vec::new();
    };
    let mut minutes = Vec::new();
    let mut at = start;
    while let Some(next) = schedule.next_after(at) {
        let minute = next.as_second().saturating_sub(WEEK_START) / 60;
        if minute >= WEEK || minutes.len() > 10_080 {
            break;
        }
        minutes.push(minute);
        at = next;
    }
    minutes
}

/// What a backup's schedule came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shifted {
    /// Five fields.
    pub(crate) cron: String,
    /// How often another starts together with it within a week.
    pub(crate) collisions: u64,
}

/// A schedule for the backup of something with this one, in the same time zone: the same days, at most four times a
/// day, after the primary, and as far as possible in minutes that nobody else has. `seed` spreads the backups over the
/// hour. What starts all the time is kept clear of only by its own backup. `None` when five fields cannot say it, as for the last minutes of certain days of the month.
pub(crate) fn after(primary: &ScheduleSpec, taken: &Taken, seed: u64) -> Option<Shifted> {
    let fields = Fields::read(&primary.cron)?;
    let (hours, days_of_week, least) = fields.shifted()?;
    let base = u32::try_from(seed % 60).unwrap_or(0);
    let room = 60_u32.saturating_sub(least);
    let own: BTreeSet<i64> = fires(&primary.cron, &primary.timezone).into_iter().collect();
    let mut best: Option<(usize, Shifted)> = None;
    for is_quiet in [true, false] {
        for step in 0..room {
            // 23 has no divisor in common with 60, so that every minute has its turn.
            let minute = least.saturating_add(base.wrapping_add(step.wrapping_mul(23)) % room);
            if CROWDED.contains(&minute) == is_quiet {
                continue;
            }
            let cron = format!("{minute} {hours} {} {} {days_of_week}", fields.day, fields.month);
            let minutes = fires(&cron, &primary.timezone);
            let with_primary = minutes.iter().filter(|minute| own.contains(minute)).count();
            let collisions = taken.collisions(&minutes);
            let is_better =
                |(own, best): &(usize, Shifted)| (with_primary, collisions) < (*own, best.collisions);
            if best.as_ref().is_none_or(is_better) {
                best = Some((with_primary, Shifted { cron, collisions }));
            }
            if (with_primary, collisions) == (0, 0) {
                return best.map(|(_, best)| best);
            }
        }
    }
    best.map(|(_, best)| best)
}

/// The fields of an expression, as texts and, where they are needed, as numbers.
struct Fields {
    minutes: Vec<u32>,
    hours: Vec<u32>,
    day: String,
    month: String,
    weekday: String,
}

impl Fields {
    fn read(cron: &str) -> Option<Self> {
        let spelled = match cron.trim() {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            other => other,
        };
        let fields: Vec<&str> = spelled.split_ascii_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else { return None };
        Some(Self {
            minutes: numbers(minute, 0..=59)?,
            hours: numbers(hour, 0..=23)?,
            day: (*day).to_owned(),
            month: (*month).to_owned(),
            weekday: (*weekday).to_owned(),
        })
    }

    /// The hours and days of the week of the backup, and the least minute that it may have.
    fn shifted(&self) -> Option<(String, String, u32)> {
        let last_minute = *self.minutes.last()?;
        let is_often = self.minutes.len() > 1 || self.hours.len() > MOST_A_DAY;
        if is_often {
            // Within an hour of the primary's: the newest slot is what it stands in for.
            return Some((list(&spread(&self.hours)), self.weekday.clone(), 0));
        }
        let gap = smallest_gap(&self.hours);
        let wanted = HOURS_AFTER.min(gap / 2).max(1);
        let is_daily = self.day == "*" && self.weekday == "*";
        let last = *self.hours.last()?;
        let shift = |by: u32| -> Vec<u32> {
            let mut hours: Vec<u32> = self.hours.iter().map(|hour| hour.saturating_add(by) % 24).collect();
            hours.sort_unstable();
            hours
        };
        if is_daily {
            return Some((list(&shift(wanted)), self.weekday.clone(), 0));
        }
        let left = 23_u32.saturating_sub(last).min(wanted);
        if left > 0 {
            return Some((list(&shift(left)), self.weekday.clone(), 0));
        }
        // It is in the last hour of its days: the next day, where the day is one of the week.
        if self.day == "*" && self.hours.len() == 1 {
            let next: Vec<u32> = weekdays(&self.weekday)?.iter().map(|day| (day + 1) % 7).collect();
            let (mut next, hours) = (next, vec![wanted.saturating_sub(1)]);
            next.sort_unstable();
            return Some((list(&hours), list(&next), 0));
        }
        let least = last_minute.saturating_add(MINUTES_AFTER);
        (least < 60).then(|| (list(&self.hours), self.weekday.clone(), least))
    }
}

/// At most four of many hours, as far apart as they are.
fn spread(hours: &[u32]) -> Vec<u32> {
    let step = hours.len().div_ceil(MOST_A_DAY).max(1);
    hours.iter().copied().step_by(step).collect()
}

/// The fewest hours between two of them, around the clock.
fn smallest_gap(hours: &[u32]) -> u32 {
    let next = hours.iter().skip(1).copied().chain(hours.first().map(|first| first.saturating_add(24)));
    hours.iter().zip(next).map(|(hour, next)| next.saturating_sub(*hour)).min().unwrap_or(24)
}

fn list(numbers: &[u32]) -> String {
    let written: Vec<String> = numbers.iter().map(u32::to_string).collect();
    written.join(",")
}

/// The numbers that a field stands for, in order; `None` when it is no field of numbers.
fn numbers(field: &str, range: std::ops::RangeInclusive<u32>) -> Option<Vec<u32>> {
    let (low, high) = range.into_inner();
    let mut found = Vec::new();
    for item in field.split(',') {
        let (span, step) = match item.split_once('/') {
            Some((span, step)) => (span, Some(step.parse::<u32>().ok().filter(|step| *step > 0)?)),
            None => (item, None),
        };
        let (from, until) = match (span, span.split_once('-')) {
            ("*", _) => (low, high),
            (_, Some((from, until))) => (from.parse().ok()?, until.parse().ok()?),
            (single, None) => {
                let from = single.parse().ok()?;
                (from, if step.is_some() { high } else { from })
            }
        };
        if from < low || until > high {
            return None;
        }
        let step = usize::try_from(step.unwrap_or(1)).ok()?;
        found.extend((from..=until).step_by(step));
    }
    found.sort_unstable();
    found.dedup();
    Some(found).filter(|found| !found.is_empty())
}

fn weekdays(field: &str) -> Option<Vec<u32>> {
    const NAMES: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    let mut plain = field.to_ascii_lowercase();
    for (number, name) in NAMES.iter().enumerate() {
        plain = plain.replace(name, &number.to_string());
    }
    let mut days: Vec<u32> = numbers(&plain, 0..=7)?.iter().map(|day| day % 7).collect();
    days.sort_unstable();
    days.dedup();
    Some(days)
}

/// A number that is always the same for a text: what spreads backups over the hour.
pub(crate) fn seed(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests;
