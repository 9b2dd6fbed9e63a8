//! The agent's own logs: text or JSON on standard error, and JSON lines in a file for each part and day.
//!
//! Whoever logs formats the line, takes the secrets out and hands it to a bounded queue; one thread writes. A disk that
//! hangs therefore delays nobody: lines beyond the queue are dropped, counted, and the count is logged.

mod files;
mod part;
pub mod redact;
mod tail;
#[cfg(test)]
mod tests;
mod writer;

use std::io;
use std::path::PathBuf;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, filter, fmt};

pub use part::Part;
pub use redact::redact;
pub use tail::{Follow, LogLine, MAX_TAIL_LINES, tail};
pub use writer::{LogGuard, MAX_LINE_BYTES, MAX_QUEUED_BYTES};

use files::Files;
use writer::{FileLines, TerminalLines};

/// What the terminal gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terminal {
    /// Lines for people, on standard error.
    Text,
    /// JSON lines, on standard error.
    Json,
    /// Nothing.
    Off,
}

/// Where logs go, and how many.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// The folder; it is made if it is not there.
    pub dir: PathBuf,
    /// Lines above this level are left out. Libraries never get to say more than warnings.
    pub level: LevelFilter,
    /// For how many days files are kept.
    pub keep_days: u16,
    /// Bytes from which a file is rotated.
    pub rotate_bytes: u64,
    /// What the terminal gets.
    pub terminal: Terminal,
}

/// Why there are no logs. The caller says so on standard error and may go on without.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The folder cannot be made, or the writing thread not be started. Nothing was set up.
    #[error("the logs in {} cannot be written: {error}", dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// This process logs elsewhere already, and that stays as it is.
    #[error("logging is set up already")]
    SetAlready,
}

/// Sets up logging for this process. The guard must be kept until its end: it writes what is still in the queue.
///
/// # Errors
/// See [`LogError`].
pub fn init(options: LogOptions) -> Result<LogGuard, LogError> {
    let (subscriber, guard) = subscriber(options)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::SetAlready)?;
    Ok(guard)
}

/// What [`init`] sets up.
fn subscriber(options: LogOptions) -> Result<(impl Subscriber + Send + Sync, LogGuard), LogError> {
    let LogOptions { dir, level, keep_days, rotate_bytes, terminal } = options;
    let failed = |error| LogError::Folder { dir: dir.clone(), error };
    let files = Files::open(&dir, keep_days, rotate_bytes).map_err(failed)?;
    let (guard, queue) = writer::start(files).map_err(failed)?;
    let to_file = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    let text = fmt::layer().compact().with_ansi(false).with_writer(TerminalLines);
    let json = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    let on_terminal = match terminal {
        Terminal::Text => Some(text.boxed()),
        Terminal::Json => Some(json.with_writer(TerminalLines).boxed()),
        Terminal::Off => None,
    };
    // A filter by level and part alone, so that what is left out costs one comparison.
    let wanted = filter::filter_fn(move |m| {
        *m.level()
            <= if Part::of_target(m.target()) == Part::Other { level.min(LevelFilter::WARN) } else { level }
    })
    .with_max_level_hint(level);
    let subscriber = tracing_subscriber::registry()
        .with(wanted)
        .with(on_terminal)
        .with(to_file.with_writer(FileLines(queue)));
    Ok((subscriber, guard))
}
