//! One outage a test: who acts, that it is once, who is told, and what is said when it is over.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use standin_stage::{Conclusion, Fault, FaultKind, Script, WorkflowState};

use super::proxy;
use super::shop::{REPO, Shop, TWO_WATCHERS, backup, health, nightly, watcher};

pub(crate) const NIGHTLY: &str = "workflow:nightly.yml";

/// The slot that is missed: it was due two hours ago, and the next one is far away.
pub(crate) fn missed() -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(2)
}

/// Two watchers and a workflow whose last slot has no run.
pub(crate) fn files() -> Vec<(&'static str, String)> {
    vec![
        ("standin.toml", TWO_WATCHERS.to_owned()),
        (".github/workflows/first.yml", watcher()),
        (".github/workflows/second.yml", watcher()),
        (".github/workflows/nightly.yml", nightly(missed())),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_slot_is_run_once_and_told() {
    let shop = Shop::new(&files()).await;
    let told = shop.check("second").await;
    shop.took("workflow missed its slot, dispatched again by an Action");
    assert_eq!(told.alerts(NIGHTLY), ["recovered"], "{}", told.said);
    assert_eq!((shop.dispatches("nightly.yml"), shop.worked().len()), (1, 1), "{:?}", shop.worked());
    assert_eq!(shop.phone.told("recovered", NIGHTLY), 1, "{:?}", shop.phone.alerts());
    assert!(told.summary.contains("was helped, and is well"), "{}", told.summary);
    // The next look finds it well, and does nothing.
    let told = shop.check("second").await;
    assert_eq!(health(&told.check, NIGHTLY), "healthy", "{}", told.said);
    assert_eq!((shop.dispatches("nightly.yml"), shop.worked().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_watchers_at_once_recover_once() {
    let shop = Shop::new(&files()).await;
    let (first, second) = tokio::join!(shop.check("first"), shop.check("second"));
    shop.took("workflow missed its slot, two Actions at once");
    let both = [first.alerts(NIGHTLY), second.alerts(NIGHTLY)].concat();
    assert_eq!(both, ["recovered"], "{}\n{}", first.said, second.said);
    assert_eq!((shop.dispatches("nightly.yml"), shop.worked().len()), (1, 1), "{:?}", shop.worked());
    assert_eq!(shop.phone.told("recovered", NIGHTLY), 1, "{:?}", shop.phone.alerts());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_action_is_started_and_enabled() {
    let mut files = files();
    files.pop();
    files[0].1 = TWO_WATCHERS.split("[[automation]]").next().unwrap().to_owned();
    let shop = Shop::new(&files).await;
    let told = shop.check("first").await;
    assert_eq!(told.code, Some(0), "{}", told.said);
    let state = WorkflowState::DisabledInactivity;
    shop.stage.github.set_workflow(REPO, "first.yml", state).unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let told = shop.check("second").await;
    shop.took("Action silent and asleep, enabled and dispatched by another Action");
    shop.quiet().await;
    // Waking it is free to be repeated: its tick is harmless. Its claim is what counts.
    assert!(
        told.said.contains("was helped, and is well") || told.said.contains("well again"),
        "{}",
        told.said
    );
    assert_eq!(shop.phone.told("peer_silent", "peer:first"), 1, "{:?}\n{}", shop.phone.alerts(), told.said);
    let runs = shop.runs("first.yml");
    assert!(
        !runs.is_empty() && runs.iter().all(|run| run.conclusion == Some(Conclusion::Success)),
        "{runs:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispatch_that_fails_is_followed_by_the_backup() {
    let mut files = files();
    files.push((".github/workflows/nightly-backup.yml", backup()));
    let shop = Shop::new(&files).await;
    let fails = Script::ends(Conclusion::Failure, Duration::ZERO);
    shop.stage.github.script(REPO, "nightly.yml", Some(fails)).unwrap();
    let told = shop.check("second").await;
    assert_eq!(told.alerts(NIGHTLY), ["failed"], "{}", told.said);
    assert_eq!(shop.worked(), []);
    // The next attempt waits for up to two minutes, which pass on GitHub's clock.
    shop.stage.github.plane().set_clock_ahead(125);
    let told = shop.check("second").await;
    shop.took("workflow fails when dispatched, its backup workflow as second attempt");
    assert_eq!(told.alerts(NIGHTLY), ["recovered"], "{}", told.said);
    assert_eq!((shop.dispatches("nightly.yml"), shop.dispatches("nightly-backup.yml")), (1, 1));
    let worked = shop.worked();
    assert!(worked.len() == 1 && worked[0].workflow == "nightly-backup.yml", "{worked:?}");
    assert_eq!(shop.phone.told("recovered", NIGHTLY), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_store_nothing_is_done_and_that_is_told() {
    let shop = Shop::new(&files()).await;
    let gone = Fault::always(&format!("/repos/{REPO}/git/*"), FaultKind::status(503));
    shop.stage.github.plane().inject(gone).unwrap();
    let told = shop.check("second").await;
    assert_eq!((shop.dispatches("nightly.yml"), shop.worked().len()), (0, 0), "{}", told.said);
    shop.stage.github.plane().clear_faults();
    let told = shop.check("second").await;
    shop.took("workflow missed its slot while the store was down, dispatched when it is back");
    assert_eq!(told.alerts(NIGHTLY), ["recovered"], "{}", told.said);
    assert_eq!((shop.dispatches("nightly.yml"), shop.worked().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_disabled_is_left_alone() {
    let shop = Shop::new(&files()).await;
    shop.stage.github.set_workflow(REPO, "nightly.yml", WorkflowState::DisabledManually).unwrap();
    let told = shop.check("second").await;
    assert_eq!(health(&told.check, NIGHTLY), "stopped", "{}", told.said);
    let requests = shop.stage.github.plane().requests();
    assert!(requests.iter().all(|request| !request.path.contains("/nightly.yml/")), "{requests:?}");
    assert_eq!(shop.worked(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn watchers_that_do_not_see_each_other_recover_once() {
    let shop = Shop::new(&files()).await;
    // One of them reaches the platform and the claims, and not what the others have written of themselves.
    let half = proxy::without(&shop.stage.github_url, "/matching-refs/").await;
    let blind = shop.watcher("first").set("STANDIN_INPUT_API_URL", &half).run();
    let (first, second) = tokio::join!(blind, shop.check("second"));
    shop.took("workflow missed its slot, two Actions partitioned");
    assert!(first.check["score"].is_null() || first.alerts(NIGHTLY).is_empty(), "{}", first.said);
    assert_eq!(second.alerts(NIGHTLY), ["recovered"], "{}\n{}", first.said, second.said);
    assert_eq!((shop.dispatches("nightly.yml"), shop.worked().len()), (1, 1), "{:?}", shop.worked());
}
