//! The search in wall time, by the `cron` crate.
//!
//! *Invariant:* the crate sees neither a time zone nor a text of the user. It gets sets of numbers in its own
//! counting, and times that it takes for UTC.

use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::error::ScheduleError;
use super::fields::{Days, Fields};

/// The first year that is searched.
pub const FIRST_YEAR: i16 = 1970;
/// The last year that is searched; the `cron` crate knows none after it.
pub const LAST_YEAR: i16 = 2100;

/// 1970-01-01 00:00.
const FIRST: Wall = Wall(0);
/// 2100-12-31 23:59:59.
const LAST: Wall = Wall(4_133_980_799);

/// What a clock on the wall shows, as the seconds since 1970-01-01 00:00 on that wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wall(pub(super) i64);

impl Wall {
    /// The start of the next minute.
    pub(super) fn next_minute(self) -> Self {
        Self((self.0.div_euclid(60) + 1) * 60)
    }

    /// One second earlier.
    pub(super) fn second_before(self) -> Self {
        Self(self.0 - 1)
    }
}

/// The slots in wall time: those of one search, or of two where a day may match in either of two ways.
pub(super) struct WallSlots {
    first: cron::Schedule,
    /// In a box, because few schedules have it and it would double the size of all.
    second: Option<Box<cron::Schedule>>,
}

impl WallSlots {
    /// Prepares the search.
    pub(super) fn build(fields: &Fields) -> Result<Self, ScheduleError> {
        let minutes = ranges(fields.minute.bits, 0, 59, 0);
        let hours = ranges(fields.hour.bits, 0, 23, 0);
        let months = ranges(fields.month.bits, 1, 12, 0);
        let days = ranges(fields.day_of_month.bits, 1, 31, 0);
        // The crate counts Sunday as 1.
        let weekdays = ranges(fields.day_of_week.bits, 0, 6, 1);
        let search = |days: &str, weekdays: &str| {
            cron::Schedule::from_str(&format!("0 {minutes} {hours} {days} {months} {weekdays}"))
                .map_err(|error| ScheduleError::Rejected { message: error.to_string() })
        };
        Ok(match fields.days() {
            Days::Both => Self { first: search(&days, &weekdays)?, second: None },
            Days::Every => Self { first: search("*", "*")?, second: None },
            Days::Either => {
                Self { first: search(&days, "*")?, second: Some(Box::new(search("*", &weekdays)?)) }
            }
        })
    }

    /// The first slot at a wall time or after it.
    pub(super) fn at_or_after(&self, wall: Wall) -> Option<Wall> {
        let before = utc(wall.max(FIRST).second_before())?;
        let next = |search: &cron::Schedule| search.after(&before).next().map(from_utc);
        let first = next(&self.first);
        let Some(second) = self.second.as_deref().and_then(next) else { return first };
        Some(first.map_or(second, |first| first.min(second)))
    }

    /// The last slot at a wall time or before it.
    pub(super) fn at_or_before(&self, wall: Wall) -> Option<Wall> {
        let after = utc(Wall(wall.min(LAST).0 + 1))?;
        let previous = |search: &cron::Schedule| search.after(&after).next_back().map(from_utc);
        previous(&self.first).max(self.second.as_deref().and_then(previous))
    }
}

fn utc(wall: Wall) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(wall.0, 0)
}

fn from_utc(time: DateTime<Utc>) -> Wall {
    Wall(time.timestamp())
}

/// A set of numbers as a list of ranges, each number moved by `shift`; `*` for all of them.
fn ranges(bits: u64, low: u32, high: u32, shift: u32) -> String {
    if (low..=high).all(|value| has(bits, value)) {
        return "*".to_owned();
    }
    let mut list = Vec::new();
    let mut start = None;
    for value in low..=high + 1 {
        match start {
            None if has(bits, value) => start = Some(value),
            Some(first) if !has(bits, value) => {
                let last = value - 1;
                list.push(match first == last {
                    true => format!("{}", first + shift),
                    false => format!("{}-{}", first + shift, last + shift),
                });
                start = None;
            }
            None | Some(_) => {}
        }
    }
    list.join(",")
}

fn has(bits: u64, value: u32) -> bool {
    bits >> value & 1 == 1
}
