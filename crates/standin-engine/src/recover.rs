//! What a person asked for: which automations, and the answer.

use std::collections::BTreeMap;

use standin_core::effect::{Effect, PlannedEffect};
use standin_core::health::Health;
use standin_core::ident::AutomationId;
use standin_core::incident::Target;
use standin_core::plan::{Decision, Plan, Request};
use standin_core::verdict::Verdict;

use crate::json_v1::{DecisionV1, EffectV1, RecoverV1, VERSION};

/// The named ones, or with none named everything that fails.
pub fn requests(
    ids: &[AutomationId],
    verdicts: &BTreeMap<AutomationId, Verdict>,
) -> BTreeMap<AutomationId, Request> {
    let failing = verdicts.values().filter(|v| matches!(v.health, Health::Failed | Health::Unhealthy));
    let all: Vec<_> =
        if ids.is_empty() { failing.map(|v| v.automation.clone()).collect() } else { ids.to_vec() };
    all.into_iter().map(|id| (id, Request::Recover)).collect()
}

/// Whether an effect is one that was asked for: that of a platform is when one of its members is.
pub fn is_asked_for(planned: &PlannedEffect, requests: &BTreeMap<AutomationId, Request>) -> bool {
    match &planned.effect {
        Effect::Resurrect { members } => members.iter().any(|id| requests.contains_key(id)),
        Effect::RestartProcess { automation, .. }
        | Effect::StartSaved { automation }
        | Effect::StartDeclared { automation }
        | Effect::Run { automation, .. } => requests.contains_key(automation),
    }
}

/// The part of a plan that was asked for: what else it decided is left for an agent to decide anew.
pub fn only(plan: Plan, requests: &BTreeMap<AutomationId, Request>) -> Plan {
    let effects: Vec<_> = plan.effects.into_iter().filter(|p| is_asked_for(p, requests)).collect();
    let platform = effects.iter().any(|p| p.effect.automation().is_none());
    let about = |target: &Target| match target {
        Target::Automation(id) => requests.contains_key(id),
        Target::Pm2 => platform,
        Target::Peer(_) => false,
    };
    Plan {
        incidents: plan.incidents.into_iter().filter(|incident| about(&incident.target)).collect(),
        runs: plan.runs.into_iter().filter(|(id, _)| requests.contains_key(id)).collect(),
        effects,
        ..plan
    }
}

/// The answer to a rehearsal.
pub fn rehearsed(plan: &Plan, requests: &BTreeMap<AutomationId, Request>) -> RecoverV1 {
    let effects = plan.effects.iter().filter(|p| is_asked_for(p, requests)).map(EffectV1::planned);
    RecoverV1 { dry_run: true, effects: effects.collect(), ..decided(&plan.decisions, requests) }
}

/// The answer as long as nothing has been carried out.
pub fn decided(decisions: &[Decision], requests: &BTreeMap<AutomationId, Request>) -> RecoverV1 {
    let decisions = DecisionV1::list(decisions, requests);
    RecoverV1 { version: VERSION, dry_run: false, decisions, effects: Vec::new() }
}
