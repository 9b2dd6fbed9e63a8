//! The stage against plain HTTP, as a client sees it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod access;
mod actions;
mod faults;
mod git;
mod graphql;
mod netlify;
mod set;
