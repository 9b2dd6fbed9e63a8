//! A repository as a command sees it: its root, its settings, what runs in it, where its state is.

mod remembered;

use std::io::Read;
use std::path::{Path, PathBuf};

use standin_agent::state_dir::StateDir;
use standin_config::{ConfigError, FILE_NAME, MAX_FILE_BYTES, Place, Resolved, Settings};
use standin_core::automation::Detail;
use standin_core::observation::OwnedApp;
use standin_core::watch::Expectation;
use standin_discovery::ScanOptions;

use crate::exit::Failure;

/// The root of a repository, and where its state is kept.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    /// Absolute, without links.
    pub path: PathBuf,
    /// Its state.
    pub state: StateDir,
}

/// A repository with its settings joined to its inventory.
pub(crate) struct Project {
    /// Where it is.
    pub root: Root,
    /// What its file says.
    pub settings: Settings,
    /// What is expected of what runs in it.
    pub resolved: Resolved,
}

impl Root {
    /// The repository that the user means: the one named, else the nearest folder above with a state or settings within
    /// the same Git repository, else the root of that, else this folder.
    pub(crate) fn find(given: Option<&Path>) -> Result<Self, Failure> {
        let path = match given {
            Some(path) => path.to_path_buf(),
            None => nearest()?,
        };
        let what = format!("{} is not a folder that can be read", path.display());
        let path =
            path.canonicalize().map_err(Failure::io(what.clone())).map_err(|failure| as_usage(&failure))?;
        if !path.is_dir() {
            return Err(Failure::Usage(format!("{what}: name the root of a repository")));
        }
        let state = StateDir::of(&path);
        Ok(Self { path, state })
    }

    /// Reads the settings; without a file they are the defaults.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let path = self.path.join(FILE_NAME);
        let what = || format!("{} cannot be read", path.display());
        let file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Settings::default()),
            Err(error) => return Err(Failure::Io { what: what(), source: error }),
        };
        let mut bytes = Vec::new();
        let limit = MAX_FILE_BYTES as u64 + 1;
        file.take(limit).read_to_end(&mut bytes).map_err(Failure::io(what()))?;
        let text = text_of(&bytes).map_err(|error| Failure::Configuration(vec![error]))?;
        standin_config::parse(text).map_err(Failure::Configuration)
    }
}

impl Project {
    /// Reads the settings, scans the repository and joins both.
    pub(crate) fn load(given: Option<&Path>) -> Result<Self, Failure> {
        Self::load_with(given, &ScanOptions::default())
    }

    /// The same, with what is known beyond the files.
    pub(crate) fn load_with(given: Option<&Path>, options: &ScanOptions) -> Result<Self, Failure> {
        let root = Root::find(given)?;
        let settings = root.settings()?;
        let inventory = remembered::scan(&root, options)?;
        let zone = jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_owned();
        let place = Place { root: &root.path.to_string_lossy(), zone: &zone };
        let mut resolved = standin_config::resolve(&settings, inventory, place);
        let errors: Vec<ConfigError> = std::mem::take(&mut resolved.errors);
        if errors.is_empty() {
            Ok(Self { root, settings, resolved })
        } else {
            Err(Failure::Configuration(errors))
        }
    }

    /// The files that say what is watched, relative to the root.
    pub(crate) fn files(&self) -> Vec<String> {
        let sources = self.resolved.inventory.automations.iter().map(|a| a.source.path.clone());
        sources.chain([FILE_NAME.to_owned()]).collect()
    }

    /// The PM2 apps that are watched as processes.
    pub(crate) fn apps(&self) -> Vec<OwnedApp> {
        let watched = |id| {
            let watch = self.resolved.watches.iter().find(|w| &w.id == id);
            watch.is_some_and(|w| w.expectations.iter().any(|e| matches!(e, Expectation::Process(_))))
        };
        let list = self.resolved.inventory.automations.iter().filter(|a| watched(&a.id));
        list.filter_map(|automation| match &automation.detail {
            // A script that is computed cannot be told from another's.
            Detail::Pm2App { script, .. } if !script.is_empty() => Some(OwnedApp {
                id: automation.id.clone(),
                name: automation.id.name().to_owned(),
                script: script.clone(),
                file: self.root.path.join(&automation.source.path).to_string_lossy().into_owned(),
            }),
            Detail::Plain
            | Detail::Pm2App { .. }
            | Detail::NpmScript { .. }
            | Detail::NetlifyFunction { .. }
            | Detail::Workflow(_) => None,
        })
        .collect()
    }
}

/// The settings as text, or where they stop being text.
fn text_of(bytes: &[u8]) -> Result<&str, ConfigError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
        ConfigError {
            line: count(before.matches('\n').count()),
            column: count(before.rsplit('\n').next().unwrap_or_default().chars().count()),
            message: format!("byte {} is not UTF-8", error.valid_up_to()),
            fix: "write it as plain text; `standin schema --default-file` prints a file to start from"
                .to_owned(),
        }
    })
}

fn nearest() -> Result<PathBuf, Failure> {
    let here = std::env::current_dir().map_err(Failure::io("this folder cannot be read"))?;
    Ok(root_of(&here).to_path_buf())
}

/// Settings that lie above a repository are another's, such as one that is kept in somebody's home.
fn root_of(here: &Path) -> &Path {
    let is_marked =
        |dir: &Path| dir.join(standin_agent::state_dir::NAME).is_dir() || dir.join(FILE_NAME).is_file();
    let is_repository = |dir: &Path| dir.join(".git").exists();
    let found = here.ancestors().find(|dir| is_marked(dir) || is_repository(dir));
    found.unwrap_or(here)
}

fn as_usage(failure: &Failure) -> Failure {
    Failure::Usage(failure.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_folder_of_a_repository_is_looked_at_with_the_whole_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["home/.standin", "home/shop/.git", "home/shop/a/b", "home/plain/c"] {
            std::fs::create_dir_all(at(path)).unwrap();
        }
        assert_eq!(root_of(&at("home/shop/a/b")), at("home/shop"));
        assert_eq!(root_of(&at("home/shop")), at("home/shop"));
        // Outside of every repository the settings are the user's.
        assert_eq!(root_of(&at("home/plain/c")), at("home"));
        // A part with settings of its own is looked at by itself.
        std::fs::write(at("home/shop/a/standin.toml"), "").unwrap();
        assert_eq!(root_of(&at("home/shop/a/b")), at("home/shop/a"));
        // A linked worktree and a submodule have a file.
        std::fs::create_dir_all(at("home/shop/a/b/sub/deep")).unwrap();
        std::fs::write(at("home/shop/a/b/sub/.git"), "gitdir: x").unwrap();
        assert_eq!(root_of(&at("home/shop/a/b/sub/deep")), at("home/shop/a/b/sub"));
    }
}
