//! Carries out effects: the target is probed right before, one thing is sent, and its answer is the outcome.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use standin_core::effect::{Effect, Outcome};
use standin_core::ident::AutomationId;
use standin_core::observation::{OwnedApp, ProcessStatus};
use standin_core::verdict::Life;

use super::list::Listed;
use super::owner::owns;
use super::rpc::RpcError;
use super::{Shared, proc, revive};

/// How long PM2 may take for an action beyond the time that the app has to end.
pub(super) const ACTION_LIMIT: Duration = Duration::from_secs(15);

/// See [`standin_engine::ports::Processes::apply`].
pub(super) async fn apply(shared: &Arc<Shared>, effect: &Effect, apps: &[OwnedApp]) -> Outcome {
    match effect {
        Effect::RestartProcess { automation, lives } => match owned(apps, automation) {
            Ok(app) => restart_all(shared, app, lives).await,
            Err(outcome) => outcome,
        },
        Effect::StartSaved { automation } => match owned(apps, automation) {
            Ok(app) => revive::start_saved(shared, app).await,
            Err(outcome) => outcome,
        },
        Effect::StartDeclared { automation } => match owned(apps, automation) {
            Ok(app) => revive::start_declared(shared, app).await,
            Err(outcome) => outcome,
        },
        Effect::Resurrect { members } => {
            let members: Vec<&OwnedApp> = apps.iter().filter(|app| members.contains(&app.id)).collect();
            revive::resurrect(shared, &members).await
        }
        Effect::Run { automation, .. } => refused(&format!("{automation} is not PM2's to run")),
    }
}

fn owned<'a>(apps: &'a [OwnedApp], id: &AutomationId) -> Result<&'a OwnedApp, Outcome> {
    apps.iter().find(|app| &app.id == id).ok_or_else(|| refused(&format!("{id} is not in the inventory")))
}

pub(super) fn refused(why: &(impl ToString + ?Sized)) -> Outcome {
    Outcome::Refused { why: why.to_string() }
}

pub(super) fn not_needed(why: impl Into<String>) -> Outcome {
    Outcome::NotNeeded { why: why.into() }
}

/// What came of a call that does something.
pub(super) fn outcome(sent: Result<(), RpcError>) -> Outcome {
    match sent {
        Ok(()) => Outcome::Done,
        Err(why @ (RpcError::NobodyThere | RpcError::Unusable(_) | RpcError::Refused(_))) => refused(&why),
        Err(why @ (RpcError::Lost(_) | RpcError::Strange(_))) => Outcome::Unknown { why: why.to_string() },
    }
}

/// Each by itself, one after the other: what one of them comes to does not keep the others from being tried.
async fn restart_all(shared: &Shared, app: &OwnedApp, lives: &[Life]) -> Outcome {
    let mut all = not_needed("no process was named");
    for life in lives {
        all = together(all, restart(shared, app, life.pm_id, life.uptime_stamp).await);
    }
    all
}

/// What two outcomes come to: what is not certain outranks what was refused, and that what was done.
fn together(a: Outcome, b: Outcome) -> Outcome {
    let rank = |outcome: &Outcome| match outcome {
        Outcome::Unknown { .. } => 3,
        Outcome::Refused { .. } => 2,
        Outcome::Done => 1,
        Outcome::NotNeeded { .. } => 0,
    };
    if rank(&b) >= rank(&a) { b } else { a }
}

async fn restart(shared: &Shared, app: &OwnedApp, pm_id: u32, expect_uptime: i64) -> Outcome {
    let list = match shared.list().await {
        Ok(list) => list,
        Err(why) => return refused(&format!("the probe before it failed: {why}")),
    };
    let found = list.processes.iter().find(|p| p.pm_id == pm_id);
    let Some(process) = found.filter(|p| owns(app, &p.name, &p.exec_path, &p.cwd)) else {
        return not_needed(format!("PM2 no longer lists {} as process {pm_id}", app.name));
    };
    if process.uptime_stamp != expect_uptime {
        return not_needed("it has been started since it was looked at");
    }
    match process.status {
        ProcessStatus::Stopping => return not_needed("PM2 is stopping it"),
        ProcessStatus::Launching | ProcessStatus::WaitingRestart => return not_needed("PM2 is starting it"),
        // Online with the same uptime: it hangs or takes too much memory.
        ProcessStatus::Online
        | ProcessStatus::Stopped
        | ProcessStatus::Errored
        | ProcessStatus::Unrecognised => {}
    }
    if process.has_ended() && process.pid != 0 {
        if proc::stat(process.pid).is_some_and(|stat| Some(stat.parent) == list.pid) {
            return refused(&format!("its process {} could not be ended by PM2 and still runs", process.pid));
        }
        if let Err(why) = forget_pid(shared, process).await {
            return outcome(Err(why));
        }
    }
    shared.state().tracker.about_to_restart(pm_id, Timestamp::now());
    // PM2 drops the app's cron job first and registers it anew only when the start succeeds, which is why states in
    // which PM2 would refuse the start do not come this far. The count of unstable restarts starts anew with it.
    let limit = ACTION_LIMIT + Duration::from_millis(process.kill_timeout_ms);
    outcome(shared.rpc.tell("restartProcessId", &serde_json::json!({ "id": pm_id }), limit).await)
}

/// A process whose restart failed (no file handles, a full disk) keeps the number of its dead predecessor, and PM2
/// refuses to start it for that. Stopping it clears the number, and nothing else is running to be stopped.
async fn forget_pid(shared: &Shared, process: &Listed) -> Result<(), RpcError> {
    shared.state().tracker.about_to_restart(process.pm_id, Timestamp::now());
    shared.rpc.tell("stopProcessId", &serde_json::json!(process.pm_id), ACTION_LIMIT).await
}
