//! Files that git takes for unchanged because a filter hides what is other: that part is in no commit.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::error::SyncError;
use crate::git::Git;
use crate::keep::look;

/// Filters that give back what they took.
const EXACT: [&str; 3] = ["unspecified", "unset", "lfs"];

/// Those among these tracked files whose content git cannot give back: its filter leaves something out (the outputs of
/// a notebook, a password) when a file is added.
pub(crate) fn find(git: &Git, tracked: &BTreeSet<&PathBuf>) -> Result<Vec<PathBuf>, SyncError> {
    let files = tracked.iter().filter(|path| look(git, path).is_ok_and(|meta| meta.is_file()));
    let list: Vec<u8> = files.flat_map(|path| [path.as_os_str().as_bytes(), b"\0"].concat()).collect();
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let answer = git.fed(&["check-attr", "-z", "--stdin", "filter"], list)?;
    let mut words = answer.split(|byte| *byte == 0);
    let mut found = Vec::new();
    while let (Some(path), Some(_), Some(filter)) = (words.next(), words.next(), words.next()) {
        let path = PathBuf::from(OsStr::from_bytes(path));
        if !EXACT.iter().any(|exact| exact.as_bytes() == filter) && !comes_back(git, &path) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Whether what git would write is what is there.
fn comes_back(git: &Git, path: &Path) -> bool {
    let mut name = OsString::from(":");
    name.push(path);
    let args = [OsStr::new("cat-file"), OsStr::new("--filters"), &name];
    let written = git.call(&args, Vec::new());
    let there = fs::read(git.root().join(path));
    written.is_ok_and(|written| written.success && there.is_ok_and(|there| there == written.out))
}
