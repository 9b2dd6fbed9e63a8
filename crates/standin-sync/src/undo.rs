//! Taking back what a change has left half done.
//!
//! Git writes the files first, then the index, and moves the branch last. One that dies on the way (a filter that fails,
//! a hook that refuses, a disk that is full) leaves what it has written until then.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::error::SyncError;
use crate::git::{Git, zero_ended};
use crate::keep::look;
use crate::look::{Checkout, Upstream, names, way_of};
use crate::way::{MODULE, blocker};

/// The checkout before a change, when what was in the way is aside.
pub(crate) struct Before<'a> {
    git: &'a Git,
    /// `None` where there is none: nothing has been checked out yet.
    index: Option<Vec<u8>>,
    touched: &'a BTreeSet<PathBuf>,
    /// Those of them that are there; each is as the index has it.
    there: BTreeSet<&'a PathBuf>,
}

/// The files of a commit: mode and id.
type Entries = BTreeMap<PathBuf, (Vec<u8>, String)>;

impl<'a> Before<'a> {
    pub(crate) fn note(git: &'a Git, touched: &'a BTreeSet<PathBuf>) -> Result<Self, SyncError> {
        let path = git.dir().join("index");
        let index = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            read => Some(read.map_err(|source| SyncError::Io { path, source })?),
        };
        let there = touched.iter().filter(|path| is_there(git, path)).collect();
        Ok(Self { git, index, touched, there })
    }

    /// Makes the index and the files what they were, once the branch is where it was. What is not as the change would
    /// leave it is not its work, and stays. Gives the names of new files that do.
    pub(crate) fn again(&self, target: &str) -> Result<Vec<PathBuf>, SyncError> {
        self.index_again()?;
        let after = entries(self.git, target)?;
        let (mut stay, mut gone) = (Vec::new(), Vec::new());
        for path in self.touched {
            let is_there = is_there(self.git, path);
            let is_new =
                is_there && after.get(path).is_some_and(|(mode, id)| holds(self.git, path, mode, id));
            match (self.there.contains(path), is_there) {
                (true, false) => gone.push(path),
                (true, true) if is_new => gone.push(path),
                (false, true) if is_new => self.remove(path)?,
                (false, true) => stay.push(path.clone()),
                (true, true) | (false, false) => {}
            }
        }
        let list = gone.iter().flat_map(|path| [path.as_os_str().as_bytes(), b"\0"].concat()).collect();
        self.git.fed(&["checkout-index", "--force", "-z", "--stdin"], list)?;
        Ok(stay)
    }

    fn index_again(&self) -> Result<(), SyncError> {
        let (path, lock) = (self.git.dir().join("index"), self.git.dir().join("index.lock"));
        let now = fs::read(&path).ok();
        let Some(index) = self.index.as_ref().filter(|_| now != self.index) else {
            return Ok(());
        };
        let mut file = fs::File::create_new(&lock).map_err(|_| SyncError::Locked(lock.clone()))?;
        let written = file.write_all(index).and_then(|()| fs::rename(&lock, &path));
        written.map_err(|source| {
            // The lock is our own.
            let _gone = fs::remove_file(&lock);
            SyncError::Io { path, source }
        })
    }

    fn remove(&self, path: &Path) -> Result<(), SyncError> {
        let whole = self.git.root().join(path);
        fs::remove_file(&whole).map_err(|source| SyncError::Io { path: whole, source })?;
        remove_empty(self.git, path);
        Ok(())
    }
}

/// Removes the folders above that are empty by now.
pub(crate) fn remove_empty(git: &Git, path: &Path) {
    for folder in path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
        // Only an empty folder can be removed so.
        if fs::remove_dir(git.root().join(folder)).is_err() {
            break;
        }
    }
}

/// Whether a file or a link is at exactly this path.
fn is_there(git: &Git, path: &Path) -> bool {
    blocker(git, path).is_some_and(|there| there == path) && look(git, path).is_ok_and(|meta| !meta.is_dir())
}

fn entries(git: &Git, commit: &str) -> Result<Entries, SyncError> {
    let mut all = Entries::new();
    for line in zero_ended(&git.run(&["ls-tree", "-r", "-z", "--full-tree", commit])?) {
        // "mode type id<TAB>path"
        let mut parts = line.splitn(2, |byte| *byte == b'\t');
        if let (Some(about), Some(path)) = (parts.next(), parts.next()) {
            let mut words = about.split(|byte| *byte == b' ');
            if let (Some(mode), Some(id)) = (words.next(), words.nth(1))
                && mode != MODULE
            {
                all.insert(way_of(path), (mode.to_vec(), String::from_utf8_lossy(id).into_owned()));
            }
        }
    }
    Ok(all)
}

/// Whether the file or link has this content, as git would read it or as it is.
fn holds(git: &Git, path: &Path, mode: &[u8], id: &str) -> bool {
    let is_link = look(git, path).is_ok_and(|meta| meta.is_symlink());
    if is_link != (mode == b"120000") {
        return false;
    }
    let hash = |args: &[&str], input| git.fed(args, input).is_ok_and(|out| out.trim_ascii() == id.as_bytes());
    if is_link {
        let target =
            fs::read_link(git.root().join(path)).map(|target| target.as_os_str().as_bytes().to_vec());
        return target.is_ok_and(|target| hash(&["hash-object", "--stdin"], target));
    }
    let hash = |args: &[&str]| {
        let args: Vec<_> = args.iter().map(std::ffi::OsStr::new).chain([path.as_os_str()]).collect();
        git.call(&args, Vec::new())
            .is_ok_and(|answer| answer.success && answer.out.trim_ascii() == id.as_bytes())
    };
    hash(&["hash-object", "--"]) || hash(&["hash-object", "--no-filters", "--"])
}

/// Takes back what git left half done, and gives the error to end with.
pub(crate) fn undo(
    git: &Git,
    what: &'static str,
    (checkout, upstream): (&Checkout, &Upstream),
    (before, target): (&Before<'_>, &str),
    error: SyncError,
) -> SyncError {
    let conflicts = git.paths(&["diff", "--name-only", "--diff-filter=U", "-z"]).unwrap_or_default();
    let half_done = ["MERGE_HEAD", "rebase-merge", "rebase-apply"].iter().any(|f| git.dir().join(f).exists());
    let aborted = if half_done { git.run(&[what, "--abort"]).map(drop) } else { Ok(()) };
    let error = match conflicts.is_empty() {
        true => error,
        false => {
            let upstream = upstream.reference.trim_start_matches("refs/remotes/").to_owned();
            SyncError::Conflict { what, files: names(&conflicts), upstream }
        }
    };
    let failed = match (aborted, checkout.is_at(git)) {
        (Err(failed), _) => Some(failed.to_string()),
        (Ok(()), false) => Some("the branch is not where it was".to_owned()),
        (Ok(()), true) => match before.again(target) {
            Ok(stay) if stay.is_empty() => None,
            Ok(stay) => Some(format!("new files stay: {}", names(&stay).join(", "))),
            Err(failed) => Some(failed.to_string()),
        },
    };
    match failed {
        None => error,
        Some(why) => {
            let kept = format!("the branch was at {}", checkout.head);
            SyncError::NotUndone { first: Box::new(error), why, kept }
        }
    }
}
