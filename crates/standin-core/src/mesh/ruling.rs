//! What is decided by compare-and-swap: who may act on a target, and how much a platform takes at once.

use serde::{Deserialize, Serialize};

use super::brake::Brake;
use super::cell::Cell;

/// One decision. A cell that should hold one sort and holds the other is garbage.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "ruling", rename_all = "snake_case")]
pub enum Ruling {
    /// Of a target.
    Claim(Cell),
    /// Of a platform.
    Brake(Brake),
}

impl Ruling {
    /// The claim, if it is one.
    pub const fn claim(&self) -> Option<&Cell> {
        match self {
            Self::Claim(cell) => Some(cell),
            Self::Brake(_) => None,
        }
    }

    /// The brake, if it is one.
    pub const fn brake(&self) -> Option<&Brake> {
        match self {
            Self::Claim(_) => None,
            Self::Brake(brake) => Some(brake),
        }
    }
}
