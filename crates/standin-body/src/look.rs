//! A look without a tick: what the stores and the platforms say now. Nothing is written, claimed, sent or told.

use std::sync::Arc;

use standin_engine::ports::mesh::{Answer, Request};
use tokio::task::JoinSet;

use crate::check::{CheckV1, said};
use crate::drive::Carrier;
use crate::host::Host;
use crate::world::World;

/// Reads all evidence and surveys all platforms that this watcher can see, side by side, each for at most the time of a
/// request.
pub async fn look<H: Host>(world: &Arc<World<H>>) -> CheckV1 {
    let setup = &world.joined().setup;
    let evidence = setup.evidence.iter().map(|store| Request::ReadEvidence(*store));
    let surveys = (0..setup.platforms.len()).filter(|number| setup.sees(*number)).map(Request::Survey);
    let limit = std::time::Duration::from_millis(u64::from(setup.body.request));
    let mut under_way: JoinSet<Result<Answer, _>> = JoinSet::new();
    for request in evidence.chain(surveys) {
        let world = Arc::clone(world);
        under_way.spawn(async move { tokio::time::timeout(limit, world.carry(request)).await });
    }
    // What each has seen, the world keeps; what did not answer in time is unknown.
    while under_way.join_next().await.is_some() {}
    said(world)
}
