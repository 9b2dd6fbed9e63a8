//! What a peer writes for the others, and for its own next run, to every store that takes evidence.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::fitness::SelfHealth;
use standin_core::mesh::peer::PeerBeat;
use standin_core::mesh::suspicion::Suspicion;

/// One peer's record in one store. The times in the beat are on that store's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its sign of life.
    pub beat: PeerBeat,
    /// Whom it suspects.
    pub suspicions: Vec<Suspicion>,
    /// What it has seen of the targets: all that a watcher without memory knows of its last run.
    pub carry: Arc<Carry>,
}

/// What a watcher has to remember from one tick to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carry {
    /// How far it trusted itself.
    pub health: SelfHealth,
    /// When its next tick was to begin, by its own wall clock; `None` before the first.
    pub due: Option<StoreTime>,
    /// One entry a target, in the order of the setup. Read with another configuration it is not used.
    pub seen: Vec<Seen>,
}

/// What was seen of a target, on its arbiter's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When it was last seen well.
    pub well_at: Option<StoreTime>,
    /// Since when it is seen down; `None` while it is not.
    pub down_since: Option<StoreTime>,
}
