//! `standin beat`: a heartbeat for the agent, or for its spool when none runs.

use std::path::Path;

use jiff::Timestamp;
use standin_agent::api::BeatRequest;
use standin_agent::spool;
use standin_agent::state_dir::StateDir;
use standin_core::beat::{Beat, Signal};
use standin_core::ident::AutomationId;
use standin_stores::Sqlite;

use crate::cli::{BeatArgs, SignalArg};
use crate::client::{Asked, Client, LOOK};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Root;

/// Sends one heartbeat, or prints where to send them.
pub(crate) async fn beat(repository: Option<&Path>, args: BeatArgs) -> Result<Exit, Failure> {
    let root = Root::find(repository)?;
    let id: AutomationId = args.id.parse()?;
    if args.url {
        return url(&root.state, &id);
    }
    let signal = match args.signal {
        SignalArg::Start => Signal::Start,
        SignalArg::Success => Signal::Success,
        SignalArg::Fail => Signal::Fail,
        SignalArg::Log => Signal::Log,
    };
    let beat = Beat { at: Timestamp::now(), signal, rid: args.rid, exit: args.exit };
    send(&root.state, BeatRequest { id, beat, body: args.message }).await?;
    Ok(Exit::Fine)
}

/// Hands a heartbeat to the agent; when none answers it waits in the spool, and that is no failure.
pub(crate) async fn send(state: &StateDir, request: BeatRequest) -> Result<(), Failure> {
    if let Some(client) = Client::of(state)?
        && let Asked::Answered(_) = client.tell("/api/v1/beat", &request, LOOK).await?
    {
        return Ok(());
    }
    let what = format!("the heartbeat cannot be kept in {}", state.spool().display());
    state.create().map_err(Failure::io(what.clone()))?;
    let BeatRequest { id, beat, body } = request;
    spool::write(&state.spool(), &id, &beat, body.as_bytes()).map_err(Failure::io(what))?;
    eprintln!("no agent answers: the heartbeat waits in the spool until one runs");
    Ok(())
}

fn url(state: &StateDir, id: &AutomationId) -> Result<Exit, Failure> {
    let missing = || {
        Failure::Usage(format!(
            "`{id}` has no URL yet: the agent gives one to each automation; `standin up` starts it"
        ))
    };
    let listen = state.read_agent_file().map(|file| file.listen).ok_or_else(missing)?;
    let checks = Sqlite::read(&state.database())?.checks()?;
    let check = checks.iter().find(|check| &check.id == id).ok_or_else(missing)?;
    output::write(&format!("http://{listen}/ping/{}\n", check.uuid))?;
    Ok(Exit::Fine)
}
