//! The mesh tick: one bounded watch cycle of one watcher, as a state machine without IO.
//!
//! [`Tick::step`] takes one input and gives requests; whoever drives it answers them in any order, late or never. The
//! same code runs in the agent, in the function, in the Action and, with every fault, in the simulator.
//!
//! Its course: read the records of all peers from all stores and look at the platforms; judge the own health and
//! settle; write the own record, with what it suspects; for each target that needs help, wait for the rank, claim it
//! by compare-and-swap, probe it again, look at the clock, send with the key, confirm, record.

mod brake;
mod clocks;
mod errand;
mod favor;
mod gather;
mod judge;
mod outcome;
pub mod record;
mod register;
mod serving;
mod setup;
mod slots;
#[cfg(test)]
mod tests;
mod tick;

pub use clocks::Now;
pub use outcome::{Deed, Report};
pub use setup::{
    Backup, Body, BrakeSetup, Decider, Heartbeats, PeerSetup, PlatformSetup, Reach, Rung, SeenBy, Sent,
    Serving, Setup, SetupError, StoreSetup, TargetSetup, Watching,
};
pub use slots::Slots;
pub use tick::{Input, Tick};
