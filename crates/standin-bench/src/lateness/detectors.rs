//! The detectors by name.

use super::baselines::{Chitchat, Fixed, Phi, Rolling, Tracker, Waits};
use super::ours::Ours;
use super::traces::Trace;
use standin_core::lateness::LatenessError;

/// All detectors: Standin's own first, then what it has to beat.
pub const NAMES: [&str; 10] = [
    "standin",
    "tracker",
    "phi8",
    "phi8-chitchat",
    "rolling",
    "gap",
    "fixed5",
    "fixed15",
    "fixed30",
    "fixed60",
];

/// Something that says after each arrival when it would raise an alarm.
pub trait Detector {
    /// Takes in an arrival and the slot that follows it, in Unix seconds, and gives the alarm as seconds past that
    /// slot. It may lie before it.
    fn arrive(&mut self, at: i64, due: i64) -> f64;
}

/// Why no detector could be built. Nothing was walked.
#[derive(Debug, thiserror::Error)]
pub enum DetectorError {
    /// Use one of [`NAMES`].
    #[error("there is no detector {0:?}; there are {known}", known = NAMES.join(", "))]
    Unknown(String),
    /// Correct the period in the manifest.
    #[error("trace {trace}")]
    Cadence {
        /// The trace's id.
        trace: String,
        /// What is wrong with its period.
        source: LatenessError,
    },
}

/// The detectors of these names in the order of [`NAMES`]; all for none.
pub(super) fn chosen(names: &[String]) -> Result<Vec<&'static str>, DetectorError> {
    if let Some(unknown) = names.iter().find(|name| !NAMES.contains(&name.as_str())) {
        return Err(DetectorError::Unknown(unknown.clone()));
    }
    let is_chosen = |name: &&str| names.is_empty() || names.iter().any(|chosen| chosen == name);
    Ok(NAMES.into_iter().filter(is_chosen).collect())
}

/// A detector that knows nothing yet, for the schedule of a trace.
pub(super) fn build(name: &str, trace: &Trace) -> Result<Box<dyn Detector>, DetectorError> {
    let fixed = |minutes: u32| Box::new(Fixed { wait_s: f64::from(minutes) * 60.0 });
    Ok(match name {
        "standin" => Box::new(
            Ours::new(trace).map_err(|source| DetectorError::Cadence { trace: trace.id.clone(), source })?,
        ),
        "tracker" => Box::new(Tracker::new()),
        "phi8" => Box::new(Phi::new()),
        "phi8-chitchat" => Box::new(Chitchat::new()),
        "rolling" => Box::new(Rolling::new(Waits::PastDue)),
        "gap" => Box::new(Rolling::new(Waits::Gap)),
        "fixed5" => fixed(5),
        "fixed15" => fixed(15),
        "fixed30" => fixed(30),
        "fixed60" => fixed(60),
        _ => return Err(DetectorError::Unknown(name.to_owned())),
    })
}
