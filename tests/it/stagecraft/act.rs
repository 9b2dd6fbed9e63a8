//! A dispatch that really runs its workflow, by the real act.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use standin_stage::{Act, Conclusion, Options, RepositoryOptions, Runner, Stage};

const REPO: &str = "octo/shop";
const LIMIT: Duration = Duration::from_secs(60);

const WORKFLOW: &str = "name: Backup
run-name: backup ${{ inputs.key }}
on:
  workflow_dispatch: { inputs: { key: { required: true }, exit: { default: '0' } } }
jobs:
  works:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - env: { KEY: '${{ inputs.key }}', TOKEN: '${{ secrets.TOKEN }}' }
        run: |
          test \"$TOKEN\" = 'a \"secret\"'
          printf '%s %s %s %s' \"$KEY\" \"$GITHUB_RUN_ID\" \"$GITHUB_API_URL\" \"$(cat README.md)\" > \"${{ vars.OUT }}\"
  ends:
    runs-on: ubuntu-latest
    needs: works
    steps: [{ run: 'exit ${{ inputs.exit }}' }]
  hangs:
    if: inputs.key == 'hang'
    runs-on: ubuntu-latest
    steps: [{ run: 'sleep 600' }]
";

fn act() -> Act {
    let ours = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.tools/py/bin/act");
    let program = std::env::var_os("STANDIN_ACT").map_or_else(ours, PathBuf::from);
    assert!(program.is_file(), "no act at {}: run bin/test, or set STANDIN_ACT to one", program.display());
    Act::new(&program)
}

async fn dispatch(stage: &Stage, inputs: Value) -> u64 {
    let url = format!("{}/repos/{REPO}/actions/workflows/backup.yml/dispatches", stage.github_url);
    let client = crate::http().build().unwrap();
    let body = json!({ "ref": "main", "inputs": inputs, "return_run_details": true });
    let answer: Value = client.post(url).json(&body).send().await.unwrap().json().await.unwrap();
    answer["workflow_run_id"].as_u64().unwrap()
}

async fn ended(stage: &Stage, id: u64) -> Option<Conclusion> {
    tokio::time::timeout(LIMIT, stage.github.run_ended(REPO, id)).await.expect("it ends").unwrap().conclusion
}

#[tokio::test]
async fn a_dispatch_runs_its_workflow_and_ends_as_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut act = act();
    act.variables.insert("OUT".into(), out.to_str().unwrap().into());
    act.secrets.insert("TOKEN".into(), "a \"secret\"".into());
    act.logs = Some(folder.path().to_path_buf());
    assert!(!format!("{act:?}").contains("secret"));
    let mut options = Options::default();
    let repository = RepositoryOptions::new(REPO).with_file("README.md", "hello");
    options.github.repositories = vec![repository.with_file(".github/workflows/backup.yml", WORKFLOW)];
    options.github.runner = Runner::Act(Box::new(act));
    let stage = Stage::start(options).await.unwrap();

    let id = dispatch(&stage, json!({ "key": "k1" })).await;
    let log = || std::fs::read_to_string(folder.path().join(format!("run-{id}.log"))).unwrap_or_default();
    assert_eq!(ended(&stage, id).await, Some(Conclusion::Success), "{}", log());
    let expected = format!("k1 {id} {} hello", stage.github_url);
    assert_eq!(std::fs::read_to_string(&out).unwrap(), expected);

    let id = dispatch(&stage, json!({ "key": "k2", "exit": "3" })).await;
    assert_eq!(ended(&stage, id).await, Some(Conclusion::Failure));
    let url = format!("{}/repos/{REPO}/actions/runs/{id}/jobs", stage.github_url);
    let jobs: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let ends: Vec<(&str, &str)> = jobs["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|job| Some((job["name"].as_str()?, job["conclusion"].as_str()?)))
        .filter(|(name, _)| *name != "hangs")
        .collect();
    assert_eq!(ends, [("ends", "failure"), ("works", "success")]);
}
