#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use standin_core::beat::{BeatState, Signal};
use standin_engine::ports::{Change, Remembered};
use standin_stores::memory::Memory;

use super::*;

fn id(name: &str) -> AutomationId {
    format!("pm2:{name}").parse().unwrap()
}

fn beat(seconds_ago: i64, signal: Signal) -> Beat {
    let at = Timestamp::now() - SignedDuration::from_secs(seconds_ago);
    Beat { at, signal, rid: String::new(), exit: None }
}

fn files(dir: &Path, ending: &str) -> usize {
    with_ending(dir, ending).unwrap().len()
}

#[tokio::test]
async fn what_was_written_arrives_oldest_first_and_is_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let (start, end) = (beat(60, Signal::Start), beat(30, Signal::Fail));
    write(dir.path(), &id("web"), &end, b"out\nput").unwrap();
    write(dir.path(), &id("web"), &start, b"").unwrap();
    let state = tempfile::tempdir().unwrap();
    let store = standin_stores::Sqlite::open(&state.path().join("s.db")).unwrap().store;
    let board = BeatBoard::default();
    let drained = drain(dir.path(), &store, &board, &[id("web")]).await.unwrap();
    assert_eq!(drained, Drained { kept: 2, ..Drained::default() });
    let kept = store.beats_of(id("web"), 9).await.unwrap();
    assert_eq!(kept.iter().map(|a| a.beat.clone()).collect::<Vec<_>>(), [start.clone(), end.clone()]);
    assert_eq!((kept[1].via.as_str(), kept[1].body.as_slice()), ("spool", b"out\nput".as_slice()));
    let sum = &board.snapshot()[&id("web")];
    assert_eq!((sum.started, sum.failed), (None, Some(end.at)), "the start came before the end");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// Keeps what arrives and then says that it did not: the agent died between keeping and deleting.
struct DiesAfterKeeping<'a>(&'a Memory);

impl Journal for DiesAfterKeeping<'_> {
    async fn load(&self) -> Result<Remembered, JournalError> {
        self.0.load().await
    }
    async fn arrive(&self, arrival: Arrival) -> Result<BeatState, JournalError> {
        self.0.arrive(arrival).await?;
        Err(JournalError::Closed)
    }
    async fn commit(&self, change: Change) -> Result<(), JournalError> {
        self.0.commit(change).await
    }
}

#[tokio::test]
async fn a_heartbeat_that_is_taken_twice_counts_once() {
    let dir = tempfile::tempdir().unwrap();
    let fail = beat(30, Signal::Fail);
    write(dir.path(), &id("web"), &fail, b"").unwrap();
    let (memory, board) = (Memory::new(), BeatBoard::default());
    let died = drain(dir.path(), &DiesAfterKeeping(&memory), &board, &[id("web")]).await;
    assert!(matches!(died, Err(SpoolError::Journal(_))));
    assert_eq!(files(dir.path(), BEAT), 1, "it was not deleted");
    let before = memory.load().await.unwrap();
    assert_eq!(before.beats[&id("web")].count, 1);
    drain(dir.path(), &memory, &board, &[id("web")]).await.unwrap();
    assert_eq!(memory.load().await.unwrap(), before);
    assert_eq!(board.snapshot()[&id("web")].failed, Some(fail.at));
    assert_eq!(files(dir.path(), BEAT), 0);
}

#[tokio::test]
async fn what_is_no_heartbeat_is_renamed_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("0-a.beat"), b"{").unwrap();
    fs::write(dir.path().join("0-b.beat"), b"{}\n").unwrap();
    fs::write(dir.path().join("0-c.beat"), vec![b' '; 200_000]).unwrap();
    fs::create_dir(dir.path().join("0-d.beat")).unwrap();
    write(dir.path(), &id("web"), &beat(-3_600, Signal::Success), b"").unwrap();
    write(dir.path(), &id("web"), &beat(1, Signal::Success), b"").unwrap();
    let (memory, board) = (Memory::new(), BeatBoard::default());
    let drained = drain(dir.path(), &memory, &board, &[id("web")]).await.unwrap();
    assert_eq!(drained, Drained { kept: 1, bad: 5, ..Drained::default() });
    assert_eq!((files(dir.path(), BAD), files(dir.path(), BEAT)), (5, 0));
}

#[tokio::test]
async fn a_heartbeat_of_nobody_waits_for_thirty_days() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &id("gone"), &beat(29 * 86_400, Signal::Success), b"").unwrap();
    write(dir.path(), &id("gone"), &beat(31 * 86_400, Signal::Success), b"").unwrap();
    let (memory, board) = (Memory::new(), BeatBoard::default());
    let drained = drain(dir.path(), &memory, &board, &[id("web")]).await.unwrap();
    assert_eq!(drained, Drained { waiting: 1, dropped: 1, ..Drained::default() });
    let drained = drain(dir.path(), &memory, &board, &[id("gone")]).await.unwrap();
    assert_eq!(drained, Drained { kept: 1, ..Drained::default() });
}

#[tokio::test]
async fn the_spool_is_bounded_and_private() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &id("web"), &beat(1, Signal::Log), &vec![b'x'; 200_000]).unwrap();
    let meta = fs::metadata(&with_ending(dir.path(), BEAT).unwrap()[0]).unwrap();
    assert!(meta.len() <= MAX_FILE_BYTES, "{}", meta.len());
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o777, 0o600);
    for n in 1..MAX_WAITING {
        fs::write(dir.path().join(format!("{n}.beat")), b"").unwrap();
    }
    let refused = write(dir.path(), &id("web"), &beat(1, Signal::Log), b"").unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
    assert_eq!(files(dir.path(), UNFINISHED), 0);
    assert!(write(&dir.path().join("none"), &id("web"), &beat(1, Signal::Log), b"").is_err());
    let (memory, board) = (Memory::new(), BeatBoard::default());
    let none = drain(&dir.path().join("none"), &memory, &board, &[]).await.unwrap();
    assert_eq!(none, Drained::default());
}
