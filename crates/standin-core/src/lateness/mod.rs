//! How late is too late, learned from the arrivals of one schedule.
//!
//! GitHub starts scheduled workflows minutes to hours late and leaves most slots of fast schedules out, so the next
//! run cannot be told from a dead schedule by the clock alone. [`Lateness`] keeps, for one schedule and in constant
//! size, what its arrivals so far say about the next silence, and gives two thresholds: from when on the schedule is
//! suspected, and from when on Standin may act. The parts:
//!
//! - `hours`: GitHub is slower at some hours than at others, so waiting is counted in *weighted* time, in which an
//!   hour that is usually twice as slow passes half as fast.
//! - `model`: the threshold is a fixed power of the cube mean of the last twenty or so waits, shifted by what near
//!   misses have taught, put on a slot boundary where arrivals fall on one, and kept between a floor and the length
//!   of an outage.
//! - `cadence`: what the caller says about the schedule, which is its period and its platform's tolerance.
//! - `stored`: the state as text of fixed length, for the beat that carries it.
//!
//! A silence of the length of an outage is never learned from: one outage must not blind the detector to the next.
//! `docs/lateness.md` holds the measurements that chose each part, and the command that repeats them.

mod cadence;
mod hours;
mod model;
mod stored;

#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;

pub use cadence::{Cadence, Judged, LatenessError, Tolerance};
use hours::Hours;
use model::Model;
pub use stored::STORED_BYTES;

/// Two arrivals closer than this are one: a workflow that commits twice, a retry of a heartbeat.
pub const MERGE: Duration = Duration::from_secs(30);

/// So many arrivals in a row before the last one mean that the last one was wrong (a clock that jumped ahead and
/// came back), and the detector starts again from them.
const STRIKES: u8 = 3;

/// After a change of the schedule's text this many arrivals are watched before Standin may act on a silence.
const FRESH_RUNS: u8 = 5;

/// The runs that are remembered for [`Standing::Unsettled`], and how many false alarms among them raise it.
const HISTORY_RUNS: u32 = 20;
const UNSETTLED_ALARMS: u32 = 3;

/// Times are kept within the years 1900 to 2200, so that no arithmetic on them can overflow.
const EARLIEST_S: i64 = -2_208_988_800;
const LATEST_S: i64 = 7_258_118_400;

/// What became of one arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The first one, or the first after the detector was set right again: there is no silence before it.
    First,
    /// It ended a silence that was learned from.
    Learned,
    /// It ended a silence of the length of an outage, which is not learned from.
    AfterOutage,
    /// It came within [`MERGE`] of the one before and is the same.
    Merged,
    /// It lies before the last one, or its next slot does not lie after it: counted as corrupt, and ignored unless
    /// it is the third in a row.
    Corrupt,
}

/// What may be done on a silence past the ACT threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Act.
    Settled,
    /// Suspect only: the schedule's text has changed a few runs ago.
    Fresh,
    /// Suspect only: three of the last twenty silences outlasted the threshold and were none.
    Unsettled,
}

/// When the present silence becomes suspicious, and when it may be acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// What the two waits count from: the next due slot, or for fast schedules the last arrival.
    pub from: Timestamp,
    /// The wait until SUSPECT. Never longer than `act`.
    pub suspect: Duration,
    /// The wait until ACT.
    pub act: Duration,
    /// Whether ACT may be used.
    pub standing: Standing,
}

impl Thresholds {
    /// The instant of SUSPECT.
    pub fn suspect_at(&self) -> Timestamp {
        self.from.saturating_add(self.suspect).unwrap_or(Timestamp::MAX)
    }

    /// The instant of ACT.
    pub fn act_at(&self) -> Timestamp {
        self.from.saturating_add(self.act).unwrap_or(Timestamp::MAX)
    }
}

/// What the arrivals of one schedule have taught. It serialises as a string of [`STORED_BYTES`] bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Lateness {
    /// Arrivals that counted.
    arrivals: u32,
    /// Arrivals that made no sense.
    corrupt: u32,
    /// Arrivals in a row that lie before the last one.
    strikes: u8,
    /// A hash of the schedule's text, 0 before the first.
    text: u32,
    /// Arrivals still to come until a changed schedule is trusted again.
    fresh: u8,
    /// One bit a silence, the last one lowest: whether it outlasted ACT and was no outage.
    history: u32,
    /// The last arrival and the slot that follows it, in Unix seconds.
    last: i64,
    due: i64,
    hours: Hours,
    model: Model,
}

impl Default for Lateness {
    fn default() -> Self {
        Self::new()
    }
}

impl Lateness {
    /// Nothing learned yet.
    pub fn new() -> Self {
        Self {
            arrivals: 0,
            corrupt: 0,
            strikes: 0,
            text: 0,
            fresh: 0,
            history: 0,
            last: 0,
            due: 0,
            hours: Hours::new(),
            model: Model::new(),
        }
    }

    /// Takes in one arrival. Arrivals come in the order of time; `next_due` is the first slot after this one.
    ///
    /// Nothing here fails: an arrival that makes no sense is counted (see [`Lateness::corrupt`]) and changes no
    /// threshold.
    pub fn arrive(&mut self, cadence: &Cadence, at: Timestamp, next_due: Timestamp) -> Arrival {
        let (at, due) = (at.as_second(), next_due.as_second());
        if !(EARLIEST_S..=LATEST_S).contains(&at) || due <= at {
            return self.refuse();
        }
        let due = due.min(at.saturating_add(cadence::LONGEST_PERIOD.as_secs().cast_signed()));
        if self.arrivals == 0 {
            return self.restart(at, due);
        }
        let silence = at.saturating_sub(self.last);
        if silence < 0 {
            self.strikes = self.strikes.saturating_add(1);
            if self.strikes < STRIKES {
                return self.refuse();
            }
            self.corrupt = self.corrupt.saturating_add(1);
            return self.restart(at, due);
        }
        self.strikes = 0;
        if silence < MERGE.as_secs().cast_signed() {
            return Arrival::Merged;
        }
        let outcome = self.end_silence(cadence, at, due);
        self.fresh = self.fresh.saturating_sub(1);
        self.arrivals = self.arrivals.saturating_add(1);
        (self.last, self.due) = (at, due);
        outcome
    }

    /// Says what the schedule's text is. When it differs from the text before, what was learned stays, but the next
    /// few runs can only be suspected.
    pub fn scheduled_as(&mut self, text: &str) {
        // FNV-1a: stable from release to release, which the standard library's hash is not. 0 means "none yet".
        let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        let hash = text.bytes().fold(0x811c_9dc5, step).max(1);
        if self.text != 0 && self.text != hash {
            self.fresh = FRESH_RUNS;
        }
        self.text = hash;
    }

    /// The thresholds of the present silence; `None` before the first arrival, when nothing can be late yet.
    pub fn thresholds(&self, cadence: &Cadence) -> Option<Thresholds> {
        if self.arrivals == 0 {
            return None;
        }
        let start = self.start(cadence);
        let limits = cadence.limits(self.due.saturating_sub(self.last), self.arrivals);
        let waits = self.model.waits(cadence, &limits, &self.hours, start);
        Some(Thresholds {
            from: Timestamp::from_second(start).ok()?,
            suspect: Duration::from_secs_f64(waits.suspect_s),
            act: Duration::from_secs_f64(waits.act_s),
            standing: self.standing(),
        })
    }

    /// Arrivals that counted so far.
    pub fn arrivals(&self) -> u32 {
        self.arrivals
    }

    /// Arrivals so far that made no sense.
    pub fn corrupt(&self) -> u32 {
        self.corrupt
    }

    fn standing(&self) -> Standing {
        if self.fresh > 0 {
            return Standing::Fresh;
        }
        let recent = self.history & ((1 << HISTORY_RUNS) - 1);
        if recent.count_ones() >= UNSETTLED_ALARMS { Standing::Unsettled } else { Standing::Settled }
    }

    /// Where waiting begins: at the next due slot, or for fast schedules at the last arrival.
    fn start(&self, cadence: &Cadence) -> i64 {
        match cadence.judged() {
            Judged::BySlot => self.due,
            Judged::ByGap => self.last,
        }
    }

    fn refuse(&mut self) -> Arrival {
        self.corrupt = self.corrupt.saturating_add(1);
        Arrival::Corrupt
    }

    /// Begins from this arrival, keeping what was learned.
    fn restart(&mut self, at: i64, due: i64) -> Arrival {
        self.strikes = 0;
        self.arrivals = self.arrivals.saturating_add(1);
        (self.last, self.due) = (at, due);
        Arrival::First
    }

    fn end_silence(&mut self, cadence: &Cadence, at: i64, due: i64) -> Arrival {
        if at.saturating_sub(self.last) > cadence.outage_s(self.due.saturating_sub(self.last)) {
            return Arrival::AfterOutage;
        }
        let start = self.start(cadence);
        let wait_s = model::seconds(at.saturating_sub(start)).max(0.0);
        let is_alarm = self.thresholds(cadence).is_some_and(|t| wait_s > t.act.as_secs_f64());
        self.history = (self.history << 1) | u32::from(is_alarm);
        let silence = model::Silence {
            start,
            wait_s,
            past_due_s: model::seconds(at.saturating_sub(self.due)),
            in_slot_s: model::seconds(at.saturating_sub(due)) + cadence.period_s(),
        };
        self.model.learn(cadence, &mut self.hours, &silence);
        Arrival::Learned
    }
}
