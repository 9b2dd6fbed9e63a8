//! The brake of a platform: when most of it is down, a few are recovered first, and more only after those were seen
//! to recover. Its state is a cell of its own, so that all watchers together keep to it.
//!
//! The brake is on for a moment before anything is recovered: what others have begun without it is over by then.

use serde::{Deserialize, Serialize};

use super::cell::{Garbage, Holder};
use super::clock::{StoreTime, TOLERANCE_MS};
use super::peer::MAX_COUNT;
use super::terms::MAX_TTL_MS;
use crate::incident::Target;

/// How many are recovered at a time, stage after stage.
pub const STAGES: [u8; 3] = [1, 2, 4];

/// How old the look at the brake may be when something is sent without a place, in milliseconds.
pub const LOOK_MS: u64 = 30_000;

/// From taking a place to sending at the latest, in milliseconds.
pub const PLACE_MS: u64 = 120_000;

/// No place is taken, and nothing is frozen, for longer than this, in milliseconds.
pub const MAX_PLACE_MS: u64 = 2 * MAX_TTL_MS as u64;

/// The brake of one platform.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Brake {
    /// Goes up with each change.
    pub epoch: u64,
    /// When it was last changed, on the store's clock.
    pub granted: StoreTime,
    /// Whether it is on.
    pub state: BrakeState,
}

/// Whether the brake is on, and what it lets through.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "brake", rename_all = "snake_case")]
pub enum BrakeState {
    /// Whatever needs it is recovered.
    Off,
    /// Only these are.
    On {
        /// When it was put on.
        since: StoreTime,
        /// Nothing at all is recovered before this; counted from when a person was told.
        frozen_until: StoreTime,
        /// Whether a person was told. Nothing is recovered before.
        told: Told,
        /// How many at a time; one of [`STAGES`].
        limit: u8,
        /// The ones of this stage, at most `limit`.
        canaries: Vec<Canary>,
    },
}

/// Whether a person was told of a mass failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Whoever reads it is to.
    NotYet,
    /// Yes.
    Yes,
}

/// One that is recovered while the brake is on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Canary {
    /// Its name, as text; see [`Target`].
    pub target: String,
    /// Who recovers it.
    pub holder: Holder,
    /// From then on its place is no longer taken, whatever became of it.
    pub until: StoreTime,
    /// What is known of it.
    pub fate: Fate,
}

/// What became of a canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is being recovered.
    Busy,
    /// It was seen well afterwards.
    Recovered,
    /// It was not.
    Lost,
}

/// What whoever recovered one says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was seen well afterwards.
    Recovered,
    /// Something was sent and it did not help, or nobody knows.
    Lost,
    /// Nothing was sent: its place is free for another.
    Unused,
}

/// The brake could not be changed like this. Nothing is written; the caller reads it again at its next tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the brake is not in the state that this changes, or all its numbers are used")]
pub struct NotNow;

impl Canary {
    fn is_busy(&self, now: StoreTime) -> bool {
        self.fate == Fate::Busy && now <= self.until.plus(u64::from(TOLERANCE_MS))
    }
}

impl Brake {
    /// Whether it can be believed, read at `now` on its store's clock. What cannot is left as it is, and nothing is
    /// recovered.
    ///
    /// # Errors
    /// [`Garbage`], the first thing that cannot be.
    pub fn check(&self, now: StoreTime) -> Result<(), Garbage> {
        let latest = now.plus(u64::from(TOLERANCE_MS));
        if self.epoch == 0 || self.epoch >= MAX_COUNT {
            return Err(Garbage::Epoch);
        }
        let BrakeState::On { since, frozen_until, limit, canaries, .. } = &self.state else {
            return if self.granted > latest { Err(Garbage::Future) } else { Ok(()) };
        };
        let too_far = |at: StoreTime| at > latest.plus(MAX_PLACE_MS);
        if self.granted > latest || *since > latest || too_far(*frozen_until) {
            Err(Garbage::Future)
        } else if !STAGES.contains(limit) || canaries.len() > usize::from(*limit) {
            Err(Garbage::Attempt)
        } else if canaries.iter().any(|canary| too_far(canary.until)) {
            Err(Garbage::Ttl)
        } else if canaries.iter().any(|c| c.target.is_empty() || c.target.len() > super::cell::MAX_TEXT_BYTES)
        {
            Err(Garbage::Text)
        } else {
            Ok(())
        }
    }

    /// Whether it is on.
    pub const fn is_on(&self) -> bool {
        matches!(self.state, BrakeState::On { .. })
    }

    /// How many are being recovered now.
    pub fn busy(&self, now: StoreTime) -> usize {
        match &self.state {
            BrakeState::Off => 0,
            BrakeState::On { canaries, .. } => canaries.iter().filter(|c| c.is_busy(now)).count(),
        }
    }

    fn next(&self, now: StoreTime, state: BrakeState) -> Result<Self, NotNow> {
        if self.epoch >= MAX_COUNT - 1 {
            return Err(NotNow);
        }
        Ok(Self { epoch: self.epoch + 1, granted: self.granted.max(now), state })
    }

    /// Takes it off.
    ///
    /// # Errors
    /// [`NotNow`], when it is off.
    pub fn take_off(&self, now: StoreTime) -> Result<Self, NotNow> {
        if self.is_on() { self.next(now, BrakeState::Off) } else { Err(NotNow) }
    }

    /// Until when `holder` has a place for a target; `None` when it has none.
    pub fn place(&self, target: &Target, holder: &Holder, now: StoreTime) -> Option<StoreTime> {
        let BrakeState::On { canaries, .. } = &self.state else { return None };
        let target = target.to_string();
        let is_it = |c: &&Canary| c.target == target && c.holder == *holder && c.is_busy(now);
        canaries.iter().find(is_it).map(|canary| canary.until)
    }

    /// Notes that a person is told, and freezes for `freeze` milliseconds: what was begun without the brake is over
    /// then. This is a step of its own, after the brake was read as being on: the swap that put it on may have been
    /// written long after it was asked for, and the clock must not run before.
    ///
    /// # Errors
    /// [`NotNow`], when it is off or somebody was told already.
    pub fn tell(&self, freeze: u64, now: StoreTime) -> Result<Self, NotNow> {
        let mut state = self.state.clone();
        match &mut state {
            BrakeState::On { told, frozen_until, .. } if *told == Told::NotYet => {
                (*told, *frozen_until) = (Told::Yes, now.plus(freeze.min(MAX_PLACE_MS)));
            }
            BrakeState::On { .. } | BrakeState::Off => return Err(NotNow),
        }
        self.next(now, state)
    }

    /// Gives places to the first of `wanted`, each for [`PLACE_MS`] and `after` milliseconds more, in which what was
    /// sent arrives and shows. Gives the brake to swap in and the numbers of those that have a place then. When all
    /// of a stage have recovered, the next stage is wider; when one is lost, the stage is repeated.
    ///
    /// # Errors
    /// [`NotNow`], when it is off or frozen, or nothing is free.
    pub fn admit(
        &self,
        wanted: &[&Target],
        holder: &Holder,
        after: u64,
        now: StoreTime,
    ) -> Result<(Self, Vec<usize>), NotNow> {
        let BrakeState::On { since, frozen_until, told, limit, canaries } = &self.state else {
            return Err(NotNow);
        };
        if now < *frozen_until || *told == Told::NotYet {
            return Err(NotNow);
        }
        let (mut limit, mut canaries) = (*limit, canaries.clone());
        if !canaries.is_empty() && !canaries.iter().any(|canary| canary.is_busy(now)) {
            if canaries.iter().all(|canary| canary.fate == Fate::Recovered) {
                limit = wider(limit);
            }
            canaries.clear();
        }
        let until = now.plus(PLACE_MS.saturating_add(after).min(MAX_PLACE_MS));
        let mut admitted = Vec::new();
        for (number, target) in wanted.iter().enumerate() {
            let target = target.to_string();
            if canaries.len() >= usize::from(limit) {
                break;
            }
            if !canaries.iter().any(|canary| canary.target == target) {
                canaries.push(Canary { target, holder: holder.clone(), until, fate: Fate::Busy });
                admitted.push(number);
            }
        }
        if admitted.is_empty() {
            return Err(NotNow);
        }
        let (since, frozen_until, told) = (*since, *frozen_until, *told);
        let state = BrakeState::On { since, frozen_until, told, limit, canaries };
        Ok((self.next(now, state)?, admitted))
    }

    /// Says what became of one that `holder` has recovered.
    ///
    /// # Errors
    /// [`NotNow`], when it has no place any more.
    pub fn report(
        &self,
        target: &Target,
        holder: &Holder,
        outcome: Outcome,
        now: StoreTime,
    ) -> Result<Self, NotNow> {
        let BrakeState::On { canaries, .. } = &self.state else { return Err(NotNow) };
        let target = target.to_string();
        let is_it = |c: &Canary| c.target == target && c.holder == *holder && c.is_busy(now);
        let place = canaries.iter().position(is_it).ok_or(NotNow)?;
        let mut state = self.state.clone();
        if let BrakeState::On { canaries, .. } = &mut state {
            match (outcome, canaries.get_mut(place)) {
                (Outcome::Recovered, Some(canary)) => canary.fate = Fate::Recovered,
                (Outcome::Lost, Some(canary)) => canary.fate = Fate::Lost,
                (Outcome::Unused, _) | (_, None) => drop(canaries.remove(place)),
            }
        }
        self.next(now, state)
    }
}

/// Puts the brake on. Nothing is recovered before somebody has read that it is on: [`Brake::tell`].
///
/// # Errors
/// [`NotNow`], when it is on.
pub fn put_on(brake: Option<&Brake>, now: StoreTime) -> Result<Brake, NotNow> {
    if brake.is_some_and(Brake::is_on) {
        return Err(NotNow);
    }
    let [limit, ..] = STAGES;
    let (told, canaries) = (Told::NotYet, Vec::new());
    let state = BrakeState::On { since: now, frozen_until: now, told, limit, canaries };
    match brake {
        Some(brake) => brake.next(now, state),
        None => Ok(Brake { epoch: 1, granted: now, state }),
    }
}

fn wider(limit: u8) -> u8 {
    STAGES.into_iter().find(|stage| *stage > limit).unwrap_or(limit)
}

#[cfg(test)]
mod tests;
