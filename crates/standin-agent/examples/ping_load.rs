//! Heartbeats a second, persisted, against the same server answering without storing.
//!
//! ```text
//! cargo run --release -p standin-agent --example ping_load [SECONDS [CONNECTIONS [AUTOMATIONS]]]
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use standin_agent::pings::{BeatBoard, Directory, PingState, PingStore, listen, router};
use standin_core::beat::BeatState;
use standin_core::ident::AutomationId;
use standin_engine::ports::{Arrival, Change, Journal, JournalError, Remembered};
use standin_stores::{Check, CheckError, Durability, Made, Sqlite};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

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

struct Figures {
    rate: f64,
    p50: Duration,
    p99: Duration,
}

/// Serves one state on a thread of its own, as the agent does, and loads it from another.
fn measure<S: PingStore>(
    make: impl FnOnce() -> PingState<S> + Send + 'static,
    paths: &[String],
    load: &Load,
) -> Figures {
    let (ready, address) = std::sync::mpsc::channel::<SocketAddr>();
    let (end, ended) = oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ready.send(listener.local_addr().unwrap()).unwrap();
            listen(listener, router(make()), async { drop(ended.await) }).await.unwrap();
        });
    });
    let address = address.recv().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let figures = runtime.block_on(clients(address, paths, load));
    drop(runtime);
    end.send(()).unwrap();
    server.join().unwrap();
    figures
}

struct Load {
    time: Duration,
    connections: usize,
}

async fn clients(address: SocketAddr, paths: &[String], load: &Load) -> Figures {
    let stop = Arc::new(AtomicBool::new(false));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..load.connections)
        .map(|n| tokio::spawn(client(address, paths.to_vec(), n, Arc::clone(&stop))))
        .collect();
    tokio::time::sleep(load.time).await;
    stop.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let seconds = begun.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    #[allow(clippy::cast_precision_loss)]
    Figures { rate: times.len() as f64 / seconds, p50: at(50), p99: at(99) }
}

async fn client(
    address: SocketAddr,
    paths: Vec<String>,
    first: usize,
    stop: Arc<AtomicBool>,
) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut times, mut buffer, mut n) = (Vec::new(), vec![0; 4096], first);
    while !stop.load(Ordering::Relaxed) {
        let path = &paths[n % paths.len()];
        n += 1;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: load\r\n\r\n");
        let begun = Instant::now();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut read = 0;
        while !buffer[..read].ends_with(b"\r\n\r\nOK") {
            let more = stream.read(&mut buffer[read..]).await.unwrap();
            assert!(more > 0, "closed: {}", String::from_utf8_lossy(&buffer[..read]));
            read += more;
        }
        assert!(buffer.starts_with(b"HTTP/1.1 200"));
        times.push(begun.elapsed());
    }
    times
}

fn main() {
    let mut numbers = std::env::args().skip(1).map(|a| a.parse::<usize>().expect("a number"));
    let seconds = numbers.next().unwrap_or(5);
    let load = Load { time: Duration::from_secs(seconds as u64), connections: numbers.next().unwrap_or(64) };
    let automations = numbers.next().unwrap_or(226);
    let dir = tempfile::tempdir_in(std::env::current_dir().unwrap()).unwrap();
    let ids: Vec<AutomationId> = (0..automations).map(|n| format!("pm2:app-{n}").parse().unwrap()).collect();

    let open = |name: &str, durability| Sqlite::open_with(&dir.path().join(name), durability).unwrap().store;
    let setup = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let make = |store: Sqlite| {
        let (key, checks) = setup.block_on(async {
            (store.ping_key().await.unwrap(), store.ensure_checks(ids.clone()).await.unwrap())
        });
        (store, Directory::of(key, &checks, &ids), paths_of(&checks))
    };
    println!("{} connections, {automations} automations, {seconds} s each", load.connections);
    let (_, directory, paths) = make(open("none.db", Durability::ProcessKill));
    let state =
        move || PingState::new(Arc::new(Nowhere), Arc::new(BeatBoard::new(BTreeMap::new())), directory);
    let without = measure(state, &paths, &load);
    print("not stored", &without, without.rate);
    let stored = [
        ("stored (default)", Durability::Graded),
        ("stored, kill only", Durability::ProcessKill),
        ("stored, power loss too", Durability::PowerLoss),
    ];
    for (name, durability) in stored {
        let (store, directory, paths) = make(open(&format!("{durability:?}.db"), durability));
        let state =
            move || PingState::new(Arc::new(store), Arc::new(BeatBoard::new(BTreeMap::new())), directory);
        print(name, &measure(state, &paths, &load), without.rate);
    }
}

fn paths_of(checks: &[Check]) -> Vec<String> {
    checks.iter().map(|c| format!("/ping/{}", c.uuid)).collect()
}

fn print(name: &str, figures: &Figures, without: f64) {
    println!(
        "{name:<30} {:>8.0} pings/s   ratio {:.2}   p50 {:>9.1?}   p99 {:>9.1?}",
        figures.rate,
        figures.rate / without,
        figures.p50,
        figures.p99
    );
}
