//! What is in the way: files that no commit has, where the remote's commits have something.
//!
//! Git refuses to overwrite some of them, and overwrites ignored ones without a word. Here all are kept first, and then
//! moved aside.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::SyncError;
use crate::git::{Git, shown, zero_ended};
use crate::keep::look;
use crate::look::{Checkout, way_of};
use crate::{filtered, hidden};

/// Most files that are looked at in one folder that is in the way.
const MAX_FOUND: usize = 200_000;

/// How the branch goes to another commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Forward or by a merge: git itself stops at files that no commit has.
    Merged,
    /// The commits that only the branch has are put on top, one after the other.
    Rebased,
    /// By a reset, which stops at nothing.
    Reset,
}

impl Change {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Merged => "merge",
            Self::Rebased => "rebase",
            Self::Reset => "reset",
        }
    }
}

/// What a change meets.
#[derive(Debug)]
pub(crate) struct Met {
    /// Files and links that no commit has, and that have to go.
    pub(crate) in_the_way: Vec<PathBuf>,
    /// Tracked files that git takes for unchanged, with content that no commit has.
    pub(crate) filtered: Vec<PathBuf>,
    /// Every path that the change can write to or remove.
    pub(crate) touched: BTreeSet<PathBuf>,
}

/// Finds what is in the way when the branch goes from where it is to `target`.
pub(crate) fn find(git: &Git, checkout: &Checkout, target: &str, change: Change) -> Result<Met, SyncError> {
    let Checkout { head, changed, .. } = checkout;
    let between = Between::of(git, target)?;
    let mut touched: BTreeSet<PathBuf> = between.0.keys().cloned().collect();
    if change == Change::Rebased {
        // A commit may add what a later one removes: while they are put on top, each is in the files once.
        let local = format!("{target}..{head}");
        let log = ["log", "-m", "--no-renames", "--name-only", "--format=", "-z", &local];
        touched.extend(git.paths(&log)?.iter().map(|path| trimmed(path)));
    }
    touched.extend(changed.iter().cloned());
    let index = Index::read(git)?;
    hidden::none(git, &touched, change)?;
    between.no_repository_goes(git, &index)?;
    let mut found = BTreeSet::new();
    for path in touched.iter().filter(|path| !index.tracked.contains(*path) || changed.contains(path)) {
        match blocker(git, path) {
            // What is tracked there git takes away itself.
            Some(above) if above != *path && index.tracked.contains(&above) => {}
            Some(itself) if look(git, &itself).is_ok_and(|meta| meta.is_dir()) => {
                let mut files = Vec::new();
                // Where a repository is (or comes), git leaves the folder alone.
                let is_left = between.comes_as_module(&itself) || index.modules.contains(&itself);
                if !is_left {
                    below(git, &itself, &mut files)?;
                }
                found.extend(files.into_iter().filter(|file| !index.tracked.contains(file)));
            }
            Some(there) => found.extend(Some(there)),
            None => {}
        }
    }
    let unchanged = |path: &&PathBuf| index.tracked.contains(*path) && !changed.contains(path);
    let filtered = filtered::find(git, &touched.iter().filter(unchanged).collect())?;
    Ok(Met { in_the_way: found.into_iter().collect(), filtered, touched })
}

/// The mode of a repository within a repository.
pub(crate) const MODULE: &[u8] = b"160000";

/// What the user's index has.
struct Index {
    tracked: BTreeSet<PathBuf>,
    /// Those that are repositories of their own.
    modules: BTreeSet<PathBuf>,
}

impl Index {
    fn read(git: &Git) -> Result<Self, SyncError> {
        let (mut tracked, mut modules) = (BTreeSet::new(), BTreeSet::new());
        for line in zero_ended(&git.run(&["ls-files", "--stage", "-z"])?) {
            // "mode id stage<TAB>path"
            let mut parts = line.splitn(2, |byte| *byte == b'\t');
            if let (Some(about), Some(path)) = (parts.next(), parts.next()) {
                if about.starts_with(MODULE) {
                    modules.insert(way_of(path));
                }
                tracked.insert(way_of(path));
            }
        }
        Ok(Self { tracked, modules })
    }
}

/// What is other in a commit than in the index: each path with its mode in the commit.
struct Between(BTreeMap<PathBuf, Vec<u8>>);

impl Between {
    fn of(git: &Git, target: &str) -> Result<Self, SyncError> {
        let args = ["diff-index", "--cached", "--ignore-submodules=none", "--raw", "--no-renames", "-z"];
        let changes = git.run(&[&args[..], &[target]].concat())?;
        let mut parts = zero_ended(&changes);
        let mut paths = BTreeMap::new();
        while let (Some(change), Some(path)) = (parts.next(), parts.next()) {
            // ":mode mode id id status", the commit's mode first.
            let mode = change.iter().skip(1).copied().take_while(|byte| *byte != b' ').collect();
            paths.insert(way_of(path), mode);
        }
        Ok(Self(paths))
    }

    fn comes_as_module(&self, path: &Path) -> bool {
        self.0.get(path).is_some_and(|mode| mode == MODULE)
    }

    fn comes(&self, path: &Path) -> bool {
        self.0.get(path).is_some_and(|mode| mode.iter().any(|digit| *digit != b'0'))
    }

    /// Git removes a repository within this one, with all that is in it, where something else comes in its place.
    fn no_repository_goes(&self, git: &Git, index: &Index) -> Result<(), SyncError> {
        for module in index.modules.iter().filter(|module| !self.comes_as_module(module)) {
            let is_there = || fs::symlink_metadata(git.root().join(module).join(".git")).is_ok();
            let below =
                self.0.keys().any(|path| path != module && path.starts_with(module) && self.comes(path));
            if (below || self.comes(module)) && is_there() {
                let why = "it is a git repository of its own".to_owned();
                return Err(SyncError::NotKept { path: shown(&module.to_string_lossy()), why });
            }
        }
        Ok(())
    }
}

/// `git log -z` puts a line break before the first name of a commit.
fn trimmed(path: &Path) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    let name = path.as_os_str().as_bytes();
    PathBuf::from(std::ffi::OsStr::from_bytes(name.strip_prefix(b"\n").unwrap_or(name)))
}

/// The path itself where something is, or the first above it that is no folder.
pub(crate) fn blocker(git: &Git, path: &Path) -> Option<PathBuf> {
    let mut above: Vec<&Path> = path.ancestors().skip(1).filter(|p| !p.as_os_str().is_empty()).collect();
    above.reverse();
    for folder in above {
        match look(git, folder) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Some(folder.to_owned()),
            Err(_) => return None,
        }
    }
    look(git, path).is_ok().then(|| path.to_owned())
}

/// All files in a folder.
fn below(git: &Git, folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), SyncError> {
    let failed = |path: &Path| {
        let path = git.root().join(path);
        move |source| SyncError::Io { path, source }
    };
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(git.root().join(&next)).map_err(failed(&next))? {
            let entry = entry.map_err(failed(&next))?;
            let path = next.join(entry.file_name());
            if entry.file_name() == ".git" {
                let why = "it is a git repository of its own".to_owned();
                return Err(SyncError::NotKept { path: shown(&next.to_string_lossy()), why });
            }
            if entry.file_type().map_err(failed(&path))?.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
            if found.len() > MAX_FOUND {
                let why = format!("it holds more than {MAX_FOUND} files");
                return Err(SyncError::NotKept { path: shown(&folder.to_string_lossy()), why });
            }
        }
    }
    Ok(())
}
