//! What a test or the demo does to this GitHub from within the process.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Hub;
use super::call::{Call, Refusal, not_found};
use super::objects::{Entry, Object};
use super::repo::FilteredLists;
use super::runs::{Cause, Conclusion, Status};
use super::workflows::{Script, WorkflowState};
use crate::StageError;
use crate::plane::{Plane, lock};
use crate::wire::Request;

/// How lists of runs that are filtered are to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lists {
    /// As everything is.
    Live,
    /// As everything is at this moment, from now on.
    Frozen,
    /// With nothing.
    Empty,
}

/// A run as the stage knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Its number.
    pub id: u64,
    /// The workflow's path.
    pub workflow: String,
    /// What `run-name` came to.
    pub title: String,
    /// `workflow_dispatch`, `repository_dispatch` or `schedule`.
    pub event: String,
    /// The event's payload.
    pub payload: Value,
    /// Counts from 1.
    pub attempt: u64,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// When it came to be.
    pub created: Timestamp,
    /// The slot that a scheduled run was meant for.
    pub slot: Option<Timestamp>,
}

/// A handle on the stage's GitHub. Clones are the same GitHub.
#[derive(Clone)]
pub struct Github(Arc<Hub>);

impl fmt::Debug for Github {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Github").field("url", &self.0.base).finish_non_exhaustive()
    }
}

impl Github {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self(hub)
    }

    pub(crate) fn stop(&self) {
        self.0.stop();
    }

    /// Faults, the log of requests, the clock.
    #[must_use]
    pub fn plane(&self) -> &Plane {
        &self.0.plane
    }

    /// The full name of the first repository, which is what `/_stage` means where none is named.
    #[must_use]
    pub fn first_repository(&self) -> Option<String> {
        lock(&self.0.world).repos.values().min_by_key(|repo| repo.id).map(super::repo::Repo::full_name)
    }

    fn with<T>(
        &self,
        repository: &str,
        act: impl FnOnce(&mut Call<'_>) -> Result<T, Refusal>,
    ) -> Result<T, StageError> {
        let now = self.0.plane.now();
        let mut world = lock(&self.0.world);
        let super::World { repos, ids, .. } = &mut *world;
        let repo = repos.get_mut(&repository.to_lowercase());
        let repo = repo.ok_or_else(|| StageError::Unknown(repository.to_owned()))?;
        let (request, body) = (Request::none(), json!({}));
        let mut call = Call { repo, request: &request, body: &body, base: &self.0.base, now, ids };
        let done = act(&mut call).map_err(|refusal| StageError::Refused(refusal.message));
        drop(world);
        self.0.begin_runs();
        done
    }

    /// Switches a workflow on or off, as the vendor or a person would.
    ///
    /// # Errors
    /// There is no such repository or workflow.
    pub fn set_workflow(
        &self,
        repository: &str,
        workflow: &str,
        state: WorkflowState,
    ) -> Result<(), StageError> {
        self.with(repository, |call| {
            let now = call.now;
            let workflow = call.repo.workflow_mut(workflow)?;
            (workflow.state, workflow.updated) = (state, now);
            Ok(())
        })
    }

    /// Says what a workflow's runs do from now on; none lets the runner carry them out again.
    ///
    /// # Errors
    /// There is no such repository or workflow.
    pub fn script(&self, repository: &str, workflow: &str, script: Option<Script>) -> Result<(), StageError> {
        self.with(repository, |call| {
            call.repo.workflow_mut(workflow)?.script = script;
            Ok(())
        })
    }

    /// Fires a workflow's schedule now, for a slot that may be hours ago. Returns the run's number.
    ///
    /// # Errors
    /// There is no such repository or workflow, it has no schedule, or it is switched off.
    pub fn fire_schedule(
        &self,
        repository: &str,
        workflow: &str,
        slot: Timestamp,
    ) -> Result<u64, StageError> {
        self.with(repository, |call| {
            let workflow = call.repo.workflow(workflow).ok_or_else(not_found)?.clone();
            let Some(cron) = workflow.definition.crons().first().map(|cron| (*cron).to_owned()) else {
                return Err(Refusal::new(422, "this workflow has no schedule"));
            };
            if workflow.state != WorkflowState::Active {
                return Err(Refusal::new(409, "this workflow is switched off: its schedule does not fire"));
            }
            let head = call.repo.head().ok_or_else(not_found)?;
            let branch = call.repo.default_branch.clone();
            let payload = json!({ "schedule": cron });
            let cause = Cause { event: "schedule", payload, branch, head, slot: Some(slot) };
            Ok(super::runs::begin(call, &workflow.path, &workflow.definition, cause))
        })
    }

    /// Fires a workflow's schedule again and again, at this distance, until the stage ends. A firing that is refused,
    /// as while the workflow is switched off, is left out.
    pub fn fire_schedule_every(&self, repository: &str, workflow: &str, every: Duration) {
        let (github, repository, workflow) = (self.clone(), repository.to_owned(), workflow.to_owned());
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                let slot = github.plane().now();
                let _left_out = github.fire_schedule(&repository, &workflow, slot);
            }
        });
        let mut tasks = lock(&self.0.tasks);
        // Below every run's number, so that none is taken for it.
        let key = (0..1_000).find(|key| !tasks.contains_key(key)).unwrap_or_default();
        tasks.insert(key, task.abort_handle());
    }

    /// Says how filtered lists of runs answer from now on.
    ///
    /// # Errors
    /// There is no such repository.
    pub fn filtered_lists(&self, repository: &str, lists: Lists) -> Result<(), StageError> {
        self.with(repository, |call| {
            call.repo.filtered_lists = match lists {
                Lists::Live => FilteredLists::Live,
                Lists::Frozen => FilteredLists::Frozen(call.repo.runs.clone()),
                Lists::Empty => FilteredLists::Empty,
            };
            Ok(())
        })
    }

    /// All runs of a repository, the oldest first.
    ///
    /// # Errors
    /// There is no such repository.
    pub fn runs(&self, repository: &str) -> Result<Vec<RunSummary>, StageError> {
        self.with(repository, |call| Ok(call.repo.runs.values().map(summary).collect()))
    }

    /// Waits until a run has ended. Give it a limit of your own: a scripted run may never end.
    ///
    /// # Errors
    /// There is no such repository or run.
    pub async fn run_ended(&self, repository: &str, id: u64) -> Result<RunSummary, StageError> {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            // Registered before looking: a change in between is not missed.
            changed.as_mut().enable();
            let find = |call: &mut Call<'_>| call.repo.runs.get(&id).map(summary).ok_or_else(not_found);
            let run = self.with(repository, find)?;
            if run.conclusion.is_some() {
                return Ok(run);
            }
            changed.await;
        }
    }

    /// All refs of a repository, with the objects that they name.
    ///
    /// # Errors
    /// There is no such repository.
    pub fn refs(&self, repository: &str) -> Result<BTreeMap<String, String>, StageError> {
        let text = |(name, oid): (&String, &super::objects::Oid)| (name.clone(), oid.to_string());
        self.with(repository, |call| Ok(call.repo.refs.iter().map(text).collect()))
    }

    /// Commits a file to the default branch; none removes it. A workflow is renamed by two of these.
    ///
    /// # Errors
    /// There is no such repository.
    pub fn commit(&self, repository: &str, path: &str, text: Option<&str>) -> Result<(), StageError> {
        self.with(repository, |call| {
            let head = call.repo.head().ok_or_else(not_found)?;
            let branch = format!("refs/heads/{}", call.repo.default_branch);
            let entry = text.map(|text| {
                let data = bytes::Bytes::copy_from_slice(text.as_bytes());
                Entry { mode: "100644".to_owned(), oid: call.repo.objects.put(Object::Blob(data)) }
            });
            super::contents::change(call, &branch, head, path, entry, format!("Change {path}"));
            Ok(())
        })
    }

    /// Takes a repository away, with everything in it.
    pub fn remove_repository(&self, repository: &str) {
        lock(&self.0.world).repos.remove(&repository.to_lowercase());
    }

    /// Leaves so many requests in this hour's limit.
    pub fn leave_requests(&self, remaining: u32) {
        let now = self.0.plane.now();
        lock(&self.0.world).rate.leave(remaining, now);
    }

    /// The requests that count towards this hour's limit.
    #[must_use]
    pub fn requests_used(&self) -> u32 {
        lock(&self.0.world).rate.used()
    }
}

fn summary(run: &super::runs::Run) -> RunSummary {
    let conclusion = match run.status {
        Status::Completed(conclusion) => Some(conclusion),
        Status::Queued | Status::InProgress => None,
    };
    RunSummary {
        id: run.id,
        workflow: run.path.clone(),
        title: run.title.clone(),
        event: run.event.to_owned(),
        payload: run.payload.clone(),
        attempt: run.attempt,
        status: run.status.name().to_owned(),
        conclusion,
        created: run.created,
        slot: run.slot,
    }
}
