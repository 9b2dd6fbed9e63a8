//! The agent's part in the mesh: a watch cycle each period, beside the loop that looks after this machine.
//!
//! It asks that loop how the machine is and what to do on it, and never holds it up. Its own failures are warnings.

mod board;
pub mod facts;
mod host;
mod memory;
mod slots;
mod works;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use standin_body::check::check;
use standin_body::reach::Reached;
use standin_body::setup::Joined;
use standin_body::world::World;
use standin_config::mesh::Mesh;
use standin_core::ident::AutomationId;
use standin_core::mesh::peer::BeatNumber;
use standin_engine::mesh::Body;
use standin_engine::mesh::record::Carry;
use standin_engine::ports::Runner;
use standin_stores::shared::sqlite::Local;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use board::Board;
pub use host::AgentHost;
pub(crate) use slots::{LateSlots, Leave};

use crate::control::Command;
use board::Asked;
use memory::{Kept, Memory};
use works::Works;

/// How long a cycle may go on beginning things, in milliseconds: long enough to see what came of a dispatch, and short
/// enough that the next beat comes before anybody calls the agent silent.
const TICK_MS: u32 = 75_000;
/// How long one request may take, in milliseconds.
const REQUEST_MS: u32 = 10_000;
/// How long a recovery may take until it has arrived, in milliseconds.
const SEND_MS: u32 = 20_000;
/// How late a cycle may begin: the one before may have taken its time.
const PUNCTUAL_MS: u32 = 90_000;
/// A cycle that has not ended by then never will.
const LONGEST: Duration = Duration::from_secs(300);
/// How long an end waits for the cycle that is under way.
const PATIENCE: Duration = Duration::from_secs(5);
/// Requests for a cycle that may wait.
const MAX_ASKED: usize = 8;

/// The limits of an agent that looks this often.
pub fn body(every: Duration) -> Body {
    let period = u32::try_from(every.as_millis()).unwrap_or(u32::MAX);
    Body { tick: TICK_MS, request: REQUEST_MS, period, punctual: PUNCTUAL_MS, send: SEND_MS }
}

/// What a part in the mesh is made of.
pub struct MeshParts {
    /// The mesh.
    pub mesh: Mesh,
    /// The agent's part in it.
    pub joined: Joined,
    /// What it reaches.
    pub reached: Reached,
    /// Its own database; without one it remembers nothing, and starts nothing on this machine.
    pub own: Option<Local>,
    /// How often it looks.
    pub every: Duration,
    /// The commands and scripts that it can run.
    pub commands: BTreeSet<AutomationId>,
}

/// A part that is not running yet.
pub(crate) struct Part<R> {
    world: Arc<World<AgentHost<R>>>,
    works: Arc<Works<R>>,
    memory: Memory,
    every: Duration,
}

/// A part that runs.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) board: Arc<Board>,
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl<R: Runner + 'static> Part<R> {
    pub(crate) fn new(parts: MeshParts, commands: mpsc::Sender<Command>, runner: Arc<R>) -> Self {
        let MeshParts { mesh, joined, reached, own, every, commands: known } = parts;
        for missing in &reached.missing {
            tracing::warn!(target: "mesh", "{missing}");
        }
        for (id, why) in &joined.undecided {
            tracing::warn!(target: "mesh", %id, %why, "nobody may decide about it: it is watched, and nothing is done");
        }
        let memory = Memory(own);
        let works = Arc::new(Works { runner, commands: known, memory: memory.clone() });
        let host = AgentHost { commands, works: Arc::clone(&works) };
        let world = Arc::new(World::new(mesh, joined, reached, host));
        Self { world, works, memory, every }
    }

    pub(crate) fn late_slots(&self) -> LateSlots {
        LateSlots::of(&self.world)
    }

    pub(crate) fn start(self) -> Running {
        let (ask, asked) = mpsc::channel(MAX_ASKED);
        let board = Arc::new(Board::new(ask));
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(watch(self, Arc::clone(&board), asked, ended));
        Running { board, end, task }
    }
}

impl Running {
    /// Ends it: a cycle that is under way is waited for a little, and what it holds then lapses by itself.
    pub(crate) async fn stop(self) {
        let Self { end, mut task, .. } = self;
        let _ = end.send(());
        if tokio::time::timeout(PATIENCE, &mut task).await.is_err() {
            tracing::info!(target: "mesh", "a watch cycle was broken off");
            task.abort();
        }
    }
}

/// The loop.
async fn watch<R: Runner + 'static>(
    part: Part<R>,
    board: Arc<Board>,
    mut asked: mpsc::Receiver<Asked>,
    mut ended: oneshot::Receiver<()>,
) {
    let life = part.memory.begin_life().await;
    board.tell(life.iter().flat_map(|life| life.alerts.clone()).collect::<Vec<_>>().as_slice());
    let mut brought = life.map(|life| (life.carry, life.number));
    let name = part.world.joined().setup.own_id().map(ToString::to_string).unwrap_or_default();
    let incarnation = brought.as_ref().map_or(0, |(_, number)| number.incarnation);
    tracing::info!(target: "mesh", peer = %name, incarnation, "takes part in the mesh");
    part.works.take_up(part.world.stores()).await;
    let mut next = Instant::now();
    loop {
        let reply = tokio::select! {
            biased;
            _ = &mut ended => return,
            Some(reply) = asked.recv() => Some(reply),
            () = tokio::time::sleep_until(next) => None,
        };
        next = Instant::now() + part.every;
        brought = cycle(&part, &board, brought, reply).await;
    }
}

/// One cycle; gives what it left for the next.
async fn cycle<R: Runner + 'static>(
    part: &Part<R>,
    board: &Board,
    brought: Option<(Carry, BeatNumber)>,
    reply: Option<Asked>,
) -> Option<(Carry, BeatNumber)> {
    let (world, before) = (Arc::clone(&part.world), brought.clone());
    // In a task of its own: whatever is wrong with one cycle, the next one comes.
    let mut task = tokio::spawn(async move { check(&world, brought).await });
    let checked = match tokio::time::timeout(LONGEST, &mut task).await {
        Ok(Ok(checked)) => checked,
        Ok(Err(error)) => {
            tracing::warn!(target: "mesh", %error, "a watch cycle has failed");
            return before;
        }
        Err(_) => {
            task.abort();
            tracing::warn!(target: "mesh", "a watch cycle did not end, and was broken off");
            return before;
        }
    };
    board.tell(&checked.said.alerts);
    let brought = checked.brought.or(before);
    if let Some((carry, number)) = &brought {
        part.memory.keep(&Kept { carry: carry.clone(), number: *number, alerts: board.alerts() }).await;
    }
    board.set(checked.said.clone());
    if let Some(reply) = reply {
        let _ = reply.send(checked.said);
    }
    brought
}
