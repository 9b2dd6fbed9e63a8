//! The files that an agent has read: whether they still are as they were then.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// How long an answer holds: a look at the files is not needed for each tick.
const FRESH: Duration = Duration::from_secs(5);
/// Most files that are looked at.
const MAX_FILES: usize = 1_000;

/// A file's looks from outside; `None` where there is none.
type Print = Option<(u64, Option<SystemTime>)>;

/// The files, as they were when they were read.
#[derive(Debug)]
pub struct Sources {
    root: PathBuf,
    files: Vec<(String, Print)>,
    answer: Vec<String>,
    asked: Option<Instant>,
}

impl Sources {
    /// These files below `root`, as they are now. A file that does not exist is one that may come.
    pub fn of(root: &Path, mut names: Vec<String>) -> Self {
        names.sort();
        names.dedup();
        names.truncate(MAX_FILES);
        let files = names.into_iter().map(|name| (name.clone(), print(&root.join(name)))).collect();
        Self { root: root.to_owned(), files, answer: Vec::new(), asked: None }
    }

    /// Those that have changed, come or gone since; as of a few seconds ago at most.
    pub fn changed(&mut self) -> Vec<String> {
        if self.asked.is_none_or(|asked| asked.elapsed() >= FRESH) {
            self.asked = Some(Instant::now());
            let changed = self.files.iter().filter(|(name, before)| print(&self.root.join(name)) != *before);
            self.answer = changed.map(|(name, _)| name.clone()).collect();
        }
        self.answer.clone()
    }
}

fn print(path: &Path) -> Print {
    let found = fs::metadata(path).ok()?;
    Some((found.len(), found.modified().ok()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_changes_comes_or_goes_is_named() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["same", "other", "gone"] {
            fs::write(dir.path().join(name), "a").unwrap();
        }
        let names = ["same", "other", "gone", "new", "never"].map(str::to_owned).to_vec();
        let mut sources = Sources::of(dir.path(), names);
        assert!(sources.changed().is_empty());
        fs::write(dir.path().join("other"), "ab").unwrap();
        fs::write(dir.path().join("new"), "").unwrap();
        fs::remove_file(dir.path().join("gone")).unwrap();
        sources.asked = None;
        assert_eq!(sources.changed(), ["gone", "new", "other"]);
    }
}
