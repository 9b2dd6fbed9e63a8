//! Reading back: everything for a start, and pages for reports.

use std::collections::BTreeMap;
use std::fmt::Display;

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use standin_core::beat::{Beat, BeatState, Signal};
use standin_core::ident::AutomationId;
use standin_engine::ports::{Arrival, JournalError, Remembered};

use crate::RESERVED_MARKS;
use crate::memory::still_of_use;
use crate::record::{Attempt, Flip};

/// Most rows that one reading gives.
pub const MAX_PAGE: usize = 10_000;

/// What the database said, as the journal's error.
pub(super) fn storage(error: impl Display) -> JournalError {
    JournalError::Storage(error.to_string())
}

/// Nanoseconds since 1970; a time outside of the years 1678 to 2261 becomes the nearest end.
pub(super) fn nanos(at: Timestamp) -> i64 {
    let nanos = at.as_nanosecond();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let nanos: i64 = row.get(column)?;
    Timestamp::from_nanosecond(i128::from(nanos)).map_err(|e| misread(column, e))
}

fn misread(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

/// A structured column out of its JSON.
fn value<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|e| misread(column, e))
}

fn is_null(row: &Row<'_>, column: usize) -> rusqlite::Result<bool> {
    row.get_ref(column).map(|value| value == rusqlite::types::ValueRef::Null)
}

pub(super) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<AutomationId> {
    row.get_ref(column)?.as_str()?.parse().map_err(|e| misread(column, e))
}

/// A structured column's JSON.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String, JournalError> {
    serde_json::to_string(value).map_err(storage)
}

pub(super) fn rows<T, C: FromIterator<T>>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<C, JournalError> {
    let mut statement = conn.prepare(sql).map_err(storage)?;
    statement.query_map(params, read).and_then(Iterator::collect).map_err(storage)
}

/// A heartbeat out of its time, signal, run and exit status, which come first.
pub(super) fn beat(row: &Row<'_>) -> rusqlite::Result<Beat> {
    Ok(Beat { at: time(row, 0)?, signal: signal(row, 1)?, rid: row.get(2)?, exit: row.get(3)? })
}

/// The sums, with the heartbeats of the log.
fn sums(conn: &Connection) -> Result<BTreeMap<AutomationId, BeatState>, JournalError> {
    let mut sums: BTreeMap<_, BeatState> =
        rows(conn, "SELECT id, state FROM beat_state", [], |row| Ok((id(row, 0)?, value(row, 1)?)))?;
    let log = "SELECT f.at, f.signal, f.rid, f.exit, s.id FROM fresh f JOIN beat_state s USING (automation)
        ORDER BY f.beat";
    let log: Vec<(AutomationId, Beat)> = rows(conn, log, [], |row| Ok((id(row, 4)?, beat(row)?)))?;
    for (id, beat) in log {
        sums.entry(id).or_default().record(&beat);
    }
    Ok(sums)
}

/// Everything that a start needs.
pub(super) fn load(conn: &Connection) -> Result<Remembered, JournalError> {
    let incidents: Vec<_> = rows(conn, "SELECT incident FROM incidents", [], |row| value(row, 0))?;
    let pending = "SELECT at, planned FROM intents WHERE outcome IS NULL ORDER BY intent";
    let mut marks: BTreeMap<String, String> =
        rows(conn, "SELECT name, text FROM marks", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    marks.retain(|name, _| !name.starts_with(RESERVED_MARKS));
    Ok(Remembered {
        beats: sums(conn)?,
        runs: rows(conn, "SELECT id, state FROM runs", [], |row| Ok((id(row, 0)?, value(row, 1)?)))?,
        incidents: still_of_use(incidents),
        verdicts: rows(conn, "SELECT id, verdict FROM verdict", [], |row| Ok((id(row, 0)?, value(row, 1)?)))?,
        pending: rows(conn, pending, [], |row| Ok((time(row, 0)?, value(row, 1)?)))?,
        marks,
    })
}

fn page(limit: usize) -> i64 {
    i64::try_from(limit.min(MAX_PAGE)).unwrap_or(i64::MAX)
}

/// The newest flips since a time, oldest first.
pub(super) fn history(conn: &Connection, since: Timestamp, limit: usize) -> Result<Vec<Flip>, JournalError> {
    let sql = "SELECT at, was, verdict FROM flips WHERE at >= ?1 ORDER BY at DESC, flip DESC LIMIT ?2";
    let mut flips: Vec<Flip> = rows(conn, sql, (nanos(since), page(limit)), |row| {
        let was = if is_null(row, 1)? { None } else { value(row, 1)? };
        Ok(Flip { at: time(row, 0)?, was, verdict: value(row, 2)? })
    })?;
    flips.reverse();
    Ok(flips)
}

/// The newest attempts since a time, oldest first.
pub(super) fn attempts(
    conn: &Connection,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<Attempt>, JournalError> {
    let sql = "SELECT at, planned, ended, outcome FROM intents WHERE at >= ?1 ORDER BY at DESC, intent DESC LIMIT ?2";
    let mut attempts: Vec<Attempt> = rows(conn, sql, (nanos(since), page(limit)), |row| {
        let ended = if is_null(row, 3)? { None } else { Some((time(row, 2)?, value(row, 3)?)) };
        Ok(Attempt { at: time(row, 0)?, planned: value(row, 1)?, ended })
    })?;
    attempts.reverse();
    Ok(attempts)
}

/// The newest heartbeats of an automation, oldest first.
pub(super) fn beats_of(
    conn: &Connection,
    automation: &AutomationId,
    limit: usize,
) -> Result<Vec<Arrival>, JournalError> {
    let sql = "WITH this (automation) AS (SELECT automation FROM beat_state WHERE id = ?1),
        newest (at, signal, rid, exit, via, agent, beat) AS (
            SELECT * FROM (SELECT at, signal, rid, exit, via, agent, beat FROM beats JOIN this USING (automation)
                ORDER BY at DESC, beat DESC LIMIT ?2)
            UNION ALL SELECT at, signal, rid, exit, via, agent, beat FROM fresh JOIN this USING (automation))
        SELECT n.at, n.signal, n.rid, n.exit, n.via, n.agent, t.body FROM newest n LEFT JOIN bodies t USING (beat)
        ORDER BY n.at DESC, n.beat DESC LIMIT ?2";
    let mut beats: Vec<Arrival> = rows(conn, sql, (automation.as_str(), page(limit)), |row| {
        let body = row.get::<_, Option<Vec<u8>>>(6)?.unwrap_or_default();
        Ok(Arrival { id: automation.clone(), beat: beat(row)?, via: row.get(4)?, agent: row.get(5)?, body })
    })?;
    beats.reverse();
    Ok(beats)
}

fn signal(row: &Row<'_>, column: usize) -> rusqlite::Result<Signal> {
    let number: u8 = row.get(column)?;
    let known = [Signal::Start, Signal::Success, Signal::Fail, Signal::Log];
    known
        .into_iter()
        .find(|s| crate::memory::signal_number(*s) == number)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(column, i64::from(number)))
}

/// The text of one mark.
pub(super) fn mark(conn: &Connection, name: &str) -> Result<Option<String>, JournalError> {
    let sql = "SELECT text FROM marks WHERE name = ?1";
    conn.query_row(sql, [name], |row| row.get(0)).optional().map_err(storage)
}
