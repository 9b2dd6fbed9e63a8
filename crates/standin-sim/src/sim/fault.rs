//! What can go wrong, and when: a list made from the seed before the run, so that it can be shortened.

use std::fmt;

use super::rng::Rng;
use super::world::{AUTOMATIONS, PLATFORMS, STORES, WATCHERS, WORKFLOWS};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A sort of fault. Each can be switched on alone.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every sort.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    /// One watcher cannot reach one store or platform.
    Partition = "partition",
    /// A store answers nobody.
    StoreDown = "store-down",
    /// A store takes seconds, sometimes longer than anybody waits.
    StoreSlow = "store-slow",
    /// A store refuses half of what it is asked, definitely (429).
    Throttle = "throttle",
    /// A store commits and its answer is lost, or is an error (5xx after commit).
    LostReply = "lost-reply",
    /// A store commits long after it was given up.
    LateCommit = "late-commit",
    /// A store answers reads as of a while ago.
    StaleRead = "stale-read",
    /// A store answers garbage.
    Garbage = "garbage",
    /// A platform's list is old.
    StaleSurvey = "stale-survey",
    /// A platform does not answer and runs nothing.
    PlatformDown = "platform-down",
    /// GitHub, its store and the Action at once.
    CommonCause = "common-cause",
    /// A watcher's wall clock is off by a minute.
    ClockStep = "clock-step",
    /// A watcher's wall clock gains a second a minute, and its other clock half a second in a quarter of an hour.
    ClockDrift = "clock-drift",
    /// A watcher dies at any boundary between two steps.
    Crash = "crash",
    /// A watcher stands still between two steps.
    Pause = "pause",
    /// Two runs of a watcher at the same time.
    Overlap = "overlap",
    /// A schedule's slots are skipped.
    CronSkip = "cron-skip",
    /// A schedule's slots run twice.
    CronTwice = "cron-twice",
    /// A person has disabled a workflow.
    Disabled = "disabled",
    /// Runs fail.
    RunFails = "run-fails",
    /// A target stops, and may fail to start.
    TargetDown = "target-down",
    /// A watcher is gone until a person, or another watcher, starts it again.
    WatcherDown = "watcher-down",
    /// All that is always there on a platform stops within a minute.
    MassDown = "mass-down",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One fault: from when to when, in milliseconds of the run, and what it strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Its sort.
    pub kind: Kind,
    /// When it begins.
    pub from: u64,
    /// When it is over.
    pub until: u64,
    /// The watcher, store, platform or target that it strikes.
    pub at: usize,
    /// The other end of a cut edge: a store, or a platform after the stores.
    pub edge: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, from, until, at, edge } = self;
        write!(f, "{kind} of {at}")?;
        if *kind == Kind::Partition {
            write!(f, " from {edge}")?;
        }
        write!(f, ", minutes {} to {}", from / 60_000, until / 60_000)
    }
}

/// The faults of a run, all of them over before `end`.
pub fn draw(rng: &mut Rng, kinds: &[Kind], many: usize, end: u64) -> Vec<Fault> {
    let mut faults = Vec::with_capacity(many);
    for _ in 0..many {
        let Some(kind) = kinds.get(rng.below(kinds.len())).copied() else { break };
        let from = rng.between(60_000, end.saturating_sub(60_000));
        let length = match rng.below(3) {
            0 => rng.between(5_000, 60_000),
            1 => rng.between(60_000, 1_800_000),
            _ => rng.between(1_800_000, 14_400_000),
        };
        let at = match kind {
            Kind::Partition
            | Kind::ClockStep
            | Kind::ClockDrift
            | Kind::Crash
            | Kind::Pause
            | Kind::WatcherDown => rng.below(WATCHERS),
            Kind::Overlap => 1 + rng.below(WATCHERS - 1),
            Kind::StoreDown
            | Kind::StoreSlow
            | Kind::Throttle
            | Kind::LostReply
            | Kind::LateCommit
            | Kind::StaleRead
            | Kind::Garbage => rng.below(STORES),
            Kind::StaleSurvey | Kind::PlatformDown => rng.below(PLATFORMS),
            Kind::CommonCause => 0,
            Kind::Disabled => rng.below(WORKFLOWS),
            // Netlify or the host: on GitHub everything runs in slots.
            Kind::MassDown => 1 + rng.below(PLATFORMS - 1),
            Kind::CronSkip | Kind::CronTwice | Kind::RunFails | Kind::TargetDown => rng.below(AUTOMATIONS),
        };
        let edge = rng.below(STORES + PLATFORMS);
        faults.push(Fault { kind, from, until: from.saturating_add(length).min(end), at, edge });
    }
    faults
}
