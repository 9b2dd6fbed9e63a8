//! A platform that ends the function in the middle: what it had begun stands, and the next tick finds out.

use std::time::Duration;

use serde_json::json;
use standin_stage::{Fault, FaultKind};

use crate::set::{Set, set};

/// Starts a tick, and kills it once its dispatch is under way.
async fn killed_while_it_dispatches(set: &Set, fault: FaultKind) {
    set.stage.github.plane().inject(Fault::once("*/dispatches", fault)).unwrap();
    let mut child = set.start(&json!({ "kind": "schedule" })).await;
    let is_sent = || set.stage.github.plane().requests().iter().any(|r| r.path.ends_with("/dispatches"));
    let waited = async {
        while !is_sent() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waited).await.expect("it dispatches");
    child.kill().await.unwrap();
}

#[tokio::test]
async fn what_had_arrived_when_it_was_killed_is_not_done_again() {
    let set = set().await;
    killed_while_it_dispatches(&set, FaultKind::HangAfterCommit).await;
    for _ in 0..2 {
        set.tick().await;
        assert_eq!(set.runs().len(), 1);
    }
}

#[tokio::test]
async fn what_had_not_arrived_is_done_once_when_the_claim_has_run_out() {
    let set = set().await;
    killed_while_it_dispatches(&set, FaultKind::Hang).await;
    set.tick().await;
    assert_eq!(set.runs().len(), 0, "the claim may still be at work");
    // The claim's lease is two minutes, by the clock of the store.
    set.stage.github.plane().set_clock_ahead(150);
    set.tick().await;
    assert_eq!(set.runs().len(), 1);
    assert!(set.runs()[0].title.ends_with(" 2"), "the second attempt: {:?}", set.runs());
}

#[tokio::test]
async fn whatever_hangs_it_answers_before_its_deadline() {
    let set = set().await;
    set.stage.github.plane().inject(Fault::always("*", FaultKind::Hang)).unwrap();
    let deadline = jiff::Timestamp::now() + Duration::from_secs(10);
    let told = set.tell(&json!({ "kind": "schedule", "deadline_ms": deadline.as_millisecond() })).await;
    assert!(jiff::Timestamp::now() < deadline);
    assert_eq!((told.status, set.runs().len()), (200, 0), "{told:?}");
    let event = json!({ "kind": "schedule", "deadline_ms": jiff::Timestamp::now().as_millisecond() + 3_000 });
    let told = set.tell(&event).await;
    assert_eq!(told.status, 503);
    assert!(told.body.contains("a time limit of 30 seconds"), "{told:?}");
}

#[tokio::test]
async fn a_dispatch_that_is_slow_to_answer_is_begun_only_with_time_for_it() {
    let set = set().await;
    // Everything takes as long as a request may: what is left is too little for a recovery.
    set.stage
        .github
        .plane()
        .inject(Fault::always("*/git/*", FaultKind::slow(Duration::from_millis(450))))
        .unwrap();
    let deadline = jiff::Timestamp::now() + Duration::from_millis(4_500);
    let told = set.tell(&json!({ "kind": "schedule", "deadline_ms": deadline.as_millisecond() })).await;
    assert!(jiff::Timestamp::now() < deadline);
    assert_eq!((told.status, set.runs().len()), (200, 0), "{told:?}");
}
