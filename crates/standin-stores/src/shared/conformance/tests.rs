#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use standin_core::mesh::clock::StoreTime;

use super::*;
use crate::shared::flaky::{Flaky, Mishap};
use crate::shared::memory::{Flaw, Memory};

fn extent() -> Extent {
    Extent { total: Duration::from_secs(20), ..Extent::full() }
}

async fn tried(flaw: Flaw) -> Conformance {
    let store = Memory::flawed(flaw);
    cells(&[store.clone(), store], &extent()).await
}

#[tokio::test]
async fn a_true_store_passes_and_nothing_is_left_in_it() {
    let store = Memory::new();
    let found = cells(&[store.clone(), store.clone()], &extent()).await;
    assert!(found.is_passed(), "{found}");
    assert_eq!(store.list("").await.unwrap().value, []);
    assert_eq!(found.check("swaps-race").unwrap().why.split(' ').next(), Some("50"), "{found}");
}

/// Each bad twin is refused by the check that is about its flaw.
#[tokio::test]
async fn every_bad_twin_is_refused_by_name() {
    let table = [
        (Flaw::BlindOverwrite, "create-if-absent", Outcome::Broken),
        (Flaw::CheckThenAct, "creates-race", Outcome::Broken),
        (Flaw::CheckThenAct, "swaps-race", Outcome::Broken),
        (Flaw::VersionReuse, "versions-never-repeat", Outcome::Broken),
        (Flaw::CounterReuse, "versions-never-repeat", Outcome::Broken),
        (Flaw::StaleReads, "own-write-is-read", Outcome::Broken),
        (Flaw::StaleReads, "time-never-goes-back", Outcome::Broken),
        (Flaw::BlindRemoval, "stale-is-refused", Outcome::Broken),
        (Flaw::BlindRemoval, "removals-race", Outcome::Broken),
        (Flaw::OnePage, "listing", Outcome::Broken),
        (Flaw::FoldsNames, "odd-names", Outcome::Broken),
        (Flaw::CutsValues, "large-values", Outcome::Broken),
        (Flaw::WrongVersion, "own-write-is-read", Outcome::Broken),
        (Flaw::NobodyWins, "swaps-race", Outcome::Unclear),
        (Flaw::LeapingClock, "clock-runs", Outcome::Broken),
    ];
    for (flaw, name, outcome) in table {
        let found = tried(flaw).await;
        assert!(!found.is_passed(), "{flaw:?} passed");
        assert_eq!(found.check(name).unwrap().outcome, outcome, "{flaw:?} {name}\n{found}");
    }
}

/// A twin that looks before it writes has nothing else wrong: only the races show it.
#[tokio::test]
async fn the_race_alone_shows_who_looks_first_and_writes_then() {
    let found = tried(Flaw::CheckThenAct).await;
    let refusals: Vec<&str> = found.refusals().map(|check| check.name).collect();
    assert_eq!(refusals, ["creates-race", "swaps-race", "removals-race"], "{found}");
}

#[tokio::test]
async fn a_clock_that_stands_still_is_noticed_once_it_is_far_behind() {
    let store = Memory::new();
    store.set_now(StoreTime(1_000));
    let bench_extent = extent();
    let clients = [store.clone()];
    let bench = Bench::new(&clients, &bench_extent).unwrap();
    bench.read(0, "a").await.unwrap();
    store.set_now(StoreTime(6_001 + 1_000));
    bench.read(0, "a").await.unwrap();
    assert!(matches!(bench.clock(), Err(Finding::Broken(_))));
}

#[tokio::test]
async fn a_store_that_hangs_is_unclear_within_the_time() {
    struct Hanging;
    impl Cells for Hanging {
        async fn read(&self, _: &str) -> Result<Stamped<Option<Object>>, ReadError> {
            std::future::pending().await
        }
        async fn swap(&self, _: &str, _: Option<&Version>, _: Bytes) -> SwapAnswer {
            std::future::pending().await
        }
        async fn list(&self, _: &str) -> Result<Stamped<Vec<Listed>>, ReadError> {
            std::future::pending().await
        }
        async fn remove(&self, _: &str, _: &Version) -> Result<StoreTime, WriteError> {
            std::future::pending().await
        }
    }
    use crate::shared::{Listed, Object};
    use bytes::Bytes;
    use standin_engine::ports::mesh::{ReadError, Stamped, SwapAnswer, Version, WriteError};
    let extent =
        Extent { request: Duration::from_millis(20), total: Duration::from_millis(100), ..Extent::full() };
    let found = tokio::time::timeout(Duration::from_secs(10), cells(&[Hanging], &extent)).await.unwrap();
    assert_eq!(found.refusals().count(), found.checks.len(), "{found}");
    assert!(found.checks.iter().all(|check| check.outcome == Outcome::Unclear), "{found}");
}

#[tokio::test]
async fn a_store_whose_answers_get_lost_is_tried_again() {
    let store = Memory::new();
    // Rare enough that a check gets through at its second or third try.
    let mut mishaps = vec![Mishap::None; 96];
    mishaps.extend([Mishap::LostAfter, Mishap::LostBefore]);
    let flaky = [Flaky::new(store.clone(), mishaps.clone()), Flaky::new(store, mishaps)];
    let found = cells(&flaky, &Extent { listed: 20, rounds: 10, ..extent() }).await;
    assert!(found.checks.iter().all(|check| check.outcome != Outcome::Broken), "{found}");
    assert_eq!(found.check("swaps-race").unwrap().outcome, Outcome::Passed, "{found}");
}

#[tokio::test]
async fn lost_answers_are_unknown_and_lies_are_found() {
    let told = async |mishaps: &[Mishap]| {
        let store = Memory::new();
        lost_answers(&store, &Flaky::new(store.clone(), mishaps), &extent()).await
    };
    use Mishap::{FalseLost, FalseWon, LostAfter, LostBefore, None, Refused};
    let found = told(&[None, LostAfter, LostBefore, Refused]).await;
    assert!(found.is_passed(), "{found}");
    for lie in [FalseLost, FalseWon] {
        let found = told(&[None, LostAfter, lie]).await;
        assert_eq!(found.checks[0].outcome, Outcome::Broken, "{lie:?} {found}");
    }
    assert_eq!(told(&[None]).await.checks[0].outcome, Outcome::Unclear, "no fault was met");
}

#[tokio::test]
async fn shelves_are_held_to_less() {
    let store = Memory::new();
    let found = shelf(&[store.clone(), store], &extent()).await;
    assert!(found.is_passed(), "{found}");
    for flaw in [Flaw::VersionReuse, Flaw::StaleReads, Flaw::BlindOverwrite] {
        assert!(shelf(&[Memory::flawed(flaw)], &extent()).await.is_passed(), "{flaw:?}");
    }
    tokio::time::pause();
    for (flaw, name) in [(Flaw::OnePage, "writers-keep-apart"), (Flaw::CutsValues, "large-records")] {
        let found = shelf(&[Memory::flawed(flaw)], &extent()).await;
        assert_eq!(found.check(name).unwrap().outcome, Outcome::Broken, "{flaw:?} {found}");
    }
}
