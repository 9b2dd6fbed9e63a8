//! The runs that the agent starts in the slots of a schedule.

use std::time::Duration;

use jiff::Timestamp;

use super::{Choice, Plan, Request, Situation};
use crate::assess::InOrder;
use crate::effect::{Effect, EffectKey, PlannedEffect};
use crate::incident::Target;
use crate::policy::Policy;
use crate::run::RunState;
use crate::time::{later, spread};
use crate::watch::{CatchUp, Expectation, Overlap, SlotRules, Watch};

/// A settled slot further ahead than this was settled under a wrong clock, and would stop the schedule for as long.
const MAX_AHEAD: Duration = Duration::from_secs(3_600);

pub(super) fn plan_runs(situation: &Situation<'_>, policy: &Policy, now: Timestamp, plan: &mut Plan) {
    let mut runs = InOrder::of(situation.runs);
    for watch in situation.watches {
        for expectation in &watch.expectations {
            if let Expectation::Slots(rules) = expectation {
                plan_one(situation, policy, now, plan, (watch, rules, runs.get(&watch.id)));
            }
        }
    }
}

fn plan_one(
    situation: &Situation<'_>,
    policy: &Policy,
    now: Timestamp,
    plan: &mut Plan,
    (watch, rules, before): (&Watch, &SlotRules, Option<&RunState>),
) {
    wake_for_next(rules, watch, now, plan);
    let asked = situation.requests.get(&watch.id) == Some(&Request::Recover);
    if !asked && before.is_some_and(|state| is_at_rest(state, rules, now)) {
        return;
    }
    let state = before.cloned().unwrap_or_default();
    let target = Target::Automation(watch.id.clone());
    let Some(known_since) = known_since(&state, now) else {
        // What came before the agent knew of it is not owed, and what is settled stays so: the clock may come back.
        let settled_slot = state.settled_slot.filter(|settled| !is_far_ahead(*settled, now));
        let state = RunState { known_since: Some(now), settled_slot, ..state };
        if asked {
            return run_as_asked(now, plan, (watch, &target), state);
        }
        return plan.runs.push((watch.id.clone(), state));
    };
    if asked {
        return run_as_asked(now, plan, (watch, &target), state);
    }
    match owed(&state, rules, known_since, now) {
        Some(slot) => plan_slot(now, plan, (watch, rules), &target, state, slot),
        None => retry(policy, now, plan, (watch, rules), &target, state),
    }
}

/// Since when the schedule is known; `None` when it is new, or was last looked at under a clock that was far ahead.
fn known_since(state: &RunState, now: Timestamp) -> Option<Timestamp> {
    let is_ahead = state.settled_slot.is_some_and(|settled| is_far_ahead(settled, now));
    state.known_since.filter(|known| *known <= now && !is_ahead)
}

fn is_far_ahead(settled: Timestamp, now: Timestamp) -> bool {
    settled > later(now, MAX_AHEAD)
}

/// The newest slot that has come and is not settled.
fn owed(state: &RunState, rules: &SlotRules, known_since: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let slot = rules.schedule.previous_at_or_before(now)?;
    (slot >= known_since && state.settled_slot.is_none_or(|settled| settled < slot)).then_some(slot)
}

/// Whether there is nothing to run and nothing to try again, as nearly always.
fn is_at_rest(state: &RunState, rules: &SlotRules, now: Timestamp) -> bool {
    let ended_well = state.last_end.as_ref().is_none_or(|(_, end)| end.is_success());
    ended_well && known_since(state, now).is_some_and(|known| owed(state, rules, known, now).is_none())
}

/// A run that somebody asked for. It settles the slots up to now, and its own name is later than all of theirs.
fn run_as_asked(now: Timestamp, plan: &mut Plan, (watch, target): (&Watch, &Target), state: RunState) {
    if state.running_since.is_some() {
        return plan.decide(target, Choice::UnderWay);
    }
    let slot = state.settled_slot.map_or(now, |settled| now.max(later(settled, Duration::from_millis(1))));
    let state = RunState { settled_slot: Some(slot), attempt: 1, ..state };
    start(now, plan, (watch, target), state, (slot, Choice::RunSlot { slot }));
}

fn plan_slot(
    now: Timestamp,
    plan: &mut Plan,
    (watch, rules): (&Watch, &SlotRules),
    target: &Target,
    state: RunState,
    slot: Timestamp,
) {
    let begin = later(slot, spread(watch.id.as_str(), rules.jitter));
    if now < begin {
        return plan.wake(begin);
    }
    let missed = now > later(begin, rules.grace);
    // What is skipped is not tried again either: no attempts, no retries.
    let (choice, attempt) = match (state.running_since, rules.overlap, missed, rules.catch_up) {
        (Some(_), Overlap::Forbid, _, _) => (Choice::SkipOverlap { slot }, 0),
        (_, _, true, CatchUp::Skip) => (Choice::SkipMissed { slot }, 0),
        (_, _, true, CatchUp::Once) => (Choice::CatchUp { slot }, 1),
        (_, _, false, _) => (Choice::RunSlot { slot }, 1),
    };
    // `settled_slot` moves before the run begins: a slot is never run twice, even if the agent dies right after.
    let state = RunState { settled_slot: Some(slot), attempt, ..state };
    start(now, plan, (watch, target), state, (slot, choice));
}

/// A failed run is tried again, as often as configured, until the next slot comes.
fn retry(
    policy: &Policy,
    now: Timestamp,
    plan: &mut Plan,
    (watch, rules): (&Watch, &SlotRules),
    target: &Target,
    state: RunState,
) {
    let (Some((ended, end)), Some(slot)) = (&state.last_end, state.settled_slot) else { return };
    if end.is_success()
        || state.running_since.is_some()
        || state.attempt > rules.retries
        || state.attempt == 0
    {
        return;
    }
    let doublings = u32::from(state.attempt.saturating_sub(1)).min(16);
    let until = later(*ended, policy.backoff.saturating_mul(1 << doublings));
    if *ended <= now && now < until {
        plan.decide(target, Choice::Wait { until });
        return plan.wake(until);
    }
    let number = state.attempt.saturating_add(1);
    let state = RunState { attempt: number, ..state };
    start(now, plan, (watch, target), state, (slot, Choice::Attempt { number }));
}

fn start(
    now: Timestamp,
    plan: &mut Plan,
    (watch, target): (&Watch, &Target),
    state: RunState,
    (slot, choice): (Timestamp, Choice),
) {
    let runs = matches!(choice, Choice::RunSlot { .. } | Choice::CatchUp { .. } | Choice::Attempt { .. });
    if runs {
        plan.effects.push(PlannedEffect {
            key: EffectKey(format!("{}@{}", watch.id, slot.as_millisecond())),
            attempt: state.attempt,
            incident: None,
            effect: Effect::Run { automation: watch.id.clone(), slot },
            why: format!("slot {slot:.0}"),
        });
    }
    plan.decide(target, choice);
    let state =
        if runs { RunState { running_since: Some(now), running_slot: Some(slot), ..state } } else { state };
    plan.runs.push((watch.id.clone(), state));
}

fn wake_for_next(rules: &SlotRules, watch: &Watch, now: Timestamp, plan: &mut Plan) {
    if let Some(slot) = rules.schedule.next_after(now) {
        plan.wake(later(slot, spread(watch.id.as_str(), rules.jitter)));
    }
}
