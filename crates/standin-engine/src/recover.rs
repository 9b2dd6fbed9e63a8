//! What a person asked for: which automations, and the answer.

use std::collections::BTreeMap;

use standin_core::effect::PlannedEffect;
use standin_core::health::Health;
use standin_core::ident::AutomationId;
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

/// Whether an effect is one that was asked for: those of a platform always are.
pub fn is_asked_for(planned: &PlannedEffect, requests: &BTreeMap<AutomationId, Request>) -> bool {
    planned.effect.automation().is_none_or(|id| requests.contains_key(id))
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
