//! Workflows, dispatches and runs.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use standin_stage::{Conclusion, Lists, Script, WorkflowState};

use crate::set::{BACKUP, REPO, set};

const DISPATCH: &str = "/actions/workflows/backup.yml/dispatches";

#[tokio::test]
async fn a_dispatch_runs_and_is_named_after_its_inputs() {
    let set = set().await;
    let (status, _) = set.post(DISPATCH, json!({ "ref": "main", "inputs": { "key": "k1" } })).await;
    assert_eq!(status, 204);
    let body = json!({ "ref": "main", "inputs": { "key": "k2" }, "return_run_details": true });
    let (status, details) = set.post(DISPATCH, body).await;
    assert_eq!(status, 200);
    let id = details["workflow_run_id"].as_u64().unwrap();
    let ended = set.stage.github.run_ended(REPO, id).await.unwrap();
    assert_eq!((ended.title.as_str(), ended.conclusion), ("backup k2", Some(Conclusion::Success)));
    assert_eq!(ended.payload["inputs"], json!({ "key": "k2", "level": "low" }));
    let runs = set.get("/actions/workflows/backup.yml/runs?event=workflow_dispatch&per_page=1").await;
    assert_eq!((runs["total_count"].as_u64(), runs["workflow_runs"][0]["id"].as_u64()), (Some(2), Some(id)));
    let run = set.get(&format!("/actions/runs/{id}")).await;
    assert_eq!((run["status"].as_str(), run["conclusion"].as_str()), (Some("completed"), Some("success")));
    let jobs = set.get(&format!("/actions/runs/{id}/jobs")).await;
    assert_eq!(jobs["total_count"], 2);
    assert_eq!(jobs["jobs"][0]["name"], "First");
}

#[tokio::test]
async fn a_dispatch_is_refused_as_the_vendor_refuses_it() {
    let set = set().await;
    let ok = json!({ "key": "k" });
    let cases = [
        ("backup.yml", json!({ "inputs": ok }), 422),
        ("backup.yml", json!({ "ref": "none", "inputs": ok }), 422),
        ("backup.yml", json!({ "ref": "main" }), 422),
        ("backup.yml", json!({ "ref": "main", "inputs": { "key": "k", "other": "x" } }), 422),
        ("backup.yml", json!({ "ref": "main", "inputs": { "key": "k", "level": "middle" } }), 422),
        ("push.yml", json!({ "ref": "main" }), 422),
        ("none.yml", json!({ "ref": "main" }), 404),
    ];
    for (file, body, expected) in cases {
        let (status, answer) = set.post(&format!("/actions/workflows/{file}/dispatches"), body.clone()).await;
        assert_eq!(status, expected, "{file} {body}: {answer}");
        assert!(answer["message"].is_string());
    }
    assert_eq!(set.get("/actions/runs").await["total_count"], 0);
}

#[tokio::test]
async fn a_workflow_that_is_switched_off_runs_only_once_it_is_on_again() {
    let set = set().await;
    set.stage.github.set_workflow(REPO, "backup.yml", WorkflowState::DisabledInactivity).unwrap();
    assert_eq!(set.get("/actions/workflows/backup.yml").await["state"], "disabled_inactivity");
    let body = json!({ "ref": "main", "inputs": { "key": "k" } });
    assert_eq!(set.post(DISPATCH, body.clone()).await.0, 422);
    let slot = "2026-01-31T12:00:00Z".parse().unwrap();
    assert!(set.stage.github.fire_schedule(REPO, "backup.yml", slot).is_err());
    assert_eq!(set.ask(Method::PUT, "/actions/workflows/backup.yml/enable", None).await.0, 204);
    assert_eq!(set.get("/actions/workflows/backup.yml").await["state"], "active");
    assert_eq!(set.post(DISPATCH, body).await.0, 204);
    let id = set.stage.github.fire_schedule(REPO, "backup.yml", slot).unwrap();
    let run = set.stage.github.run_ended(REPO, id).await.unwrap();
    assert_eq!((run.event.as_str(), run.slot), ("schedule", Some(slot)));
}

#[tokio::test]
async fn runs_fail_hang_are_cancelled_and_run_again() {
    let set = set().await;
    let github = &set.stage.github;
    github.script(REPO, "backup.yml", Some(Script::ends(Conclusion::Failure, Duration::ZERO))).unwrap();
    let slot = "2026-01-31T12:00:00Z".parse().unwrap();
    let id = github.fire_schedule(REPO, "backup.yml", slot).unwrap();
    assert_eq!(github.run_ended(REPO, id).await.unwrap().conclusion, Some(Conclusion::Failure));
    assert_eq!(set.ask(Method::POST, &format!("/actions/runs/{id}/cancel"), None).await.0, 409);
    github.script(REPO, "backup.yml", Some(Script::hangs())).unwrap();
    assert_eq!(set.ask(Method::POST, &format!("/actions/runs/{id}/rerun-failed-jobs"), None).await.0, 201);
    assert_eq!(set.get(&format!("/actions/runs/{id}")).await["run_attempt"], 2);
    assert_eq!(set.ask(Method::POST, &format!("/actions/runs/{id}/rerun"), None).await.0, 403);
    assert_eq!(set.ask(Method::POST, &format!("/actions/runs/{id}/cancel"), None).await.0, 202);
    assert_eq!(github.run_ended(REPO, id).await.unwrap().conclusion, Some(Conclusion::Cancelled));
    github.script(REPO, "backup.yml", Some(Script::stuck_without_jobs())).unwrap();
    let id = github.fire_schedule(REPO, "backup.yml", slot).unwrap();
    assert_eq!(set.get(&format!("/actions/runs/{id}/jobs")).await["total_count"], 0);
    assert_eq!(set.get("/actions/runs?status=queued").await["total_count"], 1);
}

#[tokio::test]
async fn only_filtered_lists_lie_when_they_are_to() {
    let set = set().await;
    let github = &set.stage.github;
    github.filtered_lists(REPO, Lists::Frozen).unwrap();
    let id = github.fire_schedule(REPO, "backup.yml", github.plane().now()).unwrap();
    github.run_ended(REPO, id).await.unwrap();
    assert_eq!(set.get("/actions/runs?event=schedule").await["total_count"], 0);
    assert_eq!(set.get("/actions/runs").await["total_count"], 1);
    github.filtered_lists(REPO, Lists::Live).unwrap();
    assert_eq!(set.get("/actions/runs?event=schedule").await["total_count"], 1);
    assert_eq!(set.ask(Method::GET, "/actions/runs?created=%3E%3D2026-01-01", None).await.0, 422);
}

#[tokio::test]
async fn a_repository_dispatch_starts_who_listens_to_its_type() {
    let set = set().await;
    let (status, _) =
        set.post("/dispatches", json!({ "event_type": "heal", "client_payload": { "key": "k" } })).await;
    assert_eq!(status, 204);
    assert_eq!(set.post("/dispatches", json!({ "event_type": "other" })).await.0, 204);
    let runs = set.stage.github.runs(REPO).unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].payload["client_payload"]["key"], "k");
}

#[tokio::test]
async fn a_workflow_follows_its_file() {
    let set = set().await;
    let id = set.get("/actions/workflows/backup.yml").await["id"].clone();
    let github = &set.stage.github;
    github
        .commit(REPO, ".github/workflows/backup.yml", Some(&BACKUP.replace("name: Backup", "name: Other")))
        .unwrap();
    let changed = set.get(&format!("/actions/workflows/{id}")).await;
    assert_eq!((&changed["id"], changed["name"].as_str()), (&id, Some("Other")));
    github.commit(REPO, ".github/workflows/renamed.yml", Some(BACKUP)).unwrap();
    github.commit(REPO, ".github/workflows/backup.yml", None).unwrap();
    assert_eq!(set.ask(Method::GET, &format!("/actions/workflows/{id}"), None).await.0, 404);
    assert_eq!(set.ask(Method::GET, "/actions/workflows/renamed.yml", None).await.0, 200);
    github.remove_repository(REPO);
    assert_eq!(set.ask(Method::GET, "", None).await.0, 404);
}
