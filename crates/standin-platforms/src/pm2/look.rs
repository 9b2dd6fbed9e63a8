//! One look at the daemon and at the apps of the inventory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use standin_core::ident::AutomationId;
use standin_core::observation::{Daemon, Expected, OwnedApp, Pm2App, Pm2View};

use super::list::{self, Listed, RawProcess};
use super::owner::owns;
use super::proc::{self, DaemonId};
use super::rpc::{READ_LIMIT, RpcError};
use super::tracker::{SavedApps, SavedFact, Tidied};
use super::{Shared, State, log_tail};

/// How long `pm2 jlist` may take: it starts a Node.
const JLIST_LIMIT: Duration = Duration::from_secs(15);

/// The list, and the daemon that gave it.
pub(super) struct List {
    pub(super) processes: Vec<Listed>,
    pub(super) pid: Option<u32>,
}

impl Shared {
    /// Reads the list: over the socket, or by the command when the socket's protocol is not understood.
    pub(super) async fn list(&self) -> Result<List, RpcError> {
        let nothing = serde_json::json!({});
        let strange = match self.rpc.call::<Vec<RawProcess>>("getMonitorData", &nothing, READ_LIMIT).await {
            Ok(answer) => {
                let processes = answer.result.iter().filter_map(Listed::read).collect();
                return Ok(List { processes, pid: answer.pid });
            }
            // A daemon that refuses to give its list is of a version that calls it by another name.
            Err(RpcError::Strange(why) | RpcError::Refused(why)) => why,
            Err(why @ (RpcError::NobodyThere | RpcError::Unusable(_) | RpcError::Lost(_))) => {
                return Err(why);
            }
        };
        self.warn_once(&format!("PM2's socket answers in an unknown way ({strange}); `pm2 jlist` is used"));
        let output = self.cli.run(&["jlist"], JLIST_LIMIT).await;
        let output = output.map_err(|why| RpcError::Strange(format!("{strange}; then {why}")))?;
        let processes = list::from_jlist(&output)
            .ok_or_else(|| RpcError::Strange(format!("{strange}; then no list from pm2 jlist")))?;
        Ok(List { processes, pid: proc::pid_in(&self.home.join("pm2.pid")) })
    }
}

/// See [`standin_engine::ports::Processes::look`].
pub(super) async fn look(shared: &Arc<Shared>, apps: &[OwnedApp]) -> Pm2View {
    shared.state().owned = Some(apps.iter().map(|app| app.name.clone()).collect());
    let listed = shared.list().await;
    let at = Timestamp::now();
    let (view, recheck) = {
        let mut state = shared.state();
        let view = match listed {
            Ok(list) => up(&mut state, &shared.home, apps, &list, at),
            Err(RpcError::NobodyThere) => nobody(&mut state, &shared.home, apps, at),
            Err(why) => {
                // A daemon that dies while it is asked breaks off, and then there is no event that would tell.
                state.tracker.unclear(at);
                Pm2View::unknown(at, why.to_string())
            }
        };
        (view, state.tracker.take_recheck())
    };
    if let Some(until) = recheck {
        wake_at(shared, until, at);
    }
    view
}

/// Asks for another look at a moment when this one's open questions are settled.
fn wake_at(shared: &Arc<Shared>, until: Timestamp, now: Timestamp) {
    let wait = Duration::try_from(until.duration_since(now)).unwrap_or_default();
    let shared = Arc::downgrade(shared);
    tokio::spawn(async move {
        tokio::time::sleep(wait + Duration::from_millis(5)).await;
        if let Some(shared) = shared.upgrade() {
            shared.changed.notify_one();
        }
    });
}

fn up(state: &mut State, home: &Path, apps: &[OwnedApp], list: &List, at: Timestamp) -> Pm2View {
    let found = list.pid.and_then(|pid| Some((pid, proc::stat(pid)?)));
    let Some((pid, stat)) = found else {
        return Pm2View::unknown(at, "PM2 answers, but its process cannot be read in /proc");
    };
    let daemon = DaemonId { pid, ticks: stat.ticks, boot: proc::boot_id() };
    let started = state.started(&daemon);
    state.tracker.daemon_up(&daemon);
    let mut view = Pm2View { at, daemon: Daemon::Up { pid, started }, apps: BTreeMap::new() };
    // A daemon that is ending deletes one app after the other; that says nothing of the apps.
    if !state.tracker.is_ending() {
        for app in apps {
            if let Some(found) = read_app(state, home, app, &list.processes, &daemon, started, at) {
                view.apps.insert(app.id.clone(), found);
            }
        }
        state.tracker.prune(&list.processes);
    }
    view
}

fn read_app(
    state: &mut State,
    home: &Path,
    app: &OwnedApp,
    list: &[Listed],
    daemon: &DaemonId,
    started: Timestamp,
    at: Timestamp,
) -> Option<Pm2App> {
    let (ours, others): (Vec<&Listed>, Vec<&Listed>) =
        list.iter().filter(|p| p.name == app.name).partition(|p| owns(app, &p.name, &p.exec_path, &p.cwd));
    if !ours.is_empty() {
        state.tracker.listed(&app.name, daemon);
        let mut processes: Vec<_> = ours
            .iter()
            .map(|process| {
                let fact = state.tracker.fact(process, at);
                state.tracker.complete(fact, || log_tail::how_it_ended(home, &process.name, process.pm_id))
            })
            .collect();
        processes.sort_by_key(|process| process.pm_id);
        return Some(Pm2App::Listed { processes });
    }
    if let Some(other) = others.first() {
        return Some(Pm2App::Foreign { path: other.exec_path.clone() });
    }
    let named = state.dump.apps(home).iter().any(|s| owns(app, &s.name, &s.exec_path, &s.cwd));
    let saved = if named { SavedFact::Named { at: state.dump.saved_at() } } else { SavedFact::Unnamed };
    let absence = state.tracker.absence(&app.name, daemon, started, &saved, at)?;
    Some(Pm2App::Absent { absence })
}

/// Nobody listens at the socket: gone for certain, or only not to be told.
fn nobody(state: &mut State, home: &Path, apps: &[OwnedApp], at: Timestamp) -> Pm2View {
    if !home.is_dir() {
        // A home that does not exist has no daemon: PM2 has never run for this user.
        let daemon = Daemon::Gone { since: at, expected: Expected::No };
        return Pm2View { at, daemon, apps: BTreeMap::new() };
    }
    let pid_file = home.join("pm2.pid");
    if let Some(pid) = proc::pid_in(&pid_file).filter(|pid| proc::is_daemon(*pid)) {
        // It is starting, or on its way out.
        state.tracker.unclear(at);
        return Pm2View::unknown(at, format!("PM2's daemon (process {pid}) lives and does not listen"));
    }
    let saved: BTreeSet<AutomationId> = apps
        .iter()
        .filter(|app| state.dump.apps(home).iter().any(|s| owns(app, &s.name, &s.exec_path, &s.cwd)))
        .map(|app| app.id.clone())
        .collect();
    let saved = if saved.is_empty() { SavedApps::None } else { SavedApps::Some };
    let tidied = if pid_file.exists() || home.join("rpc.sock").exists() { Tidied::No } else { Tidied::Yes };
    let (since, expected) = state.tracker.daemon_gone(tidied, saved, at);
    Pm2View { at, daemon: Daemon::Gone { since, expected }, apps: BTreeMap::new() }
}
