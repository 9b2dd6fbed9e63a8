//! The binary as it ships, one event at a time, against the stage.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod killed;
mod routes;
mod set;
mod ticks;
