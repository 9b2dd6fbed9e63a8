//! Incidents: from the first confirmed failure to the resolution.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ident::AutomationId;
use crate::mesh::peer::PeerId;
use crate::verdict::Reason;

/// What an incident is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "target", content = "id", rename_all = "snake_case")]
pub enum Target {
    /// One automation.
    Automation(AutomationId),
    /// PM2's daemon, and all that it hosts.
    Pm2,
    /// One of the watchers themselves.
    Peer(PeerId),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Automation(id) => id.fmt(f),
            Self::Pm2 => f.pad("platform:pm2"),
            Self::Peer(id) => f.pad(&format!("peer:{id}")),
        }
    }
}

/// The name of an incident: its target and when it was opened, so that it is the same wherever it is computed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(pub String);

impl IncidentId {
    /// The id of the incident that opened on `target` at `opened`.
    pub fn of(target: &Target, opened: Timestamp) -> Self {
        Self(format!("{target}@{}", opened.as_millisecond()))
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Confirmed; attempts may follow.
    Open,
    /// The target looks well again; resolved when it stays so.
    Settling,
    /// All attempts were used: a person is needed. Ends when the target is well again.
    Exhausted,
    /// Over.
    Resolved,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Open => "open",
            Self::Settling => "settling",
            Self::Exhausted => "exhausted",
            Self::Resolved => "resolved",
        })
    }
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its name.
    pub id: IncidentId,
    /// What it is about.
    pub target: Target,
    /// When the failure was confirmed.
    pub opened: Timestamp,
    /// Why it was opened.
    pub cause: Reason,
    /// Where it stands.
    pub phase: Phase,
    /// Attempts so far.
    pub attempts: u8,
    /// When the last attempt was planned.
    pub last_attempt: Option<Timestamp>,
    /// Since when the target has looked well without a break.
    pub well_since: Option<Timestamp>,
    /// When it was resolved.
    pub resolved: Option<Timestamp>,
    /// The automations that are down with a platform; empty for the incident of one automation.
    pub members: Vec<AutomationId>,
}

impl Incident {
    /// A new incident without attempts.
    pub fn open(target: Target, cause: Reason, now: Timestamp) -> Self {
        Self {
            id: IncidentId::of(&target, now),
            target,
            opened: now,
            cause,
            phase: Phase::Open,
            attempts: 0,
            last_attempt: None,
            well_since: None,
            resolved: None,
            members: Vec::new(),
        }
    }
}
