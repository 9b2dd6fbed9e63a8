//! Verdicts: how an automation is judged, and why.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::health::Health;
use crate::ident::AutomationId;
use crate::observation::StopCause;
use crate::run::RunEnd;

/// Why a verdict is what it is. Its `Display` is the sentence that people read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// A process runs.
    Online,
    /// PM2 is starting it, or about to start it again.
    Starting,
    /// A process that ends by itself has ended well.
    Finished,
    /// A run or a heartbeat came in time.
    OnTime,
    /// A run is in flight.
    Running,
    /// The first slot is still to come.
    NotDueYet,
    /// Somebody stopped it in PM2.
    StoppedByHand,
    /// Somebody deleted it from PM2.
    DeletedByHand,
    /// PM2 was never asked to run it.
    NeverStarted,
    /// It has ended and nobody starts it again.
    Died {
        /// How.
        cause: StopCause,
    },
    /// PM2 gave up on it.
    GaveUp {
        /// Starts so far.
        restarts: u32,
    },
    /// PM2 should have started it again and has not.
    NotRestarted {
        /// How it ended.
        cause: StopCause,
    },
    /// It keeps being started again.
    RestartLoop {
        /// How often, within the window.
        restarts: u32,
        /// The window.
        window_s: u64,
    },
    /// It uses more memory than it may.
    OverMemory {
        /// What it uses.
        bytes: u64,
        /// What it may.
        limit: u64,
    },
    /// Its event loop has stopped turning.
    Hung {
        /// Since when nothing was heard.
        last_report: Timestamp,
    },
    /// A slot passed without a run.
    MissedSlot {
        /// The slot.
        slot: Timestamp,
    },
    /// A slot has come, and its grace has not passed.
    SlotDue {
        /// The slot.
        slot: Timestamp,
    },
    /// PM2's saved list names it, and the daemon started without it.
    LostByDaemon,
    /// PM2's daemon is gone, and this with it.
    DaemonGone,
    /// PM2's daemon was ended by hand, or never ran.
    DaemonStopped,
    /// PM2 is stopping it.
    Stopping,
    /// No heartbeat has ever come.
    NoBeatYet,
    /// It ended while nobody was listening: by hand or not, that cannot be told.
    EndNotSeen,
    /// PM2 lists the name with another program.
    Foreign {
        /// The other program.
        path: String,
    },
    /// The last run of its command failed.
    RunFailed {
        /// How.
        end: RunEnd,
    },
    /// Its last heartbeat said that it failed.
    ReportedFailure {
        /// With this exit status, if it said one.
        exit: Option<u8>,
    },
    /// A run was announced and has not ended within its limit.
    RunTooLong {
        /// When it began.
        started: Timestamp,
    },
    /// No heartbeat or run came by the deadline.
    Silent {
        /// When one was due.
        due: Timestamp,
    },
    /// Nothing that Standin can see here says how it is.
    NotWatched {
        /// What would change that.
        hint: String,
    },
    /// Something that should say how it is cannot be read.
    NotReadable {
        /// Why.
        why: String,
    },
    /// It would not run: see the scan.
    NotEffective {
        /// What the scan says.
        why: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Online => f.write_str("online"),
            Self::Starting => f.write_str("PM2 is starting it"),
            Self::Finished => f.write_str("ended by itself with exit code 0"),
            Self::OnTime => f.write_str("on time"),
            Self::Running => f.write_str("running"),
            Self::NotDueYet => f.write_str("first slot still to come"),
            Self::StoppedByHand => f.write_str("stopped by hand: left alone"),
            Self::DeletedByHand => f.write_str("deleted from PM2 by hand: left alone"),
            Self::NeverStarted => f.write_str("PM2 was never asked to run it: `standin up --start` does"),
            Self::Died { cause } => write!(f, "{cause}, and PM2 does not start it again"),
            Self::GaveUp { restarts } => write!(f, "PM2 gave up after {restarts} restarts"),
            Self::NotRestarted { cause } => write!(f, "{cause}, and PM2 has not started it again"),
            Self::RestartLoop { restarts, window_s } => {
                write!(f, "started again {restarts} times within {window_s} s")
            }
            Self::OverMemory { bytes, limit } => {
                write!(f, "uses {} MiB, over its limit of {} MiB", bytes >> 20, limit >> 20)
            }
            Self::Hung { last_report } => write!(f, "its event loop has not turned since {last_report:.0}"),
            Self::MissedSlot { slot } => write!(f, "did not run in its slot of {slot:.0}"),
            Self::SlotDue { slot } => write!(f, "due since {slot:.0}, within its grace"),
            Self::LostByDaemon => {
                f.write_str("in PM2's saved list, and gone since PM2's daemon started anew")
            }
            Self::DaemonGone => f.write_str("PM2's daemon is gone"),
            Self::DaemonStopped => f.write_str("PM2's daemon does not run, and was not expected to"),
            Self::Stopping => f.write_str("PM2 is stopping it"),
            Self::NoBeatYet => f.write_str("no heartbeat has come yet"),
            Self::EndNotSeen => {
                f.write_str("ended while nobody was listening; by hand or not cannot be told")
            }
            Self::Foreign { path } => write!(f, "PM2 runs another program by this name ({path}): left alone"),
            Self::RunFailed { end } => match end {
                RunEnd::Exited { code } => write!(f, "the last run exited with code {code}"),
                RunEnd::Killed { signal } => write!(f, "the last run was killed by {signal}"),
                RunEnd::TimedOut => f.write_str("the last run was stopped at its time limit"),
                RunEnd::NotStarted { why } => write!(f, "the last run could not be started: {why}"),
                RunEnd::Lost => f.write_str("nobody saw how the last run ended"),
            },
            Self::ReportedFailure { exit: Some(code) } => {
                write!(f, "reported failure with exit status {code}")
            }
            Self::ReportedFailure { exit: None } => f.write_str("reported failure"),
            Self::RunTooLong { started } => {
                write!(f, "the run of {started:.0} has not ended within its limit")
            }
            Self::Silent { due } => write!(f, "no heartbeat since it was due at {due:.0}"),
            Self::NotWatched { hint } => write!(f, "nothing here says how it is: {hint}"),
            Self::NotReadable { why } => write!(f, "cannot be read: {why}"),
            Self::NotEffective { why } => write!(f, "would not run: {why}"),
        }
    }
}

/// One life of a process: an effect that was planned for it is inert once another life has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// PM2's number for it.
    pub pm_id: u32,
    /// PM2's `pm_uptime` of that life.
    pub uptime_stamp: i64,
}

/// How an automation is judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The automation.
    pub automation: AutomationId,
    /// How it is.
    pub health: Health,
    /// Why.
    pub reason: Reason,
    /// Since when it has had this health.
    pub since: Timestamp,
    /// When the next sign of life is due; `None` where nothing has a time.
    pub due: Option<Timestamp>,
    /// When it last was seen to do well; `None` if never.
    pub last_success: Option<Timestamp>,
    /// The processes that the verdict is about: of an app in cluster mode, all that are as bad as the worst.
    #[serde(default)]
    pub lives: Vec<Life>,
}
