//! Facts about what runs, as adapters read them, each with its age. Missing data is unknown, never failed.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::beat::BeatState;
use crate::ident::AutomationId;
use crate::run::RunState;

/// The states in which PM2 says a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessStatus {
    /// Running.
    Online,
    /// Being started.
    Launching,
    /// Being stopped.
    Stopping,
    /// Not running.
    Stopped,
    /// PM2 waits before it starts it again.
    WaitingRestart,
    /// PM2 gave up after too many unstable restarts.
    Errored,
    /// A word that this version does not know.
    Unrecognised,
}

/// How a process came to be not running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum StopCause {
    /// It runs, or its end is not known yet.
    None,
    /// Somebody asked PM2 to stop it.
    ByHand,
    /// It ended by itself with this exit code.
    Exited {
        /// 0 to 255.
        code: i32,
    },
    /// A signal killed it.
    Killed {
        /// Such as `SIGKILL`.
        signal: String,
    },
    /// It ended while nobody was listening, so that a stop by hand and a death look alike.
    NotSeen,
}

/// Who starts a process again when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Respawn {
    /// PM2 does, as it does by default.
    ByPm2,
    /// Nobody (`autorestart: false`).
    Never,
}

/// What is known of a process's event loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "measured", rename_all = "snake_case")]
pub enum EventLoop {
    /// The process does not report it: not Node, or not instrumented.
    No,
    /// The process reports about each second.
    Yes {
        /// When it last reported.
        last_report: Timestamp,
    },
}

/// One process of a PM2 app (an app in cluster mode has several).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessFact {
    /// PM2's number for it.
    pub pm_id: u32,
    /// The operating system's; 0 when it does not run.
    pub pid: u32,
    /// What PM2 says.
    pub status: ProcessStatus,
    /// PM2's `pm_uptime`, milliseconds since 1970: changes with each start, so that it names one life of the process.
    pub uptime_stamp: i64,
    /// Starts since PM2 knows it.
    pub restarts: u32,
    /// Resident memory.
    pub memory_bytes: u64,
    /// Who starts it again.
    pub respawn: Respawn,
    /// PM2's `cron_restart`, as written; empty when there is none.
    pub cron_restart: String,
    /// Its event loop.
    pub event_loop: EventLoop,
    /// How it ended, if it did.
    pub stop: StopCause,
    /// When it ended, or was first seen ended; `None` while it runs.
    pub stopped_at: Option<Timestamp>,
    /// When it was started within the observed window, oldest first: at most 32.
    pub recent_restarts: Vec<Timestamp>,
}

/// Why an app of the inventory is not in PM2's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Absence {
    /// PM2 has never been asked to run it: not in the saved list either.
    NeverStarted,
    /// Somebody deleted it.
    DeletedByHand,
    /// It is in the saved list, and the daemon started anew without it (a reboot, a death of the daemon).
    LostByDaemon,
    /// It is in the saved list and gone, and nobody saw how.
    NotSeen,
}

/// What PM2 says of one app of the inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Pm2App {
    /// It is listed.
    Listed {
        /// Ordered by `pm_id`, never empty.
        processes: Vec<ProcessFact>,
    },
    /// It is not listed.
    Absent {
        /// Why.
        absence: Absence,
    },
    /// PM2 lists the name, but with another program: not ours to judge or to touch.
    Foreign {
        /// The other program's path.
        path: String,
    },
}

/// PM2's daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Daemon {
    /// It answers.
    Up {
        /// Its process.
        pid: u32,
        /// When its process started.
        started: Timestamp,
    },
    /// It is certain that no daemon runs: its socket refuses and its process is gone.
    Gone {
        /// When that was first seen.
        since: Timestamp,
        /// Whether a saved list or processes of its own say that it should run.
        expected: Expected,
    },
    /// It cannot be told: no answer in time, no rights, no PM2 on this machine.
    Unknown {
        /// Why, for people.
        why: String,
    },
}

/// Whether something that is absent ought to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// It ran before, or a saved list names it.
    Yes,
    /// Nothing says so; or it was ended by hand (`pm2 kill`).
    No,
}

/// What the PM2 adapter read in one look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pm2View {
    /// When the look was taken.
    pub at: Timestamp,
    /// The daemon.
    pub daemon: Daemon,
    /// The apps of the inventory; one that is missing here is unknown.
    pub apps: BTreeMap<AutomationId, Pm2App>,
}

impl Pm2View {
    /// A look that could not be taken.
    pub fn unknown(at: Timestamp, why: impl Into<String>) -> Self {
        Self { at, daemon: Daemon::Unknown { why: why.into() }, apps: BTreeMap::new() }
    }
}

/// An app that the inventory owns: what an adapter needs to tell it from a stranger of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedApp {
    /// Its id.
    pub id: AutomationId,
    /// PM2's name for it.
    pub name: String,
    /// Its script, absolute.
    pub script: String,
    /// The ecosystem file, absolute.
    pub file: String,
}

impl fmt::Display for StopCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("running"),
            Self::ByHand => f.write_str("stopped by hand"),
            Self::Exited { code } => write!(f, "exited with code {code}"),
            Self::Killed { signal } => write!(f, "killed by {signal}"),
            Self::NotSeen => f.write_str("ended while nobody was listening"),
        }
    }
}

/// All that is known at one moment, joined: what [`crate::assess::assess`] judges.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The last look at PM2.
    pub pm2: &'a Pm2View,
    /// The sums of the heartbeats; an automation that is missing here never sent one.
    pub beats: &'a BTreeMap<AutomationId, BeatState>,
    /// The sums of the runs; an automation that is missing here never ran.
    pub runs: &'a BTreeMap<AutomationId, RunState>,
}
