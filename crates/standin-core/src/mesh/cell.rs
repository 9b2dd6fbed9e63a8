//! The cell: one for each target, in the store that arbitrates for it, changed by compare-and-swap alone.
//!
//! All transitions are functions from a cell and the store's time to the next cell. Whoever wants one computes it and
//! swaps it in; the swap decides. The epoch goes up whenever the right to act passes on, and never down.

use serde::{Deserialize, Serialize};

use super::clock::StoreTime;
use super::peer::{MAX_COUNT, PeerId};
use super::terms::{MAX_RETRY_MS, MAX_SERVING_MS, MAX_TTL_MS, Terms};
use crate::effect::EffectKey;
use crate::incident::IncidentId;

/// Attempts for each incident.
pub const MAX_ATTEMPTS: u8 = 3;

/// The longest incident or key in a cell, in bytes.
pub const MAX_TEXT_BYTES: usize = 256;

/// Who holds a claim: one run of one peer. Two runs that overlap are two holders.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Holder {
    /// The peer.
    pub peer: PeerId,
    /// Drawn anew for each run, so that no two are alike.
    pub run: u64,
}

/// Where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum ClaimPhase {
    /// The holder may probe and act, until the lease ends.
    Held,
    /// The holder's backup does the work of the target, as long as the lease is renewed.
    Serving,
    /// The backup is to stop as soon as the primary has agreed to this epoch.
    HandingBack,
    /// An attempt is over without recovery; the next is not before this.
    Released {
        /// On the store's clock.
        not_before: StoreTime,
    },
    /// The target has recovered, by the effect or by itself.
    Done,
    /// The primary has the work again.
    Returned,
    /// All attempts are used: a person is needed.
    Exhausted,
}

/// The right to act on one target.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// The fencing number.
    pub epoch: u64,
    /// The incident, named by whoever claimed it first.
    pub incident: IncidentId,
    /// Who holds, or held, it.
    pub holder: Holder,
    /// Attempts of this incident so far, with this one.
    pub attempt: u8,
    /// When it was last written, on the store's clock.
    pub granted: StoreTime,
    /// How long it holds from then, in milliseconds.
    pub ttl: u32,
    /// Where it stands.
    pub phase: ClaimPhase,
    /// What the target deduplicates: the same for all attempts and all holders of the incident.
    pub key: EffectKey,
}

/// Why a cell is not to be believed. Nothing is done with it but count it and alert a person: it is never overwritten,
/// because what it hides may be a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Garbage {
    /// Its epoch is 0 or beyond what can be counted.
    #[error("the epoch is out of range")]
    Epoch,
    /// Its count of attempts is.
    #[error("the count of attempts is out of range")]
    Attempt,
    /// Its lease is.
    #[error("the lease is out of range")]
    Ttl,
    /// It was granted, or waits until, further in the future than can be.
    #[error("it lies in the future of its store")]
    Future,
    /// A text in it is empty or too long.
    #[error("a text in it is empty or too long")]
    Text,
}

/// Why a claim was not made. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// Another holds it; look again after this.
    #[error("another holds it until {until}")]
    Held {
        /// On the store's clock, the tolerance included.
        until: StoreTime,
    },
    /// The last attempt was too short a while ago.
    #[error("the next attempt is not before {until}")]
    NotBefore {
        /// On the store's clock.
        until: StoreTime,
    },
    /// This very failure is over already: what the bidder knows is older than the cell.
    #[error("this failure is over already")]
    Over,
    /// All attempts of this failure are used: alert a person.
    #[error("all attempts are used")]
    AttemptsUsed,
    /// The cell is not to be believed: alert a person.
    #[error("the cell is garbage: {0}")]
    Garbage(#[from] Garbage),
    /// The transition is not for this holder, this phase or this time.
    #[error("the cell is not the caller's to change like this")]
    NotYours,
}

/// What a watcher brings to claim a target with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bid {
    /// The incident as this watcher knows it.
    pub incident: IncidentId,
    /// Its key; see [`super::rank`].
    pub key: EffectKey,
    /// When this watcher opened it, on the arbiter's clock.
    pub opened: StoreTime,
    /// When the target was last seen well, on the arbiter's clock; `None` when nobody here has seen it well.
    pub well_at: Option<StoreTime>,
    /// This run of this watcher.
    pub holder: Holder,
}

impl Cell {
    /// Whether it can be believed, read at `now` on its store's clock.
    ///
    /// # Errors
    /// [`Garbage`], the first thing that cannot be.
    pub fn check(&self, terms: &Terms, now: StoreTime) -> Result<(), Garbage> {
        let fits = |text: &str| !text.is_empty() && text.len() <= MAX_TEXT_BYTES;
        let least = match self.phase {
            // A claim that never got to act has given its attempt back.
            ClaimPhase::Released { .. } | ClaimPhase::Done => 0,
            ClaimPhase::Held
            | ClaimPhase::Serving
            | ClaimPhase::HandingBack
            | ClaimPhase::Returned
            | ClaimPhase::Exhausted => 1,
        };
        let longest = match self.phase {
            ClaimPhase::Serving | ClaimPhase::HandingBack | ClaimPhase::Returned => MAX_SERVING_MS,
            ClaimPhase::Held | ClaimPhase::Released { .. } | ClaimPhase::Done | ClaimPhase::Exhausted => {
                MAX_TTL_MS
            }
        };
        let latest = now.plus(u64::from(terms.epsilon));
        let waits_too_long = match self.phase {
            ClaimPhase::Released { not_before } => not_before > latest.plus(2 * MAX_RETRY_MS),
            ClaimPhase::Held
            | ClaimPhase::Serving
            | ClaimPhase::HandingBack
            | ClaimPhase::Done
            | ClaimPhase::Returned
            | ClaimPhase::Exhausted => false,
        };
        if self.epoch == 0 || self.epoch >= MAX_COUNT {
            Err(Garbage::Epoch)
        } else if self.attempt < least || self.attempt > MAX_ATTEMPTS {
            Err(Garbage::Attempt)
        } else if self.ttl == 0 || self.ttl > longest {
            Err(Garbage::Ttl)
        } else if self.granted > latest || waits_too_long {
            Err(Garbage::Future)
        } else if !fits(&self.incident.0) || !fits(&self.key.0) {
            Err(Garbage::Text)
        } else {
            Ok(())
        }
    }

    /// When the lease ends by itself.
    pub fn expires(&self) -> StoreTime {
        self.granted.plus(u64::from(self.ttl))
    }

    /// Until when nobody else may claim it.
    fn barred_until(&self, terms: &Terms) -> StoreTime {
        self.expires().plus(u64::from(terms.epsilon))
    }

    /// The last moment at which its holder may still send to the target.
    pub fn latest_send(&self, terms: &Terms) -> StoreTime {
        StoreTime(self.expires().0.saturating_sub(i64::from(terms.send)))
    }

    /// Whether its holder may send now.
    pub fn may_send(&self, terms: &Terms, now: StoreTime) -> bool {
        now >= self.granted && now <= self.latest_send(terms)
    }

    /// Whether the primary may work without claiming first. While a backup is about to work, works or stops, it may
    /// not: that is the break before the make.
    pub fn primary_may_work(&self) -> bool {
        match self.phase {
            ClaimPhase::Held | ClaimPhase::Serving | ClaimPhase::HandingBack => false,
            ClaimPhase::Released { .. } | ClaimPhase::Done | ClaimPhase::Returned | ClaimPhase::Exhausted => {
                true
            }
        }
    }

    /// Whether what the bidder saw fail is another failure than the one in the cell: it opened after that one ended,
    /// and where nobody recorded a recovery, the target was seen well in between.
    fn is_another(&self, bid: &Bid) -> bool {
        let well_between = |end: StoreTime| bid.well_at.is_some_and(|at| at > end && at <= bid.opened);
        let opened_after = |end: StoreTime| bid.incident != self.incident && bid.opened > end;
        match self.phase {
            ClaimPhase::Done | ClaimPhase::Returned => opened_after(self.granted),
            ClaimPhase::Exhausted | ClaimPhase::Released { .. } => {
                opened_after(self.granted) && well_between(self.granted)
            }
            ClaimPhase::Held | ClaimPhase::Serving | ClaimPhase::HandingBack => {
                opened_after(self.expires()) && well_between(self.expires())
            }
        }
    }

    fn rewritten(&self, phase: ClaimPhase, now: StoreTime) -> Self {
        Self { phase, granted: self.granted.max(now), ..self.clone() }
    }

    /// The cell, if this holder may still write to it in one of these phases.
    fn held_by(&self, holder: &Holder, phases: &[ClaimPhase]) -> Result<&Self, Refusal> {
        let is_theirs = self.holder == *holder && phases.contains(&self.phase);
        if is_theirs { Ok(self) } else { Err(Refusal::NotYours) }
    }
}

fn granted(bid: &Bid, epoch: u64, terms: &Terms, now: StoreTime) -> Cell {
    Cell {
        epoch,
        incident: bid.incident.clone(),
        holder: bid.holder.clone(),
        attempt: 1,
        granted: now,
        ttl: terms.ttl,
        phase: ClaimPhase::Held,
        key: bid.key.clone(),
    }
}

/// Claims a target: the cell to swap in, with the next epoch.
///
/// Possible when the cell is empty, when the failure in it is another one and over, or when its lease has run out or
/// its wait is over and attempts are left. A takeover keeps the incident and its key, whatever the bidder calls it.
///
/// # Errors
/// [`Refusal`], why not now.
pub fn acquire(cell: Option<&Cell>, bid: &Bid, terms: &Terms, now: StoreTime) -> Result<Cell, Refusal> {
    let Some(cell) = cell else { return Ok(granted(bid, 1, terms, now)) };
    cell.check(terms, now)?;
    match cell.phase {
        ClaimPhase::Held | ClaimPhase::Serving | ClaimPhase::HandingBack => {
            let until = cell.barred_until(terms);
            if now <= until {
                return Err(Refusal::Held { until });
            }
        }
        ClaimPhase::Released { .. } | ClaimPhase::Done | ClaimPhase::Returned | ClaimPhase::Exhausted => {}
    }
    if cell.is_another(bid) {
        return Ok(granted(bid, cell.epoch + 1, terms, now));
    }
    match cell.phase {
        ClaimPhase::Done | ClaimPhase::Returned => return Err(Refusal::Over),
        ClaimPhase::Exhausted => return Err(Refusal::AttemptsUsed),
        ClaimPhase::Released { not_before } if now < not_before => {
            return Err(Refusal::NotBefore { until: not_before });
        }
        ClaimPhase::Released { .. } | ClaimPhase::Held | ClaimPhase::Serving | ClaimPhase::HandingBack => {}
    }
    let (incident, key) = (cell.incident.clone(), cell.key.clone());
    let attempt = match cell.phase {
        // The last attempt has helped: what is over is its holder's life, or its backup's.
        ClaimPhase::Serving | ClaimPhase::HandingBack => 1,
        ClaimPhase::Held
        | ClaimPhase::Released { .. }
        | ClaimPhase::Done
        | ClaimPhase::Returned
        | ClaimPhase::Exhausted => cell.attempt + 1,
    };
    if attempt > MAX_ATTEMPTS {
        return Err(Refusal::AttemptsUsed);
    }
    Ok(Cell { attempt, incident, key, ..granted(bid, cell.epoch + 1, terms, now) })
}

/// Prolongs a lease that has not run out.
///
/// # Errors
/// [`Refusal::NotYours`], also once the lease has run out: then it is to be claimed anew.
pub fn renew(cell: &Cell, holder: &Holder, now: StoreTime) -> Result<Cell, Refusal> {
    let cell = cell.held_by(holder, &[ClaimPhase::Held, ClaimPhase::Serving, ClaimPhase::HandingBack])?;
    if now > cell.expires() { Err(Refusal::NotYours) } else { Ok(cell.rewritten(cell.phase, now)) }
}

/// Records that the target has recovered.
///
/// # Errors
/// [`Refusal::NotYours`].
pub fn finish(cell: &Cell, holder: &Holder, now: StoreTime) -> Result<Cell, Refusal> {
    Ok(cell.held_by(holder, &[ClaimPhase::Held])?.rewritten(ClaimPhase::Done, now))
}

/// Records that an attempt has not helped: the next one waits, or a person is needed.
///
/// # Errors
/// [`Refusal::NotYours`].
pub fn fail(cell: &Cell, holder: &Holder, terms: &Terms, now: StoreTime) -> Result<Cell, Refusal> {
    let cell = cell.held_by(holder, &[ClaimPhase::Held])?;
    if cell.attempt >= MAX_ATTEMPTS {
        return Ok(cell.rewritten(ClaimPhase::Exhausted, now));
    }
    let not_before = now.plus(terms.backoff(cell.attempt, &cell.key.0));
    Ok(cell.rewritten(ClaimPhase::Released { not_before }, now))
}

/// Gives a claim back under which nothing was sent: the attempt does not count.
///
/// # Errors
/// [`Refusal::NotYours`].
pub fn give_back(cell: &Cell, holder: &Holder, terms: &Terms, now: StoreTime) -> Result<Cell, Refusal> {
    let cell = cell.held_by(holder, &[ClaimPhase::Held])?;
    let not_before = now.plus(terms.backoff(1, &cell.key.0));
    let released = cell.rewritten(ClaimPhase::Released { not_before }, now);
    Ok(Cell { attempt: cell.attempt.saturating_sub(1), ..released })
}

/// Records that the holder's backup does the target's work from now on, and holds the claim for as long as the terms
/// say of that.
///
/// # Errors
/// [`Refusal::NotYours`], also once the lease has run out.
pub fn serve(cell: &Cell, holder: &Holder, terms: &Terms, now: StoreTime) -> Result<Cell, Refusal> {
    let cell = cell.held_by(holder, &[ClaimPhase::Held])?;
    if now > cell.expires() {
        return Err(Refusal::NotYours);
    }
    let ttl = cell.ttl.max(terms.serving_ttl());
    Ok(Cell { ttl, ..cell.rewritten(ClaimPhase::Serving, now) })
}

/// Begins to hand back: a new epoch, to which the primary has to agree.
///
/// # Errors
/// [`Refusal::NotYours`], also once the lease has run out.
pub fn hand_back(cell: &Cell, holder: &Holder, now: StoreTime) -> Result<Cell, Refusal> {
    let cell = cell.held_by(holder, &[ClaimPhase::Serving])?;
    if now > cell.expires() || cell.epoch >= MAX_COUNT - 1 {
        return Err(Refusal::NotYours);
    }
    Ok(Cell { epoch: cell.epoch + 1, ..cell.rewritten(ClaimPhase::HandingBack, now) })
}

/// Whether the backup may stop: the primary has agreed to this very handback.
pub fn may_stop(cell: &Cell, ack_epoch: u64) -> bool {
    cell.phase == ClaimPhase::HandingBack && ack_epoch >= cell.epoch && ack_epoch < MAX_COUNT
}

/// Records that the backup has stopped and the primary has the work.
///
/// # Errors
/// [`Refusal::NotYours`], also while the primary has not agreed.
pub fn returned(cell: &Cell, holder: &Holder, ack_epoch: u64, now: StoreTime) -> Result<Cell, Refusal> {
    let cell = cell.held_by(holder, &[ClaimPhase::HandingBack])?;
    if !may_stop(cell, ack_epoch) {
        return Err(Refusal::NotYours);
    }
    Ok(cell.rewritten(ClaimPhase::Returned, now))
}
