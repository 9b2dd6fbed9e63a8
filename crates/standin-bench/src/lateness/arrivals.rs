//! How many arrivals a second the detector takes in, thresholds included.

use std::hint::black_box;
use std::time::Instant;

use super::detectors::DetectorError;
use super::synthetic;
use super::{detectors, tally, traces::Trace};

/// How fast arrivals are taken in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// How many were.
    pub taken: u32,
    /// So many in each second.
    pub a_second: f64,
    /// What one of them takes.
    pub nanoseconds: f64,
}

/// As [`rate`], as a line for people.
///
/// # Errors
///
/// As [`rate`].
pub fn render(count: u32) -> Result<String, DetectorError> {
    let Rate { taken, a_second, nanoseconds } = rate(count)?;
    Ok(format!("{taken} arrivals with their thresholds: {a_second:.0} a second, {nanoseconds:.0} ns each\n"))
}

/// Takes in arrivals of a synthetic hourly schedule, over and over with a detector that has learned them already.
///
/// # Errors
///
/// None that can happen: the synthetic schedule has a period.
pub fn rate(count: u32) -> Result<Rate, DetectorError> {
    let trace = synthetic::hourly(1);
    let mut spent = std::time::Duration::ZERO;
    let mut taken = 0u32;
    while taken < count {
        taken = taken.saturating_add(pass(&trace, count - taken, &mut spent)?);
    }
    let a_second = f64::from(taken) / spent.as_secs_f64().max(1e-9);
    let nanoseconds = spent.as_secs_f64() * 1e9 / f64::from(taken.max(1));
    Ok(Rate { taken, a_second, nanoseconds })
}

fn pass(trace: &Trace, most: u32, spent: &mut std::time::Duration) -> Result<u32, DetectorError> {
    let mut detector = detectors::build("standin", trace)?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let begun = Instant::now();
    let mut sum = 0.0;
    let runs = trace.arrivals.iter().take(most);
    let taken = u32::try_from(runs.len()).unwrap_or(u32::MAX);
    for run in runs {
        sum += detector.arrive(run.at, run.due);
    }
    // The sum is used, so that no compiler may leave the thresholds out.
    black_box(sum + tally::seconds(0));
    *spent += begun.elapsed();
    Ok(taken.max(1))
}
