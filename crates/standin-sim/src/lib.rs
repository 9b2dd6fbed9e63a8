//! The proof of Standin's protocol, and what it says to a user.
//!
//! `model` walks through every order of events of small meshes. It drives the state machines of `standin-core`, the
//! ones that ship: a model only decides what happens to them. [`sim`] runs whole meshes for days with the tick that
//! ships; [`sim::ask`] does so with a user's own mesh and the outages that they ask about.

#[cfg(feature = "proof")]
pub mod model;
pub mod sim;
