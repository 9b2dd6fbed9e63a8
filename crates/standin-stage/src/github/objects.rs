//! Git's objects as Git itself would hash them: blobs, trees and commits, kept in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use jiff::Timestamp;
use sha1::{Digest, Sha1};

/// A walk through more commits than this ends as if there were no more.
const MAX_WALK: usize = 1_000_000;

/// The name of an object: SHA-1, as GitHub's repositories have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Oid([u8; 20]);

impl Oid {
    /// Stands for "no object" where a ref is made or deleted.
    pub(crate) const ZERO: Self = Self([0; 20]);

    fn of(kind: &str, content: &[u8]) -> Self {
        let mut hash = Sha1::new();
        hash.update(format!("{kind} {}\0", content.len()));
        hash.update(content);
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Oid {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.len() != 40 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(());
        }
        let mut bytes = [0; 20];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(at * 2..at * 2 + 2).ok_or(())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| ())?;
        }
        Ok(Self(bytes))
    }
}

/// One line of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Git's six digits, such as `100644`; `040000` is a tree.
    pub(crate) mode: String,
    pub(crate) oid: Oid,
}

pub(crate) const TREE_MODE: &str = "040000";

/// Who made a commit, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) tree: Oid,
    pub(crate) parents: Vec<Oid>,
    pub(crate) author: Person,
    pub(crate) committer: Person,
    pub(crate) message: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Object {
    Blob(Bytes),
    Tree(BTreeMap<String, Entry>),
    Commit(Commit),
}

impl Object {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Blob(_) => "blob",
            Self::Tree(_) => "tree",
            Self::Commit(_) => "commit",
        }
    }

    fn oid(&self) -> Oid {
        match self {
            Self::Blob(data) => Oid::of("blob", data),
            Self::Tree(entries) => Oid::of("tree", &tree_bytes(entries)),
            Self::Commit(commit) => Oid::of("commit", commit_text(commit).as_bytes()),
        }
    }
}

fn tree_bytes(entries: &BTreeMap<String, Entry>) -> Vec<u8> {
    let mut sorted: Vec<(&String, &Entry)> = entries.iter().collect();
    // Git sorts a folder as if its name ended with a slash.
    let key = |name: &str, entry: &Entry| {
        if entry.mode == TREE_MODE { format!("{name}/") } else { name.to_owned() }
    };
    sorted.sort_by_cached_key(|(name, entry)| key(name, entry));
    let mut bytes = Vec::new();
    for (name, entry) in sorted {
        bytes.extend_from_slice(entry.mode.trim_start_matches('0').as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(&entry.oid.0);
    }
    bytes
}

fn commit_text(commit: &Commit) -> String {
    let mut text = format!("tree {}\n", commit.tree);
    for parent in &commit.parents {
        text.push_str(&format!("parent {parent}\n"));
    }
    for (role, person) in [("author", &commit.author), ("committer", &commit.committer)] {
        let (name, email, at) = (&person.name, &person.email, person.at.as_second());
        text.push_str(&format!("{role} {name} <{email}> {at} +0000\n"));
    }
    text + "\n" + &commit.message
}

/// All objects of a repository. Objects are never removed, as on GitHub for a long time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Objects(BTreeMap<Oid, Object>);

impl Objects {
    pub(crate) fn put(&mut self, object: Object) -> Oid {
        let oid = object.oid();
        self.0.entry(oid).or_insert(object);
        oid
    }

    pub(crate) fn get(&self, oid: Oid) -> Option<&Object> {
        self.0.get(&oid)
    }

    pub(crate) fn blob(&self, oid: Oid) -> Option<&Bytes> {
        match self.get(oid)? {
            Object::Blob(data) => Some(data),
            Object::Tree(_) | Object::Commit(_) => None,
        }
    }

    pub(crate) fn commit(&self, oid: Oid) -> Option<&Commit> {
        match self.get(oid)? {
            Object::Commit(commit) => Some(commit),
            Object::Blob(_) | Object::Tree(_) => None,
        }
    }

    /// The entries of a tree, or of a commit's tree.
    pub(crate) fn tree(&self, oid: Oid) -> Option<(Oid, &BTreeMap<String, Entry>)> {
        match self.get(oid)? {
            Object::Tree(entries) => Some((oid, entries)),
            Object::Commit(commit) => match self.get(commit.tree)? {
                Object::Tree(entries) => Some((commit.tree, entries)),
                Object::Blob(_) | Object::Commit(_) => None,
            },
            Object::Blob(_) => None,
        }
    }

    /// Whether the second commit is the first or comes after it.
    pub(crate) fn is_ancestor(&self, old: Oid, new: Oid) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![new];
        while let Some(oid) = open.pop() {
            if oid == old {
                return self.commit(oid).is_some();
            }
            if seen.len() < MAX_WALK && seen.insert(oid) {
                open.extend(self.commit(oid).into_iter().flat_map(|commit| commit.parents.iter().copied()));
            }
        }
        false
    }

    /// Every file below a tree, by its path from there. Trees themselves are among them.
    pub(crate) fn walk(&self, tree: Oid) -> BTreeMap<String, Entry> {
        let mut found = BTreeMap::new();
        let mut open = vec![(String::new(), tree)];
        while let Some((prefix, oid)) = open.pop() {
            let Some((_, entries)) = self.tree(oid) else { continue };
            for (name, entry) in entries {
                let path = format!("{prefix}{name}");
                if entry.mode == TREE_MODE {
                    open.push((format!("{path}/"), entry.oid));
                }
                found.insert(path, entry.clone());
            }
        }
        found
    }

    /// The files only, by path.
    pub(crate) fn files(&self, tree: Oid) -> BTreeMap<String, Entry> {
        let mut all = self.walk(tree);
        all.retain(|_, entry| entry.mode != TREE_MODE);
        all
    }

    /// What lies at a path below a tree; the tree itself at the empty path.
    pub(crate) fn find(&self, tree: Oid, path: &str) -> Option<Entry> {
        let (oid, _) = self.tree(tree)?;
        let mut at = Entry { mode: TREE_MODE.to_owned(), oid };
        for part in path.split('/').filter(|part| !part.is_empty()) {
            at = self.tree(at.oid)?.1.get(part)?.clone();
        }
        Some(at)
    }

    /// Makes the trees that hold these files.
    pub(crate) fn build(&mut self, files: &BTreeMap<String, Entry>) -> Oid {
        let mut entries = BTreeMap::new();
        let mut folders: BTreeMap<&str, BTreeMap<String, Entry>> = BTreeMap::new();
        for (path, entry) in files {
            match path.split_once('/') {
                None => {
                    entries.insert(path.clone(), entry.clone());
                }
                Some((folder, rest)) => {
                    folders.entry(folder).or_default().insert(rest.to_owned(), entry.clone());
                }
            }
        }
        for (name, files) in folders {
            let oid = self.build(&files);
            entries.insert(name.to_owned(), Entry { mode: TREE_MODE.to_owned(), oid });
        }
        self.put(Object::Tree(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_git() {
        let mut objects = Objects::default();
        let blob = objects.put(Object::Blob(Bytes::from_static(b"hello\n")));
        assert_eq!(blob.to_string(), "ce013625030ba8dba906f756967f9e9ca394464a");
        let empty = objects.put(Object::Tree(BTreeMap::new()));
        assert_eq!(empty.to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        let file = Entry { mode: "100644".into(), oid: blob };
        let files = BTreeMap::from([("a/b".to_owned(), file.clone()), ("a.c".to_owned(), file)]);
        let tree = objects.build(&files);
        // What `git write-tree` says of the same.
        assert_eq!(tree.to_string(), "f3fefa65405820b56fc212d442eb0cbd6e806e49");
        assert_eq!(objects.files(tree), files);
    }

    #[test]
    fn a_commit_comes_after_its_parents_only() {
        let mut objects = Objects::default();
        let tree = objects.put(Object::Tree(BTreeMap::new()));
        let person = Person { name: "a".into(), email: "a@b".into(), at: Timestamp::UNIX_EPOCH };
        let mut commit = |parents: &[Oid], message: &str| {
            let (author, committer) = (person.clone(), person.clone());
            let message = message.to_owned();
            objects.put(Object::Commit(Commit {
                tree,
                parents: parents.to_vec(),
                author,
                committer,
                message,
            }))
        };
        let first = commit(&[], "1");
        let second = commit(&[first], "2");
        let other = commit(&[first], "3");
        assert!(objects.is_ancestor(first, second));
        assert!(objects.is_ancestor(second, second));
        assert!(!objects.is_ancestor(second, other));
        assert!(!objects.is_ancestor(second, first));
    }
}
