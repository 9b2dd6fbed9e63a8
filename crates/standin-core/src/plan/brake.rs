//! The brake: in a mass failure a few are recovered first, and more only after those were seen to recover.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Situation;
use super::recovery::remedy;
use crate::health::Health;
use crate::incident::{Phase, Target};
use crate::policy::Policy;
use crate::time::later;
use crate::verdict::{Reason, Verdict};
use crate::watch::Recovery;

/// The most recoveries at a time while the brake is on.
const LAST_LIMIT: usize = 4;

/// A canary that is neither well nor failed this long after its last attempt is no longer waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The state of the brake.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "brake", rename_all = "snake_case")]
pub enum Brake {
    /// Everything that needs it is recovered at once.
    #[default]
    Off,
    /// Only these are recovered, at most `limit` at a time: 1, then 2, then 4.
    On {
        /// How many at a time.
        limit: usize,
        /// The ones being recovered.
        canaries: Vec<Target>,
    },
}

impl Brake {
    /// Whether `target` may be recovered now; takes up a free place for it. What is under way already takes up a
    /// place too, whoever asked for it and whenever it began.
    pub(super) fn admits(&mut self, target: &Target, in_flight: &BTreeSet<Target>) -> bool {
        match self {
            Self::Off => true,
            Self::On { limit, canaries } => {
                if canaries.contains(target) {
                    return true;
                }
                let others = in_flight.iter().filter(|other| !canaries.contains(other)).count();
                let free = canaries.len().saturating_add(others) < *limit;
                if free {
                    canaries.push(target.clone());
                }
                free
            }
        }
    }
}

/// The brake for this plan: on under the threshold, further once its canaries have recovered, off above it.
pub(super) fn advance(situation: &Situation<'_>, policy: &Policy, now: Timestamp) -> Brake {
    let (mut known, mut well) = (0_usize, 0_usize);
    for verdict in situation.verdicts.values().filter(|v| counts(v)) {
        known = known.saturating_add(1);
        well = well.saturating_add(usize::from(matches!(verdict.health, Health::Healthy | Health::Late)));
    }
    let share = well.saturating_mul(100);
    let threshold = known.saturating_mul(policy.brake_percent as usize);
    if known < policy.brake_minimum || share >= threshold {
        return Brake::Off;
    }
    match situation.brake {
        Brake::Off => Brake::On { limit: 1, canaries: Vec::new() },
        Brake::On { limit, canaries } => {
            let states: Vec<Canary> = canaries.iter().map(|target| state(situation, target, now)).collect();
            // While some of a stage are still busy, the places of the others stay taken: a stage ends as a whole.
            if states.contains(&Canary::Busy) {
                return situation.brake.clone();
            }
            let recovered = !states.is_empty() && !states.contains(&Canary::Lost);
            let limit = if recovered { limit.saturating_mul(2).min(LAST_LIMIT) } else { *limit };
            Brake::On { limit, canaries: Vec::new() }
        }
    }
}

/// Whether a verdict says something of a mass failure. What never could have run has not failed just now.
fn counts(verdict: &Verdict) -> bool {
    verdict.health.worth().is_some() && !matches!(verdict.reason, Reason::NotEffective { .. })
}

#[derive(PartialEq, Eq)]
enum Canary {
    /// Its recovery may still succeed.
    Busy,
    Recovered,
    /// Nothing more is tried for it, or it takes too long: waiting for it would hold up all others.
    Lost,
}

fn state(situation: &Situation<'_>, target: &Target, now: Timestamp) -> Canary {
    let Target::Automation(id) = target else { return Canary::Lost };
    let Some(verdict) = situation.verdicts.get(id) else { return Canary::Lost };
    if situation.in_flight.contains(target) {
        return Canary::Busy;
    }
    let incident = situation.incidents.get(target);
    let exhausted = incident.is_some_and(|i| i.phase == Phase::Exhausted);
    let acts = situation.watches.iter().any(|w| &w.id == id && w.recovery == Recovery::Act);
    let awaited =
        incident.and_then(|i| i.last_attempt).is_some_and(|at| at <= now && now <= later(at, PATIENCE));
    let busy = match verdict.health {
        Health::Healthy => return Canary::Recovered,
        Health::Late => awaited,
        Health::Unhealthy | Health::Failed => {
            acts && (remedy(verdict).is_some() || verdict.reason == Reason::DaemonGone)
        }
        Health::Stopped | Health::Unknown => false,
    };
    if busy && !exhausted { Canary::Busy } else { Canary::Lost }
}
