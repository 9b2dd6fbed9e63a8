//! The journal in one SQLite file.
//!
//! A thread owns the connection. Callers hand it their requests through a bounded channel; it writes all that wait as
//! one transaction and answers each of them when the transaction is on the disk: persist, then answer.

mod beats;
mod changes;
mod checks;
mod drills;
mod log;
mod open;
mod reads;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;
use standin_core::beat::BeatState;
use standin_core::ident::AutomationId;
use standin_engine::ports::{Arrival, Change, Journal, JournalError, Remembered};
use tokio::sync::{mpsc, oneshot};

pub use beats::{MAX_AGE, MAX_AUTOMATIONS, MAX_BEATS, MAX_BODY_BYTES};
pub use drills::{KEPT_DRILLS, drills, record_drill};
pub use open::{Durability, OpenError};
pub use reads::MAX_PAGE;

use crate::checks::{Check, CheckError, Made};
use crate::record::{Attempt, Flip};
use writer::{MAX_WAITING, Request, Step, Writer};

/// An opened journal. Clones share the one writer; it ends when the last of them is dropped, or with [`Self::close`].
#[derive(Debug, Clone)]
pub struct Sqlite {
    requests: mpsc::Sender<Request>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Request")
    }
}

/// What opening gave.
#[derive(Debug)]
pub struct Opened {
    /// The journal.
    pub store: Sqlite,
    /// What a person must be told: files that were set aside. Usually empty.
    pub notices: Vec<String>,
}

impl Sqlite {
    /// Opens the state file, or makes it. A damaged file and one of a newer version are renamed to
    /// `<name>.set-aside-<UTC time>`, with their logs, and a new file is begun; the notices say so.
    ///
    /// # Errors
    /// [`OpenError`] when the file cannot be used and must not be replaced: its message names the fix.
    pub fn open(path: &Path) -> Result<Opened, OpenError> {
        Self::open_with(path, Durability::default())
    }

    /// As [`Self::open`], with a choice of what an answered write survives.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(path: &Path, durability: Durability) -> Result<Opened, OpenError> {
        let (conn, notices) = open::for_writing(path)?;
        let failed = |why: String| OpenError::Storage { path: path.to_owned(), why };
        let writer = Writer::new(conn, durability).map_err(|e| failed(e.to_string()))?;
        let (requests, inbox) = mpsc::channel(MAX_WAITING);
        std::thread::Builder::new()
            .name("standin-journal".into())
            .spawn(move || writer.run(inbox))
            .map_err(|e| failed(e.to_string()))?;
        Ok(Opened { store: Self { requests }, notices })
    }

    /// Opens the state file for reading, when no agent runs that could be asked. Nothing is made or migrated.
    ///
    /// # Errors
    /// [`OpenError`] when there is none, or this program cannot read it.
    pub fn read(path: &Path) -> Result<Reader, OpenError> {
        open::for_reading(path).map(|conn| Reader { conn })
    }

    /// Writes what waits, folds the log into the file and ends the writer. Later calls are [`JournalError::Closed`].
    pub async fn close(&self) {
        let (to, closed) = oneshot::channel();
        if self.requests.send(Request::Close(to)).await.is_ok() {
            drop(closed.await);
        }
    }

    /// All checks, ordered by id.
    ///
    /// # Errors
    /// [`JournalError`]; nothing was changed.
    pub async fn checks(&self) -> Result<Vec<Check>, JournalError> {
        self.ask(checks::all).await
    }

    /// The checks of these automations, in this order; what has none gets one, with a random uuid.
    ///
    /// # Errors
    /// [`JournalError`]; nothing was written.
    pub async fn ensure_checks(&self, ids: Vec<AutomationId>) -> Result<Vec<Check>, JournalError> {
        self.ask(move |conn| checks::ensure(conn, &ids)).await
    }

    /// The check of a slug; when there is none it is made, for the automation `heartbeat:<slug>`.
    ///
    /// # Errors
    /// [`CheckError`]; nothing was written.
    pub async fn create_check(&self, slug: String) -> Result<Made, CheckError> {
        self.ask(move |conn| checks::create(conn, &slug)).await
    }

    /// The secret part of slug addresses: random, made once.
    ///
    /// # Errors
    /// [`JournalError`]; nothing was written.
    pub async fn ping_key(&self) -> Result<String, JournalError> {
        self.ask(checks::ensure_ping_key).await
    }

    /// The newest `limit` flips (at most [`MAX_PAGE`]) since a time, oldest first.
    ///
    /// # Errors
    /// [`JournalError`]; nothing was changed.
    pub async fn history(&self, since: Timestamp, limit: usize) -> Result<Vec<Flip>, JournalError> {
        self.ask(move |conn| reads::history(conn, since, limit)).await
    }

    /// The newest `limit` attempts (at most [`MAX_PAGE`]) since a time, oldest first.
    ///
    /// # Errors
    /// [`JournalError`]; nothing was changed.
    pub async fn attempts(&self, since: Timestamp, limit: usize) -> Result<Vec<Attempt>, JournalError> {
        self.ask(move |conn| reads::attempts(conn, since, limit)).await
    }

    /// The newest `limit` heartbeats (at most [`MAX_PAGE`]) of an automation, oldest first.
    ///
    /// # Errors
    /// [`JournalError`]; nothing was changed.
    pub async fn beats_of(&self, id: AutomationId, limit: usize) -> Result<Vec<Arrival>, JournalError> {
        self.ask(move |conn| reads::beats_of(conn, &id, limit)).await
    }

    /// Runs `question` in the writer's transaction; when it fails, what it wrote is undone.
    async fn ask<T, E>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<JournalError> + Send + 'static,
    {
        let (to, answer) = oneshot::channel();
        let request = Request::Ask(Box::new(move |conn| {
            let result = conn.ok_or(JournalError::Closed).map_err(E::from).and_then(question);
            let step = if result.is_ok() { Step::Keep } else { Step::Undo };
            let reply = move |fate: writer::Fate| drop(to.send(fate.map_err(E::from).and(result)));
            (step, Box::new(reply))
        }));
        self.send(request, answer).await
    }

    async fn send<T, E: From<JournalError>>(
        &self,
        request: Request,
        answer: oneshot::Receiver<Result<T, E>>,
    ) -> Result<T, E> {
        self.requests.send(request).await.map_err(|_| JournalError::Closed)?;
        answer.await.map_err(|_| JournalError::Closed)?
    }
}

impl Journal for Sqlite {
    async fn load(&self) -> Result<Remembered, JournalError> {
        self.ask(reads::load).await
    }

    async fn arrive(&self, arrival: Arrival) -> Result<BeatState, JournalError> {
        let (to, answer) = oneshot::channel();
        self.send(Request::Arrive(arrival, to), answer).await
    }

    async fn commit(&self, change: Change) -> Result<(), JournalError> {
        let (to, answer) = oneshot::channel();
        self.send(Request::Commit(Box::new(change), to), answer).await
    }
}

/// A state file opened for reading only. All errors are [`JournalError::Storage`]; nothing is ever changed.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
}

#[allow(clippy::missing_errors_doc)]
impl Reader {
    /// Everything that a start would need.
    pub fn load(&self) -> Result<Remembered, JournalError> {
        // One look: the writer may fold its log between two.
        let look = self.conn.unchecked_transaction().map_err(reads::storage)?;
        reads::load(&look)
    }

    /// As [`Sqlite::history`].
    pub fn history(&self, since: Timestamp, limit: usize) -> Result<Vec<Flip>, JournalError> {
        reads::history(&self.conn, since, limit)
    }

    /// As [`Sqlite::attempts`].
    pub fn attempts(&self, since: Timestamp, limit: usize) -> Result<Vec<Attempt>, JournalError> {
        reads::attempts(&self.conn, since, limit)
    }

    /// As [`Sqlite::beats_of`].
    pub fn beats_of(&self, id: &AutomationId, limit: usize) -> Result<Vec<Arrival>, JournalError> {
        reads::beats_of(&self.conn, id, limit)
    }

    /// As [`Sqlite::checks`].
    pub fn checks(&self) -> Result<Vec<Check>, JournalError> {
        checks::all(&self.conn)
    }

    /// The secret part of slug addresses; `None` when no agent has made one yet.
    pub fn ping_key(&self) -> Result<Option<String>, JournalError> {
        checks::ping_key(&self.conn)
    }
}
