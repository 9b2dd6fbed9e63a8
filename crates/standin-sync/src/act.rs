//! Doing what a strategy says, with everything that it would take out of sight kept first.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::aside::Aside;
use crate::error::SyncError;
use crate::git::{Git, shown};
use crate::keep::{self, Kept, Seen};
use crate::look::{Checkout, Upstream};
use crate::undo::{Before, remove_empty, undo};
use crate::way::{self, Change};
use crate::{Did, Options, Strategy};

/// Standin's own folder, which is never cleaned away.
const OWN: &str = ".standin";

/// A file is not put into a folder that the other side has renamed: nobody could know beforehand what is in its way there.
const RENAMES: &str = "merge.directoryRenames=false";

/// Brings both sides together. What was kept is in `kept`, also when this fails.
pub(crate) fn act(
    git: &Git,
    checkout: &Checkout,
    upstream: &Upstream,
    options: &Options,
    now: Timestamp,
    kept: &mut Vec<Kept>,
) -> Result<Did, SyncError> {
    let &Upstream { ahead, behind, .. } = upstream;
    let mut step = Step { git, checkout, upstream, now, kept };
    match (options.strategy, ahead, behind) {
        (Strategy::HardReset, 0, 0) if !checkout.changed.is_empty() => {
            step.reset(&checkout.head).map(|()| Did::Reset(0))
        }
        (_, 0, 0) => Ok(Did::UpToDate),
        (Strategy::FfOnly | Strategy::Rebase | Strategy::Merge, _, 0) => Ok(Did::Ahead(ahead)),
        (Strategy::FfOnly | Strategy::Rebase | Strategy::Merge, 0, _) => {
            step.forward().map(|()| Did::Forwarded(behind))
        }
        (Strategy::FfOnly, ..) => Err(SyncError::Diverged { ahead, behind }),
        (Strategy::Rebase, ..) => step.rebase().map(Did::Rebased),
        (Strategy::Merge, ..) => step.merge().map(|()| Did::Merged(behind)),
        // What the remote has withdrawn must not be published again.
        (Strategy::HardReset, _, 0) if upstream.withdrawn > 0 => {
            step.keep_commits()?;
            step.reset(&upstream.commit).map(|()| Did::Withdrawn { ahead, withdrawn: upstream.withdrawn })
        }
        (Strategy::HardReset, _, 0) => {
            step.push()?;
            if !checkout.changed.is_empty() {
                step.reset(&checkout.head)?;
            }
            Ok(Did::Pushed(ahead))
        }
        (Strategy::HardReset, 0, _) => step.reset(&upstream.commit).map(|()| Did::Forwarded(behind)),
        (Strategy::HardReset, ..) => {
            step.keep_commits()?;
            step.reset(&upstream.commit).map(|()| Did::Reset(ahead))
        }
    }
}

struct Step<'a> {
    git: &'a Git,
    checkout: &'a Checkout,
    upstream: &'a Upstream,
    now: Timestamp,
    kept: &'a mut Vec<Kept>,
}

impl Step<'_> {
    fn keep_commits(&mut self) -> Result<(), SyncError> {
        let kept = keep::commits(self.git, &self.checkout.head, self.upstream.ahead, self.now)?;
        self.kept.push(kept);
        Ok(())
    }

    /// Keeps what the change would overwrite and moves it aside; when it fails, all is made as it was.
    fn protected(&mut self, target: &str, change: Change, args: &[&str]) -> Result<(), SyncError> {
        let (git, checkout) = (self.git, self.checkout);
        let met = way::find(git, checkout, target, change)?;
        if !checkout.changed.is_empty() {
            self.kept.extend(keep::staged(git, checkout, self.now)?);
        }
        let mut seen = Seen::new();
        if !met.in_the_way.is_empty() {
            let kept;
            (kept, seen) = keep::files(git, checkout, &met.in_the_way, self.now)?;
            self.kept.push(kept);
        }
        if !met.filtered.is_empty() {
            self.kept.push(keep::files(git, checkout, &met.filtered, self.now)?.0);
        }
        let aside = Aside::put(git, &seen)?;
        let noted = checkout.still(git, change).and_then(|()| Before::note(git, &met.touched));
        let before = match noted {
            Ok(before) => before,
            Err(error) => {
                aside.back();
                return Err(error);
            }
        };
        let done = git.run(args).map(drop).and_then(|()| checkout.has_taken(git, target, change));
        let done = done
            .map_err(|error| undo(git, change.as_str(), (checkout, self.upstream), (&before, target), error));
        if done.is_ok() && !checkout.changed.is_empty() {
            aside.forget();
        } else {
            // Also where it went well: what came and went again is in nobody's way any more.
            aside.back();
        }
        done
    }

    fn forward(&mut self) -> Result<(), SyncError> {
        let target = self.upstream.commit.clone();
        let args = ["merge", "--quiet", "--ff-only", "--no-squash", "--commit", "--no-autostash", &target];
        self.protected(&target, Change::Merged, &args)
    }

    fn reset(&mut self, target: &str) -> Result<(), SyncError> {
        self.protected(target, Change::Reset, &["reset", "--quiet", "--hard", target])
    }

    /// How many commits are on top of the remote's afterwards: one that the remote has in another form is dropped.
    fn rebase(&mut self) -> Result<u64, SyncError> {
        self.keep_commits()?;
        let target = self.upstream.commit.clone();
        let args = [
            "-c",
            "rebase.updateRefs=false",
            "-c",
            RENAMES,
            "rebase",
            "--quiet",
            "--no-autostash",
            "--no-autosquash",
            "--rebase-merges",
            &target,
        ];
        self.protected(&target, Change::Rebased, &args)?;
        let count = self.git.line(&["rev-list", "--count", &format!("{target}..HEAD")])?;
        count
            .parse()
            .map_err(|_| SyncError::Git { what: "rev-list".into(), why: format!("it answered {count}") })
    }

    fn merge(&mut self) -> Result<(), SyncError> {
        let (checkout, target) = (self.checkout, self.upstream.commit.clone());
        let message = format!("Merge {} of {} into {}", checkout.branch, checkout.remote, checkout.branch);
        let args = [
            "-c",
            RENAMES,
            "merge",
            "--quiet",
            // What is set for merges by hand (`merge.ff`, `branch.NAME.mergeOptions`) is not meant here.
            "--ff",
            "--no-squash",
            "--commit",
            "--no-edit",
            "--no-autostash",
            "-m",
            &message,
            &target,
        ];
        self.protected(&target, Change::Merged, &args)
    }

    fn push(&mut self) -> Result<(), SyncError> {
        let what = format!("{}:refs/heads/{}", self.checkout.head, self.checkout.branch);
        // Commits of a submodule that nobody else could get are pushed by hand first.
        let args = ["push", "--quiet", "--recurse-submodules=check", &self.checkout.remote, &what];
        let answer = self.git.ask(&args)?;
        if answer.success {
            return Ok(());
        }
        Err(SyncError::NotPushed { ahead: self.upstream.ahead, why: answer.said })
    }
}

/// What is untracked and not ignored. A repository within this one is not listed: it is somebody else's.
pub(crate) fn untracked(git: &Git) -> Result<Vec<PathBuf>, SyncError> {
    let others = git.paths(&["ls-files", "--others", "--exclude-standard", "-z"])?;
    let is_ours = |path: &PathBuf| path.starts_with(OWN);
    let is_repository = |path: &PathBuf| path.as_os_str().as_encoded_bytes().ends_with(b"/");
    Ok(others.into_iter().filter(|path| !is_ours(path) && !is_repository(path)).collect())
}

/// Takes away what is untracked and not ignored, once it is kept. What was ignored `before` stays, although the remote may
/// ignore it no longer.
pub(crate) fn clean(
    git: &Git,
    checkout: &Checkout,
    before: &[PathBuf],
    now: Timestamp,
    kept: &mut Vec<Kept>,
) -> Result<Vec<String>, SyncError> {
    let before: BTreeSet<&PathBuf> = before.iter().collect();
    let files: Vec<PathBuf> = untracked(git)?.into_iter().filter(|path| before.contains(path)).collect();
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let (backup, seen) = keep::files(git, checkout, &files, now)?;
    kept.push(backup);
    // Moved first, so that whoever writes to one meanwhile stops this.
    let aside = Aside::put(git, &seen)?;
    files.iter().for_each(|path| remove_empty(git, path));
    aside.forget();
    Ok(files.iter().map(|path| shown(&path.to_string_lossy())).collect())
}
