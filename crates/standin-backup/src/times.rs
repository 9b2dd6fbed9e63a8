//! When a backup starts by itself: rarely, some time after its primary, and when nobody else does.

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

/// From how many starts a week on a schedule is everywhere: nothing can keep clear of what starts every minute.
const EVERYWHERE: usize = 10_080;

/// Minutes of an hour at which everybody's schedules start, and GitHub is late.
const CROWDED: [u32; 10] = [0, 1, 5, 10, 15, 20, 30, 40, 45, 50];

/// How many automations start in each minute of the week.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taken {
    /// One number a minute; as long as the last minute in which anything starts.
    minutes: Vec<u32>,
}

impl Taken {
    /// Notes every start of a schedule, unless it is everywhere.
    pub(crate) fn add(&mut self, cron: &str, timezone: &str) {
        let fires = fires(cron, timezone);
        for minute in fires.iter().filter(|_| fires.len() < EVERYWHERE) {
            let Ok(at) = usize::try_from(*minute) else { continue };
            if self.minutes.len() <= at {
                self.minutes.resize(at.saturating_add(1), 0);
            }
            if let Some(count) = self.minutes.get_mut(at) {
                *count = count.saturating_add(1);
            }
        }
    }

    /// The first minute in which most start, and how many those are.
    pub(crate) fn busiest(&self) -> Option<(i64, u32)> {
        let most = self.minutes.iter().max().filter(|most| **most > 0)?;
        let at = self.minutes.iter().position(|count| count == most)?;
        Some((i64::try_from(at).ok()?, *most))
    }

    /// How many start together with each of these, so many minutes later.
    fn beside(&self, fires: &[i64], later: u32) -> impl Iterator<Item = u32> {
        fires.iter().filter_map(move |fire| {
            let at = usize::try_from(fire.saturating_add(i64::from(later)).rem_euclid(WEEK)).ok()?;
            self.minutes.get(at).copied().filter(|count| *count > 0)
        })
    }

    /// How many starts of a schedule within a week fall together with another's.
    pub(crate) fn collisions(&self, cron: &str, timezone: &str) -> usize {
        self.beside(&fires(cron, timezone), 0).count()
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
    /// How many of its starts within a week fall together with another's.
    pub(crate) collisions: usize,
}

/// A schedule for the backup of something with this one, in the same time zone: the same days, at most four times a
/// day, after the primary, and as far as possible in minutes that nobody else has; where somebody has each of them, in
/// those that fewest have. `seed` spreads the backups over the hour. `None` when five fields cannot say it, as for the
/// last minutes of certain days of the month.
pub(crate) fn after(primary: &ScheduleSpec, taken: &Taken, seed: u64) -> Option<Shifted> {
    let fields = Fields::read(&primary.cron)?;
    let days = fields.shifted();
    let base = u32::try_from(seed % 60).unwrap_or(0);
    let mut best: Option<(u32, Shifted)> = None;
    let starts: Vec<Vec<i64>> = days.iter().map(|day| fires(&fields.at(0, day), &primary.timezone)).collect();
    for is_quiet in [true, false] {
        for (day, starts) in days.iter().zip(&starts) {
            let room = 60_u32.saturating_sub(day.least);
            for step in 0..room {
                // 23 has no divisor in common with 60, so that every minute has its turn.
                let minute = day.least.saturating_add(base.wrapping_add(step.wrapping_mul(23)) % room);
                if CROWDED.contains(&minute) == is_quiet {
                    continue;
                }
                let load: u32 = taken.beside(starts, minute).sum();
                if best.as_ref().is_none_or(|(least, _)| load < *least) {
                    let collisions = taken.beside(starts, minute).count();
                    best = Some((load, Shifted { cron: fields.at(minute, day), collisions }));
                }
                if load == 0 {
                    return best.map(|(_, shifted)| shifted);
                }
            }
        }
    }
    best.map(|(_, shifted)| shifted)
}

/// Whether a backup of something with this schedule may still have that one: an earlier run chose it, and nobody is
/// served by another.
pub(crate) fn fits(primary: &ScheduleSpec, backup: &ScheduleSpec) -> bool {
    let Some(fields) = Fields::read(&primary.cron).filter(|_| primary.timezone == backup.timezone) else {
        return false;
    };
    let minute = backup.cron.split(' ').next().and_then(|minute| minute.parse::<u32>().ok());
    let is_that = |cron: &str| cron == backup.cron || for_pm2(cron).is_some_and(|cron| cron == backup.cron);
    let is_one = |minute: u32| {
        fields.shifted().iter().any(|day| minute >= day.least && is_that(&fields.at(minute, day)))
    };
    minute.is_some_and(is_one)
}

/// The hours and days of the week of a backup, and the least minute that it may have.
struct Day {
    hours: String,
    weekdays: String,
    least: u32,
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

    /// The five fields of a backup.
    fn at(&self, minute: u32, day: &Day) -> String {
        format!("{minute} {} {} {} {}", day.hours, self.day, self.month, day.weekdays)
    }

    /// When a backup may start, the best first: empty when five fields cannot say it.
    fn shifted(&self) -> Vec<Day> {
        let (Some(last_minute), Some(last)) = (self.minutes.last(), self.hours.last()) else {
            return Vec::new();
        };
        let on = |hours: &[u32]| Day { hours: list(hours), weekdays: self.weekday.clone(), least: 0 };
        if self.minutes.len() > 1 || self.hours.len() > MOST_A_DAY {
            // Within an hour of the primary's: the newest slot is what it stands in for.
            return spread(&self.hours).iter().map(|hours| on(hours)).collect();
        }
        let wanted = HOURS_AFTER.min(smallest_gap(&self.hours) / 2).max(1);
        let later = |by: u32| -> Vec<u32> {
            let mut hours: Vec<u32> = self.hours.iter().map(|hour| hour.saturating_add(by) % 24).collect();
            hours.sort_unstable();
            hours
        };
        let is_daily = self.day == "*" && self.weekday == "*";
        let left = if is_daily { wanted } else { 23_u32.saturating_sub(*last).min(wanted) };
        if left > 0 {
            return (1..=left).rev().map(|by| on(&later(by))).collect();
        }
        // It is in the last hour of its days: the next day, where the day is one of the week.
        if self.day == "*"
            && self.hours.len() == 1
            && let Some(days) = weekdays(&self.weekday)
        {
            let mut next: Vec<u32> = days.iter().map(|day| (day + 1) % 7).collect();
            next.sort_unstable();
            let day = |hour: u32| Day { weekdays: list(&next), ..on(&[hour]) };
            return (0..wanted).rev().map(day).collect();
        }
        let least = last_minute.saturating_add(MINUTES_AFTER);
        let same_hour = (least < 60).then(|| Day { least, ..on(&self.hours) });
        same_hour.into_iter().collect()
    }
}

/// At most four of many hours, as far apart as they are: in every way in which that goes.
fn spread(hours: &[u32]) -> Vec<Vec<u32>> {
    let step = hours.len().div_ceil(MOST_A_DAY).max(1);
    // A later start must not have fewer of them.
    let count = hours.len().div_ceil(step);
    let from = |skip: usize| hours.iter().copied().skip(skip).step_by(step).collect::<Vec<u32>>();
    (0..step).map(from).filter(|some| some.len() == count).collect()
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

/// The same five fields as PM2 reads them: its reader refuses a range or a step within a list, a step beyond its field and
/// a range that goes backwards, and with it every app of the file. `None` when they cannot be said so.
pub(crate) fn for_pm2(cron: &str) -> Option<String> {
    let fields: Vec<&str> = cron.split_ascii_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else { return None };
    let written = |field: &str, size: u32, found: Option<Vec<u32>>| {
        let is_list = field.contains(',') && field.contains(['-', '/']);
        let step = field.split_once('/').map(|(_, step)| step.parse::<u32>().ok());
        let is_backwards = field.to_ascii_lowercase().ends_with("-sun");
        if is_list || is_backwards || step.is_some_and(|step| step.is_none_or(|step| step > size)) {
            found.map(|numbers| list(&numbers))
        } else {
            Some(field.to_owned()).filter(|field| !field.contains('#'))
        }
    };
    let months = numbered(month, &MONTHS, 1);
    let parts = [
        written(minute, 60, numbers(minute, 0..=59)),
        written(hour, 24, numbers(hour, 0..=23)),
        written(day, 31, numbers(day, 1..=31)),
        written(month, 12, numbers(&months, 1..=12)),
        written(weekday, 7, weekdays(weekday)),
    ];
    Some(parts.into_iter().collect::<Option<Vec<String>>>()?.join(" "))
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A field with numbers for its names.
fn numbered(field: &str, names: &[&str], first: u32) -> String {
    let mut plain = field.to_ascii_lowercase();
    for (number, name) in (first..).zip(names) {
        plain = plain.replace(name, &number.to_string());
    }
    plain
}

fn weekdays(field: &str) -> Option<Vec<u32>> {
    const NAMES: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    // At the end of a range Sunday is the seventh day.
    let plain = numbered(&field.to_ascii_lowercase().replace("-sun", "-7"), &NAMES, 0);
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
