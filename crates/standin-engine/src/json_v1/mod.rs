//! Version 1 of what Standin prints as JSON: plain data, frozen, apart from the types that it is made from.
//!
//! Times are RFC 3339 in UTC, durations are seconds, sizes are bytes. Fields are only ever added.

mod backup;
mod coverage;
mod detail;
mod from;

pub use backup::{BackupV1, ChangeV1, DoingV1, PatchV1, RefusedV1};
pub use coverage::{CoverageV1, CoveredV1, DayV1, LeftOutV1, LevelV1, PlatformV1, StepV1, levels};
pub use detail::{CallV1, CallableV1, DetailV1, SecretV1, WorkflowV1};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use standin_core::automation::{ScheduleSpec, Severity, Source, Standing};
use standin_core::health::{Health, Priority};
use standin_core::ident::{Domain, Kind};

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
    /// workflow, pm2, netlify, aws, npm, crontab, systemd, kubernetes, script, command or heartbeat.
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
    /// What it was written to stand in for; left out for whatever people wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_of: Option<String>,
    /// What only its kind has.
    #[serde(default)]
    pub detail: DetailV1,
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
    /// What keeps it from acting, such as a full disk; empty when nothing does.
    #[serde(default)]
    pub fault: String,
    /// Files that have changed since it read them: it knows nothing of that until it is started anew.
    #[serde(default)]
    pub stale: Vec<String>,
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
    /// What this watcher has told of the mesh within a day, the newest first.
    #[serde(default)]
    pub alerts: Vec<AlertV1>,
}

/// Another deployment of Standin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerV1 {
    /// Its name.
    pub id: String,
    /// How it is: late when its beat is due, failed when it has been silent for too long, unknown when none was ever read.
    pub health: Health,
    /// action, netlify, lambda or agent; empty where an older version wrote it.
    #[serde(default)]
    pub kind: String,
    /// When it last gave a sign of life; null if never.
    #[serde(default)]
    pub last: Option<Timestamp>,
    /// For how many seconds its next beat is overdue.
    #[serde(default)]
    pub overdue: u64,
}

/// What people were told of the mesh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertV1 {
    /// When.
    pub at: Timestamp,
    /// Which watcher told.
    pub by: String,
    /// good, warning or critical.
    pub level: String,
    /// A stable word, such as `recovered`.
    pub what: String,
    /// An automation's id, `peer:NAME` or `platform:NAME`.
    pub about: String,
    /// In a sentence.
    pub text: String,
}

/// How one automation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomationStatusV1 {
    /// `kind:name`.
    pub id: String,
    /// Its weight in the score: low, normal, high or critical.
    #[serde(default)]
    pub priority: Priority,
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
    /// done, failed (a run that did not end well), not_needed, refused, unknown; planned in a rehearsal.
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
    /// The automation, or `platform:pm2`; empty where an older version wrote it.
    #[serde(default)]
    pub target: String,
    /// The incident that it was meant to end; empty where an older version wrote it.
    #[serde(default)]
    pub incident: String,
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
