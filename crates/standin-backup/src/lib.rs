//! Writes what stands in for automations: workflows, PM2 apps, Netlify functions, work of a machine.
//!
//! Pure: texts in, patches out. Nothing here reads a file, a clock or the environment; the same input gives the same
//! patches, and what they lead to gives none. A file without our mark (`standin_core::ownership`) is never written,
//! a primary never touched; what cannot be backed up honestly is refused with its reason.

mod edit;
mod file;
mod generate;
mod host;
mod json;
mod json_of_yaml;
mod netlify;
mod npm;
mod patch;
mod pm2;
mod settings;
mod times;
mod workflow;
mod yaml;

pub use file::{Files, Present};
pub use generate::{
    Generated, Inputs, Mode, NpmScripts, Refusal, SettingsFile, generate, remove, wanted_files,
    wanted_scripts,
};
pub use host::HostCommand;
pub use patch::{FilePatch, diff};

/// PM2's configuration of the backups, in the root of the repository.
pub const PM2_FILE: &str = "standin.backup.config.cjs";

/// Where GitHub looks for workflows.
pub const WORKFLOWS: &str = ".github/workflows/";
