//! The log of the newest heartbeats: rows one after the other, and, a few thousand at a time, their folding into the
//! table that has them by automation and time.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};
use standin_core::beat::Beat;
use standin_core::ident::AutomationId;
use standin_engine::ports::{Arrival, JournalError};

use super::changes::set_mark;
use super::reads::{beat, id, mark, nanos, rows, storage};
use crate::RESERVED_MARKS;
use crate::memory::signal_number;

/// Heartbeats of the log from which it is folded. Each folding writes a page for nearly each automation that sends, so
/// that few of them cost much; and it holds up all others, so that many of them cost time.
pub(super) const FOLD_AT: u32 = if cfg!(test) { 64 } else { 4_096 };

/// What the writer knows of the log.
#[derive(Debug)]
pub(super) struct Log {
    /// The number of the newest heartbeat of all. Bodies go by it, so none is given twice.
    last: i64,
    /// Heartbeats in the log; `None` when that has to be counted.
    length: Option<u32>,
    /// Automations with heartbeats in the log that are not in the writer's sums.
    unread: BTreeSet<i64>,
}

impl Log {
    pub(super) fn read(conn: &Connection) -> Result<Self, JournalError> {
        let folded = mark(conn, &last_beat())?.map_or(Ok(0), |text| text.parse()).map_err(storage)?;
        let sql = "SELECT coalesce(max(beat), 0) FROM fresh";
        let fresh: i64 = conn.query_row(sql, [], |row| row.get(0)).map_err(storage)?;
        let mut log = Self { last: fresh.max(folded), length: None, unread: BTreeSet::new() };
        log.count(conn)?;
        Ok(log)
    }

    /// Keeps a heartbeat; gives its number.
    pub(super) fn append(
        &mut self,
        conn: &Connection,
        automation: i64,
        arrival: &Arrival,
    ) -> Result<i64, JournalError> {
        let beat = &arrival.beat;
        self.last = self.last.saturating_add(1);
        let sql = "INSERT INTO fresh (beat, automation, at, signal, rid, exit, via, agent)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let (at, signal) = (nanos(beat.at), signal_number(beat.signal));
        let row = (self.last, automation, at, signal, &beat.rid, beat.exit, &arrival.via, &arrival.agent);
        conn.prepare_cached(sql).and_then(|mut s| s.execute(row)).map_err(storage)?;
        self.length = self.length.map(|length| length.saturating_add(1));
        Ok(self.last)
    }

    pub(super) fn is_full(&self) -> bool {
        self.length.is_some_and(|length| length >= FOLD_AT)
    }

    /// The heartbeats of an automation that are in the log and in no sum yet, in the order in which they came. From now
    /// on they are in the caller's.
    pub(super) fn take_unread(
        &mut self,
        conn: &Connection,
        automation: i64,
    ) -> Result<Vec<Beat>, JournalError> {
        self.count(conn)?;
        if !self.unread.remove(&automation) {
            return Ok(Vec::new());
        }
        let sql = "SELECT at, signal, rid, exit FROM fresh WHERE automation = ?1 ORDER BY beat";
        rows(conn, sql, [automation], beat)
    }

    /// The automations whose heartbeats [`Self::take_unread`] would give.
    pub(super) fn unread(&mut self, conn: &Connection) -> Result<Vec<AutomationId>, JournalError> {
        self.count(conn)?;
        let each = self.unread.iter().map(|automation| {
            let sql = "SELECT id FROM beat_state WHERE automation = ?1";
            conn.query_row(sql, [automation], |row| id(row, 0)).map_err(storage)
        });
        each.collect()
    }

    /// Empties the log. The caller has written all sums.
    pub(super) fn fold(&mut self, conn: &Connection) -> Result<(), JournalError> {
        if self.length == Some(0) {
            return Ok(());
        }
        // In the order of the table, so that each of its pages is written once.
        let fold = "INSERT OR IGNORE INTO beats (automation, at, signal, rid, beat, exit, via, agent)
            SELECT automation, at, signal, rid, beat, exit, via, agent FROM fresh
            ORDER BY automation, at, signal, rid";
        conn.prepare_cached(fold).and_then(|mut s| s.execute([])).map_err(storage)?;
        conn.prepare_cached("DELETE FROM fresh").and_then(|mut s| s.execute([])).map_err(storage)?;
        set_mark(conn, &last_beat(), &self.last.to_string())?;
        self.length = Some(0);
        Ok(())
    }

    /// Everything in the log is unread again, as far as it is still there.
    pub(super) fn forget(&mut self) {
        self.length = None;
    }

    fn count(&mut self, conn: &Connection) -> Result<(), JournalError> {
        if self.length.is_some() {
            return Ok(());
        }
        self.unread = rows(conn, "SELECT DISTINCT automation FROM fresh", [], |row| row.get(0))?;
        let length = conn.query_row("SELECT count(*) FROM fresh", [], |row| row.get(0)).map_err(storage)?;
        self.length = Some(length);
        Ok(())
    }
}

fn last_beat() -> String {
    format!("{RESERVED_MARKS}last_beat")
}

/// The time of an automation's newest heartbeat outside of the log.
pub(super) fn newest_folded(conn: &Connection, automation: i64) -> Result<i64, JournalError> {
    let sql = "SELECT coalesce(max(at), ?2) FROM beats WHERE automation = ?1";
    let row = (automation, i64::MIN);
    conn.prepare_cached(sql).and_then(|mut s| s.query_row(row, |row| row.get(0))).map_err(storage)
}

/// Whether this very heartbeat is kept already.
pub(super) fn is_kept(conn: &Connection, automation: i64, beat: &Beat) -> Result<bool, JournalError> {
    let row = (automation, nanos(beat.at), signal_number(beat.signal), &beat.rid);
    for table in ["beats", "fresh"] {
        let sql =
            format!("SELECT 1 FROM {table} WHERE automation = ?1 AND at = ?2 AND signal = ?3 AND rid = ?4");
        let mut statement = conn.prepare_cached(&sql).map_err(storage)?;
        if statement.query_row(row, |_| Ok(())).optional().map_err(storage)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
