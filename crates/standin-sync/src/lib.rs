//! Brings a checkout up to its remote branch, and loses nothing of what was there.
//!
//! Whatever a strategy would take out of sight is kept first, in a commit under [`BACKUP_REFS`] that is made beside the
//! user's index: commits that were never pushed, and files without a commit (untracked, ignored, changed) that would be
//! overwritten or removed. Git is run with arguments, never through a shell, and never asks anybody anything.

mod act;
mod aside;
mod error;
mod filtered;
mod git;
mod hidden;
mod keep;
mod look;
mod restore;
mod undo;
mod way;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

use aside::Aside;
pub use error::SyncError;
use git::Git;
pub use keep::{Kept, What};
use look::Checkout;

/// Where backups are kept: `<UTC time>-<short id>` below this.
pub const BACKUP_REFS: &str = "refs/standin/sync/";

/// How local commits and those of the remote come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Only forward: stops where both sides have commits.
    #[default]
    FfOnly,
    /// Local commits are put on top of the remote's.
    Rebase,
    /// Both are merged.
    Merge,
    /// The remote is right: local commits are kept under a backup ref. A checkout that is only ahead is pushed instead.
    HardReset,
}

impl Strategy {
    /// The word in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FfOnly => "ff-only",
            Self::Rebase => "rebase",
            Self::Merge => "merge",
            Self::HardReset => "hardreset",
        }
    }
}

impl FromStr for Strategy {
    type Err = SyncError;

    fn from_str(text: &str) -> Result<Self, SyncError> {
        let all = [Self::FfOnly, Self::Rebase, Self::Merge, Self::HardReset];
        all.into_iter()
            .find(|one| text.trim().eq_ignore_ascii_case(one.as_str()))
            .ok_or_else(|| SyncError::Strategy(git::shown(text)))
    }
}

/// What becomes of untracked files, and for [`Strategy::HardReset`] of changed ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clean {
    /// They stay where they are; with changed ones nothing is done at all.
    #[default]
    No,
    /// They are kept under a backup ref and taken away. Ignored files stay.
    Yes,
}

/// Whether git tidies up its store afterwards. Backups stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gc {
    /// It does not.
    #[default]
    No,
    /// It does.
    Yes,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The remote's name.
    pub remote: String,
    /// The branch, which has to be the one that is checked out; `None` for whichever that is.
    pub branch: Option<String>,
    /// How both sides come together.
    pub strategy: Strategy,
    /// What becomes of files without a commit.
    pub clean: Clean,
    /// Whether git tidies up.
    pub gc: Gc,
    /// How long one call of git may take.
    pub limit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            remote: "origin".to_owned(),
            branch: None,
            strategy: Strategy::default(),
            clean: Clean::default(),
            gc: Gc::default(),
            limit: Duration::from_secs(600),
        }
    }
}

/// What was done with the branch. The numbers count commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// Both sides were the same already.
    UpToDate,
    /// Nothing: the remote has nothing new, and so many commits are only here.
    Ahead(u64),
    /// The branch went forward by so many.
    Forwarded(u64),
    /// So many local ones are on top of the remote's; those that it has in another form were dropped.
    Rebased(u64),
    /// So many of the remote were merged into the local ones.
    Merged(u64),
    /// The branch is what the remote has; so many local ones are under the backup ref.
    Reset(u64),
    /// The same, where the remote has nothing new: it has gone back behind commits that it had.
    Withdrawn {
        /// Commits that only the checkout had; they are under the backup ref.
        ahead: u64,
        /// Those of them that the remote had before.
        withdrawn: u64,
    },
    /// So many local ones were pushed.
    Pushed(u64),
}

/// What a sync came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// The branch.
    pub branch: String,
    /// The commit before.
    pub before: String,
    /// The commit after.
    pub after: String,
    /// What was done with the branch.
    pub did: Did,
    /// What was kept, with the commands that bring it back; empty when nothing was in danger.
    pub kept: Vec<Kept>,
    /// Untracked files that were taken away, relative to the root.
    pub cleaned: Vec<String>,
}

/// Syncs the checkout that `dir` is in. `now` names the backups.
///
/// # Errors
/// [`SyncError`]: unless it says otherwise, the branch, the index and all files are as they were.
pub fn sync(dir: &Path, options: &Options, now: Timestamp) -> Result<Synced, SyncError> {
    sync_keeping(dir, options, now, &mut Vec::new())
}

/// The same; `kept` says what was kept also where it stops after that.
///
/// # Errors
/// As [`sync`].
pub fn sync_keeping(
    dir: &Path,
    options: &Options,
    now: Timestamp,
    kept: &mut Vec<Kept>,
) -> Result<Synced, SyncError> {
    let git = Git::at(dir, options.limit)?;
    let _alone = alone(&git)?;
    look::nothing_half_done(&git)?;
    // A sync that was killed may have left some.
    Aside::left(&git).back();
    let first = Checkout::look(&git, options)?;
    let fetched = first.fetch(&git)?;
    // That can take minutes, in which somebody goes on working.
    let options = &Options { branch: Some(first.branch), ..options.clone() };
    let checkout = Checkout::look(&git, options)?;
    let upstream = checkout.compare(&git, fetched)?;
    let untracked = if options.clean == Clean::Yes { act::untracked(&git)? } else { Vec::new() };
    let did = act::act(&git, &checkout, &upstream, options, now, kept)?;
    let mut cleaned = Vec::new();
    if options.clean == Clean::Yes {
        cleaned = act::clean(&git, &checkout, &untracked, now, kept)?;
    }
    if options.gc == Gc::Yes {
        git.run(&["gc", "--quiet"])?;
    }
    let after = git.line(&["rev-parse", "HEAD"])?;
    Ok(Synced { branch: checkout.branch, before: checkout.head, after, did, kept: kept.clone(), cleaned })
}

/// No two syncs of one checkout at a time; the lock ends with the process.
fn alone(git: &Git) -> Result<File, SyncError> {
    let path = git.dir().join("standin-sync.lock");
    let failed = |source| SyncError::Io { path: path.clone(), source };
    let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(SyncError::Twice),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}
