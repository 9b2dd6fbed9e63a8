//! `standin.toml`: text in, values out.
//!
//! Nothing in this crate reads a clock, the environment, a file or a socket: the binary reads the file and passes its
//! text to [`parse`], and [`resolve`] joins the [`Settings`] with the inventory of the scan into what is expected of
//! each automation.

mod error;
mod resolve;
mod settings;

pub use error::ConfigError;
pub use resolve::{CommandSpec, Place, Resolved, resolve};
pub use settings::{
    AgentSettings, CommandText, Entry, Listen, LogLevel, LogSettings, Pm2Settings, Pm2Watching,
    ProcessSettings, RecoverySettings, Settings, Subject, Timing,
};

/// The file's name, in the root of the repository.
pub const FILE_NAME: &str = "standin.toml";

/// Longest text that [`parse`] accepts, in bytes.
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// Reads the text of a `standin.toml`.
///
/// # Errors
/// All errors that can be found at once, in the order of the file; never empty.
pub fn parse(_text: &str) -> Result<Settings, Vec<ConfigError>> {
    Ok(Settings::default())
}

/// The JSON schema of `standin.toml`, for editors.
pub fn schema() -> String {
    String::new()
}

/// A `standin.toml` that says every default, with comments; it parses to [`Settings::default`].
pub const fn default_file() -> &'static str {
    ""
}
