//! Changes that git was told not to see: it shows none of them, and some of its commands overwrite them all the same.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::error::SyncError;
use crate::git::Git;
use crate::keep::IndexCopy;
use crate::look::names;
use crate::way::{Change, blocker};

/// A file with one of git's two bits.
struct Flagged {
    path: PathBuf,
    assumed_unchanged: bool,
}

/// Stops where the change would overwrite a file with changes that git was told not to see.
///
/// What the change touches is overwritten by any; a reset (and a rebase that is given up, which resets) brings every
/// file back that is assumed to be unchanged. It leaves those alone whose bit is `skip-worktree`.
pub(crate) fn none(git: &Git, touched: &BTreeSet<PathBuf>, change: Change) -> Result<(), SyncError> {
    let all = match change {
        Change::Merged => false,
        Change::Rebased | Change::Reset => true,
    };
    let in_danger = |one: &Flagged| {
        (touched.contains(&one.path) || (all && one.assumed_unchanged)) && blocker(git, &one.path).is_some()
    };
    let flagged: Vec<Flagged> = flagged(git)?.into_iter().filter(in_danger).collect();
    if flagged.is_empty() {
        return Ok(());
    }
    let found = really_changed(git, &flagged)?;
    if found.is_empty() { Ok(()) } else { Err(SyncError::Hidden(names(&found))) }
}

fn flagged(git: &Git) -> Result<Vec<Flagged>, SyncError> {
    let lines = git.paths(&["ls-files", "-v", "-z"])?;
    let read = |line: &PathBuf| {
        let ([flag, _], path) = line.as_os_str().as_bytes().split_first_chunk::<2>()?;
        let assumed_unchanged = flag.is_ascii_lowercase();
        let is_flagged = assumed_unchanged || *flag == b'S';
        is_flagged.then(|| Flagged { path: PathBuf::from(OsStr::from_bytes(path)), assumed_unchanged })
    };
    Ok(lines.iter().filter_map(read).collect())
}

/// Those with other content than the index has, as a copy of it says that is told to look.
fn really_changed(git: &Git, flagged: &[Flagged]) -> Result<Vec<PathBuf>, SyncError> {
    let copy = IndexCopy::of(git)?;
    let own = copy.git(git);
    let mut list = Vec::new();
    for one in flagged {
        list.extend_from_slice(one.path.as_os_str().as_bytes());
        list.push(0);
    }
    for bit in ["--no-assume-unchanged", "--no-skip-worktree"] {
        own.fed(&["update-index", bit, "-z", "--stdin"], list.clone())?;
    }
    // It fails when a file is changed, which is what is asked next.
    let _refreshed = own.ask(&["update-index", "-q", "--refresh"])?;
    let changed: BTreeSet<PathBuf> = own.paths(&["diff-files", "--name-only", "-z"])?.into_iter().collect();
    Ok(flagged.iter().map(|one| one.path.clone()).filter(|path| changed.contains(path)).collect())
}
