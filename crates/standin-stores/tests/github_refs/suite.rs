//! The conformance suite.

use bytes::Bytes;
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::{ReadError, Stamped, SwapAnswer, Version, WriteError};
use standin_stage::{Fault, FaultKind};
use standin_stores::shared::conformance::{self, Extent};
use standin_stores::shared::{Cells, Listed, Object};

use super::{refs, stage, stage_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cells_pass_the_whole_suite() {
    let stage = stage().await;
    let clients: Vec<_> = (0..3).map(|_| refs(&stage).cells()).collect();
    let found = conformance::cells(&clients, &Extent::full()).await;
    assert!(found.is_passed(), "{found}");
    println!("{found}{} requests", stage.github.plane().requests().len());
}

#[tokio::test]
async fn records_pass_the_suite() {
    let stage = stage().await;
    let clients: Vec<_> = (0..2).map(|_| refs(&stage).trial_shelf()).collect();
    let found = conformance::shelf(&clients, &Extent::short()).await;
    assert!(found.is_passed(), "{found}");
}

#[tokio::test]
async fn the_truth_is_told_while_answers_get_lost() {
    // What is lost is the answer to the request that moves the ref, in each way.
    for fault in [
        FaultKind::status_after_commit(502),
        FaultKind::status(503),
        FaultKind::status(409),
        FaultKind::status(429),
        FaultKind::LostReply,
        FaultKind::CutReply,
        FaultKind::Truncated,
        FaultKind::Refused,
        FaultKind::Huge,
    ] {
        let stage = stage().await;
        let (clean, faulty) = (refs(&stage).cells(), refs(&stage));
        let name = format!("{fault:?}");
        let is_definite = matches!(fault, FaultKind::Status { code: 409 | 429, .. });
        let faulty = Faulty { stage: &stage, cells: faulty.cells(), fault };
        let extent = Extent { rounds: 9, ..Extent::short() };
        let found = conformance::lost_answers(&clean, &faulty, &extent).await;
        let seen = found.check("lost-answers").unwrap();
        if is_definite {
            // Nothing is unknown then, which the suite takes for nothing having been tried.
            assert!(seen.why.contains(" lost, 0 unknown, and all of it true"), "{name}: {found}");
        } else {
            assert!(found.is_passed(), "{name}: {found}");
        }
    }
}

/// Cells whose every swap meets a fault where the ref is moved.
struct Faulty<'a, C> {
    stage: &'a standin_stage::Stage,
    cells: C,
    fault: FaultKind,
}

impl<C: Cells> Cells for Faulty<'_, C> {
    async fn read(&self, name: &str) -> Result<Stamped<Option<Object>>, ReadError> {
        self.cells.read(name).await
    }

    async fn swap(&self, name: &str, expect: Option<&Version>, bytes: Bytes) -> SwapAnswer {
        let plane = self.stage.github.plane();
        let (method, path) = match expect {
            None => ("POST", "/repos/*/git/refs"),
            Some(_) => ("PATCH", "/repos/*/git/refs/*"),
        };
        plane.inject(Fault::once(path, self.fault.clone()).on(method)).unwrap();
        let answer = self.cells.swap(name, expect, bytes).await;
        plane.clear_faults();
        answer
    }

    async fn list(&self, prefix: &str) -> Result<Stamped<Vec<Listed>>, ReadError> {
        self.cells.list(prefix).await
    }

    async fn remove(&self, name: &str, expect: &Version) -> Result<StoreTime, WriteError> {
        self.cells.remove(name, expect).await
    }
}

#[tokio::test]
async fn trying_the_store_out_leaves_room_in_the_hour() {
    let stage = stage_with(1_000).await;
    let clients: Vec<_> = (0..2).map(|_| refs(&stage).cells()).collect();
    let found = conformance::cells(&clients, &Extent::short()).await;
    assert!(found.is_passed(), "{found}");
    let requests = stage.github.plane().requests().len();
    println!("{requests} requests");
    assert!(requests < 900, "{requests} of 1,000");
}
