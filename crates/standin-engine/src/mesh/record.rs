//! What a peer writes for the others, and for its own next run, to every store that takes evidence.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use standin_core::effect::EffectKey;
use standin_core::incident::Target;
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::fitness::SelfHealth;
use standin_core::mesh::handback::{Ack, Damping, Streak};
use standin_core::mesh::peer::{BeatNumber, PeerBeat, PeerId};
use standin_core::mesh::suspicion::Suspicion;

use crate::ports::mesh::{Fact, Number};

/// One peer's record in one store. The times in the beat are on that store's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its sign of life.
    pub beat: PeerBeat,
    /// Whom it suspects.
    pub suspicions: Vec<Suspicion>,
    /// What it has seen of the targets: all that a watcher without memory knows of its last run.
    pub carry: Arc<Carry>,
    /// What it asks of others; at most [`MAX_ASKS`] are read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<Ask>,
    /// What it sees on platforms that only it can see, one entry a target; at most [`MAX_FACTS`] are read.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub facts: Arc<Vec<Told>>,
    /// When it began to look at them, on the clock of the store that the record lies in: a record may be written anew
    /// long after the look.
    #[serde(default)]
    pub facts_at: StoreTime,
}

/// So many asks of one peer stand at a time.
pub const MAX_ASKS: usize = 16;

/// So many facts are told by one peer. The targets after that are not seen by the others.
pub const MAX_FACTS: usize = 4_096;

/// So many asks are remembered as done.
pub const MAX_SERVED: usize = 64;

/// "Do this for me": from a peer that has won a claim and cannot carry it out to one that can. It is a hint; the right
/// is in the claim's cell, where the asked peer looks before it acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Who is asked.
    pub to: PeerId,
    /// What for.
    pub target: Target,
    /// For which slot, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<StoreTime>,
    /// The key of the claim.
    pub key: EffectKey,
    /// The epoch of the claim.
    pub epoch: u64,
    /// Which attempt it is, and so which remedy.
    pub attempt: u8,
    /// Nothing is sent for it after this, on the clock of the store that the record lies in.
    pub expires: StoreTime,
}

/// An ask that was taken up: it is not taken up again, and neither is an older attempt under its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Its key.
    pub key: EffectKey,
    /// Its attempt.
    pub attempt: u8,
}

/// What a peer sees of one target, by its number under the configuration that the record's beat names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told(pub u32, pub Fact);

fn is_empty(facts: &Arc<Vec<Told>>) -> bool {
    facts.is_empty()
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
    /// The platforms, by number, whose brake it has seen on. Read with another configuration they are not used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub braked: Vec<Number>,
    /// The handbacks that it has agreed to, for the primaries that it hosts; at most [`MAX_ACKS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acks: Vec<Ack>,
    /// The asks that it has taken up, the newest last; at most [`MAX_SERVED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub served: Vec<Served>,
    /// The silences that it has told people of; one for each peer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silences: Vec<SilenceTold>,
}

/// So many silences of one record are read.
pub const MAX_SILENCES: usize = 64;

/// A silence that people were told of, and not yet of its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceTold {
    /// Whose.
    pub peer: PeerId,
    /// Its newest beat then: a silence after another beat is another one.
    pub about: BeatNumber,
}

/// What was seen of a target, on its arbiter's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When it was last seen well.
    pub well_at: Option<StoreTime>,
    /// Since when it is seen down; `None` while it is not.
    pub down_since: Option<StoreTime>,
    /// For how long its primary has been well, looked at in each tick. Only of a target that a backup may serve.
    #[serde(default)]
    pub streak: Streak,
    /// How long a backup keeps the work at least.
    #[serde(default)]
    pub damping: Damping,
    /// When somebody was seen to have stopped it; `None` once it is seen otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<StoreTime>,
    /// What its claim was when it was last looked at. Only of a target that a backup may serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimSeen>,
    /// What a person was told of it last, and when, by the watcher's own wall clock; `None` once it is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<(Alert, StoreTime)>,
}

/// A look at the claim of a target that a backup may serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimSeen {
    /// What was found.
    pub found: Found,
    /// When, by the watcher's own wall clock.
    pub at: StoreTime,
}

/// Whether a backup works, as far as a look has told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// None does.
    Free,
    /// One does, or nobody knows: the claim is looked at in each tick.
    Held,
}

/// What a person was told of a target that needs one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alert {
    /// Who decides for it cannot be reached.
    NoArbiter,
    /// All attempts are used.
    Exhausted,
    /// What is stored for it is not to be believed.
    Garbage,
    /// Help was sent, and the tick was over before it could be seen what came of it.
    Unconfirmed,
}

/// So many agreements of one peer are kept, the newest last.
pub const MAX_ACKS: usize = 64;
