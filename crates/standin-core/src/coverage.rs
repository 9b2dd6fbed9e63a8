//! Coverage: what could take the place of each automation, and whether anybody has seen it do so.
//!
//! The figures are honest by construction: a level is reached only with every condition of it met, each condition is
//! said as evidence, and the way to the next level is said with the reason that it is not reached yet. Nothing here reads
//! a clock or a file: what is known comes in as [`Subject`]s.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::drill::{self, Drill};
use crate::health::Priority;
use crate::ident::{AutomationId, Domain};

pub mod here;
mod judge;
mod total;

#[cfg(test)]
mod tests;

pub use judge::judge;
pub use total::{Platform, Share, Totals, steps, totals};

/// How far an automation is covered: each level implies the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nobody would notice that it has stopped.
    Unwatched,
    /// Somebody would notice.
    Watched,
    /// Something else can do its work, and somebody would start that.
    BackedUp,
    /// The same, in another failure domain, started from outside of its own.
    CrossDomain,
    /// The same, and it has been seen to work.
    Drilled,
}

impl Level {
    /// Every level, the lowest first.
    pub const ALL: [Self; 5] =
        [Self::Unwatched, Self::Watched, Self::BackedUp, Self::CrossDomain, Self::Drilled];

    /// The word in JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unwatched => "unwatched",
            Self::Watched => "watched",
            Self::BackedUp => "backed-up",
            Self::CrossDomain => "cross-domain",
            Self::Drilled => "drilled",
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Somebody who would notice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watcher {
    /// Its name.
    pub name: String,
    /// What it fails together with.
    pub domain: Domain,
    /// Whether it would also start a backup.
    pub acts: Acts,
}

/// Whether a watcher starts backups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acts {
    /// It does.
    Yes,
    /// It only tells people.
    No,
}

/// Why something that is called a backup does not count as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// It is named, and not there.
    Missing,
    /// Nothing but its name says that it does the same.
    OnlyItsName,
    /// Its platform would not load it, or it would never run, for this reason.
    NotEffective(String),
    /// Nobody starts it: it has no schedule, and no watcher can.
    NobodyStartsIt,
    /// An agent would start it, and there is no sign that the one of `standin.toml` has ever run.
    AgentNeverRan,
    /// Nobody starts it: a watcher could, and `standin.toml` does not name it.
    NotNamed,
    /// It was written from an older state of its primary.
    Outdated,
    /// It does nothing, which this shows: a place in a file, and what stands there.
    DoesNothing(String),
    /// It is a run on a host, which `standin run` would not begin there, for this reason.
    NotHere(String),
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("it is not there"),
            Self::OnlyItsName => f.write_str(
                "only its name says that it does the same; if it does, name it as the `backup` in standin.toml",
            ),
            Self::NotEffective(why) => write!(f, "it would not run: {why}"),
            Self::NobodyStartsIt => f.write_str("nobody would start it"),
            Self::AgentNeverRan => f.write_str("the agent would start it, and has never run"),
            Self::NotNamed => f.write_str("standin.toml does not name it, so that no watcher starts it"),
            Self::Outdated => f.write_str("its primary has changed since it was written"),
            Self::DoesNothing(shown) => write!(f, "it does nothing but say that it ran: {shown}"),
            Self::NotHere(why) => write!(f, "its host cannot run it: {why}"),
        }
    }
}

/// How it is known that a backup does the work of its primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Standin wrote it from the primary, and both still agree.
    Generated,
    /// `standin.toml` says so: only a drill would prove it.
    Named,
}

/// What starts a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Its own schedule.
    Schedule,
    /// A watcher that acts.
    Watcher,
}

/// Who says that something is the backup of something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// `standin.toml`, which Standin does not change.
    InSettings,
    /// Its own mark, or its name.
    ByItself,
}

/// What may take the place of an automation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its id.
    pub id: AutomationId,
    /// What it fails together with.
    pub domain: Domain,
    /// What starts it.
    pub start: Start,
    /// How it is known that it does the same.
    pub work: Work,
    /// Who says that it is the backup.
    pub said: Said,
    /// What a drill of it is recorded as.
    pub drilled_as: drill::Backup,
    /// Why it does not count; `None` where it does.
    pub flaw: Option<Flaw>,
}

/// Whether Standin can write something that does the work of an automation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writable {
    /// It can.
    Yes,
    /// It cannot, for this reason.
    No(String),
    /// It leaves that alone: `standin.toml` says what helps.
    Decided,
}

/// What is known of one automation that runs by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its id.
    pub id: AutomationId,
    /// What it fails together with.
    pub domain: Domain,
    /// Its weight.
    pub priority: Priority,
    /// Why it would not run at all; empty where it would.
    pub broken: String,
    /// Who would notice.
    pub watchers: Vec<Watcher>,
    /// What would make somebody notice, where nobody does.
    pub hint: String,
    /// What brings a watcher to life that stands in `standin.toml`, outside of this failure domain, and would act; `None`
    /// where there is none to be brought.
    pub awaited: Option<String>,
    /// What may take its place.
    pub backups: Vec<Backup>,
    /// Whether Standin can write something that does its work elsewhere.
    pub writable: Writable,
    /// Every drill of it that is known, in any order.
    pub drills: Vec<Drill>,
}

/// How old a drill may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Now.
    pub now: Timestamp,
    /// A drill that is older counts no more.
    pub drilled_within: Duration,
}

/// One automation with its level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// Its id.
    pub id: AutomationId,
    /// What it fails together with.
    pub domain: Domain,
    /// Its weight.
    pub priority: Priority,
    /// How far it is covered.
    pub level: Level,
    /// Why, one condition each, in the order of the levels.
    pub evidence: Vec<String>,
    /// What is missing for the next level; `None` at the highest.
    pub next: Option<Next>,
}

/// What leads to the next level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The level that it leads to.
    pub to: Level,
    /// What to do.
    pub step: Step,
    /// Why that level is not reached, in one sentence.
    pub because: String,
}

/// What somebody can do. Steps of several automations that are the same are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Mend the automation itself.
    Mend,
    /// Have somebody watch it.
    Watch(String),
    /// Give it a backup, which Standin writes.
    Back,
    /// Give it a backup, which only a person can write.
    BackByHand,
    /// Name the backup that is there in `standin.toml`.
    Name(AutomationId),
    /// Write the backup again.
    Renew,
    /// Mend its backup.
    MendBackup(AutomationId),
    /// Name another backup than this one in `standin.toml`.
    Replace(AutomationId),
    /// Give it a backup outside of this failure domain.
    BackElsewhere(Domain),
    /// Let a watcher outside of this failure domain act.
    WatchElsewhere(Domain),
    /// Run the drill.
    Drill,
}
