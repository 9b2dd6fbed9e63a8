//! The lists of workflows and runs, page by page.

use std::collections::BTreeMap;

use http::Method;
use jiff::Timestamp;
use standin_core::mesh::clock::StoreTime;

use super::names::WorkflowFile;
use super::seen::{JobsPage, Run, RunJson, RunsPage, WorkflowState, WorkflowsPage};
use super::{Github, GithubError, MAX_STUCK, READ_RUNS};
use crate::api::encoded;
use crate::gate::Purpose;

/// Pages of workflows that are read at most, of 100 each.
pub const MAX_WORKFLOW_PAGES: u32 = 20;

/// Pages of runs that one look reads at most, of 100 each.
pub const MAX_RUN_PAGES: u32 = 8;

const PER_PAGE: usize = 100;

/// The workflows that there are.
pub(super) struct Workflows {
    pub(super) by_file: BTreeMap<WorkflowFile, WorkflowState>,
    pub(super) by_id: BTreeMap<u64, WorkflowFile>,
    /// Whether all pages were read.
    pub(super) extent: Extent,
    pub(super) requests: u32,
}

/// How much of a list was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    Part,
}

/// Runs of all workflows, in the order in which GitHub lists them: newest first.
pub(super) struct Runs {
    pub(super) runs: Vec<RunJson>,
    /// All runs since this are among them.
    pub(super) complete_since: StoreTime,
    /// GitHub's clock at the first page.
    pub(super) at: Option<Timestamp>,
    pub(super) requests: u32,
}

impl Github {
    /// The workflows and their states, until all that are wanted have been seen.
    pub(super) async fn list_workflows(&self, wanted: &[WorkflowFile]) -> Result<Workflows, GithubError> {
        let mut found =
            Workflows { by_file: BTreeMap::new(), by_id: BTreeMap::new(), extent: Extent::Part, requests: 0 };
        for page in 1..=MAX_WORKFLOW_PAGES {
            let path = self.path(&format!("actions/workflows?per_page={PER_PAGE}&page={page}"));
            let reply = self.ask(Purpose::Survey, Method::GET, &path, None::<&()>).await?;
            found.requests = page;
            let list: WorkflowsPage = self.read(&reply, READ_RUNS)?;
            let is_last = list.workflows.len() < PER_PAGE
                || u64::from(page).saturating_mul(PER_PAGE as u64) >= list.total_count;
            for workflow in list.workflows {
                let Some(file) = WorkflowFile::of_path(&workflow.path) else { continue };
                let state = WorkflowState::of(&workflow.state);
                found.by_id.extend(workflow.id.map(|id| (id, file.clone())));
                // A file that was deleted and made anew is listed twice.
                if state != WorkflowState::Gone || !found.by_file.contains_key(&file) {
                    found.by_file.insert(file, state);
                }
            }
            if is_last {
                found.extent = Extent::Whole;
                break;
            }
            if wanted.iter().all(|file| found.by_file.contains_key(file)) {
                break;
            }
        }
        self.memory().known = found.by_file.keys().cloned().collect();
        Ok(found)
    }

    /// The unfiltered list of runs, back to `since`, or as far as it goes. It alone can say that a run is missing.
    pub(super) async fn list_runs(&self, purpose: Purpose, since: StoreTime) -> Result<Runs, GithubError> {
        let mut found = Runs { runs: Vec::new(), complete_since: StoreTime(i64::MAX), at: None, requests: 0 };
        for page in 1..=MAX_RUN_PAGES {
            let path = self.path(&format!("actions/runs?per_page={PER_PAGE}&page={page}"));
            let reply = self.ask(purpose, Method::GET, &path, None::<&()>).await?;
            found.requests = page;
            found.at = found.at.or(reply.date());
            let list: RunsPage = self.read(&reply, READ_RUNS)?;
            let count = list.workflow_runs.len();
            let oldest = list.workflow_runs.iter().map(|run| StoreTime::from(run.created_at)).min();
            found.runs.extend(list.workflow_runs);
            if count < PER_PAGE {
                found.complete_since = StoreTime(i64::MIN);
                break;
            }
            if let Some(oldest) = oldest {
                // Others of the same second may be on the next page.
                found.complete_since = found.complete_since.min(oldest.plus(1_000));
            }
            if found.complete_since <= since {
                break;
            }
        }
        Ok(found)
    }

    /// The newest runs of one workflow. This list may be weeks old: what is on it is there, what is not may be too.
    pub(super) async fn list_of(
        &self,
        purpose: Purpose,
        workflow: &WorkflowFile,
    ) -> Result<(Option<Timestamp>, Vec<Run>), GithubError> {
        let path = self.path(&format!("actions/workflows/{}/runs?per_page=30", encoded(workflow.as_str())));
        let reply = self.ask(purpose, Method::GET, &path, None::<&()>).await?;
        if reply.status == 404 {
            return Err(self.absent(workflow).await);
        }
        let list: RunsPage = self.read(&reply, READ_RUNS)?;
        Ok((reply.date(), list.workflow_runs.into_iter().map(RunJson::read).collect()))
    }

    /// One run, as it is now.
    ///
    /// # Errors
    /// [`GithubError`]; a run that is not there is [`GithubError::NoRun`].
    pub async fn run(&self, run: u64) -> Result<Run, GithubError> {
        let path = self.path(&format!("actions/runs/{run}"));
        let reply = self.ask(Purpose::Recovery, Method::GET, &path, None::<&()>).await?;
        match reply.status {
            404 => Err(GithubError::NoRun { repository: self.repository.clone(), run }),
            _ => Ok(self.read::<RunJson>(&reply, READ_RUNS)?.read()),
        }
    }

    /// Whether a run that has waited for long has no job at all.
    pub(super) async fn is_stuck(&self, purpose: Purpose, run: u64) -> Result<bool, GithubError> {
        if self.memory().stuck.contains(&run) {
            return Ok(true);
        }
        let path = self.path(&format!("actions/runs/{run}/jobs?per_page=1"));
        let reply = self.ask(purpose, Method::GET, &path, None::<&()>).await?;
        if reply.status == 404 {
            return Err(GithubError::NoRun { repository: self.repository.clone(), run });
        }
        let jobs: JobsPage = self.read(&reply, READ_RUNS)?;
        if jobs.total_count == 0 {
            let mut memory = self.memory();
            if memory.stuck.len() >= MAX_STUCK {
                memory.stuck.pop_first();
            }
            memory.stuck.insert(run);
        }
        Ok(jobs.total_count == 0)
    }
}
