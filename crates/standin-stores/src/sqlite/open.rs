//! Opening: what the file is, what becomes of one that is not fit, and the settings of a connection.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::schema;

/// How long a statement waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages that a connection keeps in memory, in KiB: the whole agent is to stay small.
const PAGE_CACHE_KIB: i32 = 512;

/// Bytes that the write-ahead log keeps once it was folded into the file.
const MAX_IDLE_LOG_BYTES: i64 = 8 * 1024 * 1024;

/// Pages of 4 KiB in the write-ahead log from which it is folded into the file: as many as it keeps. Each folding waits
/// for the disk twice, and whoever waits for an answer waits with it.
const LOG_PAGES: i32 = 2_048;

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 32;

/// A file up to this size is looked through from end to end when it is opened.
const MAX_CHECKED_BYTES: u64 = 64 * 1024 * 1024;

/// Most files that are set aside in the same second.
const MAX_SET_ASIDE: u32 = 100;

/// What an answered write survives. All of them survive the end of the process in any way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// What the engine decided survives a loss of power, with all heartbeats before it; the newest heartbeats may not.
    /// Waiting for the disk at each heartbeat would cost most of the throughput, and an effect that was forgotten costs
    /// more than a heartbeat that was.
    #[default]
    Graded,
    /// Everything survives a loss of power: each transaction waits for the disk.
    PowerLoss,
    /// A loss of power may take the newest writes of all kinds.
    ProcessKill,
}

/// Why a state file could not be opened. Nothing was written to it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such file. Only for reading: start the agent, it makes one.
    #[error("there is no state file {0}: start the agent with `standin up`, or name the right folder")]
    Missing(PathBuf),
    /// The path is a folder. Name a file.
    #[error("{0} is a folder: name a file in it, such as {0}/standin.db")]
    Directory(PathBuf),
    /// The file or its folder may not be read or written.
    #[error(
        "{path} may not be read and written ({why}): give this user the rights to the file and its folder, or choose another place"
    )]
    Rights {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// Another process holds the file.
    #[error("{0} is in use by another process: stop it with `standin down`, then try again")]
    Busy(PathBuf),
    /// It is the database of another program. It is left as it is; choose another path.
    #[error(
        "{0} is the database of another program and was left as it is: choose another path for the state"
    )]
    Foreign(PathBuf),
    /// A newer Standin wrote it. Only for reading: use that version.
    #[error("{path} has version {found} and this program knows {}: use the newer standin", schema::VERSION)]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i32,
    },
    /// An older Standin wrote it. Only for reading: start the agent, it brings the file up to date.
    #[error(
        "{path} has version {found} and this program reads {}: start the agent once with `standin up`",
        schema::VERSION
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i32,
    },
    /// It is damaged. Only for reading: start the agent, it sets the file aside and begins a new one.
    #[error(
        "{path} is damaged ({why}): start the agent with `standin up`, it sets the file aside and begins a new one"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Anything else that the disk or the database said.
    #[error("{path} could not be opened: {why}")]
    Storage {
        /// The file.
        path: PathBuf,
        /// Its words.
        why: String,
    },
}

/// What a file turned out to be.
enum Found {
    /// Ours, of the version that we write.
    Current,
    /// Nothing yet, or ours and older: the version that it has.
    Behind(i32),
}

/// Opens the file for the writer; a damaged or newer one is set aside, and a new one begun.
pub(super) fn for_writing(path: &Path) -> Result<(Connection, Vec<String>), OpenError> {
    prepare(path)?;
    let why = match writable(path) {
        Ok(conn) => return Ok((conn, Vec::new())),
        Err(OpenError::Damaged { why, .. }) => format!("is damaged ({why})"),
        Err(OpenError::Newer { found, .. }) => {
            format!("has version {found} and this program knows {} at most", schema::VERSION)
        }
        Err(other) => return Err(other),
    };
    let aside = set_aside(path)?;
    prepare(path)?;
    let conn = writable(path)?;
    let notice = format!(
        "the state file {} {why}: it was set aside as {} and a new one was begun, without the history of the old one",
        path.display(),
        aside.display()
    );
    Ok((conn, vec![notice]))
}

/// Opens the file for one line of a command beside an agent, which may have it open: whatever is unfit stays as it is.
pub(super) fn for_a_line(path: &Path) -> Result<Connection, OpenError> {
    prepare(path)?;
    writable(path)
}

fn writable(path: &Path) -> Result<Connection, OpenError> {
    let failed = |e: rusqlite::Error| explain(path, &e);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags).map_err(failed)?;
    // Whatever is set aside keeps its write-ahead log: closing after a mere look must not fold it in.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(failed)?;
    conn.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    let found = inspect(path, &conn)?;
    whole(path, &conn)?;
    settle(&conn).map_err(failed)?;
    match found {
        Found::Current => {}
        Found::Behind(version) => schema::migrate(&mut conn, version).map_err(failed)?,
    }
    readable(path, &conn)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(failed)?;
    Ok(conn)
}

/// Opens the file for reading only: nothing is made, migrated or set aside.
pub(super) fn for_reading(path: &Path) -> Result<Connection, OpenError> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => return Err(OpenError::Directory(path.to_owned())),
        Ok(_) => {}
        Err(e) => return Err(explain_io(path, &e)),
    }
    let failed = |e: rusqlite::Error| explain(path, &e);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let conn = Connection::open_with_flags(uri(path), flags).map_err(failed)?;
    conn.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    match inspect(path, &conn)? {
        Found::Current => {}
        Found::Behind(found) => return Err(OpenError::Older { path: path.to_owned(), found }),
    }
    readable(path, &conn)?;
    Ok(conn)
}

/// After a clean end there is no write-ahead log, and SQLite would make one even to read: `immutable` says that nobody
/// writes. With a log (after a kill, or while an agent runs) it has to be read the ordinary way.
fn uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(*byte))
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    let is_closed = fs::metadata(beside(path, "-wal")).map_or(0, |meta| meta.len()) == 0;
    uri.push_str(if is_closed { "?immutable=1" } else { "?mode=ro" });
    uri
}

fn settle(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "cache_size", -PAGE_CACHE_KIB)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "journal_size_limit", MAX_IDLE_LOG_BYTES)?;
    conn.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    conn.pragma_update(None, "synchronous", "FULL")
}

/// Makes the folder, and the file with rights for this user alone (the log beside it inherits them).
fn prepare(path: &Path) -> Result<(), OpenError> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => return Err(OpenError::Directory(path.to_owned())),
        Ok(_) => return Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(explain_io(path, &e)),
    }
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|e| explain_io(path, &e))?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(explain_io(path, &e)),
    }
}

fn inspect(path: &Path, conn: &Connection) -> Result<Found, OpenError> {
    let failed = |e: rusqlite::Error| explain(path, &e);
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i32>(0)).map_err(failed);
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let owner = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    match (owner, tables) {
        (schema::APPLICATION_ID, _) if version > schema::VERSION => {
            Err(OpenError::Newer { path: path.to_owned(), found: version })
        }
        (schema::APPLICATION_ID, _) if version == schema::VERSION => Ok(Found::Current),
        (schema::APPLICATION_ID, _) => Ok(Found::Behind(version)),
        (0, 0) => Ok(Found::Behind(0)),
        (_, _) => Err(OpenError::Foreign(path.to_owned())),
    }
}

fn whole(path: &Path, conn: &Connection) -> Result<(), OpenError> {
    if fs::metadata(path).map_or(0, |meta| meta.len()) > MAX_CHECKED_BYTES {
        return Ok(());
    }
    let said: String =
        conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|e| explain(path, &e))?;
    if said == "ok" {
        Ok(())
    } else {
        Err(OpenError::Damaged { path: path.to_owned(), why: one_line(&said) })
    }
}

/// A row that cannot be understood is found now and not in the middle of the work.
fn readable(path: &Path, conn: &Connection) -> Result<(), OpenError> {
    match super::reads::load(conn) {
        Ok(_) => Ok(()),
        Err(e) => Err(OpenError::Damaged { path: path.to_owned(), why: one_line(&e.to_string()) }),
    }
}

/// Renames the file and its log. They keep their names' ends, so that SQLite finds them together.
fn set_aside(path: &Path) -> Result<PathBuf, OpenError> {
    let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let free = (0..MAX_SET_ASIDE)
        .map(|n| if n == 0 { format!(".set-aside-{stamp}") } else { format!(".set-aside-{stamp}-{n}") })
        .map(|end| beside(path, &end))
        .find(|to| fs::symlink_metadata(to).is_err());
    let Some(to) = free else {
        let why = "too many files were set aside in this second".to_owned();
        return Err(OpenError::Storage { path: path.to_owned(), why });
    };
    for end in ["-wal", "-shm", ""] {
        match fs::rename(beside(path, end), beside(&to, end)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound && !end.is_empty() => {}
            other => other.map_err(|e| explain_io(path, &e))?,
        }
    }
    Ok(to)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

pub(super) fn explain(path: &Path, error: &rusqlite::Error) -> OpenError {
    let (path, why) = (path.to_owned(), one_line(&error.to_string()));
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => OpenError::Damaged { path, why },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Busy(path),
        Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
            OpenError::Rights { path, why }
        }
        _ => OpenError::Storage { path, why },
    }
}

fn explain_io(path: &Path, error: &io::Error) -> OpenError {
    let (path, why) = (path.to_owned(), error.to_string());
    let kind = error.kind();
    if kind == io::ErrorKind::NotFound {
        OpenError::Missing(path)
    } else if matches!(kind, io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) {
        OpenError::Rights { path, why }
    } else {
        OpenError::Storage { path, why }
    }
}
