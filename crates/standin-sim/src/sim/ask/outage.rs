//! What is asked to be gone, and what goes with it.

use std::time::Duration;

use standin_core::ident::AutomationId;
use standin_core::mesh::arbiter::StoreKind;

use super::{MAX_OUTAGES, Question};

/// A place where things run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// GitHub: its workflows, its API, the store in its refs.
    Github,
    /// Netlify: its functions, its API, its Blobs.
    Netlify,
    /// AWS: its functions, its tables and buckets.
    Aws,
    /// The machine that the agent runs on, with everything on it.
    Host,
    /// PM2's daemon, and all that it hosts.
    Pm2,
}

impl Place {
    /// Every place.
    pub const ALL: [Self; 5] = [Self::Github, Self::Netlify, Self::Aws, Self::Host, Self::Pm2];

    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Netlify => "netlify",
            Self::Aws => "aws",
            Self::Host => "host",
            Self::Pm2 => "pm2",
        }
    }

    /// The place that a store is gone with.
    pub(super) const fn of_store(kind: StoreKind) -> Option<Self> {
        match kind {
            StoreKind::Sqlite => Some(Self::Host),
            StoreKind::GithubRefs => Some(Self::Github),
            StoreKind::DynamoDb | StoreKind::S3 => Some(Self::Aws),
            StoreKind::Gcs | StoreKind::Azure => None,
            StoreKind::NetlifyBlobs => Some(Self::Netlify),
        }
    }
}

/// What is gone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A place.
    Place(Place),
    /// A store, by name.
    Store(String),
    /// A watcher, by name.
    Peer(String),
    /// An automation: it does not run, and cannot be started again itself.
    Automation(AutomationId),
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Place(place) => f.pad(place.as_str()),
            Self::Store(name) | Self::Peer(name) => f.pad(name),
            Self::Automation(id) => f.pad(id.as_str()),
        }
    }
}

/// One outage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// What is gone.
    pub what: What,
    /// When it goes, counted from the first moment of the question.
    pub from: Duration,
    /// For how long.
    pub length: Duration,
}

impl Outage {
    pub(super) fn begins_at(&self) -> u64 {
        ms(self.from)
    }

    pub(super) fn ends_at(&self) -> u64 {
        ms(self.from).saturating_add(ms(self.length))
    }

    pub(super) fn covers(&self, at: u64) -> bool {
        self.begins_at() <= at && at < self.ends_at()
    }
}

/// Why an outage cannot be asked about. Nothing was simulated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutageError {
    /// Nothing is gone, or for too short a time to be seen.
    #[error("an outage of {0} shorter than a minute shows nothing: write 1m or more")]
    Short(String),
    /// It is not over before the simulation is.
    #[error(
        "the outage of {what} ends after the {days} simulated days: write --days {needed}, or a shorter one"
    )]
    Long {
        /// Of what.
        what: String,
        /// How many days are simulated.
        days: u32,
        /// How many it takes.
        needed: u64,
    },
    /// Two of the same thing overlap.
    #[error("two outages of {0} overlap: join them into one")]
    Overlap(String),
    /// One is part of another.
    #[error("{part} is gone with {whole} anyway: leave out the outage of {part}, or let them not overlap")]
    Part {
        /// What is gone twice.
        part: String,
        /// With what.
        whole: String,
    },
    /// Too many.
    #[error("{0} outages are more than the {MAX_OUTAGES} that can be asked about at once")]
    Many(usize),
}

/// What can be named: places, stores, watchers, and the automations that are simulated.
pub fn names(question: &Question) -> Vec<(String, What)> {
    let mut names: Vec<(String, What)> =
        Place::ALL.iter().map(|p| (p.as_str().to_owned(), What::Place(*p))).collect();
    match &question.mesh {
        Some(mesh) => {
            names.extend(mesh.peers.iter().map(|p| (p.name.to_string(), What::Peer(p.name.to_string()))));
            // The agent's own database has no name in the file: it goes with the machine.
            let named = mesh.stores.iter().filter(|s| s.kind != StoreKind::Sqlite);
            names.extend(named.map(|s| (s.name.clone(), What::Store(s.name.clone()))));
        }
        None => names.push((AGENT.to_owned(), What::Peer(AGENT.to_owned()))),
    }
    names.extend(question.automations.iter().map(|a| (a.id.to_string(), What::Automation(a.id.clone()))));
    names
}

/// The watcher's name where none is configured.
pub(super) const AGENT: &str = "agent";

const DAY: u64 = 86_400;

pub(super) fn check(question: &Question) -> Result<(), OutageError> {
    let outages = &question.outages;
    if outages.len() > MAX_OUTAGES {
        return Err(OutageError::Many(outages.len()));
    }
    for outage in outages {
        let what = outage.what.to_string();
        if outage.length < Duration::from_secs(60) {
            return Err(OutageError::Short(what));
        }
        let needed = outage.from.saturating_add(outage.length).as_secs().div_ceil(DAY);
        if needed > u64::from(question.days) {
            return Err(OutageError::Long { what, days: question.days, needed });
        }
    }
    for (n, one) in outages.iter().enumerate() {
        for other in outages.iter().skip(n + 1) {
            if one.begins_at() >= other.ends_at() || other.begins_at() >= one.ends_at() {
                continue;
            }
            if one.what == other.what {
                return Err(OutageError::Overlap(one.what.to_string()));
            }
            for (whole, part) in [(one, other), (other, one)] {
                if goes_with(question, &part.what, &whole.what) {
                    let (part, whole) = (part.what.to_string(), whole.what.to_string());
                    return Err(OutageError::Part { part, whole });
                }
            }
        }
    }
    Ok(())
}

/// Whether `part` is gone whenever `whole` is.
fn goes_with(question: &Question, part: &What, whole: &What) -> bool {
    let What::Place(whole) = whole else { return false };
    match part {
        What::Place(part) => *part == Place::Pm2 && *whole == Place::Host,
        What::Store(name) => {
            let stores = question.mesh.iter().flat_map(|mesh| &mesh.stores);
            stores.filter(|s| s.name == *name).any(|s| Place::of_store(s.kind) == Some(*whole))
        }
        What::Peer(name) => match &question.mesh {
            None => *whole == Place::Host,
            Some(mesh) => mesh.peers.iter().any(|p| p.name.as_str() == name && p.kind.place() == *whole),
        },
        What::Automation(_) => false,
    }
}

pub(super) fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
