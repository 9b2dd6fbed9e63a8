//! The only orchestrator of Standin: it reads through its ports, asks the core, remembers, and only then acts.

pub mod carry;
pub mod json_v1;
pub mod mesh;
pub mod ports;
pub mod recover;
pub mod render;
pub mod tick;
mod unsaved;
