//! A backup that its own schedule has started: it works for a primary that has not, once, and for no other.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use standin_stage::{Options, RepositoryOptions, Stage, WorkflowState};
use tempfile::TempDir;

const REPO: &str = "octo/shop";

struct Shop {
    dir: TempDir,
    stage: Stage,
    slot: Timestamp,
    cron: String,
}

/// A workflow with these schedules.
fn workflow(crons: &[&str]) -> String {
    let crons: Vec<String> = crons.iter().map(|cron| format!("{{ cron: '{cron}' }}")).collect();
    let cron = crons.join(", ");
    let inputs =
        "  workflow_dispatch: { inputs: { standin-key: {}, standin-attempt: {}, standin-slot: {} } }";
    let jobs = "jobs: { work: { runs-on: ubuntu-latest, steps: [{ run: 'true' }] } }";
    format!("name: N\non:\n  schedule: [{cron}]\n{inputs}\n{jobs}\n")
}

impl Shop {
    /// A primary that was due two hours ago, and its backup.
    async fn new() -> Self {
        Self::due(&[]).await
    }

    /// And was due, by further schedules, so many minutes before now.
    async fn due(further: &[i64]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let slot = Timestamp::now() - SignedDuration::from_hours(2);
        let cron = slot.strftime("%-M %-H * * *").to_string();
        let before = |minutes: &i64| {
            (Timestamp::now() - SignedDuration::from_mins(*minutes)).strftime("%-M %-H * * *")
        };
        let further: Vec<String> = further.iter().map(|minutes| before(minutes).to_string()).collect();
        let crons: Vec<&str> =
            [cron.as_str()].into_iter().chain(further.iter().map(String::as_str)).collect();
        let mut repository = RepositoryOptions::new(REPO);
        for (name, crons) in [("nightly.yml", crons.as_slice()), ("nightly-backup.yml", &["1 1 * * *"])] {
            let path = format!(".github/workflows/{name}");
            repository = repository.with_file(&path, &workflow(crons));
            fs::create_dir_all(dir.path().join(".github/workflows")).unwrap();
            fs::write(dir.path().join(path), workflow(crons)).unwrap();
        }
        let mut options = Options::default();
        options.github.repositories = vec![repository];
        let stage = Stage::start(options).await.unwrap();
        Self { dir, stage, slot, cron }
    }

    async fn fired(&self, workflow: &str) -> u64 {
        let run = self.stage.github.fire_schedule(REPO, workflow, Timestamp::now()).unwrap();
        self.stage.github.run_ended(REPO, run).await.unwrap();
        run
    }

    /// The first step of a run of the backup, with this event; its outputs `run` and `cron`, and what it says.
    async fn begun(&self, run: u64, event: &str) -> (String, String, String) {
        let own = tempfile::tempdir().unwrap();
        fs::write(own.path().join("event"), event).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_standin-action"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("TZ", "UTC");
        command.env("HOME", own.path()).env("RUNNER_TEMP", own.path()).env("STANDIN_CONFIG", self.dir.path());
        for (name, value) in [
            ("STANDIN_COMMAND", "beat"),
            ("STANDIN_ID", "workflow:nightly.yml"),
            ("STANDIN_INPUT_API_URL", self.stage.github_url.as_str()),
            ("STANDIN_INPUT_TOKEN", "a-token"),
            ("GITHUB_REPOSITORY", REPO),
            ("GITHUB_WORKFLOW_REF", "octo/shop/.github/workflows/nightly-backup.yml@refs/heads/main"),
            ("GITHUB_RUN_ID", &run.to_string()),
        ] {
            command.env(name, value);
        }
        command.env("GITHUB_EVENT_PATH", own.path().join("event"));
        command.env("GITHUB_OUTPUT", own.path().join("output"));
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let outputs = fs::read_to_string(own.path().join("output")).unwrap_or_default();
        let value = |name: &str| {
            let begin = format!("{name}<<");
            let line = outputs.lines().skip_while(|line| !line.starts_with(&begin)).nth(1);
            line.unwrap_or_else(|| panic!("no {name} in {outputs}\n{said}")).to_owned()
        };
        (value("run"), value("cron"), said.clone())
    }
}

const SCHEDULED: &str = r#"{"schedule": "1 1 * * *"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn it_steps_aside_for_a_primary_that_has_run_without_a_claim() {
    let shop = Shop::new().await;
    shop.fired("nightly.yml").await;
    let run = shop.fired("nightly-backup.yml").await;
    let (runs, _, said) = shop.begun(run, SCHEDULED).await;
    assert_eq!(runs, "false", "{said}");
    assert!(said.contains("its backup steps aside"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_once_for_a_primary_that_has_not_and_knows_its_schedule() {
    let shop = Shop::new().await;
    let run = shop.fired("nightly-backup.yml").await;
    let (runs, cron, said) = shop.begun(run, SCHEDULED).await;
    assert_eq!((runs.as_str(), cron), ("true", shop.cron.clone()), "{said}");
    let again = shop.fired("nightly-backup.yml").await;
    let (runs, _, said) = shop.begun(again, SCHEDULED).await;
    assert_eq!(runs, "false", "{said}");
    assert!(said.contains("its slot is done by github/"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_knows_the_schedule_of_its_slot() {
    let shop = Shop::new().await;
    let run = shop.fired("nightly-backup.yml").await;
    let slot = shop.slot.strftime("%Y-%m-%dT%H:%M:00Z");
    let event = format!(
        r#"{{"inputs": {{"standin-key": "0123456789abcdef0123456789abcdef", "standin-attempt": "1", "standin-slot": "{slot}"}}}}"#
    );
    let (runs, cron, said) = shop.begun(run, &event).await;
    assert_eq!((runs.as_str(), cron), ("true", shop.cron.clone()), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_schedules_of_its_primary_it_does_each_once_and_none_before_its_deadline() {
    let shop = Shop::due(&[5 * 60, 3]).await;
    let mut done = Vec::new();
    for _ in 0..2 {
        let run = shop.fired("nightly-backup.yml").await;
        let (runs, cron, said) = shop.begun(run, SCHEDULED).await;
        assert_eq!(runs, "true", "{said}");
        done.push(cron);
    }
    assert_eq!(done[0], shop.cron, "the newest comes first, and what was due a moment ago may still come");
    assert_ne!(done[0], done[1]);
    let run = shop.fired("nightly-backup.yml").await;
    let (runs, _, said) = shop.begun(run, SCHEDULED).await;
    assert_eq!((runs.as_str(), said.matches("steps aside").count() >= 2), ("false", true), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_steps_aside_for_a_primary_that_a_person_has_disabled() {
    let shop = Shop::new().await;
    shop.stage.github.set_workflow(REPO, "nightly.yml", WorkflowState::DisabledManually).unwrap();
    let run = shop.fired("nightly-backup.yml").await;
    let (runs, _, said) = shop.begun(run, SCHEDULED).await;
    assert!(runs == "false" && said.contains("a person has disabled workflow:nightly.yml"), "{said}");
}
