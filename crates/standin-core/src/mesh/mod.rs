//! The mesh: how several watchers that may be late, cut off or wrong still act once.
//!
//! Two planes. *Evidence* ([`evidence`]) is written by each peer for itself, to every store, and joined by every
//! reader. *Decisions* ([`cell`]) are one cell for each target in a store with a true compare-and-swap, never joined.
//!
//! Everything here is a value or a state machine: it is told what was read and what time it is on the store's clock,
//! and answers with what to do next. `docs/protocol.md` says what is promised and under which conditions.

pub mod arbiter;
pub mod brake;
pub mod cell;
pub mod claim;
pub mod clock;
pub mod confirm;
mod digest;
pub mod evidence;
pub mod fitness;
pub mod handback;
pub mod peer;
pub mod platform;
pub mod quorum;
pub mod rank;
pub mod ruling;
pub mod slot;
pub mod suspicion;
pub mod swap;
pub mod terms;

/// The version of everything in this module that a store keeps. Whoever writes a record puts it into the envelope;
/// a record with another version is unreadable, and so is nobody's licence to act.
pub const FORMAT: u32 = 1;
