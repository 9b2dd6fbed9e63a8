//! What carries runs out: nothing at all, a handler in this process, or `act`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::Hub;
use super::act::{self, Act};
use super::runs::Conclusion;
use super::workflows::Script;
use crate::plane::lock;

/// What a handler learns of the run that it is to carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRequest {
    /// `owner/name`.
    pub repository: String,
    /// The workflow's path in the repository.
    pub workflow: String,
    /// The run's number.
    pub id: u64,
    /// `workflow_dispatch`, `repository_dispatch` or `schedule`.
    pub event: String,
    /// The event's payload; `inputs` is a part of a dispatch's.
    pub payload: Value,
}

/// Carries a run out, and says how it ended.
pub type RunHandler =
    Arc<dyn Fn(RunRequest) -> Pin<Box<dyn Future<Output = Conclusion> + Send>> + Send + Sync>;

/// What carries runs out.
#[derive(Clone)]
pub enum Runner {
    /// Nothing is carried out: a run succeeds after so long.
    BuiltIn(Duration),
    /// This program does it.
    Handler(RunHandler),
    /// The real `act` runs the workflow on this machine.
    Act(Box<Act>),
}

impl Default for Runner {
    fn default() -> Self {
        Self::BuiltIn(Duration::from_millis(50))
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(after) => f.debug_tuple("BuiltIn").field(after).finish(),
            Self::Handler(_) => f.write_str("Handler"),
            Self::Act(act) => f.debug_tuple("Act").field(act).finish(),
        }
    }
}

impl Hub {
    /// Takes up what the last request has queued, and stops what it has cancelled.
    pub(crate) fn begin_runs(self: &Arc<Self>) {
        let mut start = Vec::new();
        let mut stop = Vec::new();
        for (name, repo) in &mut lock(&self.world).repos {
            start.extend(repo.to_start.drain(..).map(|id| (name.clone(), id)));
            stop.append(&mut repo.to_stop);
        }
        if !stop.is_empty() {
            self.changed.notify_waiters();
        }
        for id in stop {
            if let Some(task) = lock(&self.tasks).remove(&id) {
                task.abort();
            }
        }
        for (name, id) in start {
            let hub = self.clone();
            let task = tokio::spawn(async move { hub.run(&name, id).await });
            let mut tasks = lock(&self.tasks);
            tasks.retain(|_, task| !task.is_finished());
            tasks.insert(id, task.abort_handle());
        }
    }

    async fn run(&self, repository: &str, id: u64) {
        // Never closed, so that a failure to acquire cannot happen; then the run stays queued.
        let Ok(_permit) = self.running.acquire().await else { return };
        let Some((request, script)) = self.request_of(repository, id) else { return };
        if script.as_ref().is_some_and(Script::is_stuck) {
            return;
        }
        let now = self.plane.now();
        let begun = lock(&self.world).repos.get_mut(repository).is_some_and(|repo| repo.run_started(id, now));
        self.changed.notify_waiters();
        if !begun {
            return;
        }
        let conclusion = match (script, &self.runner) {
            (Some(script), _) => {
                tokio::time::sleep(Duration::from_millis(script.after_ms)).await;
                script.conclusion
            }
            (None, Runner::BuiltIn(after)) => {
                tokio::time::sleep(*after).await;
                Some(Conclusion::Success)
            }
            (None, Runner::Handler(handler)) => Some(handler(request).await),
            (None, Runner::Act(act)) => Some(act::carry(self, act, repository, &request).await),
        };
        if let Some(conclusion) = conclusion {
            let now = self.plane.now();
            if let Some(repo) = lock(&self.world).repos.get_mut(repository) {
                repo.run_ended(id, conclusion, now);
            }
            self.changed.notify_waiters();
        }
    }

    fn request_of(&self, repository: &str, id: u64) -> Option<(RunRequest, Option<Script>)> {
        let world = lock(&self.world);
        let repo = world.repos.get(repository)?;
        let run = repo.runs.get(&id)?;
        let script = repo.workflows.get(&run.path).and_then(|workflow| workflow.script.clone());
        let request = RunRequest {
            repository: repo.full_name(),
            workflow: run.path.clone(),
            id,
            event: run.event.to_owned(),
            payload: run.payload.clone(),
        };
        Some((request, script))
    }
}
