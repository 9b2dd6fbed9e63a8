//! Standin's detector, as it ships.

use std::time::Duration;

use jiff::Timestamp;
use standin_core::lateness::{Cadence, Lateness, LatenessError, Tolerance};

use super::detectors::Detector;
use super::tally::seconds;
use super::traces::Trace;

pub(super) struct Ours {
    cadence: Cadence,
    state: Lateness,
}

impl Ours {
    pub(super) fn new(trace: &Trace) -> Result<Self, LatenessError> {
        let period = Duration::from_secs(trace.period_s.unsigned_abs());
        Ok(Self { cadence: Cadence::new(period, Tolerance::GITHUB)?, state: Lateness::new() })
    }
}

impl Detector for Ours {
    fn arrive(&mut self, at: i64, due: i64) -> f64 {
        let (Ok(at), Ok(next)) = (Timestamp::from_second(at), Timestamp::from_second(due)) else {
            // Such a time is refused when the trace is read.
            return f64::INFINITY;
        };
        self.state.arrive(&self.cadence, at, next);
        let Some(thresholds) = self.state.thresholds(&self.cadence) else { return f64::INFINITY };
        seconds(thresholds.from.as_second() - due) + thresholds.act.as_secs_f64()
    }
}
