//! The only orchestrator.
pub mod ports;
