//! Each fault as a client sees it, and what it leaves behind.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use standin_stage::{Fault, FaultKind};

use crate::set::{Set, set};

async fn create(set: &Set, name: &str) -> Result<u16, reqwest::Error> {
    let body = json!({ "ref": format!("refs/standin/{name}"), "sha": set.head().await });
    set.client.post(set.url("/git/refs")).json(&body).send().await.map(|answer| answer.status().as_u16())
}

async fn exists(set: &Set, name: &str) -> bool {
    set.ask(Method::GET, &format!("/git/ref/standin/{name}"), None).await.0 == 200
}

fn inject(set: &Set, fault: FaultKind) {
    set.stage.github.plane().inject(Fault::once("/repos/*/git/refs", fault)).unwrap();
}

#[tokio::test]
async fn a_status_hides_the_work_or_stands_in_its_place() {
    let set = set().await;
    for code in [401, 403, 404, 409, 422, 429, 500, 502, 503] {
        inject(&set, FaultKind::status(code));
        assert_eq!(create(&set, "before").await.unwrap(), code);
    }
    assert!(!exists(&set, "before").await);
    inject(&set, FaultKind::status_after_commit(502));
    assert_eq!(create(&set, "after").await.unwrap(), 502);
    assert!(exists(&set, "after").await);
}

#[tokio::test]
async fn a_reply_is_lost_after_the_work_and_a_connection_refused_before_it() {
    let set = set().await;
    inject(&set, FaultKind::LostReply);
    assert!(create(&set, "lost").await.is_err());
    assert!(exists(&set, "lost").await);
    inject(&set, FaultKind::Refused);
    assert!(create(&set, "refused").await.is_err());
    assert!(!exists(&set, "refused").await);
}

#[tokio::test]
async fn answers_are_cut_truncated_and_huge() {
    let set = set().await;
    let plane = set.stage.github.plane();
    plane.inject(Fault::once("*", FaultKind::Truncated)).unwrap();
    let answer = set.client.get(set.url("")).send().await.unwrap();
    let text = answer.text().await.unwrap();
    assert!(text.starts_with('{') && serde_json::from_str::<serde_json::Value>(&text).is_err());
    plane.inject(Fault::once("*", FaultKind::CutReply)).unwrap();
    let answer = set.client.get(set.url("")).send().await.unwrap();
    assert!(answer.text().await.is_err());
    plane.inject(Fault::once("*", FaultKind::Huge)).unwrap();
    let answer = set.client.get(set.url("")).send().await.unwrap();
    assert!(answer.bytes().await.unwrap().len() > 10_000_000);
}

#[tokio::test]
async fn an_answer_is_slow_or_never_comes() {
    let set = set().await;
    inject(&set, FaultKind::slow(Duration::from_millis(150)));
    let began = Instant::now();
    assert_eq!(create(&set, "slow").await.unwrap(), 201);
    assert!(began.elapsed() >= Duration::from_millis(150));
    for (fault, done) in [(FaultKind::Hang, false), (FaultKind::HangAfterCommit, true)] {
        inject(&set, fault);
        let head = set.head().await;
        let body = json!({ "ref": "refs/standin/hang", "sha": head });
        let request = set.client.post(set.url("/git/refs")).json(&body).timeout(Duration::from_millis(200));
        assert!(request.send().await.unwrap_err().is_timeout());
        assert_eq!(exists(&set, "hang").await, done);
    }
}

#[tokio::test]
async fn faults_count_and_choose_their_requests() {
    let set = set().await;
    let plane = set.stage.github.plane();
    plane
        .inject(Fault::always("/repos/*/git/ref/*", FaultKind::status(500)).on("GET").after(1).times(2))
        .unwrap();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(set.ask(Method::GET, "/git/ref/heads/main", None).await.0.as_u16());
    }
    assert_eq!(statuses, [200, 500, 500, 200]);
    assert!(plane.waiting_faults().is_empty());
    let names: Vec<Option<String>> = plane.requests().into_iter().map(|request| request.fault).collect();
    assert_eq!(names, [None, Some("status".into()), Some("status".into()), None]);
}

#[tokio::test]
async fn faults_and_the_log_are_there_over_http() {
    let set = set().await;
    let stage = |path: &str| format!("{}/_stage/{path}", set.stage.github_url);
    let fault =
        json!({ "path": "*", "times": 1, "fault": { "kind": "secondary_limit", "retry_after_s": 7 } });
    let answer = set.client.post(stage("faults")).json(&fault).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let answer = set.client.get(set.url("")).bearer_auth("very-secret").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (403, &"7".parse().unwrap()));
    let log = set.client.get(stage("requests")).send().await.unwrap().text().await.unwrap();
    assert!(log.contains("\"secondary_limit\"") && log.contains("/repos/octo/shop"), "{log}");
    assert!(!log.contains("very-secret"));
    let answer = set
        .client
        .post(stage("faults"))
        .json(&json!({ "path": "*", "fault": { "kind": "x" } }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 400);
    let answer = set.client.post(stage("cron/backup.yml?slot=2026-01-31T12:00:00Z")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(set.get("/actions/runs?event=schedule").await["total_count"], 1);
}
