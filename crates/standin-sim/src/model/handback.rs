//! Handing back: a primary that comes back, the backup that does its work, and the watcher between them.
//!
//! The watcher runs the core's [`Claimant`]'s transitions to fail over and the core's [`HandingBack`] to hand back;
//! the primary asks the core whether it may work.

use standin_core::effect::EffectKey;
use standin_core::incident::IncidentId;
use standin_core::mesh::cell::{self, Bid, Cell, ClaimPhase, Holder};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::handback::{HandingBack, Step, Together, acknowledged, primary_may_work};
use standin_core::mesh::swap::Swapped;
use standin_core::mesh::terms::Terms;
use stateright::{Model, Property};

use super::claim::TERMS;

/// A holder that comes seldom: its backup works for longer than its claim took.
const KEPT: Terms = Terms { serving: 2, ..TERMS };

/// What the watcher makes of the primary's agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ack {
    /// It reads it in the primary's beat.
    Read,
    /// It does not wait for it.
    MadeUp,
}

/// What the watcher does when it is told to stop the backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It stops it.
    Done,
    /// It only says so.
    Skipped,
}

/// Whether time may pass between the primary's look at the cell and its first work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// It looks and works at once.
    AtOnce,
    /// It may pause in between.
    AfterAPause,
}

/// One target that flaps.
#[derive(Debug, Clone)]
pub struct Handback {
    /// How often the primary fails.
    pub failures: u8,
    /// When time ends.
    pub until: i64,
    /// See [`Together`].
    pub together: Together,
    /// See [`Ack`].
    pub ack: Ack,
    /// See [`Stop`].
    pub stop: Stop,
    /// See [`Start`].
    pub start: Start,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Primary {
    Down,
    /// Up, and standing aside.
    Up,
    /// It has looked, and is about to work.
    Cleared,
    Works,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Backup {
    Stopped,
    Works,
}

/// A state of primary, backup and watcher.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    now: i64,
    cell: Option<Cell>,
    primary: Primary,
    /// The highest epoch that the primary has agreed to, in its last beat.
    acked: u64,
    backup: Backup,
    handing: Option<HandingBack>,
    failures: u8,
    runs: u64,
    epoch_fell: bool,
    stopped_unasked: bool,
}

/// What may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Time passes.
    Tick,
    /// The primary fails.
    Fail,
    /// The primary is up again, and does nothing yet.
    Rise,
    /// The primary reads the cell, and beats.
    Look,
    /// The primary begins to work, as it was cleared to.
    Work,
    /// A watcher claims the failed target.
    Claim,
    /// The one who won asks the target, and starts the backup or lets go.
    Serve,
    /// The lease is renewed.
    Renew,
    /// The watcher begins to hand back, or does its next step.
    HandBack,
    /// The watcher and its backup are gone.
    Crash,
}

impl Handback {
    fn write(s: &mut State, next: Cell) {
        s.epoch_fell |= s.cell.as_ref().is_some_and(|before| next.epoch < before.epoch);
        s.cell = Some(next);
    }

    fn step(&self, s: &mut State) -> Option<()> {
        let now = StoreTime(s.now);
        let Some(mut handing) = s.handing.take() else {
            let serving = s.cell.clone().filter(|c| c.phase == ClaimPhase::Serving)?;
            let holder = serving.holder.clone();
            s.handing = Some(HandingBack::new(&serving, holder, now));
            return Some(());
        };
        match handing.step() {
            Step::Swap { expect, next } => {
                let next = (s.cell.as_ref() == Some(expect)).then(|| next.clone());
                handing.swapped(if next.is_some() { Swapped::Won } else { Swapped::Lost });
                if let Some(next) = next {
                    Self::write(s, next);
                }
            }
            Step::AwaitAck { epoch } => {
                let ack = match self.ack {
                    Ack::Read => s.acked,
                    Ack::MadeUp => epoch,
                };
                let before = handing.clone();
                handing.heard(ack);
                if handing == before {
                    return None;
                }
            }
            Step::Stop => {
                let epoch = s.cell.as_ref().map_or(0, |cell| cell.epoch);
                s.stopped_unasked |= s.acked < epoch;
                if self.stop == Stop::Done {
                    s.backup = Backup::Stopped;
                }
                handing.stopped(now);
            }
            Step::Returned | Step::GiveUp => return Some(()),
        }
        s.handing = Some(handing);
        Some(())
    }

    fn look(&self, s: &mut State) {
        s.acked = acknowledged(s.cell.as_ref(), s.acked);
        s.primary = match (primary_may_work(s.cell.as_ref(), s.acked, self.together), self.start) {
            (true, Start::AtOnce) => Primary::Works,
            (true, Start::AfterAPause) if s.primary == Primary::Works => Primary::Works,
            (true, Start::AfterAPause) => Primary::Cleared,
            (false, _) => Primary::Up,
        };
    }

    fn claim(s: &mut State) -> Option<()> {
        s.runs += 1;
        let bid = Bid {
            incident: IncidentId(format!("i{}", s.runs)),
            key: EffectKey(format!("k{}", s.runs)),
            opened: StoreTime(s.now),
            well_at: Some(StoreTime(s.now)),
            holder: Holder { peer: "w".parse().ok()?, run: s.runs },
        };
        let next = cell::acquire(s.cell.as_ref(), &bid, &TERMS, StoreTime(s.now)).ok()?;
        Self::write(s, next);
        s.handing = None;
        Some(())
    }

    fn serve(s: &mut State) -> Option<()> {
        let held = s.cell.clone().filter(|c| c.phase == ClaimPhase::Held)?;
        let now = StoreTime(s.now);
        if s.primary == Primary::Works || s.primary == Primary::Up {
            Self::write(s, cell::finish(&held, &held.holder, now).ok()?);
        } else {
            Self::write(s, cell::serve(&held, &held.holder, &KEPT, now).ok()?);
            s.backup = Backup::Works;
        }
        Some(())
    }
}

impl Model for Handback {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            now: 0,
            cell: None,
            primary: Primary::Works,
            acked: 0,
            backup: Backup::Stopped,
            handing: None,
            failures: self.failures,
            runs: 0,
            epoch_fell: false,
            stopped_unasked: false,
        }]
    }

    fn actions(&self, s: &State, actions: &mut Vec<Action>) {
        let lease = s.cell.as_ref().filter(|c| !c.primary_may_work());
        let in_lease = lease.is_some_and(|c| s.now <= c.expires().0);
        // A backup whose lease was not renewed stops by itself, in time.
        if s.now < self.until && (s.backup == Backup::Stopped || in_lease) {
            actions.push(Action::Tick);
        }
        match s.primary {
            Primary::Down => actions.push(Action::Rise),
            Primary::Up => actions.push(Action::Look),
            Primary::Cleared => actions.push(Action::Work),
            Primary::Works => {
                actions.push(Action::Look);
                if s.failures > 0 {
                    actions.push(Action::Fail);
                }
            }
        }
        if s.primary != Primary::Works {
            actions.push(Action::Claim);
        }
        if in_lease {
            actions.extend([Action::Serve, Action::Renew]);
        }
        let primary_is_back = matches!(s.primary, Primary::Up | Primary::Cleared);
        if s.handing.is_some() || (s.backup == Backup::Works && primary_is_back) {
            actions.push(Action::HandBack);
        }
        if s.backup == Backup::Works {
            actions.push(Action::Crash);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut s = last.clone();
        match action {
            Action::Tick => s.now += 1,
            Action::Fail => {
                s.failures -= 1;
                s.primary = Primary::Down;
            }
            Action::Rise => s.primary = Primary::Up,
            Action::Look => self.look(&mut s),
            Action::Work => s.primary = Primary::Works,
            Action::Claim => Self::claim(&mut s)?,
            Action::Serve => Self::serve(&mut s)?,
            Action::Renew => {
                let cell = s.cell.clone()?;
                let renewed = cell::renew(&cell, &cell.holder, StoreTime(s.now)).ok()?;
                if let Some(handing) = &mut s.handing {
                    handing.renewed(renewed.clone());
                }
                Self::write(&mut s, renewed);
            }
            Action::HandBack => self.step(&mut s)?,
            Action::Crash => {
                s.backup = Backup::Stopped;
                s.handing = None;
            }
        }
        Some(s)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(BREAK_BEFORE_MAKE, |m: &Self, s: &State| {
                m.together == Together::Allowed || !(s.primary == Primary::Works && s.backup == Backup::Works)
            }),
            Property::always(AGREED, |_, s: &State| !s.stopped_unasked),
            Property::always("I2 epochs never fall", |_, s: &State| !s.epoch_fell),
            Property::sometimes("the primary works again", |_, s: &State| {
                let returned = s.cell.as_ref().is_some_and(|c| c.phase == ClaimPhase::Returned);
                returned && s.primary == Primary::Works
            }),
            Property::sometimes("it fails over a second time", |_, s: &State| {
                s.backup == Backup::Works && s.cell.as_ref().is_some_and(|c| c.epoch >= 3)
            }),
        ]
    }
}

/// Primary and backup never work at the same time.
pub const BREAK_BEFORE_MAKE: &str = "break before make";
/// The backup stops only when the primary has agreed to the epoch.
pub const AGREED: &str = "I11 stopped only after the primary agreed";
