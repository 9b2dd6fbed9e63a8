//! `standin beat`: a heartbeat for the agent, or for its spool when none runs.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use standin_agent::api::BeatRequest;
use standin_agent::spool;
use standin_agent::state_dir::StateDir;
use standin_core::beat::{Beat, Signal};
use standin_core::ident::AutomationId;
use standin_stores::Sqlite;

use crate::cli::{BeatArgs, SignalArg};
use crate::client::{Asked, Client};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::{Project, Root};

/// A job waits for its heartbeat no longer than this.
const PATIENCE: Duration = Duration::from_secs(2);

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
    send(&root, BeatRequest { id, beat, body: args.message }).await?;
    Ok(Exit::Fine)
}

/// Hands a heartbeat to the agent; when none answers it waits in the spool, and that is no failure. Should the agent
/// have taken it all the same, the same heartbeat out of the spool counts once.
pub(crate) async fn send(root: &Root, request: BeatRequest) -> Result<(), Failure> {
    let state = &root.state;
    let unanswered = match Client::of(state)? {
        None => None,
        Some(client) => match client.tell("/api/v1/beat", &request, PATIENCE).await {
            Ok(Asked::Answered(_)) => return Ok(()),
            Ok(Asked::NoAgent) => None,
            Err(Failure::Platform(why)) => Some(why),
            Err(failure) => return Err(failure),
        },
    };
    if unanswered.is_none() {
        known_here(root, &request.id)?;
    }
    let what = format!("the heartbeat cannot be kept in {}", state.spool().display());
    state.create().map_err(Failure::io(what.clone()))?;
    let BeatRequest { id, beat, body } = request;
    spool::write(&state.spool(), &id, &beat, body.as_bytes()).map_err(Failure::io(what))?;
    let why = unanswered.unwrap_or_else(|| "no agent runs".to_owned());
    eprintln!("{why}: the heartbeat waits in the spool until an agent takes it in");
    Ok(())
}

/// A heartbeat that nobody will ever take in is refused while its sender can still be told.
fn known_here(root: &Root, id: &AutomationId) -> Result<(), Failure> {
    // With a configuration that cannot be read it cannot be told who is known, and the heartbeat is kept.
    let Ok(project) = Project::load(Some(&root.path)) else { return Ok(()) };
    let database = root.state.database();
    let mut known: Vec<_> = project.resolved.watches.iter().map(|watch| watch.id.clone()).collect();
    if database.exists() {
        known.extend(Sqlite::read(&database)?.checks()?.into_iter().map(|check| check.id));
    }
    if known.contains(id) {
        return Ok(());
    }
    Err(Failure::Usage(format!("`{id}` is not watched here: `standin scan` lists what is")))
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
