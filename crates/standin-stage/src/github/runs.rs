//! Runs of workflows: how they begin and end, their lists, and what can be asked of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::{Answered, Call, Refusal, not_found};
use super::objects::Oid;
use super::repo::{FilteredLists, Repo};
use super::shapes;
use super::workflows::{Definition, ScriptedJobs};
use crate::wire::Reply;

/// How a run or a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// All went well.
    Success,
    /// A step failed.
    Failure,
    /// Somebody ended it.
    Cancelled,
    /// It took longer than it may.
    TimedOut,
    /// There was nothing to do.
    Skipped,
    /// The workflow's file could not be started.
    StartupFailure,
}

impl Conclusion {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::Skipped => "skipped",
            Self::StartupFailure => "startup_failure",
        }
    }

    /// What a job may be said to have ended with.
    fn of_job(self) -> Self {
        match self {
            Self::StartupFailure => Self::Failure,
            Self::Success | Self::Failure | Self::Cancelled | Self::TimedOut | Self::Skipped => self,
        }
    }
}

/// How far a run or a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Queued,
    InProgress,
    Completed(Conclusion),
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Completed(_) => "completed",
        }
    }

    pub(crate) fn conclusion(self) -> Option<&'static str> {
        match self {
            Self::Queued | Self::InProgress => None,
            Self::Completed(conclusion) => Some(conclusion.name()),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) started: Timestamp,
    pub(crate) completed: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) workflow_id: u64,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) event: &'static str,
    pub(crate) payload: Value,
    pub(crate) status: Status,
    pub(crate) number: u64,
    pub(crate) attempt: u64,
    pub(crate) created: Timestamp,
    pub(crate) started: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) branch: String,
    pub(crate) head: Oid,
    pub(crate) jobs: Vec<Job>,
    /// The slot that a scheduled run was meant for. Only the stage knows.
    pub(crate) slot: Option<Timestamp>,
}

/// Why a run begins.
pub(crate) struct Cause {
    pub(crate) event: &'static str,
    pub(crate) payload: Value,
    pub(crate) branch: String,
    pub(crate) head: Oid,
    pub(crate) slot: Option<Timestamp>,
}

/// Makes a run, queued; the runner takes it up once the world is unlocked.
pub(crate) fn begin(call: &mut Call<'_>, path: &str, definition: &Definition, cause: Cause) -> u64 {
    let id = call.ids.next();
    let workflow = call.repo.workflows.get(path);
    let (workflow_id, shows) = workflow.map_or((0, ScriptedJobs::AsWritten), |workflow| {
        (workflow.id, workflow.script.as_ref().map_or(ScriptedJobs::AsWritten, |script| script.jobs))
    });
    let number = call.repo.runs.values().filter(|run| run.path == path).count() + 1;
    let context = json!({
        "inputs": cause.payload.get("inputs"),
        "github": {
            "event": cause.payload,
            "event_name": cause.event,
            "run_id": id,
            "run_number": number,
            "repository": call.repo.full_name(),
            "ref_name": cause.branch,
            "sha": cause.head.to_string(),
            "actor": call.repo.owner,
            "workflow": definition.name.as_deref().unwrap_or(path),
        },
    });
    let jobs = match shows {
        ScriptedJobs::None => Vec::new(),
        ScriptedJobs::AsWritten => {
            definition.jobs.iter().map(|(key, name)| new_job(call.ids, key, name, call.now)).collect()
        }
    };
    let run = Run {
        id,
        workflow_id,
        path: path.to_owned(),
        name: definition.name.clone().unwrap_or_else(|| path.to_owned()),
        title: definition.title(path, &context),
        event: cause.event,
        payload: cause.payload,
        status: Status::Queued,
        number: u64::try_from(number).unwrap_or(u64::MAX),
        attempt: 1,
        created: call.now,
        started: call.now,
        updated: call.now,
        branch: cause.branch,
        head: cause.head,
        jobs,
        slot: cause.slot,
    };
    call.repo.runs.insert(id, run);
    call.repo.to_start.push(id);
    id
}

fn new_job(ids: &mut super::call::Ids, key: &str, name: &str, now: Timestamp) -> Job {
    let (key, name) = (key.to_owned(), name.to_owned());
    Job { id: ids.next(), key, name, status: Status::Queued, started: now, completed: None }
}

impl Repo {
    /// A runner has taken the run up. False where it has ended meanwhile.
    pub(crate) fn run_started(&mut self, id: u64, now: Timestamp) -> bool {
        let Some(run) = self.runs.get_mut(&id).filter(|run| run.status == Status::Queued) else {
            return false;
        };
        (run.status, run.updated) = (Status::InProgress, now);
        for job in run.jobs.iter_mut().filter(|job| job.status == Status::Queued) {
            (job.status, job.started) = (Status::InProgress, now);
        }
        true
    }

    /// A run has ended, and with it whichever of its jobs were not said to have ended otherwise.
    pub(crate) fn run_ended(&mut self, id: u64, conclusion: Conclusion, now: Timestamp) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        if let Status::Completed(_) = run.status {
            return;
        }
        (run.status, run.updated) = (Status::Completed(conclusion), now);
        for job in &mut run.jobs {
            if !matches!(job.status, Status::Completed(_)) {
                (job.status, job.completed) = (Status::Completed(conclusion.of_job()), Some(now));
            }
        }
    }

    pub(crate) fn job_ended(&mut self, id: u64, key: &str, conclusion: Conclusion, now: Timestamp) {
        let jobs = self.runs.get_mut(&id).into_iter().flat_map(|run| &mut run.jobs);
        for job in jobs.filter(|job| job.key == key || job.name == key) {
            (job.status, job.completed) = (Status::Completed(conclusion.of_job()), Some(now));
        }
    }
}

/// `GET actions/runs` and `actions/workflows/{id}/runs`, the newest first.
pub(crate) fn list(call: &Call<'_>, workflow: Option<&str>) -> Answered {
    let workflow = match workflow {
        None => None,
        Some(key) => Some(call.repo.workflow(key).ok_or_else(not_found)?.id),
    };
    if call.request.query("created").is_some_and(|created| created.contains(['<', '>', '='])) {
        // The vendor's own description has no room for a comparison here, so no client may rely on it.
        return Err(Refusal::new(422, "created must be a date"));
    }
    let filters = ["event", "status", "branch", "head_sha", "actor", "created"];
    let is_filtered = filters.iter().any(|name| call.request.query(name).is_some());
    let source = match &call.repo.filtered_lists {
        FilteredLists::Frozen(runs) if is_filtered => Some(runs),
        FilteredLists::Empty if is_filtered => None,
        FilteredLists::Live | FilteredLists::Frozen(_) | FilteredLists::Empty => Some(&call.repo.runs),
    };
    let wanted = |name: &str, is: &dyn Fn(&str) -> bool| call.request.query(name).is_none_or(is);
    let fits = |run: &&Run| {
        workflow.is_none_or(|id| run.workflow_id == id)
            && wanted("event", &|event| run.event == event)
            && wanted("branch", &|branch| run.branch == branch)
            && wanted("head_sha", &|sha| run.head.to_string() == sha)
            && wanted("actor", &|actor| call.repo.owner == actor)
            && wanted("created", &|date| shapes::day(run.created) == date)
            && wanted("status", &|status| {
                run.status.name() == status || run.status.conclusion() == Some(status)
            })
    };
    let found: Vec<&Run> = source.into_iter().flat_map(|runs| runs.values().rev()).filter(fits).collect();
    let total = found.len();
    let (page, link) = call.page(found)?;
    let shapes: Vec<Value> = page.into_iter().map(|run| shapes::run(call, run)).collect();
    Ok(shapes::linked(Reply::json(200, &json!({ "total_count": total, "workflow_runs": shapes })), link))
}

fn find<'r>(repo: &'r Repo, id: &str) -> Result<&'r Run, Refusal> {
    let id: u64 = id.parse().map_err(|_| not_found())?;
    repo.runs.get(&id).ok_or_else(not_found)
}

/// `GET actions/runs/{id}`.
pub(crate) fn get(call: &Call<'_>, id: &str) -> Answered {
    Ok(Reply::json(200, &shapes::run(call, find(call.repo, id)?)))
}

/// `GET actions/runs/{id}/jobs`.
pub(crate) fn jobs(call: &Call<'_>, id: &str) -> Answered {
    let run = find(call.repo, id)?;
    let total = run.jobs.len();
    let (page, link) = call.page(run.jobs.iter().collect())?;
    let shapes: Vec<Value> = page.into_iter().map(|job| shapes::job(call, run, job)).collect();
    Ok(shapes::linked(Reply::json(200, &json!({ "total_count": total, "jobs": shapes })), link))
}

/// Which jobs of a run are run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    All,
    Failed,
}

/// `POST actions/runs/{id}/rerun` and `/rerun-failed-jobs`.
pub(crate) fn rerun(call: &mut Call<'_>, id: &str, which: Again) -> Answered {
    let run = find(call.repo, id)?;
    let Status::Completed(conclusion) = run.status else {
        return Err(Refusal::new(403, "This workflow is already running"));
    };
    if which == Again::Failed && conclusion == Conclusion::Success {
        return Err(Refusal::new(403, "There are no failed jobs to rerun"));
    }
    let (id, now) = (run.id, call.now);
    let Some(run) = call.repo.runs.get_mut(&id) else { return Err(not_found()) };
    (run.status, run.started, run.updated) = (Status::Queued, now, now);
    run.attempt += 1;
    for job in &mut run.jobs {
        let kept = which == Again::Failed && job.status == Status::Completed(Conclusion::Success);
        job.id = call.ids.next();
        if !kept {
            (job.status, job.started, job.completed) = (Status::Queued, now, None);
        }
    }
    call.repo.to_start.push(id);
    Ok(Reply::json(201, &json!({})))
}

/// `POST actions/runs/{id}/cancel` and `/force-cancel`.
pub(crate) fn cancel(call: &mut Call<'_>, id: &str) -> Answered {
    let run = find(call.repo, id)?;
    if let Status::Completed(_) = run.status {
        return Err(Refusal::new(409, "Cannot cancel a workflow run that is completed."));
    }
    let (id, now) = (run.id, call.now);
    call.repo.run_ended(id, Conclusion::Cancelled, now);
    call.repo.to_stop.push(id);
    Ok(Reply::json(202, &json!({})))
}
