//! Repositories with thousands of files: `standin scan` beside `actionlint` and `zizmor` on the same workflows.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use standin_engine::json_v1::ScanV1;

use super::Options;
use super::report::{Goal, Part, Quantity, Row, Unit, times};
use super::status::timed;
use super::world::World;

mod workflows;

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
/// Where workflows are.
const FOLDER: &str = ".github/workflows";
/// Where the command keeps what it knows of files that have not changed.
const CACHE: &str = ".standin/scan.cache";

pub(super) fn measure(options: &Options) -> anyhow::Result<Part> {
    let world = World::new(options, "")?;
    write_workflows(&world)?;
    let mut part = compared(options, &world, &format!("scan of {WORKFLOWS} workflows"))?;
    part.rows.extend(real(options)?.rows);
    part.rows.extend(everything(options)?.rows);
    Ok(part)
}

/// Workflows that people have written, each so often that there are about as many as of the others.
fn real(options: &Options) -> anyhow::Result<Part> {
    let Some(folder) = options.workflows.as_ref().filter(|folder| folder.is_dir()) else {
        eprintln!("scan: no folder of real workflows is named by --workflows: they are left out");
        return Ok(Part::default());
    };
    let mut texts: Vec<(PathBuf, String)> = Vec::new();
    for child in std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = child?.path();
        let is_workflow = path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml");
        // What is no text is nobody's workflow.
        if is_workflow && let Ok(text) = std::fs::read_to_string(&path) {
            texts.push((path, text));
        }
    }
    ensure!(!texts.is_empty(), "{} holds no workflow", folder.display());
    texts.sort();
    let world = World::new(options, "")?;
    world.write(".standin/.gitignore", "*\n")?;
    let copies = WORKFLOWS.div_ceil(texts.len());
    for (at, (_, text)) in texts.iter().enumerate() {
        (0..copies).try_for_each(|copy| world.write(&format!("{FOLDER}/real-{at:04}-{copy}.yml"), text))?;
    }
    let what = format!("scan of {} real workflows, {copies} of each", texts.len() * copies);
    compared(options, &world, &what)
}

/// The same workflows for all three.
fn compared(options: &Options, world: &World, what: &str) -> anyhow::Result<Part> {
    let names = names(world)?;
    expect(world, names.len())?;
    let ours = timed(TURNS, || scan_cold(world))?;
    let row = |name: &'static str, peer: Option<Quantity>, goal: f64| Row {
        what: format!("{what}, cold (p50)"),
        standin: times(ours.clone(), 50),
        peer_name: name,
        peer,
        goal: Goal::AtMostOneIn(goal),
    };
    let there = |path: &Option<PathBuf>| path.clone().filter(|path| path.is_file());
    let actionlint = there(&options.actionlint).map(|path| actionlint(world, &names, &path)).transpose()?;
    let zizmor = there(&options.zizmor).map(|path| zizmor(world, &path)).transpose()?;
    let rows = vec![row("actionlint", actionlint, GOAL_ACTIONLINT), row("zizmor", zizmor, GOAL_ZIZMOR)];
    Ok(Part { rows, ..Part::default() })
}

/// The workflows of a repository, relative to it.
fn names(world: &World) -> anyhow::Result<Vec<String>> {
    let children = std::fs::read_dir(world.repo().join(FOLDER))?;
    let names = children.map(|child| Ok(format!("{FOLDER}/{}", child?.file_name().to_string_lossy())));
    let mut names: Vec<String> = names.collect::<anyhow::Result<_>>()?;
    names.sort();
    Ok(names)
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
    let page = timed(TURNS * 4, || world.standin(&["scan"]).map(drop))?;
    let own =
        |what: String, standin: Quantity, goal: Goal| Row { what, standin, peer_name: "", peer: None, goal };
    #[allow(clippy::cast_precision_loss, reason = "far below what a double holds exactly")]
    let mebibytes = Quantity::new(peak as f64 / f64::from(1 << 20), Unit::Mebibytes);
    Ok(Part {
        rows: vec![
            own(format!("scan of {what}, cold (p50)"), times(cold, 50), Goal::None),
            own("the same, nothing changed (p50)".to_owned(), times(page, 50), Goal::AtMost(GOAL_WARM_MS)),
            own(
                "the same, nothing changed, as JSON (p50)".to_owned(),
                times(warm, 50),
                Goal::AtMost(GOAL_WARM_MS),
            ),
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
    (0..WORKFLOWS)
        .try_for_each(|n| world.write(&format!("{FOLDER}/flow-{n:04}.yml"), &workflows::workflow(n)))
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
fn actionlint(world: &World, names: &[String], path: &Path) -> anyhow::Result<Quantity> {
    let times_taken = timed(TURNS, || {
        let mut command = Command::new(path);
        command.args(["-shellcheck=", "-pyflakes=", "-no-color"]).current_dir(world.repo());
        command.args(names);
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
