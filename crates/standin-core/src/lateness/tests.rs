//! What the detector promises, whatever arrives.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;

/// 2024-01-01T00:00:00Z.
const START_S: i64 = 1_704_067_200;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START_S + second).unwrap()
}

fn github(period: Duration) -> Cadence {
    Cadence::new(period, Tolerance::GITHUB).unwrap()
}

fn hourly() -> Cadence {
    github(Duration::from_hours(1))
}

/// Takes in runs of an hourly schedule, each so late after its slot.
fn run_hourly(state: &mut Lateness, slots: std::ops::Range<i64>, late_s: impl Fn(i64) -> i64) {
    for slot in slots {
        let outcome = state.arrive(&hourly(), at(slot * 3600 + late_s(slot)), at((slot + 1) * 3600));
        assert!(matches!(outcome, Arrival::First | Arrival::Learned | Arrival::AfterOutage), "{outcome:?}");
    }
}

fn act_min(state: &Lateness, cadence: &Cadence) -> u64 {
    state.thresholds(cadence).unwrap().act.as_secs() / 60
}

#[test]
fn before_the_first_arrival_nothing_is_late() {
    assert_eq!(Lateness::new().thresholds(&hourly()), None);
}

#[test]
fn a_cold_start_waits_as_long_as_its_platform_says() {
    for (tolerance, most) in [(Tolerance::GITHUB, 360), (Tolerance::FUNCTION, 5), (Tolerance::PROCESS, 1)] {
        let cadence = Cadence::new(Duration::from_mins(5), tolerance).unwrap();
        let mut state = Lateness::new();
        state.arrive(&cadence, at(10), at(300));
        assert!(act_min(&state, &cadence) >= most, "{tolerance:?}: {}", act_min(&state, &cadence));
    }
}

#[test]
fn punctual_runs_bring_the_threshold_down_to_the_floor_and_late_ones_up_again() {
    let mut state = Lateness::new();
    run_hourly(&mut state, 0..300, |slot| 60 + slot % 40);
    assert_eq!(act_min(&state, &hourly()), 75);
    run_hourly(&mut state, 300..340, |slot| if slot % 3 == 0 { 3500 } else { 1800 });
    let risen = act_min(&state, &hourly());
    assert!(risen > 100, "{risen}");
}

#[test]
fn an_outage_teaches_nothing() {
    let mut state = Lateness::new();
    run_hourly(&mut state, 0..300, |slot| 60 + slot % 40);
    let before = state.model.clone();
    let outcome = state.arrive(&hourly(), at(400 * 3600), at(401 * 3600));
    assert_eq!(outcome, Arrival::AfterOutage);
    assert_eq!(state.model, before, "one long silence must not blind the detector to the next");
}

#[test]
fn a_schedule_that_rests_over_the_weekend_is_not_accused_on_monday() {
    let cadence = github(Duration::from_hours(24));
    let mut state = Lateness::new();
    for day in (0..600).filter(|day| day % 7 < 5) {
        let ahead = if day % 7 == 4 { 3 } else { 1 };
        state.arrive(&cadence, at(day * 86_400 + 600), at((day + ahead) * 86_400));
        assert!(act_min(&state, &cadence) >= 75, "day {day}");
    }
    assert_eq!(state.thresholds(&cadence).unwrap().standing, Standing::Settled);
}

#[test]
fn hours_that_are_usually_slow_are_waited_for_longer() {
    let mut state = Lateness::new();
    let late = |slot: i64| if (12..18).contains(&(slot % 24)) { 3000 } else { 300 };
    run_hourly(&mut state, 0..24 * 60 + 3, late);
    let night = state.thresholds(&hourly()).unwrap();
    run_hourly(&mut state, 24 * 60 + 3..24 * 60 + 12, late);
    let day = state.thresholds(&hourly()).unwrap();
    assert!(day.act > night.act + Duration::from_mins(20), "{:?} {:?}", day.act, night.act);
}

#[test]
fn a_fast_schedule_is_judged_by_its_gap() {
    let cadence = github(Duration::from_mins(5));
    let mut state = Lateness::new();
    for run in 0..500 {
        state.arrive(&cadence, at(run * 1200 + 30), at(run * 1200 + 300));
    }
    let thresholds = state.thresholds(&cadence).unwrap();
    assert_eq!(thresholds.from, at(499 * 1200 + 30));
    assert!(thresholds.act >= Duration::from_mins(75), "{thresholds:?}");
    assert!(thresholds.act < Duration::from_mins(200), "{thresholds:?}");
}

#[test]
fn a_daily_schedule_may_leave_a_slot_out_until_it_has_shown_that_it_does_not() {
    let cadence = github(Duration::from_hours(24));
    let mut state = Lateness::new();
    let run = |state: &mut Lateness, day: i64| {
        state.arrive(&cadence, at(day * 86_400 + 600), at((day + 1) * 86_400))
    };
    for day in 0..50 {
        run(&mut state, day);
    }
    assert!(act_min(&state, &cadence) > 24 * 60, "{}", act_min(&state, &cadence));
    for day in 50..150 {
        run(&mut state, day);
    }
    assert!(act_min(&state, &cadence) < 6 * 60, "{}", act_min(&state, &cadence));
    run(&mut state, 151);
    assert!(act_min(&state, &cadence) > 24 * 60, "after a slot that was left out");
}

#[test]
fn nonsense_is_counted_and_changes_no_threshold() {
    let mut state = Lateness::new();
    run_hourly(&mut state, 0..50, |_| 300);
    let before = state.thresholds(&hourly());
    let last = 49 * 3600 + 300;
    assert_eq!(state.arrive(&hourly(), at(last), at(50 * 3600)), Arrival::Merged, "the same time");
    assert_eq!(state.arrive(&hourly(), at(last + 29), at(50 * 3600)), Arrival::Merged);
    assert_eq!(state.arrive(&hourly(), at(last - 1), at(50 * 3600)), Arrival::Corrupt, "reversed");
    assert_eq!(state.arrive(&hourly(), at(last + 60), at(last + 60)), Arrival::Corrupt, "no next slot");
    assert_eq!(state.arrive(&hourly(), Timestamp::MAX, Timestamp::MAX), Arrival::Corrupt);
    assert_eq!(state.arrive(&hourly(), Timestamp::MIN, at(0)), Arrival::Corrupt);
    assert_eq!(state.corrupt(), 4);
    assert_eq!(state.thresholds(&hourly()), before);
}

#[test]
fn a_clock_that_jumped_ahead_and_came_back_does_not_deafen() {
    let mut state = Lateness::new();
    run_hourly(&mut state, 0..50, |_| 300);
    let far = 400 * 86_400;
    assert_eq!(state.arrive(&hourly(), at(far), at(far + 3600)), Arrival::AfterOutage);
    for slot in 51..53 {
        assert_eq!(state.arrive(&hourly(), at(slot * 3600), at(slot * 3600 + 3600)), Arrival::Corrupt);
    }
    assert_eq!(state.arrive(&hourly(), at(53 * 3600), at(54 * 3600)), Arrival::First);
    assert_eq!(state.thresholds(&hourly()).unwrap().from, at(54 * 3600));
}

#[test]
fn another_text_of_the_schedule_is_only_suspected_for_five_runs() {
    let mut state = Lateness::new();
    state.scheduled_as("0 * * * *");
    run_hourly(&mut state, 0..50, |_| 300);
    assert_eq!(state.thresholds(&hourly()).unwrap().standing, Standing::Settled);
    state.scheduled_as("7 * * * *");
    run_hourly(&mut state, 50..54, |_| 300);
    assert_eq!(state.thresholds(&hourly()).unwrap().standing, Standing::Fresh);
    run_hourly(&mut state, 54..55, |_| 300);
    state.scheduled_as("7 * * * *");
    assert_eq!(state.thresholds(&hourly()).unwrap().standing, Standing::Settled);
}

#[test]
fn three_false_alarms_in_twenty_runs_leave_only_suspicion() {
    let mut state = Lateness::new();
    run_hourly(&mut state, 0..300, |_| 60);
    let mut slot = 300;
    for _ in 0..3 {
        // Eleven hours of silence: no outage, and more than any threshold of so regular a schedule.
        slot += 11;
        run_hourly(&mut state, slot..slot + 2, |_| 60);
        slot += 2;
        state.model.cube = 1.0;
        state.model.act_shift = 0.0;
    }
    assert_eq!(state.thresholds(&hourly()).unwrap().standing, Standing::Unsettled);
    run_hourly(&mut state, slot..slot + 20, |_| 60);
    assert_eq!(state.thresholds(&hourly()).unwrap().standing, Standing::Settled);
}

#[test]
fn a_cadence_that_would_accuse_at_once_is_refused() {
    for period in [Duration::ZERO, Duration::from_hours(24 * 401), Duration::MAX] {
        assert_eq!(Cadence::new(period, Tolerance::GITHUB), Err(LatenessError::Period(period)));
    }
    let tolerance = Tolerance { floor: Duration::ZERO, ..Tolerance::GITHUB };
    assert!(Cadence::new(Duration::from_hours(1), tolerance).is_err());
}

#[test]
fn the_stored_form_is_small_and_reads_back_the_same() {
    let mut state = Lateness::new();
    state.scheduled_as("0 * * * *");
    run_hourly(&mut state, 0..200, |slot| (slot * 977) % 3600);
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(text.len(), STORED_BYTES + 2, "the quotes of JSON");
    assert!(text.len() <= 256, "{} bytes", text.len());
    assert_eq!(serde_json::from_str::<Lateness>(&text).unwrap(), state);
}

#[test]
fn a_damaged_stored_form_is_refused() {
    let mut state = Lateness::new();
    run_hourly(&mut state, 0..20, |_| 300);
    let text = serde_json::to_string(&state).unwrap();
    let damaged = [
        "\"\"".to_owned(),
        "7".to_owned(),
        text.replacen("\"01", "\"02", 1),
        text.replacen("\"01", "\"+1", 1),
        text.replacen("\"01", "\"0\u{e9}", 1),
        text.chars().take(40).chain(['"']).collect(),
        format!("\"01{}\"", "f".repeat(STORED_BYTES - 2)),
    ];
    for text in damaged {
        let read = serde_json::from_str::<Lateness>(&text);
        assert!(read.is_err(), "{text}");
    }
}

/// Checks what holds after any arrivals.
fn check(state: &Lateness, cadence: &Cadence) -> Result<(), TestCaseError> {
    let text = serde_json::to_string(state).unwrap();
    prop_assert_eq!(text.len(), STORED_BYTES + 2);
    prop_assert_eq!(&serde_json::from_str::<Lateness>(&text).unwrap(), state);
    let Some(thresholds) = state.thresholds(cadence) else { return Ok(()) };
    prop_assert!(thresholds.suspect <= thresholds.act);
    prop_assert!(thresholds.suspect >= Duration::from_secs(1));
    let last = Timestamp::from_second(state.last).unwrap();
    let silence = thresholds.act_at().duration_since(last);
    let outage = cadence.outage_s(state.due - state.last);
    prop_assert!(silence < SignedDuration::from_secs(outage), "an outage could be missed: {silence:?}");
    Ok(())
}

fn cadences() -> impl Strategy<Value = Cadence> {
    let periods = prop_oneof![1u64..4000, Just(300), Just(3600), Just(86_400), 1u64..400 * 86_400];
    let tolerances =
        prop_oneof![Just(Tolerance::GITHUB), Just(Tolerance::FUNCTION), Just(Tolerance::PROCESS)];
    (periods, tolerances).prop_map(|(s, tolerance)| Cadence::new(Duration::from_secs(s), tolerance).unwrap())
}

proptest! {
    #[test]
    fn clocks_that_only_go_forward_keep_the_thresholds_in_bounds(
        cadence in cadences(),
        steps in proptest::collection::vec((0i64..200_000, 1i64..100_000), 1..200),
    ) {
        let (mut state, mut now) = (Lateness::new(), 0);
        for (step, ahead) in steps {
            now += step;
            state.arrive(&cadence, at(now), at(now + ahead));
            check(&state, &cadence)?;
        }
        prop_assert_eq!(state.corrupt(), 0);
    }

    #[test]
    fn any_times_keep_the_thresholds_in_bounds(
        times in proptest::collection::vec((any::<i64>(), any::<i64>(), cadences()), 1..100),
    ) {
        let mut state = Lateness::new();
        let clamped = |s: i64| Timestamp::from_second(s % 300_000_000_000).unwrap_or(Timestamp::MIN);
        for (time, due, cadence) in times {
            state.arrive(&cadence, clamped(time), clamped(due));
            check(&state, &cadence)?;
        }
    }

    #[test]
    fn any_text_reads_back_or_is_refused(text in "[0-9a-f]{0,300}|.{0,300}") {
        let json = serde_json::to_string(&text).unwrap();
        if let Ok(state) = serde_json::from_str::<Lateness>(&json) {
            prop_assert_eq!(serde_json::to_string(&state).unwrap(), json.to_lowercase());
        }
    }

    #[test]
    fn weighted_time_can_be_undone(
        raw in proptest::array::uniform24(1u16..u16::MAX),
        start in any::<i32>(),
        wait_s in 0.0f64..300_000.0,
    ) {
        let weights = hours::Hours::from_raw(raw).weights();
        let back = weights.unweigh(i64::from(start), weights.weigh(i64::from(start), wait_s));
        prop_assert!((back - wait_s).abs() < 1e-3, "{wait_s} {back}");
    }
}
