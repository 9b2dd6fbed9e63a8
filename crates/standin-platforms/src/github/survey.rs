//! One look at many workflows, in few requests.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use standin_core::mesh::clock::StoreTime;

use super::lists::{Extent, Runs, Workflows};
use super::names::WorkflowFile;
use super::seen::{Phase, Run, Survey, WorkflowSeen, WorkflowState};
use super::{Github, GithubError, STUCK_AFTER};
use crate::gate::Purpose;

/// Runs that are kept of each workflow.
pub const MAX_RUNS_KEPT: usize = 50;

/// When the lists of workflows and runs have taken fewer requests than this, what they leave is used for single
/// workflows and runs. In a repository of up to 600 workflows no survey takes more.
pub const MAX_SURVEY_REQUESTS: u32 = 15;

/// Runs that seem to hang and are looked at in one survey.
const MAX_JOB_LOOKS: usize = 4;

impl Github {
    /// Looks at these workflows: their states, and their runs since `since`. The lists are of the whole repository,
    /// so that the number of requests does not grow with the number of workflows.
    ///
    /// # Errors
    /// [`GithubError`] when one of the lists could not be read. Nothing is then known.
    pub async fn survey(&self, workflows: &[WorkflowFile], since: Timestamp) -> Result<Survey, GithubError> {
        let wanted: BTreeSet<&WorkflowFile> = workflows.iter().collect();
        let is_new = u32::from(self.git_ref.get().is_none());
        let git_ref = self.git_ref().await?;
        let lists = async {
            tokio::try_join!(self.list_workflows(workflows), self.list_runs(Purpose::Survey, since.into()))
        };
        let (states, runs) = Box::pin(lists).await?;
        let (at, complete_since) = (runs.at, runs.complete_since);
        let mut requests = is_new.saturating_add(states.requests).saturating_add(runs.requests);
        let mut found = by_workflow(&wanted, &states, runs, git_ref);
        requests = requests.saturating_add(self.fill_in(&mut found, since, complete_since, requests).await);
        requests = requests.saturating_add(self.look_for_stuck(&mut found, at, requests).await);
        Ok(Survey { at, complete_since, workflows: found, requests })
    }

    /// Where the list of all runs did not reach back far enough, the workflow's own list may still prove life.
    async fn fill_in(
        &self,
        found: &mut BTreeMap<WorkflowFile, WorkflowSeen>,
        since: Timestamp,
        complete_since: StoreTime,
        used: u32,
    ) -> u32 {
        let mut asked = 0_u32;
        if complete_since <= since.into() {
            return asked;
        }
        let git_ref = self.git_ref.get().map_or("", String::as_str);
        let silent =
            |seen: &&mut WorkflowSeen| seen.state != WorkflowState::Gone && seen.newest_alive().is_none();
        for (file, seen) in found.iter_mut() {
            if !silent(&seen) {
                continue;
            }
            if used.saturating_add(asked) >= MAX_SURVEY_REQUESTS {
                break;
            }
            asked = asked.saturating_add(1);
            // Without an answer the workflow stays as unknown as it was.
            if let Ok((_, runs)) = self.list_of(Purpose::Survey, file).await {
                seen.runs.extend(runs.into_iter().filter(|run| counts(run, git_ref)));
                tidy(&mut seen.runs);
            }
        }
        asked
    }

    /// Finds runs that have waited for long without a job, while no other run of their workflow is under way.
    async fn look_for_stuck(
        &self,
        found: &mut BTreeMap<WorkflowFile, WorkflowSeen>,
        at: Option<Timestamp>,
        used: u32,
    ) -> u32 {
        let Some(at) = at else { return 0 };
        let mut asked = 0_u32;
        // Collected first: what is borrowed across a request has to be plain.
        let mut waiting: Vec<&mut Run> = Vec::new();
        for seen in found.values_mut() {
            let is_busy = seen.runs.iter().any(|run| run.phase == Phase::Running);
            waiting.extend(seen.runs.iter_mut().filter(|run| !is_busy && seems_stuck(run, at)));
        }
        for run in waiting {
            let is_known = self.memory().stuck.contains(&run.id);
            let has_left =
                used.saturating_add(asked) < MAX_SURVEY_REQUESTS && (asked as usize) < MAX_JOB_LOOKS;
            if !is_known && !has_left {
                continue;
            }
            asked = asked.saturating_add(u32::from(!is_known));
            if matches!(self.is_stuck(Purpose::Survey, run.id).await, Ok(true)) {
                run.phase = Phase::Stuck;
            }
        }
        asked
    }
}

/// Whether a run has waited for so long that its jobs are worth a look.
pub(super) fn seems_stuck(run: &Run, at: Timestamp) -> bool {
    let waited = StoreTime::from(at).since(run.created.into());
    run.phase == Phase::Queued && u128::from(waited) >= STUCK_AFTER.as_millis()
}

/// The runs of each workflow that is wanted and known.
fn by_workflow(
    wanted: &BTreeSet<&WorkflowFile>,
    states: &Workflows,
    runs: Runs,
    git_ref: &str,
) -> BTreeMap<WorkflowFile, WorkflowSeen> {
    let mut found = BTreeMap::new();
    for file in wanted {
        let state = match (states.by_file.get(*file), states.extent) {
            (Some(state), _) => state.clone(),
            (None, Extent::Whole) => WorkflowState::Gone,
            (None, Extent::Part) => continue,
        };
        found.insert((*file).clone(), WorkflowSeen { state, runs: Vec::new() });
    }
    for run in runs.runs {
        let file = run.file(&states.by_id);
        let run = run.read();
        if let Some(seen) = file.and_then(|file| found.get_mut(&file)).filter(|_| counts(&run, git_ref)) {
            seen.runs.push(run);
        }
    }
    found.values_mut().for_each(|seen| tidy(&mut seen.runs));
    found
}

/// Whether a run says anything of the workflow as it runs by itself.
pub(super) fn counts(run: &Run, git_ref: &str) -> bool {
    run.is_of_a_slot() && run.is_on(git_ref)
}

/// Newest first, each once: pages shift while they are read. However many have failed, one that has not is kept.
pub(super) fn tidy(runs: &mut Vec<Run>) {
    runs.sort_by_key(|run| std::cmp::Reverse((run.created, run.id)));
    runs.dedup_by_key(|run| run.id);
    let first_alive = runs.iter().position(Run::is_alive).unwrap_or(0);
    if first_alive >= MAX_RUNS_KEPT {
        runs.swap(first_alive, MAX_RUNS_KEPT - 1);
    }
    runs.truncate(MAX_RUNS_KEPT);
}
