//! What holds for the tree as a whole, and that no compiler checks: who may depend on whom, what the pure crates may
//! touch, how long a file may be, what the papers say.
//!
//! Everything is read from the files; nothing is run but `cargo metadata`, offline. `ARCHITECTURE.md` names these
//! tests beside the invariants that they hold.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod arrows;
mod licences;
mod papers;
mod purity;
mod rust;
mod scripts;
mod tree;

/// Fails with all complaints at once, one a line.
#[track_caller]
fn assert_none(what: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{what}:\n  {}", complaints.join("\n  "));
}
