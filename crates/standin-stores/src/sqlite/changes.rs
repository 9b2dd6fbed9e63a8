//! Writing one step of the engine, and the bounds of what it leaves behind.

use rusqlite::Connection;
use standin_core::incident::Phase;
use standin_engine::ports::{Change, JournalError};

use super::reads::{json, nanos, storage};
use crate::RESERVED_MARKS;
use crate::memory::{no_intent, reserved};

/// Most turns of health that are kept.
const MAX_FLIPS: u32 = 10_000;

/// Most attempts with an outcome that are kept: far more than can still be asked for again.
const MAX_ATTEMPTS: u32 = 10_000;

/// Most resolved incidents that are kept.
const MAX_RESOLVED: u32 = 1_000;

/// Writes a change. The caller undoes everything when this fails.
pub(super) fn commit(conn: &Connection, change: &Change) -> Result<(), JournalError> {
    intents(conn, change)?;
    outcomes(conn, change)?;
    flips(conn, change)?;
    incidents(conn, change)?;
    runs(conn, change)?;
    marks(conn, change)
}

fn intents(conn: &Connection, change: &Change) -> Result<(), JournalError> {
    let sql = "INSERT INTO intents (key, attempt, at, planned) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (key, attempt) DO NOTHING";
    for planned in &change.intents {
        let mut statement = conn.prepare_cached(sql).map_err(storage)?;
        let row = (&planned.key.0, planned.attempt, nanos(change.at), json(planned)?);
        if statement.execute(row).map_err(storage)? == 0 {
            return Err(JournalError::Duplicate { key: planned.key.clone(), attempt: planned.attempt });
        }
    }
    Ok(())
}

fn outcomes(conn: &Connection, change: &Change) -> Result<(), JournalError> {
    let sql = "UPDATE intents SET ended = ?3, outcome = ?4 WHERE key = ?1 AND attempt = ?2";
    for (key, attempt, outcome) in &change.outcomes {
        let mut statement = conn.prepare_cached(sql).map_err(storage)?;
        let row = (&key.0, attempt, nanos(change.at), json(outcome)?);
        if statement.execute(row).map_err(storage)? == 0 {
            return Err(no_intent(key, *attempt));
        }
    }
    Ok(())
}

fn flips(conn: &Connection, change: &Change) -> Result<(), JournalError> {
    let flip = "INSERT INTO flips (at, was, verdict)
        VALUES (?1, (SELECT health FROM verdict WHERE id = ?2), ?3)";
    let last = "INSERT INTO verdict (id, health, verdict) VALUES (?1, ?2, ?3)
        ON CONFLICT (id) DO UPDATE SET health = excluded.health, verdict = excluded.verdict";
    for verdict in &change.flips {
        let (id, text) = (verdict.automation.as_str(), json(verdict)?);
        let mut statement = conn.prepare_cached(flip).map_err(storage)?;
        statement.execute((nanos(change.at), id, &text)).map_err(storage)?;
        let mut statement = conn.prepare_cached(last).map_err(storage)?;
        statement.execute((id, json(&verdict.health)?, &text)).map_err(storage)?;
    }
    Ok(())
}

fn incidents(conn: &Connection, change: &Change) -> Result<(), JournalError> {
    let sql = "INSERT INTO incidents (id, opened, resolved, incident) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (id) DO UPDATE SET resolved = excluded.resolved, incident = excluded.incident";
    for incident in &change.incidents {
        let resolved = match incident.phase {
            Phase::Resolved => 1,
            Phase::Open | Phase::Settling | Phase::Exhausted => 0,
        };
        let mut statement = conn.prepare_cached(sql).map_err(storage)?;
        let row = (&incident.id.0, nanos(incident.opened), resolved, json(incident)?);
        statement.execute(row).map_err(storage)?;
    }
    Ok(())
}

fn runs(conn: &Connection, change: &Change) -> Result<(), JournalError> {
    let sql =
        "INSERT INTO runs (id, state) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET state = excluded.state";
    for (id, state) in &change.runs {
        let mut statement = conn.prepare_cached(sql).map_err(storage)?;
        statement.execute((id.as_str(), json(state)?)).map_err(storage)?;
    }
    Ok(())
}

fn marks(conn: &Connection, change: &Change) -> Result<(), JournalError> {
    for (name, text) in &change.marks {
        if name.starts_with(RESERVED_MARKS) {
            return Err(reserved(name));
        }
        set_mark(conn, name, text)?;
    }
    Ok(())
}

/// Writes one mark.
pub(super) fn set_mark(conn: &Connection, name: &str, text: &str) -> Result<(), JournalError> {
    let sql = "INSERT INTO marks (name, text) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET text = excluded.text";
    let mut statement = conn.prepare_cached(sql).map_err(storage)?;
    statement.execute((name, text)).map_err(storage).map(drop)
}

/// Takes away what is beyond the bounds. Nothing that is still open is ever taken.
pub(super) fn prune(conn: &Connection) -> Result<(), JournalError> {
    let old_flips = "DELETE FROM flips WHERE flip <= (SELECT max(flip) FROM flips) - ?1";
    conn.execute(old_flips, [MAX_FLIPS]).map_err(storage)?;
    let old_attempts =
        "DELETE FROM intents WHERE outcome IS NOT NULL AND intent <= (SELECT max(intent) FROM intents) - ?1";
    conn.execute(old_attempts, [MAX_ATTEMPTS]).map_err(storage)?;
    let old_incidents = "DELETE FROM incidents WHERE id IN
        (SELECT id FROM incidents WHERE resolved = 1 ORDER BY opened DESC LIMIT -1 OFFSET ?1)";
    conn.execute(old_incidents, [MAX_RESOLVED]).map_err(storage).map(drop)
}
