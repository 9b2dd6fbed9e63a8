#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod checks;
mod drills;
mod kill;
mod opening;
mod writing;

use std::path::PathBuf;

use super::{Opened, Sqlite};

/// A folder for one test, with the path of a state file in it that does not exist yet.
fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("standin.db");
    (dir, path)
}

/// Opens a file that must need no notice.
fn open(path: &std::path::Path) -> Sqlite {
    let Opened { store, notices } = Sqlite::open(path).unwrap();
    assert_eq!(notices, Vec::<String>::new());
    store
}
