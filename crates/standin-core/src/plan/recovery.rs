//! Recoveries: incidents are opened, attempted, settled and resolved here, and nowhere else.

use jiff::Timestamp;

use super::{Choice, Plan, Request, Situation, hash};
use crate::assess::later;
use crate::effect::{Effect, EffectKey, PlannedEffect};
use crate::health::Health;
use crate::ident::AutomationId;
use crate::incident::{Incident, Phase, Target};
use crate::observation::{Daemon, Expected};
use crate::policy::Policy;
use crate::verdict::{Reason, Verdict};
use crate::watch::{Expectation, Recovery, Watch};

/// PM2's daemon itself: one incident, with the apps that are down with it.
pub(super) fn plan_platform(situation: &Situation<'_>, policy: &Policy, now: Timestamp, plan: &mut Plan) {
    let target = Target::Pm2;
    let before = situation.incidents.get(&target);
    match &situation.pm2.daemon {
        Daemon::Gone { expected: Expected::Yes, .. } => {
            let members: Vec<AutomationId> =
                failing(situation).filter(|v| v.reason == Reason::DaemonGone).map(id_of).collect();
            let mut incident = failing_incident(before, &target, &Reason::DaemonGone, policy, now);
            incident.members.clone_from(&members);
            let watch = situation.watches.iter().find(|w| has_process(w) && w.recovery == Recovery::Act);
            let effect = watch.map(|_| Effect::Resurrect { members });
            let case = Case { target: &target, before, effect, may_act: Recovery::Act, asked: false };
            attempt(situation, policy, now, plan, case, incident);
        }
        Daemon::Up { .. } => well(before, &target, policy, now, plan),
        Daemon::Gone { expected: Expected::No, .. } => over(before, &target, now, plan),
        Daemon::Unknown { .. } => {}
    }
}

/// Each automation, the weightiest first, so that the brake gives its places to them.
pub(super) fn plan_automations(situation: &Situation<'_>, policy: &Policy, now: Timestamp, plan: &mut Plan) {
    let mut watches: Vec<&Watch> = situation.watches.iter().collect();
    watches.sort_by(|a, b| b.priority.cmp(&a.priority).then_with(|| a.id.cmp(&b.id)));
    for watch in watches {
        if let Some(verdict) = situation.verdicts.get(&watch.id) {
            plan_one(situation, policy, now, plan, watch, verdict);
        }
    }
}

fn plan_one(
    situation: &Situation<'_>,
    policy: &Policy,
    now: Timestamp,
    plan: &mut Plan,
    watch: &Watch,
    verdict: &Verdict,
) {
    let target = Target::Automation(watch.id.clone());
    let before = situation.incidents.get(&target);
    if let Some(request) = situation.requests.get(&watch.id) {
        return requested(situation, policy, now, plan, (watch, verdict, *request));
    }
    match verdict.health {
        Health::Failed | Health::Unhealthy if verdict.reason == Reason::DaemonGone => {
            plan.decide(&target, Choice::WithPlatform);
        }
        Health::Failed | Health::Unhealthy => {
            let incident = failing_incident(before, &target, &verdict.reason, policy, now);
            let effect = remedy(verdict);
            let case = Case { target: &target, before, effect, may_act: watch.recovery, asked: false };
            attempt(situation, policy, now, plan, case, incident);
        }
        Health::Healthy => well(before, &target, policy, now, plan),
        Health::Stopped => over(before, &target, now, plan),
        Health::Late | Health::Unknown => {}
    }
}

/// What a person asked for is done whatever the brake, the backoff and the count of attempts say.
fn requested(
    situation: &Situation<'_>,
    policy: &Policy,
    now: Timestamp,
    plan: &mut Plan,
    (watch, verdict, request): (&Watch, &Verdict, Request),
) {
    let target = Target::Automation(watch.id.clone());
    let effect = match request {
        Request::StartIfNew => Some(&verdict.reason)
            .filter(|reason| matches!(reason, Reason::NeverStarted | Reason::DaemonStopped))
            .and_then(|_| asked_effect(watch, verdict)),
        Request::Recover => asked_effect(watch, verdict),
    };
    // A command has a plan of its own: see `runs`.
    let is_command = watch.expectations.iter().any(|e| matches!(e, Expectation::Slots(_)));
    match effect {
        Some(effect) => {
            let before = situation.incidents.get(&target);
            let incident = failing_incident(before, &target, &verdict.reason, policy, now);
            let case =
                Case { target: &target, before, effect: Some(effect), may_act: Recovery::Act, asked: true };
            attempt(situation, policy, now, plan, case, incident);
        }
        None if is_command => {}
        None => plan.decide(&target, Choice::NothingToDo),
    }
}

/// What ends this failure; `None` where Standin has nothing that would.
fn remedy(verdict: &Verdict) -> Option<Effect> {
    let automation = verdict.automation.clone();
    match &verdict.reason {
        Reason::Died { .. }
        | Reason::GaveUp { .. }
        | Reason::NotRestarted { .. }
        | Reason::OverMemory { .. }
        | Reason::Hung { .. }
        | Reason::MissedSlot { .. } => restart(verdict),
        Reason::LostByDaemon => Some(Effect::StartSaved { automation }),
        Reason::Online
        | Reason::Starting
        | Reason::Stopping
        | Reason::Finished
        | Reason::OnTime
        | Reason::Running
        | Reason::NotDueYet
        | Reason::NoBeatYet
        | Reason::StoppedByHand
        | Reason::DeletedByHand
        | Reason::NeverStarted
        | Reason::RestartLoop { .. }
        | Reason::SlotDue { .. }
        | Reason::DaemonGone
        | Reason::DaemonStopped
        | Reason::EndNotSeen
        | Reason::Foreign { .. }
        | Reason::RunFailed { .. }
        | Reason::ReportedFailure { .. }
        | Reason::RunTooLong { .. }
        | Reason::Silent { .. }
        | Reason::NotWatched { .. }
        | Reason::NotReadable { .. }
        | Reason::NotEffective { .. } => None,
    }
}

/// What a person's request comes to: also for what was stopped on purpose, never for a stranger.
fn asked_effect(watch: &Watch, verdict: &Verdict) -> Option<Effect> {
    let automation = verdict.automation.clone();
    if !has_process(watch) {
        return None;
    }
    match &verdict.reason {
        Reason::NeverStarted | Reason::DaemonStopped | Reason::DeletedByHand => {
            Some(Effect::StartDeclared { automation })
        }
        Reason::LostByDaemon => Some(Effect::StartSaved { automation }),
        Reason::DaemonGone => Some(Effect::Resurrect { members: vec![automation] }),
        Reason::StoppedByHand
        | Reason::Finished
        | Reason::EndNotSeen
        | Reason::RestartLoop { .. }
        | Reason::RunFailed { .. } => restart(verdict),
        Reason::Online
        | Reason::Starting
        | Reason::Stopping
        | Reason::OnTime
        | Reason::Running
        | Reason::NotDueYet
        | Reason::NoBeatYet
        | Reason::Died { .. }
        | Reason::GaveUp { .. }
        | Reason::NotRestarted { .. }
        | Reason::OverMemory { .. }
        | Reason::Hung { .. }
        | Reason::MissedSlot { .. }
        | Reason::SlotDue { .. }
        | Reason::Foreign { .. }
        | Reason::ReportedFailure { .. }
        | Reason::RunTooLong { .. }
        | Reason::Silent { .. }
        | Reason::NotWatched { .. }
        | Reason::NotReadable { .. }
        | Reason::NotEffective { .. } => remedy(verdict),
    }
}

fn restart(verdict: &Verdict) -> Option<Effect> {
    verdict.life.map(|life| Effect::RestartProcess {
        automation: verdict.automation.clone(),
        pm_id: life.pm_id,
        expect_uptime: life.uptime_stamp,
    })
}

/// One target that fails, and what could be done about it.
struct Case<'a> {
    target: &'a Target,
    before: Option<&'a Incident>,
    effect: Option<Effect>,
    may_act: Recovery,
    asked: bool,
}

/// The incident of a target that fails now: a new one, or the one that never was over.
fn failing_incident(
    before: Option<&Incident>,
    target: &Target,
    cause: &Reason,
    policy: &Policy,
    now: Timestamp,
) -> Incident {
    let fresh = || Incident::open(target.clone(), cause.clone(), now);
    let Some(before) = before else { return fresh() };
    let quiet_ends = before.resolved.map(|resolved| later(resolved, policy.quiet));
    match before.phase {
        Phase::Resolved if quiet_ends.is_none_or(|ends| now > ends) => fresh(),
        Phase::Resolved | Phase::Settling => {
            Incident { phase: Phase::Open, well_since: None, resolved: None, ..before.clone() }
        }
        Phase::Open | Phase::Exhausted => before.clone(),
    }
}

fn attempt(
    situation: &Situation<'_>,
    policy: &Policy,
    now: Timestamp,
    plan: &mut Plan,
    case: Case<'_>,
    mut incident: Incident,
) {
    let choice = choose(situation, policy, now, plan, &case, &incident);
    match &choice {
        Choice::Attempt { number } => {
            incident.attempts = *number;
            incident.phase = Phase::Open;
            incident.last_attempt = Some(now);
            plan.wake(later(now, backoff(&incident, policy)));
        }
        Choice::GaveUp => incident.phase = Phase::Exhausted,
        Choice::Wait { until } => plan.wake(*until),
        Choice::Held
        | Choice::UnderWay
        | Choice::WithPlatform
        | Choice::AlertOnly
        | Choice::NoRemedy
        | Choice::Settling
        | Choice::Resolved
        | Choice::NothingToDo
        | Choice::RunSlot { .. }
        | Choice::CatchUp { .. }
        | Choice::SkipMissed { .. }
        | Choice::SkipOverlap { .. } => {}
    }
    if let (Choice::Attempt { number }, Some(effect)) = (&choice, case.effect) {
        plan.effects.push(PlannedEffect {
            key: EffectKey(incident.id.0.clone()),
            attempt: *number,
            incident: Some(incident.id.clone()),
            why: incident.cause.to_string(),
            effect,
        });
    }
    plan.decide(case.target, choice);
    if case.before != Some(&incident) {
        plan.incidents.push(incident);
    }
}

fn choose(
    situation: &Situation<'_>,
    policy: &Policy,
    now: Timestamp,
    plan: &mut Plan,
    case: &Case<'_>,
    incident: &Incident,
) -> Choice {
    if situation.in_flight.contains(case.target) {
        return Choice::UnderWay;
    }
    if case.effect.is_none() {
        return Choice::NoRemedy;
    }
    let number = incident.attempts.saturating_add(1);
    if case.asked {
        return Choice::Attempt { number };
    }
    match case.may_act {
        Recovery::AlertOnly => return Choice::AlertOnly,
        Recovery::Act => {}
    }
    if incident.phase == Phase::Exhausted {
        return Choice::GaveUp;
    }
    if let Some(last) = incident.last_attempt {
        let until = later(last, backoff(incident, policy));
        if now < until {
            return Choice::Wait { until };
        }
    }
    if incident.attempts >= policy.max_attempts {
        return Choice::GaveUp;
    }
    let braked = matches!(case.target, Target::Automation(_)) && !plan.brake.admits(case.target);
    if braked { Choice::Held } else { Choice::Attempt { number } }
}

/// The wait after the last attempt: doubles each time, and up to a quarter more so that many do not come at once.
fn backoff(incident: &Incident, policy: &Policy) -> std::time::Duration {
    let doublings = u32::from(incident.attempts.saturating_sub(1)).min(16);
    let base = policy.backoff.saturating_mul(1 << doublings);
    let seed = hash(&format!("{}#{}", incident.id, incident.attempts));
    let quarter = u64::try_from(base.as_millis() / 4).unwrap_or(u64::MAX);
    base.saturating_add(std::time::Duration::from_millis(seed.checked_rem(quarter).unwrap_or(0)))
}

/// The target looks well: its incident settles, then is resolved.
fn well(before: Option<&Incident>, target: &Target, policy: &Policy, now: Timestamp, plan: &mut Plan) {
    let Some(before) = before else { return };
    match before.phase {
        Phase::Resolved => {}
        Phase::Open | Phase::Exhausted => {
            plan.wake(later(now, policy.settle));
            plan.decide(target, Choice::Settling);
            plan.incidents.push(Incident { phase: Phase::Settling, well_since: Some(now), ..before.clone() });
        }
        Phase::Settling => {
            let settled = later(before.well_since.unwrap_or(now), policy.settle);
            if now >= settled {
                over(Some(before), target, now, plan);
            } else {
                plan.wake(settled);
                plan.decide(target, Choice::Settling);
            }
        }
    }
}

/// The incident is over: the target is well and has settled, or somebody has taken it out of service.
fn over(before: Option<&Incident>, target: &Target, now: Timestamp, plan: &mut Plan) {
    let Some(before) = before.filter(|incident| incident.phase != Phase::Resolved) else { return };
    plan.decide(target, Choice::Resolved);
    plan.incidents.push(Incident { phase: Phase::Resolved, resolved: Some(now), ..before.clone() });
}

fn failing<'a>(situation: &Situation<'a>) -> impl Iterator<Item = &'a Verdict> {
    situation.verdicts.values().filter(|v| v.health == Health::Failed)
}

fn id_of(verdict: &Verdict) -> AutomationId {
    verdict.automation.clone()
}

fn has_process(watch: &Watch) -> bool {
    watch.expectations.iter().any(|e| matches!(e, Expectation::Process(_)))
}
