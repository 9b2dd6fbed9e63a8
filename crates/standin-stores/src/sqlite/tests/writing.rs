use std::collections::BTreeSet;

use jiff::Timestamp;
use standin_core::beat::{BeatState, Signal};
use standin_core::effect::{EffectKey, Outcome};
use standin_core::health::Health;
use standin_engine::ports::{Change, Journal, JournalError};

use super::{open, place};
use crate::conformance::{arrival, at, full_change, id, planned, verdict};
use crate::sqlite::{MAX_BEATS, Sqlite};

#[tokio::test]
async fn it_conforms() {
    let dir = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    crate::conformance::journal(|| {
        count.set(count.get() + 1);
        let path = dir.path().join(format!("{}.db", count.get()));
        async move { open(&path) }
    })
    .await;
}

#[tokio::test]
async fn a_reopened_file_gives_back_everything() {
    let (_dir, path) = place();
    let store = open(&path);
    store.commit(full_change()).await.unwrap();
    let state = store.arrive(arrival("web", 30, Signal::Start)).await.unwrap();
    let before = store.load().await.unwrap();
    assert_eq!(before.beats.get(&id("web")), Some(&state));
    store.close().await;
    assert!(matches!(store.load().await, Err(JournalError::Closed)));
    assert_eq!(open(&path).load().await.unwrap(), before);
    assert_eq!(Sqlite::read(&path).unwrap().load().unwrap(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_arrivals_are_all_counted() {
    let (_dir, path) = place();
    let store = open(&path);
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                for i in 0..20 {
                    store.arrive(arrival("one", n * 100 + i, Signal::Success)).await.unwrap();
                    store.arrive(arrival(&format!("own-{n}"), i, Signal::Success)).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let beats = store.load().await.unwrap().beats;
    assert_eq!((beats.len(), beats[&id("one")].count), (65, 64 * 20));
    assert!((0..64).all(|n| beats[&id(&format!("own-{n}"))].count == 20));
}

/// A current-thread runtime sends all of these before the writer can answer, so that they share transactions.
#[tokio::test]
async fn a_refused_request_spoils_none_of_its_neighbours() {
    let (_dir, path) = place();
    let store = open(&path);
    store.commit(full_change()).await.unwrap();
    let tasks: Vec<_> = (0..60_u8)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                let marks = vec![(format!("m{n}"), "1".to_owned())];
                match n % 3 {
                    0 => store.arrive(arrival("web", i64::from(n), Signal::Success)).await.is_ok(),
                    1 => store.commit(Change { marks, ..Change::default() }).await.is_ok(),
                    _ => {
                        let change = Change { marks, intents: vec![planned("k", 1)], ..Change::default() };
                        !matches!(store.commit(change).await, Err(JournalError::Duplicate { .. }))
                    }
                }
            })
        })
        .collect();
    let mut fine = Vec::new();
    for task in tasks {
        fine.push(task.await.unwrap());
    }
    assert!(fine.iter().enumerate().all(|(n, fine)| *fine == (n % 3 != 2)), "{fine:?}");
    let loaded = store.load().await.unwrap();
    assert_eq!(loaded.beats[&id("web")].count, 20);
    let written: BTreeSet<_> =
        loaded.marks.keys().filter_map(|m| m.strip_prefix('m')?.parse::<u8>().ok()).collect();
    assert_eq!(written, (0..60).filter(|n| n % 3 == 1).collect());
}

#[tokio::test]
async fn old_heartbeats_go_and_the_sum_stays() {
    let (_dir, path) = place();
    let store = open(&path);
    let start = Timestamp::now().as_second() - at(0).as_second() - 5_000;
    for n in 0..1_300 {
        store.arrive(arrival("web", start + n, Signal::Success)).await.unwrap();
    }
    let kept = store.beats_of(id("web"), usize::MAX).await.unwrap();
    let bound = 1_000 + 128 + 64;
    assert!((1_000..bound).contains(&kept.len()), "{} of about {MAX_BEATS} are kept", kept.len());
    assert_eq!(
        kept.last(),
        Some(&arrival("web", start + 1_299, Signal::Success)),
        "with body and sender, newest last"
    );
    assert_eq!(store.beats_of(id("web"), 2).await.unwrap().as_slice(), &kept[kept.len() - 2..]);
    assert_eq!(store.load().await.unwrap().beats[&id("web")].count, 1_300);
    store.arrive(arrival("old", 0, Signal::Success)).await.unwrap();
    store.close().await;

    let store = open(&path);
    assert_eq!(
        store.beats_of(id("web"), usize::MAX).await.unwrap().len(),
        1_000,
        "opening enforces the bound"
    );
    assert_eq!(store.beats_of(id("old"), 9).await.unwrap(), [], "older than thirty days");
    assert_eq!(store.load().await.unwrap().beats[&id("old")].last_success, Some(at(0)));
    let conn = rusqlite::Connection::open(&path).unwrap();
    let bodies: i64 = conn.query_row("SELECT count(*) FROM bodies", [], |r| r.get(0)).unwrap();
    assert_eq!(bodies, 1_000, "bodies go with their heartbeats");
}

#[tokio::test]
async fn the_history_comes_in_order_and_in_pages() {
    let (_dir, path) = place();
    let store = open(&path);
    for (n, health) in [(1, Health::Failed), (2, Health::Healthy), (3, Health::Late)] {
        let flips = vec![verdict("web", health, n)];
        store.commit(Change { at: at(n), flips, ..Change::default() }).await.unwrap();
    }
    let flips = store.history(at(2), 10).await.unwrap();
    let seen: Vec<_> = flips.iter().map(|f| (f.at, f.was, f.verdict.health)).collect();
    let expected =
        [(at(2), Some(Health::Failed), Health::Healthy), (at(3), Some(Health::Healthy), Health::Late)];
    assert_eq!(seen, expected);
    assert_eq!(store.history(at(0), 1).await.unwrap(), flips[1..], "a page is the newest");
    assert_eq!(store.history(at(0), 9).await.unwrap()[0].was, None);
}

#[tokio::test]
async fn attempts_carry_their_outcomes() {
    let (_dir, path) = place();
    let store = open(&path);
    store.commit(full_change()).await.unwrap();
    let outcomes = vec![(EffectKey("k".into()), 2, Outcome::Done)];
    store.commit(Change { at: at(40), outcomes, ..Change::default() }).await.unwrap();
    let attempts = store.attempts(at(0), 10).await.unwrap();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0].ended, Some((at(10), Outcome::Refused { why: "no".into() })));
    assert_eq!(
        (&attempts[1].planned, &attempts[1].ended),
        (&planned("k", 2), &Some((at(40), Outcome::Done)))
    );
}

/// A trigger stands in for a disk that refuses.
#[tokio::test]
async fn a_lost_transaction_is_told_to_all_and_forgotten() {
    let (_dir, path) = place();
    let store = open(&path);
    store.arrive(arrival("web", 1, Signal::Success)).await.unwrap();
    let conn = rusqlite::Connection::open(&path).unwrap();
    let trigger = "CREATE TRIGGER refuse BEFORE INSERT ON fresh BEGIN SELECT RAISE(ROLLBACK, 'full'); END";
    conn.execute_batch(trigger).unwrap();
    let refused = store.arrive(arrival("web", 2, Signal::Fail)).await;
    assert!(matches!(refused, Err(JournalError::Storage(_))), "{refused:?}");
    conn.execute_batch("DROP TRIGGER refuse").unwrap();
    let state = store.arrive(arrival("web", 3, Signal::Success)).await.unwrap();
    let expected =
        BeatState { count: 2, first: Some(at(1)), last_success: Some(at(3)), ..BeatState::default() };
    assert_eq!(state, expected, "the refused heartbeat is not in the sum");
    let kept = store.beats_of(id("web"), 9).await.unwrap();
    assert_eq!(kept.iter().map(|a| a.beat.at).collect::<Vec<_>>(), [at(1), at(3)]);
}

/// The disk refuses when the log is folded: what was answered before is in the log still, and is folded later.
#[tokio::test]
async fn a_folding_that_fails_loses_nothing_that_was_answered() {
    let (_dir, path) = place();
    let store = open(&path);
    let conn = rusqlite::Connection::open(&path).unwrap();
    let trigger = "CREATE TRIGGER refuse BEFORE INSERT ON beats BEGIN SELECT RAISE(ROLLBACK, 'full'); END";
    conn.execute_batch(trigger).unwrap();
    let mut answered = 0;
    for n in 0..80 {
        let name = format!("w{}", n % 3);
        answered += u64::from(store.arrive(arrival(&name, n, Signal::Success)).await.is_ok());
    }
    assert_eq!(answered, 63, "the one that fills the log, and all after it, are refused");
    let sum = |beats: &std::collections::BTreeMap<_, BeatState>| beats.values().map(|s| s.count).sum::<u64>();
    assert_eq!(sum(&store.load().await.unwrap().beats), answered);
    conn.execute_batch("DROP TRIGGER refuse").unwrap();
    for n in 80..100 {
        store.arrive(arrival("w0", n, Signal::Success)).await.unwrap();
    }
    assert_eq!(store.arrive(arrival("w1", 1, Signal::Success)).await.unwrap().count, 21, "it came before");
    assert_eq!(sum(&store.load().await.unwrap().beats), answered + 20);
    let folded: i64 = conn.query_row("SELECT count(*) FROM beats", [], |r| r.get(0)).unwrap();
    assert_eq!(folded, 64, "it is folded as soon as it can be");
}

#[tokio::test]
async fn a_heartbeat_is_known_again_wherever_it_is_kept() {
    let (_dir, path) = place();
    let store = open(&path);
    let start = Timestamp::now().as_second() - at(0).as_second() - 5_000;
    let all = || (0..200).map(|n| arrival(&format!("w{}", n % 7), start + n, Signal::Success));
    for one in all() {
        store.arrive(one).await.unwrap();
    }
    let before = store.load().await.unwrap();
    for one in all() {
        let (id, sum) = (one.id.clone(), store.arrive(one).await.unwrap());
        assert_eq!(Some(&sum), before.beats.get(&id));
    }
    store.close().await;
    let store = open(&path);
    for one in all().rev() {
        store.arrive(one).await.unwrap();
    }
    assert_eq!(store.load().await.unwrap(), before);
    let of_one = store.beats_of(id("w0"), 9).await.unwrap();
    assert_eq!(of_one.len(), 9);
    assert!(of_one.is_sorted_by_key(|a| a.beat.at), "the newest, oldest first, with the body of each");
    assert!(of_one.iter().all(|a| a.body == arrival("w0", 1, Signal::Success).body));
}
