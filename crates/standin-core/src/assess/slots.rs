//! Judging what the agent itself runs in the slots of a schedule.

use jiff::Timestamp;

use super::Judgement;
use crate::health::Health;
use crate::ident::AutomationId;
use crate::run::RunState;
use crate::time::{later, past, sooner, spread};
use crate::verdict::Reason;
use crate::watch::SlotRules;

pub(super) fn judge(
    id: &AutomationId,
    state: Option<&RunState>,
    rules: &SlotRules,
    now: Timestamp,
) -> Judgement {
    let share = spread(id.as_str(), rules.jitter);
    let slot = rules.schedule.next_after(now);
    let begin = slot.map(|slot| later(slot, share));
    let mut judgement = health(state, rules, share, now);
    // While a slot is owed, the next one takes its place as soon as it comes; otherwise that one is owed from its begin.
    let is_owed = judgement.due.is_some() || matches!(judgement.reason, Reason::MissedSlot { .. });
    judgement.recheck = sooner(judgement.recheck, if is_owed { slot } else { begin.map(past) });
    judgement.due = judgement.due.or(begin);
    judgement.last_success = state.and_then(|s| s.last_success);
    judgement
}

fn health(
    state: Option<&RunState>,
    rules: &SlotRules,
    share: std::time::Duration,
    now: Timestamp,
) -> Judgement {
    let Some((state, known_since)) = state.and_then(|s| s.known_since.map(|known| (s, known))) else {
        return Judgement::new(Health::Unknown, Reason::NotDueYet);
    };
    if state.running_since.is_some() {
        return Judgement::new(Health::Healthy, Reason::Running);
    }
    // A slot that ought to have begun and has not: the runner itself is behind.
    if let Some(slot) = rules.schedule.previous_at_or_before(now)
        && slot >= known_since
        && state.settled_slot.is_none_or(|settled| settled < slot)
    {
        let begin = later(slot, share);
        let deadline = later(begin, rules.grace);
        if now > deadline {
            return Judgement::new(Health::Failed, Reason::MissedSlot { slot });
        }
        if now > begin {
            let late = Judgement::new(Health::Late, Reason::SlotDue { slot });
            return Judgement { due: Some(begin), recheck: Some(past(deadline)), ..late };
        }
        return Judgement { due: Some(begin), recheck: Some(past(begin)), ..by_last_end(state) };
    }
    by_last_end(state)
}

fn by_last_end(state: &RunState) -> Judgement {
    match &state.last_end {
        None => Judgement::new(Health::Unknown, Reason::NotDueYet),
        Some((_, end)) if end.is_success() => Judgement::new(Health::Healthy, Reason::OnTime),
        Some((_, end)) => Judgement::new(Health::Failed, Reason::RunFailed { end: end.clone() }),
    }
}
