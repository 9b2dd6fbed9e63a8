//! Finds what runs by itself in a repository: GitHub workflows, PM2 apps, Netlify functions, npm scripts.
//!
//! Files are read and nothing of the repository is executed: JavaScript is parsed, and what only running it would
//! tell is said to be computed, never guessed. Whatever is wrong with a file is a finding with its line, and the scan
//! goes on; every limit has a name in [`limits`].
//!
//! One detector is one file and one line of the registry.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use standin_core::automation::Inventory;

mod asked;
mod aws;
mod built;
pub mod cache;
mod contents;
mod cron;
mod crontab;
mod files;
mod findings;
mod github_actions;
mod hollow;
mod hosted;
mod js;
mod kubernetes;
pub mod limits;
mod lines;
mod netlify;
mod npm_scripts;
mod pm2;
mod registry;
mod scripts;
mod side_by_side;
mod steps;
mod systemd;
mod terraform;
mod toml_file;
mod value;
mod walk;
mod yaml;
mod yaml_stream;

pub use cache::Cache;
pub use hollow::{Hollow, gone, gone_command, hollow, idle_command};
pub use pm2::computed as computed_configurations;

/// What a scan leaves out beyond its own rules. The default leaves out nothing more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanOptions {
    /// Names of folders that are not entered, wherever they are.
    pub skip_folders: Vec<String>,
    /// What PM2's configurations gave when somebody ran them, by path: a scan itself runs nothing.
    pub evaluated: BTreeMap<String, Evaluated>,
}

/// What came of running a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evaluated {
    /// What it exports, as JSON.
    Said(String),
    /// Why it said nothing, for people: one line.
    Failed(String),
}

/// Why there is no inventory at all. Nothing was kept.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The root is not there, or cannot be read. Name a folder that can.
    #[error("{} cannot be scanned: {source}", path.display())]
    Root {
        /// The path as it was given.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The root is a file. Name the folder that it is in.
    #[error("{} is not a folder: name the folder that it is in", path.display())]
    NotAFolder {
        /// The path as it was given.
        path: PathBuf,
    },
}

/// Reads everything below `root` that says what runs by itself. Folders named in `.gitignore` files, `node_modules`,
/// `.git`, `.standin`, `.tools` and `target` are left out; links to folders are not followed.
///
/// # Errors
/// [`ScanError`] when `root` is no folder that can be read. Anything wrong below it is a finding.
pub fn scan(root: &Path, options: &ScanOptions) -> Result<Inventory, ScanError> {
    scan_with(root, options, &mut Cache::default(), &|_| {})
}

/// How far a scan has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files that are looked at so far.
    pub seen: usize,
    /// Those of them that had to be read and parsed.
    pub parsed: usize,
}

/// As [`scan`], and files that have not changed since the cache was filled are not parsed again. `note` is told how far
/// the scan is, several times a second on any disk, from the thread that called this.
///
/// # Errors
/// As [`scan`]; the cache is as it was then.
pub fn scan_with(
    root: &Path,
    options: &ScanOptions,
    cache: &mut Cache,
    note: &dyn Fn(Progress),
) -> Result<Inventory, ScanError> {
    let failed = |source| ScanError::Root { path: root.to_owned(), source };
    let real = root.canonicalize().map_err(failed)?;
    if !real.is_dir() {
        return Err(ScanError::NotAFolder { path: root.to_owned() });
    }
    std::fs::read_dir(&real).map_err(failed)?;
    // What configurations say when they are run is nothing that the disk tells.
    let is_of_the_disk = options.evaluated.is_empty();
    if is_of_the_disk && let Some((inventory, seen)) = cache.inventory(&real, options) {
        note(Progress { seen, parsed: 0 });
        return Ok(inventory);
    }
    let real = asked::Root::new(real);
    cache.open();
    let mut gathered = findings::Gathered::default();
    let entries = walk::list(&real, options, &mut gathered.findings);
    let repository = registry::Repository {
        root: &real,
        entries: &entries,
        evaluated: &options.evaluated,
        cache: RefCell::new(std::mem::take(cache)),
        programs: OnceCell::new(),
        imported: OnceCell::new(),
        note,
    };
    for detector in registry::DETECTORS {
        (detector.detect)(&repository, &mut gathered);
    }
    *cache = repository.cache.into_inner();
    let inventory = gathered.into_inventory();
    if is_of_the_disk {
        cache.keep_inventory(&real, options, real.take_asked().as_deref(), &inventory);
    }
    Ok(inventory)
}

#[cfg(test)]
mod tests;
