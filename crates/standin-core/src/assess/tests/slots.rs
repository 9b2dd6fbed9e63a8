use super::*;
use crate::run::RunEnd;
use crate::time::{later, past, spread};

fn known() -> RunState {
    let settled_slot = Some(at("10:00:00"));
    RunState { known_since: Some(at("09:30:00")), settled_slot, attempt: 1, ..RunState::default() }
}

fn after(end: RunEnd) -> RunState {
    let mut state = known();
    state.ended(at("10:00:10"), end);
    state
}

fn judge(state: RunState, now: &str) -> (Health, Reason) {
    judged(&Seen::runs(state), &Expectation::Slots(slot_rules("0 * * * *")), at(now))
}

#[test]
fn before_the_first_run_nothing_is_known() {
    let unknown = (Health::Unknown, Reason::NotDueYet);
    let rules = Expectation::Slots(slot_rules("0 * * * *"));
    assert_eq!(judged(&Seen::nothing(), &rules, at("12:00:00")), unknown);
    assert_eq!(judge(RunState::default(), "12:00:00"), unknown);
    let fresh = RunState { known_since: Some(at("10:00:00.001")), ..RunState::default() };
    assert_eq!(judge(fresh, "10:59:00"), unknown, "the slot of 10:00 is not owed");
}

#[test]
fn a_run_is_judged_by_its_end() {
    assert_eq!(judge(after(RunEnd::Exited { code: 0 }), "10:30:00"), (Health::Healthy, Reason::OnTime));
    let ends = [
        RunEnd::Exited { code: 1 },
        RunEnd::Killed { signal: "SIGTERM".into() },
        RunEnd::TimedOut,
        RunEnd::NotStarted { why: "no such file".into() },
        RunEnd::Lost,
    ];
    for end in ends {
        let failed = (Health::Failed, Reason::RunFailed { end: end.clone() });
        assert_eq!(judge(after(end), "10:30:00"), failed);
    }
    let running = RunState { running_since: Some(at("10:00:00")), ..after(RunEnd::TimedOut) };
    assert_eq!(judge(running, "23:00:00"), (Health::Healthy, Reason::Running));
}

#[test]
fn a_slot_that_nobody_ran_is_late_and_then_missed() {
    let slot = at("11:00:00");
    let judge = |now| judge(after(RunEnd::Exited { code: 0 }), now);
    assert_eq!(judge("11:00:00"), (Health::Healthy, Reason::OnTime));
    assert_eq!(judge("11:00:00.001"), (Health::Late, Reason::SlotDue { slot }));
    assert_eq!(judge("11:01:00"), (Health::Late, Reason::SlotDue { slot }));
    assert_eq!(judge("11:01:00.001"), (Health::Failed, Reason::MissedSlot { slot }));
}

#[test]
fn the_spread_of_starts_moves_what_is_due() {
    let rules = SlotRules { jitter: secs(30), ..slot_rules("0 * * * *") };
    let share = spread(id().as_str(), rules.jitter);
    assert!(share > Duration::ZERO && share < secs(30));
    let begin = later(at("11:00:00"), share);
    let watch = watch(vec![Expectation::Slots(rules.clone())]);
    let seen = Seen::runs(after(RunEnd::Exited { code: 0 }));
    for now in [at("10:30:00"), at("11:00:00"), begin] {
        let verdict = seen.verdict(&watch, now);
        assert_eq!((verdict.reason, verdict.due), (Reason::OnTime, Some(begin)), "at {now}");
    }
    let slot = at("11:00:00");
    assert_eq!(judged(&seen, &Expectation::Slots(rules), past(begin)).1, Reason::SlotDue { slot });
}
