//! Recoveries: incidents are opened, attempted, settled and resolved here, and nowhere else.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::{Choice, Plan, Request, Situation};
use crate::effect::{Effect, EffectKey, PlannedEffect};
use crate::health::Health;
use crate::ident::AutomationId;
use crate::incident::{Incident, Phase, Target};
use crate::observation::{Daemon, Expected};
use crate::policy::Policy;
use crate::time::{hash, later};
use crate::verdict::{Reason, Verdict};
use crate::watch::{Expectation, Recovery, Watch};

/// How long PM2 may be unreadable before a person is told.
const BLIND_PATIENCE: Duration = Duration::from_secs(30);

/// PM2's daemon itself: one incident, with the apps that are down with it.
pub(super) fn plan_platform(situation: &Situation<'_>, policy: &Policy, now: Timestamp, plan: &mut Plan) {
    let target = Target::Pm2;
    let before = situation.incidents.get(&target);
    match &situation.pm2.daemon {
        Daemon::Gone { expected: Expected::Yes, .. } => {
            let lost: Vec<&Watch> =
                situation.watches.iter().filter(|w| is_down_with_daemon(situation, w)).collect();
            if lost.is_empty() {
                return over(before, &target, now, plan);
            }
            let asked_for = |w: &Watch| situation.requests.get(&w.id) == Some(&Request::Recover);
            let asked = if lost.iter().any(|w| asked_for(w)) { Asked::Yes } else { Asked::No };
            let brought_back = lost.iter().filter(|w| w.recovery == Recovery::Act || asked_for(w));
            let brought_back: Vec<AutomationId> = brought_back.map(|w| w.id.clone()).collect();
            let may_act = if brought_back.is_empty() { Recovery::AlertOnly } else { Recovery::Act };
            let effect = Some(Effect::Resurrect { members: brought_back });
            let case = Case { target: &target, before, effect, may_act, asked };
            let mut incident = incident_of(situation, &case, &Reason::DaemonGone, policy, now, plan);
            incident.members = lost.into_iter().map(|w| w.id.clone()).collect();
            attempt(situation, policy, now, plan, case, incident);
        }
        Daemon::Up { .. } => well(before, &target, policy, now, plan),
        Daemon::Gone { expected: Expected::No, .. } => over(before, &target, now, plan),
        Daemon::Unknown { why } => blind(situation, why, policy, now, plan),
    }
}

/// PM2 cannot be read. Nothing is known of its apps, so nothing is done; that it lasts is for a person to know.
fn blind(situation: &Situation<'_>, why: &str, policy: &Policy, now: Timestamp, plan: &mut Plan) {
    let unread = |w: &&Watch| {
        let verdict = situation.verdicts.get(&w.id);
        has_process(w) && verdict.is_some_and(|v| matches!(v.reason, Reason::NotReadable { .. }))
    };
    let unread: Vec<&Watch> = situation.watches.iter().filter(unread).collect();
    let since = unread.iter().filter_map(|w| Some(situation.verdicts.get(&w.id)?.since)).min();
    let Some(since) = since else { return };
    let patience = later(since, BLIND_PATIENCE);
    if now < patience {
        return plan.wake(patience);
    }
    let target = Target::Pm2;
    let before = situation.incidents.get(&target);
    let case = Case { target: &target, before, effect: None, may_act: Recovery::AlertOnly, asked: Asked::No };
    let reason = Reason::NotReadable { why: why.to_owned() };
    let mut incident = incident_of(situation, &case, &reason, policy, now, plan);
    incident.members = unread.into_iter().map(|w| w.id.clone()).collect();
    attempt(situation, policy, now, plan, case, incident);
}

/// Each automation, the weightiest first, so that the brake gives its places to them.
pub(super) fn plan_automations(situation: &Situation<'_>, policy: &Policy, now: Timestamp, plan: &mut Plan) {
    let of_concern = of_concern(situation);
    let mut watches: Vec<&Watch> = situation.watches.iter().filter(|w| of_concern.contains(&w.id)).collect();
    watches.sort_by(|a, b| b.priority.cmp(&a.priority).then_with(|| a.id.cmp(&b.id)));
    for watch in watches {
        if let Some(verdict) = situation.verdicts.get(&watch.id) {
            plan_one(situation, policy, now, plan, watch, verdict);
        }
    }
}

/// All about which there may be something to decide: what fails, and what a request, an effect or an incident that is
/// not over is about. For the thousands of others a tick costs nothing more.
fn of_concern<'a>(situation: &Situation<'a>) -> BTreeSet<&'a AutomationId> {
    let failing =
        situation.verdicts.values().filter(|v| matches!(v.health, Health::Failed | Health::Unhealthy));
    let open = situation.incidents.values().filter(|incident| incident.phase != Phase::Resolved);
    let targets = open.map(|incident| &incident.target).chain(situation.in_flight);
    let automations = targets.filter_map(|target| match target {
        Target::Automation(id) => Some(id),
        Target::Pm2 | Target::Peer(_) => None,
    });
    failing.map(|v| &v.automation).chain(situation.requests.keys()).chain(automations).collect()
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
    let request = situation.requests.get(&watch.id);
    if let Some(effect) = request.and_then(|request| asked_effect(*request, watch, verdict)) {
        let case =
            Case { target: &target, before, effect: Some(effect), may_act: Recovery::Act, asked: Asked::Yes };
        let incident = incident_of(situation, &case, &verdict.reason, policy, now, plan);
        return attempt(situation, policy, now, plan, case, incident);
    }
    // A command has a plan of its own: see `runs`.
    let is_command = watch.expectations.iter().any(|e| matches!(e, Expectation::Slots(_)));
    if is_command && request == Some(&Request::Recover) {
        return;
    }
    let said = plan.decisions.len();
    judged(situation, policy, now, plan, (watch, verdict, &target));
    // A request that comes to nothing takes nothing away from what would have been done anyway.
    if request.is_some() && !is_command && plan.decisions.len() == said {
        plan.decide(&target, Choice::NothingToDo);
    }
}

/// What follows from the verdict alone.
fn judged(
    situation: &Situation<'_>,
    policy: &Policy,
    now: Timestamp,
    plan: &mut Plan,
    (watch, verdict, target): (&Watch, &Verdict, &Target),
) {
    let before = situation.incidents.get(target);
    match verdict.health {
        Health::Failed | Health::Unhealthy if verdict.reason == Reason::DaemonGone => {
            plan.decide(target, Choice::WithPlatform);
        }
        Health::Failed | Health::Unhealthy => {
            let effect = remedy(verdict);
            let case = Case { target, before, effect, may_act: watch.recovery, asked: Asked::No };
            let incident = incident_of(situation, &case, &verdict.reason, policy, now, plan);
            attempt(situation, policy, now, plan, case, incident);
        }
        Health::Healthy => well(before, target, policy, now, plan),
        // A start that was asked for may be under way: whether it is over shows afterwards.
        Health::Stopped if situation.in_flight.contains(target) => plan.decide(target, Choice::UnderWay),
        Health::Stopped if before.is_some_and(|incident| did_not_help(incident, verdict)) => {
            gave_up(before, target, plan);
        }
        Health::Stopped => over(before, target, now, plan),
        Health::Late | Health::Unknown => unsettled(before, plan),
    }
}

/// What ends this failure; `None` where Standin has nothing that would.
pub(super) fn remedy(verdict: &Verdict) -> Option<Effect> {
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
fn asked_effect(request: Request, watch: &Watch, verdict: &Verdict) -> Option<Effect> {
    let automation = verdict.automation.clone();
    if !has_process(watch) {
        return None;
    }
    let is_new = matches!(verdict.reason, Reason::NeverStarted | Reason::DaemonStopped);
    match request {
        Request::StartIfNew if !is_new => return None,
        Request::StartIfNew | Request::Recover => {}
    }
    match &verdict.reason {
        Reason::NeverStarted | Reason::DaemonStopped | Reason::DeletedByHand => {
            Some(Effect::StartDeclared { automation })
        }
        Reason::LostByDaemon => Some(Effect::StartSaved { automation }),
        // Without a daemon there is no process to restart.
        Reason::StoppedByHand | Reason::Finished => {
            Some(restart(verdict).unwrap_or(Effect::StartDeclared { automation }))
        }
        Reason::EndNotSeen => Some(restart(verdict).unwrap_or(Effect::StartSaved { automation })),
        Reason::RestartLoop { .. } | Reason::RunFailed { .. } => restart(verdict),
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
        | Reason::DaemonGone
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
    let (automation, lives) = (verdict.automation.clone(), verdict.lives.clone());
    (!lives.is_empty()).then_some(Effect::RestartProcess { automation, lives })
}

/// One target that fails, and what could be done about it.
struct Case<'a> {
    target: &'a Target,
    before: Option<&'a Incident>,
    effect: Option<Effect>,
    may_act: Recovery,
    asked: Asked,
}

/// Whether a person asked for it: that is done whatever the brake, the backoff and the count of attempts say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Yes,
    No,
}

/// The incident of a case. What a person asks for begins a new one, and so ends the one before.
fn incident_of(
    situation: &Situation<'_>,
    case: &Case<'_>,
    cause: &Reason,
    policy: &Policy,
    now: Timestamp,
    plan: &mut Plan,
) -> Incident {
    match case.asked {
        Asked::Yes if !situation.in_flight.contains(case.target) => {
            over(case.before, case.target, now, plan);
            fresh(case.before, case.target, cause, now)
        }
        Asked::Yes | Asked::No => failing_incident(case.before, case.target, cause, policy, now),
    }
}

/// A new incident. It opens after the one before it even if the clock went back: no two share a name.
fn fresh(before: Option<&Incident>, target: &Target, cause: &Reason, now: Timestamp) -> Incident {
    let free = before.map_or(now, |b| now.max(later(b.opened, Duration::from_millis(1))));
    Incident::open(target.clone(), cause.clone(), free)
}

/// The incident of a target that fails now: a new one, or the one that never was over.
fn failing_incident(
    before: Option<&Incident>,
    target: &Target,
    cause: &Reason,
    policy: &Policy,
    now: Timestamp,
) -> Incident {
    let Some(before) = before else { return fresh(None, target, cause, now) };
    // A resolution in the future, by a clock that went back, says nothing of how long it has been quiet.
    let quiet = |resolved: Timestamp| resolved <= now && now <= later(resolved, policy.quiet);
    match before.phase {
        Phase::Resolved if !before.resolved.is_some_and(quiet) => fresh(Some(before), target, cause, now),
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
    match case.asked {
        Asked::Yes => return Choice::Attempt { number },
        Asked::No => {}
    }
    match case.may_act {
        Recovery::AlertOnly => return Choice::AlertOnly,
        Recovery::Act => {}
    }
    if incident.phase == Phase::Exhausted {
        return Choice::GaveUp;
    }
    // An attempt in the future, by a clock that went back, is not waited for: that could take days.
    if let Some(last) = incident.last_attempt.filter(|last| *last <= now) {
        let until = later(last, backoff(incident, policy));
        if now < until {
            return Choice::Wait { until };
        }
    }
    if incident.attempts >= policy.max_attempts {
        return Choice::GaveUp;
    }
    let braked =
        matches!(case.target, Target::Automation(_)) && !plan.brake.admits(case.target, situation.in_flight);
    if braked { Choice::Held } else { Choice::Attempt { number } }
}

/// The wait after the last attempt: doubles each time, and up to a quarter more so that many do not come at once.
fn backoff(incident: &Incident, policy: &Policy) -> Duration {
    let doublings = u32::from(incident.attempts.saturating_sub(1)).min(16);
    let base = policy.backoff.saturating_mul(1 << doublings);
    let seed = hash(&format!("{}#{}", incident.id, incident.attempts));
    let quarter = u64::try_from(base.as_millis() / 4).unwrap_or(u64::MAX);
    base.saturating_add(Duration::from_millis(seed.checked_rem(quarter).unwrap_or(0)))
}

/// The target looks well: its incident settles, then is resolved.
fn well(before: Option<&Incident>, target: &Target, policy: &Policy, now: Timestamp, plan: &mut Plan) {
    let Some(before) = before else { return };
    match before.phase {
        Phase::Resolved => {}
        Phase::Open | Phase::Exhausted => settle(before, target, policy, now, plan),
        Phase::Settling => match before.well_since.filter(|since| *since <= now) {
            None => settle(before, target, policy, now, plan),
            Some(since) if now >= later(since, policy.settle) => over(Some(before), target, now, plan),
            Some(since) => {
                plan.wake(later(since, policy.settle));
                plan.decide(target, Choice::Settling);
            }
        },
    }
}

fn settle(before: &Incident, target: &Target, policy: &Policy, now: Timestamp, plan: &mut Plan) {
    plan.wake(later(now, policy.settle));
    plan.decide(target, Choice::Settling);
    plan.incidents.push(Incident { phase: Phase::Settling, well_since: Some(now), ..before.clone() });
}

/// The target has looked well, and now cannot be said to: settling begins anew when it looks well again.
fn unsettled(before: Option<&Incident>, plan: &mut Plan) {
    if let Some(before) = before.filter(|incident| incident.phase == Phase::Settling) {
        plan.incidents.push(Incident { phase: Phase::Open, well_since: None, ..before.clone() });
    }
}

/// Somebody asked for a start, it was tried, and what was stopped is stopped as before: that is not over.
fn did_not_help(incident: &Incident, verdict: &Verdict) -> bool {
    let same = std::mem::discriminant(&incident.cause) == std::mem::discriminant(&verdict.reason);
    same && incident.attempts > 0 && matches!(incident.phase, Phase::Open | Phase::Exhausted)
}

/// The attempt that a person asked for has come to nothing.
fn gave_up(before: Option<&Incident>, target: &Target, plan: &mut Plan) {
    plan.decide(target, Choice::GaveUp);
    if let Some(before) = before.filter(|incident| incident.phase != Phase::Exhausted) {
        plan.incidents.push(Incident { phase: Phase::Exhausted, ..before.clone() });
    }
}

/// The incident is over: the target is well and has settled, or somebody has taken it out of service.
fn over(before: Option<&Incident>, target: &Target, now: Timestamp, plan: &mut Plan) {
    let Some(before) = before.filter(|incident| incident.phase != Phase::Resolved) else { return };
    plan.decide(target, Choice::Resolved);
    plan.incidents.push(Incident { phase: Phase::Resolved, resolved: Some(now), ..before.clone() });
}

fn is_down_with_daemon(situation: &Situation<'_>, watch: &Watch) -> bool {
    let verdict = situation.verdicts.get(&watch.id);
    verdict.is_some_and(|v| v.health == Health::Failed && v.reason == Reason::DaemonGone)
}

fn has_process(watch: &Watch) -> bool {
    watch.expectations.iter().any(|e| matches!(e, Expectation::Process(_)))
}
