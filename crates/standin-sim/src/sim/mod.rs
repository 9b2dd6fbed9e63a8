//! The event-heap simulator: the mesh tick that ships, with everything around it going wrong.
//!
//! A [`Plan`] is a seed and a list of faults; [`run`] answers what came of it. The same plan gives the same events.

pub mod ask;
mod asking;
mod braking;
mod clocks;
pub mod fault;
mod lateness;
mod laws;
mod post;
mod primaries;
mod queue;
pub mod rng;
mod run;
pub mod scene;
mod serve;
mod serving;
mod shrink;
mod truth;
pub mod world;

pub use lateness::Lateness;
#[cfg(feature = "proof")]
pub use lateness::TracesError;
pub use laws::Broken;
pub use run::{Outcome, Plan, run};
pub use shrink::shrink;
pub use truth::EPOCH_MS;
pub use world::{Tamper, World, WorldError};
