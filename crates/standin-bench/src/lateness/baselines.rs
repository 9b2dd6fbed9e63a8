//! What others do, and what Standin's design began with. All learn from outages too, because they do not know them.

use std::collections::VecDeque;

use super::detectors::Detector;
use super::tally::seconds;

/// The window of the detectors that have one, in runs.
const WINDOW: usize = 1000;

/// With fewer runs than this a windowed detector waits for [`COLD_S`].
const WARM_RUNS: usize = 20;
const COLD_S: f64 = 6.0 * 3600.0;

/// An alarm a fixed time after the slot that is due.
pub(super) struct Fixed {
    pub(super) wait_s: f64,
}

impl Detector for Fixed {
    fn arrive(&mut self, _: i64, _: i64) -> f64 {
        self.wait_s
    }
}

/// What is measured between two arrivals.
#[derive(Debug, Clone, Copy)]
pub(super) enum Waits {
    /// The time since the last arrival.
    Gap,
    /// The time since the slot that was due; 0 when it came before it.
    PastDue,
}

/// The last [`WINDOW`] waits.
struct Window {
    waits: Waits,
    held: VecDeque<f64>,
    last: Option<(i64, i64)>,
}

impl Window {
    fn new(waits: Waits) -> Self {
        Self { waits, held: VecDeque::with_capacity(WINDOW + 1), last: None }
    }

    /// Takes in an arrival. Gives the wait that came in and the one that left, when there are such.
    fn arrive(&mut self, at: i64, due: i64) -> (Option<f64>, Option<f64>) {
        let Some((last_at, last_due)) = self.last.replace((at, due)) else { return (None, None) };
        let wait = match self.waits {
            Waits::Gap => seconds(at - last_at),
            Waits::PastDue => seconds(at - last_due).max(0.0),
        };
        self.held.push_back(wait);
        let left = if self.held.len() > WINDOW { self.held.pop_front() } else { None };
        (Some(wait), left)
    }

    fn is_warm(&self) -> bool {
        self.held.len() >= WARM_RUNS
    }

    /// A wait as seconds past the slot that is due.
    fn past_due(&self, wait_s: f64) -> f64 {
        match (self.waits, self.last) {
            (Waits::Gap, Some((at, due))) => wait_s - seconds(due - at),
            (Waits::Gap, None) | (Waits::PastDue, _) => wait_s,
        }
    }
}

/// Sums over the window, for means.
#[derive(Default)]
struct Moments {
    sum: f64,
    squares: f64,
}

impl Moments {
    fn turn(&mut self, (came, left): (Option<f64>, Option<f64>)) {
        let came = came.unwrap_or(0.0);
        let left = left.unwrap_or(0.0);
        self.sum += came - left;
        self.squares += came * came - left * left;
    }

    /// The mean and the standard deviation.
    fn of(&self, held: usize) -> (f64, f64) {
        #[expect(clippy::cast_precision_loss, reason = "a window of a thousand")]
        let held = held.max(1) as f64;
        let mean = self.sum / held;
        (mean, (self.squares / held - mean * mean).max(0.0).sqrt())
    }
}

/// Phi accrual over normally distributed gaps, as in Akka: phi 8 is a chance of 1e-8 that the gap is longer.
pub(super) struct Phi {
    window: Window,
    moments: Moments,
}

/// The standard normal quantile of 1 - 1e-8.
const PHI_8: f64 = 5.612_001;

impl Phi {
    pub(super) fn new() -> Self {
        Self { window: Window::new(Waits::Gap), moments: Moments::default() }
    }
}

impl Detector for Phi {
    fn arrive(&mut self, at: i64, due: i64) -> f64 {
        let turned = self.window.arrive(at, due);
        self.moments.turn(turned);
        if !self.window.is_warm() {
            return COLD_S;
        }
        let (mean, deviation) = self.moments.of(self.window.held.len());
        self.window.past_due(mean + PHI_8 * deviation)
    }
}

/// Phi accrual as chitchat has it: the gap divided by the mean gap.
pub(super) struct Chitchat {
    window: Window,
    moments: Moments,
}

impl Chitchat {
    pub(super) fn new() -> Self {
        Self { window: Window::new(Waits::Gap), moments: Moments::default() }
    }
}

impl Detector for Chitchat {
    fn arrive(&mut self, at: i64, due: i64) -> f64 {
        let turned = self.window.arrive(at, due);
        self.moments.turn(turned);
        if !self.window.is_warm() {
            return COLD_S;
        }
        let (mean, _) = self.moments.of(self.window.held.len());
        self.window.past_due(8.0 * mean)
    }
}

/// One and a half times the 99.9 % quantile of the window.
pub(super) struct Rolling {
    window: Window,
}

impl Rolling {
    pub(super) fn new(waits: Waits) -> Self {
        Self { window: Window::new(waits) }
    }
}

impl Detector for Rolling {
    fn arrive(&mut self, at: i64, due: i64) -> f64 {
        let _ = self.window.arrive(at, due);
        if !self.window.is_warm() {
            return COLD_S;
        }
        // In a window of up to a thousand, the 99.9 % quantile is the longest.
        let longest = self.window.held.iter().copied().fold(0.0, f64::max);
        self.window.past_due(1.5 * longest)
    }
}

/// The online quantile tracker that the design began with.
pub(super) struct Tracker {
    log_s: f64,
    due: Option<i64>,
}

impl Tracker {
    const RATE: f64 = 0.001;
    const STEP: f64 = 0.5;
    const LEAST_S: f64 = 120.0;
    const MOST_S: f64 = 86_400.0;

    pub(super) fn new() -> Self {
        Self { log_s: COLD_S.ln(), due: None }
    }
}

impl Detector for Tracker {
    fn arrive(&mut self, at: i64, due: i64) -> f64 {
        if let Some(was_due) = self.due.replace(due) {
            let is_over = seconds(at - was_due) > self.log_s.exp();
            self.log_s += Self::STEP * (f64::from(u8::from(is_over)) - Self::RATE);
            self.log_s = self.log_s.clamp(Self::LEAST_S.ln(), Self::MOST_S.ln());
        }
        self.log_s.exp()
    }
}
