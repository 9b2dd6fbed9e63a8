//! What is seen on GitHub: workflows, their states, their runs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use standin_core::effect::EffectKey;
use standin_core::mesh::clock::StoreTime;

use super::names::WorkflowFile;

/// How much of a run's title is kept, in characters.
const TITLE_CHARS: usize = 200;

/// Whether GitHub starts a workflow at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkflowState {
    /// It does.
    Active,
    /// It stopped to, for want of activity in the repository or because that is a fork. It may be enabled.
    DisabledInactivity,
    /// A person wanted it to stop. Left alone.
    DisabledManually,
    /// The file is not there (any more).
    Gone,
    /// A word of GitHub's that is not known here.
    Other(String),
}

impl WorkflowState {
    pub(super) fn of(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "disabled_inactivity" | "disabled_fork" => Self::DisabledInactivity,
            "disabled_manually" => Self::DisabledManually,
            "deleted" => Self::Gone,
            other => Self::Other(crate::text::shown(other)),
        }
    }
}

/// What started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// Its schedule.
    Schedule,
    /// `workflow_dispatch`: a person, or Standin.
    Dispatch,
    /// `repository_dispatch`.
    RepositoryDispatch,
    /// Anything else, such as a push.
    Other,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// It waits for a runner, for others of its group, or for somebody's approval.
    Queued,
    /// It runs.
    Running,
    /// It ended well.
    Succeeded,
    /// All of it was skipped by its own conditions.
    Skipped,
    /// It failed, timed out, or never started.
    Failed,
    /// Somebody, or something, cancelled it.
    Cancelled,
    /// It has waited for longer than [`super::STUCK_AFTER`] and has no job: it hangs.
    Stuck,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// GitHub's id.
    pub id: u64,
    /// Counted from 1: how often it was repeated.
    pub attempt: u32,
    /// What started it.
    pub event: Event,
    /// How far it is.
    pub phase: Phase,
    /// When it came to be, on GitHub's clock.
    pub created: Timestamp,
    /// When it last changed, on GitHub's clock.
    pub updated: Timestamp,
    /// Its title, which is its `run-name` where the workflow has one.
    pub title: String,
    /// The branch or tag that it runs on; empty when GitHub does not say.
    pub git_ref: String,
}

impl Run {
    /// Whether it does, or did, what a run of the workflow is to do: it has not failed, and hangs nowhere. One that was
    /// skipped has done what its schedule asks for; an order that was skipped has done nothing.
    pub const fn is_alive(&self) -> bool {
        match self.phase {
            Phase::Queued | Phase::Running | Phase::Succeeded => true,
            Phase::Skipped => matches!(self.event, Event::Schedule),
            Phase::Failed | Phase::Cancelled | Phase::Stuck => false,
        }
    }

    /// Whether it has ended.
    pub const fn is_over(&self) -> bool {
        match self.phase {
            Phase::Succeeded | Phase::Skipped | Phase::Failed | Phase::Cancelled => true,
            Phase::Queued | Phase::Running | Phase::Stuck => false,
        }
    }

    /// Whether it is of the kind that a slot can be covered by: started by the schedule or by hand, not by a push.
    pub const fn is_of_a_slot(&self) -> bool {
        match self.event {
            Event::Schedule | Event::Dispatch | Event::RepositoryDispatch => true,
            Event::Other => false,
        }
    }

    /// Whether it came to be at this time or after it. GitHub tells whole seconds, rounded down.
    pub fn is_since(&self, time: StoreTime) -> bool {
        StoreTime::from(self.created).plus(999) >= time
    }

    /// Whether it runs on this branch or tag. Where GitHub does not say on which, it counts.
    pub(super) fn is_on(&self, git_ref: &str) -> bool {
        let short =
            |name: &str| name.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/").to_owned();
        self.git_ref.is_empty() || git_ref.is_empty() || short(&self.git_ref) == short(git_ref)
    }

    /// Whether its title carries this key.
    pub fn carries(&self, key: &EffectKey) -> bool {
        !key.0.is_empty() && self.title.contains(&key.0)
    }
}

/// One workflow, as one look saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowSeen {
    /// Whether GitHub starts it.
    pub state: WorkflowState,
    /// Its runs on the branch that counts, started by the schedule or by hand, newest first, at most [`super::MAX_RUNS_KEPT`].
    pub runs: Vec<Run>,
}

impl WorkflowSeen {
    /// The newest run that covers a slot, if any: one that has not failed, whoever started it.
    pub fn newest_alive(&self) -> Option<&Run> {
        self.runs.iter().find(|run| run.is_alive())
    }

    /// The newest run that its schedule started. Only this is proof that the schedule works.
    pub fn newest_scheduled(&self) -> Option<&Run> {
        self.runs.iter().find(|run| run.event == Event::Schedule)
    }

    /// The newest run that has ended, however.
    pub fn newest_over(&self) -> Option<&Run> {
        self.runs.iter().find(|run| run.is_over())
    }

    /// The newest run that ended in this phase.
    pub fn newest_in(&self, phase: Phase) -> Option<&Run> {
        self.runs.iter().find(|run| run.phase == phase)
    }
}

/// One look at many workflows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// GitHub's clock, if it said.
    pub at: Option<Timestamp>,
    /// All runs since this have been seen. Before it, that a run is missing means nothing.
    pub complete_since: StoreTime,
    /// The workflows that were asked for. One that is missing is unknown.
    pub workflows: BTreeMap<WorkflowFile, WorkflowSeen>,
    /// How many requests it took.
    pub requests: u32,
}

impl Survey {
    /// Whether a slot of a workflow has a run, by this look alone: `None` when it cannot be told.
    pub fn covers(&self, workflow: &WorkflowFile, slot: StoreTime) -> Option<Covered> {
        let seen = self.workflows.get(workflow)?;
        match seen.newest_alive() {
            Some(run) if run.is_since(slot) => Some(Covered::Yes),
            Some(_) | None => (self.complete_since <= slot).then_some(Covered::No),
        }
    }
}

/// Whether a slot has a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covered {
    /// One that has not failed.
    Yes,
    /// None, or only ones that failed.
    No,
}

/// A page of workflows, as GitHub sends it.
#[derive(Debug, Deserialize)]
pub(super) struct WorkflowsPage {
    pub(super) total_count: u64,
    pub(super) workflows: Vec<WorkflowJson>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WorkflowJson {
    pub(super) id: Option<u64>,
    pub(super) path: String,
    pub(super) state: String,
}

/// A page of runs, as GitHub sends it.
#[derive(Debug, Deserialize)]
pub(super) struct RunsPage {
    pub(super) workflow_runs: Vec<RunJson>,
}

/// A run, as GitHub sends it. Whatever is not needed may be missing.
#[derive(Debug, Deserialize)]
pub(super) struct RunJson {
    pub(super) id: u64,
    path: Option<String>,
    workflow_id: Option<u64>,
    event: String,
    status: Option<String>,
    conclusion: Option<String>,
    pub(super) created_at: Timestamp,
    updated_at: Option<Timestamp>,
    run_attempt: Option<u32>,
    display_title: Option<String>,
    name: Option<String>,
    head_branch: Option<String>,
}

impl RunJson {
    /// The workflow that it is a run of; old enterprise servers tell its number only.
    pub(super) fn file(&self, by_id: &BTreeMap<u64, WorkflowFile>) -> Option<WorkflowFile> {
        match &self.path {
            Some(path) => WorkflowFile::of_path(path),
            None => by_id.get(&self.workflow_id?).cloned(),
        }
    }

    pub(super) fn read(self) -> Run {
        let phase = phase(self.status.as_deref(), self.conclusion.as_deref());
        let title = self.display_title.or(self.name).unwrap_or_default();
        Run {
            id: self.id,
            attempt: self.run_attempt.unwrap_or(1),
            event: event(&self.event),
            phase,
            created: self.created_at,
            updated: self.updated_at.unwrap_or(self.created_at),
            title: title.chars().filter(|c| !c.is_control()).take(TITLE_CHARS).collect(),
            git_ref: self.head_branch.unwrap_or_default(),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct JobsPage {
    pub(super) total_count: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct RepositoryJson {
    pub(super) full_name: String,
    pub(super) default_branch: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct DispatchedJson {
    pub(super) workflow_run_id: u64,
}

fn event(word: &str) -> Event {
    match word {
        "schedule" => Event::Schedule,
        "workflow_dispatch" => Event::Dispatch,
        "repository_dispatch" => Event::RepositoryDispatch,
        _ => Event::Other,
    }
}

/// GitHub says in two words how far a run is. Words that are not known here say nothing bad: a run that is not over
/// waits, and one that is over and did not fail in a known way has run.
fn phase(status: Option<&str>, conclusion: Option<&str>) -> Phase {
    match (status, conclusion) {
        (Some("in_progress"), _) => Phase::Running,
        (Some("completed"), Some(word)) | (None, Some(word)) => match word {
            "failure" | "timed_out" | "startup_failure" | "action_required" | "stale" => Phase::Failed,
            "cancelled" => Phase::Cancelled,
            "skipped" => Phase::Skipped,
            _ => Phase::Succeeded,
        },
        (Some(_) | None, _) => Phase::Queued,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_words_make_a_phase() {
        assert_eq!(phase(Some("queued"), None), Phase::Queued);
        assert_eq!(phase(Some("pending"), None), Phase::Queued);
        assert_eq!(phase(Some("in_progress"), None), Phase::Running);
        assert_eq!(phase(Some("completed"), Some("success")), Phase::Succeeded);
        assert_eq!(phase(Some("completed"), Some("neutral")), Phase::Succeeded);
        assert_eq!(phase(Some("completed"), Some("startup_failure")), Phase::Failed);
        assert_eq!(phase(Some("completed"), Some("cancelled")), Phase::Cancelled);
        assert_eq!(phase(Some("a_new_word"), None), Phase::Queued);
    }

    #[test]
    fn a_run_of_the_least_shape_is_read() {
        let text =
            r#"{"id":7,"event":"push","status":null,"conclusion":null,"created_at":"2026-11-22T08:00:00Z"}"#;
        let run: RunJson = serde_json::from_str(text).unwrap();
        let run = run.read();
        assert_eq!((run.id, run.event, run.phase, run.attempt), (7, Event::Other, Phase::Queued, 1));
        assert!(!run.is_of_a_slot());
    }
}
