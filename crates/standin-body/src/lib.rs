//! What the three bodies share: from the mesh of a repository to ticks that are carried out.
//!
//! [`setup::join`] gives a watcher its numbers, [`world::World`] carries requests to stores, platforms and people, and
//! [`check::check`] runs one tick. The Action and a function run one a start; the agent one a period.

pub mod alerts;
pub mod beyond;
pub mod by_hand;
pub mod check;
pub mod drill;
pub mod drive;
pub mod env;
#[cfg(feature = "scan")]
pub mod hollow;
pub mod host;
pub mod look;
pub mod ping;
pub mod platforms;
pub mod reach;
#[cfg(feature = "scan")]
pub mod repository;
pub mod setup;
pub mod slot;
pub mod store;
pub mod words;
pub mod world;
