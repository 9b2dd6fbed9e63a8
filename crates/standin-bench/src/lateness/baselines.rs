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

#[cfg(test)]
mod tests {
    use super::*;

    /// The alarm after hourly runs, ten minutes late each.
    fn after(detector: &mut dyn Detector, runs: i64) -> f64 {
        (0..runs).map(|run| detector.arrive(run * 3600 + 600, (run + 1) * 3600)).last().unwrap()
    }

    #[test]
    fn the_windowed_ones_wait_six_hours_until_they_are_warm() {
        for runs in [1, 20] {
            let warm = runs > WARM_RUNS as i64;
            let waits = [
                after(&mut Phi::new(), runs),
                after(&mut Chitchat::new(), runs),
                after(&mut Rolling::new(Waits::Gap), runs),
            ];
            assert!(waits.iter().all(|wait| (*wait >= COLD_S) != warm), "{waits:?}");
        }
    }

    #[test]
    fn even_gaps_give_each_its_formula() {
        // Fifty minutes pass between a run and the slot that is due.
        assert!((after(&mut Phi::new(), 100) - 600.0).abs() < 1.0, "no deviation: the mean gap");
        assert!((after(&mut Chitchat::new(), 100) - (8.0 * 3600.0 - 3000.0)).abs() < 1.0);
        assert!((after(&mut Rolling::new(Waits::Gap), 100) - (1.5 * 3600.0 - 3000.0)).abs() < 1.0);
        assert!((after(&mut Rolling::new(Waits::PastDue), 100) - 900.0).abs() < 1.0);
    }

    #[test]
    fn the_window_forgets() {
        let mut detector = Rolling::new(Waits::Gap);
        let _ = detector.arrive(0, 3600);
        let mut alarm = 0.0;
        for run in 100..=(100 + WINDOW as i64) {
            alarm = detector.arrive(run * 3600, (run + 1) * 3600);
        }
        assert!((alarm - 1800.0).abs() < 1.0, "{alarm}");
    }

    #[test]
    fn the_tracker_rises_by_half_a_log_and_falls_slowly() {
        let mut detector = Tracker::new();
        let first = detector.arrive(0, 3600);
        let risen = detector.arrive(3600 + 40_000, 3600 * 13);
        assert!((risen / first - (0.5f64 - 0.0005).exp()).abs() < 1e-9);
    }
}
