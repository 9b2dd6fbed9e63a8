//! The schedule against the `croner` crate, where both read an expression in the same way.
//!
//! Known differences, all left out here:
//! - `*/2` in a day field is a restriction of its own to croner, and Vixie cron's AND to us
//!   ([`Schedule::ambiguous_day_fields`]).
//! - `5/10` without a range and `@midnight` are refused by croner; GitHub documents the first.
//! - `sun-sun` is the whole week to croner, which reads a range to `sun` as one to 7.
//! - A list, range or step of hours or minutes makes a croner job an interval, which fires twice in a fold and not in
//!   a gap. Vixie cron asks only whether the field begins with `*`. So where clocks change, only single numbers and
//!   stars are compared.
//! - Croner gives up on gaps of more than two hours, such as the day that Samoa left out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod schedule_cases;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use schedule_cases::{Case, DayRule, cases, config};
use standin_core::schedule::{FIRST_YEAR, LAST_YEAR, Schedule};

fn agreed(case: &Case) -> bool {
    let open_step = |item: &str| item.contains('/') && !item.starts_with('*') && !item.contains('-');
    let to_sunday = |item: &str| item.contains("-sun");
    case.can_fire()
        && case.days_are_joined(DayRule::Vixie) == case.days_are_joined(DayRule::PlainStar)
        && !case
            .fields
            .iter()
            .any(|field| field.text.split(',').any(|item| open_step(item) || to_sunday(item)))
}

fn parse(text: &str) -> Cron {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build().parse(text).unwrap()
}

const ZONES: [&str; 5] =
    ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca"];

fn agreed_at_changes(case: &Case) -> bool {
    let single = |text: &str| text.parse::<u32>().is_ok();
    case.follows_the_wall() || (single(&case.fields[0].text) && single(&case.fields[1].text))
}

/// The next slots after an instant, and the last before each of them.
fn compare(case: &Case, zone: &str, from: Timestamp) -> Result<(), TestCaseError> {
    let ours = Schedule::parse(&case.text(), zone).unwrap();
    let theirs = parse(&case.text());
    let rules = TimeZone::get(zone).unwrap();
    let mut instant = from;
    for _ in 0..6 {
        let at = instant.to_zoned(rules.clone());
        let next = theirs.find_next_occurrence(&at, false).unwrap();
        let Some(found) = ours.next_after(instant) else {
            prop_assert!(next.year() > LAST_YEAR, "croner has {next}");
            return Ok(());
        };
        prop_assert_eq!(found, next.timestamp(), "after {}", instant);
        let previous = theirs.find_previous_occurrence(&at, true).unwrap();
        if previous.year() >= FIRST_YEAR {
            prop_assert_eq!(
                ours.previous_at_or_before(instant),
                Some(previous.timestamp()),
                "at {}",
                instant
            );
        }
        instant = found;
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn agrees_with_croner(
        case in cases().prop_filter("croner reads it so too", agreed),
        instant in 0..3_000_000_000_i64,
    ) {
        compare(&case, "UTC", Timestamp::from_second(instant).unwrap())?;
    }

    #[test]
    fn agrees_with_croner_where_clocks_change(
        case in cases().prop_filter("croner reads it so too", |case| agreed(case) && agreed_at_changes(case)),
        zone in proptest::sample::select(&ZONES[..]),
        change in 0..60_usize,
        minutes in -200..100_i64,
    ) {
        let changes = TimeZone::get(zone).unwrap();
        let from = Timestamp::from_second(1_300_000_000).unwrap();
        let at = changes.following(from).map(|one| one.timestamp()).nth(change);
        let at = at.unwrap_or(from);
        compare(&case, zone, at + SignedDuration::from_mins(minutes))?;
    }
}
