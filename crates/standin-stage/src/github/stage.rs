//! `/_stage` of GitHub: schedules, states, scripts, stale lists.

use std::time::Duration;

use hyper::Method;
use jiff::Timestamp;
use serde_json::json;

use super::handle::{Github, Lists};
use super::workflows::{Script, WorkflowState};
use crate::StageError;
use crate::control::complaint;
use crate::wire::{Reply, Request};

/// Answers `/_stage/…`; `?repository=owner/name` says which, the first where it is absent.
pub(crate) fn answer(github: &Github, request: &Request, path: &[&str]) -> Option<Reply> {
    let named = request.query("repository").map(str::to_owned);
    let Some(repository) = named.or_else(|| github.first_repository()) else {
        return Some(complaint(404, "there is no repository on this stage"));
    };
    let done = |result: Result<(), StageError>| match result {
        Ok(()) => Reply::empty(204),
        Err(error) => complaint(404, &error.to_string()),
    };
    let reply = match (&request.method, path) {
        (&Method::POST, ["cron", workflow]) => cron(github, &repository, workflow, request),
        (&Method::POST, ["workflows", workflow, "state"]) => match state(request) {
            Some(state) => done(github.set_workflow(&repository, workflow, state)),
            None => complaint(400, "say ?to=active, disabled_inactivity or disabled_manually"),
        },
        (&Method::PUT, ["workflows", workflow, "script"]) => {
            match serde_json::from_slice::<Script>(&request.body) {
                Ok(script) => done(github.script(&repository, workflow, Some(script))),
                Err(error) => complaint(400, &format!("this is no script: {error}")),
            }
        }
        (&Method::DELETE, ["workflows", workflow, "script"]) => {
            done(github.script(&repository, workflow, None))
        }
        (&Method::POST, ["lists"]) => match lists(request) {
            Some(lists) => done(github.filtered_lists(&repository, lists)),
            None => complaint(400, "say ?to=live, frozen or empty"),
        },
        (&Method::GET, ["runs"]) => match github.runs(&repository) {
            Ok(runs) => Reply::json(200, &json!(runs)),
            Err(error) => complaint(404, &error.to_string()),
        },
        (&Method::POST, ["rate"]) => match request.number("remaining", 0).and_then(|n| u32::try_from(n).ok())
        {
            Some(remaining) => {
                github.leave_requests(remaining);
                Reply::empty(204)
            }
            None => complaint(400, "say ?remaining=REQUESTS"),
        },
        _ => return None,
    };
    Some(reply)
}

fn state(request: &Request) -> Option<WorkflowState> {
    serde_json::from_value(json!(request.query("to")?)).ok()
}

fn lists(request: &Request) -> Option<Lists> {
    serde_json::from_value(json!(request.query("to")?)).ok()
}

fn cron(github: &Github, repository: &str, workflow: &str, request: &Request) -> Reply {
    if let Some(every) = request.query("every_s") {
        let Some(seconds) = every.parse().ok().filter(|seconds| *seconds > 0) else {
            return complaint(400, "every_s is a whole number of seconds");
        };
        github.fire_schedule_every(repository, workflow, Duration::from_secs(seconds));
        return Reply::empty(204);
    }
    let slot = match request.query("slot") {
        None => github.plane().now(),
        Some(text) => match text.parse::<Timestamp>() {
            Ok(slot) => slot,
            Err(_) => return complaint(400, "slot is a time such as 2026-01-31T12:00:00Z"),
        },
    };
    match github.fire_schedule(repository, workflow, slot) {
        Ok(id) => Reply::json(200, &json!({ "run_id": id })),
        Err(error) => complaint(409, &error.to_string()),
    }
}
