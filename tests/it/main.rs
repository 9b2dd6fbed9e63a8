//! End-to-end tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation)] // process numbers and bytes that are known to be small

mod beats;
mod cli;
mod example;
mod function;
mod platforms;
mod pm2;
mod reports;
mod runs;
mod shims;
mod simulate;
mod stage;
mod stagecraft;
mod state;
mod stores;
mod stores_github;
mod tidy;
