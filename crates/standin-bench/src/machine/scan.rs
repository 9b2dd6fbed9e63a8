//! A repository with a thousand workflows, scanned by `standin scan` and checked by `actionlint`.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use standin_engine::json_v1::ScanV1;

use super::Options;
use super::report::{Goal, Part, Quantity, Row, times};
use super::status::timed;
use super::world::World;

/// How many files.
const FILES: usize = 1_000;
/// How often each of both reads them.
const TURNS: u32 = 5;

pub(super) fn measure(options: &Options) -> anyhow::Result<Part> {
    let world = World::new(options, "")?;
    for n in 0..FILES {
        world.write(&format!(".github/workflows/flow-{n:04}.yml"), &workflow(n))?;
    }
    let output = world.standin(&["scan", "--format", "json"])?;
    let scan: ScanV1 = serde_json::from_slice(&output.stdout).context("standin scan prints JSON")?;
    let found = scan.automations.len();
    ensure!(found == FILES, "standin scan found {found} of {FILES} workflows");
    let ours = timed(TURNS, || world.standin(&["scan", "--format", "json"]).map(drop))?;
    let peer = match &options.actionlint {
        Some(path) if path.is_file() => Some(actionlint(&world, path)?),
        Some(_) | None => None,
    };
    let row = Row {
        what: format!("scan of {FILES} workflow files (p50)"),
        standin: times(ours, 50),
        peer_name: "actionlint",
        peer,
        goal: Goal::None,
    };
    Ok(Part { rows: vec![row], ..Part::default() })
}

/// Without the other programs that it would start for each script.
fn actionlint(world: &World, path: &Path) -> anyhow::Result<Quantity> {
    let times_taken = timed(TURNS, || {
        let mut command = Command::new(path);
        command.args(["-shellcheck=", "-pyflakes=", "-no-color"]).current_dir(world.repo());
        command.args((0..FILES).map(|n| format!(".github/workflows/flow-{n:04}.yml")));
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let status = status.context("actionlint cannot be started")?;
        ensure!(status.code().is_some_and(|code| code < 2), "actionlint ended with {status}");
        Ok(())
    })?;
    Ok(times(times_taken, 50))
}

/// An ordinary workflow of about forty lines; no two are alike.
fn workflow(n: usize) -> String {
    let (minute, hour) = (n % 60, n / 60 % 24);
    let steps: String = (0..4).map(|step| {
        format!("      - name: Step {step}\n        run: |\n          echo \"flow {n}, step {step}\"\n          ./scripts/step-{step}.sh --flow {n}\n        env:\n          REPORT: ${{{{ github.run_id }}}}\n")
    }).collect();
    format!(
        "name: Flow {n}\non:\n  schedule:\n    - cron: '{minute} {hour} * * 1-5'\n  workflow_dispatch:\n  push:\n    branches: [main]\n\
         permissions:\n  contents: read\nconcurrency:\n  group: flow-{n}\n  cancel-in-progress: false\n\
         jobs:\n  main:\n    runs-on: ubuntu-latest\n    timeout-minutes: 10\n    steps:\n      - uses: actions/checkout@v4\n{steps}"
    )
}
