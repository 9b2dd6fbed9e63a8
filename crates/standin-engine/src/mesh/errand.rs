//! One try at one target: the claimant of the core, its register, and what they ask for.

use std::time::Duration;

use standin_core::mesh::cell::{Bid, Cell, Holder, Refusal};
use standin_core::mesh::claim::{Claimant, End, Step};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::terms::Terms;

use super::clocks::{Clocks, Now};
use super::judge::{Case, slot_of};
use super::outcome::Deed;
use super::register::{Access, Place, Reached, RegisterAccess};
use super::setup::TargetSetup;
use crate::ports::mesh::{Answer, Number, Request};

/// What an answer to one of its requests is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Register(Place),
    Probe,
    Send,
    Wait,
}

/// Requests, each with what its answer is for.
pub(super) type Asks = Vec<(Part, Request)>;

#[derive(Debug, Clone)]
pub(super) struct Errand {
    pub(super) case: Case,
    claimant: Claimant,
    register: RegisterAccess,
    over: Option<Deed>,
}

impl Errand {
    pub(super) fn new(case: Case, target: &TargetSetup, holder: Holder, send: u32) -> Self {
        let terms = Terms { send, ..target.terms };
        let register = RegisterAccess::new(case.target, holder.run, target.decider);
        let bid = Bid {
            incident: case.incident.clone(),
            key: case.key.clone(),
            opened: case.opened,
            well_at: case.well_at,
            holder,
        };
        Self { case, claimant: Claimant::new(bid, terms), register, over: None }
    }

    /// What came of it; `None` while it goes on.
    pub(super) const fn over(&self) -> Option<&Deed> {
        self.over.as_ref()
    }

    /// The cell that it holds, as far as it knows.
    fn held(&self) -> Option<&Cell> {
        self.claimant.held()
    }

    /// Which store an answer came from.
    pub(super) fn store_at(&self, place: Place) -> Option<Number> {
        self.register.store_at(place)
    }

    /// The next requests. Called at its beginning and after each answer.
    pub(super) fn go_on(&mut self, clocks: &Clocks, now: Now, out: &mut Asks) {
        let slot = self.slot();
        let target = self.case.target;
        let access = match self.claimant.step() {
            Step::Read => Access::Read,
            Step::Swap { expect, next } => {
                Access::Swap { expect: expect.cloned().map(Box::new), next: Box::new(next.clone()) }
            }
            Step::Probe => {
                out.push((Part::Probe, Request::Probe { target, slot }));
                return;
            }
            Step::Send => {
                self.send(clocks, now, out);
                return;
            }
            Step::Confirm { not_before } => {
                let wait = not_before.since(self.time(clocks, now));
                out.push(match wait {
                    0 => (Part::Probe, Request::Probe { target, slot }),
                    wait => (Part::Wait, Request::Sleep(Duration::from_millis(wait))),
                });
                return;
            }
            Step::End(end) => {
                let key = self.case.key.clone();
                self.over = Some(Deed::Tried { target, key, end });
                return;
            }
        };
        let asked = self.register.begin(access);
        out.extend(asked.into_iter().map(|(place, request)| (Part::Register(place), request)));
    }

    /// The last look at the clock. Its upper bound counts: the lease may be older than the last answer seems to say.
    fn send(&mut self, clocks: &Clocks, now: Now, out: &mut Asks) {
        let latest = clocks.latest(self.register.stores(), now).unwrap_or(StoreTime(i64::MAX));
        let (target, slot) = (self.case.target, self.slot());
        match self.claimant.clear_to_send(latest) {
            Some(order) => out.push((Part::Send, Request::Send { target, slot, order })),
            None => self.go_on(clocks, now, out),
        }
    }

    /// The slot that is claimed, which a takeover inherits.
    fn slot(&self) -> Option<StoreTime> {
        slot_of(self.held().map_or(&self.case.incident, |cell| &cell.incident))
    }

    /// No later than the time at the arbiter.
    fn time(&self, clocks: &Clocks, now: Now) -> StoreTime {
        clocks.earliest(self.register.stores(), now).unwrap_or_default()
    }

    /// Takes in an answer.
    pub(super) fn answer(&mut self, part: Part, answer: Answer, clocks: &Clocks, now: Now, out: &mut Asks) {
        let time = self.time(clocks, now);
        match (part, answer) {
            (Part::Register(place), answer) => {
                let (asked, reached) = self.register.answer(place, answer);
                out.extend(asked.into_iter().map(|(place, request)| (Part::Register(place), request)));
                match reached {
                    None => return,
                    Some(Reached::Cell(cell)) => self.claimant.read(cell, time),
                    Some(Reached::Swapped(swapped)) => self.claimant.swapped(swapped),
                    Some(Reached::Unreachable) => {
                        self.over = Some(Deed::Blocked { target: self.case.target });
                        return;
                    }
                    Some(Reached::Garbage) => {
                        self.over = Some(self.garbage());
                        return;
                    }
                }
            }
            (Part::Probe, Answer::Probed(probed)) => self.claimant.probed(probed, time),
            (Part::Send, Answer::Sent(sent)) => self.claimant.sent(sent, time),
            (Part::Wait, _) => {}
            (Part::Probe | Part::Send, _) => return,
        }
        self.go_on(clocks, now, out);
    }

    fn garbage(&self) -> Deed {
        let end = End::Refused(Refusal::Garbage(standin_core::mesh::cell::Garbage::Text));
        Deed::Tried { target: self.case.target, key: self.case.key.clone(), end }
    }
}
