//! The schedule against a walk through every minute, in zones whose clocks change in all the ways there are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod schedule_cases;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use schedule_cases::{Case, cases, config};
use standin_core::schedule::{Schedule, ScheduleError};

/// A zone and a day shortly before one of its clock changes.
const CHANGES: [(&str, &str); 14] = [
    ("America/New_York", "2026-03-07T12:00:00Z"),
    ("America/New_York", "2026-10-31T12:00:00Z"),
    ("Europe/Berlin", "2027-03-27T12:00:00Z"),
    ("Europe/Berlin", "2027-10-30T12:00:00Z"),
    // Half an hour.
    ("Australia/Lord_Howe", "2026-04-04T00:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T00:00:00Z"),
    // At midnight: the day begins at one.
    ("America/Sao_Paulo", "2018-11-03T12:00:00Z"),
    ("America/Sao_Paulo", "2018-02-17T12:00:00Z"),
    // Two hours.
    ("Antarctica/Troll", "2026-03-28T12:00:00Z"),
    ("Antarctica/Troll", "2026-10-24T12:00:00Z"),
    // One minute after midnight, back into the day before.
    ("America/St_Johns", "2009-10-31T12:00:00Z"),
    // A day that never was.
    ("Pacific/Apia", "2011-12-29T00:00:00Z"),
    // Only the zone's name for its time changes, or nothing does.
    ("Africa/Casablanca", "2026-02-14T12:00:00Z"),
    ("UTC", "2028-02-28T00:00:00Z"),
];

const WINDOW_MINUTES: i64 = 3 * 24 * 60;

/// Every slot of the window, by the rules of Vixie cron for a clock that jumps.
fn walk(case: &Case, zone: &TimeZone, start: Timestamp) -> Vec<Timestamp> {
    let wall_at = |minute: i64| {
        let instant = start + SignedDuration::from_mins(minute);
        (instant, zone.to_datetime(instant))
    };
    // The day before fills in what the wall has shown already.
    let mut shown = wall_at(-24 * 60 - 1).1;
    let mut slots = Vec::new();
    for minute in -24 * 60..WINDOW_MINUTES {
        let (instant, wall) = wall_at(minute);
        let due = match case.follows_the_wall() {
            true => case.matches(wall),
            false => minutes_between(shown, wall).any(|skipped| case.matches(skipped)),
        };
        shown = shown.max(wall);
        if due && minute >= 0 {
            slots.push(instant);
        }
    }
    slots
}

/// The minutes after one wall time up to another; none when it is not later.
fn minutes_between(shown: DateTime, wall: DateTime) -> impl Iterator<Item = DateTime> {
    std::iter::successors(Some(shown + 1.minute()), |last| Some(*last + 1.minute()))
        .take_while(move |minute| *minute <= wall)
}

/// Instants all over the window, between slots too, the second showing of a repeated hour included.
fn probes(start: Timestamp, phase: i64) -> impl Iterator<Item = Timestamp> {
    (0..WINDOW_MINUTES - 11)
        .step_by(11)
        .map(move |minute| start + SignedDuration::from_secs(minute * 60 + phase * 11))
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn agrees_with_a_walk_through_every_minute(
        case in cases().prop_filter("can fire", Case::can_fire),
        change in 0..CHANGES.len(),
        second in 1..60_i64,
    ) {
        let (name, start) = CHANGES[change];
        let start: Timestamp = start.parse().unwrap();
        let schedule = Schedule::parse(&case.text(), name).unwrap();
        let slots = walk(&case, &TimeZone::get(name).unwrap(), start);
        let end = start + SignedDuration::from_mins(WINDOW_MINUTES);

        let mut before = start - SignedDuration::from_nanos(1);
        for slot in &slots {
            prop_assert_eq!(schedule.next_after(before), Some(*slot), "after {}", before);
            prop_assert_eq!(schedule.previous_at_or_before(*slot), Some(*slot));
            let within = *slot + SignedDuration::from_secs(second);
            prop_assert_eq!(schedule.previous_at_or_before(within), Some(*slot), "at {}", within);
            let shortly_before = *slot - SignedDuration::from_secs(second);
            prop_assert_eq!(schedule.next_after(shortly_before), Some(*slot), "after {}", shortly_before);
            if before > start {
                let found = schedule.previous_at_or_before(*slot - SignedDuration::from_nanos(1));
                prop_assert_eq!(found, Some(before));
            }
            before = *slot;
        }
        for probe in probes(start, second) {
            let passed = slots.partition_point(|slot| *slot <= probe);
            if let Some(next) = slots.get(passed) {
                prop_assert_eq!(schedule.next_after(probe), Some(*next), "after {}", probe);
            }
            if passed > 0 {
                prop_assert_eq!(schedule.previous_at_or_before(probe), Some(slots[passed - 1]), "at {}", probe);
            }
        }
        if let Some(next) = schedule.next_after(before) {
            prop_assert!(next >= end, "a slot too many: {next}");
        }
        if let Some(first) = slots.first()
            && let Some(previous) = schedule.previous_at_or_before(*first - SignedDuration::from_nanos(1))
        {
            prop_assert!(previous < start, "a slot too many: {previous}");
        }
    }

    #[test]
    fn moves_forward_and_back_to_the_same_slot(
        case in cases().prop_filter("can fire", Case::can_fire),
        change in 0..CHANGES.len(),
        instant in 0..4_000_000_000_i64,
    ) {
        let schedule = Schedule::parse(&case.text(), CHANGES[change].0).unwrap();
        let instant = Timestamp::from_second(instant).unwrap();
        if let Some(next) = schedule.next_after(instant) {
            prop_assert!(next > instant);
            prop_assert_eq!(schedule.previous_at_or_before(next), Some(next));
            let previous = schedule.previous_at_or_before(next - SignedDuration::from_nanos(1));
            prop_assert_eq!(previous, schedule.previous_at_or_before(instant));
        }
        if let Some(previous) = schedule.previous_at_or_before(instant) {
            prop_assert!(previous <= instant);
            prop_assert_eq!(schedule.next_after(previous - SignedDuration::from_nanos(1)), Some(previous));
        }
    }

    #[test]
    fn refuses_exactly_what_can_never_fire(case in cases()) {
        match Schedule::parse(&case.text(), "UTC") {
            Ok(_) => prop_assert!(case.can_fire()),
            Err(ScheduleError::NeverFires { .. }) => prop_assert!(!case.can_fire()),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_column_inside(text in "[-*/,0-9a-zA-Z?#@ \\t\u{e4}]{0,40}") {
        if let Err(error) = Schedule::parse(&text, "UTC")
            && let Some(column) = error.column()
        {
            prop_assert!((1..=text.chars().count() + 1).contains(&column), "{error}");
        }
    }
}
