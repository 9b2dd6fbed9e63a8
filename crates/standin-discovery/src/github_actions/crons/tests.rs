use proptest::prelude::*;
use standin_core::schedule::{Schedule, ScheduleError};

use super::*;

fn rule(text: &str) -> &'static str {
    Cron::parse(text).unwrap_err().rule
}

#[test]
fn what_github_reads_is_read() {
    for text in [
        "0 3 * * *",
        "*/5 * * * *",
        "0 0 1,15 * *",
        "0-30/10 8-17 * JAN-mar mon-FRI",
        "5/15 0 * * 0,6",
        "0  3 * * *",
        "*,5 0 * * *",
    ] {
        assert!(Cron::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn what_github_refuses_is_told_apart() {
    let cases = [
        ("@daily", "cron-macro"),
        ("cron(0 * * * ? *)", "cron-foreign"),
        ("rate(5 minutes)", "cron-foreign"),
        ("0 0 3 * * *", "cron-six-fields"),
        ("*/60 * * * *", "cron-step-too-large"),
        ("0 */24 * * *", "cron-step-too-large"),
        ("0 0 * * 7", "cron-day-seven"),
        ("0 0 * * 1-7", "cron-day-seven"),
        ("60 * * * *", "cron-invalid"),
        ("*/0 * * * *", "cron-invalid"),
        ("0 0 0 * *", "cron-invalid"),
        ("0 0 L * *", "cron-invalid"),
        ("0 0 * * 5-1", "cron-invalid"),
        ("0 0 ? * *", "cron-invalid"),
        ("0 0 * *", "cron-invalid"),
        (" 0 0 * * *", "cron-invalid"),
        ("0\t0 * * *", "cron-invalid"),
        ("1, 0 * * ", "cron-invalid"),
        ("", "cron-invalid"),
        ("0 0 * * mond", "cron-invalid"),
    ];
    for (text, expected) in cases {
        assert_eq!(rule(text), expected, "{text}");
    }
}

#[test]
fn gaps_and_impossible_days_are_found() {
    let gap = |text| Cron::parse(text).unwrap().shortest_gap();
    let cases = [
        ("*/5 * * * *", 5),
        ("58,59 * * * *", 1),
        ("59,0 * * * *", 1),
        ("0 * * * *", 60),
        ("0 */6 * * *", 360),
        ("0 0 * * *", 1_440),
        ("0 0 * * 1-5", 1_440),
        ("0 0 * * 0", 7 * 1_440),
        ("0 0 1 * *", 28 * 1_440),
        ("0 0 1 1 *", 12 * 28 * 1_440),
    ];
    for (text, minutes) in cases {
        assert_eq!(gap(text), minutes, "{text}");
    }
    let fires = |text| Cron::parse(text).unwrap().can_fire();
    assert_eq!(
        ["0 0 30 2 *", "0 0 31 4,6 *", "0 0 29 2 *", "0 0 30 2 1"].map(fires),
        [false, false, true, true]
    );
}

#[test]
fn comments_that_say_something_else_are_found() {
    let said = |comment, cron| contradiction(comment, &Cron::parse(cron).unwrap(), Clock::Utc).is_some();
    let wrong = [
        ("every hour", "0 0 * * *"),
        ("Runs every 5 minutes", "*/15 * * * *"),
        ("daily", "0 * * * *"),
        ("weekly, on Monday", "0 0 * * *"),
        ("every 6 hours", "0 */4 * * *"),
        ("Every day at 02:00 UTC", "0 3 * * *"),
        ("monthly", "0 0 * * 0"),
        ("every 15min", "0 * * * *"),
        ("Every Monday at 9 AM UTC", "0 9 * * 2"),
        ("Mondays, 9am UTC", "0 10 * * 1"),
        ("5:30 PM UTC", "30 5 * * *"),
        ("every Sunday at noon", "0 12 * * 3"),
        ("every Monday at 3am", "0 3 1 * *"),
        ("Runs each Monday", "0 3 * * *"),
        ("Fridays", "0 3 * * 2"),
        ("08:00 (UTC+8)", "0 8 * * *"),
        ("Runs daily at 1:00 AM UTC (6:30 AM Sri Lanka / IST)", "0 5 * * *"),
        ("6:30 AM IST (1:00 AM UTC)", "30 6 * * *"),
        ("UTC 3:00, that is 11:00 in Beijing", "0 11 * * *"),
        ("03:00UTC", "0 5 * * *"),
        ("02:00 daily, UTC", "0 3 * * *"),
        ("9:00 GMT-03:30", "30 9 * * *"),
        ("Sunday 23:00 UTC", "0 23 * * 1"),
    ];
    for (comment, cron) in wrong {
        assert!(said(comment, cron), "{comment} / {cron}");
    }
    let right = [
        ("every hour", "17 * * * *"),
        ("every five minutes", "*/5 * * * *"),
        ("nightly at 3am", "0 3 * * *"),
        ("Every day at 03:00 UTC", "0 3 * * *"),
        ("daily on weekdays", "0 3 * * 1-5"),
        ("weekly", "0 3 * * 1"),
        ("every week", "34 4 */7 * *"),
        ("every month", "0 3 1 * *"),
        ("hourly in the week, daily on Sundays", "0 * * * *"),
        ("09:00 in Berlin", "0 7 * * *"),
        ("every release", "0 7 * * *"),
        ("bi-weekly", "0 9 1,15 * *"),
        ("semi-weekly, twice daily", "0 9,21 * * *"),
        ("every Monday", "0 9 * * 1"),
        ("every Monday morning in Tokyo", "0 23 * * 0"),
        ("every Monday and Thursday", "0 9 * * *"),
        ("every first Monday of the month", "0 9 1-7 * *"),
        ("every day; every Monday also the slow tests", "0 9 * * *"),
        ("not on Sunday", "0 9 * * *"),
        ("Run 2h after the daily tests.yaml", "0 8,20 * * *"),
        ("Every Monday at 9 AM UTC", "0 9 * * 1"),
        ("Monday to Friday, UTC", "0 9 * * 1-5"),
        ("Monday evening in Los Angeles", "0 4 * * 2"),
        ("5:30 PM UTC, 12:15am UTC", "30 17 * * *"),
        ("08:00 (UTC+8)", "0 0 * * *"),
        ("8:00 UTC+8", "0 0 * * *"),
        ("08:00 UTC +8", "0 0 * * *"),
        ("UTC+8 08:00", "0 0 * * *"),
        ("(UTC+08:00) 08:00", "0 0 * * *"),
        ("每周一 08:00 (UTC+8)", "0 0 * * 1"),
        ("Monday 07:00 UTC+8", "0 23 * * 0"),
        ("Monday 3am IST (21:30 UTC)", "30 21 * * 0"),
        ("9:00 AM UTC-5", "0 14 * * *"),
        ("9:00 AM (UTC \u{2212}0330)", "30 12 * * *"),
        ("08:00 UTC+5.5", "30 2 * * *"),
        ("08:00 UTC - 5", "0 13 * * *"),
        ("9am in New York; cron is in UTC", "0 13 * * *"),
        ("9am ET (cron uses UTC)", "0 13 * * *"),
        ("Monday 8pm in Los Angeles; cron is in UTC", "0 3 * * 2"),
        ("08:00-10:00 UTC", "0 8 * * *"),
        ("08:00 and 20:00 UTC", "0 8 * * *"),
        ("08:00 UTC / 20:00", "0 20 * * *"),
        ("before 09:00 UTC", "0 8 * * *"),
        ("8am GMT", "0 7 * * *"),
        ("Runs daily at 1:00 AM UTC (6:30 AM Sri Lanka / IST)", "0 1 * * *"),
        ("UTC-nightly at 03:00 UTC", "0 3 * * *"),
    ];
    for (comment, cron) in right {
        assert!(!said(comment, cron), "{comment} / {cron}");
    }
}

#[test]
fn times_of_a_comment_are_not_held_against_a_schedule_of_another_zone() {
    let said = |comment| contradiction(comment, &Cron::parse("0 8 * * 1").unwrap(), Clock::Other).is_some();
    assert!(!said("08:00 (UTC+8)") && !said("midnight of Sunday, 00:00 UTC") && !said("00:00 UTC"));
    assert!(said("every hour") && said("Thursdays"));
}

#[test]
fn plain_words_that_say_something_else_are_found() {
    let said = |comment: &str, cron: &str| {
        let cron = Cron::parse(cron).unwrap();
        contradiction(comment, &cron, Clock::Utc).or_else(|| in_plain_words(comment, &cron, Clock::Utc))
    };
    let wrong = [
        ("twice a day", "0 8 * * *"),
        ("three times daily", "0 8 * * *"),
        ("Every minute", "*/5 * * * *"),
        ("every half hour", "0 * * * *"),
        ("Every day at 9:00 AM", "0 21 * * *"),
        ("At 02:00", "0 3 * * *"),
        ("nightly at 2am UTC (10pm EST)", "0 14 * * *"),
        ("Runs at midnight", "0 12 * * *"),
        ("at noon", "0 0 * * *"),
        ("weekdays at 8am", "0 8 * * *"),
        ("weekends at 8am", "0 8 * * 1-5"),
        ("once a week on Sunday", "0 0 * * *"),
        ("run once a month", "0 0 * * 0"),
        ("Run monthly on the 1st", "0 0 15 * *"),
        ("quarterly", "0 0 1 * *"),
        ("yearly", "0 0 1 * *"),
        ("every 2 weeks", "0 0 * * 1"),
        ("first Monday of the month", "0 9 * * 1"),
        ("once a day", "0 9 * * 1"),
    ];
    for (comment, cron) in wrong {
        assert!(said(comment, cron).is_some(), "{comment} / {cron}");
    }
    assert!(said("At 02:00", "0 3 * * *").unwrap().ends_with("unless the comment means another zone"));
    assert!(said("midnight UTC", "0 3 * * *").unwrap().ends_with("03:00 UTC"));
    let right = [
        ("twice a day", "0 8,20 * * *"),
        ("three times a day", "0 */8 * * *"),
        ("Every minute", "* * * * *"),
        ("every half hour", "15,45 * * * *"),
        ("At 02:00", "0 2 * * *"),
        ("at midnight", "0 0 * * *"),
        ("At 02:00 in Berlin", "0 1 * * *"),
        ("9am PST", "0 17 * * *"),
        ("9:00 (JST)", "0 0 * * *"),
        ("9:00 +0200", "0 7 * * *"),
        ("before noon", "0 9 * * *"),
        ("weekdays at 8am", "0 8 * * 1-5"),
        ("weekdays in Tokyo", "0 23 * * 0-4"),
        ("weekends", "0 8 * * 0,6"),
        ("weekdays and weekends", "0 8 * * *"),
        ("once a week on Sunday", "0 0 * * 0"),
        ("once a month", "0 0 1 * *"),
        ("monthly on the 1st", "0 23 28 * *"),
        ("quarterly", "0 0 1 */3 *"),
        ("quarterly", "0 0 1 1,4,7,10 *"),
        ("yearly", "0 0 1 1 *"),
        ("every 2 weeks", "0 0 1,15 * *"),
        ("first Monday of the month", "0 9 1-7 * *"),
        ("twice a day if it fails", "0 8 * * *"),
        ("once a day", "0 9 * * *"),
        ("once a day on weekdays", "0 9 * * 1-5"),
        ("an hour at noon and one at midnight", "0 12 * * *"),
    ];
    for (comment, cron) in right {
        assert_eq!(said(comment, cron), None, "{comment} / {cron}");
    }
}

#[test]
fn a_comment_above_several_schedules_may_speak_of_all() {
    let of = |crons: &str| {
        let text = format!("on:\n  schedule:\n{crons}jobs:\n  a:\n    runs-on: x\n    steps: [{{run: y}}]\n");
        let inventory = crate::tests::scan_of(&[(".github/workflows/w.yml", &text)]);
        inventory
            .findings
            .iter()
            .filter(|found| found.rule == "cron-comment")
            .map(|found| found.line)
            .collect::<Vec<u32>>()
    };
    assert_eq!(of("  # twice a day\n  - cron: '0 8 * * *'\n  - cron: '0 20 * * *'\n"), [0_u32; 0]);
    assert_eq!(of("  # twice a day\n  - cron: '0 8 * * *'\n"), [4]);
    assert_eq!(of("  - cron: '0 8 * * *' # twice a day\n  - cron: '0 9 * * *' # daily\n"), [3]);
}

#[test]
fn the_fix_names_what_says_the_same() {
    let cases = [
        ("rate(5 minutes)", "'*/5 * * * *'"),
        ("rate(1 hour)", "'0 * * * *'"),
        ("rate(6 hours)", "'0 */6 * * *'"),
        ("rate(7 minutes)", "minute first"),
        ("cron(0 12 * * ? *)", "'0 12 * * *'"),
        ("cron(0 12 ? * 2 *)", "minute first"),
        ("@weekly", "'0 0 * * 0'"),
        ("*/60 * * * *", "'0 * * * *' for every hour"),
        ("0 */60 * * *", "'0 0 * * *' for every day"),
        ("0 0 */40 * *", "'0 0 1 * *' for every month"),
    ];
    for (text, part) in cases {
        let fix = Cron::parse(text).unwrap_err().fix;
        assert!(fix.contains(part), "{text}: {fix}");
    }
}

proptest! {
    #[test]
    fn the_core_reads_whatever_is_accepted_here(
        fields in prop::collection::vec("[0-9*]{1,2}|[*0-9]/[1-9]|[0-9]-[1-6]?[0-9]|[0-9],[0-9]|mon|jan", 5)
    ) {
        let text = fields.join(" ");
        if let Ok(cron) = Cron::parse(&text) {
            match Schedule::parse(&text, "UTC") {
                Ok(_) => prop_assert!(cron.can_fire(), "{}", text),
                Err(ScheduleError::NeverFires { .. }) => prop_assert!(!cron.can_fire(), "{}", text),
                Err(other) => prop_assert!(false, "{text}: {other}"),
            }
        }
    }
}
