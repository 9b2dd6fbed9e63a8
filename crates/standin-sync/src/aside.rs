//! Files that are kept are moved aside before git does its work, into git's own folder: so it meets nothing in its way,
//! and when it stops they are back as they were.

use std::fs::{self, File, FileTimes};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use crate::error::SyncError;
use crate::git::{Git, shown};
use crate::keep::{Seen, is_same};
use crate::way::blocker;

/// Where they wait, in git's folder of the checkout.
const ASIDE: &str = "standin-sync-aside";

/// Files that were moved aside.
#[derive(Debug)]
pub(crate) struct Aside<'a> {
    git: &'a Git,
}

impl<'a> Aside<'a> {
    /// Moves them aside, all or none. One that is not as it was kept stops it.
    pub(crate) fn put(git: &'a Git, seen: &Seen) -> Result<Self, SyncError> {
        let aside = Self { git };
        for (path, noted) in seen {
            let from = git.root().join(path);
            let moved = match fs::symlink_metadata(&from) {
                Ok(now) if is_same(&noted.meta, &now) => rename(&from, &aside.folder().join(path))
                    .map_err(|source| SyncError::Io { path: from, source }),
                Ok(_) | Err(_) => {
                    let why = "it is being changed".to_owned();
                    Err(SyncError::NotKept { path: shown(&path.to_string_lossy()), why })
                }
            };
            if let Err(error) = moved {
                aside.back();
                return Err(error);
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
                } else if let Ok(path) = from.strip_prefix(&folder)
                    && blocker(self.git, path).is_none()
                {
                    // It is in the backup, if it cannot be moved.
                    let _kept = rename(&from, &self.git.root().join(path));
                }
            }
        }
        Self { git: self.git }.forget();
    }

    /// They are in the backup: here they are not needed any more.
    pub(crate) fn forget(self) {
        // What stays does no harm, and the next sync puts it back where nothing else is.
        let _gone = fs::remove_dir_all(self.folder());
    }
}

/// Git's folder can be on another disk than the checkout, as that of a linked worktree is.
fn rename(from: &Path, to: &Path) -> std::io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            copy(from, to).and_then(|()| fs::remove_file(from))
        }
        done => done,
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let meta = fs::symlink_metadata(from)?;
    if meta.is_symlink() {
        return std::os::unix::fs::symlink(fs::read_link(from)?, to);
    }
    fs::copy(from, to)?;
    // Who owns it can be kept by the superuser alone.
    let _owner = chown(to, Some(meta.uid()), Some(meta.gid()));
    let times = FileTimes::new().set_accessed(meta.accessed()?).set_modified(meta.modified()?);
    let file = File::open(to)?;
    file.set_times(times)?;
    file.sync_all()
}
