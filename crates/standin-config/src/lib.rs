//! `standin.toml`: text in, values out.
//!
//! Nothing in this crate reads a clock, the environment, a file or a socket: the binary reads the file and passes its
//! text to [`parse`], and [`resolve`] joins the [`Settings`] with the inventory of the scan into what is expected of
//! each automation.

mod check;
pub mod covering;
mod entry;
mod error;
mod expect;
pub mod mesh;
mod nearest;
mod read;
mod resolve;
mod settings;
mod shape;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use error::ConfigError;
pub use nearest::nearest;
pub use resolve::{CommandSpec, PROGRAM, Place, Resolved, resolve};
pub use settings::{
    AgentSettings, BackupMode, BackupSettings, CommandText, Entry, Here, Listen, LogLevel, LogSettings,
    Pm2Settings, Pm2Watching, ProcessSettings, RecoverySettings, Settings, SideEffects, Subject, Timing,
};
pub use text::duration;

use check::Checker;
use error::Lines;
use standin_core::ident::AutomationId;

/// The file's name, in the root of the repository.
pub const FILE_NAME: &str = "standin.toml";

/// Longest text that [`parse`] accepts, in bytes.
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// Most `[[automation]]` entries of one file.
pub const MAX_AUTOMATIONS: usize = 1_000;

/// Reads the text of a `standin.toml`.
///
/// # Errors
/// All errors that can be found at once (a text that is not TOML hides the others), in the order of the file; never
/// empty, and never with the value of a variable in it.
pub fn parse(text: &str) -> Result<Settings, Vec<ConfigError>> {
    let mut errors = Vec::new();
    let read = read::read(text, &mut errors);
    let mut checker = Checker { lines: Lines::new(text), errors, warnings: Vec::new() };
    let file = read.file;
    let recovery = checker.recovery(&file.recovery);
    let process = checker.process(&file.process, &recovery.policy);
    let mut settings = Settings {
        agent: checker.agent(&file.agent),
        pm2: checker.pm2(&file.pm2),
        logs: checker.logs(&file.logs),
        backup: check::backup(&file.backup),
        recovery,
        process,
        mesh: checker.mesh(&file, &read.peers, &read.stores),
        automations: Vec::with_capacity(file.automation.len()),
        warnings: Vec::new(),
    };
    for (table, offset) in file.automation.iter().zip(read.offsets) {
        settings.automations.extend(checker.entry(table, offset));
    }
    refuse_doubles(&settings.automations, &mut checker.errors);
    refuse_idle(&settings, &mut checker.errors);
    if checker.errors.is_empty() {
        settings.warnings = checker.warnings;
        return Ok(settings);
    }
    checker.errors.sort();
    checker.errors.dedup();
    Err(checker.errors)
}

fn refuse_doubles(entries: &[Entry], errors: &mut Vec<ConfigError>) {
    let mut lines: BTreeMap<&AutomationId, u32> = BTreeMap::new();
    for entry in entries {
        if let Some(first) = lines.get(&entry.id) {
            errors.push(ConfigError {
                line: entry.line,
                column: entry.column,
                message: format!("`{}` has an entry already, in line {first}", entry.id),
                fix: "put everything about it into one entry".into(),
            });
        } else {
            lines.insert(&entry.id, entry.line);
        }
    }
}

/// A command that has no schedule and backs nothing up would never run.
fn refuse_idle(settings: &Settings, errors: &mut Vec<ConfigError>) {
    let backups = || {
        let of_automations = settings.automations.iter().filter_map(|entry| entry.backup.as_ref());
        of_automations.chain(settings.mesh.peers.iter().map(|peer| &peer.backup)).flatten()
    };
    for entry in &settings.automations {
        let is_backup = || backups().any(|remedy| *remedy == mesh::Remedy::Other(entry.id.clone()));
        if matches!(entry.subject, Subject::Command(_)) && entry.timing == Timing::Unsaid && !is_backup() {
            errors.push(ConfigError {
                line: entry.line,
                column: entry.column,
                message: "the command has no `schedule`, so it would never run".into(),
                fix: format!("add schedule = \"0 3 * * *\", or name `{}` as somebody's `backup`", entry.id),
            });
        }
    }
}

/// Whether Standin may act on an automation.
pub(crate) fn watch_recovery_is_act(settings: &Settings, entry: Option<&Entry>) -> bool {
    let said = entry.and_then(|entry| entry.recovery).unwrap_or(settings.recovery.mode);
    said == standin_core::watch::Recovery::Act
}

/// The JSON schema of `standin.toml`, for editors: pretty-printed, with a newline at its end.
pub fn schema() -> String {
    let schema = schemars::schema_for!(shape::File);
    // A schema is plain JSON, which can always be written.
    serde_json::to_string_pretty(&schema).map_or_else(|_| "{}\n".to_owned(), |text| text + "\n")
}

/// A `standin.toml` that says every default, with comments; it parses to [`Settings::default`].
pub const fn default_file() -> &'static str {
    include_str!("default.toml")
}
