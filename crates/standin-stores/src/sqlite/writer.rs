//! The one thread that owns the connection. It takes what waits, writes it as one transaction, and answers when that is
//! on the disk.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::Connection;
use standin_core::beat::BeatState;
use standin_engine::ports::{Arrival, Change, JournalError};
use tokio::sync::{mpsc, oneshot};

use super::beats::Sums;
use super::changes;
use super::open::Durability;
use super::reads::storage;

/// Requests that may wait; whoever comes later waits for a place.
pub(super) const MAX_WAITING: usize = 1_024;

/// Most requests of one transaction.
const MAX_BATCH: usize = 256;

/// After so many changes of the engine the old rows are taken away.
const PRUNE_EVERY: u32 = 256;

/// How often the heartbeats of silent automations are looked through for old ones.
const SWEEP_EVERY: Duration = Duration::from_hours(24);

/// What became of the transaction that a request was part of.
pub(super) type Fate = Result<(), JournalError>;

/// Whether what a question wrote is kept.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// It stays.
    Keep,
    /// It is undone.
    Undo,
}

/// Tells the caller, once the fate of the transaction is known.
type Reply = Box<dyn FnOnce(Fate) + Send>;

/// Something to ask the database, or to write into it, within the transaction; without a connection when that is lost.
pub(super) type Question = Box<dyn FnOnce(Option<&Connection>) -> (Step, Reply) + Send>;

/// What callers ask of the writer.
pub(super) enum Request {
    /// Keep a heartbeat.
    Arrive(Arrival, oneshot::Sender<Result<BeatState, JournalError>>),
    /// Write a change.
    Commit(Box<Change>, oneshot::Sender<Result<(), JournalError>>),
    /// Ask.
    Ask(Question),
    /// Fold the log into the file and end.
    Close(oneshot::Sender<()>),
}

/// An answer that waits for its transaction.
enum Answer {
    Beat(oneshot::Sender<Result<BeatState, JournalError>>, Result<BeatState, JournalError>),
    Done(oneshot::Sender<Result<(), JournalError>>, Result<(), JournalError>),
    Asked(Reply),
    Closing(oneshot::Sender<()>),
}

impl Answer {
    /// Sends what was found, or the fate of the transaction if that is bad, and gives back a wish to close. A caller
    /// who has gone away is no error.
    fn send(self, fate: Fate) -> Option<oneshot::Sender<()>> {
        match self {
            Self::Beat(to, result) => drop(to.send(fate.and(result))),
            Self::Done(to, result) => drop(to.send(fate.and(result))),
            Self::Asked(reply) => reply(fate),
            Self::Closing(closed) => return Some(closed),
        }
        None
    }
}

/// The writer.
pub(super) struct Writer {
    conn: Connection,
    sums: Sums,
    durability: Durability,
    sync: Sync,
    changes: u32,
    swept: Instant,
}

/// What a transaction waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sync {
    /// The disk.
    Disk,
    /// The operating system, which outlives this process.
    System,
}

impl Writer {
    /// A writer on a connection that is ready, with the bounds enforced once.
    pub(super) fn new(conn: Connection, durability: Durability) -> Result<Self, JournalError> {
        conn.execute_batch("BEGIN IMMEDIATE").map_err(storage)?;
        let sums = Sums::read(&conn, Timestamp::now())?;
        changes::prune(&conn)?;
        conn.execute_batch("COMMIT").map_err(storage)?;
        Ok(Self { conn, sums, durability, sync: Sync::Disk, changes: 0, swept: Instant::now() })
    }

    /// Works until it is closed or nobody is left to ask.
    pub(super) fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut batch = Vec::with_capacity(MAX_BATCH);
        let mut answers = Vec::with_capacity(MAX_BATCH);
        while requests.blocking_recv_many(&mut batch, MAX_BATCH) > 0 {
            let fate = self.transact(&mut batch, &mut answers);
            let mut closing = None;
            for answer in answers.drain(..) {
                closing = answer.send(same(&fate)).or(closing);
            }
            if let Some(closed) = closing {
                requests.close();
                drop(self.conn.close());
                closed.send(()).unwrap_or_default();
                return;
            }
        }
    }

    fn transact(&mut self, batch: &mut Vec<Request>, answers: &mut Vec<Answer>) -> Fate {
        let mut fate = self.wait_for(self.wanted(batch)).and_then(|()| self.run_cached("BEGIN IMMEDIATE"));
        for request in batch.drain(..) {
            answers.push(self.step(request, &mut fate));
        }
        let fate = fate.and_then(|()| self.finish());
        if fate.is_err() {
            self.abandon();
        }
        fate
    }

    fn wanted(&self, batch: &[Request]) -> Sync {
        match self.durability {
            Durability::PowerLoss => Sync::Disk,
            Durability::Graded if batch.iter().any(|r| matches!(r, Request::Commit(..))) => Sync::Disk,
            Durability::Graded | Durability::ProcessKill => Sync::System,
        }
    }

    /// SQLite takes this setting between transactions only.
    fn wait_for(&mut self, wanted: Sync) -> Result<(), JournalError> {
        if self.sync == wanted {
            return Ok(());
        }
        let level = match wanted {
            Sync::Disk => "FULL",
            Sync::System => "NORMAL",
        };
        self.conn.pragma_update(None, "synchronous", level).map_err(storage)?;
        self.sync = wanted;
        Ok(())
    }

    /// Carries out one request in its own savepoint. Once the transaction is lost, requests only wait for the bad news.
    fn step(&mut self, request: Request, fate: &mut Fate) -> Answer {
        let answer = match request {
            Request::Arrive(arrival, to) => {
                let result = if fate.is_ok() { self.arrive(&arrival) } else { Err(JournalError::Closed) };
                Answer::Beat(to, result)
            }
            Request::Commit(change, to) => {
                let result = if fate.is_ok() { self.commit(&change) } else { Err(JournalError::Closed) };
                Answer::Done(to, result)
            }
            Request::Ask(question) => Answer::Asked(self.ask(question, fate)),
            Request::Close(closed) => Answer::Closing(closed),
        };
        // A full disk makes SQLite undo the whole transaction, not only the statement.
        if fate.is_ok() && self.conn.is_autocommit() {
            *fate = Err(storage("the database undid the transaction (is the disk full?)"));
        }
        answer
    }

    /// A heartbeat without body is one statement, which is undone as a whole by itself.
    fn arrive(&mut self, arrival: &Arrival) -> Result<BeatState, JournalError> {
        if arrival.body.is_empty() {
            return self.sums.arrive(&self.conn, arrival);
        }
        // The row of the sum is made outside of the savepoint, because the memory of it is not undone.
        self.sums.place(&self.conn, &arrival.id)?;
        self.mark_savepoint()?;
        let result = self.sums.arrive(&self.conn, arrival);
        self.leave_savepoint(if result.is_ok() { Step::Keep } else { Step::Undo })?;
        result
    }

    fn commit(&mut self, change: &Change) -> Result<(), JournalError> {
        self.mark_savepoint()?;
        let result = changes::commit(&self.conn, change);
        self.leave_savepoint(if result.is_ok() { Step::Keep } else { Step::Undo })?;
        self.changes = self.changes.saturating_add(1);
        result
    }

    fn ask(&mut self, question: Question, fate: &mut Fate) -> Reply {
        if fate.is_ok() {
            *fate = self.mark_savepoint();
        }
        if fate.is_err() {
            return question(None).1;
        }
        let (step, reply) = question(Some(&self.conn));
        *fate = self.leave_savepoint(step);
        reply
    }

    fn mark_savepoint(&self) -> Result<(), JournalError> {
        self.run_cached("SAVEPOINT request")
    }

    fn leave_savepoint(&self, step: Step) -> Result<(), JournalError> {
        match step {
            Step::Keep => {}
            Step::Undo => self.run_cached("ROLLBACK TO request")?,
        }
        self.run_cached("RELEASE request")
    }

    fn run_cached(&self, sql: &str) -> Result<(), JournalError> {
        self.conn.prepare_cached(sql).and_then(|mut s| s.execute([])).map_err(storage).map(drop)
    }

    fn finish(&mut self) -> Fate {
        let now = Timestamp::now();
        self.sums.finish(&self.conn, now)?;
        if self.changes >= PRUNE_EVERY {
            self.changes = 0;
            changes::prune(&self.conn)?;
        }
        if self.swept.elapsed() >= SWEEP_EVERY {
            self.swept = Instant::now();
            self.sums.sweep(&self.conn, now)?;
        }
        self.run_cached("COMMIT")
    }

    /// The transaction is lost: what the writer remembers of it must go too.
    fn abandon(&mut self) {
        if !self.conn.is_autocommit() {
            drop(self.conn.execute_batch("ROLLBACK"));
        }
        self.sums.forget();
    }
}

/// The same fate for each caller.
fn same(fate: &Fate) -> Fate {
    match fate {
        Ok(()) => Ok(()),
        Err(e) => Err(JournalError::Storage(e.to_string())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_decisions_wait_for_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let conn = super::super::open::for_writing(&dir.path().join("standin.db")).unwrap().0;
        let mut writer = Writer::new(conn, Durability::default()).unwrap();
        let level = |writer: &Writer| {
            writer.conn.query_row("PRAGMA synchronous", [], |row| row.get::<_, u8>(0)).unwrap()
        };
        let (to, _answer) = oneshot::channel();
        let beat =
            Request::Arrive(crate::conformance::arrival("web", 1, standin_core::beat::Signal::Start), to);
        writer.transact(&mut vec![beat], &mut Vec::new()).unwrap();
        assert_eq!(level(&writer), 1, "NORMAL");
        let (to, _answer) = oneshot::channel();
        let decision = Request::Commit(Box::default(), to);
        writer.transact(&mut vec![decision], &mut Vec::new()).unwrap();
        assert_eq!(level(&writer), 2, "FULL");
    }
}
