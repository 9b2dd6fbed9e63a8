//! Repositories with thousands of files: `standin scan` beside `actionlint` and `zizmor` on the same workflows.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use standin_engine::json_v1::ScanV1;

use super::Options;
use super::report::{Goal, Part, Quantity, Row, Unit, times};
use super::status::timed;
use super::world::World;

/// How many workflows.
const WORKFLOWS: usize = 2_000;
/// How many functions of Netlify, in the repository with everything.
const FUNCTIONS: usize = 500;
/// How many packages, in the same.
const PACKAGES: usize = 200;
/// How often each reads them.
const TURNS: u32 = 5;
/// Standin may take one in so many of actionlint's milliseconds.
const GOAL_ACTIONLINT: f64 = 4.0;
/// Standin may take one in so many of zizmor's milliseconds.
const GOAL_ZIZMOR: f64 = 25.0;
/// When nothing has changed since the scan before.
const GOAL_WARM_MS: f64 = 20.0;
/// Most memory of a scan.
const GOAL_MIB: f64 = 60.0;
/// Where the command keeps what it knows of files that have not changed.
const CACHE: &str = ".standin/scan.cache";

pub(super) fn measure(options: &Options) -> anyhow::Result<Part> {
    let mut part = workflows(options)?;
    part.rows.extend(everything(options)?.rows);
    Ok(part)
}

/// The same workflows for all three.
fn workflows(options: &Options) -> anyhow::Result<Part> {
    let world = World::new(options, "")?;
    write_workflows(&world)?;
    expect(&world, WORKFLOWS)?;
    let cold = || timed(TURNS, || scan_cold(&world));
    let ours = cold()?;
    let row = |name: &'static str, peer: Option<Quantity>, goal: f64| Row {
        what: format!("scan of {WORKFLOWS} workflows, cold (p50)"),
        standin: times(ours.clone(), 50),
        peer_name: name,
        peer,
        goal: Goal::AtMostOneIn(goal),
    };
    let there = |path: &Option<std::path::PathBuf>| path.clone().filter(|path| path.is_file());
    let actionlint = there(&options.actionlint).map(|path| actionlint(&world, &path)).transpose()?;
    let zizmor = there(&options.zizmor).map(|path| zizmor(&world, &path)).transpose()?;
    let rows = vec![row("actionlint", actionlint, GOAL_ACTIONLINT), row("zizmor", zizmor, GOAL_ZIZMOR)];
    Ok(Part { rows, ..Part::default() })
}

/// A repository with functions and packages too.
fn everything(options: &Options) -> anyhow::Result<Part> {
    let world = World::new(options, "")?;
    write_workflows(&world)?;
    world.write("netlify.toml", "[functions]\ndirectory = \"netlify/functions\"\n")?;
    for n in 0..FUNCTIONS {
        world.write(&format!("netlify/functions/job-{n:03}.mjs"), &function(n))?;
    }
    world.write(
        "package.json",
        "{ \"name\": \"root\", \"private\": true, \"workspaces\": [\"packages/*\"] }\n",
    )?;
    for n in 0..PACKAGES {
        world.write(&format!("packages/p{n:03}/package.json"), &package(n))?;
    }
    let what = format!("{WORKFLOWS} workflows, {FUNCTIONS} functions, {PACKAGES} packages");
    expect(&world, WORKFLOWS + FUNCTIONS)?;
    let cold = timed(TURNS, || scan_cold(&world))?;
    remove_cache(&world)?;
    let peak = world.peak_of_standin(&["scan", "--format", "json"])?;
    scan(&world)?;
    let warm = timed(TURNS * 4, || scan(&world))?;
    let own =
        |what: String, standin: Quantity, goal: Goal| Row { what, standin, peer_name: "", peer: None, goal };
    #[allow(clippy::cast_precision_loss, reason = "far below what a double holds exactly")]
    let mebibytes = Quantity::new(peak as f64 / f64::from(1 << 20), Unit::Mebibytes);
    Ok(Part {
        rows: vec![
            own(format!("scan of {what}, cold (p50)"), times(cold, 50), Goal::None),
            own("the same, nothing changed (p50)".to_owned(), times(warm, 50), Goal::AtMost(GOAL_WARM_MS)),
            own(
                "the same, cold: peak resident memory".to_owned(),
                mebibytes,
                Goal::AtMostMebibytes(GOAL_MIB),
            ),
        ],
        ..Part::default()
    })
}

fn write_workflows(world: &World) -> anyhow::Result<()> {
    // What is remembered of the files is kept where Standin has its folder.
    world.write(".standin/.gitignore", "*\n")?;
    (0..WORKFLOWS).try_for_each(|n| world.write(&format!(".github/workflows/flow-{n:04}.yml"), &workflow(n)))
}

/// A scan that finds fewer is not worth its time.
fn expect(world: &World, least: usize) -> anyhow::Result<()> {
    let output = world.standin(&["scan", "--format", "json"])?;
    let scan: ScanV1 = serde_json::from_slice(&output.stdout).context("standin scan prints JSON")?;
    let found = scan.automations.len();
    ensure!(found >= least, "standin scan found {found} of {least} automations");
    Ok(())
}

fn scan(world: &World) -> anyhow::Result<()> {
    world.standin(&["scan", "--format", "json"]).map(drop)
}

fn scan_cold(world: &World) -> anyhow::Result<()> {
    remove_cache(world)?;
    scan(world)
}

fn remove_cache(world: &World) -> anyhow::Result<()> {
    match std::fs::remove_file(world.repo().join(CACHE)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Without the other programs that it would start for each script.
fn actionlint(world: &World, path: &Path) -> anyhow::Result<Quantity> {
    let times_taken = timed(TURNS, || {
        let mut command = Command::new(path);
        command.args(["-shellcheck=", "-pyflakes=", "-no-color"]).current_dir(world.repo());
        command.args((0..WORKFLOWS).map(|n| format!(".github/workflows/flow-{n:04}.yml")));
        finish("actionlint", &mut command)
    })?;
    Ok(times(times_taken, 50))
}

/// Without a network.
fn zizmor(world: &World, path: &Path) -> anyhow::Result<Quantity> {
    let times_taken = timed(2, || {
        let mut command = Command::new(path);
        command.args(["--offline", "--no-progress", "--quiet", "--no-exit-codes", ".github/workflows"]);
        command.current_dir(world.repo());
        finish("zizmor", &mut command)
    })?;
    Ok(times(times_taken, 50))
}

fn finish(name: &str, command: &mut Command) -> anyhow::Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let status = status.with_context(|| format!("{name} cannot be started"))?;
    ensure!(status.code().is_some_and(|code| code < 2), "{name} ended with {status}");
    Ok(())
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

/// A scheduled function of about twenty lines.
fn function(n: usize) -> String {
    let minute = n % 60;
    format!(
        "import {{ createHash }} from \"node:crypto\";\n\nconst NAME = \"job-{n}\";\n\n\
         function digest(text) {{\n  return createHash(\"sha256\").update(text).digest(\"hex\");\n}}\n\n\
         export default async (request) => {{\n  const body = await request.json().catch(() => ({{}}));\n  \
         const lines = Object.entries(body).map(([key, value]) => `${{key}}=${{value}}`);\n  \
         return new Response(digest([NAME, ...lines].join(\"\\n\")));\n}};\n\n\
         export const config = {{ schedule: \"{minute} 4 * * *\" }};\n"
    )
}

/// A package with ten scripts.
fn package(n: usize) -> String {
    let scripts: Vec<String> =
        (0..10).map(|s| format!("    \"task-{s}\": \"node scripts/task-{s}.js --package {n}\"")).collect();
    format!(
        "{{\n  \"name\": \"p{n}\",\n  \"version\": \"1.0.0\",\n  \"scripts\": {{\n{}\n  }}\n}}\n",
        scripts.join(",\n")
    )
}
