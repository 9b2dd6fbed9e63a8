use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;
use standin_core::beat::{BeatState, Signal};
use standin_engine::ports::{Arrival, Journal, Remembered};

use super::{open, place};
use crate::conformance::{arrival, at, full_change, id};
use crate::sqlite::{OpenError, Opened, Sqlite};

fn names(dir: &Path) -> BTreeSet<String> {
    fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

/// Files that were set aside, and their logs; the logs' indexes can always be made again.
fn set_aside(dir: &Path) -> Vec<String> {
    names(dir).into_iter().filter(|n| n.contains(".set-aside-") && !n.ends_with("-shm")).collect()
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_as_it_is() {
    let (dir, path) = place();
    fs::write(&path, b"this is no database, but somebody may want it back").unwrap();
    fs::write(dir.path().join("standin.db-wal"), b"its log").unwrap();
    let Opened { store, notices } = Sqlite::open(&path).unwrap();
    assert_eq!(store.load().await.unwrap(), Remembered::default());
    store.commit(full_change()).await.unwrap();
    let aside = set_aside(dir.path());
    assert_eq!(aside.len(), 2, "{aside:?}");
    assert_eq!(
        fs::read(dir.path().join(&aside[0])).unwrap(),
        b"this is no database, but somebody may want it back"
    );
    assert_eq!(fs::read(dir.path().join(&aside[1])).unwrap(), b"its log");
    assert!(
        notices.len() == 1 && notices[0].contains(&aside[0]) && notices[0].contains("is damaged"),
        "{notices:?}"
    );
    store.close().await;
    assert_eq!(open(&path).load().await.unwrap().pending.len(), 1, "the new file is a good one");
}

#[tokio::test]
async fn damage_in_the_middle_is_found_at_the_start() {
    let (dir, path) = place();
    let store = open(&path);
    for n in 0..500 {
        store.arrive(arrival("web", n, Signal::Success)).await.unwrap();
    }
    store.close().await;
    let mut bytes = fs::read(&path).unwrap();
    for page in bytes.chunks_mut(4096).skip(2) {
        page[..64].fill(0xA5);
    }
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(Sqlite::read(&path), Err(OpenError::Damaged { .. })));
    assert_eq!(set_aside(dir.path()).len(), 0, "reading sets nothing aside");
    let opened = Sqlite::open(&path).unwrap();
    assert_eq!(opened.notices.len(), 1);
    assert_eq!(fs::read(dir.path().join(&set_aside(dir.path())[0])).unwrap(), bytes);
}

#[tokio::test]
async fn a_row_that_cannot_be_understood_is_damage() {
    let (_dir, path) = place();
    let store = open(&path);
    store.commit(full_change()).await.unwrap();
    store.close().await;
    Connection::open(&path).unwrap().execute("UPDATE runs SET state = '{'", []).unwrap();
    assert_eq!(Sqlite::open(&path).unwrap().notices.len(), 1);
}

#[tokio::test]
async fn a_newer_version_is_set_aside_and_still_readable_there() {
    let (dir, path) = place();
    open(&path).close().await;
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Sqlite::read(&path), Err(OpenError::Newer { found: 99, .. })));
    let Opened { store, notices } = Sqlite::open(&path).unwrap();
    assert!(notices[0].contains("version 99"), "{notices:?}");
    store.close().await;
    let aside = dir.path().join(&set_aside(dir.path())[0]);
    let version: i32 =
        Connection::open(aside).unwrap().query_row("PRAGMA user_version", [], |r| r.get(0)).unwrap();
    assert_eq!(version, 99);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 98).unwrap();
    Sqlite::open(&path).unwrap().store.close().await;
    let files = set_aside(dir.path()).into_iter().filter(|n| !n.ends_with("-wal"));
    assert_eq!(files.count(), 2, "a second one in the same second overwrites nothing");
}

#[test]
fn another_program_s_database_is_left_alone() {
    let (dir, path) = place();
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)")
        .unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(Sqlite::open(&path), Err(OpenError::Foreign(_))));
    assert!(matches!(Sqlite::read(&path), Err(OpenError::Foreign(_))));
    assert_eq!((fs::read(&path).unwrap(), set_aside(dir.path()).len()), (before, 0));
}

#[test]
fn a_folder_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let said = Sqlite::open(dir.path()).unwrap_err().to_string();
    assert!(said.contains("is a folder: name a file in it"), "{said}");
    assert!(matches!(Sqlite::read(dir.path()), Err(OpenError::Directory(_))));
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    assert!(matches!(Sqlite::open(&file.join("standin.db")), Err(OpenError::Storage { .. })));
}

#[tokio::test]
async fn an_empty_file_and_a_missing_folder_are_a_beginning() {
    let (dir, path) = place();
    fs::write(&path, b"").unwrap();
    open(&path).close().await;
    open(&dir.path().join("a/b/standin.db")).close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_this_user_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, path) = place();
    let store = open(&path);
    store.commit(full_change()).await.unwrap();
    assert_eq!(names(dir.path()).len(), 3, "the file, its log and the log's index");
    for entry in fs::read_dir(dir.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn reading_makes_nothing() {
    let (dir, path) = place();
    assert!(matches!(Sqlite::read(&path), Err(OpenError::Missing(_))));
    assert_eq!(names(dir.path()).len(), 0);
    fs::write(&path, b"").unwrap();
    assert!(matches!(Sqlite::read(&path), Err(OpenError::Older { found: 0, .. })));
    let store = open(&path);
    store.arrive(arrival("web", 1, Signal::Success)).await.unwrap();
    let beside_a_writer = Sqlite::read(&path).unwrap();
    assert_eq!(beside_a_writer.load().unwrap().beats.len(), 1, "what is still in the log is read too");
    drop(beside_a_writer);
    store.close().await;
    let before = (names(dir.path()), fs::read(&path).unwrap());
    assert_eq!(before.0.len(), 1);
    let reader = Sqlite::read(&path).unwrap();
    assert_eq!(reader.beats_of(&id("web"), 5).unwrap(), [arrival("web", 1, Signal::Success)]);
    assert_eq!((names(dir.path()), fs::read(&path).unwrap()), before);
}

/// As the first version of this program left it.
fn of_the_first_version(path: &Path, beats: &[Arrival]) {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(crate::sqlite::schema::V1).unwrap();
    conn.execute_batch("PRAGMA application_id = 1398033988; PRAGMA user_version = 1").unwrap();
    for (n, one) in (1_i64..).zip(beats) {
        let mut sum = BeatState::default();
        beats.iter().filter(|other| other.id == one.id).for_each(|other| sum.record(&other.beat));
        let state = "INSERT INTO beat_state (id, state) VALUES (?1, ?2)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state";
        conn.execute(state, (one.id.as_str(), serde_json::to_string(&sum).unwrap())).unwrap();
        let beat =
            "INSERT INTO beats SELECT ?1, automation, ?3, ?4, '', NULL, ?5, ?6 FROM beat_state WHERE id = ?2";
        let at = i64::try_from(one.beat.at.as_nanosecond()).unwrap();
        let signal = crate::memory::signal_number(one.beat.signal);
        conn.execute(beat, (n, one.id.as_str(), at, signal, &one.via, &one.agent)).unwrap();
        conn.execute("INSERT INTO bodies VALUES (?1, ?2)", (n, &one.body)).unwrap();
    }
}

#[tokio::test]
async fn a_file_of_the_first_version_is_brought_up_to_date() {
    let (_dir, path) = place();
    let start = Timestamp::now().as_second() - at(0).as_second() - 5_000;
    let signals = [Signal::Start, Signal::Success, Signal::Fail];
    let beats: Vec<_> = (0..150)
        .map(|n| arrival(&format!("w{}", n % 4), start + n, signals[usize::try_from(n % 3).unwrap()]))
        .collect();
    of_the_first_version(&path, &beats);
    assert!(matches!(Sqlite::read(&path), Err(OpenError::Older { found: 1, .. })));
    let store = open(&path);
    let loaded = store.load().await.unwrap();
    for name in ["w0", "w1", "w2", "w3"] {
        let own: Vec<_> = beats.iter().filter(|b| b.id == id(name)).cloned().collect();
        assert_eq!(store.beats_of(id(name), 999).await.unwrap(), own, "with their bodies, in order");
        let mut sum = BeatState::default();
        own.iter().for_each(|b| sum.record(&b.beat));
        assert_eq!(loaded.beats[&id(name)], sum);
    }
    for beat in &beats {
        store.arrive(beat.clone()).await.unwrap();
    }
    assert_eq!(store.load().await.unwrap(), loaded, "each is known again");
    let new = arrival("w0", start + 999, Signal::Success);
    store.arrive(Arrival { body: b"new".to_vec(), ..new.clone() }).await.unwrap();
    let newest = store.beats_of(id("w0"), 2).await.unwrap();
    assert_eq!((newest[0].body.as_slice(), newest[1].body.as_slice()), (&b"body"[..], &b"new"[..]));
    store.close().await;
    assert_eq!(Sqlite::read(&path).unwrap().load().unwrap().beats[&id("w0")].count, 39);
}
