#![allow(clippy::unwrap_used)]

use std::time::Duration;

use standin_core::health::Priority;
use standin_core::observation::StopCause;
use standin_core::run::RunEnd;
use standin_core::watch::{CatchUp, LongRunning, Overlap, ProcessRules, Recovery, SlotRules};

use super::*;

/// Minutes after midnight of a day.
fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_700_006_400 + minute * 60).unwrap()
}

fn hourly() -> Schedule {
    Schedule::parse("0 * * * *", "UTC").unwrap()
}

fn covered(minute: i64) -> Fact {
    Fact::Covered(at(minute).into())
}

fn watch(expectation: Expectation) -> Watch {
    Watch {
        id: "command:x".parse().unwrap(),
        priority: Priority::Normal,
        recovery: Recovery::Act,
        expectations: vec![expectation],
    }
}

fn command() -> Watch {
    watch(Expectation::Slots(SlotRules {
        schedule: hourly(),
        grace: Duration::from_secs(60),
        jitter: Duration::ZERO,
        catch_up: CatchUp::Once,
        overlap: Overlap::Forbid,
        retries: 0,
    }))
}

fn runs(known: i64) -> RunState {
    RunState { known_since: Some(at(known)), ..RunState::default() }
}

fn of_command(runs: &RunState) -> Fact {
    of(&command(), None, Some(runs), None, at(600))
}

#[test]
fn a_slot_counts_while_it_runs_and_when_it_has_ended_well() {
    let mut state = runs(30);
    assert_eq!(of_command(&state), covered(0), "what came before the agent is not owed");
    (state.settled_slot, state.attempt) = (Some(at(60)), 1);
    (state.running_since, state.running_slot) = (Some(at(60)), Some(at(60)));
    assert_eq!(of_command(&state), covered(60));
    state.ended_for(at(60), at(61), RunEnd::Exited { code: 0 });
    assert_eq!(of_command(&state), covered(60));
}

#[test]
fn a_slot_that_failed_or_was_left_out_does_not_count_and_the_one_before_does() {
    let mut state = runs(30);
    (state.settled_slot, state.attempt) = (Some(at(60)), 1);
    state.ended_for(at(60), at(61), RunEnd::Exited { code: 0 });
    (state.settled_slot, state.attempt) = (Some(at(120)), 1);
    state.ended_for(at(120), at(121), RunEnd::Exited { code: 1 });
    assert_eq!(of_command(&state), covered(60));
    // Another has done it: here it was not run.
    (state.settled_slot, state.attempt) = (Some(at(180)), 1);
    (state.running_since, state.running_slot) = (Some(at(181)), Some(at(180)));
    state.left_out(at(180));
    assert_eq!((of_command(&state), state.attempt, state.running_since), (covered(60), 0, None));
}

#[test]
fn nothing_is_said_before_the_agent_knows_the_schedule() {
    assert_eq!(of_command(&RunState::default()), Fact::Unknown);
    assert_eq!(of(&command(), None, None, None, at(0)), Fact::Unknown);
}

fn process(health: Health, reason: Reason) -> Fact {
    let rules = ProcessRules {
        long_running: LongRunning::Auto,
        schedule: None,
        grace: Duration::ZERO,
        memory_limit: 0,
        hang_after: Duration::from_secs(1),
        loop_restarts: 3,
        loop_window: Duration::from_secs(60),
    };
    let verdict = Verdict {
        automation: "pm2:web".parse().unwrap(),
        health,
        reason,
        since: at(0),
        due: None,
        last_success: None,
        lives: Vec::new(),
    };
    of(&watch(Expectation::Process(rules)), Some(&verdict), None, None, at(0))
}

#[test]
fn a_process_is_down_only_when_it_was_seen_to_be_and_no_person_ended_it() {
    assert_eq!(process(Health::Healthy, Reason::Online), Fact::Well);
    assert_eq!(process(Health::Failed, Reason::Died { cause: StopCause::Exited { code: 1 } }), Fact::Down);
    assert_eq!(process(Health::Failed, Reason::DaemonGone), Fact::Down);
    assert_eq!(process(Health::Stopped, Reason::StoppedByHand), Fact::Stopped);
    assert_eq!(process(Health::Stopped, Reason::DeletedByHand), Fact::Stopped);
    assert_eq!(process(Health::Stopped, Reason::Finished), Fact::Unknown, "no person did that");
    assert_eq!(process(Health::Stopped, Reason::NeverStarted), Fact::Unknown);
    assert_eq!(process(Health::Failed, Reason::Silent { due: at(0) }), Fact::Unknown);
    assert_eq!(process(Health::Unknown, Reason::EndNotSeen), Fact::Unknown);
}

#[test]
fn heartbeats_cover_the_slot_in_which_they_came() {
    let rules = BeatRules {
        cadence: Cadence::Slots(hourly()),
        grace: Duration::from_secs(60),
        early: Duration::from_secs(120),
        max_run: Duration::from_secs(600),
    };
    let fact =
        |beats: &BeatState| of(&watch(Expectation::Beats(rules.clone())), None, None, Some(beats), at(125));
    let beats = BeatState { count: 1, ..BeatState::default() };
    assert_eq!(fact(&BeatState::default()), Fact::Unknown, "who never spoke is not missed");
    assert_eq!(fact(&BeatState { failed: Some(at(61)), ..beats.clone() }), NEVER);
    assert_eq!(fact(&BeatState { last_success: Some(at(61)), ..beats.clone() }), covered(60));
    assert_eq!(
        fact(&BeatState { last_success: Some(at(59)), ..beats.clone() }),
        covered(60),
        "a little early"
    );
    let runs = |began| BeatState { last_success: Some(at(61)), started: Some(at(began)), ..beats.clone() };
    assert_eq!(fact(&runs(121)), covered(120));
    assert_eq!(fact(&runs(110)), covered(60), "it has run for too long");
}
