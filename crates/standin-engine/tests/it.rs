//! The engine with twins of its ports: what is remembered, what is handed out, and what a restart makes of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "it/journal.rs"]
mod journal;
#[path = "it/persist.rs"]
mod persist;
#[path = "it/pm2.rs"]
mod pm2;
#[path = "it/restart.rs"]
mod restart;
#[path = "it/runner.rs"]
mod runner;
#[path = "it/runs.rs"]
mod runs;
#[path = "it/stage.rs"]
mod stage;
