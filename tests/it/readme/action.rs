//! The workflows that the pages show, run by the real act with this repository's own action as a release has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use standin_stage::{Act, Conclusion, Options, RepositoryOptions, RunSummary, Runner, Stage};

use super::blocks::{block, root};
use crate::stage::binary;

const REPO: &str = "octo/shop";
const WATCHER: &str = "standin.yml";
const NIGHTLY: &str = "nightly.yml";

/// How long a run may take on a machine that does other things as well.
const LIMIT: Duration = Duration::from_secs(120);

/// The action's files, and its binary behind a URL with its checksum in the version's own list.
fn released(folder: &Path) -> (PathBuf, String) {
    let action = folder.join("action");
    for folder in ["bin", "tools"] {
        fs::create_dir_all(action.join(folder)).unwrap();
    }
    for file in ["action.yml", "bin/action", "Cargo.toml"] {
        fs::copy(root().join(file), action.join(file)).unwrap();
    }
    let version = env!("CARGO_PKG_VERSION");
    let names = ["standin-action", "standin"];
    let assets = names.map(|name| format!("{name}-{version}-{}-unknown-linux-gnu", std::env::consts::ARCH));
    let asset = folder.join(format!("releases/v{version}"));
    fs::create_dir_all(&asset).unwrap();
    for (name, to) in names.iter().zip(&assets) {
        fs::copy(binary().with_file_name(name), asset.join(to)).unwrap();
    }
    let sum = Command::new("sha256sum").args(&assets).current_dir(&asset).output().unwrap();
    fs::write(action.join("tools/releases.sha256"), sum.stdout).unwrap();
    (action, format!("file://{}/releases", folder.display()))
}

/// A repository on the stage whose runs are the real act's.
struct Hub {
    stage: Stage,
    folder: tempfile::TempDir,
}

impl Hub {
    async fn new(files: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ours = || root().join(".tools/py/bin/act");
        let program = std::env::var_os("STANDIN_ACT").map_or_else(ours, PathBuf::from);
        assert!(program.is_file(), "no act at {}: run bin/test", program.display());
        let (action, releases) = released(folder.path());
        let mut act = Act::new(&program);
        // The one thing that is not as written: where the action comes from.
        act.local_repositories.push(format!("standin-dev/standin@v1={}", action.display()));
        act.environment.insert("STANDIN_RELEASES".to_owned(), releases);
        act.secrets.insert("GITHUB_TOKEN".to_owned(), "a-token".to_owned());
        act.logs = Some(folder.path().to_path_buf());
        let mut options = Options::default();
        let mut repository = RepositoryOptions::new(REPO);
        for (path, text) in files {
            repository = repository.with_file(path, text);
        }
        options.github.repositories = vec![repository];
        options.github.runner = Runner::Act(Box::new(act));
        Self { stage: Stage::start(options).await.unwrap(), folder }
    }

    /// The vendor's clock starts a workflow now; gives its end and what it said.
    async fn fire(&self, workflow: &str, slot: Timestamp) -> (RunSummary, String) {
        let run = self.stage.github.fire_schedule(REPO, workflow, slot).unwrap();
        self.ended(run).await
    }

    async fn ended(&self, run: u64) -> (RunSummary, String) {
        let ended = tokio::time::timeout(LIMIT, self.stage.github.run_ended(REPO, run)).await;
        let log = fs::read_to_string(self.folder.path().join(format!("run-{run}.log"))).unwrap_or_default();
        let log = said(&log);
        (ended.unwrap_or_else(|_| panic!("it does not end: {log}")).unwrap(), log)
    }

    /// A person presses the button.
    async fn by_hand(&self, inputs: serde_json::Value) -> String {
        let path = format!("/repos/{REPO}/actions/workflows/{WATCHER}/dispatches");
        let url = format!("{}{path}", self.stage.github_url);
        let body = json!({ "ref": "main", "inputs": inputs, "return_run_details": true });
        let http = crate::http().build().unwrap();
        let answer = http.post(url).bearer_auth("any").json(&body).send().await.unwrap();
        let answer: serde_json::Value = answer.json().await.unwrap();
        let (run, log) = self.ended(answer["workflow_run_id"].as_u64().unwrap()).await;
        assert_eq!(run.conclusion, Some(Conclusion::Success), "{log}");
        log
    }

    async fn nightly(&self) -> usize {
        let mut runs = self.stage.github.runs(REPO).unwrap();
        runs.retain(|run| run.workflow.ends_with(NIGHTLY));
        for run in &runs {
            let (run, log) = self.ended(run.id).await;
            assert_eq!(run.conclusion, Some(Conclusion::Success), "{log}");
        }
        runs.len()
    }
}

/// What the steps of a run have said, without what act says of itself.
fn said(log: &str) -> String {
    let line = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_said = line["raw_output"] == true || line["command"].is_string();
        is_said.then(|| format!("{}\n", line["msg"].as_str().unwrap_or_default().trim_end()))
    };
    log.lines().filter_map(line).collect()
}

/// A workflow whose last slot was so many hours ago.
fn nightly(hours: i64) -> (&'static str, String) {
    let at = Timestamp::now() - SignedDuration::from_hours(hours);
    let cron = at.strftime("%-M %-H * * *");
    let text = format!(
        "on:\n  schedule:\n    - cron: '{cron}'\n  workflow_dispatch:\njobs:\n  work: {{ runs-on: ubuntu-latest, steps: [{{ run: 'true' }}] }}\n"
    );
    (".github/workflows/nightly.yml", text)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_step_in_a_workflow_dispatches_what_missed_its_slot_once() {
    let step = block("README.md", "A step in a workflow", 0);
    let hub = Hub::new(&[(".github/workflows/standin.yml", step), nightly(7)]).await;
    let (watched, log) = hub.fire(WATCHER, hub.stage.github.plane().now()).await;
    assert_eq!(watched.conclusion, Some(Conclusion::Success), "{log}");
    assert_eq!(hub.nightly().await, 1, "{log}");
    let (again, log) = hub.fire(WATCHER, hub.stage.github.plane().now()).await;
    assert_eq!((again.conclusion, hub.nightly().await), (Some(Conclusion::Success), 1), "{log}");
    assert!(!log.contains("a-token"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_in_by_hand_recovers_pauses_resumes_and_reports() {
    let watcher = block("docs/action.md", "A watcher", 0);
    let hub = Hub::new(&[(".github/workflows/standin.yml", watcher), nightly(7)]).await;
    hub.by_hand(json!({ "command": "pause" })).await;
    let (_, log) = hub.fire(WATCHER, hub.stage.github.plane().now()).await;
    assert_eq!(hub.nightly().await, 0, "it was told to do nothing: {log}");
    hub.by_hand(json!({ "command": "resume" })).await;
    let before = hub.stage.github.refs(REPO).unwrap();
    let log = hub.by_hand(json!({ "command": "report" })).await;
    assert_eq!(hub.nightly().await, 0, "it only looks: {log}");
    assert_eq!(hub.stage.github.refs(REPO).unwrap(), before, "nothing is written");
    assert!(log.contains("standin-check.json"), "{log}");
    let log = hub.by_hand(json!({ "command": "recover", "id": "workflow:nightly.yml" })).await;
    assert_eq!(hub.nightly().await, 1, "{log}");
    let log = hub.by_hand(json!({})).await;
    assert_eq!(hub.nightly().await, 1, "its slot has its run: {log}");
}

/// The second page's workflow: its steps, below what makes it one that can be told a key.
fn works_once(cron: &str) -> String {
    let steps = block("docs/action.md", "An automation that does its work once", 0);
    let on = block("docs/action.md", "An automation that does its work once", 1);
    let on = on.replace("on:\n", &format!("on:\n  schedule:\n    - cron: '{cron}'\n"));
    format!("{on}jobs:\n  work:\n    runs-on: ubuntu-latest\n{steps}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_around_an_automation_let_its_work_be_done_once() {
    let out = tempfile::tempdir().unwrap();
    let done = out.path().join("done");
    let slot = Timestamp::now() - SignedDuration::from_mins(5);
    let workflow = works_once(&slot.strftime("%-M %-H * * *").to_string());
    // A file of the stage has no mode: the script is called by a shell, which is all that is changed.
    assert!(workflow.contains("run: ./nightly.sh"));
    let workflow = workflow.replace("run: ./nightly.sh", "run: sh ./nightly.sh");
    let script = format!("echo \"$GITHUB_RUN_ID\" >>{}\n", done.display());
    let hub = Hub::new(&[(".github/workflows/nightly.yml", workflow), ("nightly.sh", script)]).await;
    let (first, log) = hub.fire(NIGHTLY, slot).await;
    assert_eq!(first.conclusion, Some(Conclusion::Success), "{log}");
    assert_eq!(fs::read_to_string(&done).unwrap_or_default(), format!("{}\n", first.id), "{log}");
    let (late, log) = hub.fire(NIGHTLY, slot).await;
    assert_eq!(late.conclusion, Some(Conclusion::Success), "{log}");
    assert!(log.contains("steps aside"), "{log}");
    assert_eq!(fs::read_to_string(&done).unwrap(), format!("{}\n", first.id), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drill_on_a_schedule_starts_the_backup_and_coverage_knows_it() {
    let out = tempfile::tempdir().unwrap();
    let done = out.path().join("done");
    let backup = format!(
        "name: backup\nrun-name: backup ${{{{ inputs.standin-key }}}}\non:\n  workflow_dispatch:\n    inputs: \
         {{ standin-key: {{}}, standin-attempt: {{}}, standin-slot: {{}} }}\njobs:\n  work:\n    runs-on: \
         ubuntu-latest\n    steps:\n      - run: echo ${{{{ startsWith(inputs.standin-key, 'drill-') }}}} >>{}\n",
        done.display()
    );
    let files = [
        (".github/workflows/drill.yml", block("docs/action.md", "Drills", 0)),
        (".github/workflows/nightly-backup.yml", backup),
        nightly(7),
    ];
    let hub = Hub::new(&files).await;
    let (drilled, log) = hub.fire("drill.yml", hub.stage.github.plane().now()).await;
    assert_eq!(drilled.conclusion, Some(Conclusion::Success), "{log}");
    assert_eq!(fs::read_to_string(&done).unwrap_or_default(), "true\n", "{log}");
    assert_eq!(hub.nightly().await, 0, "the primary is left alone: {log}");
    assert!(log.contains("workflow:nightly-backup.yml") && log.contains("passed"), "{log}");
    let refs = hub.stage.github.refs(REPO).unwrap();
    assert!(refs.keys().any(|name| name.contains("drills")), "{refs:?}");
    // A second time it is not due: that is known from the refs, since each checkout is a new one.
    let (again, log) = hub.fire("drill.yml", hub.stage.github.plane().now()).await;
    assert_eq!(again.conclusion, Some(Conclusion::Success), "{log}");
    assert_eq!(fs::read_to_string(&done).unwrap(), "true\n", "{log}");
    assert!(!log.contains("a-token"), "{log}");
}

/// The backup of a function: a step that runs its bundle on the runner.
#[tokio::test(flavor = "multi_thread")]
async fn the_step_that_runs_a_function_calls_its_bundle() {
    let out = tempfile::tempdir().unwrap();
    let done = out.path().join("done");
    let zisi = std::env::var_os("STANDIN_ZISI").map_or_else(
        || root().join(".tools/netlify/node_modules/@netlify/zip-it-and-ship-it"),
        PathBuf::from,
    );
    assert!(zisi.is_dir(), "no bundler at {}: run bin/test", zisi.display());
    let function = format!(
        "import {{ appendFileSync }} from 'node:fs';\nexport default async (request) => {{\n  \
         appendFileSync('{}', request.headers.get('x-nf-event') + '\\n');\n  return new Response('sent');\n}};\n\
         export const config = {{ schedule: '0 6 * * *' }};\n",
        done.display()
    );
    let workflow = format!(
        "on: {{ workflow_dispatch: {{}} }}\njobs:\n  run:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: \
         actions/checkout@v4\n      - uses: standin-dev/standin@v1\n        with: {{ command: run, id: 'netlify:digest' }}\n        \
         env: {{ STANDIN_ZISI: '{}' }}\n",
        zisi.canonicalize().unwrap().display()
    );
    let hub =
        Hub::new(&[(".github/workflows/standin.yml", workflow), ("netlify/functions/digest.mjs", function)])
            .await;
    hub.by_hand(json!({})).await;
    assert_eq!(fs::read_to_string(&done).unwrap_or_default(), "schedule\n");
}
