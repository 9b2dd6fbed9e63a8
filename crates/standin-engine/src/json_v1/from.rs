//! Version 1, made from what the core knows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use standin_core::automation::{Automation, Finding, Inventory};
use standin_core::effect::{Outcome, PlannedEffect};
use standin_core::health::{Health, Priority, Score};
use standin_core::ident::AutomationId;
use standin_core::incident::{Incident, Target};
use standin_core::plan::{Decision, Request};
use standin_core::verdict::{Reason, Verdict};

use super::{
    AutomationStatusV1, AutomationV1, CountsV1, DecisionV1, EffectV1, FindingV1, HealthV1, IncidentV1,
    RecoveryV1, ScanV1, VERSION,
};
use crate::tick::Finished;

impl From<Inventory> for ScanV1 {
    fn from(inventory: Inventory) -> Self {
        Self {
            version: VERSION,
            automations: inventory.automations.into_iter().map(AutomationV1::from).collect(),
            findings: inventory.findings.into_iter().map(FindingV1::from).collect(),
        }
    }
}

impl From<Automation> for AutomationV1 {
    fn from(automation: Automation) -> Self {
        let Automation { id, name, domain, source, schedules, triggers, state, reason, detail, backup_of } =
            automation;
        Self {
            id: id.to_string(),
            kind: id.kind(),
            name,
            domain,
            source,
            schedules,
            triggers,
            state,
            reason,
            backup_of: backup_of.as_ref().map(ToString::to_string),
            detail: detail.into(),
        }
    }
}

impl From<Finding> for FindingV1 {
    fn from(finding: Finding) -> Self {
        let Finding { rule, severity, path, line, message, fix } = finding;
        Self { rule, severity, path, line, message, fix }
    }
}

impl From<Score> for HealthV1 {
    fn from(s: Score) -> Self {
        Self { score: s.score, state: s.state }
    }
}

/// A verdict does not say what its automation weighs: whoever knows the watch puts that in.
impl From<&Verdict> for AutomationStatusV1 {
    fn from(v: &Verdict) -> Self {
        Self {
            id: v.automation.to_string(),
            priority: Priority::default(),
            health: v.health,
            reason: v.reason.to_string(),
            code: tag(&v.reason, "code"),
            since: v.since,
            due: v.due,
            last_success: v.last_success,
        }
    }
}

impl From<&Incident> for IncidentV1 {
    fn from(i: &Incident) -> Self {
        Self {
            id: i.id.to_string(),
            target: i.target.to_string(),
            phase: i.phase.to_string(),
            cause: i.cause.to_string(),
            opened: i.opened,
            resolved: i.resolved,
            attempts: i.attempts,
            members: i.members.iter().map(ToString::to_string).collect(),
        }
    }
}

impl CountsV1 {
    /// Counts these.
    pub fn of(healths: impl IntoIterator<Item = Health>) -> Self {
        let mut counts = Self::default();
        for health in healths {
            let count = match health {
                Health::Healthy => &mut counts.healthy,
                Health::Late => &mut counts.late,
                Health::Unhealthy => &mut counts.unhealthy,
                Health::Failed => &mut counts.failed,
                Health::Stopped => &mut counts.stopped,
                Health::Unknown => &mut counts.unknown,
            };
            *count += 1;
        }
        counts
    }
}

/// The word by which serde names the variant of `value`.
pub(crate) fn tag<T: Serialize>(value: &T, field: &str) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|v| v.get(field).and_then(|tag| tag.as_str().map(ToOwned::to_owned)))
        .unwrap_or_default()
}

impl EffectV1 {
    /// An effect that would be carried out.
    pub fn planned(planned: &PlannedEffect) -> Self {
        Self {
            effect: planned.effect.to_string(),
            reason: planned.why.clone(),
            attempt: planned.attempt,
            outcome: "planned".to_owned(),
            detail: String::new(),
        }
    }

    /// An effect with what came of it. A run that was made and did not end well is `failed`.
    pub fn ended(finished: &Finished) -> Self {
        let planned = Self::planned(&finished.planned);
        match &finished.end {
            Some(end) if finished.outcome == Outcome::Done && !end.is_success() => {
                let detail = Reason::RunFailed { end: end.clone() }.to_string();
                Self { outcome: "failed".to_owned(), detail, ..planned }
            }
            Some(_) | None => {
                let outcome = &finished.outcome;
                Self { outcome: tag(outcome, "outcome"), detail: detail(outcome), ..planned }
            }
        }
    }
}

impl RecoveryV1 {
    /// A recovery that was recorded at `at`; `outcome` is `None` while none is known.
    pub fn of(at: Timestamp, planned: &PlannedEffect, outcome: Option<&Outcome>) -> Self {
        let target = planned.effect.automation().map_or(Target::Pm2, |id| Target::Automation(id.clone()));
        Self {
            at,
            target: target.to_string(),
            incident: planned.incident.as_ref().map(ToString::to_string).unwrap_or_default(),
            effect: planned.effect.to_string(),
            reason: planned.why.clone(),
            attempt: planned.attempt,
            outcome: outcome.map_or_else(|| "open".to_owned(), |o| tag(o, "outcome")),
            detail: outcome.map(detail).unwrap_or_default(),
        }
    }
}

fn detail(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done => String::new(),
        Outcome::NotNeeded { why } | Outcome::Refused { why } | Outcome::Unknown { why } => why.clone(),
    }
}

impl DecisionV1 {
    /// Those of the decisions that are about what was asked for; one about a platform always is.
    pub fn list(decisions: &[Decision], requests: &BTreeMap<AutomationId, Request>) -> Vec<Self> {
        let about = |d: &&Decision| match &d.target {
            Target::Automation(id) => requests.contains_key(id),
            Target::Pm2 | Target::Peer(_) => true,
        };
        decisions.iter().filter(about).map(Self::from).collect()
    }
}

impl From<&Decision> for DecisionV1 {
    fn from(d: &Decision) -> Self {
        Self { target: d.target.to_string(), choice: tag(&d.choice, "choice"), reason: d.choice.to_string() }
    }
}
