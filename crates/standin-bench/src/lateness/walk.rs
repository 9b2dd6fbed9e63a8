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
