//! The checks: made once, never renamed.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use standin_core::ident::{AutomationId, Kind};
use standin_engine::ports::JournalError;
use uuid::Uuid;

use super::reads::{mark, nanos, storage};
use crate::RESERVED_MARKS;
use crate::checks::{Check, CheckError, MAX_CREATED, Made, is_slug, slug_of};

/// Whose wish a check was. Stored.
const BY_SETTINGS: &str = "settings";
const BY_SENDER: &str = "sender";

fn read(row: &Row<'_>) -> rusqlite::Result<Check> {
    let wrong = |e: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, e)
    };
    let id = row.get_ref(0)?.as_str()?.parse::<AutomationId>().map_err(|e| wrong(e.into()))?;
    let uuid = Uuid::parse_str(row.get_ref(1)?.as_str()?).map_err(|e| wrong(e.into()))?;
    Ok(Check { id, uuid, slug: row.get(2)? })
}

/// All checks, ordered by id.
pub(super) fn all(conn: &Connection) -> Result<Vec<Check>, JournalError> {
    let mut statement = conn.prepare("SELECT id, uuid, slug FROM checks ORDER BY id").map_err(storage)?;
    statement.query_map([], read).and_then(Iterator::collect).map_err(storage)
}

fn get(conn: &Connection, id: &AutomationId) -> Result<Option<Check>, JournalError> {
    let sql = "SELECT id, uuid, slug FROM checks WHERE id = ?1";
    conn.query_row(sql, [id.as_str()], read).optional().map_err(storage)
}

fn add(conn: &Connection, id: &AutomationId, slug: &str, origin: &str) -> Result<Check, JournalError> {
    let check = Check { id: id.clone(), uuid: Uuid::new_v4(), slug: slug.to_owned() };
    let sql = "INSERT INTO checks (id, uuid, slug, origin, created) VALUES (?1, ?2, ?3, ?4, ?5)";
    let row = (id.as_str(), check.uuid.to_string(), slug, origin, nanos(Timestamp::now()));
    conn.execute(sql, row).map_err(storage)?;
    Ok(check)
}

/// The checks of these automations, in this order; what has none gets one.
pub(super) fn ensure(conn: &Connection, ids: &[AutomationId]) -> Result<Vec<Check>, JournalError> {
    ids.iter()
        .map(|id| match get(conn, id)? {
            Some(check) => Ok(check),
            None => add(conn, id, &slug_of(id.name()), BY_SETTINGS),
        })
        .collect()
}

/// The check of a slug, made when there is none.
pub(super) fn create(conn: &Connection, slug: &str) -> Result<Made, CheckError> {
    let refused = || CheckError::Slug(slug.chars().filter(|c| !c.is_control()).take(40).collect());
    if !is_slug(slug) {
        return Err(refused());
    }
    let mut statement =
        conn.prepare("SELECT id, uuid, slug FROM checks WHERE slug = ?1 LIMIT 2").map_err(storage)?;
    let found: Vec<Check> = statement.query_map([slug], read).and_then(Iterator::collect).map_err(storage)?;
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => return Err(CheckError::Ambiguous(slug.to_owned())),
        (Some(check), None) => return Ok(Made::Existing(check)),
        (None, _) => {}
    }
    let sql = "SELECT count(*) FROM checks WHERE origin = ?1";
    let made: u32 = conn.query_row(sql, [BY_SENDER], |row| row.get(0)).map_err(storage)?;
    if made >= MAX_CREATED {
        return Err(CheckError::TooMany);
    }
    let id = AutomationId::new(Kind::Heartbeat, slug).map_err(|_| refused())?;
    if let Some(check) = get(conn, &id)? {
        return Ok(Made::Existing(check));
    }
    Ok(Made::Created(add(conn, &id, slug, BY_SENDER)?))
}

fn key_mark() -> String {
    format!("{RESERVED_MARKS}ping_key")
}

/// The key of slug addresses, if it was made.
pub(super) fn ping_key(conn: &Connection) -> Result<Option<String>, JournalError> {
    mark(conn, &key_mark())
}

/// The key of slug addresses: random, made once.
pub(super) fn ensure_ping_key(conn: &Connection) -> Result<String, JournalError> {
    if let Some(key) = ping_key(conn)? {
        return Ok(key);
    }
    let key = Uuid::new_v4().simple().to_string();
    super::changes::set_mark(conn, &key_mark(), &key)?;
    Ok(key)
}
