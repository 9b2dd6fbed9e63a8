//! One try at one target: the claimant of the core, its register, and what they ask for.

use std::time::Duration;

use standin_core::mesh::cell::{Bid, Cell, Holder, MAX_ATTEMPTS, Refusal};
use standin_core::mesh::claim::{Aim, Claimant, End, Order, Sent, Step};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::ruling::Ruling;
use standin_core::mesh::terms::Terms;

use super::brake::{Looked, Pass};
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
    /// The brake of its platform.
    Brake(Place),
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
    pass: Pass,
    terms: Terms,
    /// Which attempts this watcher can carry out itself, the first one first.
    able: [bool; MAX_ATTEMPTS as usize],
    aim: Aim,
    hand: Hand,
    posting: Option<Posting>,
    over: Option<Deed>,
}

/// Who carries it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hand {
    Own,
    Another,
}

/// What another is to be asked to carry out.
#[derive(Debug, Clone)]
pub(super) struct Posting {
    pub(super) slot: Option<StoreTime>,
    pub(super) order: Order,
    /// How long from now it may still be sent, in milliseconds: what comes of it is to be seen before the lease ends.
    pub(super) left: u64,
}

impl Errand {
    pub(super) fn new(
        (case, pass): (Case, Pass),
        target: &TargetSetup,
        own: Number,
        holder: Holder,
        send: u32,
    ) -> Self {
        let terms = Terms { send, ..target.terms };
        let register = RegisterAccess::new(case.target, holder.run, target.decider);
        let bid = Bid {
            incident: case.incident.clone(),
            key: case.key.clone(),
            opened: case.opened,
            well_at: case.well_at,
            holder,
        };
        let aim = if target.serving().is_some() { Aim::Serve } else { Aim::Recover };
        let able = [1, 2, 3].map(|attempt| target.is_able(own, attempt));
        let (hand, posting) = (Hand::Own, None);
        Self {
            case,
            claimant: Claimant::with(bid, terms, aim),
            register,
            pass,
            terms,
            able,
            aim,
            hand,
            posting,
            over: None,
        }
    }

    /// What another is to be asked for, once.
    pub(super) fn take_posting(&mut self) -> Option<Posting> {
        self.posting.take()
    }

    /// Whether it is about to ask what came of it.
    pub(super) fn is_confirming(&self) -> bool {
        matches!(self.claimant.step(), Step::Confirm { .. })
    }

    /// Whether it carries out itself what it has claimed.
    pub(super) fn is_own(&self) -> bool {
        self.hand == Hand::Own
    }

    /// There is nobody to ask: nothing was sent, and the next attempt may have another remedy.
    pub(super) fn nobody(&mut self, clocks: &Clocks, now: Now, out: &mut Asks) {
        self.claimant.sent(Sent::Refused, self.time(clocks, now));
        self.go_on(clocks, now, out);
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
    pub(super) fn store_at(&self, part: Part) -> Option<Number> {
        match (part, &self.pass) {
            (Part::Register(place), _) => self.register.store_at(place),
            (Part::Brake(place), Pass::Look(look)) => look.store_at(place),
            (Part::Brake(_), Pass::Place { .. }) | (Part::Probe | Part::Send | Part::Wait, _) => None,
        }
    }

    /// Whether it has taken a place at the brake, which is to be told what came of it.
    pub(super) const fn has_place(&self) -> bool {
        matches!(self.pass, Pass::Place { .. })
    }

    /// How long from now the brake lets something be sent, in milliseconds; `None` when it has to be looked at first.
    fn leave(&self, clocks: &Clocks, now: Now) -> Option<u64> {
        match &self.pass {
            Pass::Look(look) => look.is_fresh(now).then_some(u64::MAX),
            Pass::Place { stores, send_by } => {
                let latest = clocks.latest(stores, now).unwrap_or(StoreTime(i64::MAX));
                Some(send_by.since(latest))
            }
        }
    }

    /// The answer about the brake of the platform.
    fn look(&mut self, place: Place, answer: Answer, clocks: &Clocks, now: Now, out: &mut Asks) {
        let time = self.time(clocks, now);
        let Pass::Look(look) = &mut self.pass else { return };
        let brake_time = look.store_at(place).and_then(|store| clocks.earliest(&[store], now));
        let (asked, looked) = look.answer(place, answer, brake_time.unwrap_or_default());
        out.extend(asked.into_iter().map(|(place, request)| (Part::Brake(place), request)));
        match looked {
            Looked::NotYet => return,
            Looked::Off => {}
            Looked::On => self.claimant.withhold(time),
        }
        self.go_on(clocks, now, out);
    }

    /// The next requests. Called at its beginning and after each answer.
    pub(super) fn go_on(&mut self, clocks: &Clocks, now: Now, out: &mut Asks) {
        let slot = self.slot();
        let target = self.case.target;
        let access = match self.claimant.step() {
            Step::Read => Access::Read,
            Step::Swap { expect, next } => {
                let claim = |cell: &Cell| Box::new(Ruling::Claim(cell.clone()));
                Access::Swap { expect: expect.map(claim), next: claim(next) }
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
                // Another acts at some time of the lease: what has come of it is not known before its end.
                let end = self.held().filter(|_| self.hand == Hand::Another).map(Cell::expires);
                let not_before = end.map_or(not_before, |end| not_before.max(end));
                let wait = not_before.since(self.time(clocks, now));
                out.push(match wait {
                    0 if self.aim == Aim::Serve => (Part::Probe, Request::ProbeBackup(target)),
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
        let leave = match (self.leave(clocks, now), &mut self.pass) {
            (None, Pass::Look(look)) => {
                let asked = look.begin(now);
                out.extend(asked.into_iter().map(|(place, request)| (Part::Brake(place), request)));
                return;
            }
            (Some(0) | None, _) => {
                self.claimant.withhold(self.time(clocks, now));
                return self.go_on(clocks, now, out);
            }
            (Some(leave), _) => leave,
        };
        let latest = clocks.latest(self.register.stores(), now).unwrap_or(StoreTime(i64::MAX));
        let (target, slot) = (self.case.target, self.slot());
        // The end of the order, less the time until what comes of it shows.
        let shows = self.terms.confirm.max(self.terms.send);
        let left =
            self.held().map_or(0, |cell| cell.expires().since(latest.plus(u64::from(shows)))).min(leave);
        match self.claimant.clear_to_send(latest) {
            Some(order) if self.is_able(order.attempt) => {
                out.push((Part::Send, Request::Send { target, slot, order }));
            }
            Some(order) => {
                self.hand = Hand::Another;
                self.posting = Some(Posting { slot, order, left });
            }
            None => self.go_on(clocks, now, out),
        }
    }

    fn is_able(&self, attempt: u8) -> bool {
        self.able.get(usize::from(attempt.saturating_sub(1))).copied().unwrap_or_default()
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
                    // Others are at it: the next tick sees what they have made of it.
                    Some(Reached::Contended) => {
                        self.over = Some(self.ended(End::Unclear));
                        return;
                    }
                    Some(Reached::Unreachable) => {
                        self.over = Some(Deed::Blocked { target: self.case.target });
                        return;
                    }
                    Some(Reached::Garbage | Reached::Brake(_)) => {
                        self.over = Some(self.garbage());
                        return;
                    }
                }
            }
            (Part::Brake(place), answer) => return self.look(place, answer, clocks, now, out),
            (Part::Probe, Answer::Probed(probed)) => self.claimant.probed(probed, time),
            (Part::Send, Answer::Sent(sent)) => self.claimant.sent(sent, time),
            (Part::Wait, _) => {}
            (Part::Probe | Part::Send, _) => return,
        }
        self.go_on(clocks, now, out);
    }

    fn garbage(&self) -> Deed {
        self.ended(End::Refused(Refusal::Garbage(standin_core::mesh::cell::Garbage::Text)))
    }

    fn ended(&self, end: End) -> Deed {
        Deed::Tried { target: self.case.target, key: self.case.key.clone(), end }
    }
}
