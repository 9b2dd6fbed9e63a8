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
use crate::git::{Git, shown, zero_ended};
use crate::look::{Checkout, way_of};
use crate::restore::{SCRIPT, script};

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
    /// The root of the checkout.
    pub root: PathBuf,
    /// What brings it back, one command each, to be typed anywhere in the checkout.
    pub restore: Vec<String>,
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// So many commits that only this branch had.
    Commits(u64),
    /// These files as they were on the disk, relative to the root.
    Files(Vec<String>),
    /// These files as they were in the index, relative to the root.
    Staged(Vec<String>),
}

/// A file or link as it was when it was kept.
#[derive(Debug)]
pub(crate) struct Noted {
    /// Where git has its content.
    pub(crate) id: String,
    pub(crate) meta: Metadata,
}

/// What was kept, by the path relative to the root.
pub(crate) type Seen = BTreeMap<PathBuf, Noted>;

/// Keeps the commits of the branch as they are.
pub(crate) fn commits(git: &Git, head: &str, count: u64, now: Timestamp) -> Result<Kept, SyncError> {
    let there =
        git.line(&["for-each-ref", "--count=1", "--format=%(refname)", "--points-at", head, BACKUP_REFS])?;
    let reference = if there.is_empty() { refer(git, head, now)? } else { there };
    let short: String = reference.rsplit('/').next().unwrap_or_default().to_owned();
    let restore = vec![format!("git switch -c kept-{short} {reference}")];
    Ok(Kept { reference, what: What::Commits(count), root: git.root().to_owned(), restore })
}

/// Keeps these files as they are on the disk. Each is a file or a link.
pub(crate) fn files(
    git: &Git,
    checkout: &Checkout,
    paths: &[PathBuf],
    now: Timestamp,
) -> Result<(Kept, Seen), SyncError> {
    let seen = hash(git, paths)?;
    let lines =
        seen.iter().map(|(path, noted)| line(mode(&noted.meta), &noted.id, path.as_os_str().as_bytes()));
    let tree = tree(git, lines.collect::<Vec<_>>().concat())?;
    let text = git.fed(&["hash-object", "-w", "--no-filters", "--stdin"], script(&seen))?;
    let text = String::from_utf8_lossy(&text).trim_end().to_owned();
    let how = self::tree(git, line("100644", &text, SCRIPT.as_bytes()))?;
    let how = git.line(&["commit-tree", &how, "-m", "What brings back the files kept by standin sync"])?;
    let message = format!("Files of {} that had no commit, kept by standin sync", checkout.branch);
    let commit = git.line(&["commit-tree", &tree, "-m", &message, "-p", &checkout.head, "-p", &how])?;
    let reference = refer_once(git, &commit, now)?;
    let restore = vec![format!("git cat-file blob '{reference}^2:{SCRIPT}' | sh")];
    let names = seen.keys().map(|path| shown(&path.to_string_lossy())).collect();
    let kept = Kept { reference, what: What::Files(names), root: git.root().to_owned(), restore };
    Ok((kept, seen))
}

/// Keeps what is staged: it can differ from both the commit and the files. `None` where nothing is that no commit has.
pub(crate) fn staged(git: &Git, checkout: &Checkout, now: Timestamp) -> Result<Option<Kept>, SyncError> {
    let changes = git.run(&[
        "diff-index",
        "--cached",
        // Of a file that is only meant to be added nothing is in the index yet.
        "--ita-invisible-in-index",
        "--ignore-submodules=none",
        "--raw",
        "--no-renames",
        "-z",
        &checkout.head,
    ])?;
    let mut parts = zero_ended(&changes);
    let (mut lines, mut names) = (Vec::new(), Vec::new());
    while let (Some(change), Some(path)) = (parts.next(), parts.next()) {
        // ":mode mode id id status": of what was removed from the index the commit has the content.
        let change = String::from_utf8_lossy(change).into_owned();
        let mut words = change.split(' ');
        if let (Some(mode), Some(id)) = (words.nth(1), words.nth(1))
            && !mode.chars().all(|digit| digit == '0')
        {
            lines.extend_from_slice(&line(mode, id, path));
            names.push(shown(&way_of(path).to_string_lossy()));
        }
    }
    if names.is_empty() {
        return Ok(None);
    }
    let tree = tree(git, lines)?;
    let message = format!("What was staged on {}, kept by standin sync", checkout.branch);
    let commit = git.line(&["commit-tree", &tree, "-m", &message, "-p", &checkout.head])?;
    let reference = refer_once(git, &commit, now)?;
    let restore = vec![format!(
        "git ls-tree -r -z --full-tree {reference} | git update-index --add --replace -z --index-info"
    )];
    Ok(Some(Kept { reference, what: What::Staged(names), root: git.root().to_owned(), restore }))
}

/// What `git update-index -z --index-info` reads.
fn line(mode: &str, id: &str, path: &[u8]) -> Vec<u8> {
    [format!("{mode} {id}\t").as_bytes(), path, b"\0"].concat()
}

/// A tree of such lines.
fn tree(git: &Git, lines: Vec<u8>) -> Result<String, SyncError> {
    let index = IndexCopy::none(git)?;
    let own = index.git(git);
    own.fed(&["update-index", "--add", "-z", "--index-info"], lines)?;
    own.line(&["write-tree"])
}

/// An index of our own, which goes when it is dropped.
pub(crate) struct IndexCopy(PathBuf);

impl IndexCopy {
    /// An empty one.
    pub(crate) fn none(git: &Git) -> Result<Self, SyncError> {
        let path = git.dir().join("standin-sync.index");
        remove_if_there(&path)?;
        Ok(Self(path))
    }

    /// A copy of the user's, because git notes in an index what it has found out from it.
    pub(crate) fn of(git: &Git) -> Result<Self, SyncError> {
        let copy = Self::none(git)?;
        let from = git.dir().join("index");
        fs::copy(&from, &copy.0).map_err(|source| SyncError::Io { path: from, source })?;
        Ok(copy)
    }

    /// Git with this index.
    pub(crate) fn git(&self, git: &Git) -> Git {
        git.with_index(&self.0)
    }
}

impl Drop for IndexCopy {
    fn drop(&mut self) {
        // The next one removes it, if this cannot.
        let _gone = fs::remove_file(&self.0);
    }
}

/// Writes each into git's store. A file that changes meanwhile is read again.
fn hash(git: &Git, paths: &[PathBuf]) -> Result<Seen, SyncError> {
    let not_kept =
        |path: &Path, why: &str| SyncError::NotKept { path: shown(&path.to_string_lossy()), why: why.into() };
    if let Some(beyond) = paths.get(MAX_FILES) {
        return Err(not_kept(beyond, &format!("there are more than {MAX_FILES} files with it")));
    }
    let mut hashed = Seen::new();
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
                hashed.insert(path, Noted { id, meta });
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
pub(crate) fn is_same(before: &Metadata, now: &Metadata) -> bool {
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

/// The ref of an earlier sync that has kept the very same (a schedule that stops each time would make one each time), or
/// a new one.
fn refer_once(git: &Git, commit: &str, now: Timestamp) -> Result<String, SyncError> {
    let tree_of = |of: &str| git.line(&["rev-parse", &format!("{of}^{{tree}}")]);
    let how_of = |of: &str| {
        let answer = git.ask(&["rev-parse", "--verify", "--quiet", &format!("{of}^2^{{tree}}")])?;
        Ok::<_, SyncError>(answer.success.then_some(answer.out))
    };
    let (tree, how) = (tree_of(commit)?, how_of(commit)?);
    let all = git.line(&["for-each-ref", "--format=%(tree) %(refname)", BACKUP_REFS])?;
    for reference in all.lines().filter_map(|line| line.strip_prefix(&tree)?.strip_prefix(' ')) {
        if how_of(reference)? == how {
            return Ok(reference.to_owned());
        }
    }
    refer(git, commit, now)
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
