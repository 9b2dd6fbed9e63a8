//! The brake: in a mass failure a few are recovered first, and more only after those were seen to recover.

use serde::{Deserialize, Serialize};

use super::Situation;
use crate::health::Health;
use crate::incident::{Phase, Target};
use crate::policy::Policy;

/// The most recoveries at a time while the brake is on.
const LAST_LIMIT: usize = 4;

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
    /// Whether `target` may be recovered now; takes up a free place for it.
    pub(super) fn admits(&mut self, target: &Target) -> bool {
        match self {
            Self::Off => true,
            Self::On { limit, canaries } => {
                if canaries.contains(target) {
                    return true;
                }
                let free = canaries.len() < *limit;
                if free {
                    canaries.push(target.clone());
                }
                free
            }
        }
    }
}

/// The brake for this plan: on under the threshold, further once its canaries have recovered, off above it.
pub(super) fn advance(situation: &Situation<'_>, policy: &Policy) -> Brake {
    let known: Vec<Health> =
        situation.verdicts.values().map(|v| v.health).filter(|h| h.worth().is_some()).collect();
    let well = known.iter().filter(|h| matches!(h, Health::Healthy | Health::Late)).count();
    let share = well.saturating_mul(100);
    let threshold = known.len().saturating_mul(policy.brake_percent as usize);
    if known.len() < policy.brake_minimum || share >= threshold {
        return Brake::Off;
    }
    match situation.brake {
        Brake::Off => Brake::On { limit: 1, canaries: Vec::new() },
        Brake::On { limit, canaries } => {
            let left: Vec<Target> =
                canaries.iter().filter(|target| state(situation, target) == Canary::Busy).cloned().collect();
            let failed = canaries.iter().any(|target| state(situation, target) == Canary::Lost);
            let recovered = left.is_empty() && !canaries.is_empty() && !failed;
            let limit = if recovered { limit.saturating_mul(2).min(LAST_LIMIT) } else { *limit };
            // While some of a stage are still busy, the places of the others stay taken: a stage ends as a whole.
            let canaries = if left.is_empty() { left } else { canaries.clone() };
            Brake::On { limit, canaries }
        }
    }
}

#[derive(PartialEq, Eq)]
enum Canary {
    Busy,
    Recovered,
    Lost,
}

fn state(situation: &Situation<'_>, target: &Target) -> Canary {
    let exhausted = situation.incidents.get(target).is_some_and(|i| i.phase == Phase::Exhausted);
    let health = match target {
        Target::Automation(id) => situation.verdicts.get(id).map(|v| v.health),
        Target::Pm2 => None,
    };
    match health {
        Some(Health::Healthy) => Canary::Recovered,
        Some(Health::Late | Health::Unhealthy | Health::Failed) if !exhausted => Canary::Busy,
        Some(Health::Late | Health::Unhealthy | Health::Failed | Health::Stopped | Health::Unknown)
        | None => Canary::Lost,
    }
}
