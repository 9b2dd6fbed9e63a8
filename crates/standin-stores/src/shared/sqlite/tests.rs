#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::Command;

use super::*;
use crate::shared::conformance::{self, Extent};

/// The variable that makes a copy of this test program one of two processes that race.
const RACER: &str = "STANDIN_TEST_CELLS_RACER";

/// How often each of the two processes adds one.
const ADDITIONS: u32 = 200;

#[tokio::test(flavor = "multi_thread")]
async fn two_connections_pass_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mesh.db");
    let clients = [Local::open(&path).unwrap(), Local::open(&path).unwrap()];
    let found = conformance::cells(&clients, &Extent::full()).await;
    assert!(found.is_passed(), "{found}");
    assert_eq!(found.check("swaps-race").unwrap().why.split(' ').next(), Some("50"), "{found}");
    let found = conformance::shelf(&clients, &Extent::full()).await;
    assert!(found.is_passed(), "{found}");
}

/// Adds one to a counter with nothing but swaps. A lost addition is a swap that was won twice.
async fn add(store: &Local) {
    let mut won = 0;
    while won < ADDITIONS {
        let read = store.read("counter").await.unwrap().value;
        let count = read
            .as_ref()
            .map_or(0, |object| std::str::from_utf8(&object.bytes).unwrap().parse::<u32>().unwrap());
        let version = read.map(|object| object.version);
        match store.swap("counter", version.as_ref(), (count + 1).to_string().into()).await {
            SwapAnswer::Won(_) => won += 1,
            SwapAnswer::Lost => {}
            SwapAnswer::Unknown => panic!("a disk that works is never unknown"),
        }
    }
}

#[tokio::test]
async fn one_of_two_processes() {
    let Some(path) = std::env::var_os(RACER) else { return };
    add(&Local::open(Path::new(&path)).unwrap()).await;
}

#[tokio::test]
async fn two_processes_lose_no_addition() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mesh.db");
    let racer = || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "shared::sqlite::tests::one_of_two_processes"]).env(RACER, &path);
        command.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    for mut child in [racer(), racer()] {
        assert!(child.wait().unwrap().success());
    }
    let counter = Local::open(&path).unwrap().read("counter").await.unwrap().value.unwrap();
    assert_eq!(counter.bytes, (2 * ADDITIONS).to_string());
}

#[tokio::test]
async fn a_version_of_another_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| Local::open(&folder.path().join(name)).unwrap();
    let (one, other) = (open("one"), open("other"));
    let SwapAnswer::Won(won) = one.swap("a", None, "1".into()).await else { panic!() };
    other.swap("a", None, "1".into()).await;
    assert_eq!(other.swap("a", Some(&won.value), "2".into()).await, SwapAnswer::Lost);
    assert_eq!(Cells::remove(&other, "a", &won.value).await, Err(WriteError::Refused));
}

#[test]
fn files_that_are_not_fit_are_left_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(matches!(Local::open(&foreign), Err(LocalError::Foreign(_))));

    let newer = folder.path().join("newer.db");
    drop(Local::open(&newer).unwrap());
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 9).unwrap();
    assert!(matches!(Local::open(&newer), Err(LocalError::Newer { found: 9, .. })));

    let damaged = folder.path().join("damaged.db");
    std::fs::write(&damaged, [b'x'; 4096]).unwrap();
    let said = Local::open(&damaged).unwrap_err().to_string();
    assert!(said.contains("move the file away"), "{said}");
    assert_eq!(std::fs::read(&damaged).unwrap(), [b'x'; 4096]);
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mesh.db");
    drop(Local::open(&path).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
