#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;

fn spec(cron: &str) -> ScheduleSpec {
    ScheduleSpec { cron: cron.into(), timezone: "UTC".into() }
}

fn hours_and_days(cron: &str) -> String {
    let shifted = after(&spec(cron), &Taken::default(), 7).unwrap();
    shifted.cron.split_once(' ').unwrap().1.to_owned()
}

#[test]
fn a_backup_comes_hours_later_on_the_same_days_and_at_most_four_times_a_day() {
    for (primary, backup) in [
        ("17 3 * * *", "9 * * *"),
        ("17 22 * * *", "4 * * *"),
        ("0 9,17 * * 1-5", "13,21 * * 1-5"),
        ("0 */6 * * *", "3,9,15,21 * * *"),
        ("*/10 * * * *", "0,6,12,18 * * *"),
        ("5 * * * *", "0,6,12,18 * * *"),
        ("0 0 1 * *", "6 1 * *"),
        ("@weekly", "6 * * 0"),
        ("30 21 * * 5", "23 * * 5"),
        ("30 23 * * SUN,FRI", "5 * * 1,6"),
    ] {
        assert_eq!(hours_and_days(primary), backup, "{primary}");
    }
    assert!(after(&spec("5 23 28 * *"), &Taken::default(), 3).unwrap().cron.ends_with(" 23 28 * *"));
    assert_eq!(after(&spec("55 23 28 * *"), &Taken::default(), 3), None, "no field can say the next day");
}

#[test]
fn a_minute_that_somebody_has_is_left_to_them() {
    let mut taken = Taken::default();
    let first = after(&spec("0 3 * * *"), &taken, 7).unwrap();
    taken.add(&first.cron, "UTC");
    let second = after(&spec("0 3 * * *"), &taken, 7).unwrap();
    assert_ne!(first.cron, second.cron);
    assert_eq!(second.collisions, 0);
    taken.add("10 3 * * *", "UTC");
    taken.add("10 3 * * 1", "UTC");
    assert_eq!(taken.busiest().map(|(_, count)| count), Some(2));
    assert_eq!(Taken::default().busiest(), None);
    assert_eq!(spoken(1_440 + 61), "Tuesday 01:01 UTC");
}

#[test]
fn what_starts_every_minute_takes_no_minute_from_anybody() {
    let mut taken = Taken::default();
    taken.add("* * * * *", "UTC");
    taken.add("*/2 * * * *", "UTC");
    let alone = after(&spec("0 3 * * *"), &taken, 7).unwrap();
    assert_eq!(alone.collisions, 0);
    taken.add(&alone.cron, "UTC");
    assert_ne!(after(&spec("0 3 * * *"), &taken, 7).unwrap().cron, alone.cron);
}

#[test]
fn where_every_minute_is_taken_the_backup_takes_one_that_the_fewest_have() {
    let mut taken = Taken::default();
    (0..60).for_each(|minute| taken.add(&format!("{minute} * * * *"), "UTC"));
    (0..60).filter(|minute| *minute != 37).for_each(|minute| taken.add(&format!("{minute} 9 * * *"), "UTC"));
    let shifted = after(&spec("0 3 * * *"), &taken, 7).unwrap();
    assert_eq!((shifted.cron.as_str(), shifted.collisions), ("37 9 * * *", 7));
}

#[test]
fn three_hundred_that_all_start_at_the_full_hour_have_backups_in_minutes_of_their_own() {
    for (cron, count) in [("0 * * * *", 300), ("0 3 * * *", 300), ("30 21 * * 1-5", 118)] {
        let mut taken = Taken::default();
        (0..300).for_each(|_| taken.add(cron, "UTC"));
        let mut seen = std::collections::BTreeSet::new();
        for nth in 0..count {
            let shifted = after(&spec(cron), &taken, seed(&nth.to_string())).unwrap();
            assert_eq!(shifted.collisions, 0, "{nth}: {shifted:?}");
            assert!(fits(&spec(cron), &spec(&shifted.cron)), "{shifted:?}");
            taken.add(&shifted.cron, "UTC");
            assert!(seen.insert(shifted.cron));
        }
    }
}

#[test]
fn where_every_minute_is_taken_the_backups_share_them_evenly() {
    let mut taken = Taken::default();
    let mut counts = std::collections::BTreeMap::<String, u32>::new();
    for _ in 0..700 {
        let shifted = after(&spec("0 3 * * *"), &taken, 7).unwrap();
        taken.add(&shifted.cron, "UTC");
        *counts.entry(shifted.cron).or_default() += 1;
    }
    let (most, least) = (counts.values().max().unwrap(), counts.values().min().unwrap());
    assert!(most - least <= 1, "{counts:?}");
}

#[test]
fn a_time_that_was_chosen_before_fits_until_the_primary_moves() {
    for (primary, backup) in
        [("0 3 * * *", "7 9 * * *"), ("0 3 * * *", "7 4 * * *"), ("*/5 * * * *", "59 5,11,17,23 * * *")]
    {
        assert!(fits(&spec(primary), &spec(backup)), "{primary} {backup}");
    }
    for (primary, backup) in [
        ("0 3 * * *", "7 3 * * *"),
        ("0 3 * * *", "7 9 * * 1"),
        ("0 3 * * *", "*/7 9 * * *"),
        ("0 3 * * *", "nonsense"),
        ("nonsense", "7 9 * * *"),
    ] {
        assert!(!fits(&spec(primary), &spec(backup)), "{primary} {backup}");
    }
    assert!(fits(&spec("0 3 * * 1-3,5"), &spec("7 9 * * 1,2,3,5")));
    let abroad = ScheduleSpec { cron: "7 9 * * *".into(), timezone: "Europe/Berlin".into() };
    assert!(!fits(&spec("0 3 * * *"), &abroad));
}

#[test]
fn pm2_gets_no_field_that_its_reader_refuses() {
    for (cron, expected) in [
        ("7 9 * * *", Some("7 9 * * *")),
        ("7 9 * * 1-3,5", Some("7 9 * * 1,2,3,5")),
        ("7 9 * * MON-WED,fri", Some("7 9 * * 1,2,3,5")),
        ("7 9 * * FRI-SUN", Some("7 9 * * 0,5,6")),
        ("7 9 */40 * *", Some("7 9 1 * *")),
        ("7 9 1-7,15 JAN-MAR 1-5", Some("7 9 1,2,3,4,5,6,7,15 JAN-MAR 1-5")),
        ("7 9 * jan-mar,6/2 sun", Some("7 9 * 1,2,3,6,8,10,12 sun")),
        ("7 9 * * 1#2", None),
        ("7 9 * *", None),
    ] {
        assert_eq!(for_pm2(cron).as_deref(), expected, "{cron}");
    }
}

proptest! {
    #[test]
    fn a_backup_never_starts_with_its_primary_and_not_more_often(
        minute in 0_u32..60, hour in 0_u32..24, step in 1_u32..30, days in 0_usize..5, seed: u64,
    ) {
        let days = ["* * *", "* * 1-5", "* * 0", "1 * *", "1,15 */2 *"][days];
        for cron in [format!("{minute} {hour} {days}"), format!("*/{step} * {days}"), format!("{minute} */{} {days}", step.min(12))] {
            let mut taken = Taken::default();
            taken.add(&cron, "UTC");
            let Some(shifted) = after(&spec(&cron), &taken, seed) else {
                prop_assert!(hour == 23 && minute >= 50, "{cron}");
                continue;
            };
            let (before, backup) = (fires(&cron, "UTC"), fires(&shifted.cron, "UTC"));
            prop_assert!(backup.len() <= before.len().max(1), "{cron} -> {shifted:?}");
            prop_assert!(Schedule::parse(&shifted.cron, "UTC").is_ok());
            if step > 1 {
                prop_assert!(backup.iter().all(|minute| !before.contains(minute)), "{cron} -> {shifted:?}");
            }
        }
    }
}
