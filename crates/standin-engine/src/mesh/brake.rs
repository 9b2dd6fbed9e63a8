//! The brake of one platform, as one tick of one watcher keeps it: who gets through, and what it is told about those
//! that did. Nothing is recovered on a platform whose brake cannot be read.

use std::sync::Arc;

use standin_core::incident::Target;
use standin_core::mesh::brake::{Brake, BrakeState, LOOK_MS, Outcome, Told, put_on};
use standin_core::mesh::cell::Holder;
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::ruling::Ruling;
use standin_core::mesh::swap::Swapped;

use super::clocks::{Clocks, Now};
use super::judge::Case;
use super::register::{Access, Asked, Place, Reached, RegisterAccess};
use super::setup::Setup;
use crate::ports::mesh::{Answer, Notice, Number};

/// So often a tick reads one brake. Whoever still waits then waits for the next tick.
const MAX_ROUNDS: u8 = 24;

/// How a platform looks from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum View {
    /// Too little is known of it.
    Unknown,
    /// Enough of it is well.
    Fine,
    /// Most of it is down: these.
    Mass(Arc<[Number]>),
}

/// The right to send, as far as the brake goes.
#[derive(Debug, Clone)]
pub(super) enum Pass {
    /// It was off. It is looked at again right before sending.
    Look(Box<Look>),
    /// It is on, and there is a place, in which something may be sent until then.
    Place {
        /// Who keeps the time.
        stores: Vec<Number>,
        /// On their clock.
        send_by: StoreTime,
    },
}

/// Looking at a brake that was off a while ago.
#[derive(Debug, Clone)]
pub(super) struct Look {
    register: RegisterAccess,
    asked: u64,
    /// When the look was asked for that found it off, by the watcher's own clock that never goes back.
    off: Option<u64>,
}

/// What came of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// The answer is not complete.
    NotYet,
    Off,
    /// It is on, or nobody knows.
    On,
}

impl Look {
    pub(super) fn new(setup: &Setup, platform: Number, run: u64) -> Option<Self> {
        Some(Self { register: RegisterAccess::of_brake(setup, platform, run)?, asked: 0, off: None })
    }

    /// Whether it was off so short a while ago that whatever is sent now is over before anybody who puts it on begins.
    pub(super) fn is_fresh(&self, now: Now) -> bool {
        self.off.is_some_and(|asked| now.mono.saturating_sub(asked) <= LOOK_MS)
    }

    pub(super) fn begin(&mut self, now: Now) -> Asked {
        (self.asked, self.off) = (now.mono, None);
        self.register.begin(Access::Read)
    }

    pub(super) fn store_at(&self, place: Place) -> Option<Number> {
        self.register.store_at(place)
    }

    pub(super) fn answer(&mut self, place: Place, answer: Answer, time: StoreTime) -> (Asked, Looked) {
        let (asked, reached) = self.register.answer(place, answer);
        let looked = match reached {
            None => Looked::NotYet,
            Some(Reached::Brake(None)) => Looked::Off,
            Some(Reached::Brake(Some(brake))) if !brake.is_on() && brake.check(time).is_ok() => Looked::Off,
            Some(
                Reached::Brake(Some(_))
                | Reached::Cell(_)
                | Reached::Swapped(_)
                | Reached::Unreachable
                | Reached::Contended
                | Reached::Garbage,
            ) => Looked::On,
        };
        if looked == Looked::Off {
            self.off = Some(self.asked);
        }
        (asked, looked)
    }
}

/// What the gate wants done.
#[derive(Debug, Default)]
pub(super) struct Opened {
    pub(super) asked: Asked,
    /// These may go on.
    pub(super) through: Vec<(Case, Pass)>,
    pub(super) notices: Vec<Notice>,
}

/// What a swap under way is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    PutOn,
    Tell,
    TakeOff,
    /// So many of the reports are in it, and places.
    Admit(usize),
}

#[derive(Debug, Clone)]
enum Stage {
    Idle,
    Reading,
    Writing(Change),
    /// It could not be read: nothing gets through in this tick.
    Shut,
}

#[derive(Debug, Clone)]
pub(super) struct Gate {
    pub(super) platform: Number,
    register: RegisterAccess,
    holder: Holder,
    view: View,
    freeze: u64,
    /// From the last moment to send in until what was sent has arrived and shows.
    after: u64,
    waiting: Vec<Case>,
    reports: Vec<(Target, Outcome)>,
    stage: Stage,
    /// Whether there is something to read it for.
    wants: bool,
    rounds: u8,
    /// Draws a number for each look.
    looks: u64,
    has_told: bool,
    pub(super) is_on: bool,
}

impl Gate {
    pub(super) fn new(
        setup: &Setup,
        platform: Number,
        holder: Holder,
        (view, waiting): (View, Vec<Case>),
    ) -> Option<Self> {
        // Far from the numbers of the errands of the same run.
        let run = holder.run.rotate_left(32) ^ u64::try_from(platform).unwrap_or(0);
        let register = RegisterAccess::of_brake(setup, platform, run)?;
        let terms = || setup.targets.iter().filter(|t| t.platform == platform).map(|t| t.terms);
        let asked = || setup.targets.iter().filter(|t| t.platform == platform && t.serving().is_none());
        let arrives = terms().map(|t| t.send.saturating_add(t.epsilon)).max().unwrap_or(0);
        let shows = terms().map(|t| t.confirm).max().unwrap_or(0);
        let after = u64::from(arrives.max(setup.body.send)) + u64::from(shows);
        // What another was asked for is sent at any time of the lease.
        let held = u64::from(asked().map(|t| t.terms.ttl).max().unwrap_or(0));
        let freeze = LOOK_MS.max(held) + after;
        Some(Self {
            platform,
            register,
            holder,
            view,
            freeze,
            after,
            waiting,
            reports: Vec::new(),
            stage: Stage::Idle,
            wants: true,
            rounds: 0,
            looks: run.wrapping_add(1 << 16),
            has_told: false,
            is_on: false,
        })
    }

    pub(super) fn store_at(&self, place: Place) -> Option<Number> {
        self.register.store_at(place)
    }

    /// One more waits, in the order of their priorities.
    pub(super) fn wait(&mut self, case: Case, setup: &Setup) {
        let priority = |case: &Case| setup.targets.get(case.target).map(|target| target.priority);
        let place = self.waiting.iter().position(|other| priority(other) < priority(&case));
        self.waiting.insert(place.unwrap_or(self.waiting.len()), case);
        self.wants = true;
    }

    /// What became of one that had a place.
    pub(super) fn report(&mut self, target: Target, outcome: Outcome) {
        self.reports.push((target, outcome));
        self.wants = true;
    }

    /// Reads the brake, if there is something to read it for.
    pub(super) fn go_on(&mut self) -> Asked {
        if !self.wants || !matches!(self.stage, Stage::Idle) || self.rounds >= MAX_ROUNDS {
            return Asked::new();
        }
        self.wants = false;
        self.rounds = self.rounds.saturating_add(1);
        self.stage = Stage::Reading;
        self.register.begin(Access::Read)
    }

    pub(super) fn answer(
        &mut self,
        place: Place,
        answer: Answer,
        setup: &Setup,
        clocks: &Clocks,
        now: Now,
    ) -> Opened {
        let mut out = Opened::default();
        let time = clocks.earliest(self.register.stores(), now).unwrap_or_default();
        let (asked, reached) = self.register.answer(place, answer);
        out.asked = asked;
        match reached {
            None => return out,
            Some(Reached::Brake(brake)) => match brake {
                Some(brake) if brake.check(time).is_err() => self.shut(&mut out),
                brake => self.read(brake.as_ref(), time, setup, &mut out),
            },
            Some(Reached::Swapped(swapped)) => self.swapped(swapped, setup, &mut out),
            // Others are at it: once more, as often as a tick reads it at all.
            Some(Reached::Contended) => (self.stage, self.wants) = (Stage::Idle, true),
            Some(Reached::Cell(_) | Reached::Unreachable | Reached::Garbage) => self.shut(&mut out),
        }
        out.asked.extend(self.go_on());
        out
    }

    /// A brake that cannot be read is on.
    fn shut(&mut self, out: &mut Opened) {
        if !self.waiting.is_empty() {
            out.notices.push(Notice::NoBrake(self.platform));
        }
        self.waiting.clear();
        self.stage = Stage::Shut;
    }

    fn swap(&mut self, change: Change, expect: Option<&Brake>, next: Brake, out: &mut Opened) {
        self.stage = Stage::Writing(change);
        let expect = expect.cloned().map(|brake| Box::new(Ruling::Brake(brake)));
        let next = Box::new(Ruling::Brake(next));
        out.asked.extend(self.register.begin(Access::Swap { expect, next }));
    }

    fn read(&mut self, brake: Option<&Brake>, time: StoreTime, setup: &Setup, out: &mut Opened) {
        self.stage = Stage::Idle;
        self.is_on = brake.is_some_and(Brake::is_on);
        let changed = match (brake.filter(|_| self.is_on), &self.view) {
            (None, View::Mass(_)) => put_on(brake, time).map(|next| (Change::PutOn, next)),
            (None, View::Fine | View::Unknown) => return self.let_all_through(setup, out),
            (Some(brake), View::Fine) => brake.take_off(time).map(|next| (Change::TakeOff, next)),
            (Some(brake), View::Mass(members)) if is_untold(brake) => {
                // Told before that is noted: better twice than never.
                let (platform, members) = (self.platform, Arc::clone(members));
                if !std::mem::replace(&mut self.has_told, true) {
                    out.notices.push(Notice::MassFailure { platform, members });
                }
                brake.tell(self.freeze, time).map(|next| (Change::Tell, next))
            }
            (Some(brake), View::Mass(_) | View::Unknown) => {
                self.let_placed_through(brake, time, setup, out);
                self.admit(brake, time, setup).ok_or(standin_core::mesh::brake::NotNow)
            }
        };
        if let Ok((change, next)) = changed {
            self.swap(change, brake, next, out);
        }
    }

    fn let_all_through(&mut self, setup: &Setup, out: &mut Opened) {
        self.reports.clear();
        for case in self.waiting.drain(..) {
            self.looks = self.looks.wrapping_add(1);
            if let Some(look) = Look::new(setup, self.platform, self.looks) {
                out.through.push((case, Pass::Look(Box::new(look))));
            }
        }
    }

    /// Those that this very run has got a place for, also by a swap whose answer was lost.
    fn let_placed_through(&mut self, brake: &Brake, time: StoreTime, setup: &Setup, out: &mut Opened) {
        let (holder, after) = (&self.holder, i64::try_from(self.after).unwrap_or(i64::MAX));
        let stores = self.register.stores().to_vec();
        self.waiting.retain(|case| {
            let target = setup.targets.get(case.target).map(|target| &target.target);
            let Some(until) = target.and_then(|target| brake.place(target, holder, time)) else {
                return true;
            };
            let send_by = StoreTime(until.0.saturating_sub(after));
            out.through.push((case.clone(), Pass::Place { stores: stores.clone(), send_by }));
            false
        });
    }

    fn admit(&self, brake: &Brake, time: StoreTime, setup: &Setup) -> Option<(Change, Brake)> {
        let mut next = brake.clone();
        for (target, outcome) in &self.reports {
            next = next.report(target, &self.holder, *outcome, time).unwrap_or(next);
        }
        let name = |case: &Case| setup.targets.get(case.target).map(|target| &target.target);
        let wanted: Vec<&Target> = self.waiting.iter().filter_map(name).collect();
        if let Ok((with, _)) = next.admit(&wanted, &self.holder, self.after, time) {
            next = with;
        }
        (next != *brake).then_some((Change::Admit(self.reports.len()), next))
    }

    fn swapped(&mut self, swapped: Swapped, setup: &Setup, out: &mut Opened) {
        let Stage::Writing(change) = std::mem::replace(&mut self.stage, Stage::Idle) else { return };
        let may_be_written = swapped != Swapped::Lost;
        match change {
            Change::TakeOff if may_be_written => out.notices.push(Notice::PlatformWell(self.platform)),
            Change::Admit(reports) if swapped == Swapped::Won => {
                self.reports.drain(..reports.min(self.reports.len()));
            }
            Change::PutOn | Change::Tell | Change::TakeOff | Change::Admit(_) => {}
        }
        match (change, swapped) {
            (Change::TakeOff, Swapped::Won) => {
                self.is_on = false;
                self.let_all_through(setup, out);
            }
            // Read what is there now: those that have got a place are in it.
            (Change::TakeOff | Change::PutOn | Change::Tell | Change::Admit(_), _) => self.wants = true,
        }
    }
}

fn is_untold(brake: &Brake) -> bool {
    matches!(&brake.state, BrakeState::On { told: Told::NotYet, .. })
}
