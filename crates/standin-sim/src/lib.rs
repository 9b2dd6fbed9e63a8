//! The proof of Standin's protocol.
//!
//! [`model`] walks through every order of events of small meshes. It drives the state machines of `standin-core`, the
//! ones that ship: a model only decides what happens to them.

pub mod model;
pub mod sim;
