//! One detector along one trace.

use super::detectors::Detector;
use super::tally::Tally;
use super::traces::Trace;
use super::{YEAR_2026_S, tally};

/// A silence longer than this is an outage, and longer than so many periods.
const OUTAGE_S: i64 = 12 * 3600;
/// See [`super::compare`]: a silence of more periods than this (and of more than twelve hours) is an outage.
pub const OUTAGE_PERIODS: i64 = 3;

/// So many silences of a trace count as its cold start.
const COLD_SILENCES: usize = 20;

/// What one detector did on one trace.
pub(super) struct Walked {
    pub(super) before_2026: Tally,
    pub(super) in_2026: Tally,
}

/// The length that makes a silence of this trace an outage, in seconds.
pub(super) fn outage_s(period_s: i64) -> i64 {
    OUTAGE_S.max(OUTAGE_PERIODS.saturating_mul(period_s))
}

pub(super) fn walk(trace: &Trace, detector: &mut dyn Detector) -> Walked {
    let mut walked = Walked { before_2026: Tally::default(), in_2026: Tally::default() };
    let outage_s = outage_s(trace.period_s);
    let pairs = trace.arrivals.iter().zip(trace.arrivals.iter().skip(1));
    for (index, (here, next)) in pairs.enumerate() {
        let alarm_s = detector.arrive(here.at, here.due);
        let silence_s = next.at - here.at;
        let past_due_s = tally::seconds(next.at - here.due);
        let tally = if here.at < YEAR_2026_S { &mut walked.before_2026 } else { &mut walked.in_2026 };
        tally.run(alarm_s);
        let is_alarm = past_due_s > alarm_s;
        if silence_s > outage_s {
            tally.outage(is_alarm, alarm_s);
            continue;
        }
        tally.alive(tally::seconds(silence_s));
        if is_alarm {
            let is_late = past_due_s < tally::seconds(trace.period_s);
            tally.false_alarm(is_late, index < COLD_SILENCES, past_due_s - alarm_s);
        }
    }
    walked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lateness::traces::Run;

    const HOUR: i64 = 3600;

    /// An alarm always so long after the slot that is due.
    struct After(f64);

    impl Detector for After {
        fn arrive(&mut self, _: i64, _: i64) -> f64 {
            self.0
        }
    }

    /// Hourly runs at these times.
    fn walked(times: &[i64], wait_s: f64) -> Walked {
        let arrivals = times.iter().map(|at| Run { at: *at, due: (at / HOUR + 1) * HOUR }).collect();
        let trace = Trace { id: "a".into(), class: "h1".into(), period_s: HOUR, arrivals };
        walk(&trace, &mut After(wait_s))
    }

    #[test]
    fn an_alarm_is_late_before_the_next_slot_and_skipped_after_it() {
        // Silences of 1:30 (late by half an hour), 2:10 (a slot left out) and 0:25 (in time).
        let times = [HOUR, HOUR + 5400, HOUR + 5400 + 7800, HOUR + 5400 + 7800 + 1500];
        let tally = walked(&times, 600.0).before_2026;
        assert_eq!((tally.runs, tally.late, tally.skipped, tally.outages), (3, 1, 1, 0));
        assert_eq!(tally.cold, 2);
    }

    #[test]
    fn a_silence_of_exactly_twelve_hours_is_no_outage_yet() {
        let tally = walked(&[HOUR, 13 * HOUR, 25 * HOUR + 1], 600.0).before_2026;
        assert_eq!((tally.skipped, tally.outages, tally.noticed), (1, 1, 1));
        let deaf = walked(&[HOUR, 25 * HOUR], 1e9).before_2026;
        assert_eq!((deaf.outages, deaf.noticed), (1, 0));
    }

    #[test]
    fn accuracy_is_the_share_of_time_without_an_accusation() {
        // Due after an hour, accused ten minutes later, back after another fifty: 50 of 120 minutes.
        let tally = walked(&[HOUR, 3 * HOUR], 600.0).before_2026;
        let accuracy = tally.query_accuracy().unwrap();
        assert!((accuracy - 70.0 / 120.0).abs() < 1e-9, "{accuracy}");
    }

    #[test]
    fn the_years_are_told_apart_by_the_run_that_begins_the_silence() {
        let walked = walked(&[YEAR_2026_S - 1800, YEAR_2026_S + 1800, YEAR_2026_S + 5400], 600.0);
        assert_eq!((walked.before_2026.runs, walked.in_2026.runs), (1, 1));
    }
}
