//! Settings and inventory together: what is expected of each automation.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use secrecy::SecretString;
use standin_core::automation::{Automation, Detail, Finding, Inventory, ScheduleSpec, Source, Standing};
use standin_core::ident::{AutomationId, Domain};
use standin_core::policy::Policy;
use standin_core::watch::Watch;

use crate::error::ConfigError;
use crate::expect;
use crate::nearest::nearest;
use crate::settings::{Entry, Settings, Subject, Timing};

/// How long after its slot a command may begin before the slot counts as missed, where nothing is said.
pub(crate) const RUN_GRACE: Duration = Duration::from_secs(90);

/// How long a run of a command may take, where nothing is said.
const TIME_LIMIT: Duration = Duration::from_secs(3_600);

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
    /// One for each automation of the inventory, in the same order, none with empty expectations.
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
///
/// Nothing is lost by an error in one entry: the others stand, and the automation that it is about is watched as if
/// the entry were not there.
pub fn resolve(settings: &Settings, mut inventory: Inventory, place: Place<'_>) -> Resolved {
    let mut errors = Vec::new();
    let mut usable: BTreeMap<&AutomationId, &Entry> = BTreeMap::new();
    for entry in &settings.automations {
        match check_entry(entry, &inventory, place) {
            Ok(added) => {
                usable.insert(&entry.id, entry);
                inventory.automations.extend(added);
            }
            Err(error) => errors.push(error),
        }
    }
    inventory.automations.sort_by(|a, b| a.id.cmp(&b.id));

    let (mut watches, mut commands) = (Vec::new(), BTreeMap::new());
    for automation in &inventory.automations {
        let entry = usable.get(&automation.id).copied();
        watches.push(expect::watch(settings, automation, entry, place.zone));
        if let Some(spec) = command_of(automation, entry, place) {
            commands.insert(automation.id.clone(), spec);
        }
    }
    let policy = settings.recovery.policy.clone();
    Resolved { inventory, watches, commands, policy, findings: settings.warnings.clone(), errors }
}

/// Whether the entry can be used; for a new automation, that automation.
fn check_entry(
    entry: &Entry,
    inventory: &Inventory,
    place: Place<'_>,
) -> Result<Option<Automation>, ConfigError> {
    if let Timing::Slots { cron, timezone, line, column } = &entry.timing {
        expect::schedule(cron, timezone, place.zone).map_err(|error| ConfigError {
            line: *line,
            column: *column,
            message: format!("the schedule of `{}` cannot be used: {error}", entry.id),
            fix: "correct `schedule` or `timezone`".into(),
        })?;
    }
    if matches!(entry.subject, Subject::Command(_) | Subject::Heartbeat) {
        return Ok(Some(added(entry)));
    }
    if inventory.get(&entry.id).is_some() {
        return Ok(None);
    }
    let ids: BTreeSet<&str> = inventory.automations.iter().map(|a| a.id.as_str()).collect();
    Err(ConfigError {
        line: entry.line,
        column: entry.column,
        message: format!("`{}` is not in this repository", entry.id),
        fix: match nearest(entry.id.as_str(), ids) {
            Some(id) => format!("did you mean `{id}`?"),
            None => "`standin scan` lists the ids; an automation that it cannot find has a `name`".into(),
        },
    })
}

/// The automation that an entry adds.
fn added(entry: &Entry) -> Automation {
    let schedules = match &entry.timing {
        Timing::Slots { cron, timezone, .. } => {
            vec![ScheduleSpec { cron: cron.clone(), timezone: timezone.clone() }]
        }
        Timing::Unsaid | Timing::Every(_) | Timing::OwnSlots => Vec::new(),
    };
    let (domain, trigger) = match entry.subject {
        Subject::Command(_) => (Domain::Host, "schedule"),
        Subject::Heartbeat | Subject::Found => (Domain::Elsewhere, "elsewhere"),
    };
    Automation {
        id: entry.id.clone(),
        name: entry.id.name().into(),
        domain,
        source: Source { path: crate::FILE_NAME.into(), line: entry.line },
        schedules,
        triggers: vec![trigger.into()],
        state: Standing::Effective,
        reason: String::new(),
        detail: Detail::Plain,
        backup_of: None,
    }
}

/// What the agent can start of this automation.
fn command_of(automation: &Automation, entry: Option<&Entry>, place: Place<'_>) -> Option<CommandSpec> {
    let entry = entry?;
    let time_limit = entry.time_limit.unwrap_or(TIME_LIMIT);
    match (&entry.subject, &automation.detail) {
        (Subject::Command(text), _) => Some(CommandSpec {
            command: text.command.clone(),
            dir: text.dir.as_deref().map_or_else(|| place.root.to_owned(), |dir| below(place.root, dir)),
            env: text.env.clone(),
            env_from: text.env_from.clone(),
            time_limit,
        }),
        (Subject::Found, Detail::NpmScript { dir, script, .. })
            if matches!(entry.timing, Timing::Slots { .. }) =>
        {
            Some(CommandSpec {
                command: format!("exec npm run --silent -- {}", quoted(script)),
                dir: dir.clone(),
                env: BTreeMap::new(),
                env_from: Vec::new(),
                time_limit,
            })
        }
        (Subject::Found | Subject::Heartbeat, _) => None,
    }
}

/// `dir` below the root, unless it is absolute. `..` is left to the operating system.
fn below(root: &str, dir: &str) -> String {
    if dir.starts_with('/') {
        return dir.to_owned();
    }
    let dir = dir.trim_start_matches("./").trim_end_matches('/');
    let root = root.trim_end_matches('/');
    if dir.is_empty() || dir == "." { root.to_owned() } else { format!("{root}/{dir}") }
}

/// One word for `sh`, whatever is in it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
