//! What is in the way: files that no commit has, where the remote's commits have something.
//!
//! Git refuses to overwrite some of them, and overwrites ignored ones without a word. Here all are kept first, and then
//! moved aside, into git's own folder; when git stops they are moved back.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::SyncError;
use crate::git::{Git, shown};
use crate::keep::look;
use crate::look::names;

/// Where they wait, in git's folder of the checkout.
const ASIDE: &str = "standin-sync-aside";

/// Most files that are looked at in one folder that is in the way.
const MAX_FOUND: usize = 200_000;

/// Finds what is in the way when the branch goes from `head` to `target`, `replayed` commits being put on top of it.
pub(crate) fn find(
    git: &Git,
    head: &str,
    target: &str,
    replayed: Replayed,
) -> Result<Vec<PathBuf>, SyncError> {
    let changed = git.paths(&["diff", "--name-only", "--no-renames", "-z", head, target])?;
    let mut touched: BTreeSet<PathBuf> = changed.into_iter().collect();
    if replayed == Replayed::Local {
        // A commit may add what a later one removes: while they are put on top, each is in the files once.
        let between = format!("{target}..{head}");
        let log = ["log", "-m", "--no-renames", "--name-only", "--format=", "-z", &between];
        touched.extend(git.paths(&log)?.iter().map(|path| trimmed(path)));
    }
    let tracked: BTreeSet<PathBuf> = git.paths(&["ls-files", "-z"])?.into_iter().collect();
    not_hidden(git, &touched)?;
    let mut found = BTreeSet::new();
    for path in touched.iter().filter(|path| !tracked.contains(*path)) {
        match blocker(git, path) {
            // What is tracked there git takes away itself.
            Some(above) if above != *path => {
                found.extend(Some(above).filter(|above| !tracked.contains(above)))
            }
            Some(itself) if look(git, &itself).is_ok_and(|meta| meta.is_dir()) => {
                let mut files = Vec::new();
                below(git, &itself, &mut files)?;
                found.extend(files.into_iter().filter(|file| !tracked.contains(file)));
            }
            Some(itself) => found.extend(Some(itself)),
            None => {}
        }
    }
    Ok(found.into_iter().collect())
}

/// Which commits are put on top of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replayed {
    /// None.
    Nothing,
    /// Those that only the branch has.
    Local,
}

/// `git log -z` puts a line break before the first name of a commit.
fn trimmed(path: &Path) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    let name = path.as_os_str().as_bytes();
    PathBuf::from(std::ffi::OsStr::from_bytes(name.strip_prefix(b"\n").unwrap_or(name)))
}

/// The path itself where something is, or the first above it that is no folder.
fn blocker(git: &Git, path: &Path) -> Option<PathBuf> {
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

/// Files whose changes git was told not to see are not shown as changed, and are overwritten all the same.
fn not_hidden(git: &Git, touched: &BTreeSet<PathBuf>) -> Result<(), SyncError> {
    use std::os::unix::ffi::OsStrExt;
    let flagged = git.paths(&["ls-files", "-v", "-z"])?;
    let hidden = |line: &PathBuf| {
        let (flag, path) = line.as_os_str().as_bytes().split_first_chunk::<2>()?;
        let path = PathBuf::from(std::ffi::OsStr::from_bytes(path));
        let is_hidden = flag[0].is_ascii_lowercase() || flag[0] == b'S';
        (is_hidden && touched.contains(&path) && look(git, &path).is_ok()).then_some(path)
    };
    let found: Vec<PathBuf> = flagged.iter().filter_map(hidden).collect();
    if found.is_empty() { Ok(()) } else { Err(SyncError::Hidden(names(&found))) }
}

/// Files that were moved aside.
#[derive(Debug)]
pub(crate) struct Aside<'a> {
    git: &'a Git,
}

impl<'a> Aside<'a> {
    /// Moves them aside, all or none.
    pub(crate) fn put(git: &'a Git, paths: &[PathBuf]) -> Result<Self, SyncError> {
        let aside = Self { git };
        for path in paths {
            let to = aside.folder().join(path);
            if let Err(source) = rename(&git.root().join(path), &to) {
                aside.back();
                return Err(SyncError::Io { path: path.clone(), source });
            }
        }
        Ok(aside)
    }

    /// What a sync left behind that was killed in the middle.
    pub(crate) fn left(git: &'a Git) -> Self {
        Self { git }
    }

    fn folder(&self) -> PathBuf {
        self.git.dir().join(ASIDE)
    }

    /// Moves them back to where they were. Where something is in the meantime they are not: they are in the backup.
    pub(crate) fn back(self) {
        let folder = self.folder();
        let mut open = vec![folder.clone()];
        while let Some(next) = open.pop() {
            for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
                let from = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    open.push(from);
                } else if let Ok(path) = from.strip_prefix(&folder) {
                    let to = self.git.root().join(path);
                    if fs::symlink_metadata(&to).is_err() {
                        // It is in the backup, if it cannot be moved.
                        let _kept = rename(&from, &to);
                    }
                }
            }
        }
        self.forget();
    }

    /// They are in the backup: here they are not needed any more.
    pub(crate) fn forget(self) {
        // What stays does no harm, and the next sync puts it back where nothing else is.
        let _gone = fs::remove_dir_all(self.folder());
    }
}

fn rename(from: &Path, to: &Path) -> std::io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::rename(from, to)
}
