//! What the mesh needs from outside, as requests and answers.
//!
//! A watcher's tick ([`crate::mesh::Tick`]) does no IO: it says what it wants as a [`Request`] and is told an
//! [`Answer`]. Stores implement the two traits here; a body carries the requests to them, to platforms and to people, side
//! by side. The simulator answers the same requests itself, late, twice, wrongly or never.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use standin_core::mesh::claim::{Order, Probed, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::quorum::Register;
use standin_core::mesh::ruling::Ruling;
use standin_core::mesh::swap::Swapped;

use crate::mesh::record::Record;

/// What a store keeps for one target, or for the brake of one platform. With one home arbiter only its value is used; with three stores all of it.
pub type Decision = Register<Ruling>;

/// What a store calls one state of one object: an etag, a commit, a row version. Opaque, compared by the store alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version(pub Arc<str>);

/// An answer of a store, with its own clock when it gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped<T> {
    /// On the clock of the store that answered.
    pub at: StoreTime,
    /// What it answered.
    pub value: T,
}

/// A decision as it was read, decoded once per version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Which state of it.
    pub version: Version,
    /// What it says.
    pub decision: Arc<Decision>,
}

/// Why a store gave nothing to read. Nothing was changed; what is not read is unknown, never absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It did not answer in time, or refused; the caller looks again at its next tick.
    #[error("the store did not answer")]
    Unreachable,
    /// It answered something that is no record of this format: counted and alerted, never overwritten.
    #[error("the store answered something that cannot be read")]
    Garbage,
}

/// Why a record may not have been written. The caller writes a newer one at its next tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Definite: nothing was written.
    #[error("the store refused the record")]
    Refused,
    /// Both is possible.
    #[error("the store's answer was lost")]
    Unknown,
}

/// The answer to a conditional write: definite success, definite failure, or unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwapAnswer {
    /// Definite: written, on what was expected. This is its version now.
    Won(Stamped<Version>),
    /// Definite: not written. Something else was there, or the store refused before it looked.
    Lost,
    /// The answer was lost. It may be written, now or later.
    Unknown,
}

impl From<&SwapAnswer> for Swapped {
    fn from(answer: &SwapAnswer) -> Self {
        match answer {
            SwapAnswer::Won(_) => Self::Won,
            SwapAnswer::Lost => Self::Lost,
            SwapAnswer::Unknown => Self::Unknown,
        }
    }
}

/// What a platform says of one target, in its own words of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Nothing that says either. Not a failure.
    Unknown,
    /// It does what it should.
    Well,
    /// It does not.
    Down,
    /// Somebody has stopped it: it is left alone, also where nobody can see it later.
    Stopped,
    /// The newest slot that has a run which has not failed; the epoch when none has.
    Covered(StoreTime),
}

/// What one look at a platform gave: one fact a target, by the target's number; what is missing is unknown.
pub type Survey = Vec<(usize, Fact)>;

/// The number of a request, unique within its tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u32);

/// The number of a store, a platform, a peer or a target in [`crate::mesh::Setup`].
pub type Number = usize;

/// What a tick wants done. Each is tried once, and given up after the setup's time for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Read the records of all peers from a store.
    ReadEvidence(Number),
    /// Write the own record to a store.
    WriteEvidence(Number, Arc<Record>),
    /// Read what a store has decided for a target.
    ReadDecision {
        /// The store.
        store: Number,
        /// The target, or the brake of a platform.
        cell: Number,
    },
    /// Write a decision, if this version is still there; `None` for nothing.
    SwapDecision {
        /// The store.
        store: Number,
        /// The target, or the brake of a platform.
        cell: Number,
        /// What must still be there.
        expect: Option<Version>,
        /// What to write.
        next: Arc<Decision>,
    },
    /// Look at all targets of a platform that this peer can see.
    Survey(Number),
    /// Ask one target itself, now, how it is; `slot` asks for one slot. An answer that may be old is [`Probed::Unknown`]. A target that this peer cannot see is only asked
    /// for while the peer that sees it is silent, and its heartbeats are elsewhere: what do those say?
    Probe {
        /// The target.
        target: Number,
        /// Only whether this slot has a run.
        slot: Option<StoreTime>,
    },
    /// Carry out the recovery of a target, once: the remedy of the order's attempt, see
    /// [`crate::mesh::TargetSetup::rung`]. Never asked of a peer that is not able to. Where that starts a backup which
    /// serves the target, the order's epoch counts instead of its key: an older one than the last is refused. The backup
    /// itself reads the claim, begins only while that is held at this epoch, and stops when its lease ends.
    Send {
        /// The target.
        target: Number,
        /// For which slot, if it is about one.
        slot: Option<StoreTime>,
        /// The right to.
        order: Order,
    },
    /// Ask the backup that serves a target whether it works.
    ProbeBackup(Number),
    /// Stop the backup that serves a target, and see that it has stopped. [`Sent::Accepted`] says that it has. Repeating
    /// it does no harm.
    Stop {
        /// The target.
        target: Number,
        /// The epoch of the handback that the primary has agreed to: what was started in a later one goes on.
        epoch: u64,
    },
    /// Ask a peer's platform to start its tick now. Harmless when it does so anyway.
    Wake(Number),
    /// Tell a person. It fails open: told twice is better than never.
    Notify(Notice),
    /// Answer after this long.
    Sleep(Duration),
}

/// What a person is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Notice {
    /// A peer has been silent for too long.
    PeerSilent(Number),
    /// One that people were told of gives signs of life again.
    PeerBack(Number),
    /// A target needs help, and who decides for it cannot be reached: nothing was done.
    NoArbiter(Number),
    /// All attempts at a target are used.
    Exhausted(Number),
    /// What is stored for a target is not to be believed.
    Garbage(Number),
    /// Most of a platform is down at once: its members are recovered a few at a time.
    MassFailure {
        /// Which platform.
        platform: Number,
        /// Which of its targets are down.
        members: Arc<[Number]>,
    },
    /// A target was in need of a person, and is well again.
    Recovered(Number),
    /// A backup does the work of a target.
    Serving(Number),
    /// The primary does it again.
    HandedBack(Number),
    /// Most of a platform is well again.
    PlatformWell(Number),
    /// Something on a platform needs help, and its brake cannot be read: nothing was done.
    NoBrake(Number),
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Of [`Request::ReadEvidence`].
    Evidence(Result<Stamped<Vec<Arc<Record>>>, ReadError>),
    /// Of [`Request::WriteEvidence`].
    Written(Result<StoreTime, WriteError>),
    /// Of [`Request::ReadDecision`]; `None` when nothing was decided yet.
    Decision(Result<Stamped<Option<Held>>, ReadError>),
    /// Of [`Request::SwapDecision`].
    Swapped(SwapAnswer),
    /// Of [`Request::Survey`]; `None` when the platform did not answer.
    Surveyed(Option<Survey>),
    /// Of [`Request::Probe`] and [`Request::ProbeBackup`].
    Probed(Probed),
    /// Of [`Request::Send`] and [`Request::Stop`].
    Sent(Sent),
    /// Of [`Request::Wake`], [`Request::Notify`] and [`Request::Sleep`]: it is over, however it went.
    Over,
}

impl Request {
    /// What a driver answers when the time for a request is over, or the adapter has failed: what is then known.
    pub fn unanswered(&self) -> Answer {
        match self {
            Self::ReadEvidence(_) => Answer::Evidence(Err(ReadError::Unreachable)),
            Self::WriteEvidence(..) => Answer::Written(Err(WriteError::Unknown)),
            Self::ReadDecision { .. } => Answer::Decision(Err(ReadError::Unreachable)),
            Self::SwapDecision { .. } => Answer::Swapped(SwapAnswer::Unknown),
            Self::Survey(_) => Answer::Surveyed(None),
            Self::Probe { .. } | Self::ProbeBackup(_) => Answer::Probed(Probed::Unknown),
            Self::Send { .. } | Self::Stop { .. } => Answer::Sent(Sent::Unknown),
            Self::Wake(_) | Self::Notify(_) | Self::Sleep(_) => Answer::Over,
        }
    }
}

/// Where peers leave their records for one another. Records have one writer each and are never lost by a conflict.
pub trait EvidenceStore: Send + Sync {
    /// The records of all peers, decoded once per version. Whoever cannot read one leaves it out.
    fn read(&self) -> impl Future<Output = Result<Stamped<Vec<Arc<Record>>>, ReadError>> + Send;

    /// Writes the own record over the last one.
    fn write(&self, record: &Record) -> impl Future<Output = Result<StoreTime, WriteError>> + Send;
}

/// Where decisions are made: a store with a true compare-and-swap, which has passed the conformance suite.
///
/// Adapters try once. An error *before* the request has left, and an error that the store gives without having looked
/// (429, a refused connection), is [`SwapAnswer::Lost`]; every other one is [`SwapAnswer::Unknown`]. Whoever is not
/// sure says unknown.
pub trait DecisionStore: Send + Sync {
    /// What is decided for a cell.
    fn read(&self, cell: &str) -> impl Future<Output = Result<Stamped<Option<Held>>, ReadError>> + Send;

    /// Writes `next` if `expect` is still there.
    fn swap(
        &self,
        cell: &str,
        expect: Option<&Version>,
        next: &Decision,
    ) -> impl Future<Output = SwapAnswer> + Send;
}
