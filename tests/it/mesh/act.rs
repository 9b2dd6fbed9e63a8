//! A cron that comes hours late, with the real act, this repository's own `action.yml` and `bin/action`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use standin_stage::{Act, Conclusion, RunSummary, Runner};

use super::action::binary;
use super::matrix::{NIGHTLY, files, missed};
use super::shop::{REPO, Shop};

/// What the documentation shows: the first step claims the slot, the last says how it ended.
pub(crate) fn workflow(cron: &str, out: &Path) -> String {
    format!(
        "name: Nightly
run-name: nightly ${{{{ inputs.standin-key }}}}
on:
  schedule:
    - cron: '{cron}'
  workflow_dispatch:
    inputs: {{ standin-key: {{}}, standin-attempt: {{}}, standin-slot: {{}} }}
jobs:
  work:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: standin
        uses: standin-dev/standin@v0
        with: {{ command: beat, id: 'workflow:nightly.yml', token: a-token }}
      - if: steps.standin.outputs.run == 'true'
        run: echo \"$GITHUB_EVENT_NAME\" >> {out}
      - if: always() && steps.standin.outputs.run == 'true'
        uses: standin-dev/standin@v0
        with: {{ command: exec-result, id: 'workflow:nightly.yml', token: a-token, status: '${{{{ job.status }}}}' }}
",
        out = out.display()
    )
}

/// The action as a release has it: its files, and its binary behind a URL with its checksum in the version's own list.
fn released(folder: &Path) -> (PathBuf, String) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let action = folder.join("action");
    for folder in ["bin", "tools"] {
        fs::create_dir_all(action.join(folder)).unwrap();
    }
    for file in ["action.yml", "bin/action", "Cargo.toml"] {
        fs::copy(root.join(file), action.join(file)).unwrap();
    }
    let version = env!("CARGO_PKG_VERSION");
    let name = format!("standin-action-{version}-{}-unknown-linux-gnu", std::env::consts::ARCH);
    let releases = folder.join("releases");
    let asset = releases.join(format!("v{version}"));
    fs::create_dir_all(&asset).unwrap();
    fs::copy(binary("standin-action"), asset.join(&name)).unwrap();
    let sum = Command::new("sha256sum").arg(&name).current_dir(&asset).output().unwrap();
    fs::write(action.join("tools/releases.sha256"), sum.stdout).unwrap();
    (action, format!("file://{}", releases.display()))
}

pub(crate) fn runner(folder: &Path) -> Runner {
    let ours = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.tools/py/bin/act");
    let program = std::env::var_os("STANDIN_ACT").map_or_else(ours, PathBuf::from);
    assert!(program.is_file(), "no act at {}: run bin/test, or set STANDIN_ACT to one", program.display());
    let (action, releases) = released(folder);
    let mut act = Act::new(&program);
    act.local_repositories.push(format!("standin-dev/standin@v0={}", action.display()));
    act.environment.insert("STANDIN_RELEASES".to_owned(), releases);
    act.logs = Some(folder.to_path_buf());
    Runner::Act(Box::new(act))
}

pub(crate) fn log(folder: &Path, run: &RunSummary) -> String {
    fs::read_to_string(folder.join(format!("run-{}.log", run.id))).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cron_that_is_hours_late_steps_aside() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("worked");
    let (mut files, slot) = (files(), missed());
    files[3].1 = workflow(&slot.strftime("%-M %-H * * *").to_string(), &out);
    let shop = Shop::with(&files, Some(runner(folder.path()))).await;
    let told = shop.check("second").await;
    shop.quiet().await;
    let runs = shop.runs("nightly.yml");
    assert_eq!(told.alerts(NIGHTLY), ["recovered"], "{}\n{}", told.said, log(folder.path(), &runs[0]));
    assert_eq!(fs::read_to_string(&out).unwrap(), "workflow_dispatch\n");

    // Two hours late: the schedule of the slot that somebody else has done.
    let late = shop.stage.github.fire_schedule(REPO, "nightly.yml", slot).unwrap();
    let late = shop.stage.github.run_ended(REPO, late).await.unwrap();
    shop.took("cron comes two hours late, and steps aside (real act)");
    let log = log(folder.path(), &late);
    assert_eq!(late.conclusion, Some(Conclusion::Success), "{log}");
    assert!(log.contains("steps aside: its slot is done by github/"), "{log}");
    assert_eq!(fs::read_to_string(&out).unwrap(), "workflow_dispatch\n", "{log}");
}
