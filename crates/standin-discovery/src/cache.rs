//! What an earlier scan found in files that have not changed since, so that they are not read again.
//!
//! A cache is a text: a first line with the version, then a line for each file with its path, its stamp, and what was
//! found in it as JSON. Whoever scans keeps it wherever it likes. A line that cannot be read is a file that is read
//! again; a first line that is not this version's empties the cache. [`FORMAT`] grows whenever a rule changes, so that
//! no finding of an older rule is kept.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use standin_core::automation::{Automation, Finding};

use crate::limits::MAX_CACHE_BYTES;

/// The version of the cache, and of the rules whose findings are in it.
pub const FORMAT: u32 = 3;

const NAME: &str = "standin-scan-cache";

/// What was found in one file by itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) automations: Vec<Automation>,
    pub(crate) findings: Vec<Finding>,
}

/// By what a changed file is known: its size, its times and its number on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    inode: u64,
}

impl Stamp {
    /// The stamp of a file; `None` if it is none, or cannot be asked.
    pub(crate) fn of(file: &Path) -> Option<Self> {
        let about = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file)?;
        Some(Self {
            size: about.len(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
            inode: about.ino(),
        })
    }

    fn write(&self) -> String {
        let Self { size, modified, changed, inode } = self;
        format!("{size} {}.{} {}.{} {inode}", modified.0, modified.1, changed.0, changed.1)
    }
}

/// What earlier scans found. The default knows nothing, and makes a scan read everything.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    /// By path: the stamp as it is written, and what was found as JSON.
    files: BTreeMap<String, (String, String)>,
    state: State,
}

/// Whether a cache holds something that its text did not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    AsRead,
    Changed,
}

impl Cache {
    /// Reads a cache. What is damaged, or another version's, is left out.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let mut lines = text.lines();
        if lines.next() != Some(first_line().as_str()) {
            return Self::default();
        }
        let entry = |line: &str| {
            let mut parts = line.splitn(3, '\t').map(str::to_owned);
            Some((parts.next()?, (parts.next()?, parts.next()?)))
        };
        Self { files: lines.filter_map(entry).collect(), state: State::AsRead }
    }

    /// The cache as [`Cache::from_bytes`] reads it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = first_line();
        text.push('\n');
        for (path, (stamp, found)) in &self.files {
            let line = [path.as_str(), "\t", stamp, "\t", found, "\n"];
            if text.len().saturating_add(line.iter().map(|part| part.len()).sum()) > MAX_CACHE_BYTES {
                break;
            }
            text.extend(line);
        }
        text.into_bytes()
    }

    /// Whether it holds anything else than when it was read, so that it is worth writing.
    pub fn is_changed(&self) -> bool {
        self.state == State::Changed
    }

    /// What is known of a file with this stamp.
    pub(crate) fn get(&self, path: &str, stamp: &Stamp) -> Option<Kept> {
        let (known, found) = self.files.get(path)?;
        if *known != stamp.write() {
            return None;
        }
        serde_json::from_str(found).ok()
    }

    /// Keeps what was found in a file. A path that would not fit on a line is not kept.
    pub(crate) fn keep(&mut self, path: &str, stamp: &Stamp, found: &Kept) {
        if path.contains(['\t', '\n', '\r']) {
            return;
        }
        if let Ok(json) = serde_json::to_string(found) {
            self.files.insert(path.to_owned(), (stamp.write(), json));
            self.state = State::Changed;
        }
    }

    /// Forgets the files of a folder that are not there any more.
    pub(crate) fn retain(&mut self, folder: &str, is_there: impl Fn(&str) -> bool) {
        let before = self.files.len();
        self.files.retain(|path, _| !path.starts_with(folder) || is_there(path));
        if self.files.len() != before {
            self.state = State::Changed;
        }
    }
}

fn first_line() -> String {
    format!("{NAME} {FORMAT} {}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests;
