//! Tokens, rights, limits, the clock, and what a client has already.

use std::collections::BTreeSet;

use serde_json::json;
use standin_stage::{Access, Grant, Right};

use crate::set::{options, set, set_with};

#[tokio::test]
async fn a_token_is_needed_and_may_do_what_it_may() {
    let mut options = options();
    let reader = Grant { token: "reader".into(), rights: BTreeSet::from([Right::ReadContents]) };
    assert!(!format!("{reader:?}").contains("\"reader\""));
    options.github.access = Access::Tokens(vec![reader, Grant::full("writer")]);
    let set = set_with(options).await;
    let ask = |token: &'static str, path: &str| set.client.get(set.url(path)).bearer_auth(token).send();
    assert_eq!(set.client.get(set.url("")).send().await.unwrap().status(), 401);
    assert_eq!(ask("other", "").await.unwrap().status(), 401);
    assert_eq!(ask("reader", "").await.unwrap().status(), 200);
    let lacking = ask("reader", "/actions/workflows").await.unwrap();
    assert_eq!(lacking.status(), 403);
    assert_eq!(lacking.headers()["x-accepted-github-permissions"], "actions=read");
    assert_eq!(ask("writer", "/actions/workflows").await.unwrap().status(), 200);
    let elsewhere = format!("{}/repos/octo/other", set.stage.github_url);
    assert_eq!(set.client.get(elsewhere).bearer_auth("writer").send().await.unwrap().status(), 404);
    let body = json!({ "ref": "refs/a/b", "sha": "x" });
    let write = set.client.post(set.url("/git/refs")).bearer_auth("reader").json(&body).send().await.unwrap();
    assert_eq!(write.status(), 403);
}

#[tokio::test]
async fn the_hourly_limit_is_told_and_kept() {
    let set = set().await;
    let first = set.client.get(set.url("")).send().await.unwrap();
    assert_eq!(
        (&first.headers()["x-ratelimit-limit"], &first.headers()["x-ratelimit-remaining"]),
        (&"1000".parse().unwrap(), &"999".parse().unwrap())
    );
    set.stage.github.leave_requests(1);
    assert_eq!(set.client.get(set.url("")).send().await.unwrap().status(), 200);
    let refused = set.client.get(set.url("")).send().await.unwrap();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["x-ratelimit-remaining"]),
        (403, &"0".parse().unwrap())
    );
    set.stage.github.plane().set_clock_ahead(3_700);
    assert_eq!(set.client.get(set.url("")).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn what_a_client_has_already_costs_nothing() {
    let set = set().await;
    let first = set.client.get(set.url("/git/matching-refs/heads/")).send().await.unwrap();
    let tag = first.headers()["etag"].clone();
    let used = set.stage.github.requests_used();
    let again = set
        .client
        .get(set.url("/git/matching-refs/heads/"))
        .header("if-none-match", &tag)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(set.stage.github.requests_used(), used);
    let head = set.head().await;
    set.post("/git/refs", json!({ "ref": "refs/heads/b", "sha": head })).await;
    let changed = set
        .client
        .get(set.url("/git/matching-refs/heads/"))
        .header("if-none-match", &tag)
        .send()
        .await
        .unwrap();
    assert_eq!(changed.status(), 200);
}

#[tokio::test]
async fn the_clock_can_be_ahead() {
    let set = set().await;
    set.stage.github.plane().set_clock_ahead(86_400 * 400);
    let answer = set.client.get(set.url("")).send().await.unwrap();
    let year = set.stage.github.plane().now().strftime("%Y").to_string();
    let dates: Vec<_> = answer.headers().get_all("date").iter().collect();
    assert_eq!(dates.len(), 1);
    assert!(dates[0].to_str().unwrap().contains(&year));
}
