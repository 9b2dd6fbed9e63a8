#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use jiff::Timestamp;

use super::{MAX_EXPRESSION_BYTES, Schedule, ScheduleError};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn utc(cron: &str) -> Schedule {
    Schedule::parse(cron, "UTC").unwrap()
}

fn refused(cron: &str) -> ScheduleError {
    Schedule::parse(cron, "UTC").unwrap_err()
}

/// The next slots after an instant.
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
    for sunday in ["0", "7", "sun", "SUN", "7-7"] {
        assert_eq!(slots(&format!("0 0 * * {sunday}"), "UTC", from, 1), ["2026-03-01T00:00:00Z"]);
    }
    assert_eq!(slots("0 0 * * 1-5", "UTC", from, 1), ["2026-03-02T00:00:00Z"]);
    let weekend = ["2026-03-07T00:00:00Z", "2026-03-08T00:00:00Z", "2026-03-14T00:00:00Z"];
    for text in ["6-7", "sat-7", "sat,sun", "6,0"] {
        assert_eq!(slots(&format!("0 0 * * {text}"), "UTC", "2026-03-01T00:00:00Z", 3), weekend);
    }
}

#[test]
fn either_day_field_is_enough_when_both_are_restricted() {
    let from = "2026-03-02T00:00:00Z";
    let days = ["2026-03-09T00:00:00Z", "2026-03-13T00:00:00Z", "2026-03-16T00:00:00Z"];
    assert_eq!(slots("0 0 13 * mon", "UTC", from, 3), days);
    // The same where one of them lists every day: it is no star.
    assert_eq!(slots("0 0 1-31 * mon", "UTC", from, 1), ["2026-03-03T00:00:00Z"]);
    assert_eq!(slots("0 0 13 * 0-6", "UTC", from, 1), ["2026-03-03T00:00:00Z"]);
    // But both must match when one begins with a star.
    assert_eq!(slots("0 0 */2 * mon", "UTC", from, 2), ["2026-03-09T00:00:00Z", "2026-03-23T00:00:00Z"]);
}

#[test]
fn names_stand_for_their_fields() {
    let from = at("2026-03-02T00:00:00Z");
    for (name, fields) in [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ] {
        let schedule = utc(name);
        assert_eq!(schedule.next_after(from), utc(fields).next_after(from), "{name}");
        assert!(schedule.uses_macro());
        assert_eq!(schedule.expression(), name);
    }
    assert!(!utc("0 0 * * *").uses_macro());
}

#[test]
fn steps_beyond_the_field_leave_its_first_number() {
    assert_eq!(slots("*/90 * * * *", "UTC", "2026-03-02T00:00:00Z", 1), ["2026-03-02T01:00:00Z"]);
    assert_eq!(
        slots("20/15 * * * *", "UTC", "2026-03-02T00:00:00Z", 4),
        ["2026-03-02T00:20:00Z", "2026-03-02T00:35:00Z", "2026-03-02T00:50:00Z", "2026-03-02T01:20:00Z"]
    );
}

#[test]
fn any_blanks_separate_fields() {
    let schedule = utc(" \t0  3\t*   * *\n");
    assert_eq!(schedule.expression(), "0  3\t*   * *");
    assert_eq!(schedule.next_after(at("2026-03-02T00:00:00Z")), Some(at("2026-03-02T03:00:00Z")));
}

#[test]
fn a_fixed_time_in_a_gap_fires_at_its_end_and_once() {
    // 02:00 to 03:00 on the 8th of March is left out.
    let found = slots("15,45 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", 3);
    assert_eq!(found, ["2026-03-08T07:00:00Z", "2026-03-09T06:15:00Z", "2026-03-09T06:45:00Z"]);
    let starred = slots("*/30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", 1);
    assert_eq!(starred, ["2026-03-09T06:00:00Z"]);
}

#[test]
fn a_fixed_time_in_a_fold_fires_once_and_a_starred_one_twice() {
    // 01:00 to 02:00 on the 1st of November is shown twice.
    let from = "2026-10-31T12:00:00Z";
    let once = slots("30 1 * * *", "America/New_York", from, 2);
    assert_eq!(once, ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]);
    let twice = slots("30 * * * *", "America/New_York", "2026-11-01T05:00:00Z", 3);
    assert_eq!(twice, ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-11-01T07:30:00Z"]);
    let last_of_both = slots("*/30 1 * * *", "America/New_York", "2026-11-01T05:00:00Z", 4);
    assert_eq!(
        last_of_both,
        ["2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z", "2026-11-01T06:30:00Z", "2026-11-02T06:00:00Z"]
    );
}

#[test]
fn a_fold_with_many_fixed_slots_is_left_at_once() {
    let schedule = Schedule::parse("0-59 1 * * *", "America/New_York").unwrap();
    let second_showing = at("2026-11-01T06:00:30Z");
    assert_eq!(schedule.next_after(second_showing), Some(at("2026-11-02T06:00:00Z")));
    assert_eq!(schedule.previous_at_or_before(second_showing), Some(at("2026-11-01T05:59:00Z")));
}

#[test]
fn slots_end_with_the_years_that_are_searched() {
    // The 29th of February on a Sunday, the rarest that there is.
    let rare = utc("0 0 29 2 */7");
    assert_eq!(rare.next_after(at("2040-01-01T00:00:00Z")), Some(at("2060-02-29T00:00:00Z")));
    assert_eq!(rare.next_after(at("2088-02-29T00:00:00Z")), None);
    assert_eq!(rare.previous_at_or_before(at("1975-01-01T00:00:00Z")), None);
    let daily = utc("0 0 * * *");
    assert_eq!(daily.next_after(Timestamp::MAX), None);
    assert_eq!(daily.previous_at_or_before(Timestamp::MIN), None);
    assert_eq!(daily.next_after(Timestamp::MIN), Some(Timestamp::UNIX_EPOCH));
    assert_eq!(daily.previous_at_or_before(Timestamp::MAX), Some(at("2100-12-31T00:00:00Z")));
    assert_eq!(daily.next_after(at("1969-12-31T23:59:59.5Z")), Some(Timestamp::UNIX_EPOCH));
}

#[test]
fn the_nominal_period_is_the_median_gap() {
    let friday_evening = at("2026-03-06T17:00:00Z");
    let period = |cron: &str| utc(cron).nominal_period(friday_evening).unwrap();
    assert_eq!(period("0 9-17 * * 1-5"), Duration::from_secs(3600));
    assert_eq!(period("*/5 * * * *"), Duration::from_secs(300));
    assert_eq!(period("@daily"), Duration::from_secs(86_400));
    assert_eq!(utc("0 0 29 2 */7").nominal_period(at("2080-01-01T00:00:00Z")), None);
}

#[test]
fn facts_for_the_findings_of_platforms() {
    assert!(utc("0 0 * * 7").uses_day_seven());
    assert!(utc("0 0 * * 5-7").uses_day_seven());
    assert!(!utc("0 0 * * 0,sat").uses_day_seven());
    assert!(!utc("7 7 7 7 *").uses_day_seven());
    for text in ["0 12 */2 * 1", "0 12 1 * */2", "0 12 */2 * */2", "0 12 */1 * 1", "0 12 */2 * 0-6"] {
        assert!(utc(text).ambiguous_day_fields(), "{text}");
    }
    for text in ["0 12 */2 * *", "0 12 * * */2", "0 12 1 * 1", "0 12 * * 1", "0 12 */1 * */1", "@weekly"] {
        assert!(!utc(text).ambiguous_day_fields(), "{text}");
    }
}

#[test]
fn equal_by_text_and_zone_and_shown_by_them() {
    let berlin = Schedule::parse("0 3 * * *", "europe/berlin").unwrap();
    assert_eq!(berlin.timezone(), "Europe/Berlin");
    assert_eq!(berlin, Schedule::parse(" 0 3 * * *", "Europe/Berlin").unwrap());
    assert_ne!(berlin, utc("0 3 * * *"));
    assert_eq!(format!("{berlin:?}"), r#"Schedule("0 3 * * *" in Europe/Berlin)"#);
}

#[test]
fn refusals_name_the_column_and_the_fix() {
    for (cron, message) in [
        (
            "",
            "the cron expression is empty: write five fields, such as `0 3 * * *`, or a name such as `@daily`",
        ),
        (
            "0 0 * * 1 - 5",
            "column 11: `-` is torn out of its field by a blank: write ranges, lists and steps \
            without blanks, such as 1-5",
        ),
        (
            "0 0 * *",
            "column 8: the cron expression has 4 fields instead of five: write * for a field that does \
            not matter",
        ),
        (
            "0 0 0 * * *",
            "column 11: the cron expression has 6 fields instead of five: leave out the seconds or the \
            year, cron has neither",
        ),
        (
            "0 0 ? * 1",
            "column 5: `?` is an extension that POSIX cron and GitHub do not have: write * instead",
        ),
        (
            "0 0 L * *",
            "column 5: `L` is an extension that POSIX cron and GitHub do not have: write the day of the \
            month as numbers",
        ),
        (
            "0 0 15W * *",
            "column 7: `W` is an extension that POSIX cron and GitHub do not have: write the day of the \
            month as numbers",
        ),
        (
            "0 0 * * 5#2",
            "column 10: `#` is an extension that POSIX cron and GitHub do not have: let it run on each \
            such weekday and check the date in the job",
        ),
        ("0 0 * * monday", "column 9: `monday` is no day of the week: use its first three letters, mon"),
        (
            "0 0 * tomorrow *",
            "column 7: `tomorrow` is no month: use 1 to 12 or jan feb mar apr may jun jul aug sep \
            oct nov dec",
        ),
        ("60 0 * * *", "column 1: 60 is no minute: use 0 to 59"),
        ("0 5,24 * * *", "column 5: 24 is no hour: use 0 to 23"),
        ("0 0 0 * *", "column 5: 0 is no day of the month: use 1 to 31"),
        ("0 0 * * 1-8", "column 11: 8 is no day of the week: use 0 to 7"),
        ("*/0 * * * *", "column 3: a step of 0 never moves: use a step of 1 or more"),
        ("*/x * * * *", "column 3: `x` is not a step: write a number, such as */15"),
        ("1,,2 * * * *", "column 3: a minute is missing: write a number, or leave out the mark before it"),
        ("0 22-4 * * *", "column 3: the range 22-4 runs backwards: write 22-23,0-4"),
        ("0 0 * * fri-sun", "column 9: the range fri-sun runs backwards: write 5-7, where 7 is Sunday"),
        (
            "0 0 * * *\u{a0}",
            "column 10: `\\u{a0}` does not belong into a cron expression: use digits, English names, \
            plain blanks and * , - /",
        ),
        (
            "@reboot",
            "column 1: `@reboot` is not a schedule here: use @hourly, @daily, @midnight, @weekly, @monthly, \
            @yearly or @annually in lower case, or five fields",
        ),
        ("@daily 3", "column 8: something follows `@daily`: let the name stand alone"),
    ] {
        assert_eq!(refused(cron).to_string(), message, "{cron}");
    }
    let long = "0,".repeat(MAX_EXPRESSION_BYTES);
    assert_eq!(refused(&long), ScheduleError::TooLong { bytes: long.len() });
    for cron in
        ["1--2 * * * *", "1-2-3 * * * *", "*/5/5 * * * *", "*-5 * * * *", "+5 * * * *", "00005 * * * *"]
    {
        assert_eq!(refused(cron).column().map(|column| column < 5), Some(true), "{cron}");
    }
}

#[test]
fn what_can_never_fire_is_an_error_of_its_own() {
    let message = |cron: &str| refused(cron).to_string();
    assert_eq!(
        message("0 0 30 2 *"),
        "`0 0 30 2 *` can never fire, none of its months has one of its days: name a month other than February, or \
         an earlier day than 30"
    );
    assert_eq!(
        message("0 0 31 4,6 *"),
        "`0 0 31 4,6 *` can never fire, none of its months has one of its days: name a month with 31 days, or an \
         earlier day than 31"
    );
    assert!(matches!(refused("0 0 30 2 */2"), ScheduleError::NeverFires { .. }));
    // A weekday is enough here, and the 29th comes.
    utc("0 0 30 2 1");
    utc("0 0 29 2 *");
}

#[test]
fn zones_that_are_not_known_are_named() {
    let refused = |zone: &str| Schedule::parse("0 3 * * *", zone).unwrap_err().to_string();
    assert_eq!(refused("Berlin"), "the time zone `Berlin` is unknown: did you mean Europe/Berlin?");
    for zone in ["Mars/Olympus", "", "UTC+2", "../Europe/Berlin\0"] {
        assert!(
            refused(zone).ends_with("is unknown: name an IANA zone such as Europe/Berlin, or UTC"),
            "{zone}"
        );
    }
    assert!(refused("local").contains("must be replaced by this machine's zone first"));
    assert_eq!(Schedule::parse("0 3 * * *", "utc").unwrap().timezone(), "UTC");
}
