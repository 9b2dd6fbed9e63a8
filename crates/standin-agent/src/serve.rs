//! The agent as a whole: journal, listener and loop, from the first breath to the last.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use standin_core::ident::AutomationId;
use standin_core::plan::Request;
use standin_engine::json_v1::{AgentState, AgentV1, StatusV1};
use standin_engine::ports::{JournalError, Processes, Runner};
use standin_engine::tick::{Engine, Setup};
use standin_stores::Sqlite;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};

use crate::api::{self, ApiState};
use crate::control::{Command, Stop};
use crate::mesh::{MeshParts, Part};
use crate::pings::{self, BeatBoard, PingState};
use crate::sources::Sources;
use crate::spool;
use crate::state_dir::{AgentFile, StateDir};
use crate::trim;
use crate::watcher::{Ended, Host, Watcher, Wiring};

/// Requests to the loop that may wait; more wait at the API.
const COMMANDS: usize = 64;
/// How often the spool is looked at while the agent runs.
const SPOOL_EVERY: Duration = Duration::from_secs(15);

/// Whether somebody chose the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// It must be this one.
    Chosen,
    /// If it is taken, a free one will do.
    Preferred,
}

/// What an agent is made of.
pub struct Parts<P, R> {
    /// Its folder.
    pub state: StateDir,
    /// Its journal.
    pub journal: Arc<Sqlite>,
    /// The host of processes.
    pub processes: Arc<P>,
    /// The runner of commands.
    pub runner: Arc<R>,
    /// What it watches.
    pub setup: Setup,
    /// Where it listens.
    pub listen: (SocketAddr, Port),
    /// The app's name, when PM2 hosts it; else empty.
    pub pm2_app: String,
    /// The files that say what it watches.
    pub sources: Sources,
    /// The requests of the first tick.
    pub first: BTreeMap<AutomationId, Request>,
    /// Its part in the mesh, if it takes part in one.
    pub mesh: Option<MeshParts>,
    /// Called once the agent can be asked.
    pub ready: Box<dyn FnOnce(&AgentFile) + Send>,
}

/// Why an agent could not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on. Nothing was done; choose another.
    #[error(
        "cannot listen on {address}: {source}; set `listen` under [agent] in standin.toml to a free address"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The journal cannot be read or written. Nothing was done.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A file of the agent cannot be written. Nothing was done.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// Runs an agent until it is told to stop, by a signal or by the API.
///
/// # Errors
/// [`ServeError`]; all of them before anything was done.
pub async fn serve<P, R>(parts: Parts<P, R>) -> Result<Ended, ServeError>
where
    P: Processes + 'static,
    R: Runner + 'static,
{
    let known: Vec<AutomationId> = parts.setup.watches.iter().map(|w| w.id.clone()).collect();
    let now = Timestamp::now();
    let engine = Engine::start(Arc::clone(&parts.processes), Arc::clone(&parts.journal), parts.setup, now);
    let (engine, left) = engine.await?;
    let board = Arc::new(BeatBoard::new(engine.beats().clone()));
    let listener = listen(parts.listen).await?;
    let file = agent_file(&listener, now, parts.pm2_app)?;
    let agent = agent_of(&file);
    let (commands, asked) = mpsc::channel(COMMANDS);
    let (published, publication) = watch::channel(Arc::new(nothing_yet(&agent)));
    let mesh = parts.mesh.map(|mesh| Part::new(mesh, commands.clone(), Arc::clone(&parts.runner)));
    let late = Arc::new(mesh.as_ref().map(Part::late_slots).unwrap_or_default());
    let mesh = mesh.map(Part::start);
    let state = ApiState {
        mesh: mesh.as_ref().map(|mesh| Arc::clone(&mesh.board)),
        token: file.token.clone(),
        commands: commands.clone(),
        published: publication,
        journal: Arc::clone(&parts.journal),
        board: Arc::clone(&board),
        known: known.clone(),
    };
    let pings = PingState::open(Arc::clone(&parts.journal), Arc::clone(&board), &known).await?;
    let router = api::router(Arc::new(state)).merge(pings::router(pings));
    let (ended, end) = oneshot::channel::<()>();
    let server = tokio::spawn(pings::listen(listener, router, async {
        let _ = end.await;
    }));
    let _signals = tokio::spawn(obey_signals(commands));
    let spool =
        tokio::spawn(empty_spool(parts.state.clone(), Arc::clone(&parts.journal), Arc::clone(&board), known));
    let wiring = Wiring {
        processes: parts.processes,
        runner: parts.runner,
        board,
        commands: asked,
        published,
        agent,
        sources: parts.sources,
        late,
        host: if file.pm2_app.is_empty() { Host::None } else { Host::Pm2 { parent: nix::unistd::getppid() } },
    };
    let watcher = Watcher::new(engine, wiring, left);
    parts.state.write_agent_file(&file)?;
    tracing::info!(target: "agent", listen = %file.listen, pid = file.pid, "the agent runs");
    (parts.ready)(&file);
    let trim = tokio::spawn(trim_after_start());
    let why = watcher.run(parts.first).await;
    if let Some(mesh) = mesh {
        mesh.stop().await;
    }
    spool.abort();
    trim.abort();
    let _ = std::fs::remove_file(parts.state.agent_file());
    let _ = ended.send(());
    // Clients that hold a connection open do not hold the agent.
    let _ = tokio::time::timeout(Duration::from_secs(1), server).await;
    parts.journal.close().await;
    tracing::info!(target: "agent", "the agent has ended");
    Ok(why)
}

async fn listen((address, port): (SocketAddr, Port)) -> Result<TcpListener, ServeError> {
    match (TcpListener::bind(address).await, port) {
        (Ok(listener), _) => Ok(listener),
        (Err(source), Port::Preferred) if source.kind() == std::io::ErrorKind::AddrInUse => {
            let free = TcpListener::bind((address.ip(), 0)).await;
            let free = free.map_err(|source| ServeError::Listen { address, source })?;
            tracing::warn!(target: "agent", taken = %address, "the port is taken: listening on a free one; \
                set `listen` under [agent] in standin.toml to keep heartbeat URLs stable");
            Ok(free)
        }
        (Err(source), Port::Preferred | Port::Chosen) => Err(ServeError::Listen { address, source }),
    }
}

fn agent_file(listener: &TcpListener, started: Timestamp, pm2_app: String) -> Result<AgentFile, ServeError> {
    Ok(AgentFile {
        version: 1,
        pid: std::process::id(),
        listen: listener.local_addr()?.to_string(),
        token: uuid::Uuid::new_v4().simple().to_string(),
        started,
        pm2_app,
    })
}

fn agent_of(file: &AgentFile) -> AgentV1 {
    AgentV1 {
        state: AgentState::Running,
        pid: file.pid,
        listen: file.listen.clone(),
        started: Some(file.started),
        last_tick: None,
        fault: String::new(),
        stale: Vec::new(),
    }
}

fn nothing_yet(agent: &AgentV1) -> StatusV1 {
    StatusV1 {
        version: standin_engine::json_v1::VERSION,
        health: standin_core::health::score([]).into(),
        agent: agent.clone(),
        peers: Vec::new(),
        automations: Vec::new(),
        incidents: Vec::new(),
        alerts: Vec::new(),
    }
}

/// SIGTERM and SIGINT end the agent gracefully; a hang-up of the terminal does not.
async fn obey_signals(commands: mpsc::Sender<Command>) -> std::io::Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let mut hup = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = term.recv() => break,
            _ = int.recv() => break,
            _ = hup.recv() => {}
        }
    }
    let _ = commands.send(Command::Stop { how: Stop::Graceful }).await;
    // A second signal does not wait.
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    let _ = commands.send(Command::Stop { how: Stop::Now }).await;
    Ok(())
}

/// The agent is as small as what it does from now on.
async fn trim_after_start() {
    tokio::time::sleep(trim::AFTER).await;
    if let Err(error) = trim::give_back_code() {
        tracing::debug!(target: "agent", %error, "the code of the start stays in memory");
    }
}

async fn empty_spool(state: StateDir, journal: Arc<Sqlite>, board: Arc<BeatBoard>, known: Vec<AutomationId>) {
    loop {
        // Senders may have made themselves known since the agent began.
        let senders = board.snapshot().into_keys().filter(|id| !known.contains(id));
        let known: Vec<_> = known.iter().cloned().chain(senders).collect();
        if let Err(error) = spool::drain(&state.spool(), &*journal, &board, &known).await {
            tracing::warn!(target: "pings", %error, "the spool cannot be read");
        }
        tokio::time::sleep(SPOOL_EVERY).await;
    }
}
