//! The spool: heartbeats that were sent while no agent answered, one file each.
//!
//! A file is `<nanoseconds since 1970>-<random>.beat`: one line of JSON, then the body as it is. It is written under
//! another name, made durable and renamed; it is deleted only after the journal has kept it. An agent that dies in
//! between takes the same heartbeat twice, which the journal knows by its automation, time, signal and run.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use standin_core::beat::Beat;
use standin_core::ident::AutomationId;
use standin_engine::ports::{Arrival, Journal, JournalError};

use crate::pings::{BeatBoard, MAX_BODY_BYTES};

#[cfg(test)]
mod tests;

/// Heartbeats that may wait.
pub const MAX_WAITING: usize = 10_000;

/// Bytes of a file: a line of JSON and a body.
pub const MAX_FILE_BYTES: u64 = 128 * 1024;

/// How long a heartbeat of an automation that nobody watches is kept, in case it is watched again.
pub const MAX_UNKNOWN_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How far a heartbeat may be ahead of this machine's clock. One of a later time would make an automation look well
/// long after it has died.
pub const MAX_AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// A file without its name yet is a leftover after this time.
const MAX_UNFINISHED_AGE: std::time::Duration = std::time::Duration::from_secs(3_600);

const BEAT: &str = "beat";
const BAD: &str = "bad";
const UNFINISHED: &str = "tmp";

/// The version of the file's format.
const VERSION: u32 = 1;

/// The first line of a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: u32,
    id: AutomationId,
    beat: Beat,
}

/// Why the spool could not be emptied. What was not kept by the journal is still there; try again later.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The folder or a file in it could not be read, renamed or deleted.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The journal did not take a heartbeat.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// What became of the files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drained {
    /// Kept by the journal, and deleted.
    pub kept: usize,
    /// Left for later: nobody watches the automation.
    pub waiting: usize,
    /// Deleted: nobody has watched the automation for [`MAX_UNKNOWN_AGE`].
    pub dropped: usize,
    /// Renamed to `.bad`.
    pub bad: usize,
}

/// Puts a heartbeat into the spool. When this answers `Ok`, it survives a loss of power.
///
/// # Errors
/// The folder cannot be written, or holds [`MAX_WAITING`] heartbeats already; nothing was kept.
pub fn write(dir: &Path, id: &AutomationId, beat: &Beat, body: &[u8]) -> io::Result<()> {
    if with_ending(dir, BEAT)?.len() >= MAX_WAITING {
        let why = format!("{MAX_WAITING} heartbeats wait there already: start the agent with `standin up`");
        return Err(io::Error::new(io::ErrorKind::StorageFull, why));
    }
    let head = serde_json::to_string(&Head { version: VERSION, id: id.clone(), beat: beat.clone() })?;
    let name = format!("{:020}-{}", beat.at.as_nanosecond().max(0), uuid::Uuid::new_v4().simple());
    let unfinished = dir.join(format!("{name}.{UNFINISHED}"));
    let result = write_whole(&unfinished, &head, body.get(..MAX_BODY_BYTES).unwrap_or(body))
        .and_then(|()| fs::rename(&unfinished, dir.join(format!("{name}.{BEAT}"))));
    if result.is_err() {
        drop(fs::remove_file(&unfinished));
    }
    result.and_then(|()| fs::File::open(dir)?.sync_all())
}

fn write_whole(path: &Path, head: &str, body: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(head.as_bytes())?;
    file.write_all(b"\n")?;
    file.write_all(body)?;
    file.sync_all()
}

/// Hands what waits to the journal, oldest first, and deletes each file after it was kept. A file that cannot be read
/// is renamed to `.bad`. A folder that does not exist is an empty one.
///
/// # Errors
/// [`SpoolError`] at the first file that the system or the journal refuses; it and all later ones are still there.
pub async fn drain<J: Journal>(
    dir: &Path,
    journal: &J,
    board: &BeatBoard,
    known: &[AutomationId],
) -> Result<Drained, SpoolError> {
    let known: BTreeSet<&AutomationId> = known.iter().collect();
    let at = |path: &Path, source| SpoolError::Io { path: path.to_owned(), source };
    clear_unfinished(dir).map_err(|e| at(dir, e))?;
    let mut drained = Drained::default();
    for path in with_ending(dir, BEAT).map_err(|e| at(dir, e))? {
        let now = Timestamp::now();
        let step = match read(&path, now).map_err(|e| at(&path, e))? {
            Ok(arrival) if known.contains(&arrival.id) => {
                let id = arrival.id.clone();
                board.set(id, journal.arrive(arrival).await?);
                drained.kept += 1;
                fs::remove_file(&path)
            }
            Ok(arrival) if now.duration_since(arrival.beat.at) <= MAX_UNKNOWN_AGE => {
                drained.waiting += 1;
                Ok(())
            }
            Ok(arrival) => {
                tracing::warn!(target: "pings", id = %arrival.id, at = %arrival.beat.at,
                    "a spooled heartbeat was dropped: nobody has watched its automation for 30 days");
                drained.dropped += 1;
                fs::remove_file(&path)
            }
            Err(why) => {
                tracing::warn!(target: "pings", file = %path.display(), why,
                    "a spooled heartbeat cannot be used and was renamed to .bad");
                drained.bad += 1;
                fs::rename(&path, path.with_extension(BAD))
            }
        };
        step.map_err(|e| at(&path, e))?;
    }
    Ok(drained)
}

/// Reads one file; the inner error says why it is not a heartbeat.
fn read(path: &Path, now: Timestamp) -> io::Result<Result<Arrival, String>> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Ok(Err("it is not a file".to_owned()));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_FILE_BYTES.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(understand(&bytes, now))
}

fn understand(bytes: &[u8], now: Timestamp) -> Result<Arrival, String> {
    if u64::try_from(bytes.len()).map_or(true, |len| len > MAX_FILE_BYTES) {
        return Err(format!("it has more than {MAX_FILE_BYTES} bytes"));
    }
    let end = bytes.iter().position(|b| *b == b'\n').ok_or("it has no first line")?;
    let (head, body) = bytes.split_at_checked(end).ok_or("it has no first line")?;
    let head: Head = serde_json::from_slice(head).map_err(|e| e.to_string())?;
    if head.version != VERSION {
        return Err(format!("it has version {} and this program knows {VERSION}", head.version));
    }
    if head.beat.at.duration_since(now) > MAX_AHEAD {
        return Err(format!("its time {} is still to come", head.beat.at));
    }
    let body = body.get(1..).unwrap_or_default();
    let body = body.get(..MAX_BODY_BYTES).unwrap_or(body).to_vec();
    Ok(Arrival { id: head.id, beat: head.beat, via: "spool".to_owned(), agent: String::new(), body })
}

/// The files with this ending, by name: the oldest heartbeat first. At most [`MAX_WAITING`].
fn with_ending(dir: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
    found.sort_unstable();
    found.truncate(MAX_WAITING);
    Ok(found)
}

fn clear_unfinished(dir: &Path) -> io::Result<()> {
    for path in with_ending(dir, UNFINISHED)? {
        let age = fs::symlink_metadata(&path).and_then(|meta| meta.modified()).map(|at| at.elapsed());
        if let Ok(Ok(age)) = age
            && age > MAX_UNFINISHED_AGE
        {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
