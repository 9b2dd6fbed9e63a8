//! Heartbeats a second that are kept, against the same server answering without keeping them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, ensure};
use standin_agent::pings::{BeatBoard, Directory, PingState, PingStore, listen, router};
use standin_core::beat::BeatState;
use standin_core::ident::AutomationId;
use standin_engine::ports::{Arrival, Change, Journal, JournalError, Remembered};
use standin_stores::{Check, CheckError, Durability, Made, Sqlite};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::AUTOMATIONS;
use super::report::{Goal, Part, Quantity, Row, Unit, percentile};

/// How long each server is loaded.
const TIME: Duration = Duration::from_secs(5);
/// Clients at a time; each waits for its answer before it sends the next heartbeat.
const CLIENTS: usize = 64;
/// The longest answer that is read.
const ANSWER: usize = 4096;
/// The share of the other's heartbeats.
const GOAL: f64 = 0.5;

/// Takes everything and keeps nothing.
struct Nowhere;

impl Journal for Nowhere {
    async fn load(&self) -> Result<Remembered, JournalError> {
        Ok(Remembered::default())
    }
    async fn arrive(&self, _: Arrival) -> Result<BeatState, JournalError> {
        Ok(BeatState::default())
    }
    async fn commit(&self, _: Change) -> Result<(), JournalError> {
        Ok(())
    }
}

impl PingStore for Nowhere {
    async fn create_check(&self, slug: String) -> Result<Made, CheckError> {
        Err(CheckError::Slug(slug))
    }
}

pub(super) fn measure() -> anyhow::Result<Part> {
    // Not in `/tmp`, which may be memory: heartbeats are kept on a disk.
    let dir = tempfile::tempdir_in(std::env::current_dir()?)?;
    let without = {
        let Kept { directory, paths, .. } = Kept::open(dir.path(), Durability::ProcessKill)?;
        load(&paths, move || PingState::new(Arc::new(Nowhere), board(), directory))?
    };
    let mut part = Part::default();
    let ways = [
        (Durability::Graded, "heartbeats, kept (the agent's way)", Goal::RatioAtLeast(GOAL)),
        (Durability::PowerLoss, "heartbeats, kept through a power loss", Goal::None),
    ];
    for (durability, what, goal) in ways {
        let Kept { store, directory, paths } = Kept::open(dir.path(), durability)?;
        let standin = load(&paths, move || PingState::new(Arc::new(store), board(), directory))?;
        let row =
            Row { what: what.to_owned(), standin, peer_name: "not kept", peer: Some(without.clone()), goal };
        part.rows.push(row);
    }
    Ok(part)
}

fn board() -> Arc<BeatBoard> {
    Arc::new(BeatBoard::new(BTreeMap::new()))
}

/// A store with URLs for all automations.
struct Kept {
    store: Sqlite,
    directory: Directory,
    paths: Vec<String>,
}

impl Kept {
    fn open(dir: &Path, durability: Durability) -> anyhow::Result<Self> {
        let store = Sqlite::open_with(&dir.join(format!("{durability:?}.db")), durability)?.store;
        let ids = (0..AUTOMATIONS).map(|n| format!("pm2:app-{n}").parse());
        let ids: Vec<AutomationId> = ids.collect::<Result<_, _>>()?;
        let (key, checks) = runtime()?.block_on(async {
            anyhow::Ok((store.ping_key().await?, store.ensure_checks(ids.clone()).await?))
        })?;
        let paths = checks.iter().map(|check: &Check| format!("/ping/{}", check.uuid)).collect();
        Ok(Self { store, directory: Directory::of(key, &checks, &ids), paths })
    }
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Serves one state on a thread of its own, as the agent does, and loads it from another.
fn load<S: PingStore>(
    paths: &[String],
    make: impl FnOnce() -> PingState<S> + Send + 'static,
) -> anyhow::Result<Quantity> {
    let (ready, address) = mpsc::channel::<SocketAddr>();
    let (end, ended) = oneshot::channel::<()>();
    let server = std::thread::spawn(move || -> anyhow::Result<()> {
        runtime()?.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            ready.send(listener.local_addr()?)?;
            listen(listener, router(make()), async { drop(ended.await) }).await?;
            Ok(())
        })
    });
    let address = address.recv().context("the server did not start")?;
    let figures = runtime()?.block_on(clients(address, paths))?;
    // A server that has ended by itself says why below.
    let _ = end.send(());
    server.join().map_err(|_| anyhow!("the server panicked"))??;
    Ok(figures)
}

async fn clients(address: SocketAddr, paths: &[String]) -> anyhow::Result<Quantity> {
    let stop = Arc::new(AtomicBool::new(false));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..CLIENTS)
        .map(|first| tokio::spawn(client(address, paths.to_vec(), first, Arc::clone(&stop))))
        .collect();
    tokio::time::sleep(TIME).await;
    stop.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    let seconds = begun.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let [p50, p99] = [50, 99].map(|percent| percentile(&times, percent));
    let count = u32::try_from(times.len())?;
    let detail = format!("p50 {p50:.1} ms, p99 {p99:.1} ms");
    Ok(Quantity::new(f64::from(count) / seconds, Unit::PerSecond).with(detail))
}

/// Milliseconds of each heartbeat, until it is told to stop.
async fn client(
    address: SocketAddr,
    paths: Vec<String>,
    first: usize,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<Vec<f64>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut times = Vec::new();
    for path in paths.iter().cycle().skip(first) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: load\r\n\r\n");
        let begun = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::with_capacity(ANSWER);
        while !answer.ends_with(b"\r\n\r\nOK") {
            let more = stream.read_buf(&mut answer).await?;
            ensure!(more > 0 && answer.len() < ANSWER, "no answer: {}", String::from_utf8_lossy(&answer));
        }
        ensure!(answer.starts_with(b"HTTP/1.1 200"), "refused: {}", String::from_utf8_lossy(&answer));
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times)
}
