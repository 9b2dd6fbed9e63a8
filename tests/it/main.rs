//! End-to-end tests.

mod beats;
mod cli;
mod example;
mod pm2;
mod reports;
mod runs;
mod shims;
mod stage;
mod state;
mod tidy;
