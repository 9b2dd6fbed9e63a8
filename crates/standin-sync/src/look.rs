//! Whether a checkout can be synced at all, and how it and the remote stand to each other.

use std::path::{Path, PathBuf};

use crate::error::SyncError;
use crate::git::{Git, shown, zero_ended};
use crate::way::{Change, MODULE};
use crate::{Clean, Options, Strategy};

/// What is half done, by the file in git's folder that says so.
const HALF_DONE: [(&str, &str, &str); 7] = [
    ("rebase-merge", "rebase", "git rebase --abort"),
    ("rebase-apply", "rebase", "git rebase --abort"),
    ("MERGE_HEAD", "merge", "git merge --abort"),
    ("CHERRY_PICK_HEAD", "cherry-pick", "git cherry-pick --abort"),
    ("REVERT_HEAD", "revert", "git revert --abort"),
    ("BISECT_LOG", "bisect", "git bisect reset"),
    ("sequencer", "cherry-pick or revert", "git cherry-pick --quit"),
];

/// So many moves of the remote's branch are looked back at.
const MAX_MOVES: u32 = 10_000;

/// How many names an error carries.
const NAMED: usize = 100;

/// A checkout that can be synced.
#[derive(Debug)]
pub(crate) struct Checkout {
    /// Its branch.
    pub(crate) branch: String,
    /// Its commit.
    pub(crate) head: String,
    /// The remote.
    pub(crate) remote: String,
    /// Files with changes that no commit has, relative to the root. Only with [`Strategy::HardReset`] and
    /// [`Clean::Yes`] there are any.
    pub(crate) changed: Vec<PathBuf>,
}

/// What the remote has.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// Such as `refs/remotes/origin/main`.
    pub(crate) reference: String,
    /// Its commit.
    pub(crate) commit: String,
    /// Commits that only the checkout has.
    pub(crate) ahead: u64,
    /// Commits that only the remote has.
    pub(crate) behind: u64,
    /// Of those that only the checkout has, so many the remote has had before.
    pub(crate) withdrawn: u64,
}

/// Our copy of the remote's branch.
#[derive(Debug)]
pub(crate) struct Fetched {
    reference: String,
    /// Where it was before.
    had: Vec<String>,
}

impl Checkout {
    /// Whether it is still (or again) where it was.
    pub(crate) fn is_at(&self, git: &Git) -> bool {
        let head = git.line(&["rev-parse", "HEAD"]);
        // Not the short name, which is another where a tag has it too.
        let branch = git.line(&["symbolic-ref", "--quiet", "HEAD"]);
        let name = format!("refs/heads/{}", self.branch);
        head.is_ok_and(|head| head == self.head) && branch.is_ok_and(|branch| branch == name)
    }

    /// Stops where somebody has gone on working since it was looked at. A reset would not stop at that itself.
    pub(crate) fn still(&self, git: &Git, change: Change) -> Result<(), SyncError> {
        if !self.is_at(git) {
            return Err(SyncError::Meanwhile(vec![self.branch.clone()]));
        }
        if change != Change::Reset {
            return Ok(());
        }
        let new: Vec<PathBuf> =
            changes(git)?.into_iter().filter(|path| !self.changed.contains(path)).collect();
        if new.is_empty() { Ok(()) } else { Err(SyncError::Meanwhile(names(&new))) }
    }

    /// Whether a change that ended well has done what it says: settings and hooks have their own ways.
    pub(crate) fn has_taken(&self, git: &Git, target: &str, change: Change) -> Result<(), SyncError> {
        let head = git.line(&["rev-parse", "HEAD"])?;
        let is_in =
            |commit: &str| git.ask(&["merge-base", "--is-ancestor", commit, "HEAD"]).map(|a| a.success);
        let has_taken = match change {
            Change::Merged => is_in(target)? && is_in(&self.head)?,
            Change::Rebased => is_in(target)?,
            Change::Reset => head == target,
        };
        if has_taken {
            return Ok(());
        }
        let why = format!("it ended well, and {} is at {head}", self.branch);
        Err(SyncError::Git { what: change.as_str().to_owned(), why })
    }

    /// Looks, and changes nothing.
    pub(crate) fn look(git: &Git, options: &Options) -> Result<Self, SyncError> {
        nothing_half_done(git)?;
        let branch = branch(git, options)?;
        not_locked(git, &branch)?;
        let remote = remote(git, &options.remote)?;
        let head = git.ask(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
        if !head.success {
            return Err(SyncError::NoCommit);
        }
        let head = String::from_utf8_lossy(&head.out).trim_end().to_owned();
        let changed = changed(git, options)?;
        Ok(Self { branch, head, remote, changed })
    }

    /// Asks the remote what it has.
    pub(crate) fn fetch(&self, git: &Git) -> Result<Fetched, SyncError> {
        let reference = format!("refs/remotes/{}/{}", self.remote, self.branch);
        let had = had_before(git, &reference)?;
        let what = format!("+refs/heads/{}:{reference}", self.branch);
        let answer =
            git.ask(&["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", &self.remote, &what])?;
        if answer.success {
            return Ok(Fetched { reference, had });
        }
        if answer.said.contains("couldn't find remote ref") {
            return Err(self.no_branch(git));
        }
        Err(SyncError::Fetch { why: answer.said })
    }

    /// How it and the remote stand to each other.
    pub(crate) fn compare(&self, git: &Git, fetched: Fetched) -> Result<Upstream, SyncError> {
        let Fetched { reference, had } = fetched;
        let commit = git.line(&["rev-parse", &format!("{reference}^{{commit}}")])?;
        let both =
            git.line(&["rev-list", "--left-right", "--count", &format!("{}...{commit}", self.head)])?;
        let count = |text: Option<&str>| {
            let unreadable =
                || SyncError::Git { what: "rev-list".into(), why: format!("it answered {both}") };
            text.and_then(|text| text.parse().ok()).ok_or_else(unreadable)
        };
        let mut counts = both.split_ascii_whitespace();
        let (ahead, behind): (u64, u64) = (count(counts.next())?, count(counts.next())?);
        let withdrawn =
            if ahead == 0 { 0 } else { ahead.saturating_sub(self.never_there(git, &commit, &had)?) };
        Ok(Upstream { reference, commit, ahead, behind, withdrawn })
    }

    /// How many commits of the checkout are neither in `commit` nor in any of those.
    fn never_there(&self, git: &Git, commit: &str, had: &[String]) -> Result<u64, SyncError> {
        let mut list = format!("{}\n^{commit}\n", self.head);
        had.iter().for_each(|one| list.push_str(&format!("^{one}\n")));
        // One that git has let go of meanwhile says nothing.
        let answer = git.fed(&["rev-list", "--count", "--ignore-missing", "--stdin"], list.into_bytes())?;
        let answer = String::from_utf8_lossy(&answer).trim().to_owned();
        let why = format!("it answered {answer}");
        answer.parse().map_err(|_| SyncError::Git { what: "rev-list".into(), why })
    }

    fn no_branch(&self, git: &Git) -> SyncError {
        let (remote, branch) = (self.remote.clone(), self.branch.clone());
        let upstream = format!("{branch}@{{upstream}}");
        let tracked = git.line(&["rev-parse", "--abbrev-ref", "--symbolic-full-name", &upstream]);
        match tracked.ok().filter(|tracked| *tracked != format!("{remote}/{branch}")) {
            Some(tracked) => SyncError::OtherName { remote, branch, tracked: shown(&tracked) },
            None => SyncError::NoBranch { remote, branch },
        }
    }
}

/// What the remote is known to have had: where our copy of its branch is, and where it was before.
fn had_before(git: &Git, reference: &str) -> Result<Vec<String>, SyncError> {
    let now = git.ask(&["rev-parse", "--verify", "--quiet", &format!("{reference}^{{commit}}")])?;
    if !now.success {
        return Ok(Vec::new());
    }
    let limit = format!("--max-count={MAX_MOVES}");
    let log = git.ask(&["log", "--walk-reflogs", "--format=%H", &limit, reference, "--"])?;
    let text = [now.out, if log.success { log.out } else { Vec::new() }].concat();
    Ok(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect())
}

/// A merge or the like that somebody has begun is theirs to end.
pub(crate) fn nothing_half_done(git: &Git) -> Result<(), SyncError> {
    match HALF_DONE.into_iter().find(|(file, ..)| git.dir().join(file).exists()) {
        Some((_, what, fix)) => Err(SyncError::InProgress { what, fix }),
        None => Ok(()),
    }
}

fn branch(git: &Git, options: &Options) -> Result<String, SyncError> {
    let answer = git.ask(&["symbolic-ref", "--quiet", "HEAD"])?;
    let name = String::from_utf8_lossy(&answer.out).trim_end().to_owned();
    let Some(found) = name.strip_prefix("refs/heads/").filter(|_| answer.success) else {
        return Err(SyncError::Detached);
    };
    match &options.branch {
        Some(wanted) if wanted != found => {
            Err(SyncError::OtherBranch { found: found.to_owned(), wanted: shown(wanted) })
        }
        Some(_) | None => Ok(found.to_owned()),
    }
}

fn not_locked(git: &Git, branch: &str) -> Result<(), SyncError> {
    let common = git.line(&["rev-parse", "--path-format=absolute", "--git-common-dir"])?;
    let branch = Path::new(&common).join(format!("refs/heads/{branch}.lock"));
    let locks = [git.dir().join("index.lock"), git.dir().join("HEAD.lock"), branch];
    match locks.into_iter().find(|lock| lock.exists()) {
        Some(lock) => Err(SyncError::Locked(lock)),
        None => Ok(()),
    }
}

/// A remote by name only: a URL could bring anything along, and an option would be one to git.
fn remote(git: &Git, wanted: &str) -> Result<String, SyncError> {
    let list = git.line(&["remote"])?;
    if list.lines().any(|name| name == wanted && !name.starts_with('-')) {
        return Ok(wanted.to_owned());
    }
    let found = list.lines().map(str::to_owned).collect();
    Err(SyncError::NoRemote { wanted: shown(wanted), found })
}

/// The files with changes, where they are to be kept and taken away; otherwise any is an error.
fn changed(git: &Git, options: &Options) -> Result<Vec<PathBuf>, SyncError> {
    let files = changes(git)?;
    match (options.strategy, options.clean) {
        (Strategy::HardReset, Clean::Yes) => Ok(files),
        (_, _) if files.is_empty() => Ok(files),
        (Strategy::HardReset, Clean::No) => {
            Err(dirty(&files, "; with AUTO_SYNC_CLEAN=true they are kept under a backup ref and taken away"))
        }
        (Strategy::FfOnly | Strategy::Rebase | Strategy::Merge, _) => Err(dirty(&files, "")),
    }
}

/// The tracked files that are other than in the commit, on the disk or in the index.
fn changes(git: &Git) -> Result<Vec<PathBuf>, SyncError> {
    let status = git.run(&[
        "status",
        "--porcelain=v2",
        "-z",
        "--untracked-files=no",
        "--no-renames",
        // What is changed within a submodule stays there: nothing here enters one.
        "--ignore-submodules=dirty",
    ])?;
    let mut files = Vec::new();
    for entry in zero_ended(&status) {
        // "1 XY sub mH mI mW hH hI path", and for unmerged ones "u XY sub m1 m2 m3 mW h1 h2 h3 path".
        match entry.first() {
            Some(b'1') => {}
            Some(b'u') => return Err(SyncError::InProgress { what: "merge", fix: "git merge --abort" }),
            _ => continue,
        }
        let words: Vec<&[u8]> = entry.splitn(9, |byte| *byte == b' ').collect();
        if let [_, [b'.', _], _, _, MODULE, MODULE | b"000000", ..] = words.as_slice() {
            // Another commit is checked out in a submodule than the index says, as after each sync that brings a new
            // one: that is for `git submodule update`, and stays as it is.
            continue;
        }
        files.extend(words.last().map(|path| way_of(path)));
    }
    Ok(files)
}

fn dirty(files: &[PathBuf], more: &'static str) -> SyncError {
    SyncError::Dirty { files: names(files), more }
}

/// Names for people.
pub(crate) fn names(files: &[PathBuf]) -> Vec<String> {
    files.iter().take(NAMED).map(|file| shown(&file.to_string_lossy())).collect()
}

pub(crate) fn way_of(path: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(path))
}
