//! `standin doctor`: what is missing, and how to mend it.

use std::path::Path;

use serde::Serialize;
use standin_agent::state_dir::StateDir;
use standin_config::mesh::{PeerKind, PeerSettings};
use standin_core::automation::{Severity, Standing};
use standin_core::ident::Kind;
use standin_core::mesh::arbiter::StoreKind;
use standin_core::observation::Daemon;
use standin_engine::json_v1::{AgentState, VERSION};
use standin_engine::ports::Processes;
use standin_engine::render::{Cell, Doc, Part, Tone};
use standin_stores::shared::github_refs::{Remembers, WORKFLOW_TOKEN_HOURLY, budget};

use crate::cli::DoctorArgs;
use crate::commands::part::Database;
use crate::commands::{look, part, parts, stores};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::{Project, Root};

/// How one check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Mark {
    Ok,
    Note,
    Broken,
}

#[derive(Debug, Clone, Serialize)]
struct Check {
    check: &'static str,
    mark: Mark,
    found: String,
    fix: String,
}

#[derive(Debug, Clone, Serialize)]
struct DoctorV1 {
    version: u32,
    checks: Vec<Check>,
}

/// Checks everything that the agent needs; ends with 1 when something is broken.
pub(crate) async fn doctor(path: Option<&Path>, args: &DoctorArgs) -> Result<Exit, Failure> {
    let format = args.look.format;
    if args.stores {
        return stores::stores(path, format).await;
    }
    let root = Root::find(path)?;
    let mut checks = vec![state(&root.state), zone()];
    match Project::load(Some(&root.path)) {
        Ok(project) => {
            checks.push(good("configuration", "standin.toml and the scan fit together"));
            checks.push(scan(&project));
            checks.extend(pm2(&project).await);
            checks.extend(mesh(&project).await);
        }
        Err(failure) => checks.push(broken(
            "configuration",
            failure.to_string(),
            "mend it; `standin schema` shows the shape",
        )),
    }
    checks.push(agent(&root.state).await);
    let exit = if checks.iter().any(|c| c.mark == Mark::Broken) { Exit::Found } else { Exit::Fine };
    output::print(&DoctorV1 { version: VERSION, checks }, page, format)?;
    Ok(exit)
}

fn state(state: &StateDir) -> Check {
    match state.create() {
        Ok(()) => good("state folder", state.root().display().to_string()),
        Err(error) => broken("state folder", error.to_string(), "give this user the right to write there"),
    }
}

fn zone() -> Check {
    match jiff::tz::TimeZone::system().iana_name() {
        Some(name) => good("time zone", name),
        None => {
            note("time zone", "not known: `local` means UTC", "set TZ to an IANA name, such as Europe/Berlin")
        }
    }
}

fn scan(project: &Project) -> Check {
    let inventory = &project.resolved.inventory;
    let errors = inventory.findings.iter().filter(|f| f.severity == Severity::Error).count();
    let effective = inventory.automations.iter().filter(|a| a.state == Standing::Effective).count();
    let found =
        format!("{} automations, {effective} effective, {errors} errors", inventory.automations.len());
    if errors == 0 {
        good("scan", found)
    } else {
        note("scan", found, "`standin scan` says where and how to mend them")
    }
}

async fn pm2(project: &Project) -> Vec<Check> {
    if !project.resolved.inventory.automations.iter().any(|a| a.id.kind() == Kind::Pm2) {
        return vec![good("PM2", "not needed: no app is declared here")];
    }
    let pm2 = parts::pm2_of(&project.root, &project.settings, String::new(), None);
    let command = match parts::pm2_binary(&project.root, &project.settings).find() {
        Some(path) => good("pm2 command", path.display().to_string()),
        None => {
            broken("pm2 command", "not found", "npm install pm2, or set `binary` under [pm2] in standin.toml")
        }
    };
    let home = parts::pm2_home(&project.root, &project.settings);
    let daemon = match pm2.look(&project.apps()).await.daemon {
        Daemon::Up { pid, .. } => good("PM2 daemon", format!("process {pid}, home {}", home.display())),
        Daemon::Gone { .. } => note(
            "PM2 daemon",
            format!("does not run, home {}", home.display()),
            "`standin up --start` starts it with the apps",
        ),
        Daemon::Unknown { why } => {
            note("PM2 daemon", why, "check `home` under [pm2] in standin.toml, or PM2_HOME")
        }
    };
    vec![command, daemon]
}

/// Who this agent is among the watchers, and what it does not reach from here.
async fn mesh(project: &Project) -> Vec<Check> {
    let found = match part::mesh_of(project) {
        Ok(mesh) if mesh.peers.is_empty() => return Vec::new(),
        Ok(mesh) => part::peer_of(project, &mesh, None).map(|peer| (mesh, peer)),
        Err(failure) => Err(failure),
    };
    let taken = match found {
        Ok((mesh, peer)) => Box::pin(part::take(project, mesh, peer, Database::Leave)).await,
        Err(failure) => Err(failure),
    };
    let taken = match taken {
        Ok(taken) => taken,
        Err(failure) => return vec![broken("mesh", failure.to_string(), "mend standin.toml")],
    };
    let (targets, others) = (taken.mesh.targets.len(), taken.mesh.peers.len().saturating_sub(1));
    let mut checks = vec![good("mesh", format!("watches {targets} automations as `{}`", taken.peer.name))];
    let fix = "set the variable where the agent runs; `standin up --pm2` keeps it in no list";
    checks.extend(taken.reached.missing.iter().map(|missing| note("mesh reach", missing.clone(), fix)));
    if taken.mesh.stores.iter().any(|store| store.kind == StoreKind::GithubRefs) {
        checks.push(requests(targets, others, &taken.peer));
    }
    checks
}

/// What the refs on GitHub cost.
fn requests(targets: usize, others: usize, peer: &PeerSettings) -> Check {
    let count = |many: usize| u32::try_from(many).unwrap_or(u32::MAX);
    let remembers = match peer.kind {
        PeerKind::Agent { .. } => Remembers::Always,
        PeerKind::Action { .. } | PeerKind::Netlify { .. } | PeerKind::Lambda { .. } => Remembers::Nothing,
    };
    let budget = budget(count(targets), count(others), remembers);
    let hourly = 3_600 / peer.every.as_secs().max(1);
    let found = format!(
        "{} requests a quiet cycle, {} more for each recovery; {hourly} cycles an hour, and there is room for {} of them \
         within the {WORKFLOW_TOKEN_HOURLY} requests of a workflow's token",
        budget.quiet, budget.recovery, budget.hourly
    );
    if hourly <= u64::from(budget.hourly) {
        good("GitHub requests", found)
    } else {
        note("GitHub requests", found, "look less often (`every`), or use a person's or an app's token")
    }
}

async fn agent(state: &StateDir) -> Check {
    match look::status_of(state).await {
        Ok(status) if status.agent.state == AgentState::Running => {
            good("agent", format!("process {}, listening on {}", status.agent.pid, status.agent.listen))
        }
        Ok(_) => note("agent", "none runs", "`standin up` starts one"),
        Err(failure) => broken("agent", failure.to_string(), "`standin down --force`, then `standin up`"),
    }
}

fn good(check: &'static str, found: impl Into<String>) -> Check {
    Check { check, mark: Mark::Ok, found: found.into(), fix: String::new() }
}

fn note(check: &'static str, found: impl Into<String>, fix: &str) -> Check {
    Check { check, mark: Mark::Note, found: found.into(), fix: fix.to_owned() }
}

fn broken(check: &'static str, found: impl Into<String>, fix: &str) -> Check {
    Check { check, mark: Mark::Broken, found: found.into(), fix: fix.to_owned() }
}

fn page(doctor: &DoctorV1) -> Doc {
    let rows = doctor.checks.iter().map(|c| {
        let (word, tone) = match c.mark {
            Mark::Ok => ("ok", Tone::Good),
            Mark::Note => ("note", Tone::Warn),
            Mark::Broken => ("broken", Tone::Bad),
        };
        vec![Cell::plain(c.check), Cell::toned(word, tone), Cell::plain(&c.found), Cell::plain(&c.fix)]
    });
    let table = Part::Table { head: vec!["check", "is", "found", "fix"], rows: rows.collect() };
    Doc { title: "Doctor".to_owned(), parts: vec![table] }
}
