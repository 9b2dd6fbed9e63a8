//! What a tick has come to.

use standin_core::effect::EffectKey;
use standin_core::mesh::claim::End;
use standin_core::mesh::peer::BeatNumber;

use super::record::Carry;
use crate::ports::mesh::Number;

/// One thing that a tick did, or tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// It tried to recover a target.
    Tried {
        /// Which.
        target: Number,
        /// Under which key.
        key: EffectKey,
        /// How that ended.
        end: End,
    },
    /// Who decides for a target could not be reached: nothing was done.
    Blocked {
        /// Which.
        target: Number,
    },
    /// It asked a peer's platform to start it.
    Woke(Number),
    /// It suspects a peer.
    Suspects(Number),
    /// It has won a claim, and asked a peer to carry it out.
    Asked {
        /// Which target.
        target: Number,
        /// Whom.
        peer: Number,
    },
    /// It has handed the work of a target back to its primary.
    HandedBack(Number),
    /// It carried out what a peer has won the claim for and asked for.
    Served {
        /// Which target.
        target: Number,
        /// Under which key.
        key: EffectKey,
    },
}

/// What the body has to keep, and what there is to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// For the next tick of a body with memory.
    pub carry: Carry,
    /// The number of the last beat.
    pub number: BeatNumber,
    /// What it did, in order.
    pub deeds: Vec<Deed>,
    /// Records and decisions that could not be believed.
    pub garbage: u32,
}
