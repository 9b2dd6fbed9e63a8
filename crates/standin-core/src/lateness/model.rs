//! The threshold itself: what it follows from, and how it learns.

use super::cadence::{Cadence, Judged, Limits};
use super::hours::{Hours, Weights, f32_of};

/// The weight of one wait in the cube mean, which so remembers about twenty of them.
const MEMORY: f64 = 20.0;

/// The weight of one wait in the mean that hours are compared with.
const USUAL_MEMORY: f64 = 200.0;

/// The threshold in slacks is `SCALE` times the cube mean in slacks to the power `POWER`: after long waits the next
/// one can be longer by more than its share.
const POWER: f64 = 1.3;
const ACT_SCALE: f64 = 2.6;
const SUSPECT_SCALE: f64 = 1.4;

/// ACT learns from near misses: waits that came within this factor of the threshold. They are three times as
/// frequent as false alarms, so their rate is known three times as soon.
const NEAR: f64 = 1.35;
const ACT_STEP: f64 = 0.12;
const ACT_RATE: f64 = 0.0011;

/// SUSPECT may be wrong once in a hundred runs, and learns from that.
const SUSPECT_STEP: f64 = 0.05;
const SUSPECT_RATE: f64 = 0.01;

/// How far learning may move a threshold, as a logarithm.
const MAX_SHIFT: f64 = 3.0;

/// The lateness within a slot that this share of arrivals stays under, and how fast it is followed.
const SLOT_SHARE: f64 = 0.98;
const SLOT_STEP: f64 = 0.2;
/// Past this many of it after a slot, nothing comes any more until the next slot.
const SLOT_MARGIN: f64 = 1.2;
/// The first guess of it, and its shortest value, in seconds.
const SLOT_FIRST_S: f64 = 3600.0;
const SLOT_LEAST_S: f64 = 30.0;

/// A schedule that runs seldom has to show so many runs without a slot left out before one that is left out can be
/// acted on.
const CLEAN_RUNS: u16 = 100;

/// The two thresholds in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waits {
    pub(super) suspect_s: f64,
    pub(super) act_s: f64,
}

/// One silence that ended, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Silence {
    /// Where waiting began.
    pub(super) start: i64,
    /// How long it was waited.
    pub(super) wait_s: f64,
    /// How long after the slot that was due, which may be before it.
    pub(super) past_due_s: f64,
    /// How long after the slot that it arrived in.
    pub(super) in_slot_s: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Model {
    /// The mean cube of the waits with slack in weighted time, in slacks cubed; 0 before the first.
    pub(super) cube: f32,
    /// The mean of the waits with slack, in slacks; 0 before the first.
    pub(super) usual: f32,
    /// Waits that were learned, as far as early learning is faster.
    pub(super) learned: u16,
    /// Learned shifts of the thresholds, as logarithms.
    pub(super) act_shift: f32,
    pub(super) suspect_shift: f32,
    /// The lateness within a slot, as the logarithm of seconds; 0 before the first.
    pub(super) slot_log: f32,
    /// Runs since a slot was left out.
    pub(super) clean: u16,
}

/// Seconds as a float. Times are within centuries of each other, which a float holds exactly.
pub(super) fn seconds(whole: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact up to 285 million years")]
    let seconds = whole as f64;
    seconds
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            cube: 0.0,
            usual: 0.0,
            learned: 0,
            act_shift: 0.0,
            suspect_shift: 0.0,
            slot_log: 0.0,
            clean: 0,
        }
    }

    /// The thresholds of a wait from `start`.
    pub(super) fn waits(&self, cadence: &Cadence, limits: &Limits, hours: &Hours, start: i64) -> Waits {
        let weights = weights(cadence, hours);
        let wait = |scale: f64, shift: f32| {
            let weighted_s = self.expected_s(cadence, scale, shift) - cadence.slack_s();
            self.on_slot(cadence, weights.unweigh(start, weighted_s.max(0.0)))
        };
        let mut act_s = wait(ACT_SCALE, self.act_shift).max(limits.act_floor_s);
        if cadence.is_sparse() && self.clean < CLEAN_RUNS {
            act_s = act_s.max(cadence.period_s() + self.slot_end_s(cadence));
        }
        let act_s = act_s.min(limits.cap_s);
        let suspect_s = wait(SUSPECT_SCALE, self.suspect_shift).max(limits.suspect_floor_s).min(act_s);
        Waits { suspect_s, act_s }
    }

    /// Learns from a silence that was no outage.
    pub(super) fn learn(&mut self, cadence: &Cadence, hours: &mut Hours, silence: &Silence) {
        let slack_s = cadence.slack_s();
        let weighted_s = weights(cadence, hours).weigh(silence.start, silence.wait_s) + slack_s;
        self.learn_shifts(cadence, weighted_s);
        self.learn_slot(cadence, silence);
        self.learned = self.learned.saturating_add(1);
        // The first waits count for more, so that a start from a poor guess is soon forgotten.
        let memory = |most: f64| most.min(f64::from(self.learned) + 3.0);
        let in_slacks = (silence.wait_s + slack_s) / slack_s;
        let usual = self.usual_or_guess(cadence);
        let usual = usual + (in_slacks - usual) / memory(USUAL_MEMORY);
        let cube = self.cube_or_guess(cadence);
        let cube = cube + ((weighted_s / slack_s).powi(3) - cube) / memory(MEMORY);
        self.usual = f32_of(usual);
        self.cube = f32_of(cube);
        if cadence.sees_hours() {
            hours.learn(silence.start, silence.wait_s, in_slacks / usual);
        }
    }

    /// The threshold with its slack, in weighted seconds.
    fn expected_s(&self, cadence: &Cadence, scale: f64, shift: f32) -> f64 {
        let in_slacks = self.cube_or_guess(cadence).max(1.0).cbrt();
        cadence.slack_s() * scale * in_slacks.powf(POWER) * f64::from(shift).exp()
    }

    fn cube_or_guess(&self, cadence: &Cadence) -> f64 {
        if self.cube > 0.0 {
            return f64::from(self.cube);
        }
        // Three times the cube of the guess: the mean cube of waits that vary is far above the cube of their mean.
        3.0 * (cadence.first_guess_s() / cadence.slack_s() + 1.0).powi(3)
    }

    fn usual_or_guess(&self, cadence: &Cadence) -> f64 {
        if self.usual > 0.0 {
            f64::from(self.usual)
        } else {
            cadence.first_guess_s() / cadence.slack_s() + 1.0
        }
    }

    /// Moves each threshold up by a step where a wait came near it (or past it), and down by as much as keeps it in
    /// place when that happens at the rate that is wanted.
    fn learn_shifts(&mut self, cadence: &Cadence, weighted_s: f64) {
        let moved = |shift: f32, is_hit: bool, step: f64, rate: f64| {
            let by = step * (f64::from(u8::from(is_hit)) - rate);
            f32_of((f64::from(shift) + by).clamp(-MAX_SHIFT, MAX_SHIFT))
        };
        let near = weighted_s * NEAR > self.expected_s(cadence, ACT_SCALE, self.act_shift);
        let past = weighted_s > self.expected_s(cadence, SUSPECT_SCALE, self.suspect_shift);
        self.act_shift = moved(self.act_shift, near, ACT_STEP, ACT_RATE);
        self.suspect_shift = moved(self.suspect_shift, past, SUSPECT_STEP, SUSPECT_RATE);
    }

    fn learn_slot(&mut self, cadence: &Cadence, silence: &Silence) {
        let is_skipped = silence.past_due_s >= cadence.period_s();
        self.clean = if is_skipped { 0 } else { self.clean.saturating_add(1) };
        let log = self.slot_log(cadence);
        let is_above = silence.in_slot_s.max(1.0).ln() > log;
        let by = SLOT_STEP * (if is_above { SLOT_SHARE } else { SLOT_SHARE - 1.0 });
        self.slot_log =
            f32_of((log + by).clamp(SLOT_LEAST_S.ln(), cadence.period_s().max(SLOT_LEAST_S).ln()));
    }

    fn slot_log(&self, cadence: &Cadence) -> f64 {
        if self.slot_log > 0.0 {
            return f64::from(self.slot_log);
        }
        (cadence.period_s() / 2.0).clamp(SLOT_LEAST_S, SLOT_FIRST_S).ln()
    }

    /// How long after a slot its run may still come, at most most of a period.
    fn slot_end_s(&self, cadence: &Cadence) -> f64 {
        (self.slot_log(cadence).exp() * SLOT_MARGIN).min(cadence.period_s() * 0.9)
    }

    /// A threshold between the end of one slot's arrivals and the next slot waits for nothing: it moves back.
    fn on_slot(&self, cadence: &Cadence, wait_s: f64) -> f64 {
        match cadence.judged() {
            Judged::ByGap => wait_s,
            Judged::BySlot => {
                let slots = (wait_s / cadence.period_s()).floor();
                wait_s.min(slots * cadence.period_s() + self.slot_end_s(cadence))
            }
        }
    }
}

fn weights(cadence: &Cadence, hours: &Hours) -> Weights {
    if cadence.sees_hours() { hours.weights() } else { Weights::EVEN }
}
