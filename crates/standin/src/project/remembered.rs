//! A scan that reads again only what has changed since the one before.

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use standin_core::automation::Inventory;
use standin_discovery::{Cache, Progress, ScanOptions, scan_with};

use super::Root;
use crate::exit::Failure;

/// Where it is kept, in the state's folder.
const FILE: &str = "scan.cache";
/// Most bytes of it that are read: more is no cache of ours.
const MAX_BYTES: u64 = 64 << 20;
/// From when on a person is told how far it is.
const LONG: Duration = Duration::from_millis(500);
/// How often.
const OFTEN: Duration = Duration::from_millis(100);

/// Scans a repository. What is remembered is kept where Standin has a folder already, and costs nothing but time when it
/// is lost: a look at a repository makes nothing in it.
pub(super) fn scan(root: &Root, options: &ScanOptions) -> Result<Inventory, Failure> {
    let path = root.state.root().join(FILE);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut cache = read(&path, now).unwrap_or_else(|| Cache::new(now));
    let teller = Teller::new();
    let found = scan_with(&root.path, options, &mut cache, &|progress| teller.tell(progress));
    teller.clear();
    let inventory = found?;
    if cache.is_changed()
        && root.state.root().is_dir()
        && let Err(error) = keep(&path, &cache.to_bytes())
    {
        tracing::warn!(%error, "what the scan has read cannot be remembered");
    }
    Ok(inventory)
}

/// Puts the whole in place of what was there. Nothing waits for the disk: what is lost or damaged is only read anew.
fn keep(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}.new", std::process::id()));
    // What a process of the same number left when it was killed.
    let _ = std::fs::remove_file(&new);
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    let kept = out.write_all(bytes).and_then(|()| std::fs::rename(&new, path));
    if kept.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    kept
}

fn read(path: &Path, now: Duration) -> Option<Cache> {
    let about = std::fs::symlink_metadata(path).ok()?;
    if !about.is_file() || about.len() > MAX_BYTES {
        return None;
    }
    Some(Cache::from_bytes(std::fs::read(path).ok()?, now))
}

/// Says on a terminal how far a long scan is.
struct Teller {
    begun: Instant,
    said: Cell<Option<Instant>>,
    is_watched: bool,
}

impl Teller {
    fn new() -> Self {
        Self { begun: Instant::now(), said: Cell::new(None), is_watched: std::io::stderr().is_terminal() }
    }

    fn tell(&self, progress: Progress) {
        if !self.is_watched || self.begun.elapsed() < LONG {
            return;
        }
        if self.said.get().is_some_and(|last| last.elapsed() < OFTEN) {
            return;
        }
        self.said.set(Some(Instant::now()));
        // Whoever does not read it misses nothing.
        let _ = write!(
            std::io::stderr(),
            "\r\u{1b}[Kscanning: {} files seen, {} read",
            progress.seen,
            progress.parsed
        );
    }

    fn clear(&self) {
        if self.said.get().is_some() {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}
