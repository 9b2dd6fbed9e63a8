//! The copied workflow really runs, by act: behind its slot, and not without it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::fixtures::Repository;
use crate::oracles::tool;

/// In the place of the action: what it was asked, and the slot as the test wants it.
const ACTION: &str = "name: stub
description: The action with no store behind it.
inputs: { command: { description: c, default: check }, id: { description: i, default: '' }, status: { description: s, default: '' } }
outputs:
  run: { description: r, value: '${{ steps.told.outputs.run }}' }
  cron: { description: c, value: '${{ steps.told.outputs.cron }}' }
runs:
  using: composite
  steps:
    - id: told
      shell: bash
      env: { ASKED: '${{ inputs.command }} ${{ inputs.id }} ${{ inputs.status }}' }
      run: |
        echo \"$ASKED\" >> \"$OUT\"
        echo \"run=$RUN\" >> \"$GITHUB_OUTPUT\"
        echo 'cron=0 5 1 * *' >> \"$GITHUB_OUTPUT\"
";

/// In the place of GitHub's own, which would fetch what is here already.
const SETUP_NODE: &str = "actions/setup-node@a0853c24544627f65ddf259abe73b1d18a591444";
const NODE: &str = "name: stub
description: Node is here.
inputs: { node-version: { description: v, default: '' } }
runs: { using: composite, steps: [{ shell: bash, run: node --version }] }
";

const PRIMARY: &str = "name: Sweep
on:
  schedule: [{ cron: '0 4 * * 1-5' }, { cron: '0 5 1 * *' }]
jobs:
  daily:
    if: github.event.schedule == '0 4 * * 1-5'
    runs-on: ubuntu-latest
    steps: [{ run: 'echo daily >> \"$OUT\"' }]
  monthly:
    if: github.event.schedule == '0 5 1 * *' && github.event_name == 'schedule'
    runs-on: ubuntu-latest
    steps:
      - env: { KEY: '${{ inputs.standin-key }}' }
        run: echo \"monthly $KEY\" >> \"$OUT\"
      - run: exit 1
  clean:
    needs: [daily, monthly]
    if: always()
    runs-on: ubuntu-latest
    steps: [{ run: 'echo \"clean${STANDIN_DRILL:+ on drill $STANDIN_DRILL}\" >> \"$OUT\"' }]
";

/// What was done by the backup, in the order of its happening.
pub(crate) fn dispatched(repository: &Repository, run: &str, workflow: &str) -> Vec<String> {
    dispatched_under("k1", repository, run, workflow)
}

/// The same, under this key.
pub(crate) fn dispatched_under(key: &str, repository: &Repository, run: &str, workflow: &str) -> Vec<String> {
    repository.write("action/action.yml", ACTION);
    repository.write("node/action.yml", NODE);
    let begun = Command::new("git").args(["init", "-q"]).current_dir(repository.root()).status().unwrap();
    assert!(begun.success());
    let root = repository.root();
    let out = root.join(format!("out-{run}"));
    // What was done before is not done by this one.
    let _ = fs::remove_file(&out);
    let event = root.join("event.json");
    let slot = "2026-11-01T05:00:00Z";
    let inputs = serde_json::json!({ "standin-key": key, "standin-attempt": "1", "standin-slot": slot });
    fs::write(&event, serde_json::json!({ "inputs": inputs }).to_string()).unwrap();
    let action = root.join("action");
    // act copies the whole repository, so that nothing of its own may be in it.
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(tool("STANDIN_ACT", "py/bin/act"))
        .current_dir(root)
        .args(["workflow_dispatch", "-P", "ubuntu-latest=-self-hosted", "--no-cache-server"])
        .args(["--artifact-server-addr", "127.0.0.1", "-W", workflow, "-e"])
        .arg(&event)
        .args(["--local-repository", &format!("standin-dev/standin@v1={}", action.display())])
        .args(["--local-repository", &format!("{SETUP_NODE}={}", root.join("node").display())])
        .args(["--secret", &format!("OUT={}", out.display())])
        .args(["--env", &format!("OUT={}", out.display()), "--env", &format!("RUN={run}")])
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path().join("cache"))
        .output()
        .unwrap();
    let read = |path: &Path| fs::read_to_string(path).ok();
    let said =
        || format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let text = read(&out).unwrap_or_else(|| panic!("nothing ran: {}", said()));
    text.lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn the_jobs_run_behind_the_slot_and_not_without_it() {
    let repository = Repository::empty();
    repository.write(".github/workflows/sweep.yml", PRIMARY);
    repository.apply(&repository.generate());
    let backup = ".github/workflows/sweep-backup.yml";
    assert_eq!(
        dispatched(&repository, "true", backup),
        ["beat workflow:sweep.yml", "monthly k1", "clean", "exec-result workflow:sweep.yml failure"]
    );
    assert_eq!(dispatched(&repository, "false", backup), ["beat workflow:sweep.yml"]);
    assert_eq!(
        dispatched_under("drill-1", &repository, "true", backup)[1..3],
        ["monthly drill-1", "clean on drill 1"]
    );
}

#[test]
fn a_backup_whose_jobs_are_all_skipped_has_failed() {
    let repository = Repository::empty();
    let primary = PRIMARY.split("  daily:\n").next().unwrap();
    let only = "  yearly:\n    if: github.event.schedule == '0 0 1 1 *'\n    runs-on: ubuntu-latest\n    steps: [{ run: 'echo yearly >> \"$OUT\"' }]\n";
    repository.write(".github/workflows/sweep.yml", &format!("{primary}{only}"));
    repository.apply(&repository.generate());
    let said = dispatched(&repository, "true", ".github/workflows/sweep-backup.yml");
    assert_eq!(said, ["beat workflow:sweep.yml", "exec-result workflow:sweep.yml failure"]);
}
