//! The adapter against the real PM2, as users have it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod apps;
mod daemon;
mod figures;
mod hosting;
mod stage;
mod strangers;
