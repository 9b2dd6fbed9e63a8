//! The adapter against small servers that answer like GitHub, or worse.

mod acts;
mod faults;
mod looks;

use std::time::Duration;

use serde_json::{Value, json};

use super::{Asleep, Dispatch, Github, GithubOptions, WorkflowFile};
use crate::stub::{Asked, Said, Stub, http};

pub(super) const NOW: &str = "Sun, 22 Nov 2026 08:00:00 GMT";

pub(super) fn options(url: &str) -> GithubOptions {
    GithubOptions {
        api_url: url.to_owned(),
        repository: "acme/shop".to_owned(),
        token: "ghp_secret".into(),
        git_ref: None,
        timeout: Duration::from_millis(500),
        send_within: Duration::from_secs(5),
    }
}

pub(super) fn github(stub: &Stub) -> Github {
    Github::new(&http(), options(&stub.url)).unwrap()
}

pub(super) fn file(name: &str) -> WorkflowFile {
    name.parse().unwrap()
}

pub(super) fn dispatch() -> Dispatch {
    Dispatch {
        key: standin_core::effect::EffectKey("0123456789abcdef".to_owned()),
        attempt: 1,
        slot: None,
        inputs: std::collections::BTreeMap::new(),
        asleep: Asleep::Refuse,
    }
}

pub(super) fn repository() -> Said {
    Said::json(200, &json!({ "full_name": "acme/shop", "default_branch": "main" }))
}

pub(super) fn workflow(name: &str, state: &str) -> Value {
    json!({ "id": 1, "path": format!(".github/workflows/{name}"), "name": name, "state": state })
}

/// A run of `nightly.yml`; the time is the one after 2026-11-22T.
pub(super) fn run(id: u64, event: &str, time: &str, status: &str, conclusion: Option<&str>) -> Value {
    json!({
        "id": id, "path": ".github/workflows/nightly.yml", "event": event, "status": status,
        "conclusion": conclusion, "created_at": format!("2026-11-22T{time}Z"), "run_attempt": 1,
        "display_title": "Nightly", "head_branch": "main",
    })
}

pub(super) fn runs(list: &[Value]) -> Said {
    Said::json(200, &json!({ "total_count": list.len(), "workflow_runs": list })).with("date", NOW)
}

/// A repository with one active workflow, `nightly.yml`, its own list of runs and the list of all.
pub(super) fn shop(asked: &Asked, own: &[Value], all: &[Value]) -> Said {
    let path = asked.path.split('?').next().unwrap();
    match path.strip_prefix("/repos/acme/shop").unwrap() {
        "" => repository(),
        "/actions/workflows" => {
            Said::json(200, &json!({ "total_count": 1, "workflows": [workflow("nightly.yml", "active")] }))
        }
        "/actions/workflows/nightly.yml" => Said::json(200, &workflow("nightly.yml", "active")),
        "/actions/workflows/nightly.yml/runs" => runs(own),
        "/actions/runs" => runs(all),
        _ => Said::message(404, "Not Found"),
    }
}
