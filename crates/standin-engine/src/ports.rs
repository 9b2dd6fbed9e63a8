//! What the engine needs from outside. Adapters implement these and know nothing of each other.

pub mod mesh;

use std::collections::BTreeMap;

use jiff::Timestamp;
use standin_core::beat::{Beat, BeatState};
use standin_core::effect::{Effect, EffectKey, Outcome, PlannedEffect};
use standin_core::ident::AutomationId;
use standin_core::incident::Incident;
use standin_core::observation::{OwnedApp, Pm2View};
use standin_core::run::{RunEnd, RunState};
use standin_core::verdict::Verdict;

/// A host of processes: PM2, or a twin of it in tests and in the simulator.
pub trait Processes: Send + Sync {
    /// Takes one look at the daemon and at these apps. Never fails: what cannot be read is unknown.
    fn look(&self, apps: &[OwnedApp]) -> impl Future<Output = Pm2View> + Send;

    /// Carries out one effect, once: no retry, no wait beyond the answer. Probes the target first and answers
    /// [`Outcome::NotNeeded`] when it is no longer what was observed.
    fn apply(&self, effect: &Effect, apps: &[OwnedApp]) -> impl Future<Output = Outcome> + Send;

    /// Resolves when something has happened since the last look that is worth another one.
    fn changed(&self) -> impl Future<Output = ()> + Send;

    /// What must survive a restart of the watcher (how a process ended, which daemon it was), as JSON.
    fn memory(&self) -> String;
}

/// A runner of commands on this machine, or a twin of it in tests and in the simulator.
pub trait Runner: Send + Sync {
    /// Runs the command of `automation` once and waits for its end, at most for its time limit.
    ///
    /// `(key, attempt)` names the run: the same name never starts a second process. If an earlier life of the agent
    /// started it already, this waits for that one and gives its end.
    fn run(
        &self,
        automation: &AutomationId,
        key: &EffectKey,
        attempt: u8,
    ) -> impl Future<Output = RunEnd> + Send;

    /// Whether a run of this name was ever begun, as far as is still known.
    fn has_begun(&self, _key: &EffectKey, _attempt: u8) -> bool {
        false
    }
}

/// One heartbeat on its way into the journal, with what the sender's request said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The automation that it is for.
    pub id: AutomationId,
    /// The heartbeat.
    pub beat: Beat,
    /// How it came: `GET`, `POST`, `cli`, `spool`, …
    pub via: String,
    /// The sender's user agent, at most 200 characters.
    pub agent: String,
    /// The body, already cut to its limit.
    pub body: Vec<u8>,
}

/// What one step of the engine wants to remember. All of it is written in one transaction, or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// When it was decided.
    pub at: Timestamp,
    /// Verdicts whose health or reason code is new.
    pub flips: Vec<Verdict>,
    /// Incidents that are new or have changed, whole.
    pub incidents: Vec<Incident>,
    /// Effects about to be tried.
    pub intents: Vec<PlannedEffect>,
    /// What came of effects.
    pub outcomes: Vec<(EffectKey, u8, Outcome)>,
    /// Run states that have changed, whole.
    pub runs: Vec<(AutomationId, RunState)>,
    /// Small named texts: the memory of adapters, the state of the brake.
    pub marks: Vec<(String, String)>,
}

/// Everything that a start needs to go on where the last one stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The sum of the heartbeats.
    pub beats: BTreeMap<AutomationId, BeatState>,
    /// The sum of the runs.
    pub runs: BTreeMap<AutomationId, RunState>,
    /// Incidents that are not resolved, and the newest resolved one of each target.
    pub incidents: Vec<Incident>,
    /// The last verdict of each automation.
    pub verdicts: BTreeMap<AutomationId, Verdict>,
    /// Intents without an outcome, oldest first, with the time of the intent.
    pub pending: Vec<(Timestamp, PlannedEffect)>,
    /// The marks.
    pub marks: BTreeMap<String, String>,
}

/// Why the journal did not take something.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// `(key, attempt)` is recorded already. Nothing was written; whoever planned it must not carry it out.
    #[error("the effect {key} (attempt {attempt}) is recorded already")]
    Duplicate {
        /// The key.
        key: EffectKey,
        /// The attempt.
        attempt: u8,
    },
    /// The disk or the database refused. Nothing was written, and nothing that waits for it may be done.
    #[error("the journal could not be written: {0}")]
    Storage(String),
    /// The journal's writer has ended; nothing was written.
    #[error("the journal is closed")]
    Closed,
}

/// Durable memory with one writer: SQLite, or a twin of it in tests and in the simulator.
///
/// When a call answers `Ok`, what it was given survives a kill of the process.
pub trait Journal: Send + Sync {
    /// Reads everything back.
    fn load(&self) -> impl Future<Output = Result<Remembered, JournalError>> + Send;

    /// Keeps a heartbeat and gives the automation's new sum.
    fn arrive(&self, arrival: Arrival) -> impl Future<Output = Result<BeatState, JournalError>> + Send;

    /// Writes a change as one transaction.
    fn commit(&self, change: Change) -> impl Future<Output = Result<(), JournalError>> + Send;
}
