//! prism between a client and the stage: it refuses a request that the vendor's description does not know, and answers 500
//! where the stage's own answer is not as described.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long prism may take to read a description on a busy machine.
const START: Duration = Duration::from_secs(120);
const ANSWER: Duration = Duration::from_secs(30);

pub(super) struct Prism {
    pub(super) url: String,
    client: reqwest::Client,
    /// Killed when this is dropped.
    _process: Child,
}

fn tools() -> PathBuf {
    let ours = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.tools/contracts");
    std::env::var_os("STANDIN_CONTRACTS").map_or_else(ours, PathBuf::from)
}

/// A description and the program, or a failure that says what to do.
fn tool(path: &str) -> PathBuf {
    let path = tools().join(path);
    assert!(
        path.is_file(),
        "no {}: run bin/test, which installs it, or set STANDIN_CONTRACTS",
        path.display()
    );
    path
}

impl Prism {
    /// Stands before a server, and holds it and its clients to this description.
    pub(super) async fn before(server: &str, description: &str) -> Self {
        let mut process = Command::new("node")
            .arg(tool("node_modules/@stoplight/prism-cli/dist/index.js"))
            .args(["proxy", "--errors", "--port", "0"])
            .arg(tool(description))
            .arg(server)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some((_, url)) = line.split_once("listening on ") {
                    return url.trim().to_owned();
                }
            }
            panic!("prism ended before it listened");
        };
        let url = tokio::time::timeout(START, listening).await.expect("prism starts");
        // It goes on writing: what nobody reads would block it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let client = crate::http().timeout(ANSWER).build().unwrap();
        Self { url, client, _process: process }
    }

    /// Asks through prism, and fails where it complains of the request or the answer.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let (status, answer) = self.unchecked(method.clone(), path, body).await;
        assert!(!is_complaint(&answer), "{method} {path}: {status} {answer:#}");
        (status, answer)
    }

    /// The same without a look at what prism says of it.
    pub(super) async fn unchecked(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth("any");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }
}

/// Whether prism itself speaks: its complaints name a type of its own.
pub(super) fn is_complaint(answer: &Value) -> bool {
    answer["type"].as_str().is_some_and(|kind| kind.contains("prism"))
}
