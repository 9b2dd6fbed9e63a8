//! A mesh on a stage, and the function beside it.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use standin_config::mesh::{
    AlertSettings, AwsSettings, GithubSettings, Mesh, NetlifySettings, PeerKind, PeerSettings, Proved,
    Remedy, StoreSettings, Target, Timing,
};
use standin_core::automation::ScheduleSpec;
use standin_core::health::Priority;
use standin_core::ident::Domain;
use standin_core::mesh::arbiter::StoreKind;
use standin_stage::{Options, RepositoryOptions, RunSummary, Stage};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

pub(crate) const REPO: &str = "octo/shop";
pub(crate) const TOKEN: &str = "a-token-of-the-tests";
pub(crate) const PING_KEY: &str = "a-key-of-the-tests";

const NIGHTLY: &str = "name: Nightly
run-name: nightly ${{ inputs.standin-key }} ${{ inputs.standin-attempt }}
on:
  schedule:
    - cron: '*/5 * * * *'
  workflow_dispatch:
    inputs:
      standin-key: {}
      standin-attempt: {}
      standin-slot: {}
jobs:
  one: { runs-on: ubuntu-latest, steps: [{ run: 'true' }] }
";

/// A stage with one repository, and the folder of a function that watches it.
pub(crate) struct Set {
    pub(crate) stage: Stage,
    pub(crate) folder: TempDir,
}

/// A slot that was missed: every five minutes, and nothing has run since the repository was made.
pub(crate) async fn set() -> Set {
    let mut options = Options::default();
    options.github.repositories =
        vec![RepositoryOptions::new(REPO).with_file(".github/workflows/nightly.yml", NIGHTLY)];
    let stage = Stage::start(options).await.unwrap();
    let set = Set { stage, folder: tempfile::tempdir().unwrap() };
    set.carry(&set.mesh());
    set
}

fn slots(deadline: u64) -> Timing {
    let cron = ScheduleSpec { cron: "*/5 * * * *".into(), timezone: "UTC".into() };
    Timing::Slots { schedules: vec![cron], deadline }
}

pub(crate) fn target(id: &str, domain: Domain, backup: Vec<Remedy>) -> Target {
    let id = id.parse().unwrap();
    Target {
        id,
        domain,
        priority: Priority::Normal,
        timing: slots(1_000),
        url: None,
        backup,
        heartbeats: standin_config::mesh::Beats::None,
        dispatchable: true,
    }
}

pub(crate) fn github_store() -> StoreSettings {
    StoreSettings {
        name: "github".into(),
        kind: StoreKind::GithubRefs,
        place: String::new(),
        prefix: "standin".into(),
        region: None,
        endpoint: None,
        proved: Proved::Yes,
    }
}

impl Set {
    pub(crate) fn mesh(&self) -> Mesh {
        let every = Duration::from_secs(300);
        Mesh {
            version: 1,
            quorum: None,
            github: GithubSettings {
                repository: Some(REPO.into()),
                api_url: Some(self.stage.github_url.clone()),
                ..GithubSettings::default()
            },
            netlify: NetlifySettings::default(),
            aws: AwsSettings::default(),
            alerts: AlertSettings::default(),
            stores: vec![github_store()],
            peers: vec![PeerSettings {
                name: "function".parse().unwrap(),
                kind: PeerKind::Netlify { function: "standin".into() },
                every,
                silent_after: every,
                backup: vec![],
            }],
            targets: vec![target("workflow:nightly.yml", Domain::Github, vec![Remedy::Again])],
        }
    }

    /// Puts a mesh where the function looks for one.
    pub(crate) fn carry(&self, mesh: &Mesh) {
        std::fs::write(self.folder.path().join("mesh.json"), serde_json::to_vec(mesh).unwrap()).unwrap();
    }

    pub(crate) fn runs(&self) -> Vec<RunSummary> {
        self.stage.github.runs(REPO).unwrap()
    }

    /// The function, started with nothing of this machine but its place.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_standin-function"));
        command
            .env_clear()
            .current_dir(self.folder.path())
            .env("GITHUB_TOKEN", "any")
            .env("STANDIN_TOKEN", TOKEN)
            .env("STANDIN_PING_KEY", PING_KEY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Starts the function with an event, and leaves it to itself.
    pub(crate) async fn start(&self, event: &Value) -> Child {
        start(&mut self.command(), event).await
    }

    /// One event, and its answer: the status, the body, and what was logged.
    pub(crate) async fn tell(&self, event: &Value) -> Told {
        ended(start(&mut self.command(), event).await).await
    }

    /// A schedule's event, which must succeed.
    pub(crate) async fn tick(&self) -> Value {
        let told = self.tell(&json!({ "kind": "schedule" })).await;
        assert_eq!(told.status, 200, "{told:?}");
        told.json()
    }
}

#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u64,
    pub(crate) body: String,
    pub(crate) log: String,
}

impl Told {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) async fn start(command: &mut Command, event: &Value) -> Child {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(event.to_string().as_bytes()).await.unwrap();
    drop(stdin);
    child
}

pub(crate) async fn ended(child: Child) -> Told {
    let output = child.wait_with_output().await.unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{log}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{log}"));
    let body = answer["body"].as_str().unwrap().to_owned();
    Told { status: answer["status"].as_u64().unwrap(), body, log }
}
