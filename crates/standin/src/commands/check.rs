//! `standin check`: one watch cycle of the mesh, by the agent that runs, else by this command.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use standin_agent::lock::Lock;
use standin_agent::mesh::facts::facts;
use standin_body::alerts::Level;
use standin_body::check::{self, CheckV1, page};
use standin_body::host::Host;
use standin_body::world::World;
use standin_config::mesh::PeerKind;
use standin_core::health::Health;
use standin_core::ident::AutomationId;
use standin_core::mesh::claim::{Order, Probed, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::Fact;
use standin_engine::tick::Engine;

use crate::cli::CheckArgs;
use crate::client::{Asked, Client};
use crate::commands::part::{Database, Taken, mesh_of, peer_of, take};
use crate::commands::parts;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Project;

/// A cycle that claims something waits to see what comes of it.
const CYCLE: Duration = Duration::from_secs(300);

/// What this machine looks like to a command: seen once, and not to be acted on, since no agent is there to see it end.
struct Seen(Option<BTreeMap<AutomationId, Fact>>);

impl Host for Seen {
    async fn facts(&self) -> Option<BTreeMap<AutomationId, Fact>> {
        self.0.clone()
    }

    async fn probe(&self, _: &AutomationId, _: Option<StoreTime>) -> Probed {
        Probed::Unknown
    }

    async fn start(&self, _: &AutomationId, _: Option<StoreTime>, _: &Order) -> Sent {
        Sent::Refused
    }
}

/// Ends with 1 when a person is needed or something is down, with 4 when no store could be reached.
pub(crate) async fn check(path: Option<&Path>, args: &CheckArgs) -> Result<Exit, Failure> {
    let project = Project::load(path)?;
    let mesh = mesh_of(&project)?;
    let peer = peer_of(&project, &mesh, args.peer.as_deref())?;
    let is_agent = matches!(peer.kind, PeerKind::Agent { .. });
    let said = match by_agent(&project, is_agent).await? {
        Some(said) => said,
        None => {
            let _lock =
                is_agent.then(|| Lock::take(&project.root.state.lock(), Duration::ZERO)).transpose()?;
            let database = if is_agent { Database::Open } else { Database::Leave };
            let taken = Box::pin(take(&project, mesh, peer, database)).await?;
            let facts = if is_agent { Some(look(&project).await?) } else { None };
            let Taken { mesh, joined, reached, .. } = taken;
            let world = Arc::new(World::new(mesh, joined, reached, Seen(facts)));
            Box::pin(check::check(&world, None)).await.said
        }
    };
    output::print(&said, page, args.look.format)?;
    Ok(exit_of(&said))
}

/// An agent that runs does it itself: it knows this machine, and remembers.
async fn by_agent(project: &Project, is_agent: bool) -> Result<Option<CheckV1>, Failure> {
    let Some(client) = Client::of(&project.root.state)?.filter(|_| is_agent) else { return Ok(None) };
    match client.post("/api/v1/check", &(), CYCLE).await? {
        Asked::Answered(said) => Ok(Some(said)),
        Asked::NoAgent => Ok(None),
    }
}

/// One look at this machine.
async fn look(project: &Project) -> Result<BTreeMap<AutomationId, Fact>, Failure> {
    let now = Timestamp::now();
    let chosen = parts::choose(project, None).await?;
    let (mut engine, _left) =
        Engine::start(Arc::clone(&chosen.pm2), Arc::clone(&chosen.journal), chosen.setup, now).await?;
    let beats = engine.beats().clone();
    let _ = engine.tick_as_asked(now, beats, &BTreeMap::new()).await?;
    let seen = facts(&engine, now);
    chosen.journal.close().await;
    Ok(seen)
}

fn exit_of(said: &CheckV1) -> Exit {
    let needs_a_person = said.alerts.iter().any(|alert| alert.level == Level::Critical);
    let is_unwell = said.targets.iter().any(|target| target.health == Health::Failed);
    let is_blind = said.peers.iter().all(|peer| peer.last.is_none()) && !said.missing.is_empty();
    match (is_blind, needs_a_person || is_unwell) {
        (true, _) => Exit::Platform,
        (false, true) => Exit::Found,
        (false, false) => Exit::Fine,
    }
}
