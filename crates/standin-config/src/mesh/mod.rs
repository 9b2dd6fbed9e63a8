//! The mesh: the watchers, the stores that they share, and what each automation's ladder of remedies is.
//!
//! `standin.toml` says it ([`MeshSettings`]); joined with the inventory it becomes [`Mesh`], which all bodies share:
//! the agent and the Action compute it from the repository, a function carries it as a file.

mod check;
mod plan;
mod settings;
pub(crate) mod shape;

#[cfg(test)]
mod tests;

pub use plan::{Beats, Mesh, MeshError, Target, Timing, mesh};
pub use settings::{
    AlertSettings, AwsSettings, GithubSettings, MeshSettings, NetlifySettings, PeerKind, PeerSettings,
    Proved, Remedy, SshSettings, StoreSettings,
};
