//! Where Standin keeps what it must not forget.
//!
//! [`sqlite::Sqlite`] is the journal of the agent: one file, one writer, persist and then answer. [`memory::Memory`] is
//! its twin for tests and the simulator. Both pass [`conformance::journal`].

pub mod checks;
pub mod conformance;
pub mod memory;
pub mod record;
pub mod shared;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use checks::{Check, CheckError, Made};
pub use record::{Attempt, Flip};
#[cfg(feature = "sqlite")]
pub use sqlite::{Durability, OpenError, Opened, Reader, Sqlite, drills, record_drill};

/// Marks whose name begins with this belong to the store itself: they are not loaded, and a change cannot write them.
pub const RESERVED_MARKS: &str = "store.";
