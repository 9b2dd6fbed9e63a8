//! Judges a cron expression of a file, for all platforms alike.

use standin_core::schedule::{Schedule, ScheduleError};

/// What is wrong with a schedule.
pub(crate) struct Flaw {
    /// The rule of the finding.
    pub(crate) rule: &'static str,
    /// What is the matter.
    pub(crate) message: String,
}

/// The schedule of an expression in a zone: an IANA name, or `local`, for which UTC stands in, because only the
/// machine that runs it knows its zone and the expression is good or bad in any.
pub(crate) fn check(cron: &str, timezone: &str) -> Result<Schedule, Flaw> {
    let zone = if timezone == "local" { "UTC" } else { timezone };
    Schedule::parse(cron, zone).map_err(|error| Flaw { rule: rule(&error), message: error.to_string() })
}

fn rule(error: &ScheduleError) -> &'static str {
    match error {
        ScheduleError::NeverFires { .. } => "cron-never-fires",
        ScheduleError::UnknownTimeZone { .. } => "timezone-unknown",
        ScheduleError::LocalTimeZone | ScheduleError::NoTimeZoneData { .. } => "timezone-unreadable",
        ScheduleError::Empty
        | ScheduleError::TooLong { .. }
        | ScheduleError::FieldCount { .. }
        | ScheduleError::Syntax { .. }
        | ScheduleError::Extension { .. }
        | ScheduleError::UnknownMacro { .. }
        | ScheduleError::Rejected { .. } => "cron-invalid",
    }
}
