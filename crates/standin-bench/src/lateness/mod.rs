//! How well lateness detectors tell a late schedule from a dead one.
//!
//! Each trace is walked forward once for each detector. After every arrival the detector says when it would raise an
//! alarm; the next arrival shows whether that would have been a false alarm, an outage noticed, or neither. At most
//! one alarm falls in a silence.

pub mod arrivals;
mod baselines;
pub mod detectors;
pub mod json_v1;
mod ours;
pub mod synthetic;
pub mod table;
pub mod tally;
pub mod traces;
mod walk;

use std::collections::BTreeMap;

pub use walk::OUTAGE_PERIODS;

use detectors::DetectorError;
use tally::Tally;
use traces::{TraceSet, Troubles};

/// The first second of 2026, when GitHub's lateness changed for good.
pub const YEAR_2026_S: i64 = 1_767_225_600;

/// What one detector did.
#[derive(Debug)]
pub struct Outcome {
    /// The detector's name.
    pub name: &'static str,
    /// By class of schedules, in the order of their names.
    pub classes: BTreeMap<String, Tally>,
    /// By trace, in the order of their names.
    pub traces: BTreeMap<String, Tally>,
    /// All runs pooled.
    pub all: Tally,
    /// Runs before 2026, and in it or later, by the arrival that begins the silence.
    pub before_2026: Tally,
    /// See [`Outcome::before_2026`].
    pub in_2026: Tally,
}

/// What all detectors did on one set of traces.
#[derive(Debug)]
pub struct Report {
    /// One for each detector, in the order of [`detectors::NAMES`].
    pub outcomes: Vec<Outcome>,
    /// What was wrong with the traces.
    pub troubles: Troubles,
}

/// Walks all traces with the named detectors; with all when none is named.
///
/// # Errors
///
/// A name that no detector has, and a period that none can use.
pub fn compare(set: &TraceSet, names: &[String]) -> Result<Report, DetectorError> {
    let chosen = detectors::chosen(names)?;
    let mut outcomes = Vec::with_capacity(chosen.len());
    for name in chosen {
        let mut outcome = Outcome {
            name,
            classes: BTreeMap::new(),
            traces: BTreeMap::new(),
            all: Tally::default(),
            before_2026: Tally::default(),
            in_2026: Tally::default(),
        };
        for trace in &set.traces {
            let mut detector = detectors::build(name, trace)?;
            let walked = walk::walk(trace, detector.as_mut());
            outcome.before_2026.add(&walked.before_2026);
            outcome.in_2026.add(&walked.in_2026);
            let both = outcome.traces.entry(trace.id.clone()).or_default();
            both.add(&walked.before_2026);
            both.add(&walked.in_2026);
            outcome.classes.entry(trace.class.clone()).or_default().add(both);
            outcome.all.add(both);
        }
        outcomes.push(outcome);
    }
    Ok(Report { outcomes, troubles: set.troubles })
}
