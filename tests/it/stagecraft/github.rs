//! GitHub's side of the stage under GitHub's own description.

use reqwest::Method;
use serde_json::{Value, json};
use standin_stage::{Fault, FaultKind, Options, RepositoryOptions, Stage};

use super::prism::{Prism, is_complaint};

const REPO: &str = "octo/shop";
const WORKFLOW: &str = "name: Backup\non: { workflow_dispatch: { inputs: { key: {} } }, schedule: [{ cron: '5 * * * *' }] }\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: 'true' }] } }\n";

struct Held {
    stage: Stage,
    prism: Prism,
}

impl Held {
    async fn new() -> Self {
        let mut options = Options::default();
        let repository = RepositoryOptions::new(REPO).with_file("README.md", "hello\n");
        options.github.repositories = vec![repository.with_file(".github/workflows/backup.yml", WORKFLOW)];
        let stage = Stage::start(options).await.unwrap();
        let prism = Prism::before(&stage.github_url, "github.json").await;
        Self { stage, prism }
    }

    async fn ask(&self, expected: u16, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.prism.ask(method.clone(), &format!("/repos/{REPO}{path}"), body).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
        answer
    }

    async fn get(&self, expected: u16, path: &str) -> Value {
        self.ask(expected, Method::GET, path, None).await
    }
}

#[tokio::test]
async fn github_is_as_github_describes_it() {
    let held = Held::new().await;
    held.get(200, "").await;
    objects_and_refs(&held).await;
    files(&held).await;
    workflows_and_runs(&held).await;
    what_is_not_so_is_found(&held).await;
}

/// A reference within a path is one parameter, so its slashes are escaped.
async fn objects_and_refs(held: &Held) {
    let head = held.get(200, "/git/ref/heads%2Fmain").await["object"]["sha"].clone();
    let sha = head.as_str().unwrap();
    held.get(404, "/git/ref/heads%2Fnone").await;
    let tree = held.get(200, &format!("/git/commits/{sha}")).await["tree"]["sha"].clone();
    held.get(200, &format!("/git/trees/{}?recursive=1", tree.as_str().unwrap())).await;
    let post = |expected, path, body| held.ask(expected, Method::POST, path, Some(body));
    let blob =
        post(201, "/git/blobs", json!({ "content": "aGVsbG8K", "encoding": "base64" })).await["sha"].clone();
    held.get(200, &format!("/git/blobs/{}", blob.as_str().unwrap())).await;
    let line = json!({ "path": "state.json", "mode": "100644", "type": "blob", "sha": blob });
    let tree = post(201, "/git/trees", json!({ "tree": [line] })).await["sha"].clone();
    let commit = json!({ "message": "one", "tree": tree, "parents": [head] });
    let next = post(201, "/git/commits", commit).await["sha"].clone();
    let made = json!({ "ref": "refs/standin/cell/a", "sha": head });
    post(201, "/git/refs", made.clone()).await;
    post(422, "/git/refs", made).await;
    let update = |sha: &Value| Some(json!({ "sha": sha, "force": false }));
    let path = "/git/refs/standin%2Fcell%2Fa";
    held.ask(200, Method::PATCH, path, update(&next)).await;
    held.ask(422, Method::PATCH, path, update(&head)).await;
    let found = held.get(200, "/git/matching-refs/standin%2Fcell%2F").await;
    assert_eq!(found[0]["object"]["sha"], next);
    held.ask(204, Method::DELETE, path, None).await;
    held.ask(422, Method::DELETE, path, None).await;
}

async fn files(held: &Held) {
    let old = held.get(200, "/contents/README.md").await["sha"].clone();
    held.get(200, "/contents/.github").await;
    held.get(200, "/commits/main").await;
    let write = |sha: Value| json!({ "message": "m", "content": "aGVsbG8gYWdhaW4K", "sha": sha });
    let put = |expected, body| held.ask(expected, Method::PUT, "/contents/README.md", Some(body));
    put(200, write(old)).await;
    // The 409 of a stale `sha` is not asked for: any error fits both shapes that it must have exactly one of.
    put(422, json!({ "message": "m", "content": "aGVsbG8K" })).await;
    held.ask(201, Method::PUT, "/contents/new.txt", Some(json!({ "message": "m", "content": "aGVsbG8K" })))
        .await;
}

async fn workflows_and_runs(held: &Held) {
    held.get(200, "/actions/workflows").await;
    let workflow = "/actions/workflows/backup.yml";
    held.get(200, workflow).await;
    held.get(404, "/actions/workflows/none.yml").await;
    let dispatches = format!("{workflow}/dispatches");
    let dispatch = |expected, body| held.ask(expected, Method::POST, &dispatches, Some(body));
    dispatch(204, json!({ "ref": "main", "inputs": { "key": "k" } })).await;
    let named = json!({ "ref": "main", "inputs": { "key": "k" }, "return_run_details": true });
    let id = dispatch(200, named).await["workflow_run_id"].as_u64().unwrap();
    dispatch(422, json!({ "ref": "main", "inputs": { "other": "k" } })).await;
    held.stage.github.run_ended(REPO, id).await.unwrap();
    held.get(200, &format!("{workflow}/runs?event=workflow_dispatch&per_page=5")).await;
    held.get(200, "/actions/runs?status=success").await;
    let run = format!("/actions/runs/{id}");
    held.get(200, &run).await;
    held.get(200, &format!("{run}/jobs")).await;
    held.ask(409, Method::POST, &format!("{run}/cancel"), None).await;
    held.ask(201, Method::POST, &format!("{run}/rerun"), None).await;
    held.ask(204, Method::PUT, &format!("{workflow}/disable"), None).await;
    dispatch(422, json!({ "ref": "main" })).await;
    held.ask(204, Method::PUT, &format!("{workflow}/enable"), None).await;
    held.ask(204, Method::POST, "/dispatches", Some(json!({ "event_type": "heal", "client_payload": {} })))
        .await;
    held.prism.ask(Method::GET, "/rate_limit", None).await;
}

/// Else all of the above would mean nothing.
async fn what_is_not_so_is_found(held: &Held) {
    let path = format!("/repos/{REPO}");
    held.stage.github.plane().inject(Fault::once(&path, FaultKind::Huge)).unwrap();
    let (status, answer) = held.prism.unchecked(Method::GET, &path, None).await;
    assert!(status == 500 && is_complaint(&answer), "an answer without its fields: {status}");
    let (status, answer) =
        held.prism.unchecked(Method::POST, &format!("{path}/git/refs"), Some(json!({}))).await;
    assert!(status == 422 && is_complaint(&answer), "a request without its fields: {status} {answer}");
}
