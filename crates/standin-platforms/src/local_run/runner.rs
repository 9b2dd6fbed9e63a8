//! The engine's port for commands.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use standin_core::effect::EffectKey;
use standin_core::ident::AutomationId;
use standin_core::run::RunEnd;
use standin_engine::ports::Runner;

use super::{Adopted, RunFolder, RunName, RunSpec, StartError, output};

/// The end of an output that goes into the log, in bytes.
const LOGGED_BYTES: usize = 16_384;

/// What it may take in the log's JSON. The log leaves out lines of more than 64 KB, and that a run has ended must be
/// said there whatever the run printed.
const LOGGED_JSON_BYTES: usize = 32_768;

/// How long the files of a run stay after its end was told here: much longer than an outcome waits to be recorded.
const KEEP_TOLD: Duration = Duration::from_secs(120);

/// How long a fresh runner leaves alone what others left: until every run that is asked for again was asked for.
const KEEP_LEFT_AT_START: Duration = Duration::from_secs(600);

/// After that, leftovers of this age go: nobody asks for them any more.
const LEFTOVER_AGE: Duration = Duration::from_secs(86_400);

/// Runs the commands of automations on this machine.
#[derive(Debug)]
pub struct LocalRunner {
    folder: RunFolder,
    commands: Mutex<Arc<BTreeMap<AutomationId, RunSpec>>>,
    tidy: Mutex<Tidy>,
}

/// What can go, and when.
#[derive(Debug)]
struct Tidy {
    /// Oldest first.
    told: VecDeque<(Instant, RunName)>,
    /// When leftovers are looked at next.
    leftovers: Instant,
}

impl LocalRunner {
    /// A runner of these commands, with its files in this folder.
    pub fn new(folder: RunFolder, commands: BTreeMap<AutomationId, RunSpec>) -> Self {
        let tidy = Tidy { told: VecDeque::new(), leftovers: Instant::now() + KEEP_LEFT_AT_START };
        Self { folder, commands: Mutex::new(Arc::new(commands)), tidy: Mutex::new(tidy) }
    }

    /// Takes other commands from now on; what runs goes on.
    pub fn set_commands(&self, commands: BTreeMap<AutomationId, RunSpec>) {
        *self.commands.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(commands);
    }

    /// The files of the runs.
    pub const fn folder(&self) -> &RunFolder {
        &self.folder
    }

    fn spec(&self, automation: &AutomationId) -> Option<RunSpec> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).get(automation).cloned()
    }

    /// Takes note that the end of this run was told, and removes what nobody asks for any more.
    fn tidy(&self, name: RunName) {
        let now = Instant::now();
        let mut tidy = self.tidy.lock().unwrap_or_else(PoisonError::into_inner);
        tidy.told.push_back((now, name));
        while let Some((at, name)) = tidy.told.front() {
            if now.saturating_duration_since(*at) < KEEP_TOLD {
                break;
            }
            self.folder.forget(name);
            tidy.told.pop_front();
        }
        if now >= tidy.leftovers {
            tidy.leftovers = now + LEFTOVER_AGE;
            self.folder.prune(LEFTOVER_AGE, SystemTime::now());
        }
    }

    async fn end(&self, automation: &AutomationId, name: &RunName) -> RunEnd {
        let spec = self.spec(automation);
        let limit = spec.as_ref().map_or(Duration::MAX, |s| s.time_limit);
        match self.folder.adopt(name) {
            Adopted::Ended(end) => return end,
            Adopted::Running(running) => return running.wait(limit).await,
            Adopted::Unknown => {}
        }
        let Some(spec) = spec else {
            return RunEnd::NotStarted { why: "the agent knows no command of it".into() };
        };
        match self.folder.start(&spec, name) {
            Ok(running) => running.wait(limit).await,
            Err(
                error @ (StartError::Known(_)
                | StartError::NoDirectory(_)
                | StartError::NoVariable(_)
                | StartError::System(_)),
            ) => RunEnd::NotStarted { why: error.to_string() },
        }
    }
}

impl Runner for LocalRunner {
    async fn run(&self, automation: &AutomationId, key: &EffectKey, attempt: u8) -> RunEnd {
        let name = RunName::of(&key.0, attempt);
        tracing::info!(target: "runs", %automation, run = %name, attempt, "run begins");
        let end = self.end(automation, &name).await;
        let output = self.folder.read_output(&name, LOGGED_BYTES);
        let output = match self.spec(automation) {
            Some(spec) => output::masked(output, &spec),
            None => output,
        };
        let output = output::end_for_json(&output, LOGGED_JSON_BYTES);
        tracing::info!(target: "runs", %automation, run = %name, attempt, ?end, output, "run has ended");
        self.tidy(name);
        end
    }

    fn has_begun(&self, key: &EffectKey, attempt: u8) -> bool {
        !matches!(self.folder.adopt(&RunName::of(&key.0, attempt)), Adopted::Unknown)
    }
}
