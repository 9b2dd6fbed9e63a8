//! What another has asked for: look whether its claim stands, probe once more where possible, send once.
//!
//! The ask itself is only a hint, out of a store that may hold anything. The right to act is in the claim's cell.

use standin_core::mesh::cell::{Cell, ClaimPhase};
use standin_core::mesh::claim::{Order, Probed};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::PeerId;
use standin_core::mesh::terms::Terms;

use super::clocks::{Clocks, Now};
use super::judge::slot_of;
use super::record::Ask;
use super::register::{Access, Place, Reached, RegisterAccess};
use super::setup::TargetSetup;
use crate::ports::mesh::{Answer, Number, Request};

/// What an answer to one of its requests is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FavorPart {
    Register(Place),
    Probe,
    Send,
}

/// Whether the asked watcher can see the target itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    Own,
    /// It goes by the probe of the one who asks.
    Theirs,
}

#[derive(Debug, Clone)]
pub(super) struct Favor {
    pub(super) target: Number,
    pub(super) ask: Ask,
    asker: PeerId,
    terms: Terms,
    sight: Sight,
    register: RegisterAccess,
    /// The claim, once it was seen to stand.
    cell: Option<Cell>,
}

/// Requests, each with what its answer is for.
pub(super) type FavorAsks = Vec<(FavorPart, Request)>;

impl Favor {
    pub(super) fn new(
        (number, target): (Number, &TargetSetup),
        ask: Ask,
        asker: PeerId,
        (sight, send, run): (Sight, u32, u64),
    ) -> Self {
        let terms = Terms { send: send.max(target.terms.send), ..target.terms };
        let register = RegisterAccess::new(number, run, target.decider);
        Self { target: number, ask, asker, terms, sight, register, cell: None }
    }

    pub(super) fn begin(&mut self) -> FavorAsks {
        let asked = self.register.begin(Access::Read);
        asked.into_iter().map(|(place, request)| (FavorPart::Register(place), request)).collect()
    }

    /// Which store an answer came from.
    pub(super) fn store_at(&self, place: Place) -> Option<Number> {
        self.register.store_at(place)
    }

    /// Takes in an answer and gives the next requests; none means that it is over, or that answers are awaited.
    pub(super) fn answer(&mut self, part: FavorPart, answer: Answer, clocks: &Clocks, now: Now) -> FavorAsks {
        match (part, answer) {
            (FavorPart::Register(place), answer) => {
                let (asked, reached) = self.register.answer(place, answer);
                match reached {
                    Some(Reached::Cell(Some(cell))) if self.stands(&cell) => {
                        self.cell = Some(cell);
                        self.look(clocks, now)
                    }
                    Some(
                        Reached::Cell(_)
                        | Reached::Brake(_)
                        | Reached::Swapped(_)
                        | Reached::Unreachable
                        | Reached::Garbage,
                    ) => Vec::new(),
                    None => asked.into_iter().map(|(p, request)| (FavorPart::Register(p), request)).collect(),
                }
            }
            (FavorPart::Probe, Answer::Probed(Probed::Down)) => self.send(clocks, now),
            (FavorPart::Probe | FavorPart::Send, _) => Vec::new(),
        }
    }

    /// Whether the claim that the ask speaks of is the one that is held.
    fn stands(&self, cell: &Cell) -> bool {
        let Ask { slot, key, epoch, attempt, .. } = &self.ask;
        cell.phase == ClaimPhase::Held
            && cell.holder.peer == self.asker
            && (&cell.key, cell.epoch, cell.attempt) == (key, *epoch, *attempt)
            && slot_of(&cell.incident) == *slot
    }

    fn look(&self, clocks: &Clocks, now: Now) -> FavorAsks {
        match self.sight {
            Sight::Own => {
                let probe = Request::Probe { target: self.target, slot: self.ask.slot };
                vec![(FavorPart::Probe, probe)]
            }
            Sight::Theirs => self.send(clocks, now),
        }
    }

    /// The last look at the clock, as whoever holds the claim would take it.
    fn send(&self, clocks: &Clocks, now: Now) -> FavorAsks {
        let latest = clocks.latest(self.register.stores(), now).unwrap_or(StoreTime(i64::MAX));
        if !self.cell.as_ref().is_some_and(|cell| cell.may_send(&self.terms, latest)) {
            return Vec::new();
        }
        let Ask { slot, key, epoch, attempt, .. } = &self.ask;
        let order = Order { key: key.clone(), epoch: *epoch, attempt: *attempt };
        vec![(FavorPart::Send, Request::Send { target: self.target, slot: *slot, order })]
    }
}
