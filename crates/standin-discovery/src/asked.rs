//! What a scan has asked the disk, and what it was told: an inventory holds as long as the answers are the same.
//!
//! Every question goes through [`Root`], so that none is forgotten: files that were read, folders that were listed, and
//! paths of which only the kind was asked, those included that were not there.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::ops::Deref;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::cache::Stamp;

/// The folder that is scanned: absolute, without links. It writes down what it is asked.
#[derive(Debug)]
pub(crate) struct Root {
    path: PathBuf,
    asked: Mutex<Vec<Question>>,
    listed: Mutex<Listed>,
}

/// The folders of which every name is known, relative to the root, and what in them is no plain file: links, and folders
/// that may not have been listed themselves.
#[derive(Debug, Default)]
struct Listed {
    folders: BTreeSet<String>,
    doors: BTreeSet<String>,
}

/// A path, relative to the root or absolute, and what was said of it.
pub(crate) type Question = (String, Answer);

/// What was asked of a path, and the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// What is in it matters.
    Stamp(Option<Stamp>),
    /// Only what it is matters.
    Kind(There),
    /// Where a link leads.
    Link(Option<String>, There),
}

/// What stands at a path, links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum There {
    Nothing,
    File,
    Folder,
    Other,
}

impl Root {
    pub(crate) const fn new(path: PathBuf) -> Self {
        let listed = Listed { folders: BTreeSet::new(), doors: BTreeSet::new() };
        Self { path, asked: Mutex::new(Vec::new()), listed: Mutex::new(listed) }
    }

    /// A folder as it is named; `None` if it is not there.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        std::fs::canonicalize(path).ok().map(Self::new)
    }

    /// Writes a question down.
    pub(crate) fn note(&self, path: &str, answer: Answer) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push((path.to_owned(), answer));
    }

    /// A path relative to the root, if it is below it.
    fn below<'a>(&self, path: &'a Path) -> Cow<'a, str> {
        path.strip_prefix(&self.path).unwrap_or(path).to_string_lossy()
    }

    /// What stands at a path, which may be absolute.
    pub(crate) fn kind(&self, path: &Path) -> There {
        let kind = kind(std::fs::metadata(self.path.join(path)).ok().as_ref());
        self.note(&self.below(path), Answer::Kind(kind));
        kind
    }

    /// Where a path leads when all links are followed.
    pub(crate) fn link(&self, path: &Path) -> Option<PathBuf> {
        let (target, kind) = link(&self.path.join(path));
        let written = target.as_ref().map(|target| target.to_string_lossy().into_owned());
        self.note(&self.below(path), Answer::Link(written, kind));
        target
    }

    /// Writes down that every name in a folder was listed, and which of them are no plain files.
    pub(crate) fn note_listed(&self, folder: &str, doors: impl Iterator<Item = String>) {
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        listed.folders.insert(folder.to_owned());
        listed.doors.extend(doors);
    }

    /// Everything that was asked so far, each path once for each sort of question; `None` if two answers differ,
    /// because something has changed meanwhile. What a folder's own stamp answers is left out.
    pub(crate) fn take_asked(&self) -> Option<Vec<Question>> {
        let mut asked = std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner));
        asked.sort_by(|a, b| (&a.0, a.1.sort()).cmp(&(&b.0, b.1.sort())));
        asked.dedup();
        let is_same = |pair: &[Question]| match pair {
            [a, b] => (&a.0, a.1.sort()) == (&b.0, b.1.sort()),
            _ => false,
        };
        if asked.windows(2).any(is_same) {
            return None;
        }
        let listed = std::mem::take(&mut *self.listed.lock().unwrap_or_else(PoisonError::into_inner));
        asked.retain(|(path, answer)| !(answer.is_nothing() && listed.would_change_for(path)));
        Some(asked)
    }
}

impl Listed {
    /// Whether what is not there cannot come to be without a change in a folder that was listed, whose stamp is asked
    /// for anyway. Behind a link or in a folder that was not listed it can.
    fn would_change_for(&self, path: &str) -> bool {
        let is_plain = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        let mut rest = path;
        loop {
            let folder = rest.rsplit_once('/').map_or("", |(folder, _)| folder);
            if self.folders.contains(folder) {
                return is_plain && !self.doors.contains(rest);
            }
            if folder.is_empty() {
                return false;
            }
            rest = folder;
        }
    }
}

impl Deref for Root {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl AsRef<Path> for Root {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

impl Answer {
    const fn is_nothing(&self) -> bool {
        matches!(self, Self::Stamp(None) | Self::Kind(There::Nothing))
    }

    const fn sort(&self) -> u8 {
        match self {
            Self::Stamp(_) => 0,
            Self::Kind(_) => 1,
            Self::Link(..) => 2,
        }
    }
}

/// What the system says something is.
pub(crate) fn kind(about: Option<&Metadata>) -> There {
    match about {
        None => There::Nothing,
        Some(about) if about.is_file() => There::File,
        Some(about) if about.is_dir() => There::Folder,
        Some(_) => There::Other,
    }
}

/// Where a link leads, and what is there. What leads nowhere, or in a circle, leads to nothing.
pub(crate) fn link(path: &Path) -> (Option<PathBuf>, There) {
    match std::fs::canonicalize(path) {
        Ok(target) => {
            let kind = kind(std::fs::metadata(&target).ok().as_ref());
            (Some(target), kind)
        }
        Err(_) => (None, There::Nothing),
    }
}

/// Whether every question would be answered as it was.
pub(crate) fn still_hold(root: &Path, asked: &[Question]) -> bool {
    let mut before = root.as_os_str().as_bytes().to_vec();
    before.push(b'/');
    crate::side_by_side::all(asked, || before.clone(), |whole, question| holds(whole, before.len(), question))
}

/// `whole` is room for the path, with the root in front.
fn holds(whole: &mut Vec<u8>, root: usize, (path, answer): &Question) -> bool {
    let path: &Path = if path.starts_with('/') {
        Path::new(path)
    } else {
        whole.truncate(root);
        whole.extend_from_slice(path.as_bytes());
        Path::new(OsStr::from_bytes(whole))
    };
    match answer {
        Answer::Stamp(stamp) => std::fs::metadata(path).ok().as_ref().map(Stamp::new) == *stamp,
        Answer::Kind(known) => kind(std::fs::metadata(path).ok().as_ref()) == *known,
        Answer::Link(target, known) => {
            let (now, kind) = link(path);
            now.map(|target| target.to_string_lossy().into_owned()) == *target && kind == *known
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Listed;

    #[test]
    fn only_what_a_listed_folder_would_tell_is_left_to_it() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let listed = Listed { folders: set(&["", "a"]), doors: set(&["a", "a/link", "skipped"]) };
        for told in ["x", "x/y/z", "a/x", "a/x/y", "file.js/x"] {
            assert!(listed.would_change_for(told), "{told}");
        }
        for untold in
            ["a/link", "a/link/x", "skipped/x", "skipped/x/y", "a/../x", "./x", "a//x", "/x", "../x"]
        {
            assert!(!listed.would_change_for(untold), "{untold}");
        }
        // Where not even the root was listed, nothing is told.
        assert!(!Listed::default().would_change_for("x/y"));
    }
}
