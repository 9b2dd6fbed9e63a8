//! Names: automations, their kinds, the domains that fail together.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What sort of automation something is; the first half of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A GitHub Actions workflow file.
    Workflow,
    /// A process that PM2 hosts.
    Pm2,
    /// A Netlify function.
    Netlify,
    /// A script of a `package.json`.
    Npm,
    /// A command of `standin.toml` that the agent runs in its slots.
    Command,
    /// A function on AWS that a schedule of a template starts.
    Aws,
    /// A line of a crontab.
    Crontab,
    /// A systemd timer.
    Systemd,
    /// A Kubernetes CronJob.
    Kubernetes,
    /// A program that keeps its own schedule: a loop, or a library for schedules.
    Script,
    /// Something that only sends heartbeats: nothing here can start it.
    Heartbeat,
}

/// Who can start an automation of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starter {
    /// GitHub, asked over the network.
    Github,
    /// Netlify, asked over the network.
    Netlify,
    /// The agent, on its own machine.
    Agent,
    /// Nobody that Standin can ask: it is only listed, or watched by its heartbeats.
    Nobody,
}

impl Kind {
    /// Every kind, in the order in which reports list them.
    pub const ALL: [Self; 11] = [
        Self::Workflow,
        Self::Pm2,
        Self::Netlify,
        Self::Aws,
        Self::Npm,
        Self::Crontab,
        Self::Systemd,
        Self::Kubernetes,
        Self::Script,
        Self::Command,
        Self::Heartbeat,
    ];

    /// The word used in ids and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workflow => "workflow",
            Self::Pm2 => "pm2",
            Self::Netlify => "netlify",
            Self::Npm => "npm",
            Self::Command => "command",
            Self::Aws => "aws",
            Self::Crontab => "crontab",
            Self::Systemd => "systemd",
            Self::Kubernetes => "kubernetes",
            Self::Script => "script",
            Self::Heartbeat => "heartbeat",
        }
    }

    /// Who can start an automation of this kind.
    pub const fn started_by(self) -> Starter {
        match self {
            Self::Workflow => Starter::Github,
            Self::Netlify => Starter::Netlify,
            Self::Pm2 | Self::Npm | Self::Command => Starter::Agent,
            Self::Aws | Self::Crontab | Self::Systemd | Self::Kubernetes | Self::Script | Self::Heartbeat => {
                Starter::Nobody
            }
        }
    }

    /// What an automation of this kind fails together with, where its own declaration does not say.
    pub const fn domain(self) -> Domain {
        match self {
            Self::Workflow => Domain::Github,
            Self::Netlify => Domain::Netlify,
            Self::Aws => Domain::Aws,
            Self::Pm2 | Self::Npm | Self::Command | Self::Crontab | Self::Systemd | Self::Script => {
                Domain::Host
            }
            Self::Kubernetes | Self::Heartbeat => Domain::Elsewhere,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What fails together: if one automation of a domain is gone because the domain is, so are the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Domain {
    /// GitHub Actions.
    Github,
    /// Netlify.
    Netlify,
    /// Amazon Web Services.
    Aws,
    /// The machine that Standin's agent runs on.
    Host,
    /// Somewhere that Standin cannot name, such as a sender of heartbeats.
    Elsewhere,
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Github => "github",
            Self::Netlify => "netlify",
            Self::Aws => "aws",
            Self::Host => "host",
            Self::Elsewhere => "elsewhere",
        })
    }
}

/// Longest id that is accepted, in bytes: ids travel in file names, URLs and process lists.
pub const MAX_ID_BYTES: usize = 200;

/// The stable name of an automation: `kind:name`, such as `pm2:worker` or `npm:.#build`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AutomationId {
    /// Shared: an id stands in many maps.
    text: Arc<str>,
    kind: Kind,
}

impl Ord for AutomationId {
    /// By the text, which names the kind too. Clones of one id need no look at theirs.
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.text, &other.text) { Ordering::Equal } else { self.text.cmp(&other.text) }
    }
}

impl PartialOrd for AutomationId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Why a text is not an [`AutomationId`]; nothing was changed, the caller asks the user for another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// There is no known kind before a colon.
    #[error(
        "`{0}` is not an automation id: write KIND:NAME, with one of workflow, pm2, netlify, aws, npm, crontab, systemd, kubernetes, script, command, heartbeat"
    )]
    Kind(String),
    /// The name is empty, too long or holds a control character.
    #[error(
        "`{0}` is not an automation id: the name after the colon is 1 to 200 bytes without control characters"
    )]
    Name(String),
}

impl AutomationId {
    /// The id of `name` of this kind.
    ///
    /// # Errors
    /// [`IdError::Name`] when the name is empty, longer than [`MAX_ID_BYTES`] or holds a control character.
    pub fn new(kind: Kind, name: &str) -> Result<Self, IdError> {
        let text = format!("{kind}:{name}");
        if name.trim().is_empty() || text.len() > MAX_ID_BYTES || name.chars().any(char::is_control) {
            return Err(IdError::Name(text.chars().filter(|c| !c.is_control()).take(80).collect()));
        }
        Ok(Self { text: text.into(), kind })
    }

    /// The kind before the colon.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The name after the colon.
    pub fn name(&self) -> &str {
        self.text.split_once(':').map_or("", |(_, name)| name)
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for AutomationId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let unknown = || IdError::Kind(text.chars().filter(|c| !c.is_control()).take(80).collect());
        let (kind, name) = text.split_once(':').ok_or_else(unknown)?;
        let kind = Kind::ALL.into_iter().find(|k| k.as_str() == kind).ok_or_else(unknown)?;
        Self::new(kind, name)
    }
}

impl TryFrom<String> for AutomationId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<AutomationId> for String {
    fn from(id: AutomationId) -> Self {
        id.as_str().to_owned()
    }
}

impl fmt::Display for AutomationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_round_trips_and_knows_its_halves() {
        let id: AutomationId = "npm:packages/a#build:all".parse().unwrap();
        assert_eq!((id.kind(), id.name()), (Kind::Npm, "packages/a#build:all"));
        assert_eq!(id.to_string(), "npm:packages/a#build:all");
    }

    #[test]
    fn what_is_not_an_id_says_what_one_is() {
        assert!(matches!("web".parse::<AutomationId>(), Err(IdError::Kind(_))));
        assert!(matches!("cron:web".parse::<AutomationId>(), Err(IdError::Kind(_))));
        assert!(matches!("pm2: ".parse::<AutomationId>(), Err(IdError::Name(_))));
        assert!(matches!("pm2:a\nb".parse::<AutomationId>(), Err(IdError::Name(_))));
        assert!(matches!(AutomationId::new(Kind::Pm2, &"x".repeat(200)), Err(IdError::Name(_))));
    }
}
