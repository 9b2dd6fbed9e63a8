//! The pure core of Standin.
//!
//! Nothing in this crate reads a clock, the environment, a file or a socket, and nothing is async: time is a value
//! ([`jiff::Timestamp`]) that the caller passes in, and every decision is data that the caller carries out.
//!
//! The way of a value: [`automation::Inventory`] and [`observation::View`] go into [`assess::assess`], which gives a
//! [`verdict::Verdict`] for each automation; [`plan::plan`] turns verdicts into a [`plan::Plan`] of effects, each with
//! its reason.

pub mod assess;
pub mod automation;
pub mod beat;
pub mod effect;
pub mod health;
pub mod ident;
pub mod incident;
pub mod lateness;
pub mod mesh;
pub mod observation;
pub mod ownership;
pub mod plan;
pub mod policy;
pub mod run;
pub mod schedule;
pub mod time;
pub mod verdict;
pub mod watch;
