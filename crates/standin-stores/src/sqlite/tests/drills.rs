use std::fs;
use std::time::Duration;

use rusqlite::Connection;
use standin_core::beat::Signal;
use standin_core::drill::{Backup, Drill, Outcome};
use standin_engine::ports::Journal;

use super::{open, place};
use crate::conformance::{arrival, at, full_change, id};
use crate::sqlite::{KEPT_DRILLS, OpenError, Sqlite, drills, record_drill, schema};

fn drill(name: &str, second: i64, dry: bool) -> Drill {
    let outcome = Outcome::Failed { why: "it exited with 3".into() };
    Drill {
        id: id(name),
        backup: Backup::Here,
        at: at(second),
        took: Duration::from_millis(1_500),
        outcome,
        dry,
    }
}

#[tokio::test]
async fn a_drill_is_kept_beside_an_agent_that_has_the_file_open() {
    let (_dir, path) = place();
    assert_eq!(drills(&path).unwrap(), [], "no file, no drills, and none is made");
    assert!(!path.exists());
    let store = open(&path);
    store.commit(full_change()).await.unwrap();
    record_drill(&path, &drill("web", 9, false)).unwrap();
    record_drill(&path, &drill("web", 2, true)).unwrap();
    store.arrive(arrival("web", 1, Signal::Success)).await.unwrap();
    assert_eq!(drills(&path).unwrap(), [drill("web", 2, true), drill("web", 9, false)], "by time");
    store.close().await;
    assert_eq!(drills(&path).unwrap().len(), 2);
    assert_eq!(Sqlite::read(&path).unwrap().load().unwrap().beats[&id("web")].count, 1);
}

#[test]
fn the_oldest_go_and_each_automation_and_dryness_has_its_own_share() {
    let (_dir, path) = place();
    record_drill(&path, &drill("rare", 0, false)).unwrap();
    record_drill(&path, &drill("web", 0, true)).unwrap();
    for second in 1..=i64::from(KEPT_DRILLS) + 2 {
        record_drill(&path, &drill("web", second, false)).unwrap();
    }
    let kept = drills(&path).unwrap();
    assert_eq!(kept.len(), usize::try_from(KEPT_DRILLS).unwrap() + 2);
    assert!(kept.contains(&drill("rare", 0, false)) && kept.contains(&drill("web", 0, true)));
    assert!(!kept.contains(&drill("web", 2, false)) && kept.contains(&drill("web", 3, false)));
}

#[tokio::test]
async fn a_file_of_the_version_before_is_brought_up_to_date_by_the_first_drill() {
    let (_dir, path) = place();
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(schema::V1).unwrap();
    conn.execute_batch(schema::V2).unwrap();
    conn.execute_batch("PRAGMA application_id = 1398033988; PRAGMA user_version = 2").unwrap();
    let beat = "INSERT INTO beat_state (id, state) VALUES ('npm:.#old', ?1)";
    let state = standin_core::beat::BeatState { count: 7, ..Default::default() };
    conn.execute(beat, [serde_json::to_string(&state).unwrap()]).unwrap();
    drop(conn);
    assert_eq!(drills(&path).unwrap(), [], "the version before knew none");
    assert!(
        matches!(Sqlite::read(&path), Err(OpenError::Older { found: 2, .. })),
        "reading migrates nothing"
    );
    record_drill(&path, &drill("web", 1, false)).unwrap();
    assert_eq!(drills(&path).unwrap(), [drill("web", 1, false)]);
    let loaded = open(&path).load().await.unwrap();
    assert_eq!(loaded.beats[&"npm:.#old".parse().unwrap()].count, 7, "and what it knew is still there");
}

#[test]
fn what_cannot_be_read_is_left_as_it_is_and_said() {
    let (dir, path) = place();
    fs::write(&path, b"this is no database, but somebody may want it back").unwrap();
    assert!(matches!(record_drill(&path, &drill("web", 1, false)), Err(OpenError::Damaged { .. })));
    assert!(matches!(drills(&path), Err(OpenError::Damaged { .. })));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is set aside by a command");
    fs::remove_file(&path).unwrap();
    record_drill(&path, &drill("web", 1, false)).unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute(
        "INSERT INTO drills (id, dry, at, text) VALUES ('x:y', 0, 5, '{\"of\":\"a later version\"}')",
        [],
    )
    .unwrap();
    drop(conn);
    assert_eq!(drills(&path).unwrap(), [drill("web", 1, false)]);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(record_drill(&path, &drill("web", 1, false)), Err(OpenError::Newer { .. })));
}
