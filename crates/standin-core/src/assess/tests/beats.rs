use super::*;
use crate::beat::{Beat, Signal};

fn state(beats: &[(&str, Signal)]) -> BeatState {
    let mut state = BeatState::default();
    for (time, signal) in beats {
        state.record(&Beat { at: at(time), signal: *signal, rid: String::new(), exit: Some(7) });
    }
    state
}

fn judge(cadence: Cadence, beats: &[(&str, Signal)], now: &str) -> (Health, Reason) {
    judged(&Seen::beats(state(beats)), &Expectation::Beats(beat_rules(cadence)), at(now))
}

fn hourly() -> Cadence {
    Cadence::Slots(cron("0 * * * *"))
}

#[test]
fn silence_before_the_first_beat_is_unknown() {
    let rules = Expectation::Beats(beat_rules(hourly()));
    let unknown = (Health::Unknown, Reason::NoBeatYet);
    assert_eq!(judged(&Seen::nothing(), &rules, at("12:00:00")), unknown);
    assert_eq!(judge(hourly(), &[("10:00:00", Signal::Log)], "23:00:00"), unknown);
}

#[test]
fn a_period_ends_exactly_when_it_says_and_so_does_the_grace() {
    let every = || Cadence::Every(secs(3_600));
    let judge = |now| judge(every(), &[("10:00:00", Signal::Success)], now);
    let due = at("11:00:00");
    assert_eq!(judge("10:00:00"), (Health::Healthy, Reason::OnTime));
    assert_eq!(judge("11:00:00"), (Health::Healthy, Reason::OnTime));
    assert_eq!(judge("11:00:00.000000001"), (Health::Late, Reason::SlotDue { slot: due }));
    assert_eq!(judge("11:05:00"), (Health::Late, Reason::SlotDue { slot: due }));
    assert_eq!(judge("11:05:00.000000001"), (Health::Failed, Reason::Silent { due }));
}

#[test]
fn an_early_beat_counts_for_the_slot_up_to_its_limit() {
    let late = (Health::Late, Reason::SlotDue { slot: at("11:00:00") });
    let judge = |time| judge(hourly(), &[(time, Signal::Success)], "11:04:00");
    assert_eq!(judge("10:59:00"), (Health::Healthy, Reason::OnTime), "exactly as early as allowed");
    assert_eq!(judge("10:58:59.999"), late);
    assert_eq!(judge("11:03:00"), (Health::Healthy, Reason::OnTime));
}

#[test]
fn a_reported_failure_stands_until_a_success() {
    let failed = (Health::Failed, Reason::ReportedFailure { exit: Some(7) });
    for cadence in [Cadence::Whenever, hourly(), Cadence::Every(secs(60))] {
        assert_eq!(judge(cadence.clone(), &[("10:30:00", Signal::Fail)], "23:00:00"), failed);
        let both = [("10:30:00", Signal::Fail), ("10:31:00", Signal::Success)];
        assert_eq!(judge(cadence, &both, "10:31:30").1, Reason::OnTime);
    }
}

#[test]
fn without_a_cadence_silence_says_nothing() {
    let judged = judge(Cadence::Whenever, &[("00:00:00", Signal::Success)], "23:00:00");
    assert_eq!(judged, (Health::Healthy, Reason::OnTime));
}

#[test]
fn a_run_may_take_as_long_as_its_limit() {
    let started = at("10:00:00");
    let judge = |now| judge(Cadence::Whenever, &[("10:00:00", Signal::Start)], now);
    assert_eq!(judge("11:00:00"), (Health::Healthy, Reason::Running));
    assert_eq!(judge("11:00:00.000000001"), (Health::Failed, Reason::RunTooLong { started }));
}

#[test]
fn a_run_that_began_for_a_slot_is_not_silence() {
    let began = |time| [("10:00:00", Signal::Success), (time, Signal::Start)];
    let running = (Health::Healthy, Reason::Running);
    assert_eq!(judge(hourly(), &began("11:00:05"), "11:30:00"), running);
    assert_eq!(judge(hourly(), &began("10:59:00"), "11:30:00"), running);
    // One that began for no slot is still running when the slot comes: the slot was not served.
    let silent = (Health::Failed, Reason::Silent { due: at("11:00:00") });
    assert_eq!(judge(hourly(), &began("10:30:00"), "11:05:01"), silent);
    // The excuse ends with the slot after it.
    let long = Expectation::Beats(BeatRules { max_run: secs(36_000), ..beat_rules(hourly()) });
    let seen = Seen::beats(state(&began("11:00:05")));
    assert_eq!(judged(&seen, &long, at("12:05:00")), running);
    assert_eq!(judged(&seen, &long, at("12:05:01")), silent);
}

#[test]
fn slots_of_beats_keep_to_the_wall_clock_when_it_changes() {
    // In New York the clocks go back from 02:00 to 01:00 on 1 November 2026: 01:30 is shown twice, and counts once.
    let schedule = Schedule::parse("30 1 * * *", "America/New_York").unwrap();
    let first: Timestamp = "2026-11-01T05:30:00Z".parse().unwrap();
    let mut state = BeatState::default();
    state.record(&Beat { at: first, signal: Signal::Success, rid: String::new(), exit: None });
    let rules = Expectation::Beats(beat_rules(Cadence::Slots(schedule)));
    let judge = |now: &str| judged(&Seen::beats(state.clone()), &rules, now.parse().unwrap());
    assert_eq!(judge("2026-11-01T07:00:00Z"), (Health::Healthy, Reason::OnTime));
    assert_eq!(judge("2026-11-02T06:30:00Z"), (Health::Healthy, Reason::OnTime));
    let slot = "2026-11-02T06:30:00Z".parse().unwrap();
    assert_eq!(judge("2026-11-02T06:30:01Z"), (Health::Late, Reason::SlotDue { slot }));
}
