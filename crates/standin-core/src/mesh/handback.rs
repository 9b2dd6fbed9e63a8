//! Handing back: when the primary is well again for good, the backup stops, and only then does the primary work.

use serde::{Deserialize, Serialize};

use super::cell::{self, Cell, Holder};
use super::clock::StoreTime;
use super::swap::Swapped;
use crate::incident::Target;

/// Beats in time, one after another, that make a primary well for good.
pub const STEADY_BEATS: u32 = 3;

/// The least time that these beats span, in milliseconds.
pub const STEADY_MS: u64 = 600_000;

/// The shortest and the longest cool-down, in milliseconds.
pub const COOL_DOWN_MS: (u64, u64) = (600_000, 14_400_000);

/// A cool-down halves for each of these without a flap, in milliseconds.
pub const QUIET_MS: u64 = 3_600_000;

/// Beats in time since the last one that was not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Streak {
    beats: u32,
    first: StoreTime,
    last: StoreTime,
}

/// Whether a beat came when it was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Punctual {
    /// It did.
    Yes,
    /// It was late, or one before it never came.
    No,
}

impl Streak {
    /// Takes in the next beat of the primary. One that is not later than the last says nothing new.
    #[must_use]
    pub fn beat(self, at: StoreTime, punctual: Punctual) -> Self {
        match punctual {
            Punctual::No => Self::default(),
            Punctual::Yes if self.beats == 0 => Self { beats: 1, first: at, last: at },
            Punctual::Yes if at <= self.last => self,
            Punctual::Yes => Self { beats: self.beats.saturating_add(1), last: at, ..self },
        }
    }

    /// Whether the primary, whose beats are `period` milliseconds apart, is well for good.
    pub fn is_steady(&self, period: u64) -> bool {
        let span = period.saturating_mul(2).max(STEADY_MS);
        self.beats >= STEADY_BEATS && self.last.since(self.first) >= span
    }
}

/// How long the backup keeps the work at least, so that a primary that comes and goes does not drag it to and fro.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Damping {
    /// The last cool-down, in milliseconds; 0 when there was none.
    cool_down: u64,
    /// When it began.
    since: StoreTime,
}

impl Damping {
    /// The work has passed to the backup. The first cool-down is the shortest; each further one is twice the one
    /// before, which has halved for each quiet hour since.
    #[must_use]
    pub fn flap(self, now: StoreTime) -> Self {
        let (shortest, longest) = COOL_DOWN_MS;
        let calmed = self.calmed(now);
        let cool_down = if calmed < shortest { shortest } else { calmed.saturating_mul(2).min(longest) };
        Self { cool_down, since: now }
    }

    /// What is left of the last cool-down after the quiet since.
    fn calmed(&self, now: StoreTime) -> u64 {
        let hours = u32::try_from(now.since(self.since) / QUIET_MS).unwrap_or(u32::MAX);
        self.cool_down.checked_shr(hours).unwrap_or(0)
    }

    /// When the backup may begin to hand back.
    pub fn until(&self) -> StoreTime {
        self.since.plus(self.cool_down)
    }
}

/// Whether to begin handing back now.
pub fn is_due(streak: &Streak, damping: &Damping, period: u64, now: StoreTime) -> bool {
    streak.is_steady(period) && now >= damping.until()
}

/// What the holder of a serving claim does next to hand back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Swap the cell: [`HandingBack::swapped`].
    Swap {
        /// What must still be there.
        expect: &'a Cell,
        /// What to write.
        next: &'a Cell,
    },
    /// Read what the primary agrees to: [`HandingBack::heard`]. The backup works on meanwhile, and its
    /// lease is renewed.
    AwaitAck {
        /// The epoch that the primary has to agree to.
        epoch: u64,
    },
    /// Stop the backup, see that it has stopped, and say so: [`HandingBack::stopped`].
    Stop,
    /// The primary has the work.
    Returned,
    /// The cell is another's, or nobody knows: read it again. The backup must stop when its lease ends.
    GiveUp,
}

/// One hand-back of one target. It cannot be made to stop the backup before the primary agrees, nor to give the work
/// away before the backup has stopped.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HandingBack {
    holder: Holder,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum State {
    Announcing { expect: Cell, next: Cell },
    Awaiting { held: Cell },
    Stopping { held: Cell, ack_epoch: u64 },
    Returning { expect: Cell, next: Cell },
    Returned,
    GaveUp,
}

impl HandingBack {
    /// Takes up a hand-back that was announced, perhaps by an earlier run of the holder.
    pub fn announced(held: &Cell, holder: Holder) -> Self {
        let is_theirs = held.phase == cell::ClaimPhase::HandingBack && held.holder == holder;
        let state = if is_theirs { State::Awaiting { held: held.clone() } } else { State::GaveUp };
        Self { holder, state }
    }

    /// Begins to hand back the serving claim that `holder` holds.
    pub fn new(serving: &Cell, holder: Holder, now: StoreTime) -> Self {
        let state = match cell::hand_back(serving, &holder, now) {
            Ok(next) => State::Announcing { expect: serving.clone(), next },
            Err(_) => State::GaveUp,
        };
        Self { holder, state }
    }

    /// What to do next.
    pub const fn step(&self) -> Step<'_> {
        match &self.state {
            State::Announcing { expect, next } | State::Returning { expect, next } => {
                Step::Swap { expect, next }
            }
            State::Awaiting { held } => Step::AwaitAck { epoch: held.epoch },
            State::Stopping { .. } => Step::Stop,
            State::Returned => Step::Returned,
            State::GaveUp => Step::GiveUp,
        }
    }

    /// The store has answered the swap, or has not.
    pub fn swapped(&mut self, answer: Swapped) {
        self.state = match (&self.state, answer) {
            (State::Announcing { next, .. }, Swapped::Won) => State::Awaiting { held: next.clone() },
            (State::Returning { .. }, Swapped::Won) => State::Returned,
            (State::Announcing { .. } | State::Returning { .. }, Swapped::Lost | Swapped::Unknown) => {
                State::GaveUp
            }
            (
                State::Awaiting { .. } | State::Stopping { .. } | State::Returned | State::GaveUp,
                Swapped::Won | Swapped::Lost | Swapped::Unknown,
            ) => return,
        };
    }

    /// The primary's newest word was read: the highest epoch that it has agreed to.
    pub fn heard(&mut self, ack_epoch: u64) {
        if let State::Awaiting { held } = &self.state
            && cell::may_stop(held, ack_epoch)
        {
            self.state = State::Stopping { held: held.clone(), ack_epoch };
        }
    }

    /// The lease was renewed: this is the cell now.
    pub fn renewed(&mut self, cell: Cell) {
        match &mut self.state {
            State::Awaiting { held } | State::Stopping { held, .. }
                if held.epoch == cell.epoch && held.holder == cell.holder =>
            {
                *held = cell;
            }
            State::Announcing { .. }
            | State::Awaiting { .. }
            | State::Stopping { .. }
            | State::Returning { .. }
            | State::Returned
            | State::GaveUp => {}
        }
    }

    /// The backup has stopped.
    pub fn stopped(&mut self, now: StoreTime) {
        if let State::Stopping { held, ack_epoch } = &self.state {
            self.state = match cell::returned(held, &self.holder, *ack_epoch, now) {
                Ok(next) => State::Returning { expect: held.clone(), next },
                Err(_) => State::GaveUp,
            };
        }
    }
}

/// "I am ready to take the work of this target back, at this epoch": a peer's word for a primary that it hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// What.
    pub target: Target,
    /// The epoch of the handback.
    pub epoch: u64,
}

/// Whether it does harm when primary and backup work at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Together {
    /// It does: the primary waits until the backup has stopped.
    Never,
    /// The automation is declared idempotent: the primary begins as soon as it has agreed.
    Allowed,
}

/// Whether the primary may work, as it reads the cell. `acked` is the highest epoch that it has agreed to.
pub fn primary_may_work(cell: Option<&Cell>, acked: u64, together: Together) -> bool {
    let Some(cell) = cell else { return true };
    match together {
        Together::Never => cell.primary_may_work(),
        Together::Allowed => cell.primary_may_work() || cell::may_stop(cell, acked),
    }
}

/// The epoch that the primary puts into its next beat, when it is ready to take the work back.
pub fn acknowledged(cell: Option<&Cell>, acked: u64) -> u64 {
    match cell {
        Some(cell) if cell.phase == cell::ClaimPhase::HandingBack => acked.max(cell.epoch),
        Some(_) | None => acked,
    }
}
