//! Whole repositories: what is generated, that it is stable, and that the platforms would take it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod act;
mod errands;
mod fixtures;
mod herd;
mod mutations;
mod netlify;
mod options;
mod oracles;
mod pm2;
mod shop;
