//! What is to be done to the world, as data, and what came of it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ident::AutomationId;
use crate::incident::IncidentId;
use crate::verdict::Life;

/// One action on something outside. Whoever carries it out tries once and answers with an [`Outcome`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Restart (or start) processes of one app in PM2's list, each only if it still is in the life that was observed.
    RestartProcess {
        /// The automation that they belong to.
        automation: AutomationId,
        /// The observed lives; several for an app in cluster mode.
        lives: Vec<Life>,
    },
    /// Bring back an app that PM2's saved list names and PM2 no longer lists.
    StartSaved {
        /// The automation.
        automation: AutomationId,
    },
    /// Start an app of an ecosystem file that PM2 was never asked to run.
    StartDeclared {
        /// The automation.
        automation: AutomationId,
    },
    /// Start PM2's daemon again, and in it the apps of the inventory that its saved list names.
    Resurrect {
        /// The apps that were lost with it.
        members: Vec<AutomationId>,
    },
    /// Run the command of an automation, for one slot of its schedule.
    Run {
        /// The automation.
        automation: AutomationId,
        /// The slot; for a run that somebody asked for, the moment of asking.
        slot: Timestamp,
    },
}

impl Effect {
    /// The automation that it is done to; `None` when it is done to a platform.
    pub const fn automation(&self) -> Option<&AutomationId> {
        match self {
            Self::RestartProcess { automation, .. }
            | Self::StartSaved { automation }
            | Self::StartDeclared { automation }
            | Self::Run { automation, .. } => Some(automation),
            Self::Resurrect { .. } => None,
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RestartProcess { automation, lives } => {
                let ids: Vec<String> = lives.iter().map(|life| life.pm_id.to_string()).collect();
                write!(f, "restart {automation} (PM2 id {})", ids.join(", "))
            }
            Self::StartSaved { automation } => write!(f, "start {automation} from PM2's saved list"),
            Self::StartDeclared { automation } => write!(f, "start {automation} from its ecosystem file"),
            Self::Resurrect { members } => write!(f, "resurrect PM2 with {} of its apps", members.len()),
            Self::Run { automation, slot } => write!(f, "run {automation} for the slot {slot}"),
        }
    }
}

/// What the target of an effect deduplicates: the same across the attempts of an incident, or for one slot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectKey(pub String);

impl fmt::Display for EffectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// An effect that a plan asks for. `(key, attempt)` is unique: it is recorded before the effect is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedEffect {
    /// See [`EffectKey`].
    pub key: EffectKey,
    /// Counted from 1.
    pub attempt: u8,
    /// The incident that it is meant to end; `None` for a run in its slot.
    pub incident: Option<IncidentId>,
    /// What to do.
    pub effect: Effect,
    /// Why, for people.
    pub why: String,
}

/// What came of an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// Probed again just before: the target had recovered or changed, so nothing was sent.
    NotNeeded {
        /// What was seen.
        why: String,
    },
    /// The platform was asked and refused, or could not be reached before anything was sent: nothing happened.
    Refused {
        /// Its words.
        why: String,
    },
    /// It may have happened: the answer was lost, or the agent stopped between intent and outcome.
    Unknown {
        /// What is known.
        why: String,
    },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::NotNeeded { why } => write!(f, "not needed: {why}"),
            Self::Refused { why } => write!(f, "refused: {why}"),
            Self::Unknown { why } => write!(f, "outcome unknown: {why}"),
        }
    }
}
