//! The claim: from "somebody should act" to "it was done, once", one step at a time.
//!
//! [`Claimant`] says what to do next and is told what came of it. It cannot be made to skip a step: after the swap is
//! won the target is probed again, and the key that the target deduplicates is only given out by
//! [`Claimant::clear_to_send`], which looks at the time. A fact that does not answer the step in hand is inert.

use super::cell::{self, Bid, Cell, Holder, Refusal};
use super::clock::StoreTime;
use super::swap::Swapped;
use super::terms::Terms;
use crate::effect::EffectKey;

/// What is to be done next. The caller does it once, at most within its own time limit, and says what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Read the cell from the arbiter: [`Claimant::read`].
    Read,
    /// Swap the cell: [`Claimant::swapped`].
    Swap {
        /// What must still be there; `None` for nothing.
        expect: Option<&'a Cell>,
        /// What to write.
        next: &'a Cell,
    },
    /// Ask the target itself how it is: [`Claimant::probed`].
    Probe,
    /// Send the effect: [`Claimant::clear_to_send`] with the time right before, then [`Claimant::sent`].
    Send,
    /// Ask the target itself how it is, or with [`Aim::Serve`] its backup, not before this: [`Claimant::probed`].
    Confirm {
        /// On the arbiter's clock.
        not_before: StoreTime,
    },
    /// Nothing more.
    End(End),
}

/// How a claim ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// It was not made.
    Refused(Refusal),
    /// Another was first.
    Lost,
    /// Nobody knows whether the swap was made. If it was, the lease runs out by itself.
    Unclear,
    /// The target had recovered by itself: nothing was sent.
    Recovered,
    /// Something was sent and the target recovered.
    Executed,
    /// Something was sent, or refused, and the target has not recovered. Others may try, or a person is needed.
    Failed,
    /// The target could not be asked: nothing was sent, and the attempt was given back.
    CannotTell,
    /// The lease was about to end: nothing was sent, and the attempt was given back.
    TooLate,
    /// Something was sent, and the target cannot be asked what came of it. The lease runs out by itself.
    Unconfirmed,
    /// The platform's brake is on and there is no place: nothing was sent, and the attempt was given back.
    Braked,
    /// The backup does the work of the target now, and goes on doing it.
    Serving,
    /// What came of it could not be recorded; the next watcher finds out by asking the target.
    Unrecorded,
}

/// How the target is, asked just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Probed {
    /// It needs help.
    Down,
    /// It is well.
    Well,
    /// No answer, or none that says either.
    Unknown,
}

/// What came of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sent {
    /// The platform took it.
    Accepted,
    /// The platform refused it: nothing happened, and nothing will.
    Refused,
    /// The answer was lost: it may happen, now or later.
    Unknown,
}

/// The right to send, once, now.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Order {
    /// What the target deduplicates.
    pub key: EffectKey,
    /// The fencing number.
    pub epoch: u64,
    /// Which attempt it is.
    pub attempt: u8,
}

/// One try of one watcher at one target.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Claimant {
    bid: Bid,
    terms: Terms,
    aim: Aim,
    state: State,
}

/// What the effect is to bring about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aim {
    /// The target is well again, and the claim is done.
    Recover,
    /// A backup does the target's work, for as long as the claim is renewed.
    Serve,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum State {
    Reading,
    Acquiring {
        expect: Option<Cell>,
        next: Cell,
    },
    /// The answer to the swap was lost: what is there now?
    Looking {
        next: Cell,
    },
    Probing {
        held: Cell,
    },
    Sending {
        held: Cell,
    },
    Confirming {
        held: Cell,
        not_before: StoreTime,
    },
    Recording {
        held: Cell,
        next: Cell,
        end: End,
    },
    Ended(End),
}

impl Claimant {
    /// At its beginning.
    pub const fn new(bid: Bid, terms: Terms) -> Self {
        Self::with(bid, terms, Aim::Recover)
    }

    /// At its beginning, with this aim.
    pub const fn with(bid: Bid, terms: Terms, aim: Aim) -> Self {
        Self { bid, terms, aim, state: State::Reading }
    }

    /// What to do next.
    pub const fn step(&self) -> Step<'_> {
        match &self.state {
            State::Reading | State::Looking { .. } => Step::Read,
            State::Acquiring { expect, next } => Step::Swap { expect: expect.as_ref(), next },
            State::Probing { .. } => Step::Probe,
            State::Sending { .. } => Step::Send,
            State::Confirming { not_before, .. } => Step::Confirm { not_before: *not_before },
            State::Recording { held, next, .. } => Step::Swap { expect: Some(held), next },
            State::Ended(end) => Step::End(*end),
        }
    }

    /// This run of this watcher.
    pub const fn holder(&self) -> &Holder {
        &self.bid.holder
    }

    /// The cell that it holds, as far as it knows.
    pub const fn held(&self) -> Option<&Cell> {
        match &self.state {
            State::Probing { held }
            | State::Sending { held }
            | State::Confirming { held, .. }
            | State::Recording { held, .. } => Some(held),
            State::Reading | State::Acquiring { .. } | State::Looking { .. } | State::Ended(_) => None,
        }
    }

    /// The cell was read.
    pub fn read(&mut self, cell: Option<Cell>, now: StoreTime) {
        match &self.state {
            State::Reading => {
                self.state = match cell::acquire(cell.as_ref(), &self.bid, &self.terms, now) {
                    Ok(next) => State::Acquiring { expect: cell, next },
                    Err(refusal) => State::Ended(End::Refused(refusal)),
                };
            }
            // The holder's run is drawn anew each time, so the very cell can only come from this very swap.
            State::Looking { next } if cell.as_ref() == Some(next) => {
                self.state = State::Probing { held: next.clone() };
            }
            State::Looking { .. } => self.state = State::Ended(End::Unclear),
            State::Acquiring { .. }
            | State::Probing { .. }
            | State::Sending { .. }
            | State::Confirming { .. }
            | State::Recording { .. }
            | State::Ended(_) => {}
        }
    }

    /// The store has answered the swap, or has not.
    pub fn swapped(&mut self, answer: Swapped) {
        self.state = match (&self.state, answer) {
            (State::Acquiring { next, .. }, Swapped::Won) => State::Probing { held: next.clone() },
            (State::Acquiring { .. }, Swapped::Lost) => State::Ended(End::Lost),
            (State::Acquiring { next, .. }, Swapped::Unknown) => State::Looking { next: next.clone() },
            (State::Recording { end, .. }, Swapped::Won) => State::Ended(*end),
            (State::Recording { .. }, Swapped::Lost | Swapped::Unknown) => State::Ended(End::Unrecorded),
            (
                State::Reading
                | State::Looking { .. }
                | State::Probing { .. }
                | State::Sending { .. }
                | State::Confirming { .. }
                | State::Ended(_),
                Swapped::Won | Swapped::Lost | Swapped::Unknown,
            ) => return,
        };
    }

    /// The target was asked how it is.
    pub fn probed(&mut self, target: Probed, now: StoreTime) {
        let own = &self.bid.holder;
        self.state = match (&self.state, target) {
            (State::Probing { held }, Probed::Well) => {
                recording(held, cell::finish(held, own, now), End::Recovered)
            }
            (State::Probing { held }, Probed::Down) => State::Sending { held: held.clone() },
            (State::Probing { held }, Probed::Unknown) => {
                recording(held, cell::give_back(held, own, &self.terms, now), End::CannotTell)
            }
            // An answer from before the effect could have shown says nothing of the effect.
            (State::Confirming { not_before, .. }, _) if now < *not_before => return,
            (State::Confirming { held, .. }, Probed::Well) => match self.aim {
                Aim::Recover => recording(held, cell::finish(held, own, now), End::Executed),
                Aim::Serve => recording(held, cell::serve(held, own, &self.terms, now), End::Serving),
            },
            (State::Confirming { held, .. }, Probed::Down) => {
                recording(held, cell::fail(held, own, &self.terms, now), End::Failed)
            }
            (State::Confirming { .. }, Probed::Unknown) => State::Ended(End::Unconfirmed),
            (
                State::Reading
                | State::Acquiring { .. }
                | State::Looking { .. }
                | State::Sending { .. }
                | State::Recording { .. }
                | State::Ended(_),
                Probed::Down | Probed::Well | Probed::Unknown,
            ) => return,
        };
    }

    /// The last look at the clock before sending: gives the order if there is still time for it to arrive while the
    /// claim holds. Nothing may come between this and the request.
    pub fn clear_to_send(&mut self, now: StoreTime) -> Option<Order> {
        let State::Sending { held } = &self.state else { return None };
        if held.may_send(&self.terms, now) {
            let order = Order { key: held.key.clone(), epoch: held.epoch, attempt: held.attempt };
            let not_before = now.plus(u64::from(self.terms.confirm));
            self.state = State::Confirming { held: held.clone(), not_before };
            return Some(order);
        }
        let given_back = cell::give_back(held, &self.bid.holder, &self.terms, now);
        self.state = recording(held, given_back, End::TooLate);
        None
    }

    /// Gives the claim back instead of sending: the platform takes no more at once.
    pub fn withhold(&mut self, now: StoreTime) {
        if let State::Sending { held } = &self.state {
            let given_back = cell::give_back(held, &self.bid.holder, &self.terms, now);
            self.state = recording(held, given_back, End::Braked);
        }
    }

    /// What came of sending. Without an answer nothing needs to be said: it may have happened.
    pub fn sent(&mut self, answer: Sent, now: StoreTime) {
        let State::Confirming { held, .. } = &self.state else { return };
        match answer {
            Sent::Accepted | Sent::Unknown => {}
            Sent::Refused => {
                let failed = cell::fail(held, &self.bid.holder, &self.terms, now);
                self.state = recording(held, failed, End::Failed);
            }
        }
    }
}

fn recording(held: &Cell, next: Result<Cell, Refusal>, end: End) -> State {
    match next {
        Ok(next) => State::Recording { held: held.clone(), next, end },
        Err(_) => State::Ended(End::Unrecorded),
    }
}
