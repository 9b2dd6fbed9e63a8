//! `standin drill`: a failover on purpose. The backup runs, its primary is left alone, and what came of it is recorded.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;
use standin_config::covering::is_run_of;
use standin_config::mesh::Remedy;
use standin_config::{Entry, SideEffects};
use standin_core::beat::Signal;
use standin_core::drill::{Backup, Drill, Outcome, Wanted, latest};
use standin_core::ident::{AutomationId, Kind};
use standin_core::run::RunEnd;
use standin_engine::render::{Cell, Doc, Part, Tone};
use standin_run::process::Ended;
use standin_run::work::{Ends, ShellWork, Work, is_kept_running};
use standin_run::{Flag, Ready, Trial, prepare};

pub(crate) mod mesh;

use crate::cli::DrillArgs;
use crate::commands::run::{
    carry_aside, duration, failure, job, means, say_differences, seconds, tell, words,
};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Project;
use mesh::{Elsewhere, Through};

/// How long something that keeps its own schedule is watched: it is well when it still runs then.
const SETTLE: Duration = Duration::from_secs(10);
/// How long the check after a drill may take.
const CHECK: Duration = Duration::from_secs(300);
/// Longest reason that is recorded.
const MAX_WHY: usize = 300;

/// Longest piece of its own output that says why a backup failed.
const MAX_WORDS: usize = 160;

/// What is printed.
#[derive(Debug, Serialize)]
struct DrillsV1 {
    version: u32,
    drills: Vec<DrillV1>,
    /// What was not drilled, and why not.
    left_out: Vec<LeftOut>,
}

#[derive(Debug, Serialize)]
struct DrillV1 {
    id: String,
    backup: String,
    at: Timestamp,
    took_ms: u128,
    passed: bool,
    dry: bool,
    why: String,
}

#[derive(Debug, Serialize)]
struct LeftOut {
    id: String,
    why: String,
}

/// Drills one after the other; ends with 1 when one failed.
pub(crate) async fn drill(repository: Option<&Path>, args: DrillArgs) -> Result<Exit, Failure> {
    let project = Project::load(repository)?;
    let every = args.every.as_deref().map(|text| duration("--every", text)).transpose()?;
    let ids = chosen(&project, &args)?;
    // A wrong file is the caller's mistake, and no backup's.
    if let Some(path) = &args.means.secrets {
        standin_run::secrets::read(path).map_err(|error| Failure::Usage(error.to_string()))?;
    }
    let state = &project.root.state;
    let elsewhere = Elsewhere::reach(&project, args.through).await?;
    let mut done = standin_stores::drills(&state.database())?;
    if every.is_some() {
        done.extend(elsewhere.noted().await);
    }
    let done = latest(&done);
    state.create().map_err(Failure::io(format!("{} cannot be used", state.root().display())))?;
    let mut page = DrillsV1 { version: 1, drills: Vec::new(), left_out: Vec::new() };
    for id in ids {
        let plan = Plan::of(&project, &id);
        let last = done.get(&id).copied().unwrap_or_default();
        if every.is_some_and(|every| !last.is_due(plan.wanted, every, Timestamp::now())) {
            let why = "its last drill passed, and another is not due yet".to_owned();
            page.left_out.push(LeftOut { id: id.to_string(), why });
            continue;
        }
        match by_ladder(&project, &elsewhere, &plan, &args).await {
            Ok(drill) => {
                standin_stores::record_drill(&state.database(), &drill)?;
                elsewhere.note(&drill).await;
                let said = format!("a drill of its backup {}", outcome(&drill));
                tell(&project.root, &id, Signal::Log, "", None, &said).await;
                page.drills.push(DrillV1::from(&drill));
            }
            // Of many some cannot be run, or not now; the one that was asked for is an error.
            Err(Failure::Usage(why) | Failure::Platform(why)) if args.all => {
                page.left_out.push(LeftOut { id: id.to_string(), why })
            }
            Err(failure) => return Err(failure),
        }
    }
    output::print(&page, doc, args.format)?;
    Ok(if page.drills.iter().all(|drill| drill.passed) { Exit::Fine } else { Exit::Found })
}

/// Those that were named, or all that run by a clock elsewhere, or that the settings want drilled.
fn chosen(project: &Project, args: &DrillArgs) -> Result<BTreeSet<AutomationId>, Failure> {
    if !args.all {
        return args.ids.iter().map(|id| id.parse().map_err(Failure::from)).collect();
    }
    let said = |id: &AutomationId| {
        let entry = entry(project, id);
        entry.is_some_and(|e| {
            e.drill_check.is_some() || e.side_effects == SideEffects::External || named(e).next().is_some()
        })
    };
    let clocked = |kind| matches!(kind, Kind::Workflow | Kind::Netlify);
    let list = project.resolved.inventory.automations.iter();
    let wanted = list.filter(|automation| {
        let elsewhere = clocked(automation.id.kind()) && !automation.schedules.is_empty();
        let watches = project.settings.mesh.peers.iter().any(|peer| peer.runs_in(&automation.id));
        automation.backup_of.is_none() && !watches && (elsewhere || said(&automation.id))
    });
    Ok(wanted.map(|automation| automation.id.clone()).collect())
}

fn entry<'a>(project: &'a Project, id: &AutomationId) -> Option<&'a Entry> {
    project.settings.automations.iter().find(|entry| &entry.id == id)
}

/// The automations that an entry names as backups.
fn named(entry: &Entry) -> impl Iterator<Item = &AutomationId> {
    let remedies = entry.backup.iter().flatten();
    remedies.filter_map(|remedy| match remedy {
        Remedy::Other(id) => Some(id),
        Remedy::Again | Remedy::Restore | Remedy::Redeploy | Remedy::RollBack | Remedy::Ssh => None,
    })
}

/// What a drill is to do.
struct Plan {
    id: AutomationId,
    /// What is run.
    runs: AutomationId,
    backup: Backup,
    wanted: Wanted,
    check: Option<String>,
}

impl Plan {
    /// The first backup that this host itself starts; without one, the automation is run here.
    fn of(project: &Project, id: &AutomationId) -> Self {
        let own = entry(project, id);
        let here = |other: &&AutomationId| is_started_here(project, other);
        let is_run =
            |other: &AutomationId| is_run_of(&project.settings, &project.resolved.inventory, other, id);
        let named = own.and_then(|own| named(own).find(here)).filter(|other| !is_run(other));
        let external = |id| entry(project, id).is_some_and(|e| e.side_effects == SideEffects::External);
        let wanted = if external(id) || named.is_some_and(external) { Wanted::Dry } else { Wanted::Real };
        Self {
            id: id.clone(),
            runs: named.unwrap_or(id).clone(),
            backup: named.map_or(Backup::Here, |other| Backup::Automation(other.clone())),
            wanted,
            check: own.and_then(|own| own.drill_check.clone()),
        }
    }
}

/// Whether this host starts it as a backup: a command, a script, or an app of PM2's that ends by itself.
fn is_started_here(project: &Project, id: &AutomationId) -> bool {
    match id.kind() {
        Kind::Command | Kind::Npm => true,
        Kind::Pm2 => project.resolved.inventory.get(id).is_some_and(|app| !is_kept_running(app)),
        Kind::Workflow
        | Kind::Netlify
        | Kind::Aws
        | Kind::Crontab
        | Kind::Systemd
        | Kind::Kubernetes
        | Kind::Script
        | Kind::Heartbeat => false,
    }
}

/// Where its backup stands, if that is elsewhere and in reach; else here.
async fn by_ladder(
    project: &Project,
    elsewhere: &Elsewhere,
    plan: &Plan,
    args: &DrillArgs,
) -> Result<Drill, Failure> {
    // What this host itself starts is a backup of its own: it is what the settings name first.
    if plan.backup == Backup::Here || args.through.is_some() {
        match Box::pin(elsewhere.drill(project, plan, args)).await? {
            Through::Done(drill) => return Ok(drill),
            Through::Here => {}
        }
    }
    one(project, plan, args).await
}

/// One drill. What keeps the backup from running is a failed drill; what makes no sense to drill is an error.
async fn one(project: &Project, plan: &Plan, args: &DrillArgs) -> Result<Drill, Failure> {
    let (at, began) = (Timestamp::now(), Instant::now());
    let job = job(project, &plan.runs, &args.means, at)?;
    let trial = match plan.wanted {
        Wanted::Real => Trial::Real,
        Wanted::Dry => Trial::Dry,
    };
    let means = means(&project.root, &args.means, Flag::Drill, trial)?;
    match &plan.backup {
        Backup::Here => eprintln!("drilling {} here", plan.id),
        Backup::Automation(backup) => eprintln!("drilling {} by {backup}, here", plan.id),
    }
    // What keeps its own schedule is only watched for a while; checked dry it ends like everything else.
    let ends = match (&job.work, trial) {
        (Work::Program { ends, .. }, Trial::Real) => *ends,
        (_, _) => Ends::Itself,
    };
    let limit = if ends == Ends::Never { SETTLE } else { job.limit };
    let result = match prepare(&job.work, &means).map_err(failure) {
        Err(failure) => Err(failure.to_string()),
        Ok(ready) => match stopped_by(&ready).filter(|_| !args.means.anyway) {
            Some(why) => Err(why),
            None => {
                say_differences(&ready);
                judged(&carry_aside(ready, limit).await?, ends)
            }
        },
    };
    let result = match (result, &plan.check) {
        (Ok(()), Some(check)) if trial == Trial::Real => checked(project, args, check).await?,
        (result, _) => result,
    };
    let outcome = match result {
        Ok(()) => Outcome::Passed,
        Err(why) => Outcome::Failed { why: one_line(&why) },
    };
    let dry = trial == Trial::Dry;
    Ok(Drill { id: plan.id.clone(), backup: plan.backup.clone(), at, took: began.elapsed(), outcome, dry })
}

/// What makes the run meaningless.
fn stopped_by(ready: &Ready) -> Option<String> {
    ready.is_stopped().then(|| ready.differences.first().map(ToString::to_string)).flatten()
}

fn judged(ended: &Ended, ends: Ends) -> Result<(), String> {
    match (&ended.end, ends) {
        (RunEnd::Exited { code: 0 }, Ends::Itself) | (RunEnd::TimedOut, Ends::Never) => Ok(()),
        (RunEnd::Exited { code: 0 }, Ends::Never) => {
            Err("the backup ended, and so keeps no schedule".to_owned())
        }
        (end, _) => Err(format!("the backup {}{}", words(end), last_words(&ended.tail))),
    }
}

/// The line of its output that says why.
fn last_words(tail: &str) -> String {
    let said = standin_run::process::reason(tail);
    said.map_or_else(String::new, |line| format!(": {}", line.chars().take(MAX_WORDS).collect::<String>()))
}

/// The criterion of the settings.
async fn checked(project: &Project, args: &DrillArgs, check: &str) -> Result<Result<(), String>, Failure> {
    let dir = project.root.path.to_string_lossy().into_owned();
    let work = ShellWork { command: check.to_owned(), dir, env: Default::default(), env_from: Vec::new() };
    let means = means(&project.root, &args.means, Flag::Drill, Trial::Real)?;
    let ready = prepare(&Work::Shell(work), &means).map_err(failure)?;
    let end = carry_aside(ready, CHECK).await?.end;
    Ok(if end.is_success() { Ok(()) } else { Err(format!("the `drill_check` {}", words(&end))) })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_WHY).collect()
}

/// How it ended, for people.
fn outcome(drill: &Drill) -> String {
    let dry = if drill.dry { " (dry: nothing was run)" } else { "" };
    match &drill.outcome {
        Outcome::Passed => format!("passed in {}{dry}", seconds(drill.took)),
        Outcome::Failed { why } => format!("failed: {why}{dry}"),
    }
}

impl From<&Drill> for DrillV1 {
    fn from(drill: &Drill) -> Self {
        let why = match &drill.outcome {
            Outcome::Passed => String::new(),
            Outcome::Failed { why } => why.clone(),
        };
        Self {
            id: drill.id.to_string(),
            backup: drill.backup.to_string(),
            at: drill.at,
            took_ms: drill.took.as_millis(),
            passed: drill.outcome.is_passed(),
            dry: drill.dry,
            why,
        }
    }
}

fn doc(page: &DrillsV1) -> Doc {
    let mut parts = Vec::new();
    if !page.drills.is_empty() {
        let head = vec!["automation", "backup", "result", "time to recover", "reason"];
        let rows = page.drills.iter().map(|drill| {
            let (word, tone) = match (drill.passed, drill.dry) {
                (true, false) => ("passed", Tone::Good),
                (true, true) => ("passed, dry", Tone::Warn),
                (false, _) => ("failed", Tone::Bad),
            };
            vec![
                Cell::plain(&drill.id),
                Cell::plain(&drill.backup),
                Cell::toned(word, tone),
                Cell::plain(format!("{} ms", drill.took_ms)),
                Cell::plain(&drill.why),
            ]
        });
        parts.push(Part::Table { head, rows: rows.collect() });
    }
    if page.drills.is_empty() && page.left_out.is_empty() {
        parts.push(Part::Line(
            "There is nothing to drill here: `standin coverage` says what would be.".into(),
        ));
    }
    parts.extend(page.left_out.iter().map(|left| Part::Line(format!("{}: {}", left.id, left.why))));
    Doc { title: "Drills".to_owned(), parts }
}
