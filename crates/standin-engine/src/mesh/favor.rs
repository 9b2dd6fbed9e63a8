//! What another has asked for: look whether its claim stands and the brake lets it through, probe once more where
//! possible, send once.
//!
//! The ask itself is only a hint, out of a store that may hold anything. The right to act is in the claim's cell.

use standin_core::mesh::brake::{Brake, BrakeState, LOOK_MS};
use standin_core::mesh::cell::{Cell, ClaimPhase};
use standin_core::mesh::claim::{Order, Probed};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::PeerId;
use standin_core::mesh::terms::Terms;

use super::clocks::{Clocks, Now};
use super::judge::slot_of;
use super::record::Ask;
use super::register::{Access, Place, Reached, RegisterAccess};
use super::setup::{Setup, TargetSetup};
use crate::ports::mesh::{Answer, Number, Request};

/// What an answer to one of its requests is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FavorPart {
    Register(Place),
    Brake(Place),
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
    brake: RegisterAccess,
    /// When both were asked for.
    asked: u64,
    /// The claim, once it was seen to stand.
    cell: Option<Cell>,
    /// Whether the brake of the platform lets it through.
    gate: Gate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    Unknown,
    Open,
}

/// Requests, each with what its answer is for.
pub(super) type FavorAsks = Vec<(FavorPart, Request)>;

impl Favor {
    pub(super) fn new(
        setup: &Setup,
        (number, target): (Number, &TargetSetup),
        (ask, asker): (Ask, PeerId),
        (sight, run): (Sight, u64),
    ) -> Option<Self> {
        let send = setup.body.send;
        let terms = Terms { send: send.max(target.terms.send), ..target.terms };
        let register = RegisterAccess::new(number, run, target.decider);
        let brake = RegisterAccess::of_brake(setup, target.platform, run)?;
        let (cell, gate) = (None, Gate::Unknown);
        Some(Self { target: number, ask, asker, terms, sight, register, brake, asked: 0, cell, gate })
    }

    /// Reads the claim, and the brake of the platform.
    pub(super) fn begin(&mut self, now: Now) -> FavorAsks {
        self.asked = now.mono;
        let claim = self.register.begin(Access::Read).into_iter();
        let brake = self.brake.begin(Access::Read).into_iter();
        let claim = claim.map(|(place, request)| (FavorPart::Register(place), request));
        claim.chain(brake.map(|(place, request)| (FavorPart::Brake(place), request))).collect()
    }

    /// Which store an answer came from.
    pub(super) fn store_at(&self, part: FavorPart) -> Option<Number> {
        match part {
            FavorPart::Register(place) => self.register.store_at(place),
            FavorPart::Brake(place) => self.brake.store_at(place),
            FavorPart::Probe | FavorPart::Send => None,
        }
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
                    Some(_) => Vec::new(),
                    None => asked.into_iter().map(|(p, request)| (FavorPart::Register(p), request)).collect(),
                }
            }
            (FavorPart::Brake(place), answer) => {
                let (asked, reached) = self.brake.answer(place, answer);
                match reached {
                    Some(Reached::Brake(brake)) if self.is_let_through(brake.as_ref(), clocks, now) => {
                        self.gate = Gate::Open;
                        self.look(clocks, now)
                    }
                    Some(_) => Vec::new(),
                    None => asked.into_iter().map(|(p, request)| (FavorPart::Brake(p), request)).collect(),
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

    /// The brake is off, or the one who asks has taken a place for this target.
    fn is_let_through(&self, brake: Option<&Brake>, clocks: &Clocks, now: Now) -> bool {
        let Some(brake) = brake else { return true };
        let time = clocks.latest(self.brake.stores(), now).unwrap_or(StoreTime(i64::MAX));
        let name = self.ask.target.to_string();
        brake.check(time).is_ok()
            && match &brake.state {
                BrakeState::Off => true,
                BrakeState::On { canaries, .. } => {
                    canaries.iter().any(|c| c.target == name && c.holder.peer == self.asker && time < c.until)
                }
            }
    }

    /// Both the claim and the brake allow it: is the target still down?
    fn look(&self, clocks: &Clocks, now: Now) -> FavorAsks {
        if self.cell.is_none() || self.gate == Gate::Unknown {
            return Vec::new();
        }
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
        let is_fresh = now.mono.saturating_sub(self.asked) <= LOOK_MS;
        if !is_fresh || !self.cell.as_ref().is_some_and(|cell| cell.may_send(&self.terms, latest)) {
            return Vec::new();
        }
        let Ask { slot, key, epoch, attempt, .. } = &self.ask;
        let order = Order { key: key.clone(), epoch: *epoch, attempt: *attempt };
        vec![(FavorPart::Send, Request::Send { target: self.target, slot: *slot, order })]
    }
}
