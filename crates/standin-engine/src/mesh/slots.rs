//! When a target is due.

use std::sync::Arc;

use jiff::Timestamp;
use standin_core::mesh::clock::StoreTime;
use standin_core::schedule::Schedule;

/// The slots of a target. A clone costs a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slots {
    /// One after another, evenly. Both in milliseconds.
    Every {
        /// From slot to slot; not 0.
        period: u64,
        /// The first slot after 1970.
        offset: u64,
    },
    /// Those of all of these schedules together; at least one.
    Cron(Arc<[Schedule]>),
}

impl Slots {
    /// The newest slot that is not after `at`; `None` when there is none.
    pub fn newest(&self, at: StoreTime) -> Option<StoreTime> {
        match self {
            Self::Every { period, offset } => {
                let first = StoreTime(0).plus(*offset);
                let many = at.since(first).checked_div(*period)?;
                (at >= first).then(|| first.plus(many.saturating_mul(*period)))
            }
            Self::Cron(schedules) => {
                let at = Timestamp::from_millisecond(at.0).ok()?;
                let newest = schedules.iter().filter_map(|schedule| schedule.previous_at_or_before(at)).max();
                newest.map(StoreTime::from)
            }
        }
    }

    /// The first slot after `at`; `None` when none is left.
    pub fn next(&self, at: StoreTime) -> Option<StoreTime> {
        match self {
            Self::Every { period, offset } => {
                let first = StoreTime(0).plus(*offset);
                if at < first {
                    return Some(first);
                }
                let many = at.since(first).checked_div(*period)?.saturating_add(1);
                Some(first.plus(many.saturating_mul(*period)))
            }
            Self::Cron(schedules) => {
                let at = Timestamp::from_millisecond(at.0).ok()?;
                schedules.iter().filter_map(|schedule| schedule.next_after(at)).min().map(StoreTime::from)
            }
        }
    }

    /// The newest slot whose deadline, in milliseconds, is over at `now`.
    pub fn due(&self, deadline: u64, now: StoreTime) -> Option<StoreTime> {
        self.newest(StoreTime(now.0.saturating_sub_unsigned(deadline)))
    }

    /// Whether it has no slots at all: an empty list of schedules, or slots without length.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Every { period, .. } => *period == 0,
            Self::Cron(schedules) => schedules.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cron(all: &[(&str, &str)]) -> Slots {
        Slots::Cron(all.iter().map(|(cron, zone)| Schedule::parse(cron, zone).unwrap()).collect())
    }

    fn at(text: &str) -> StoreTime {
        text.parse::<Timestamp>().unwrap().into()
    }

    #[test]
    fn even_slots_begin_with_the_first_and_go_on() {
        let slots = Slots::Every { period: 100, offset: 30 };
        assert_eq!(slots.newest(StoreTime(29)), None);
        assert_eq!(slots.newest(StoreTime(30)), Some(StoreTime(30)));
        assert_eq!(slots.newest(StoreTime(229)), Some(StoreTime(130)));
        assert_eq!(slots.next(StoreTime(29)), Some(StoreTime(30)));
        assert_eq!(slots.next(StoreTime(30)), Some(StoreTime(130)));
        assert_eq!(slots.due(50, StoreTime(179)), Some(StoreTime(30)), "the next one has a moment left");
        assert_eq!(slots.due(50, StoreTime(180)), Some(StoreTime(130)));
    }

    #[test]
    fn of_several_schedules_the_newest_slot_of_all_counts_each_in_its_zone() {
        // 02:30 UTC, and 09:00 in Tokyo, which is midnight UTC.
        let slots = cron(&[("30 2 * * *", "UTC"), ("0 9 * * *", "Asia/Tokyo")]);
        assert_eq!(slots.newest(at("2026-03-01T02:00:00Z")), Some(at("2026-03-01T00:00:00Z")));
        assert_eq!(slots.newest(at("2026-03-01T02:30:00Z")), Some(at("2026-03-01T02:30:00Z")));
        assert_eq!(slots.next(at("2026-03-01T02:30:00Z")), Some(at("2026-03-02T00:00:00Z")));
        assert_eq!(slots.due(3_600_000, at("2026-03-01T03:29:59Z")), Some(at("2026-03-01T00:00:00Z")));
    }

    #[test]
    fn two_are_equal_when_their_schedules_are() {
        assert_eq!(cron(&[("0 9 * * *", "UTC")]), cron(&[("0 9 * * *", "UTC")]));
        assert_ne!(cron(&[("0 9 * * *", "UTC")]), cron(&[("0 9 * * *", "Asia/Tokyo")]));
        assert!(cron(&[]).is_empty() && !cron(&[("0 9 * * *", "UTC")]).is_empty());
    }
}
