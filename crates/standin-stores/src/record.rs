//! What reports read back out of a journal.

use jiff::Timestamp;
use standin_core::effect::{Outcome, PlannedEffect};
use standin_core::health::Health;
use standin_core::verdict::Verdict;

/// One turn in the health of an automation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flip {
    /// When it was judged.
    pub at: Timestamp,
    /// The health before; `None` for the first verdict of all.
    pub was: Option<Health>,
    /// The new verdict.
    pub verdict: Verdict,
}

/// One attempt at an effect, with what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When it was recorded, just before it was tried.
    pub at: Timestamp,
    /// What was to be done.
    pub planned: PlannedEffect,
    /// When it ended and how; `None` while it is in flight, or when the agent stopped in between.
    pub ended: Option<(Timestamp, Outcome)>,
}
