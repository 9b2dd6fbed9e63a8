//! Planning: from verdicts and incidents to effects, each decision with its reason.

mod brake;
mod recovery;
mod runs;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use brake::Brake;

use crate::effect::PlannedEffect;
use crate::ident::AutomationId;
use crate::incident::{Incident, Target};
use crate::observation::Pm2View;
use crate::policy::Policy;
use crate::run::RunState;
use crate::time::{later, sooner};
use crate::verdict::Verdict;
use crate::watch::Watch;

/// Something that a person asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Recover it now: no backoff, no brake, a new incident whose attempts are counted anew; starts what was stopped
    /// by hand.
    Recover,
    /// Start it if PM2 was never asked to run it.
    StartIfNew,
}

/// Everything that a plan is made of.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What is watched.
    pub watches: &'a [Watch],
    /// How it was judged.
    pub verdicts: &'a BTreeMap<AutomationId, Verdict>,
    /// The newest incident of each target, resolved or not.
    pub incidents: &'a BTreeMap<Target, Incident>,
    /// The last look at PM2.
    pub pm2: &'a Pm2View,
    /// The runs.
    pub runs: &'a BTreeMap<AutomationId, RunState>,
    /// The brake as the last plan left it.
    pub brake: &'a Brake,
    /// Targets with an effect under way: nothing more is planned for them until it has an outcome.
    pub in_flight: &'a BTreeSet<Target>,
    /// What people asked for.
    pub requests: &'a BTreeMap<AutomationId, Request>,
}

/// Why something is done or left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "choice", rename_all = "snake_case")]
pub enum Choice {
    /// This attempt is made now.
    Attempt {
        /// Counted from 1.
        number: u8,
    },
    /// The next attempt is not before this.
    Wait {
        /// Then.
        until: Timestamp,
    },
    /// The brake is on and others go first.
    Held,
    /// An effect is still under way.
    UnderWay,
    /// It is down with its platform, whose incident covers it.
    WithPlatform,
    /// The configuration says to alert only.
    AlertOnly,
    /// Nothing that Standin can do would help: a person is needed.
    NoRemedy,
    /// All attempts are used: a person is needed.
    GaveUp,
    /// It looks well again, and is watched until that has settled.
    Settling,
    /// The incident is over.
    Resolved,
    /// A person asked for it, and there is nothing to do.
    NothingToDo,
    /// A slot is run.
    RunSlot {
        /// The slot.
        slot: Timestamp,
    },
    /// A missed slot is caught up.
    CatchUp {
        /// The slot.
        slot: Timestamp,
    },
    /// A slot is left out, because it was missed and is not to be caught up.
    SkipMissed {
        /// The slot.
        slot: Timestamp,
    },
    /// A slot is left out, because the run before it still runs.
    SkipOverlap {
        /// The slot.
        slot: Timestamp,
    },
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempt { number } => write!(f, "attempt {number} now"),
            Self::Wait { until } => write!(f, "the next attempt is not before {until:.0}"),
            Self::Held => f.write_str("held by the brake: others go first"),
            Self::UnderWay => f.write_str("an effect is still under way"),
            Self::WithPlatform => f.write_str("down with its platform, whose incident covers it"),
            Self::AlertOnly => f.write_str("the configuration says to alert only"),
            Self::NoRemedy => f.write_str("nothing that Standin can do would help: a person is needed"),
            Self::GaveUp => f.write_str("all attempts are used: a person is needed"),
            Self::Settling => f.write_str("looks well again, and is watched until that has settled"),
            Self::Resolved => f.write_str("the incident is over"),
            Self::NothingToDo => f.write_str("there is nothing to do"),
            Self::RunSlot { slot } => write!(f, "runs for the slot {slot:.0}"),
            Self::CatchUp { slot } => write!(f, "catches up the missed slot {slot:.0}"),
            Self::SkipMissed { slot } => write!(f, "leaves out the missed slot {slot:.0}"),
            Self::SkipOverlap { slot } => {
                write!(f, "leaves out the slot {slot:.0}: the run before it still runs")
            }
        }
    }
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// About what.
    pub target: Target,
    /// What, and why.
    pub choice: Choice,
}

/// What is to be remembered and done. Remember first, then do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Why, for everything that is not simply well.
    pub decisions: Vec<Decision>,
    /// Incidents that are new or have changed.
    pub incidents: Vec<Incident>,
    /// Run states that have changed.
    pub runs: Vec<(AutomationId, RunState)>,
    /// What to do, in this order.
    pub effects: Vec<PlannedEffect>,
    /// The brake from now on.
    pub brake: Brake,
    /// When to plan again at the latest.
    pub next_wake: Timestamp,
}

impl Plan {
    fn decide(&mut self, target: &Target, choice: Choice) {
        self.decisions.push(Decision { target: target.clone(), choice });
    }

    fn wake(&mut self, at: Timestamp) {
        self.next_wake = self.next_wake.min(at);
    }
}

/// Plans the next step. Pure: the same arguments give the same plan.
pub fn plan(situation: &Situation<'_>, policy: &Policy, recheck: Option<Timestamp>, now: Timestamp) -> Plan {
    let latest = later(now, policy.max_wake);
    let mut plan = Plan {
        decisions: Vec::new(),
        incidents: Vec::new(),
        runs: Vec::new(),
        effects: Vec::new(),
        brake: brake::advance(situation, policy, now),
        next_wake: sooner(Some(latest), recheck.filter(|at| *at > now)).unwrap_or(latest),
    };
    recovery::plan_platform(situation, policy, now, &mut plan);
    recovery::plan_automations(situation, policy, now, &mut plan);
    runs::plan_runs(situation, policy, now, &mut plan);
    plan
}
