//! Taking a part in the mesh of a repository: which watcher this is, and what it reaches from here.

use std::time::Duration;

use standin_agent::mesh::{MeshParts, body};
use standin_body::env::Env;
use standin_body::reach::{Own, Reached, Times, client, reach};
use standin_body::setup::{JoinError, Joined, join};
use standin_body::store::{Slots, Whole};
use standin_config::mesh::{Mesh, PeerKind, PeerSettings};
use standin_core::mesh::peer::PeerId;
use standin_engine::mesh::Body;
use standin_stores::shared::sqlite::Local;

use crate::exit::Failure;
use crate::project::Project;

/// How long a watch cycle of a command may go on beginning things, in milliseconds.
const COMMAND_TICK_MS: u32 = 150_000;

/// A watcher's part.
pub(crate) struct Taken {
    pub(crate) mesh: Mesh,
    pub(crate) joined: Joined,
    pub(crate) reached: Reached,
    /// The agent's own database, where this is the first agent.
    pub(crate) own: Option<Local>,
    pub(crate) peer: PeerSettings,
}

/// Whether the agent's own database is opened: only for whoever holds the agent's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Database {
    Open,
    Leave,
}

/// The mesh of a repository.
pub(crate) fn mesh_of(project: &Project) -> Result<Mesh, Failure> {
    let zone = jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_owned();
    standin_config::mesh::mesh(&project.settings, &project.resolved.inventory, &zone)
        .map_err(Failure::Configuration)
}

/// Which watcher the agent of this machine is; `None` when it is none of the mesh.
pub(crate) fn agent_of(project: &Project, mesh: &Mesh) -> Result<Option<PeerSettings>, Failure> {
    let is_agent = |peer: &&PeerSettings| matches!(peer.kind, PeerKind::Agent { .. });
    let Some(name) = named(project)? else { return Ok(mesh.peers.iter().find(is_agent).cloned()) };
    let peer = find(mesh, &name)?;
    if is_agent(&&peer) {
        return Ok(Some(peer));
    }
    Err(Failure::Usage(format!("the watcher `{name}` is no agent: name one of the kind \"agent\"")))
}

/// Which watcher a command is: the one that was named, else the agent of this machine, else the first.
pub(crate) fn peer_of(project: &Project, mesh: &Mesh, asked: Option<&str>) -> Result<PeerSettings, Failure> {
    if let Some(asked) = asked {
        let name = asked.parse().map_err(|error| Failure::Usage(format!("`{asked}`: {error}")))?;
        return find(mesh, &name);
    }
    if let Some(agent) = agent_of(project, mesh)? {
        return Ok(agent);
    }
    mesh.peers.first().cloned().ok_or_else(|| {
        Failure::Usage("standin.toml names no watchers: add [[peer]] kind = \"agent\"".to_owned())
    })
}

/// The name that the environment or the settings give this agent.
fn named(project: &Project) -> Result<Option<PeerId>, Failure> {
    match std::env::var("STANDIN_PEER").ok().filter(|name| !name.is_empty()) {
        Some(name) => {
            let parsed = name.parse().map_err(|error| Failure::Usage(format!("STANDIN_PEER: {error}")))?;
            Ok(Some(parsed))
        }
        None => Ok(project.settings.agent.peer.clone()),
    }
}

fn find(mesh: &Mesh, name: &PeerId) -> Result<PeerSettings, Failure> {
    mesh.peers.iter().find(|peer| peer.name == *name).cloned().ok_or_else(|| {
        let known: Vec<_> = mesh.peers.iter().map(|peer| peer.name.as_str()).collect();
        Failure::Usage(format!("standin.toml has no [[peer]] called `{name}`; it has: {}", known.join(", ")))
    })
}

fn is_first_agent(mesh: &Mesh, peer: &PeerSettings) -> bool {
    let first = mesh.peers.iter().find(|peer| matches!(peer.kind, PeerKind::Agent { .. }));
    first.is_some_and(|first| first.name == peer.name)
}

/// Takes the part of a watcher. Sends nothing.
pub(crate) async fn take(
    project: &Project,
    mesh: Mesh,
    peer: PeerSettings,
    database: Database,
) -> Result<Taken, Failure> {
    let limits = match peer.kind {
        PeerKind::Agent { .. } => body(peer.every),
        PeerKind::Action { .. } | PeerKind::Netlify { .. } | PeerKind::Lambda { .. } => {
            let punctual = u32::try_from(peer.silent_after.as_millis()).unwrap_or(u32::MAX);
            Body { tick: COMMAND_TICK_MS, punctual, ..body(peer.every) }
        }
    };
    let joined = join(&mesh, &peer.name, limits).map_err(|error| refusal(&error))?;
    let times = Times {
        request: Duration::from_millis(u64::from(limits.request)),
        send_within: Duration::from_millis(u64::from(limits.send)),
    };
    let env = Env::of_process();
    let http = client(&env, times).map_err(|error| Failure::Platform(error.to_string()))?;
    let own = (database == Database::Open && is_first_agent(&mesh, &peer))
        .then(|| Local::open(&project.root.state.root().join("mesh.db")));
    let (own, unusable) = match own.transpose() {
        Ok(own) => (own, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let store = own.clone().map(|own| -> Own { Box::new(Whole::new(own.clone(), own, Slots::Among)) });
    let mut reached = reach(&mesh, &env, http, times, store).await;
    reached.missing.extend(unusable);
    Ok(Taken { mesh, joined, reached, own, peer })
}

fn refusal(error: &JoinError) -> Failure {
    Failure::Usage(error.to_string())
}

/// The agent's part; `None` when the mesh has none for it. What keeps it from taking part is a warning: the machine is
/// looked after all the same.
pub(crate) async fn of_agent(project: &Project) -> Result<Option<MeshParts>, Failure> {
    let mesh = mesh_of(project)?;
    let Some(peer) = agent_of(project, &mesh)? else { return Ok(None) };
    match take(project, mesh, peer, Database::Open).await {
        Ok(Taken { mesh, joined, reached, own, peer }) => Ok(Some(MeshParts {
            mesh,
            joined,
            reached,
            own,
            every: peer.every,
            commands: project.resolved.commands.keys().cloned().collect(),
        })),
        Err(failure) => {
            tracing::warn!(target: "mesh", %failure, "the agent takes no part in the mesh");
            eprintln!("warning: the agent takes no part in the mesh: {failure}");
            Ok(None)
        }
    }
}
