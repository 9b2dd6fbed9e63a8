//! Random cron expressions that carry their own meaning: the generator knows the numbers of each field without the
//! parser under test.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// One field: its text, its numbers, and whether it begins with `*`.
#[derive(Debug, Clone)]
pub(crate) struct FieldCase {
    pub(crate) text: String,
    pub(crate) values: BTreeSet<u32>,
    pub(crate) starred: bool,
}

/// An expression: minute, hour, day of the month, month, day of the week.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) fields: [FieldCase; 5],
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.text())
    }
}

/// How an implementation joins the two day fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DayRule {
    /// Both must match as soon as one begins with `*`.
    Vixie,
    /// Both must match only when one is exactly `*`.
    PlainStar,
}

impl Case {
    pub(crate) fn text(&self) -> String {
        self.fields.each_ref().map(|field| field.text.as_str()).join(" ")
    }

    /// Minutes or hours begin with `*`, so slots follow the wall through clock changes.
    pub(crate) fn follows_the_wall(&self) -> bool {
        self.fields[0].starred || self.fields[1].starred
    }

    pub(crate) fn days_are_joined(&self, rule: DayRule) -> bool {
        let star = |field: &FieldCase| match rule {
            DayRule::Vixie => field.starred,
            DayRule::PlainStar => field.text == "*",
        };
        star(&self.fields[2]) || star(&self.fields[4])
    }

    /// Whether a wall time is a slot.
    pub(crate) fn matches(&self, wall: DateTime) -> bool {
        let [minute, hour, day, month, weekday] = &self.fields;
        let has = |field: &FieldCase, value: i8| field.values.contains(&u32::try_from(value).unwrap());
        let day_matches = has(day, wall.day());
        let weekday_matches = has(weekday, wall.weekday().to_sunday_zero_offset());
        let days = match self.days_are_joined(DayRule::Vixie) {
            true => day_matches && weekday_matches,
            false => day_matches || weekday_matches,
        };
        days && has(month, wall.month()) && has(hour, wall.hour()) && has(minute, wall.minute())
    }

    /// Whether any date at all matches.
    pub(crate) fn can_fire(&self) -> bool {
        let longest = |month: &u32| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let first = self.fields[2].values.first().unwrap();
        !self.days_are_joined(DayRule::Vixie)
            || self.fields[3].values.iter().any(|month| *first <= longest(month))
    }
}

/// How many random cases a test takes. Nothing is written beside the tests when one fails: its text is in the output.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// The first expressions of a fixed seed.
pub(crate) fn sample(count: usize) -> Vec<Case> {
    let mut runner = TestRunner::deterministic();
    let strategy = cases();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Any expression. Days and months are wide more often than not, so that windows of a few days hold slots.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let star = |low, high| Just(plain(low, high));
    (
        field(0, 59, &[]),
        prop_oneof![1 => star(0, 23), 2 => field(0, 23, &[])],
        prop_oneof![1 => star(1, 31), 1 => field(1, 31, &[])],
        prop_oneof![2 => star(1, 12), 1 => field(1, 12, &MONTHS)],
        prop_oneof![1 => star(0, 6), 1 => field(0, 6, &WEEKDAYS)],
    )
        .prop_map(|(minute, hour, day, month, weekday)| Case { fields: [minute, hour, day, month, weekday] })
}

const MONTHS: [&str; 12] =
    ["JAN", "feb", "Mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "MON", "Tue", "wed", "thu", "fri", "sat"];

fn plain(low: u32, high: u32) -> FieldCase {
    FieldCase { text: "*".to_owned(), values: (low..=high).collect(), starred: true }
}

fn field(low: u32, high: u32, names: &'static [&'static str]) -> impl Strategy<Value = FieldCase> {
    prop_oneof![
        1 => Just(plain(low, high)),
        5 => proptest::collection::vec(item(low, high, names), 1..4).prop_map(|items| FieldCase {
            starred: items[0].0.starts_with('*'),
            text: items.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(","),
            values: items.into_iter().flat_map(|(_, values)| values).collect(),
        }),
    ]
}

/// A number or name, a range, or a step, each with its numbers.
fn item(low: u32, high: u32, names: &'static [&'static str]) -> impl Strategy<Value = (String, Vec<u32>)> {
    let step = prop_oneof![4 => 1..=high.max(2), 1 => Just(90)];
    (low..=high, low..=high, step, 0..8, any::<bool>()).prop_map(move |(one, other, step, shape, named)| {
        let (from, to) = (one.min(other), one.max(other));
        let say = |value: u32| match names.get((value - low) as usize) {
            Some(name) if named => (*name).to_owned(),
            Some(_) | None => value.to_string(),
        };
        let by = step as usize;
        match shape {
            0..=2 => (say(one), vec![one]),
            3 => (format!("{}-{}", say(from), say(to)), (from..=to).collect()),
            4 => (format!("{}-{}/{step}", say(from), say(to)), (from..=to).step_by(by).collect()),
            // A range to 7 ends on the other name of Sunday.
            5 if high == 6 => (format!("{}-7", say(from)), (from..=6).chain([0]).collect()),
            5 => (format!("{from}/{step}"), (from..=high).step_by(by).collect()),
            _ => (format!("*/{step}"), (low..=high).step_by(by).collect()),
        }
    })
}
