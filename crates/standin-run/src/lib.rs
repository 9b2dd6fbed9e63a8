//! Runs an automation on this host in place of its platform: a workflow through `act`, a Netlify function through the
//! bundle that Netlify's own bundler makes, anything else as it is.
//!
//! [`work::work_of`] says what there is to run, [`fidelity`] what would be different here, [`prepare`] finds the tools and
//! the secrets, and [`process::run`] runs it.

mod act;
mod asked;
mod checkout;
mod dispatch;
pub mod fidelity;
mod function;
mod mask;
mod prepare;
pub mod process;
pub mod secrets;
pub mod tools;
pub mod work;
mod yaml;

pub use prepare::{Flag, Means, PrepareError, Ready, SECRETS_FILE, Trial, prepare};

/// Set for every run of a drill, so that a program can tell. Without it a run is meant.
pub const DRILL_FLAG: &str = "STANDIN_DRILL";
