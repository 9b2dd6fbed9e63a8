//! One register over three stores (CASPaxos): any two of them are enough, whichever they are.
//!
//! Each store keeps a [`Register`]. A watcher changes the shared value by [`Round`]: it *prepares* at a majority,
//! which tells it the newest value that may have been chosen and shuts out older rounds; it computes the next value
//! from that; and it has a majority *accept* it. Leaving out the first half is what makes two holders.

use serde::{Deserialize, Serialize};

/// How many stores there are.
pub const SEATS: usize = 3;

/// How many of them decide.
pub const MAJORITY: usize = 2;

/// The number of a round: unique, because the proposer is in it, and ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ballot {
    /// Counts up.
    pub round: u64,
    /// One number for each run of each watcher, as [`super::cell::Holder::run`]; 0 is nobody's.
    pub proposer: u64,
}

impl Ballot {
    /// A ballot of `proposer` that is greater than this one.
    #[must_use]
    pub const fn above(self, proposer: u64) -> Self {
        Self { round: self.round.saturating_add(1), proposer }
    }
}

/// What one store keeps. It is changed by compare-and-swap of the whole, so that each change is one instant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Register<V> {
    /// Nothing below this is answered any more.
    pub promised: Ballot,
    /// The round in which `value` was accepted.
    pub accepted: Ballot,
    /// The value; `None` when none was accepted yet.
    pub value: Option<V>,
}

impl<V> Default for Register<V> {
    fn default() -> Self {
        Self { promised: Ballot::default(), accepted: Ballot::default(), value: None }
    }
}

/// A store has promised a greater ballot to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Conflict(pub Ballot);

/// A store's promise, with what it has accepted so far.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Promise<V> {
    /// The round in which it was accepted.
    pub accepted: Ballot,
    /// The value.
    pub value: Option<V>,
}

impl<V: Clone> Register<V> {
    /// The first half at one store: the register to swap in, and the promise.
    ///
    /// # Errors
    /// [`Conflict`]: nothing is to be written.
    pub fn prepare(&self, ballot: Ballot) -> Result<(Self, Promise<V>), Conflict> {
        if ballot <= self.promised {
            return Err(Conflict(self.promised));
        }
        let promise = Promise { accepted: self.accepted, value: self.value.clone() };
        Ok((Self { promised: ballot, ..self.clone() }, promise))
    }

    /// The second half at one store: the register to swap in.
    ///
    /// # Errors
    /// [`Conflict`]: nothing is to be written.
    pub fn accept(&self, ballot: Ballot, value: V) -> Result<Self, Conflict> {
        if ballot < self.promised {
            return Err(Conflict(self.promised));
        }
        Ok(Self { promised: ballot, accepted: ballot, value: Some(value) })
    }
}

/// What a proposer does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<V> {
    /// Have the stores that have not answered prepare this ballot: [`Round::promised`].
    Prepare(Ballot),
    /// This is the value now, `None` for none: compute the next one and [`Round::propose`] it.
    Choose(Option<V>),
    /// Have the stores that have not answered accept this: [`Round::accepted`].
    Accept(Ballot, V),
    /// It is chosen.
    Chosen(V),
    /// Another was faster. Nothing is known to be chosen: begin again above this ballot, after a wait.
    Beaten(Ballot),
}

/// One round of one proposer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Round<V> {
    ballot: Ballot,
    state: State<V>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum State<V> {
    Preparing { promises: [Option<Promise<V>>; SEATS] },
    Choosing { current: Option<V> },
    Accepting { value: V, accepted: [bool; SEATS] },
    Chosen { value: V },
    Beaten { by: Ballot },
}

impl<V: Clone> Round<V> {
    /// A round with this ballot, which nobody has used before.
    pub const fn new(ballot: Ballot) -> Self {
        Self { ballot, state: State::Preparing { promises: [None, None, None] } }
    }

    /// What to do next.
    pub fn step(&self) -> Step<V> {
        match &self.state {
            State::Preparing { .. } => Step::Prepare(self.ballot),
            State::Choosing { current } => Step::Choose(current.clone()),
            State::Accepting { value, .. } => Step::Accept(self.ballot, value.clone()),
            State::Chosen { value } => Step::Chosen(value.clone()),
            State::Beaten { by } => Step::Beaten(*by),
        }
    }

    /// The store in this seat has answered the first half.
    pub fn promised(&mut self, seat: usize, answer: Result<Promise<V>, Conflict>) {
        let State::Preparing { promises } = &mut self.state else { return };
        match answer {
            Err(Conflict(by)) => self.state = State::Beaten { by },
            Ok(promise) => {
                if let Some(place) = promises.get_mut(seat) {
                    *place = Some(promise);
                }
                if promises.iter().flatten().count() >= MAJORITY {
                    let newest = promises.iter().flatten().max_by_key(|promise| promise.accepted);
                    let current = newest.and_then(|promise| promise.value.clone());
                    self.state = State::Choosing { current };
                }
            }
        }
    }

    /// The value that is to follow the current one.
    pub fn propose(&mut self, value: V) {
        if let State::Choosing { .. } = self.state {
            self.state = State::Accepting { value, accepted: [false; SEATS] };
        }
    }

    /// The store in this seat has answered the second half.
    pub fn accepted(&mut self, seat: usize, answer: Result<(), Conflict>) {
        let State::Accepting { value, accepted } = &mut self.state else { return };
        match answer {
            Err(Conflict(by)) => self.state = State::Beaten { by },
            Ok(()) => {
                if let Some(place) = accepted.get_mut(seat) {
                    *place = true;
                }
                if accepted.iter().filter(|yes| **yes).count() >= MAJORITY {
                    self.state = State::Chosen { value: value.clone() };
                }
            }
        }
    }
}
