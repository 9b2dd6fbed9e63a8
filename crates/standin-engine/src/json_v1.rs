//! Version 1 of what Standin prints as JSON: plain data, frozen, apart from the types that it is made from.
//!
//! Times are RFC 3339 in UTC, durations are seconds, sizes are bytes. Fields are only ever added.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use standin_core::automation::{Automation, Finding, Inventory, ScheduleSpec, Severity, Source, Standing};
use standin_core::effect::{Outcome, PlannedEffect};
use standin_core::health::{Health, Score};
use standin_core::ident::{AutomationId, Domain, Kind};
use standin_core::incident::{Incident, Target};
use standin_core::plan::{Decision, Request};
use standin_core::verdict::Verdict;

/// The version that all of these carry.
pub const VERSION: u32 = 1;

/// What `standin scan --format json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanV1 {
    /// Always 1.
    pub version: u32,
    /// Ordered by id.
    pub automations: Vec<AutomationV1>,
    /// Ordered by place.
    pub findings: Vec<FindingV1>,
}

/// One automation of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomationV1 {
    /// `kind:name`.
    pub id: String,
    /// workflow, pm2, netlify, npm, command or heartbeat.
    pub kind: Kind,
    /// What a person calls it.
    pub name: String,
    /// github, netlify, aws, host or elsewhere.
    pub domain: Domain,
    /// Where it is written down.
    pub source: Source,
    /// When it runs by the clock.
    pub schedules: Vec<ScheduleSpec>,
    /// What else starts it.
    pub triggers: Vec<String>,
    /// declared, loadable or effective.
    pub state: Standing,
    /// Why it falls short of effective; empty when it does not.
    pub reason: String,
}

/// One finding of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingV1 {
    /// The rule's stable name.
    pub rule: String,
    /// note, warning or error.
    pub severity: Severity,
    /// Relative to the repository.
    pub path: String,
    /// Counted from 1.
    pub line: u32,
    /// What is the matter.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

/// The health of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthV1 {
    /// 0 to 100; null when nothing is known.
    pub score: Option<u32>,
    /// The worst health that says something.
    pub state: Health,
}

/// What `standin health --format json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthReportV1 {
    /// Always 1.
    pub version: u32,
    /// The whole.
    pub health: HealthV1,
    /// How many automations have each health.
    pub counts: CountsV1,
    /// Whether an agent answered; without one, the figures are what the last one knew.
    pub agent: AgentV1,
}

/// How many automations have each health.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountsV1 {
    /// Doing what they should.
    pub healthy: usize,
    /// Due, within their grace.
    pub late: usize,
    /// Running, not well.
    pub unhealthy: usize,
    /// Not doing what they should.
    pub failed: usize,
    /// Ended on purpose.
    pub stopped: usize,
    /// Cannot be told.
    pub unknown: usize,
}

/// The agent that was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentV1 {
    /// running or absent.
    pub state: AgentState,
    /// Its process; 0 when absent.
    pub pid: u32,
    /// Where it listens, such as `127.0.0.1:4646`; empty when absent.
    pub listen: String,
    /// When it started; null when absent.
    pub started: Option<Timestamp>,
    /// When it last looked; null when absent.
    pub last_tick: Option<Timestamp>,
}

/// Whether an agent runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentState {
    /// It answered.
    Running,
    /// None runs for this repository.
    #[default]
    Absent,
}

/// What `standin status --format json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusV1 {
    /// Always 1.
    pub version: u32,
    /// The whole.
    pub health: HealthV1,
    /// The agent that was asked.
    pub agent: AgentV1,
    /// The other deployments of Standin.
    pub peers: Vec<PeerV1>,
    /// Ordered by id.
    pub automations: Vec<AutomationStatusV1>,
    /// Those that are not resolved, oldest first.
    pub incidents: Vec<IncidentV1>,
}

/// Another deployment of Standin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerV1 {
    /// Its name.
    pub id: String,
    /// How it is.
    pub health: Health,
}

/// How one automation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomationStatusV1 {
    /// `kind:name`.
    pub id: String,
    /// How it is.
    pub health: Health,
    /// Why, in a sentence.
    pub reason: String,
    /// Why, as a stable word.
    pub code: String,
    /// Since when it has had this health.
    pub since: Timestamp,
    /// When the next sign of life is due; null where nothing has a time.
    pub due: Option<Timestamp>,
    /// When it last was seen to do well; null if never.
    pub last_success: Option<Timestamp>,
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentV1 {
    /// Its name.
    pub id: String,
    /// The automation, or `platform:pm2`.
    pub target: String,
    /// open, settling, exhausted or resolved.
    pub phase: String,
    /// Why it was opened.
    pub cause: String,
    /// When.
    pub opened: Timestamp,
    /// When it was over; null while it is not.
    pub resolved: Option<Timestamp>,
    /// Recoveries tried.
    pub attempts: u8,
    /// The automations that are down with a platform.
    pub members: Vec<String>,
}

/// What `standin recover --format json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoverV1 {
    /// Always 1.
    pub version: u32,
    /// Whether it was a rehearsal: then nothing was done.
    pub dry_run: bool,
    /// What was decided for each target.
    pub decisions: Vec<DecisionV1>,
    /// What was done, or in a rehearsal would be.
    pub effects: Vec<EffectV1>,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionV1 {
    /// The automation, or `platform:pm2`.
    pub target: String,
    /// A stable word, such as `attempt`, `wait`, `held`, `nothing_to_do`.
    pub choice: String,
    /// In a sentence.
    pub reason: String,
}

/// One effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectV1 {
    /// What, in words.
    pub effect: String,
    /// Why.
    pub reason: String,
    /// Counted from 1.
    pub attempt: u8,
    /// done, not_needed, refused, unknown; planned in a rehearsal.
    pub outcome: String,
    /// What the platform said; empty when there is nothing to add.
    pub detail: String,
}

/// What `standin report` writes and prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportV1 {
    /// Always 1.
    pub version: u32,
    /// all, pm2, workflow or netlify: which automations it covers.
    pub scope: String,
    /// When it was made.
    pub generated_at: Timestamp,
    /// The repository's folder name.
    pub repository: String,
    /// The whole.
    pub health: HealthV1,
    /// How many have each health.
    pub counts: CountsV1,
    /// The agent that was asked.
    pub agent: AgentV1,
    /// Each automation with its health.
    pub automations: Vec<ReportedV1>,
    /// What the scan found.
    pub findings: Vec<FindingV1>,
    /// Those that are not resolved, then the newest resolved ones.
    pub incidents: Vec<IncidentV1>,
    /// The recoveries of the last days, newest first.
    pub recoveries: Vec<RecoveryV1>,
}

/// An automation of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedV1 {
    /// As the scan found it.
    pub automation: AutomationV1,
    /// How it is; null when no agent has looked at it.
    pub status: Option<AutomationStatusV1>,
}

/// One recovery that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryV1 {
    /// When it was decided.
    pub at: Timestamp,
    /// What, in words.
    pub effect: String,
    /// Why.
    pub reason: String,
    /// Counted from 1.
    pub attempt: u8,
    /// done, not_needed, refused or unknown; open while none is known.
    pub outcome: String,
    /// What the platform said; empty when there is nothing to add.
    pub detail: String,
}

impl From<&Inventory> for ScanV1 {
    fn from(inventory: &Inventory) -> Self {
        Self {
            version: VERSION,
            automations: inventory.automations.iter().map(AutomationV1::from).collect(),
            findings: inventory.findings.iter().map(FindingV1::from).collect(),
        }
    }
}

impl From<&Automation> for AutomationV1 {
    fn from(a: &Automation) -> Self {
        Self {
            id: a.id.to_string(),
            kind: a.id.kind(),
            name: a.name.clone(),
            domain: a.domain,
            source: a.source.clone(),
            schedules: a.schedules.clone(),
            triggers: a.triggers.clone(),
            state: a.state,
            reason: a.reason.clone(),
        }
    }
}

impl From<&Finding> for FindingV1 {
    fn from(f: &Finding) -> Self {
        Self {
            rule: f.rule.clone(),
            severity: f.severity,
            path: f.path.clone(),
            line: f.line,
            message: f.message.clone(),
            fix: f.fix.clone(),
        }
    }
}

impl From<Score> for HealthV1 {
    fn from(s: Score) -> Self {
        Self { score: s.score, state: s.state }
    }
}

impl From<&Verdict> for AutomationStatusV1 {
    fn from(v: &Verdict) -> Self {
        Self {
            id: v.automation.to_string(),
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

    /// An effect with what came of it.
    pub fn ended(planned: &PlannedEffect, outcome: &Outcome) -> Self {
        Self { outcome: tag(outcome, "outcome"), detail: detail(outcome), ..Self::planned(planned) }
    }
}

impl RecoveryV1 {
    /// A recovery that was recorded at `at`; `outcome` is `None` while none is known.
    pub fn of(at: Timestamp, planned: &PlannedEffect, outcome: Option<&Outcome>) -> Self {
        Self {
            at,
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
            Target::Pm2 => true,
        };
        decisions.iter().filter(about).map(Self::from).collect()
    }
}

impl From<&Decision> for DecisionV1 {
    fn from(d: &Decision) -> Self {
        Self { target: d.target.to_string(), choice: tag(&d.choice, "choice"), reason: d.choice.to_string() }
    }
}
