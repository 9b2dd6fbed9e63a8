//! A target whose backup does its work: one look at its claim in each tick, which renews the lease, hands the work
//! back, or agrees to take it back.

use standin_core::mesh::cell::{self, Cell, ClaimPhase, Holder};
use standin_core::mesh::claim::{Probed, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::handback::{HandingBack, Punctual, Step, Streak, is_due};
use standin_core::mesh::ruling::Ruling;
use standin_core::mesh::swap::Swapped;
use standin_core::mesh::terms::Terms;

use super::clocks::{Clocks, Now};
use super::record::Seen;
use super::register::{Access, Place, Reached, RegisterAccess};
use super::setup::{Body, TargetSetup};
use crate::ports::mesh::{Answer, Fact, Number, Request};

/// What an answer to one of its requests is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeepPart {
    Register(Place),
    /// Whether the backup works.
    Probe,
    Stop,
}

/// Requests, each with what its answer is for.
pub(super) type KeepAsks = Vec<(KeepPart, Request)>;

/// What is known of the target in this tick.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// How its primary is.
    pub(super) fact: Fact,
    /// The highest epoch that the primary has agreed to.
    pub(super) acked: u64,
    pub(super) seen: Seen,
}

/// What came of the look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kept {
    /// Nobody's backup works: it is claimed like any other target.
    Free,
    /// Another's does, or nobody knows.
    Away,
    /// The cell is not to be believed.
    Garbage,
    /// Somebody's did, and the lease is over: the claim has to be taken over, also when the primary is well again,
    /// which waits for that.
    Lapsed(Box<Cell>),
    /// This watcher's backup has begun to work: an earlier tick has sent for it.
    Begun,
    /// This watcher's backup works.
    Ours,
    /// The primary has the work again.
    HandedBack,
}

#[derive(Debug, Clone)]
enum Stage {
    Reading,
    /// An earlier tick has sent for the backup, and was over before it could see it work.
    Confirming(Box<Cell>),
    Beginning,
    Renewing,
    Handing(Box<HandingBack>),
    Over(Kept),
}

#[derive(Debug, Clone)]
pub(super) struct Keep {
    pub(super) target: Number,
    register: RegisterAccess,
    terms: Terms,
    /// From one tick to the next, in milliseconds.
    period: u64,
    /// A lease that holds for so long is not renewed yet: two ticks, or all of a long lease but two periods, because
    /// who comes so seldom also comes late. In milliseconds.
    spare: u64,
    known: Known,
    stage: Stage,
    /// The handback that waits for the primary's agreement, as this look has found it.
    pub(super) awaited: Option<u64>,
}

impl Keep {
    pub(super) fn new((number, target): (Number, &TargetSetup), run: u64, body: &Body, known: Known) -> Self {
        let register = RegisterAccess::new(number, run, target.decider);
        let (terms, period) = (target.terms, u64::from(body.period));
        let long = match terms.serving {
            0 => 0,
            _ => u64::from(terms.serving_ttl()).saturating_sub(2 * period),
        };
        let spare = long.max(2 * period + u64::from(body.tick));
        Self { target: number, register, terms, period, spare, known, stage: Stage::Reading, awaited: None }
    }

    pub(super) fn store_at(&self, part: KeepPart) -> Option<Number> {
        match part {
            KeepPart::Register(place) => self.register.store_at(place),
            KeepPart::Probe | KeepPart::Stop => None,
        }
    }

    /// What came of it; `None` while it goes on.
    pub(super) const fn over(&self) -> Option<&Kept> {
        match &self.stage {
            Stage::Over(kept) => Some(kept),
            Stage::Reading
            | Stage::Confirming(_)
            | Stage::Beginning
            | Stage::Renewing
            | Stage::Handing(_) => None,
        }
    }

    /// For how long the primary has been well, this look included.
    pub(super) const fn streak(&self) -> Streak {
        self.known.seen.streak
    }

    pub(super) fn begin(&mut self) -> KeepAsks {
        self.access(Access::Read)
    }

    fn access(&mut self, access: Access) -> KeepAsks {
        let asked = self.register.begin(access);
        asked.into_iter().map(|(place, request)| (KeepPart::Register(place), request)).collect()
    }

    fn swap(&mut self, expect: &Cell, next: &Cell) -> KeepAsks {
        let claim = |cell: &Cell| Box::new(Ruling::Claim(cell.clone()));
        self.access(Access::Swap { expect: Some(claim(expect)), next: claim(next) })
    }

    fn end(&mut self, kept: Kept) -> KeepAsks {
        self.stage = Stage::Over(kept);
        KeepAsks::new()
    }

    /// Takes in an answer. `own` is this watcher.
    pub(super) fn answer(
        &mut self,
        own: &Holder,
        part: KeepPart,
        answer: Answer,
        clocks: &Clocks,
        now: Now,
    ) -> KeepAsks {
        let time = clocks.earliest(self.register.stores(), now).unwrap_or_default();
        match (part, answer) {
            (KeepPart::Register(place), answer) => {
                let (asked, reached) = self.register.answer(place, answer);
                match reached {
                    None => asked.into_iter().map(|(p, request)| (KeepPart::Register(p), request)).collect(),
                    Some(Reached::Cell(cell)) => self.read(own, cell, time),
                    Some(Reached::Swapped(swapped)) => self.swapped(swapped),
                    Some(Reached::Unreachable | Reached::Contended) => self.end(Kept::Away),
                    Some(Reached::Garbage | Reached::Brake(_)) => self.end(Kept::Garbage),
                }
            }
            (KeepPart::Probe, Answer::Probed(Probed::Well)) => self.begin_to_serve(time),
            // Nothing works yet. The claim stands until its lease is over.
            (KeepPart::Probe, _) => self.end(Kept::Away),
            (KeepPart::Stop, Answer::Sent(Sent::Accepted)) => {
                if let Stage::Handing(handing) = &mut self.stage {
                    handing.stopped(time);
                }
                self.hand_on()
            }
            // Nobody knows whether the backup has stopped. The next tick asks again; without it the lease runs out.
            (KeepPart::Stop, _) => self.end(Kept::Ours),
        }
    }

    fn read(&mut self, own: &Holder, cell: Option<Cell>, time: StoreTime) -> KeepAsks {
        self.known.seen.streak = match self.known.fact {
            Fact::Well => self.known.seen.streak.beat(time, Punctual::Yes),
            Fact::Down | Fact::Stopped | Fact::Unknown | Fact::Covered(_) => Streak::default(),
        };
        let Some(cell) = cell else { return self.end(Kept::Free) };
        if cell.check(&self.terms, time).is_err() {
            return self.end(Kept::Garbage);
        }
        let is_held = match cell.phase {
            ClaimPhase::Serving | ClaimPhase::HandingBack => true,
            ClaimPhase::Held
            | ClaimPhase::Released { .. }
            | ClaimPhase::Done
            | ClaimPhase::Returned
            | ClaimPhase::Exhausted => false,
        };
        if self.was_sent_for(own, &cell, time) {
            self.stage = Stage::Confirming(Box::new(cell));
            return vec![(KeepPart::Probe, Request::ProbeBackup(self.target))];
        }
        if !is_held {
            // Also when it is held for a claim that was left behind: once its lease is over it is taken over as ever,
            // and until then whoever tries is refused.
            let is_left = cell.phase == ClaimPhase::Held && self.is_over(&cell, time);
            return self.end(if is_left { Kept::Lapsed(Box::new(cell)) } else { Kept::Free });
        }
        if cell.phase == ClaimPhase::HandingBack && time <= cell.expires() {
            self.awaited = Some(cell.epoch);
        }
        if self.is_over(&cell, time) {
            self.end(Kept::Lapsed(Box::new(cell)))
        } else if cell.holder.peer != own.peer || time > cell.expires() {
            self.end(Kept::Away)
        } else {
            self.ours(&cell, time)
        }
    }

    /// Whether an earlier tick of this watcher has claimed it, and what it sent must show by now.
    fn was_sent_for(&self, own: &Holder, cell: &Cell, time: StoreTime) -> bool {
        cell.phase == ClaimPhase::Held
            && cell.holder.peer == own.peer
            && time >= cell.granted.plus(u64::from(self.terms.confirm))
            && time <= cell.expires()
    }

    fn begin_to_serve(&mut self, time: StoreTime) -> KeepAsks {
        let Stage::Confirming(cell) = &self.stage else { return KeepAsks::new() };
        let cell = cell.clone();
        match cell::serve(&cell, &cell.holder, &self.terms, time) {
            Ok(next) => {
                self.stage = Stage::Beginning;
                self.swap(&cell, &next)
            }
            Err(_) => self.end(Kept::Away),
        }
    }

    fn is_over(&self, cell: &Cell, time: StoreTime) -> bool {
        time > cell.expires().plus(u64::from(self.terms.epsilon))
    }

    /// This watcher, in this run or an earlier one, has the claim.
    fn ours(&mut self, cell: &Cell, time: StoreTime) -> KeepAsks {
        let holder = cell.holder.clone();
        let is_well = self.known.fact == Fact::Well;
        let Seen { streak, damping, .. } = &self.known.seen;
        let handing = match cell.phase {
            ClaimPhase::Serving if is_well && is_due(streak, damping, self.period, time) => {
                Some(HandingBack::new(cell, holder, time))
            }
            ClaimPhase::HandingBack if is_well && cell::may_stop(cell, self.known.acked) => {
                let mut handing = HandingBack::announced(cell, holder);
                handing.heard(self.known.acked);
                Some(handing)
            }
            ClaimPhase::Serving
            | ClaimPhase::HandingBack
            | ClaimPhase::Held
            | ClaimPhase::Released { .. }
            | ClaimPhase::Done
            | ClaimPhase::Returned
            | ClaimPhase::Exhausted => None,
        };
        if let Some(handing) = handing {
            self.stage = Stage::Handing(Box::new(handing));
            return self.hand_on();
        }
        if cell.phase == ClaimPhase::Serving && cell.expires().since(time) >= self.spare {
            return self.end(Kept::Ours);
        }
        match cell::renew(cell, &cell.holder, time) {
            Ok(next) => {
                self.stage = Stage::Renewing;
                self.swap(cell, &next)
            }
            Err(_) => self.end(Kept::Away),
        }
    }

    fn hand_on(&mut self) -> KeepAsks {
        let Stage::Handing(handing) = &self.stage else { return KeepAsks::new() };
        match handing.step() {
            Step::Swap { expect, next } => {
                let (expect, next) = (expect.clone(), next.clone());
                self.swap(&expect, &next)
            }
            // It is announced: the primary's word is read in a later tick.
            Step::AwaitAck { epoch } => {
                self.awaited = Some(epoch);
                self.end(Kept::Ours)
            }
            Step::Stop => {
                let (target, epoch) = (self.target, self.awaited.unwrap_or(self.known.acked));
                vec![(KeepPart::Stop, Request::Stop { target, epoch })]
            }
            Step::Returned => self.end(Kept::HandedBack),
            Step::GiveUp => self.end(Kept::Ours),
        }
    }

    fn swapped(&mut self, swapped: Swapped) -> KeepAsks {
        match &mut self.stage {
            Stage::Handing(handing) => {
                handing.swapped(swapped);
                self.hand_on()
            }
            Stage::Beginning if swapped == Swapped::Won => self.end(Kept::Begun),
            Stage::Beginning => self.end(Kept::Away),
            Stage::Reading | Stage::Confirming(_) | Stage::Renewing | Stage::Over(_) => self.end(Kept::Ours),
        }
    }
}
