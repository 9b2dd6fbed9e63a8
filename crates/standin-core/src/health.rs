//! Health states, and the score of a whole.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How one automation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It does what it should.
    Healthy,
    /// Something is due and still within its grace.
    Late,
    /// It runs, but not well: a restart loop, too much memory.
    Unhealthy,
    /// It does not do what it should.
    Failed,
    /// Somebody ended it on purpose, or it has nothing more to do: left alone.
    Stopped,
    /// It cannot be told.
    Unknown,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Healthy => "healthy",
            Self::Late => "late",
            Self::Unhealthy => "unhealthy",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        })
    }
}

impl Health {
    /// What this health is worth, in hundredths; `None` where it says nothing (stopped, unknown).
    pub const fn worth(self) -> Option<u32> {
        match self {
            Self::Healthy => Some(100),
            Self::Late => Some(75),
            Self::Unhealthy => Some(40),
            Self::Failed => Some(0),
            Self::Stopped | Self::Unknown => None,
        }
    }
}

/// The weight of an automation in the score, and its place in the queue of recoveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Weight 1.
    Low,
    /// Weight 2.
    #[default]
    Normal,
    /// Weight 4.
    High,
    /// Weight 8.
    Critical,
}

impl Priority {
    /// The weight in the score.
    pub const fn weight(self) -> u32 {
        match self {
            Self::Low => 1,
            Self::Normal => 2,
            Self::High => 4,
            Self::Critical => 8,
        }
    }
}

/// The health of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// 0 to 100, weighted by priority over what is known; `None` when nothing is known.
    pub score: Option<u32>,
    /// The worst health of all that says something, [`Health::Unknown`] when nothing does.
    pub state: Health,
}

/// The score of these automations: the weighted mean of what is known, rounded down, so that 100 means all is well.
pub fn score(parts: impl IntoIterator<Item = (Health, Priority)>) -> Score {
    let (mut sum, mut weights, mut worst) = (0u64, 0u64, None::<Health>);
    for (health, priority) in parts {
        if let Some(worth) = health.worth() {
            sum += u64::from(worth) * u64::from(priority.weight());
            weights += u64::from(priority.weight());
            worst = worst.max(Some(health));
        }
    }
    let score = sum.checked_div(weights).and_then(|s| u32::try_from(s).ok());
    Score { score, state: worst.unwrap_or(Health::Unknown) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_weighs_by_priority_and_leaves_out_what_says_nothing() {
        let s = score([
            (Health::Healthy, Priority::Critical),
            (Health::Failed, Priority::Normal),
            (Health::Unknown, Priority::Critical),
            (Health::Stopped, Priority::Critical),
        ]);
        assert_eq!((s.score, s.state), (Some(80), Health::Failed));
    }

    #[test]
    fn a_hundred_means_that_all_is_well() {
        let many = std::iter::repeat_n((Health::Healthy, Priority::Critical), 1000);
        let s = score(many.chain([(Health::Late, Priority::Low)]));
        assert_eq!((s.score, s.state), (Some(99), Health::Late));
    }

    #[test]
    fn nothing_known_is_unknown_not_zero() {
        assert_eq!(score([(Health::Unknown, Priority::Low)]), Score { score: None, state: Health::Unknown });
    }
}
