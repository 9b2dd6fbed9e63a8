//! Brings back what PM2 has lost: apps of its saved list, apps it was never asked to run, and the daemon itself.
//!
//! A daemon that was killed leaves its processes alive, and a plain `pm2 resurrect` starts second copies beside them.
//! So before anything of the inventory is started, what survives of it is ended; strangers are left alone.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use standin_core::effect::Outcome;
use standin_core::observation::OwnedApp;

use super::act::{ACTION_LIMIT, not_needed, outcome, refused};
use super::cli::CliError;
use super::look::List;
use super::owner::owns;
use super::proc::{self, Orphan};
use super::rpc::RpcError;
use super::{Pm2, Shared, dump};

/// What PM2 knows a configuration by: any other file it runs as a script.
const CONFIGURATIONS: [&str; 6] = [".config.js", ".config.cjs", ".config.mjs", ".json", ".yml", ".yaml"];
/// How long `pm2 start` may take: it starts a Node, and the app may ask PM2 to wait until it is ready.
const START_LIMIT: Duration = Duration::from_secs(40);
/// How long a new daemon may take until it listens.
const DAEMON_LIMIT: Duration = Duration::from_secs(20);
/// The first wait between two attempts to connect to a new daemon; doubles up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LAST_WAIT: Duration = Duration::from_millis(200);

impl Pm2 {
    /// Asks PM2 to start the agent's own app from its saved list, for an agent that its daemon's death has orphaned.
    ///
    /// To be called right before the agent exits: PM2's copy takes its place. Not needed when PM2 already lists the
    /// agent as running; refused when the saved list does not name it or no app name was given.
    pub async fn rehost_agent(&self) -> Outcome {
        let shared = &self.shared;
        let Some(name) = &shared.agent_app else { return refused("PM2 does not host this agent") };
        let list = match shared.list().await {
            Ok(list) => list,
            Err(why) => return refused(&why),
        };
        if list.processes.iter().any(|p| &p.name == name) {
            return not_needed("PM2 lists the agent already");
        }
        let entries = dump::entries(&shared.home, |saved| &saved.name == name);
        if entries.is_empty() {
            return refused(&format!("PM2's saved list does not name {name}"));
        }
        prepare_all(shared, entries).await
    }
}

/// Brings back one app that PM2 does not list.
pub(super) async fn start_saved(shared: &Shared, app: &OwnedApp) -> Outcome {
    match shared.list().await {
        Ok(list) => revive(shared, app, &list).await,
        Err(why) => refused(&format!("the probe before it failed: {why}")),
    }
}

/// Starts one app of an ecosystem file.
pub(super) async fn start_declared(shared: &Shared, app: &OwnedApp) -> Outcome {
    let list = match shared.list().await {
        Ok(list) => list,
        // The command starts the daemon where there is none, if that is certain.
        Err(RpcError::NobodyThere) if !daemon_lives(shared) => List { processes: Vec::new(), pid: None },
        Err(why) => return refused(&format!("the probe before it failed: {why}")),
    };
    if let Some(outcome) = in_the_way(app, &list).or_else(|| not_declarable(app)) {
        return outcome;
    }
    if let Err(why) = end_survivors(shared, &[app], list.pid).await {
        return refused(&why);
    }
    declare(shared, app).await
}

/// Why PM2 cannot be asked to start this one app of its ecosystem file, and nothing else.
fn not_declarable(app: &OwnedApp) -> Option<Outcome> {
    let file = Path::new(&app.file).file_name().unwrap_or_default().to_string_lossy();
    if !CONFIGURATIONS.iter().any(|part| file.contains(part)) {
        return Some(refused(&format!(
            "PM2 would run {} as a script: it does not know it by its name",
            app.file
        )));
    }
    // PM2 takes the name apart there, and would start the apps that have the parts for names.
    if app.name.contains(|c: char| c == ',' || c.is_whitespace()) {
        return Some(refused(&format!(
            "PM2 cannot start `{}` alone for its name: write the name without blanks and commas in {}, or start it \
             once by hand and save that",
            app.name, app.file
        )));
    }
    None
}

/// Asks PM2 to start this one app; the caller has made sure that it can.
async fn declare(shared: &Shared, app: &OwnedApp) -> Outcome {
    let folder = Path::new(&app.file).parent().unwrap_or(Path::new("/"));
    match shared.cli.run_in(folder, &["start", &app.file, "--only", &app.name], START_LIMIT).await {
        Ok(_) => Outcome::Done,
        Err(why @ (CliError::NotFound | CliError::NotStarted(_))) => refused(&why),
        Err(why @ (CliError::Failed(_) | CliError::TimedOut(_))) => Outcome::Unknown { why: why.to_string() },
    }
}

/// Why there is nothing to start: the app is listed, or a stranger has its name.
fn in_the_way(app: &OwnedApp, list: &List) -> Option<Outcome> {
    let mut same_name = list.processes.iter().filter(|p| p.name == app.name).peekable();
    let first = same_name.peek().map(|p| p.exec_path.clone())?;
    if same_name.any(|p| owns(app, &p.name, &p.exec_path, &p.cwd)) {
        return Some(not_needed("PM2 lists it again"));
    }
    Some(refused(&format!("PM2 runs another program by this name: {first}")))
}

async fn revive(shared: &Shared, app: &OwnedApp, list: &List) -> Outcome {
    if let Some(outcome) = in_the_way(app, list) {
        return outcome;
    }
    let entries = dump::entries(&shared.home, |s| owns(app, &s.name, &s.exec_path, &s.cwd));
    let was_running = shared.state().tracker.was_running(&app.name);
    if entries.is_empty() && !was_running {
        return refused(&format!("PM2's saved list does not name {}", app.name));
    }
    if let Some(outcome) = not_declarable(app).filter(|_| entries.is_empty()) {
        return outcome;
    }
    if let Err(why) = end_survivors(shared, &[app], list.pid).await {
        return refused(&why);
    }
    if entries.is_empty() {
        // Nobody had saved the list, but it ran under the daemon before: its ecosystem file says how.
        return declare(shared, app).await;
    }
    prepare_all(shared, entries).await
}

/// Hands saved entries to the daemon, as a resurrection does: one for each process.
async fn prepare_all(shared: &Shared, entries: Vec<Value>) -> Outcome {
    let all = entries.len();
    for (done, entry) in entries.into_iter().enumerate() {
        let sent = outcome(shared.rpc.tell("prepare", &entry, ACTION_LIMIT).await);
        match sent {
            Outcome::Done => {}
            Outcome::Refused { why } if done > 0 => {
                return Outcome::Unknown {
                    why: format!("{done} of {all} processes were started, then: {why}"),
                };
            }
            Outcome::Refused { .. } | Outcome::NotNeeded { .. } | Outcome::Unknown { .. } => return sent,
        }
    }
    Outcome::Done
}

/// Ends what a dead daemon left of these apps. The agent itself is never among them.
async fn end_survivors(shared: &Shared, apps: &[&OwnedApp], daemon: Option<u32>) -> Result<(), String> {
    let survivors: Vec<Orphan> = proc::orphans(&shared.home, daemon)
        .into_iter()
        .filter(|orphan| orphan.pid != std::process::id())
        .filter(|orphan| shared.agent_app.as_ref() != Some(&orphan.name))
        .filter(|orphan| apps.iter().any(|app| owns(app, &orphan.name, &orphan.exec_path, &orphan.cwd)))
        .collect();
    for orphan in &survivors {
        tracing::info!(app = %orphan.name, pid = orphan.pid, "ending a process that PM2's death has left behind");
    }
    proc::end(&survivors).await
}

fn daemon_lives(shared: &Shared) -> bool {
    proc::pid_in(&shared.home.join("pm2.pid")).is_some_and(proc::is_daemon)
}

/// Starts the daemon if it is gone, and then the members that it does not list.
pub(super) async fn resurrect(shared: &Arc<Shared>, members: &[&OwnedApp]) -> Outcome {
    match shared.list().await {
        Ok(_) => {}
        Err(RpcError::NobodyThere) if daemon_lives(shared) => {
            return refused("PM2's daemon lives and does not listen");
        }
        Err(RpcError::NobodyThere) => {
            if let Err(why) = end_survivors(shared, members, None).await {
                return refused(&why);
            }
            if let Err(outcome) = start_daemon(shared).await {
                return outcome;
            }
        }
        Err(why) => return refused(&format!("the probe before it failed: {why}")),
    }
    let mut failed = Vec::new();
    let mut started = 0_usize;
    for app in members {
        // Each with a probe of its own: a service manager may be resurrecting the same apps right now.
        match start_saved(shared, app).await {
            Outcome::Done => started += 1,
            Outcome::NotNeeded { .. } => {}
            Outcome::Refused { why } | Outcome::Unknown { why } => {
                failed.push(format!("{}: {why}", app.name))
            }
        }
    }
    tracing::info!(started, failed = failed.len(), "PM2 runs again");
    if failed.is_empty() {
        return Outcome::Done;
    }
    Outcome::Unknown { why: format!("PM2 runs again, but not all of its apps: {}", failed.join("; ")) }
}

async fn start_daemon(shared: &Shared) -> Result<(), Outcome> {
    shared.cli.start_daemon().await.map_err(|why| refused(&why))?;
    let answer = async {
        let mut wait = FIRST_WAIT;
        while shared.rpc.connect().await.is_err() {
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LAST_WAIT);
        }
    };
    tokio::time::timeout(DAEMON_LIMIT, answer).await.map_err(|_| Outcome::Unknown {
        why: format!("PM2 was asked to start and did not listen within {} s", DAEMON_LIMIT.as_secs()),
    })
}
