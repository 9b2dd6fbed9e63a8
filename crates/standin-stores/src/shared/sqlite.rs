//! Cells and records in one SQLite file: the agent's own, the home arbiter of what runs on its host.
//!
//! Each write takes the file's write lock before it looks (`BEGIN IMMEDIATE`), so that two processes are as safe as two
//! tasks. The store's clock is this machine's.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::{ReadError, Stamped, SwapAnswer, Version, WriteError};

use super::{Cells, Listed, MAX_LISTED, MAX_NAME_BYTES, Object, Shelf};

/// How long a write waits for another process that writes. Shorter than any request's time.
const BUSY_TIMEOUT: Duration = Duration::from_secs(4);
/// Between two tries of what does not wait by itself.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// Pages that the connection keeps in memory, in KiB.
const PAGE_CACHE_KIB: i32 = 256;

/// What the file says that it is: "stnm".
const APPLICATION: i32 = 0x7374_6e6d;

/// The version of what is in the file.
const VERSION: i32 = 1;

const SCHEMA: &str = "
    CREATE TABLE store (id TEXT NOT NULL, seq INTEGER NOT NULL);
    CREATE TABLE cells (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL);
    CREATE TABLE shelf (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL);
";

/// Why the file cannot be used. Nothing was written to it.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// It is the database of another program. Name another path.
    #[error("{0} is the database of another program and was left as it is: choose another path")]
    Foreign(PathBuf),
    /// A newer Standin wrote it. Use that one.
    #[error("{path} has version {found} and this program knows {VERSION}: use the newer standin")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i32,
    },
    /// The disk or the database refused, or the file is damaged. What was decided may be in it, so it is not replaced.
    #[error(
        "{path} cannot be used ({why}): see to its rights and its disk, or move the file away when no agent runs"
    )]
    Storage {
        /// The file.
        path: PathBuf,
        /// Their words.
        why: String,
    },
}

/// An opened file. Clones share its connection.
#[derive(Debug, Clone)]
pub struct Local {
    connection: Arc<Mutex<Connection>>,
    /// Which file this is: a version of an earlier one is none of this one's.
    id: Arc<str>,
}

#[derive(Debug, Clone, Copy)]
enum Table {
    Cells,
    Shelf,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Cells => "cells",
            Self::Shelf => "shelf",
        }
    }
}

impl Local {
    /// Opens the file, or makes it, for its owner alone. The folder must be there.
    ///
    /// # Errors
    /// [`LocalError`], which names what to do.
    pub fn open(path: &Path) -> Result<Self, LocalError> {
        let storage = |why: String| LocalError::Storage { path: path.to_owned(), why };
        make(path).map_err(|error| storage(error.to_string()))?;
        let mut connection = Connection::open(path).map_err(|error| storage(error.to_string()))?;
        settle(&connection).map_err(|error| storage(error.to_string()))?;
        let (found, id) = begin(&mut connection).map_err(|error| storage(error.to_string()))?;
        match (found, id) {
            (VERSION, Some(id)) => Ok(Self { connection: Arc::new(Mutex::new(connection)), id: id.into() }),
            (found, Some(_)) => Err(LocalError::Newer { path: path.to_owned(), found }),
            (_, None) => Err(LocalError::Foreign(path.to_owned())),
        }
    }

    /// Runs `work` where it may wait for the disk. `None` when it could not be run.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Option<T> {
        let connection = Arc::clone(&self.connection);
        let work = move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(work).await.ok()
    }

    fn version(&self, seq: i64) -> Version {
        Version(format!("{}.{seq}", self.id).into())
    }

    /// The number in a version of this file; another one's was never here.
    fn seq(&self, version: &Version) -> Option<i64> {
        version.0.strip_prefix(&*self.id)?.strip_prefix('.')?.parse().ok()
    }
}

/// The file, for its owner alone: SQLite would make it for everybody.
fn make(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "cache_size", -PAGE_CACHE_KIB)?;
    write_ahead(connection)?;
    // A claim that a loss of power takes back would be acted on twice.
    connection.pragma_update(None, "synchronous", "FULL")
}

/// Turns write-ahead on. While another process does the same to a new file, SQLite says that it is busy without waiting.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && begun.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(BUSY_PAUSE);
            }
            other => return other,
        }
    }
}

/// Makes the tables of a new file. Gives its version, and its id if it is one of ours.
fn begin(connection: &mut Connection) -> rusqlite::Result<(i32, Option<String>)> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let application: i32 = change.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = change.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if tables == 0 && application == 0 {
        change.execute_batch(SCHEMA)?;
        let id = uuid::Uuid::new_v4().simple().to_string();
        change.execute("INSERT INTO store (id, seq) VALUES (?1, 0)", [id])?;
        change.pragma_update(None, "application_id", APPLICATION)?;
        change.pragma_update(None, "user_version", VERSION)?;
    } else if application != APPLICATION {
        return Ok((0, None));
    }
    let version = change.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let id = change.query_row("SELECT id FROM store", [], |row| row.get(0))?;
    change.commit()?;
    Ok((version, Some(id)))
}

/// What is written under a name, by its number.
fn seq_of(change: &Transaction<'_>, table: Table, name: &str) -> rusqlite::Result<Option<i64>> {
    let query = format!("SELECT seq FROM {} WHERE name = ?1", table.name());
    change.prepare_cached(&query)?.query_row([name], |row| row.get(0)).optional()
}

/// How far a write came.
enum Failed {
    /// Nothing was written and nothing will be.
    Before,
    /// The commit failed, and what the disk has of it is not known.
    Commit,
}

/// Writes under the file's lock, if what is there is what `expect` says; `None` for whatever is there.
fn write(
    connection: &mut Connection,
    table: Table,
    name: &str,
    expect: Option<Option<i64>>,
    body: &[u8],
) -> Result<Option<i64>, Failed> {
    let change =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|_| Failed::Before)?;
    let put = || -> rusqlite::Result<Option<i64>> {
        if let Some(expect) = expect
            && seq_of(&change, table, name)? != expect
        {
            return Ok(None);
        }
        let seq: i64 = change
            .prepare_cached("UPDATE store SET seq = seq + 1 RETURNING seq")?
            .query_row([], |row| row.get(0))?;
        let put = format!(
            "INSERT INTO {} (name, seq, at, body) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, at = excluded.at, body = excluded.body",
            table.name()
        );
        change.prepare_cached(&put)?.execute(params![name, seq, now().0, body])?;
        Ok(Some(seq))
    };
    let Some(seq) = put().map_err(|_| Failed::Before)? else { return Ok(None) };
    change.commit().map_err(|error| match error.sqlite_error_code() {
        // It was never the one who writes, so nothing of it is on the disk.
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Failed::Before,
        _ => Failed::Commit,
    })?;
    Ok(Some(seq))
}

type Row = (String, i64, Vec<u8>);

/// Rows whose names begin with `prefix`, with their bodies or without.
fn rows(connection: &Connection, table: Table, prefix: &str, body: &str) -> rusqlite::Result<Vec<Row>> {
    let query = format!(
        "SELECT name, seq, {body} FROM {} WHERE name >= ?1 AND substr(name, 1, length(?1)) = ?1
         ORDER BY name LIMIT {MAX_LISTED}",
        table.name()
    );
    let mut statement = connection.prepare_cached(&query)?;
    let rows = statement.query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

fn now() -> StoreTime {
    StoreTime::from(Timestamp::now())
}

/// What a failed read is: a file that cannot be read is not the same as a store that is busy.
fn read_error(error: &rusqlite::Error) -> ReadError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => ReadError::Garbage,
        _ => ReadError::Unreachable,
    }
}

impl Cells for Local {
    async fn read(&self, name: &str) -> Result<Stamped<Option<Object>>, ReadError> {
        let name = name.to_owned();
        let read = self.run(move |connection| {
            connection
                .prepare_cached("SELECT seq, body FROM cells WHERE name = ?1")?
                .query_row([name], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))
                .optional()
        });
        let row = read.await.ok_or(ReadError::Unreachable)?.map_err(|error| read_error(&error))?;
        let value = row.map(|(seq, body)| Object { version: self.version(seq), bytes: body.into() });
        Ok(Stamped { at: now(), value })
    }

    async fn swap(&self, name: &str, expect: Option<&Version>, bytes: Bytes) -> SwapAnswer {
        if name.len() > MAX_NAME_BYTES {
            return SwapAnswer::Lost;
        }
        let expect = match expect.map(|version| self.seq(version)) {
            // A version that this file never gave is not there.
            Some(None) => return SwapAnswer::Lost,
            Some(seq) => seq,
            None => None,
        };
        let name = name.to_owned();
        let written =
            self.run(move |connection| write(connection, Table::Cells, &name, Some(expect), &bytes));
        match written.await {
            Some(Ok(Some(seq))) => SwapAnswer::Won(Stamped { at: now(), value: self.version(seq) }),
            Some(Ok(None) | Err(Failed::Before)) => SwapAnswer::Lost,
            Some(Err(Failed::Commit)) | None => SwapAnswer::Unknown,
        }
    }

    async fn list(&self, prefix: &str) -> Result<Stamped<Vec<Listed>>, ReadError> {
        let prefix = prefix.to_owned();
        let read = self.run(move |connection| rows(connection, Table::Cells, &prefix, "x''"));
        let rows = read.await.ok_or(ReadError::Unreachable)?.map_err(|error| read_error(&error))?;
        let value =
            rows.into_iter().map(|(name, seq, _)| Listed { name, version: self.version(seq) }).collect();
        Ok(Stamped { at: now(), value })
    }

    async fn remove(&self, name: &str, expect: &Version) -> Result<StoreTime, WriteError> {
        let seq = self.seq(expect).ok_or(WriteError::Refused)?;
        let name = name.to_owned();
        // One statement is a transaction of its own, and takes the write lock before it looks.
        let removed = self.run(move |connection| {
            connection
                .prepare_cached("DELETE FROM cells WHERE name = ?1 AND seq = ?2")?
                .execute(params![name, seq])
        });
        match removed.await {
            Some(Ok(1)) => Ok(now()),
            Some(Ok(_)) => Err(WriteError::Refused),
            Some(Err(_)) | None => Err(WriteError::Unknown),
        }
    }
}

impl Shelf for Local {
    async fn read_all(&self) -> Result<Stamped<Vec<(String, Object)>>, ReadError> {
        let read = self.run(move |connection| rows(connection, Table::Shelf, "", "body"));
        let rows = read.await.ok_or(ReadError::Unreachable)?.map_err(|error| read_error(&error))?;
        let object = |seq, body: Vec<u8>| Object { version: self.version(seq), bytes: body.into() };
        let value = rows.into_iter().map(|(name, seq, body)| (name, object(seq, body))).collect();
        Ok(Stamped { at: now(), value })
    }

    async fn write(&self, name: &str, bytes: Bytes) -> Result<StoreTime, WriteError> {
        let name = name.to_owned();
        let written = self.run(move |connection| write(connection, Table::Shelf, &name, None, &bytes));
        match written.await {
            Some(Ok(_)) => Ok(now()),
            Some(Err(Failed::Before)) => Err(WriteError::Refused),
            Some(Err(Failed::Commit)) | None => Err(WriteError::Unknown),
        }
    }
}

#[cfg(test)]
mod tests;
