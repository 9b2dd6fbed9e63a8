//! What an outage would do to somebody's own automations: who notices when, what runs instead, what runs twice, what
//! is lost.
//!
//! [`answer`] is pure: the same [`Question`] has the same [`Answer`]. Runs that begin by themselves are drawn first,
//! from how punctual their platforms are; they are what would happen without Standin. Then the mesh is played among
//! them with the tick that ships ([`super::scene`]). What the agent does on its own machine needs no mesh, and is
//! reckoned from what it does there.

mod advice;
mod answer;
mod fate;
mod local;
mod outage;
mod page;
mod stage;
mod tale;
mod tally;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use standin_core::health::Priority;
use standin_core::ident::{AutomationId, Domain};
use standin_core::mesh::arbiter::ConfiguredStore;
use standin_core::mesh::peer::PeerId;
use standin_core::schedule::Schedule;
use standin_core::watch::{CatchUp, Recovery};

pub use super::scene::Guard;
pub use answer::{
    AdviceV1, AnswerV1, AvailabilityV1, LeftOutV1, MomentKind, MomentV1, NoticedV1, OutageV1, ServedV1,
    VERSION,
};
pub use outage::{Outage, OutageError, Place, What, names};
pub use page::page;

/// At most so many days are simulated.
pub const MAX_DAYS: u32 = 31;
/// At most so many outages are asked about at once.
pub const MAX_OUTAGES: usize = 16;
/// At most so many automations are simulated.
pub const MAX_AUTOMATIONS: usize = 1_000;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The first moment.
    pub from: Timestamp,
    /// How many days from there, 1 to [`MAX_DAYS`].
    pub days: u32,
    /// Where all chance comes from.
    pub seed: u64,
    /// What runs by itself, ordered by id.
    pub automations: Vec<Asked>,
    /// The watchers; `None` when one agent on this machine is all.
    pub mesh: Option<AskedMesh>,
    /// What is gone, and when.
    pub outages: Vec<Outage>,
    /// What is not simulated, by id, and why.
    pub left_out: Vec<(String, String)>,
}

/// One automation.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Its name.
    pub id: AutomationId,
    /// What it fails together with.
    pub domain: Domain,
    /// When it runs.
    pub runs: Runs,
    /// How long after a slot something else may run it.
    pub deadline: Duration,
    /// How long after a slot a run is in time.
    pub in_time: Duration,
    /// What is tried when a slot is missed, the first one first.
    pub ladder: Vec<Remedy>,
    /// How anybody knows that a slot was run.
    pub known: Known,
    /// What a late run does when its slot has been served.
    pub guard: Guard,
    /// Whether Standin may act on it.
    pub recovery: Recovery,
    /// Its weight.
    pub priority: Priority,
    /// Where it is written down.
    pub file: String,
    /// Whether standin.toml says something of it.
    pub entry: Entry,
}

/// Whether standin.toml has an entry for something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Entry {
    /// It has.
    Written,
    /// It has none.
    #[default]
    Missing,
}

/// When an automation runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Runs {
    /// Its platform starts it in these slots.
    Slots(Arc<[Schedule]>),
    /// The agent starts it in these slots.
    ByAgent {
        /// The slots.
        schedules: Arc<[Schedule]>,
        /// What becomes of missed ones.
        catch_up: CatchUp,
    },
    /// It is there all the time.
    Always,
}

/// How anybody knows that a slot was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It is not known: nobody looks.
    Unknown,
    /// Its platform says so, while it answers.
    Platform,
    /// Its runs send heartbeats to somewhere else; one is missed this long after the slot.
    Heartbeats {
        /// How long.
        grace: Duration,
    },
}

/// One rung of a ladder of remedies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// The automation itself, started once more.
    Again,
    /// Another one does its work.
    Other(AutomationId),
    /// Something that its platform can do, such as to publish the last good deploy.
    OfPlatform {
        /// Which platform.
        domain: Domain,
        /// The word of the configuration.
        word: String,
    },
}

/// What a watcher is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerKind {
    /// A workflow that uses the Action.
    Action,
    /// A function on Netlify.
    Netlify,
    /// A function on AWS Lambda.
    Lambda,
    /// An agent on this machine.
    Agent,
}

/// One watcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedPeer {
    /// Its name.
    pub name: PeerId,
    /// What it is.
    pub kind: PeerKind,
    /// How often it looks.
    pub every: Duration,
    /// How long after a look that did not come it counts as silent.
    pub silent_after: Duration,
}

/// The watchers and what they share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AskedMesh {
    /// The watchers.
    pub peers: Vec<AskedPeer>,
    /// The stores, the agent's own included.
    pub stores: Vec<ConfiguredStore>,
    /// Whether standin.toml names the stores, or they are the ones that are there without being named.
    pub stores_from: Entry,
    /// Three stores that decide by majority, by name.
    pub quorum: Option<Vec<String>>,
}

/// Why there is no answer. Nothing was simulated; the caller asks again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Too few or too many days.
    #[error("{0} days cannot be simulated: write --days 1 to {MAX_DAYS}")]
    Days(u32),
    /// An outage does not fit.
    #[error(transparent)]
    Outage(#[from] OutageError),
    /// Too many automations.
    #[error("{0} automations are more than the {MAX_AUTOMATIONS} that can be simulated")]
    Automations(usize),
    /// The mesh of the configuration is refused by the code that ships.
    #[error("the mesh of standin.toml cannot run: {0}")]
    Mesh(String),
}

/// Answers a question.
///
/// # Errors
/// [`AskError`].
pub fn answer(question: &Question) -> Result<AnswerV1, AskError> {
    if question.days == 0 || question.days > MAX_DAYS {
        return Err(AskError::Days(question.days));
    }
    if question.automations.len() > MAX_AUTOMATIONS {
        return Err(AskError::Automations(question.automations.len()));
    }
    outage::check(question)?;
    let told = tally::tell(question)?;
    let advice = advice::advise(question, &told)?;
    Ok(answer::write(question, &told, advice))
}
