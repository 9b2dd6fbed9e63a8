//! Reading and swapping one cell, at its home store or by a majority of three.
//!
//! At a home store that is one request. With three it is a CASPaxos round: every read and every swap prepares at a
//! majority, learns what may have been chosen there, and has a majority accept. A read has the value accepted again,
//! because one that only a minority has may still be lost.

use std::sync::Arc;

use standin_core::mesh::brake::Brake;
use standin_core::mesh::cell::Cell;
use standin_core::mesh::quorum::{Ballot, MAJORITY, Round, SEATS, Step};
use standin_core::mesh::ruling::Ruling;
use standin_core::mesh::swap::Swapped;

use super::setup::{Decider, Setup};
use crate::ports::mesh::{Answer, Decision, Held, Number, ReadError, Request, SwapAnswer, Version};

/// What is asked of the register.
#[derive(Debug, Clone)]
pub(super) enum Access {
    Read,
    Swap { expect: Option<Box<Ruling>>, next: Box<Ruling> },
}

/// What came of it.
#[derive(Debug, Clone)]
pub(super) enum Reached {
    /// The claim.
    Cell(Option<Cell>),
    /// The brake.
    Brake(Option<Brake>),
    /// The answer to the swap.
    Swapped(Swapped),
    /// Too few stores answered: nothing was changed.
    Unreachable,
    /// Enough of them answered, and others were faster each time: nothing was changed, and all is well but the hurry.
    Contended,
    /// A store holds something that cannot be read: nothing was changed.
    Garbage,
}

/// So often an access begins anew when others were faster before it has proposed anything.
const MAX_TRIES: u8 = 3;

/// One seat's last known state.
#[derive(Debug, Clone, Default)]
struct Seat {
    version: Option<Version>,
    decision: Arc<Decision>,
}

#[derive(Debug, Clone)]
enum Stage {
    Idle,
    Home(Access),
    Looking { access: Access, answered: [bool; SEATS], heard: [bool; SEATS] },
    Preparing { access: Access, round: Round<Ruling>, count: Count, promised: [bool; SEATS] },
    Accepting { access: Access, round: Round<Ruling>, count: Count },
}

/// How many seats have answered what the stage has asked them.
#[derive(Debug, Clone, Copy)]
struct Count {
    left: usize,
    /// They have done it, or another was faster there.
    definite: usize,
}

impl Count {
    const fn of(asked: &Asked) -> Self {
        Self { left: asked.len(), definite: 0 }
    }

    fn take(&mut self, answer: &Answer) {
        self.left = self.left.saturating_sub(1);
        let is_definite = matches!(answer, Answer::Swapped(SwapAnswer::Won(_) | SwapAnswer::Lost));
        self.definite = self.definite.saturating_add(usize::from(is_definite));
    }
}

/// What a cell holds. One that holds the other is garbage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Claim,
    Brake,
}

/// One cell of one watcher's errand.
#[derive(Debug, Clone)]
pub(super) struct RegisterAccess {
    cell: Number,
    sort: Sort,
    run: u64,
    decider: Decider,
    seats: [Seat; SEATS],
    last: Ballot,
    /// Counts the stages: an answer to a request of an earlier one must not be taken for one of this.
    step: u32,
    /// How often the access was begun.
    tries: u8,
    stage: Stage,
}

/// What an answer belongs to: the stage it was asked in, and the seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    step: u32,
    seat: usize,
}

/// Requests, each with the place that its answer is for.
pub(super) type Asked = Vec<(Place, Request)>;

impl RegisterAccess {
    pub(super) fn new(cell: Number, run: u64, decider: Decider) -> Self {
        let seats = std::array::from_fn(|_| Seat::default());
        let (sort, last) = (Sort::Claim, Ballot::default());
        Self { cell, sort, run, decider, seats, last, step: 0, tries: 0, stage: Stage::Idle }
    }

    /// Of the brake of a platform.
    pub(super) fn of_brake(setup: &Setup, platform: Number, run: u64) -> Option<Self> {
        let decider = setup.platforms.get(platform)?.brake;
        Some(Self { sort: Sort::Brake, ..Self::new(setup.brake_cell(platform), run, decider) })
    }

    fn reached(&self, value: Option<Ruling>) -> Reached {
        match (self.sort, value) {
            (Sort::Claim, None) => Reached::Cell(None),
            (Sort::Brake, None) => Reached::Brake(None),
            (Sort::Claim, Some(Ruling::Claim(cell))) => Reached::Cell(Some(cell)),
            (Sort::Brake, Some(Ruling::Brake(brake))) => Reached::Brake(Some(brake)),
            (Sort::Claim, Some(Ruling::Brake(_))) | (Sort::Brake, Some(Ruling::Claim(_))) => Reached::Garbage,
        }
    }

    pub(super) fn stores(&self) -> &[Number] {
        self.decider.stores()
    }

    /// Which store an answer came from.
    pub(super) fn store_at(&self, place: Place) -> Option<Number> {
        self.stores().get(place.seat).copied()
    }

    /// Begins.
    pub(super) fn begin(&mut self, access: Access) -> Asked {
        self.tries = 0;
        self.try_once(access)
    }

    fn try_once(&mut self, access: Access) -> Asked {
        self.tries = self.tries.saturating_add(1);
        self.step = self.step.saturating_add(1);
        let step = self.step;
        match self.decider {
            Decider::Home(store) => {
                let request = match &access {
                    Access::Read => Request::ReadDecision { store, cell: self.cell },
                    Access::Swap { next, .. } => {
                        let decision = Decision { value: Some((**next).clone()), ..Decision::default() };
                        self.write(0, store, decision)
                    }
                };
                self.stage = Stage::Home(access);
                vec![(Place { step, seat: 0 }, request)]
            }
            Decider::Quorum(stores) => {
                self.stage = Stage::Looking { access, answered: [false; SEATS], heard: [false; SEATS] };
                let cell = self.cell;
                let read = |(seat, store)| (Place { step, seat }, Request::ReadDecision { store, cell });
                stores.into_iter().enumerate().map(read).collect()
            }
        }
    }

    fn write(&self, seat: usize, store: Number, decision: Decision) -> Request {
        let expect = self.seats.get(seat).and_then(|seat| seat.version.clone());
        Request::SwapDecision { store, cell: self.cell, expect, next: Arc::new(decision) }
    }

    fn keep(&mut self, seat: usize, held: Option<Held>) {
        if let Some(place) = self.seats.get_mut(seat) {
            *place =
                held.map_or_else(Seat::default, |h| Seat { version: Some(h.version), decision: h.decision });
        }
    }

    /// Takes in the answer of one seat. Gives what is to be asked next, or what came of it all.
    pub(super) fn answer(&mut self, place: Place, answer: Answer) -> (Asked, Option<Reached>) {
        let seat = place.seat;
        if place.step != self.step {
            return (Vec::new(), None);
        }
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Idle => (Vec::new(), None),
            Stage::Home(access) => (Vec::new(), self.home(&access, answer)),
            Stage::Looking { access, answered, heard } => self.looked(seat, answer, access, answered, heard),
            Stage::Preparing { access, round, count, promised } => {
                self.prepared(seat, &answer, access, round, (count, promised))
            }
            Stage::Accepting { access, round, count } => self.accepted(seat, &answer, access, round, count),
        }
    }

    fn home(&mut self, access: &Access, answer: Answer) -> Option<Reached> {
        match (access, answer) {
            (Access::Read, Answer::Decision(Ok(read))) => {
                let value = read.value.as_ref().and_then(|held| held.decision.value.clone());
                self.keep(0, read.value);
                Some(self.reached(value))
            }
            (Access::Read, Answer::Decision(Err(ReadError::Garbage))) => Some(Reached::Garbage),
            (Access::Swap { .. }, Answer::Swapped(swapped)) => {
                if let (SwapAnswer::Won(at), Some(place)) = (&swapped, self.seats.first_mut()) {
                    place.version = Some(at.value.clone());
                }
                Some(Reached::Swapped((&swapped).into()))
            }
            _ => Some(Reached::Unreachable),
        }
    }

    fn looked(
        &mut self,
        seat: usize,
        answer: Answer,
        access: Access,
        mut answered: [bool; SEATS],
        mut heard: [bool; SEATS],
    ) -> (Asked, Option<Reached>) {
        if let Some(place) = answered.get_mut(seat) {
            *place = true;
        }
        match answer {
            Answer::Decision(Ok(read)) => {
                self.keep(seat, read.value);
                if let Some(place) = heard.get_mut(seat) {
                    *place = true;
                }
            }
            Answer::Decision(Err(ReadError::Garbage)) => return (Vec::new(), Some(Reached::Garbage)),
            Answer::Decision(Err(ReadError::Unreachable))
            | Answer::Evidence(_)
            | Answer::Written(_)
            | Answer::Swapped(_)
            | Answer::Surveyed(_)
            | Answer::Probed(_)
            | Answer::Sent(_)
            | Answer::Over => {}
        }
        let many = heard.iter().filter(|yes| **yes).count();
        if let (Access::Read, Some(value)) = (&access, self.agreed(&heard)) {
            return (Vec::new(), Some(self.reached(value)));
        }
        if !answered.iter().all(|yes| *yes) {
            self.stage = Stage::Looking { access, answered, heard };
            return (Vec::new(), None);
        }
        if many < MAJORITY {
            return (Vec::new(), Some(Reached::Unreachable));
        }
        self.prepare(access, heard)
    }

    /// What two of the seats that were heard have both accepted in the same round, if they have.
    fn agreed(&self, heard: &[bool; SEATS]) -> Option<Option<Ruling>> {
        let said = || {
            self.seats.iter().zip(heard).filter(|(_, is_heard)| **is_heard).map(|(seat, _)| &seat.decision)
        };
        let is_same = |a: &Decision, b: &Decision| a.accepted == b.accepted && a.value == b.value;
        let chosen = said().find(|one| said().filter(|other| is_same(one, other)).count() >= MAJORITY);
        chosen.map(|decision| decision.value.clone())
    }

    /// What a round comes to in which too few have done what they were asked, for something that may be done anew.
    fn failed(&mut self, access: Access, count: Count) -> (Asked, Option<Reached>) {
        let is_contended = count.definite >= MAJORITY;
        if is_contended && self.tries < MAX_TRIES {
            return (self.try_once(access), None);
        }
        let reached = match access {
            Access::Swap { .. } => Reached::Swapped(Swapped::Lost),
            Access::Read if is_contended => Reached::Contended,
            Access::Read => Reached::Unreachable,
        };
        (Vec::new(), Some(reached))
    }

    /// The first half, at every seat that could be read. The ballot is above all that this run has seen or used.
    fn prepare(&mut self, access: Access, heard: [bool; SEATS]) -> (Asked, Option<Reached>) {
        let seen = self.seats.iter().map(|seat| seat.decision.promised).max().unwrap_or_default();
        let ballot = seen.max(self.last).above(self.run);
        self.last = ballot;
        self.step = self.step.saturating_add(1);
        let mut asked = Vec::new();
        for (seat, store) in self.stores().to_vec().into_iter().enumerate() {
            let Some(place) = self.seats.get(seat).filter(|_| heard.get(seat) == Some(&true)) else {
                continue;
            };
            if let Ok((next, _)) = place.decision.prepare(ballot) {
                asked.push((Place { step: self.step, seat }, self.write(seat, store, next)));
            }
        }
        let (count, round) = (Count::of(&asked), Round::new(ballot));
        self.stage = Stage::Preparing { access, round, count, promised: [false; SEATS] };
        (asked, None)
    }

    fn prepared(
        &mut self,
        seat: usize,
        answer: &Answer,
        access: Access,
        mut round: Round<Ruling>,
        (mut count, mut promised): (Count, [bool; SEATS]),
    ) -> (Asked, Option<Reached>) {
        count.take(answer);
        if let (Answer::Swapped(SwapAnswer::Won(at)), Some(place)) = (answer, self.seats.get_mut(seat))
            && let Ok((next, promise)) = place.decision.prepare(self.last)
        {
            *place = Seat { version: Some(at.value.clone()), decision: Arc::new(next) };
            round.promised(seat, Ok(promise));
            if let Some(yes) = promised.get_mut(seat) {
                *yes = true;
            }
        }
        if let Step::Choose(current) = round.step() {
            return self.choose(access, round, promised, current);
        }
        if count.left > 0 {
            self.stage = Stage::Preparing { access, round, count, promised };
            return (Vec::new(), None);
        }
        // Nothing was proposed, so nothing has changed but promises.
        self.failed(access, count)
    }

    fn choose(
        &mut self,
        access: Access,
        mut round: Round<Ruling>,
        promised: [bool; SEATS],
        current: Option<Ruling>,
    ) -> (Asked, Option<Reached>) {
        let value = match (&access, current) {
            (Access::Read, None) => return (Vec::new(), Some(self.reached(None))),
            (Access::Read, Some(current)) => current,
            (Access::Swap { expect, next }, current) if expect.as_deref() == current.as_ref() => {
                (**next).clone()
            }
            (Access::Swap { .. }, _) => return (Vec::new(), Some(Reached::Swapped(Swapped::Lost))),
        };
        round.propose(value.clone());
        self.step = self.step.saturating_add(1);
        let mut asked = Vec::new();
        for (seat, store) in self.stores().to_vec().into_iter().enumerate() {
            let Some(place) = self.seats.get(seat).filter(|_| promised.get(seat) == Some(&true)) else {
                continue;
            };
            if let Ok(next) = place.decision.accept(self.last, value.clone()) {
                asked.push((Place { step: self.step, seat }, self.write(seat, store, next)));
            }
        }
        self.stage = Stage::Accepting { access, round, count: Count::of(&asked) };
        (asked, None)
    }

    fn accepted(
        &mut self,
        seat: usize,
        answer: &Answer,
        access: Access,
        mut round: Round<Ruling>,
        mut count: Count,
    ) -> (Asked, Option<Reached>) {
        count.take(answer);
        if let Answer::Swapped(SwapAnswer::Won(_)) = answer {
            round.accepted(seat, Ok(()));
        }
        if let Step::Chosen(value) = round.step() {
            let reached = match access {
                Access::Read => self.reached(Some(value)),
                Access::Swap { .. } => Reached::Swapped(Swapped::Won),
            };
            return (Vec::new(), Some(reached));
        }
        if count.left > 0 {
            self.stage = Stage::Accepting { access, round, count };
            return (Vec::new(), None);
        }
        match access {
            Access::Read => self.failed(access, count),
            // A store may still come to accept it.
            Access::Swap { .. } => (Vec::new(), Some(Reached::Swapped(Swapped::Unknown))),
        }
    }
}
