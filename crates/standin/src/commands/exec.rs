//! `standin exec`: runs a command between two heartbeats, and ends as it ended.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use jiff::Timestamp;
use nix::sys::signal::{Signal as UnixSignal, kill};
use nix::unistd::Pid;
use standin_agent::api::BeatRequest;
use standin_core::beat::{Beat, Signal};
use standin_core::ident::AutomationId;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::ExecArgs;
use crate::commands::beat::send;
use crate::exit::{Exit, Failure};
use crate::project::Root;

/// What a shell answers when a command cannot be started.
const NOT_STARTED: u8 = 127;

/// Runs the command. A heartbeat that cannot be sent is said and does not keep the command from running.
pub(crate) async fn exec(repository: Option<&Path>, args: ExecArgs) -> Result<Exit, Failure> {
    let root = Root::find(repository)?;
    let id: AutomationId = args.id.parse()?;
    let rid = uuid::Uuid::new_v4().to_string();
    tell(&root, &id, &rid, Signal::Start, None).await;
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Failure::Usage("name a command after `--`".to_owned()));
    };
    let code = match Command::new(program).args(arguments).spawn() {
        Ok(child) => code_of(wait(child).await?),
        Err(error) => {
            eprintln!("error: {} cannot be started: {error}", program.display());
            NOT_STARTED
        }
    };
    let signal = if code == 0 { Signal::Success } else { Signal::Fail };
    tell(&root, &id, &rid, signal, Some(code)).await;
    Ok(Exit::Wrapped(code))
}

/// Waits for the end, and passes on what the user or a supervisor sends to this process alone.
async fn wait(mut child: Child) -> Result<ExitStatus, Failure> {
    let listen = |kind| signal(kind).map_err(Failure::io("signals cannot be listened to"));
    let (mut term, mut int) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    loop {
        let pass_on = tokio::select! {
            ended = child.wait() => return ended.map_err(Failure::io("the command cannot be waited for")),
            _ = term.recv() => UnixSignal::SIGTERM,
            _ = int.recv() => UnixSignal::SIGINT,
        };
        if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
            let _ = kill(Pid::from_raw(pid), pass_on);
        }
    }
}

/// As shells count: the exit status, or 128 and the signal.
fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|s| 128 + s)).unwrap_or(255);
    u8::try_from(code).unwrap_or(255)
}

async fn tell(root: &Root, id: &AutomationId, rid: &str, signal: Signal, exit: Option<u8>) {
    let beat = Beat { at: Timestamp::now(), signal, rid: rid.to_owned(), exit };
    let request = BeatRequest { id: id.clone(), beat, body: String::new() };
    if let Err(failure) = send(root, request).await {
        eprintln!("warning: no heartbeat was sent: {failure}");
    }
}
