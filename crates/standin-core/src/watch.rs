//! What is expected of each automation: the inventory, refined by the settings.

use std::time::Duration;

use crate::health::Priority;
use crate::ident::AutomationId;
use crate::schedule::Schedule;

/// Whether Standin may act on an automation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// It may restart, start or run it.
    Act,
    /// It only says what it sees.
    AlertOnly,
}

/// Whether a process is meant to run all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LongRunning {
    /// A process that exits with 0 and that PM2 does not restart has finished; any other end is a death.
    Auto,
    /// Every end that was not by hand is a death.
    Yes,
}

/// What a PM2 process must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessRules {
    /// Whether it is meant to run all the time.
    pub long_running: LongRunning,
    /// The slots of `cron_restart`.
    pub schedule: Option<Schedule>,
    /// How long after a slot it may start.
    pub grace: Duration,
    /// Bytes of resident memory from which it is unhealthy; 0 for no limit.
    pub memory_limit: u64,
    /// Silence of its event loop from which it hangs.
    pub hang_after: Duration,
    /// Restarts within the window from which it is in a loop.
    pub loop_restarts: u32,
    /// That window.
    pub loop_window: Duration,
}

/// When heartbeats are expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cadence {
    /// They are kept, and only a reported failure counts.
    Whenever,
    /// One within each period.
    Every(Duration),
    /// One for each slot.
    Slots(Schedule),
}

/// What heartbeats must come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeatRules {
    /// When.
    pub cadence: Cadence,
    /// How long after it is due it is late and not yet missed.
    pub grace: Duration,
    /// How long before its slot a heartbeat already counts for it.
    pub early: Duration,
    /// How long a run may take from its `start`.
    pub max_run: Duration,
}

/// What becomes of a slot that passed while nothing could run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUp {
    /// The newest of them is run, once.
    Once,
    /// They are left out.
    Skip,
}

/// What becomes of a slot that comes while the run before it still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// The slot is left out.
    Forbid,
    /// Both run.
    Allow,
}

/// How the agent runs a command in its slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRules {
    /// The slots.
    pub schedule: Schedule,
    /// How long after a slot a run may begin before it counts as missed.
    pub grace: Duration,
    /// The slot's start is spread over this time, by the id: the same automation always gets the same share.
    pub jitter: Duration,
    /// What becomes of missed slots.
    pub catch_up: CatchUp,
    /// What becomes of a slot during a run.
    pub overlap: Overlap,
    /// How often a failed run is tried again, 0 to 3.
    pub retries: u8,
}

/// One thing that is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// Nothing that is read here says how it is.
    Nothing {
        /// What would change that, for people.
        hint: String,
    },
    /// The scan says that it would not run.
    NotEffective {
        /// Why.
        why: String,
    },
    /// A process in PM2.
    Process(ProcessRules),
    /// Heartbeats.
    Beats(BeatRules),
    /// The agent runs it.
    Slots(SlotRules),
}

/// What is expected of one automation. Where several things are, the worst verdict counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The automation.
    pub id: AutomationId,
    /// Its weight.
    pub priority: Priority,
    /// Whether Standin may act.
    pub recovery: Recovery,
    /// Never empty.
    pub expectations: Vec<Expectation>,
}

/// How long a run of a sender that said nothing of itself may take.
const SENDER_MAX_RUN: Duration = Duration::from_secs(24 * 3600);

impl Watch {
    /// What is expected of a sender that made itself known: nothing but that it does not report a failure.
    pub fn of_sender(id: AutomationId) -> Self {
        let rules = BeatRules {
            cadence: Cadence::Whenever,
            grace: Duration::ZERO,
            early: Duration::ZERO,
            max_run: SENDER_MAX_RUN,
        };
        let expectations = vec![Expectation::Beats(rules)];
        Self { id, priority: Priority::default(), recovery: Recovery::AlertOnly, expectations }
    }
}
