//! `standin down`.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use standin_agent::api::StopRequest;
use standin_agent::lock::{Lock, LockError};
use standin_platforms::pm2::Unhosted;

use crate::client::{Asked, Client, LOOK};
use crate::commands::host;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Root;

/// How long an agent may take to end: a little more than it waits for what is under way.
const PATIENCE: Duration = Duration::from_secs(15);
/// The same, after it was told not to wait.
const FORCED: Duration = Duration::from_secs(3);

/// Ends the agent and waits until it has ended.
pub(crate) async fn down(path: Option<&Path>, force: bool) -> Result<Exit, Failure> {
    let root = Root::find(path)?;
    let client = Client::of(&root.state)?;
    let hosted_as =
        client.as_ref().map(|client| client.file.pm2_app.as_str()).filter(|name| !name.is_empty());
    let released = match hosted_as {
        Some(name) => host::release(&root, name).await?,
        None => host::release_silent(&root).await?,
    };
    let asked = match &client {
        Some(client) => {
            let patience = if force { FORCED } else { LOOK };
            client.tell("/api/v1/stop", &StopRequest { force }, patience).await
        }
        None => Ok(Asked::NoAgent),
    };
    let lock = root.state.lock();
    let mut pid = client.as_ref().map(|client| client.file.pid);
    match asked {
        Ok(Asked::Answered(_)) => {}
        // Nobody listens: it may have ended just now, or hold its lock and not be reachable.
        Ok(Asked::NoAgent) => match holder(&lock)? {
            Some(held_by) => {
                pid = Some(held_by);
                send(held_by, Signal::SIGTERM);
            }
            None if released == Unhosted::Released && client.is_some() => {}
            None => return nothing_runs(released),
        },
        Err(failure) if !force => return Err(failure),
        Err(_) => {}
    }
    wait(&lock, force)?;
    let process = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
    output::write(&format!("the agent{process} has ended\n"))?;
    Ok(Exit::Fine)
}

fn nothing_runs(released: Unhosted) -> Result<Exit, Failure> {
    output::write(match released {
        Unhosted::Released => "PM2 hosted the agent, which did not run, and does so no longer\n",
        Unhosted::NotThere => "no agent runs for this repository\n",
    })?;
    Ok(Exit::Fine)
}

/// The process that holds the lock, if one does.
fn holder(lock: &Path) -> Result<Option<u32>, Failure> {
    if !lock.exists() {
        return Ok(None);
    }
    match Lock::take(lock, Duration::ZERO) {
        Ok(_) => Ok(None),
        Err(LockError::Held { pid }) => Ok(Some(pid)),
        Err(error) => Err(error.into()),
    }
}

fn send(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid)
        && pid > 1
    {
        // Whoever has ended meanwhile needs no signal.
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

/// The agent has ended when its lock is free, whatever its process number is used for by then.
fn wait(lock: &Path, force: bool) -> Result<(), Failure> {
    let patience = if force { FORCED } else { PATIENCE };
    match Lock::take(lock, patience) {
        Ok(_) => {}
        Err(LockError::Held { pid }) if force => {
            send(pid, Signal::SIGKILL);
            Lock::take(lock, FORCED)?;
        }
        Err(LockError::Held { pid }) => {
            let message =
                format!("the agent (process {pid}) has not ended yet: `standin down --force` does not wait");
            return Err(Failure::Platform(message));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
