//! The tables, and how an older file becomes a newer one.

use rusqlite::Connection;

/// Marks a file as ours: `STND`.
pub(super) const APPLICATION_ID: i32 = 0x5354_4E44;

/// The version that this program writes.
pub(super) const VERSION: i32 = 3;

/// One step each; the step at index `n` leads from version `n` to `n + 1`. A step that was released never changes.
const STEPS: &[&str] = &[V1, V2, V3];

/// Times are nanoseconds since 1970; what has an inner structure is JSON text.
///
/// `beats` has a number for its automation, because the id would otherwise stand in each row and each index entry.
/// Bodies have a table of their own, so that the rows that are read and pruned all the time stay narrow.
pub(super) const V1: &str = "
CREATE TABLE beat_state (
    automation INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL
) STRICT;
CREATE TABLE beats (
    beat INTEGER PRIMARY KEY,
    automation INTEGER NOT NULL,
    at INTEGER NOT NULL,
    signal INTEGER NOT NULL,
    rid TEXT NOT NULL,
    exit INTEGER,
    via TEXT NOT NULL,
    agent TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX beats_once ON beats (automation, at, signal, rid);
CREATE TABLE bodies (
    beat INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE verdict (
    id TEXT PRIMARY KEY,
    health TEXT NOT NULL,
    verdict TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE flips (
    flip INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    was TEXT,
    verdict TEXT NOT NULL
) STRICT;
CREATE INDEX flips_by_time ON flips (at);
CREATE TABLE incidents (
    id TEXT PRIMARY KEY,
    opened INTEGER NOT NULL,
    resolved INTEGER NOT NULL,
    incident TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE intents (
    intent INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    at INTEGER NOT NULL,
    planned TEXT NOT NULL,
    ended INTEGER,
    outcome TEXT,
    UNIQUE (key, attempt)
) STRICT;
CREATE INDEX intents_pending ON intents (intent) WHERE outcome IS NULL;
CREATE INDEX intents_by_time ON intents (at);
CREATE TABLE marks (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE checks (
    id TEXT PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    slug TEXT NOT NULL,
    origin TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX checks_by_slug ON checks (slug);
";

/// Heartbeats are written at the end of `fresh`, where many of them share a page, and are folded into `beats` later, a
/// few thousand at a time: there each automation has pages of its own, and one heartbeat after another would write a
/// whole page each. `beat_state` is the sum of what is folded; that of the newest is this and `fresh`.
pub(super) const V2: &str = "
CREATE TABLE folded (
    automation INTEGER NOT NULL,
    at INTEGER NOT NULL,
    signal INTEGER NOT NULL,
    rid TEXT NOT NULL,
    beat INTEGER NOT NULL,
    exit INTEGER,
    via TEXT NOT NULL,
    agent TEXT NOT NULL,
    PRIMARY KEY (automation, at, signal, rid)
) STRICT, WITHOUT ROWID;
INSERT INTO folded SELECT automation, at, signal, rid, beat, exit, via, agent FROM beats
    ORDER BY automation, at, signal, rid;
INSERT INTO marks (name, text) SELECT 'store.last_beat', coalesce(max(beat), 0) FROM beats;
DROP TABLE beats;
ALTER TABLE folded RENAME TO beats;
CREATE TABLE fresh (
    beat INTEGER PRIMARY KEY,
    automation INTEGER NOT NULL,
    at INTEGER NOT NULL,
    signal INTEGER NOT NULL,
    rid TEXT NOT NULL,
    exit INTEGER,
    via TEXT NOT NULL,
    agent TEXT NOT NULL
) STRICT;
";

/// Drills: `id`, `dry` and `at` are out of the JSON, to choose by.
const V3: &str = "
CREATE TABLE drills (
    drill INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    dry INTEGER NOT NULL,
    at INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX drills_by_time ON drills (id, dry, at);
";

/// Takes a file of `from` to [`VERSION`] in one transaction: after a crash it is as it was, or done.
pub(super) fn migrate(conn: &mut Connection, from: i32) -> rusqlite::Result<()> {
    let done = usize::try_from(from).unwrap_or_default();
    let change = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for step in STEPS.iter().skip(done) {
        change.execute_batch(step)?;
    }
    change.pragma_update(None, "application_id", APPLICATION_ID)?;
    change.pragma_update(None, "user_version", VERSION)?;
    change.commit()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    #[test]
    fn there_is_one_step_for_each_version() {
        assert_eq!(super::STEPS.len(), usize::try_from(super::VERSION).unwrap());
    }
}
