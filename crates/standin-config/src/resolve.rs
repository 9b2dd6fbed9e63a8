//! Settings and inventory together: what is expected of each automation.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use standin_core::automation::{Finding, Inventory};
use standin_core::ident::AutomationId;
use standin_core::policy::Policy;
use standin_core::watch::Watch;

use crate::error::ConfigError;
use crate::settings::Settings;

/// Where the inventory was read, and where it runs.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The root of the repository, absolute.
    pub root: &'a str,
    /// The IANA name of the machine's own time zone: what `local` means.
    pub zone: &'a str,
}

/// A command that the agent runs.
#[derive(Debug, Clone)]
pub struct CommandSpec {
    /// For `sh -c`.
    pub command: String,
    /// Where it runs, absolute.
    pub dir: String,
    /// Variables that are set for it.
    pub env: BTreeMap<String, SecretString>,
    /// Variables that are passed on from the agent's environment, beside those that every command gets.
    pub env_from: Vec<String>,
    /// How long a run may take until it is stopped.
    pub time_limit: Duration,
}

/// What the engine works with.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The inventory of the scan and the automations of the file, ordered by id.
    pub inventory: Inventory,
    /// One for each automation of the inventory, ordered by id, none with empty expectations.
    pub watches: Vec<Watch>,
    /// What the agent can start itself.
    pub commands: BTreeMap<AutomationId, CommandSpec>,
    /// How Standin recovers.
    pub policy: Policy,
    /// Allowed, and still worth saying.
    pub findings: Vec<Finding>,
    /// Entries that could not be used; the rest is as if they were not there. The caller ends with exit code 3.
    pub errors: Vec<ConfigError>,
}

/// Gives every automation of the inventory what is expected of it, and adds those of the file.
pub fn resolve(settings: &Settings, inventory: Inventory, _place: Place<'_>) -> Resolved {
    Resolved {
        inventory,
        watches: Vec::new(),
        commands: BTreeMap::new(),
        policy: settings.recovery.policy.clone(),
        findings: settings.warnings.clone(),
        errors: Vec::new(),
    }
}
