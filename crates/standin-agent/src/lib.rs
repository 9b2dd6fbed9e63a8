//! The local body of Standin: the loop, the heartbeat listener, the control API and the logs.

pub mod api;
pub mod control;
mod crash;
pub mod lock;
pub mod logs;
pub mod mesh;
pub mod pings;
pub mod serve;
pub mod sources;
pub mod spool;
pub mod state_dir;
pub mod status;
mod trim;
pub mod watcher;
