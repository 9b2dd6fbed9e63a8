//! A repository on this machine: its settings and what runs in it, joined to a mesh.

use std::io::Read;
use std::path::{Path, PathBuf};

use standin_config::mesh::{Mesh, mesh};
use standin_config::{ConfigError, FILE_NAME, MAX_FILE_BYTES, Place, Resolved, Settings};
use standin_discovery::ScanOptions;

/// A repository.
#[derive(Debug, Clone)]
pub struct Repository {
    /// Absolute.
    pub root: PathBuf,
    /// What its file says.
    pub settings: Settings,
    /// What is expected of what runs in it.
    pub resolved: Resolved,
    /// What its watchers share.
    pub mesh: Mesh,
}

/// Why it cannot be used. Nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// The folder or its file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file says what cannot be.
    #[error("{}", lines(.0))]
    Configuration(Vec<ConfigError>),
    /// The folder cannot be scanned.
    #[error("{0}")]
    Scan(String),
}

fn lines(errors: &[ConfigError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Reads the settings of the repository at `root`, scans it, and joins both. Nothing of it is run.
///
/// # Errors
/// [`RepositoryError`].
pub fn load(root: &Path) -> Result<Repository, RepositoryError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| RepositoryError::Io { path, source }
    };
    let root = root.canonicalize().map_err(io(root))?;
    let settings = settings(&root)?;
    let inventory = standin_discovery::scan(&root, &ScanOptions::default())
        .map_err(|error| RepositoryError::Scan(error.to_string()))?;
    let zone = jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_owned();
    let mut resolved =
        standin_config::resolve(&settings, inventory, Place { root: &root.to_string_lossy(), zone: &zone });
    let errors = std::mem::take(&mut resolved.errors);
    if !errors.is_empty() {
        return Err(RepositoryError::Configuration(errors));
    }
    let mesh = mesh(&settings, &resolved.inventory, &zone).map_err(RepositoryError::Configuration)?;
    Ok(Repository { root, settings, resolved, mesh })
}

fn settings(root: &Path) -> Result<Settings, RepositoryError> {
    let path = root.join(FILE_NAME);
    let file = match std::fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Settings::default()),
        Err(source) => return Err(RepositoryError::Io { path, source }),
    };
    let mut bytes = Vec::new();
    let read = file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|source| RepositoryError::Io { path: path.clone(), source })?;
    let text = String::from_utf8(bytes).map_err(|error| RepositoryError::Io {
        path,
        source: std::io::Error::new(std::io::ErrorKind::InvalidData, error.to_string()),
    })?;
    standin_config::parse(&text).map_err(RepositoryError::Configuration)
}
