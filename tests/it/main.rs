//! End-to-end tests.

mod cli;
mod example;
mod shims;
mod stage;
mod state;
mod tidy;
