//! Keeping heartbeats: one narrow row each, one sum for each automation, and bounds for both. Rows arrive in the log.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use standin_core::beat::BeatState;
use standin_core::ident::AutomationId;
use standin_engine::ports::{Arrival, JournalError};

use super::log::{self, Log};
use super::reads::{json, nanos, storage};

/// Newest heartbeats that are kept of one automation, besides those in the log.
pub const MAX_BEATS: u32 = 1_000;

/// How long a heartbeat is kept.
pub const MAX_AGE: Duration = Duration::from_hours(30 * 24);

/// Bytes of bodies that are kept of all automations together; the oldest go first.
pub const MAX_BODY_BYTES: i64 = 128 * 1024 * 1024;

/// After so many heartbeats of one automation its old ones are taken away.
const PRUNE_EVERY: u32 = 128;

/// Bodies that one step of pruning takes away.
const BODIES_AT_ONCE: u32 = 64;

/// Most automations whose sums stay in memory.
const MAX_KNOWN: usize = 4_096;

/// Most automations that may send heartbeats: their sums have to fit into the memory of a small agent.
pub const MAX_AUTOMATIONS: u32 = 20_000;

/// The writer's memory of the sums. It is dropped whenever a transaction is lost, and read again.
#[derive(Debug)]
pub(super) struct Sums {
    places: BTreeMap<AutomationId, usize>,
    known: Vec<Known>,
    changed: Vec<usize>,
    log: Log,
    body_bytes: i64,
    max_body_bytes: i64,
}

#[derive(Debug)]
struct Known {
    row: i64,
    state: BeatState,
    /// The time of its newest heartbeat: what is newer was never kept before.
    newest: i64,
    is_changed: bool,
    since_prune: u32,
}

impl Sums {
    /// Reads what the bounds need, folds what the last life left, and takes away what is old.
    pub(super) fn read(conn: &Connection, now: Timestamp) -> Result<Self, JournalError> {
        let mut sums = Self {
            places: BTreeMap::new(),
            known: Vec::new(),
            changed: Vec::new(),
            log: Log::read(conn)?,
            body_bytes: count_body_bytes(conn)?,
            max_body_bytes: MAX_BODY_BYTES,
        };
        sums.sweep(conn, now)?;
        Ok(sums)
    }

    /// Keeps one heartbeat. The new sum is what is kept of it in memory; on the disk it follows from the log.
    pub(super) fn arrive(&mut self, conn: &Connection, arrival: &Arrival) -> Result<BeatState, JournalError> {
        let place = self.place(conn, &arrival.id)?;
        let Some(known) = self.known.get_mut(place) else {
            return Err(storage("the sums are out of step"));
        };
        let at = nanos(arrival.beat.at);
        // Only what comes late, out of a spool, may have come before.
        if at <= known.newest && log::is_kept(conn, known.row, &arrival.beat)? {
            return Ok(known.state.clone());
        }
        let beat = self.log.append(conn, known.row, arrival)?;
        if !arrival.body.is_empty() {
            self.body_bytes = self.body_bytes.saturating_add(keep_body(conn, beat, &arrival.body)?);
        }
        known.state.record(&arrival.beat);
        known.newest = known.newest.max(at);
        known.since_prune = known.since_prune.saturating_add(1);
        if !known.is_changed {
            known.is_changed = true;
            self.changed.push(place);
        }
        Ok(known.state.clone())
    }

    /// Ends a transaction: folds the log when it is long, and takes away what is beyond the bounds.
    pub(super) fn finish(&mut self, conn: &Connection, now: Timestamp) -> Result<(), JournalError> {
        if self.log.is_full() {
            self.fold(conn, now)?;
        }
        self.prune_bodies(conn)
    }

    /// Takes away the old heartbeats of all automations.
    pub(super) fn sweep(&mut self, conn: &Connection, now: Timestamp) -> Result<(), JournalError> {
        self.fold(conn, now)?;
        let mut statement = conn.prepare("SELECT automation FROM beat_state").map_err(storage)?;
        let all: Vec<i64> =
            statement.query_map([], |r| r.get(0)).and_then(Iterator::collect).map_err(storage)?;
        all.into_iter().try_for_each(|automation| prune(conn, automation, now))
    }

    /// Writes the sums, and moves the log to where each automation has its heartbeats together.
    fn fold(&mut self, conn: &Connection, now: Timestamp) -> Result<(), JournalError> {
        // What an earlier life, or a lost transaction, left in the log and nobody has asked for since.
        for id in self.log.unread(conn)? {
            self.place(conn, &id)?;
        }
        for place in std::mem::take(&mut self.changed) {
            let Some(known) = self.known.get_mut(place) else { continue };
            let sql = "UPDATE beat_state SET state = ?2 WHERE automation = ?1";
            let row = (known.row, json(&known.state)?);
            conn.prepare_cached(sql).and_then(|mut s| s.execute(row)).map_err(storage)?;
            known.is_changed = false;
        }
        self.log.fold(conn)?;
        for known in self.known.iter_mut().filter(|known| known.since_prune >= PRUNE_EVERY) {
            known.since_prune = 0;
            prune(conn, known.row, now)?;
        }
        if self.known.len() > MAX_KNOWN {
            self.places.clear();
            self.known.clear();
        }
        Ok(())
    }

    /// Drops what is remembered; it is read again when it is needed.
    pub(super) fn forget(&mut self) {
        self.places.clear();
        self.known.clear();
        self.changed.clear();
        self.log.forget();
    }

    /// The oldest bodies go when there are too many, some more than need be so that it is not done all the time;
    /// their heartbeats stay. The running sum only grows, so it is counted anew first.
    fn prune_bodies(&mut self, conn: &Connection) -> Result<(), JournalError> {
        if self.body_bytes <= self.max_body_bytes {
            return Ok(());
        }
        self.body_bytes = count_body_bytes(conn)?;
        if self.body_bytes <= self.max_body_bytes {
            return Ok(());
        }
        let goal = self.max_body_bytes - self.max_body_bytes / 16;
        while self.body_bytes > goal {
            let oldest = "DELETE FROM bodies WHERE beat IN (SELECT beat FROM bodies ORDER BY beat LIMIT ?1)
                RETURNING length(body)";
            let mut statement = conn.prepare_cached(oldest).map_err(storage)?;
            let gone: Vec<i64> = statement
                .query_map([BODIES_AT_ONCE], |row| row.get(0))
                .and_then(Iterator::collect)
                .map_err(storage)?;
            if gone.is_empty() {
                break;
            }
            self.body_bytes = self.body_bytes.saturating_sub(gone.iter().sum());
        }
        Ok(())
    }

    /// Where the sum of an automation is remembered; it is read, or begun, when it is not.
    pub(super) fn place(&mut self, conn: &Connection, id: &AutomationId) -> Result<usize, JournalError> {
        if let Some(place) = self.places.get(id) {
            return Ok(*place);
        }
        let sql = "SELECT automation, state FROM beat_state WHERE id = ?1";
        let found = conn
            .query_row(sql, [id.as_str()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
            .optional()
            .map_err(storage)?;
        let (row, mut state) = match found {
            Some((row, text)) => (row, serde_json::from_str(&text).map_err(storage)?),
            None => (add(conn, id)?, BeatState::default()),
        };
        let mut newest = log::newest_folded(conn, row)?;
        let unfolded = self.log.take_unread(conn, row)?;
        for beat in &unfolded {
            state.record(beat);
            newest = newest.max(nanos(beat.at));
        }
        let place = self.known.len();
        let is_changed = !unfolded.is_empty();
        if is_changed {
            self.changed.push(place);
        }
        self.known.push(Known { row, state, newest, is_changed, since_prune: 0 });
        self.places.insert(id.clone(), place);
        Ok(place)
    }
}

fn count_body_bytes(conn: &Connection) -> Result<i64, JournalError> {
    let sql = "SELECT coalesce(sum(length(body)), 0) FROM bodies";
    conn.query_row(sql, [], |row| row.get(0)).map_err(storage)
}

fn add(conn: &Connection, id: &AutomationId) -> Result<i64, JournalError> {
    let count: u32 =
        conn.query_row("SELECT count(*) FROM beat_state", [], |row| row.get(0)).map_err(storage)?;
    if count >= MAX_AUTOMATIONS {
        return Err(storage(format!(
            "{MAX_AUTOMATIONS} automations send heartbeats already: begin a new state file"
        )));
    }
    let sql = "INSERT INTO beat_state (id, state) VALUES (?1, ?2)";
    conn.execute(sql, (id.as_str(), json(&BeatState::default())?)).map_err(storage)?;
    Ok(conn.last_insert_rowid())
}

/// Keeps the body of a heartbeat, and gives its size in bytes.
fn keep_body(conn: &Connection, beat: i64, body: &[u8]) -> Result<i64, JournalError> {
    let sql = "INSERT OR REPLACE INTO bodies (beat, body) VALUES (?1, ?2)";
    conn.prepare_cached(sql).and_then(|mut s| s.execute((beat, body))).map_err(storage)?;
    Ok(i64::try_from(body.len()).unwrap_or(i64::MAX))
}

fn prune(conn: &Connection, automation: i64, now: Timestamp) -> Result<(), JournalError> {
    let age = jiff::SignedDuration::try_from(MAX_AGE).unwrap_or(jiff::SignedDuration::MAX);
    let cutoff = nanos(now.checked_sub(age).unwrap_or(Timestamp::MIN));
    let first = "SELECT max(?2, coalesce((SELECT at FROM beats WHERE automation = ?1 ORDER BY at DESC
        LIMIT 1 OFFSET ?3), ?2))";
    let keep = MAX_BEATS.saturating_sub(1);
    let from: i64 = conn
        .prepare_cached(first)
        .and_then(|mut s| s.query_row((automation, cutoff, keep), |r| r.get(0)))
        .map_err(storage)?;
    let bodies =
        "DELETE FROM bodies WHERE beat IN (SELECT beat FROM beats WHERE automation = ?1 AND at < ?2)";
    conn.prepare_cached(bodies).and_then(|mut s| s.execute((automation, from))).map_err(storage)?;
    let rows = "DELETE FROM beats WHERE automation = ?1 AND at < ?2";
    conn.prepare_cached(rows).and_then(|mut s| s.execute((automation, from))).map_err(storage)?;
    Ok(())
}
