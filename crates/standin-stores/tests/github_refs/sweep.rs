//! Old slots go, young ones and decisions stay.

use bytes::Bytes;
use standin_engine::ports::mesh::SwapAnswer;
use standin_stores::shared::Cells;
use standin_stores::shared::github_refs::{GithubCells, Swept};

use super::{asked, refs, stage};

async fn made(cells: &GithubCells, name: &str) {
    let answer = cells.swap(name, None, Bytes::from_static(b"{}")).await;
    assert!(matches!(answer, SwapAnswer::Won(_)), "{answer:?}");
}

async fn names(cells: &GithubCells) -> Vec<String> {
    cells.list("").await.unwrap().value.into_iter().map(|listed| listed.name).collect()
}

#[tokio::test]
async fn a_slot_lives_for_thirty_days_and_a_trial_for_one() {
    let stage = stage().await;
    let refs = refs(&stage);
    made(&refs.slots(), "old").await;
    made(&refs.cells(), "decision").await;
    stage.github.plane().set_clock_ahead(29 * 86_400);
    made(&refs.slots(), "young").await;
    made(&refs.cells(), "conformance/run/old").await;
    assert_eq!(refs.sweep(100).await.unwrap(), Swept { removed: 0, young: 3, left: 0 });
    stage.github.plane().set_clock_ahead(30 * 86_400 + 60);
    made(&refs.cells(), "conformance/run/young").await;
    assert_eq!(refs.sweep(100).await.unwrap(), Swept { removed: 2, young: 2, left: 0 });
    assert_eq!(names(&refs.slots()).await, ["young"]);
    assert_eq!(names(&refs.cells()).await, ["conformance/run/young", "decision"]);
}

#[tokio::test]
async fn a_sweep_keeps_to_its_requests_and_the_next_one_goes_on() {
    let stage = stage().await;
    let refs = refs(&stage);
    for number in 0..10 {
        made(&refs.slots(), &format!("slot-{number}")).await;
    }
    stage.github.plane().set_clock_ahead(31 * 86_400);
    asked(&stage);
    assert_eq!(refs.sweep(9).await.unwrap(), Swept { removed: 3, young: 0, left: 7 });
    assert_eq!(asked(&stage).len(), 9);
    assert_eq!(refs.sweep(100).await.unwrap().removed, 7);
    assert_eq!(refs.sweep(0).await.unwrap(), Swept::default());
}
