//! Keeping what would go: commits, and files without one, under a ref of their own.
//!
//! Made of git's plumbing, with an index of its own: neither the user's index nor any file changes.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::BACKUP_REFS;
use crate::error::SyncError;
use crate::git::{Git, shown};
use crate::look::Checkout;

/// Most files of one backup.
const MAX_FILES: usize = 200_000;

/// Most bytes of one backup: a checkout in which more is in danger needs a person.
const MAX_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// How often a file that changes while it is read is read again.
const MAX_LOOKS: usize = 3;

/// Something that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The ref, below [`BACKUP_REFS`].
    pub reference: String,
    /// What is in it.
    pub what: What,
    /// What brings it back, one command each, to be typed in the root of the checkout.
    pub restore: Vec<String>,
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// So many commits that only this branch had.
    Commits(u64),
    /// These files, relative to the root.
    Files(Vec<String>),
}

/// Where the index with the staged changes is kept: they can differ from both the commit and the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Staged {
    /// There are none.
    Nothing,
    /// They go with the files.
    Kept,
}

/// Keeps the commits of the branch as they are.
pub(crate) fn commits(git: &Git, head: &str, count: u64, now: Timestamp) -> Result<Kept, SyncError> {
    let reference = refer(git, head, now)?;
    let short: String = reference.rsplit('/').next().unwrap_or_default().to_owned();
    let restore = vec![format!("git switch -c kept-{short} {reference}")];
    Ok(Kept { reference, what: What::Commits(count), restore })
}

/// Keeps these files as they are on the disk. Each is a file or a link.
pub(crate) fn files(
    git: &Git,
    checkout: &Checkout,
    paths: &[PathBuf],
    staged: Staged,
    now: Timestamp,
) -> Result<Kept, SyncError> {
    let hashed = hash(git, paths)?;
    let index = git.dir().join("standin-sync.index");
    remove_if_there(&index)?;
    let own = git.with_index(&index);
    let mut lines = Vec::new();
    for (path, (mode, id)) in &hashed {
        lines.extend_from_slice(format!("{mode} {id}\t").as_bytes());
        lines.extend_from_slice(path.as_os_str().as_bytes());
        lines.push(0);
    }
    own.fed(&["update-index", "--add", "-z", "--index-info"], lines)?;
    let tree = own.line(&["write-tree"])?;
    remove_if_there(&index)?;
    let message = format!("Files of {} that had no commit, kept by standin sync", checkout.branch);
    let mut args = vec!["commit-tree", &tree, "-m", &message, "-p", &checkout.head];
    let with_index;
    if staged == Staged::Kept {
        with_index = staged_commit(git, checkout)?;
        args.extend(["-p", &with_index]);
    }
    let commit = git.line(&args)?;
    let reference = refer(git, &commit, now)?;
    let mut restore = vec![format!("git restore --overlay --worktree --source={reference} -- .")];
    if staged == Staged::Kept {
        restore.push(format!("git restore --staged --source={reference}^2 -- ."));
    }
    let names = hashed.keys().map(|path| shown(&path.to_string_lossy())).collect();
    Ok(Kept { reference, what: What::Files(names), restore })
}

/// A commit of the index. It is read from a copy, because git notes in an index what it has found out from it.
fn staged_commit(git: &Git, checkout: &Checkout) -> Result<String, SyncError> {
    let copy = git.dir().join("standin-sync.index");
    let from = git.dir().join("index");
    fs::copy(&from, &copy).map_err(|source| SyncError::Io { path: from, source })?;
    let tree = git.with_index(&copy).line(&["write-tree"]);
    remove_if_there(&copy)?;
    let tree = tree?;
    git.line(&["commit-tree", &tree, "-m", "The index, kept by standin sync", "-p", &checkout.head])
}

/// Writes each into git's store, and gives its mode and id. A file that changes meanwhile is read again.
fn hash(git: &Git, paths: &[PathBuf]) -> Result<BTreeMap<PathBuf, (&'static str, String)>, SyncError> {
    let not_kept =
        |path: &Path, why: &str| SyncError::NotKept { path: shown(&path.to_string_lossy()), why: why.into() };
    if let Some(beyond) = paths.get(MAX_FILES) {
        return Err(not_kept(beyond, &format!("there are more than {MAX_FILES} files with it")));
    }
    let mut hashed = BTreeMap::new();
    let mut open: Vec<PathBuf> = paths.to_vec();
    for _ in 0..MAX_LOOKS {
        let mut seen = Vec::new();
        let mut bytes = 0_u64;
        for path in open {
            let meta = look(git, &path).map_err(|source| SyncError::Io { path: path.clone(), source })?;
            bytes = bytes.saturating_add(meta.len());
            if bytes > MAX_BYTES {
                return Err(not_kept(&path, "what is in danger is larger than 4 GiB"));
            }
            if !meta.is_file() && !meta.is_symlink() {
                return Err(not_kept(&path, "it is neither a file nor a link"));
            }
            seen.push((path, meta));
        }
        let ids = ids(git, &seen)?;
        open = Vec::new();
        for ((path, meta), id) in seen.into_iter().zip(ids) {
            if look(git, &path).is_ok_and(|now| is_same(&meta, &now)) {
                hashed.insert(path, (mode(&meta), id));
            } else {
                open.push(path);
            }
        }
        if open.is_empty() {
            return Ok(hashed);
        }
    }
    Err(not_kept(open.first().map_or(Path::new(""), PathBuf::as_path), "it changes all the time"))
}

/// The ids of what was written, in the same order.
fn ids(git: &Git, seen: &[(PathBuf, Metadata)]) -> Result<Vec<String>, SyncError> {
    let is_plain = |path: &Path| {
        let name = path.as_os_str().as_bytes();
        !name.contains(&b'\n') && !name.contains(&b'\r') && !name.starts_with(b"\"")
    };
    let by_list = |(path, meta): &&(PathBuf, Metadata)| meta.is_file() && is_plain(path);
    let mut list = Vec::new();
    for (path, _) in seen.iter().filter(by_list) {
        list.extend_from_slice(path.as_os_str().as_bytes());
        list.push(b'\n');
    }
    let answer = match list.is_empty() {
        true => Vec::new(),
        false => git.fed(&["hash-object", "-w", "--no-filters", "--stdin-paths"], list)?,
    };
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let mut listed = answer.lines().map(str::to_owned);
    let mut ids = Vec::with_capacity(seen.len());
    for one in seen {
        let id = if by_list(&one) { listed.next() } else { Some(single(git, &one.0, &one.1)?) };
        let missing = || SyncError::Git { what: "hash-object".into(), why: "an answer is missing".into() };
        ids.push(id.ok_or_else(missing)?);
    }
    Ok(ids)
}

/// A link, or a file whose name does not fit on a line.
fn single(git: &Git, path: &Path, meta: &Metadata) -> Result<String, SyncError> {
    let whole = git.root().join(path);
    let failed = |source| SyncError::Io { path: whole.clone(), source };
    let bytes = if meta.is_symlink() {
        fs::read_link(&whole).map_err(failed)?.into_os_string().as_bytes().to_vec()
    } else {
        fs::read(&whole).map_err(failed)?
    };
    let id = git.fed(&["hash-object", "-w", "--no-filters", "--stdin"], bytes)?;
    Ok(String::from_utf8_lossy(&id).trim_end().to_owned())
}

pub(crate) fn look(git: &Git, path: &Path) -> std::io::Result<Metadata> {
    fs::symlink_metadata(git.root().join(path))
}

/// Whether nobody has written to it in between.
fn is_same(before: &Metadata, now: &Metadata) -> bool {
    let of = |meta: &Metadata| (meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec(), meta.mode());
    of(before) == of(now)
}

fn mode(meta: &Metadata) -> &'static str {
    if meta.is_symlink() {
        "120000"
    } else if meta.mode() & 0o100 != 0 {
        "100755"
    } else {
        "100644"
    }
}

/// Makes the ref; the same commit in the same second is there already.
fn refer(git: &Git, commit: &str, now: Timestamp) -> Result<String, SyncError> {
    let short: String = commit.chars().take(10).collect();
    let reference = format!("{BACKUP_REFS}{}-{short}", now.strftime("%Y%m%dT%H%M%SZ"));
    let found = git.ask(&["rev-parse", "--verify", "--quiet", &reference])?;
    if !found.success || String::from_utf8_lossy(&found.out).trim_end() != commit {
        let args = ["update-ref", "-m", "standin sync", &reference, commit, ""];
        let answer = git.call(&args.map(OsStr::new), Vec::new())?;
        if !answer.success {
            return Err(SyncError::Git { what: "update-ref".into(), why: answer.said });
        }
    }
    Ok(reference)
}

fn remove_if_there(path: &Path) -> Result<(), SyncError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(SyncError::Io { path: path.to_owned(), source })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
