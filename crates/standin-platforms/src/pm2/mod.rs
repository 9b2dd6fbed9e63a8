//! PM2 as a host of processes: watched and steered over the daemon's own sockets, so that watching starts no Node.
//!
//! *bus* hears what happens the moment it does, *rpc* reads the list, *tracker* makes facts of both, *act* carries out
//! effects, *host* puts the agent itself under PM2.

mod act;
mod bus;
mod cli;
mod dump;
mod event;
mod host;
mod lines;
mod list;
mod log_tail;
mod look;
mod loose;
mod memory;
mod owner;
mod proc;
mod revive;
mod rpc;
mod tracker;
mod wire;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use standin_core::effect::{Effect, Outcome};
use standin_core::observation::{OwnedApp, Pm2View};
use standin_engine::ports::Processes;
use tokio::sync::{Notify, broadcast};
use tokio::task::JoinHandle;

pub use cli::{CliError, PASSED_ON, Pm2Binary};
pub use dump::DumpError;
pub use host::{HostError, HostedAgent, HostedProcess, Unhosted, hosted_name, notify_ready};

use cli::Cli;
use dump::DumpCache;
use event::{Event, Happened};
use lines::Line;
use memory::Memory;
use proc::DaemonId;
use rpc::Rpc;
use tracker::{Heard, Tracker};

/// How many ends may wait for a slow reader of [`Pm2::exits`].
const MAX_WAITING_EXITS: usize = 1024;

/// What the adapter needs to know.
#[derive(Debug, Clone)]
pub struct Pm2Options {
    /// PM2's folder, `PM2_HOME`.
    pub home: PathBuf,
    /// Where the `pm2` command is: needed only to start a daemon or an app, never to watch.
    pub binary: Pm2Binary,
    /// An earlier [`Processes::memory`]; empty at the first start. Garbage is taken for empty.
    pub memory: String,
    /// PM2's name for the agent itself, if PM2 hosts it.
    pub agent_app: Option<String>,
}

/// The end of a process, as it was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// PM2's name for the app.
    pub name: String,
    /// PM2's number for the process.
    pub pm_id: u32,
    /// When it was heard.
    pub at: Instant,
}

/// The adapter. Its listener starts with the first call that needs it, ends with it, and must run in a tokio runtime.
#[derive(Debug)]
pub struct Pm2 {
    shared: Arc<Shared>,
    listener: OnceLock<JoinHandle<()>>,
}

/// What the listener and the calls have in common.
#[derive(Debug)]
struct Shared {
    home: PathBuf,
    rpc: Rpc,
    cli: Cli,
    agent_app: Option<String>,
    state: Mutex<State>,
    changed: Notify,
    exits: broadcast::Sender<Exit>,
    warned: OnceLock<()>,
}

#[derive(Debug)]
struct State {
    tracker: Tracker,
    dump: DumpCache,
    /// The daemon that answered last, and when it started: computed once, for it comes out a little different each time.
    started: Option<(DaemonId, Timestamp)>,
    /// The names of the inventory; `None` before the first look.
    owned: Option<BTreeSet<String>>,
}

impl Pm2 {
    /// An adapter for this home. Does nothing yet.
    pub fn new(options: Pm2Options) -> Self {
        let Pm2Options { home, binary, memory, agent_app } = options;
        let state = State {
            tracker: Tracker::new(proc::boot_id(), Memory::read(&memory)),
            dump: DumpCache::default(),
            started: None,
            owned: None,
        };
        let shared = Shared {
            rpc: Rpc { socket: home.join("rpc.sock") },
            cli: Cli { home: home.clone(), binary, turn: Arc::default() },
            home,
            agent_app,
            state: Mutex::new(state),
            changed: Notify::new(),
            exits: broadcast::channel(MAX_WAITING_EXITS).0,
            warned: OnceLock::new(),
        };
        Self { shared: Arc::new(shared), listener: OnceLock::new() }
    }

    /// Starts to listen to PM2's events, which otherwise the first look does.
    pub fn start(&self) {
        self.listener.get_or_init(|| tokio::spawn(bus::run(Arc::downgrade(&self.shared))));
    }

    /// The ends of the inventory's processes (before the first look: of all) from now on, as they are heard.
    pub fn exits(&self) -> broadcast::Receiver<Exit> {
        self.start();
        self.shared.exits.subscribe()
    }
}

impl Drop for Pm2 {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.get() {
            listener.abort();
        }
    }
}

impl Processes for Pm2 {
    async fn look(&self, apps: &[OwnedApp]) -> Pm2View {
        self.start();
        look::look(&self.shared, apps).await
    }

    async fn apply(&self, effect: &Effect, apps: &[OwnedApp]) -> Outcome {
        self.start();
        act::apply(&self.shared, effect, apps).await
    }

    async fn changed(&self) {
        self.start();
        self.shared.changed.notified().await;
    }

    fn memory(&self) -> String {
        self.shared.state().tracker.memory().write()
    }
}

impl State {
    fn started(&mut self, daemon: &DaemonId) -> Timestamp {
        if let Some((_, started)) = self.started.as_ref().filter(|(known, _)| known == daemon) {
            return *started;
        }
        let started = proc::started(daemon.ticks).unwrap_or_else(Timestamp::now);
        self.started = Some((daemon.clone(), started));
        started
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is small and whole: what a panicking holder leaves is usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bus_found(&self) {
        self.changed.notify_one();
    }

    fn bus_lost(&self) {
        self.state().tracker.bus_lost();
        self.changed.notify_one();
    }

    fn heard(&self, event: &Event) {
        let heard = {
            let mut state = self.state();
            if !concerns(event, state.owned.as_ref()) {
                return;
            }
            state.tracker.hear(event, Timestamp::now())
        };
        match heard {
            Heard::Nothing => return,
            Heard::News => {}
            Heard::Exit { name, pm_id } => {
                // Nobody needs to listen.
                let _ = self.exits.send(Exit { name, pm_id, at: Instant::now() });
            }
        }
        self.changed.notify_one();
    }

    fn warn_once(&self, what: &str) {
        self.warned.get_or_init(|| tracing::warn!("{what}"));
    }
}

/// Whether an event can matter to the inventory. What a stranger's app does, and be it to crash ten times a second,
/// must not wake anybody; only that PM2 is starting things is of interest, whosever they are.
fn concerns(event: &Event, owned: Option<&BTreeSet<String>>) -> bool {
    let Some(owned) = owned else { return true };
    match event {
        Event::DaemonEnds(_) => true,
        Event::Process(process) => process.happened == Happened::Start || owned.contains(&process.name),
        Event::Line(line) => match line {
            Line::Exited { name, .. }
            | Line::Starting { name, .. }
            | Line::Stopping { name, .. }
            | Line::WatchRestart { name } => owned.contains(name),
            Line::CronDropped { .. } | Line::MemoryRestart { .. } => true,
        },
    }
}
