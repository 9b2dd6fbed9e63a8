//! Exit codes, and the one map from failures to them. The README documents both.

use std::process::ExitCode;

use standin_agent::lock::LockError;
use standin_agent::logs::LogError;
use standin_agent::serve::ServeError;
use standin_config::ConfigError;
use standin_core::ident::IdError;
use standin_discovery::ScanError;
use standin_engine::ports::JournalError;
use standin_stores::OpenError;

/// What a command ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done, and all is well.
    Fine,
    /// 1: done, and something is unhealthy or was found.
    Found,
    /// 2: the command line is wrong.
    Usage,
    /// 3: the configuration is wrong.
    Configuration,
    /// 4: a platform or the agent refused, or cannot be reached.
    Platform,
    /// 5: Standin itself failed.
    Internal,
    /// What a wrapped command ended with.
    Wrapped(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Found => 1,
            Exit::Usage => 2,
            Exit::Configuration => 3,
            Exit::Platform => 4,
            Exit::Internal => 5,
            Exit::Wrapped(code) => code,
        })
    }
}

/// Why a command could not be done. Its `Display` is what the user reads: the first line says it all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Something on the command line does not exist or makes no sense. Nothing was done.
    #[error("{0}")]
    Usage(String),
    /// An id on the command line is none. Nothing was done.
    #[error(transparent)]
    Id(#[from] IdError),
    /// `standin.toml` is wrong. Nothing was done.
    #[error("{}", list(.0))]
    Configuration(Vec<ConfigError>),
    /// The repository cannot be scanned. Nothing was done.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// A platform or the agent refused, or cannot be reached.
    #[error("{0}")]
    Platform(String),
    /// Another agent holds the state.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The agent could not run.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The logs cannot be written.
    #[error(transparent)]
    Logs(#[from] LogError),
    /// The state cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The state cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A file cannot be read or written.
    #[error("{what}: {source}")]
    Io {
        /// Which, and what to do.
        what: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A fault of Standin itself.
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
}

impl Failure {
    /// An error of a file or folder, with what was tried.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// The exit code of this failure.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::Id(_) | Self::Scan(_) => Exit::Usage,
            Self::Configuration(_) => Exit::Configuration,
            Self::Io { source, .. } | Self::Serve(ServeError::Io(source)) if is_denied(source) => {
                Exit::Platform
            }
            Self::Platform(_) | Self::Lock(_) | Self::Serve(ServeError::Listen { .. }) => Exit::Platform,
            Self::Serve(ServeError::Journal(_) | ServeError::Io(_))
            | Self::Logs(_)
            | Self::Open(_)
            | Self::Journal(_)
            | Self::Io { .. }
            | Self::Internal(_) => Exit::Internal,
        }
    }
}

/// The operating system refused, as a platform does: that is no fault of Standin.
fn is_denied(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem | StorageFull)
}

fn list(errors: &[ConfigError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\nerror: ")
}
