#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Mutex;

use standin_core::effect::EffectKey;
use standin_stores::shared::sqlite::Local;
use tokio::sync::Notify;

use super::super::slots::tests::store;
use super::*;

/// Runs whatever it is asked to, and says when one has ended.
#[derive(Debug, Default)]
struct Runs {
    all: Mutex<Vec<(EffectKey, u8)>>,
    begun: Vec<(EffectKey, u8)>,
    ran: Notify,
}

impl Runner for Runs {
    async fn run(&self, _: &AutomationId, key: &EffectKey, attempt: u8) -> RunEnd {
        self.all.lock().unwrap().push((key.clone(), attempt));
        self.ran.notify_one();
        RunEnd::Exited { code: 0 }
    }

    fn has_begun(&self, key: &EffectKey, attempt: u8) -> bool {
        self.begun.contains(&(key.clone(), attempt))
    }
}

fn restore() -> AutomationId {
    "command:restore".parse().unwrap()
}

fn works(dir: Option<&Path>, begun: &[u8]) -> Arc<Works<Runs>> {
    let begun = begun.iter().map(|attempt| (key(), *attempt)).collect();
    Arc::new(Works {
        runner: Arc::new(Runs { begun, ..Runs::default() }),
        commands: [restore()].into(),
        memory: Memory(dir.map(|dir| Local::open(&dir.join("mesh.db")).unwrap())),
    })
}

fn key() -> EffectKey {
    EffectKey("k".to_owned())
}

fn order(attempt: u8) -> Order {
    Order { key: key(), epoch: 1, attempt }
}

/// What has run, once all that was spawned has had its turn.
async fn ran(works: &Works<Runs>) -> Vec<u8> {
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
    works.runner.all.lock().unwrap().iter().map(|(_, attempt)| *attempt).collect()
}

#[tokio::test]
async fn the_same_order_starts_one_run_whoever_dies_in_between() {
    let dir = tempfile::tempdir().unwrap();
    let (one, store) = (works(Some(dir.path()), &[]), store());
    for _ in 0..2 {
        assert_eq!(one.start(&restore(), Some(Arc::clone(&store)), &order(1)).await, Sent::Accepted);
    }
    one.runner.ran.notified().await;
    let next = works(Some(dir.path()), &[]);
    assert_eq!(next.start(&restore(), None, &order(1)).await, Sent::Accepted);
    assert_eq!((ran(&one).await, ran(&next).await), (vec![1], vec![]));
}

#[tokio::test]
async fn nothing_is_started_for_a_slot_that_is_anothers_or_that_nobody_can_tell_of() {
    let dir = tempfile::tempdir().unwrap();
    let (one, store) = (works(Some(dir.path()), &[]), store());
    let later = Claimant { attempt: 2, run: "github/9/1", now: 5, ordered: Some(5) };
    assert_eq!(store.claim(&key(), later).await, Claimed::Go);
    assert_eq!(one.start(&restore(), Some(store), &order(1)).await, Sent::Refused);
    let nobody: Arc<dyn Store> = Arc::new(standin_body::store::OutOfReach);
    assert_eq!(one.start(&restore(), Some(nobody), &order(1)).await, Sent::Refused);
    let unknown = "command:other".parse().unwrap();
    assert_eq!(one.start(&unknown, None, &order(1)).await, Sent::Refused);
    assert!(ran(&one).await.is_empty());
}

#[tokio::test]
async fn an_order_that_cannot_be_written_down_is_refused_and_its_slot_is_given_up() {
    let (one, store) = (works(None, &[]), store());
    assert_eq!(one.start(&restore(), Some(Arc::clone(&store)), &order(1)).await, Sent::Refused);
    assert_eq!(store.holder(&key()).await.unwrap().state, SlotState::Failed);
    assert!(ran(&one).await.is_empty());
}

#[tokio::test]
async fn the_next_life_begins_what_was_not_begun_only_while_the_slot_is_its_own() {
    for (slot, begun, expected) in
        [("own", vec![], vec![1]), ("anothers", vec![], vec![]), ("anothers", vec![1], vec![1])]
    {
        let dir = tempfile::tempdir().unwrap();
        let (next, store) = (works(Some(dir.path()), &begun), store());
        let run = Run {
            automation: restore(),
            key: key(),
            attempt: 1,
            at: Timestamp::now(),
            state: RunIs::Ordered,
        };
        assert_eq!(next.memory.order(&run).await, Noted::New);
        let name = run_name(&key(), 1);
        let run = if slot == "own" { name.as_str() } else { "github/9/1" };
        let who = Claimant { attempt: 1, run, now: 5, ordered: Some(5) };
        assert_eq!(store.claim(&key(), who).await, Claimed::Go);
        next.take_up(&[store]).await;
        if !expected.is_empty() {
            next.runner.ran.notified().await;
        }
        assert_eq!(ran(&next).await, expected, "{slot}, {begun:?}");
    }
}
