//! What stands at a path now.

use std::collections::BTreeMap;

use standin_core::ownership::{self, Owner};

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Present {
    /// A regular file with this text.
    Text(String),
    /// Something that is no text of the repository: a folder, a link, a file that is not UTF-8. Never written over.
    Other(String),
}

/// What stands at each path that a backup may have to do with; a path that is not here is free.
#[derive(Debug, Clone, Default)]
pub struct Files {
    by_path: BTreeMap<String, Present>,
}

/// Whether a path may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// Nothing is there.
    Free,
    /// A file of ours.
    Ours(&'a str),
    /// Somebody else's; why.
    Taken(String),
}

impl Files {
    /// Says what stands at a path, relative to the repository, with `/`.
    pub fn add(&mut self, path: impl Into<String>, present: Present) {
        self.by_path.insert(path.into(), present);
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        match self.by_path.get(path) {
            Some(Present::Text(text)) => Some(text),
            Some(Present::Other(_)) | None => None,
        }
    }

    /// Whether a file may be written here.
    pub(crate) fn place(&self, path: &str) -> Place<'_> {
        match self.by_path.get(path) {
            None => Place::Free,
            Some(Present::Other(what)) => Place::Taken(format!("{path} is {what}")),
            Some(Present::Text(text)) => match ownership::owner(text) {
                Owner::Others => {
                    Place::Taken(format!("{path} is there already, and Standin has not written it"))
                }
                Owner::Standin | Owner::BackupOf(_) => Place::Ours(text),
            },
        }
    }

    /// Every text of others in a folder, whose name ends with `/`, with its path.
    pub(crate) fn below(&self, folder: &str) -> impl Iterator<Item = (&str, &str)> {
        self.by_path.iter().filter_map(move |(path, present)| match present {
            Present::Text(text) if path.starts_with(folder) && ownership::owner(text) == Owner::Others => {
                Some((path.as_str(), text.as_str()))
            }
            Present::Text(_) | Present::Other(_) => None,
        })
    }

    /// Every file that we have written, with its path.
    pub(crate) fn ours(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_path.iter().filter_map(|(path, present)| match present {
            Present::Text(text) if ownership::owner(text) != Owner::Others => {
                Some((path.as_str(), text.as_str()))
            }
            Present::Text(_) | Present::Other(_) => None,
        })
    }
}
