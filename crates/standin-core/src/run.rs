//! Runs that the agent itself starts in the slots of a schedule.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How a run of a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum RunEnd {
    /// It exited with this code; 0 is a success.
    Exited {
        /// 0 to 255.
        code: i32,
    },
    /// A signal ended it.
    Killed {
        /// Such as `SIGKILL`.
        signal: String,
    },
    /// It was stopped because it ran longer than its limit.
    TimedOut,
    /// It could not be started.
    NotStarted {
        /// Why, for people.
        why: String,
    },
    /// Nobody saw how it ended: the machine or the agent stopped in the meantime.
    Lost,
}

impl RunEnd {
    /// Whether this is a success.
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Exited { code: 0 })
    }
}

/// What the runs of one automation so far come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunState {
    /// When the agent first knew this schedule: slots before it are not owed.
    pub known_since: Option<Timestamp>,
    /// The newest slot that was run or skipped on purpose: slots up to it are settled.
    pub settled_slot: Option<Timestamp>,
    /// Attempts at that slot so far; 0 when it was skipped.
    pub attempt: u8,
    /// The run in flight: when it began. Where runs may overlap, the newest one.
    pub running_since: Option<Timestamp>,
    /// The slot of that run.
    #[serde(default)]
    pub running_slot: Option<Timestamp>,
    /// How the last run ended, and when.
    pub last_end: Option<(Timestamp, RunEnd)>,
    /// The last success.
    pub last_success: Option<Timestamp>,
    /// Failures since the last success.
    pub failures: u32,
}

impl RunState {
    /// Takes in the end of the run in flight.
    pub fn ended(&mut self, at: Timestamp, end: RunEnd) {
        self.running_since = None;
        self.running_slot = None;
        self.count(at, &end);
        self.last_end = Some((at, end));
    }

    /// Takes in the end of the run for `slot`. Where runs overlap and a newer one is in flight, that one goes on and
    /// is the one that is judged.
    pub fn ended_for(&mut self, slot: Timestamp, at: Timestamp, end: RunEnd) {
        if self.running_slot.is_some_and(|newest| newest != slot) {
            self.count(at, &end);
        } else {
            self.ended(at, end);
        }
    }

    /// Takes in that the run for `slot` was not begun, because another has done its work or does it. As with a slot
    /// that is skipped there is nothing to be tried again.
    pub fn left_out(&mut self, slot: Timestamp) {
        if self.running_slot == Some(slot) {
            self.running_since = None;
            self.running_slot = None;
        }
        if self.settled_slot == Some(slot) {
            self.attempt = 0;
        }
    }

    fn count(&mut self, at: Timestamp, end: &RunEnd) {
        if end.is_success() {
            self.last_success = self.last_success.max(Some(at));
            self.failures = 0;
        } else {
            self.failures = self.failures.saturating_add(1);
        }
    }
}
