//! A stage that is set, and a client of it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use standin_stage::{Options, RepositoryOptions, Stage};

pub(crate) const REPO: &str = "octo/shop";

pub(crate) const BACKUP: &str = "name: Backup
run-name: backup ${{ inputs.key }}
on:
  schedule:
    - cron: '*/5 * * * *'
  workflow_dispatch:
    inputs:
      key: { required: true }
      level: { type: choice, options: [low, high], default: low }
jobs:
  one: { name: First, runs-on: ubuntu-latest, steps: [{ run: 'true' }] }
  two: { runs-on: ubuntu-latest, steps: [{ run: 'true' }] }
";

pub(crate) fn options() -> Options {
    let mut options = Options::default();
    options.github.repositories = vec![
        RepositoryOptions::new(REPO)
            .with_file("README.md", "hello\n")
            .with_file(".github/workflows/backup.yml", BACKUP)
            .with_file(".github/workflows/push.yml", "on: push\njobs: { a: {} }\n")
            .with_file(
                ".github/workflows/hook.yml",
                "on: { repository_dispatch: { types: [heal] } }\njobs: { a: {} }\n",
            ),
    ];
    options
}

pub(crate) struct Set {
    pub(crate) stage: Stage,
    pub(crate) client: reqwest::Client,
}

/// A stage as most tests want it.
pub(crate) async fn set() -> Set {
    set_with(options()).await
}

pub(crate) async fn set_with(options: Options) -> Set {
    Set { stage: Stage::start(options).await.unwrap(), client: client() }
}

pub(crate) fn client() -> reqwest::Client {
    // Built together with the rest, the client is one that has to be told whose cryptography it uses.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(std::time::Duration::from_secs(10)).build().unwrap()
}

impl Set {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/repos/{REPO}{path}", self.stage.github_url)
    }

    /// Asks, and gives the status and the body; null where there is none.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.client.request(method, self.url(path));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let bytes = answer.bytes().await.unwrap();
        (status, if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() })
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn graphql(&self, query: &str, variables: Value) -> Value {
        let url = format!("{}/graphql", self.stage.github_url);
        let body = json!({ "query": query, "variables": variables });
        let answer = self.client.post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    pub(crate) async fn head(&self) -> String {
        let head = self.get("/git/ref/heads/main").await;
        head["object"]["sha"].as_str().unwrap().to_owned()
    }

    /// A commit with these parents; the message makes it another one.
    pub(crate) async fn commit(&self, parents: &[&str], message: &str) -> String {
        let tree = self.get(&format!("/git/commits/{}", self.head().await)).await["tree"]["sha"].clone();
        let body = json!({ "message": message, "tree": tree, "parents": parents });
        let (status, commit) = self.post("/git/commits", body).await;
        assert_eq!(status, 201, "{commit}");
        commit["sha"].as_str().unwrap().to_owned()
    }
}
