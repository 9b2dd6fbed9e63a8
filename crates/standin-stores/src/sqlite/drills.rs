//! The ledger of drills. A command writes it, also while an agent has the file open: SQLite lets them take turns.

use std::path::Path;

use rusqlite::Connection;
use standin_core::drill::Drill;

use super::open::{self, OpenError};
use super::reads::{MAX_PAGE, nanos};

/// How many drills are kept for each automation, dry ones apart.
pub const KEPT_DRILLS: u32 = 100;

/// The newest drills (at most [`MAX_PAGE`]) in the order of their time. Nothing is made, migrated or changed; where there
/// is no state file yet, or one of a version that knew no drills, there are none.
///
/// # Errors
/// [`OpenError`] when there is a file that this program cannot read.
pub fn drills(path: &Path) -> Result<Vec<Drill>, OpenError> {
    let conn = match open::for_reading(path) {
        Ok(conn) => conn,
        Err(OpenError::Missing(_) | OpenError::Older { .. }) => return Ok(Vec::new()),
        Err(other) => return Err(other),
    };
    read(&conn).map_err(|why| open::explain(path, &why))
}

fn read(conn: &Connection) -> rusqlite::Result<Vec<Drill>> {
    let mut statement = conn.prepare("SELECT text FROM drills ORDER BY at DESC, drill DESC LIMIT ?1")?;
    let limit = i64::try_from(MAX_PAGE).unwrap_or(i64::MAX);
    let texts = statement.query_map([limit], |row| row.get::<_, String>(0))?;
    let mut found = Vec::new();
    for text in texts {
        // Another version may have written what this one cannot read: that proves nothing, and hides nothing either.
        found.extend(serde_json::from_str(&text?).ok());
    }
    found.reverse();
    Ok(found)
}

/// Keeps one drill, and lets go of the oldest of its automation beyond [`KEPT_DRILLS`]. The file is made or brought up to
/// date if need be; an agent that has it open goes on.
///
/// # Errors
/// [`OpenError`]; nothing was written, and a file that is damaged or newer was left as it is.
pub fn record_drill(path: &Path, drill: &Drill) -> Result<(), OpenError> {
    let failed = |why: rusqlite::Error| open::explain(path, &why);
    let text = serde_json::to_string(drill)
        .map_err(|why| OpenError::Storage { path: path.to_owned(), why: why.to_string() })?;
    let mut conn = open::for_a_line(path)?;
    let change = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    let row = (drill.id.as_str(), drill.dry, nanos(drill.at), text);
    change.execute("INSERT INTO drills (id, dry, at, text) VALUES (?1, ?2, ?3, ?4)", row).map_err(failed)?;
    let old = "DELETE FROM drills WHERE id = ?1 AND dry = ?2 AND drill NOT IN
        (SELECT drill FROM drills WHERE id = ?1 AND dry = ?2 ORDER BY at DESC, drill DESC LIMIT ?3)";
    change.execute(old, (drill.id.as_str(), drill.dry, KEPT_DRILLS)).map_err(failed)?;
    change.commit().map_err(failed)
}
