//! Judging by heartbeats.

use jiff::Timestamp;

use super::Judgement;
use crate::beat::BeatState;
use crate::health::Health;
use crate::time::{later, past, sooner};
use crate::verdict::Reason;
use crate::watch::{BeatRules, Cadence};

pub(super) fn judge(state: Option<&BeatState>, rules: &BeatRules, now: Timestamp) -> Judgement {
    let Some((state, first)) = state.and_then(|s| s.first.map(|first| (s, first))) else {
        return Judgement::new(Health::Unknown, Reason::NoBeatYet);
    };
    let due = due(state, first, rules);
    let mut judgement = health(state, due, rules, now);
    judgement.due = due;
    judgement.last_success = state.last_success;
    judgement
}

fn health(state: &BeatState, due: Option<Timestamp>, rules: &BeatRules, now: Timestamp) -> Judgement {
    if state.failed.is_some() {
        return Judgement::new(Health::Failed, Reason::ReportedFailure { exit: state.exit });
    }
    let limit = state.started.map(|started| (started, later(started, rules.max_run)));
    if let Some((started, limit)) = limit
        && now > limit
    {
        return Judgement::new(Health::Failed, Reason::RunTooLong { started });
    }
    let mut judgement = in_time(state, due, rules, now);
    judgement.recheck = sooner(judgement.recheck, limit.map(|(_, limit)| past(limit)));
    judgement
}

fn in_time(state: &BeatState, due: Option<Timestamp>, rules: &BeatRules, now: Timestamp) -> Judgement {
    let fine = if state.started.is_some() { Reason::Running } else { Reason::OnTime };
    let Some(due) = due else {
        return Judgement::new(Health::Healthy, fine);
    };
    // A run that was announced for this slot is not silence, however long it takes, until the slot after it.
    let began = state.started.is_some_and(|started| later(started, rules.early) >= due);
    // Asked for only then: a schedule remembers the last answer, and the next tick asks for `due` again.
    let next = if began { following(due, &rules.cadence) } else { None };
    let excused = next.map(|next| later(next, rules.grace));
    let healthy_until = excused.unwrap_or(due);
    let deadline = later(due, rules.grace);
    if now <= healthy_until {
        Judgement { recheck: Some(past(healthy_until)), ..Judgement::new(Health::Healthy, fine) }
    } else if now <= deadline {
        let late = Judgement::new(Health::Late, Reason::SlotDue { slot: due });
        Judgement { recheck: Some(past(deadline)), ..late }
    } else {
        Judgement::new(Health::Failed, Reason::Silent { due })
    }
}

/// When the success after the one at `due` is expected.
fn following(due: Timestamp, cadence: &Cadence) -> Option<Timestamp> {
    match cadence {
        Cadence::Whenever => None,
        Cadence::Every(period) => Some(later(due, *period)),
        Cadence::Slots(schedule) => Some(schedule.next_after(due).unwrap_or(Timestamp::MAX)),
    }
}

/// When the next success is expected: counted from the last one, or from the first sign of life.
fn due(state: &BeatState, first: Timestamp, rules: &BeatRules) -> Option<Timestamp> {
    let from = state.last_success.unwrap_or(first);
    match &rules.cadence {
        Cadence::Whenever => None,
        Cadence::Every(period) => Some(later(from, *period)),
        Cadence::Slots(schedule) => schedule.next_after(later(from, rules.early)),
    }
}
