//! What is known of one slot of an automation, over all peers and stores.

use serde::{Deserialize, Serialize};

use super::peer::PeerId;
use crate::effect::EffectKey;

/// How far a slot has come. The order is the join: of two records the greater one is right, whoever read it when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SlotState {
    /// Nothing is known of it. That is not a failure.
    #[default]
    Unknown,
    /// Somebody has the right to run it.
    Claimed {
        /// Under this key.
        key: EffectKey,
        /// Who.
        by: PeerId,
    },
    /// It runs.
    Started,
    /// It ran and failed.
    Failed,
    /// It ran well, be it the primary or the backup, be it at the second attempt.
    Ok,
}
