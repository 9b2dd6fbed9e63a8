#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use jiff::Timestamp;

use super::{Schedule, ScheduleError};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The next slots after an instant, as text.
fn slots(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(cron, zone).unwrap();
    let mut instant = at(after);
    let mut found = Vec::new();
    for _ in 0..count {
        instant = schedule.next_after(instant).unwrap();
        found.push(instant.to_string());
    }
    found
}

#[test]
fn weekdays_count_from_sunday() {
    // 2026-03-01 is a Sunday.
    let from = "2026-02-28T12:00:00Z";
    assert_eq!(slots("0 0 * * 0", "UTC", from, 1), ["2026-03-01T00:00:00Z"]);
    assert_eq!(slots("0 0 * * 7", "UTC", from, 1), ["2026-03-01T00:00:00Z"]);
    assert_eq!(slots("0 0 * * 1-5", "UTC", from, 1), ["2026-03-02T00:00:00Z"]);
    assert_eq!(
        slots("0 0 * * sat-7", "UTC", "2026-03-01T00:00:00Z", 2),
        ["2026-03-07T00:00:00Z", "2026-03-08T00:00:00Z"]
    );
}
