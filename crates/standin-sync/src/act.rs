//! Doing what a strategy says, with everything that it would take out of sight kept first.

use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::error::SyncError;
use crate::git::{Git, shown};
use crate::keep::{self, Kept, Staged};
use crate::look::{Checkout, Upstream, names};
use crate::way::{self, Aside, Replayed};
use crate::{Did, Options, Strategy};

/// Standin's own folder, which is never cleaned away.
const OWN: &str = ".standin";

/// Brings both sides together. What was kept is in `kept`, also when this fails.
pub(crate) fn act(
    git: &Git,
    checkout: &Checkout,
    upstream: &Upstream,
    options: &Options,
    now: Timestamp,
    kept: &mut Vec<Kept>,
) -> Result<Did, SyncError> {
    Aside::left(git).back();
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
        (Strategy::Rebase, ..) => step.rebase().map(|()| Did::Rebased(ahead)),
        (Strategy::Merge, ..) => step.merge().map(|()| Did::Merged(behind)),
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

    /// Keeps what `change` would overwrite, moves it aside, and moves it back if `change` fails.
    fn protected(
        &mut self,
        target: &str,
        replayed: Replayed,
        change: impl FnOnce(&Git) -> Result<(), SyncError>,
    ) -> Result<(), SyncError> {
        let Checkout { changed, head, .. } = self.checkout;
        let in_the_way = way::find(self.git, head, target, replayed)?;
        let on_disk = |path: &&PathBuf| keep::look(self.git, path).is_ok();
        let mut files: Vec<PathBuf> = changed.iter().filter(on_disk).cloned().collect();
        files.extend(in_the_way.iter().filter(|path| !changed.contains(path)).cloned());
        if !files.is_empty() || !changed.is_empty() {
            let staged = if changed.is_empty() { Staged::Nothing } else { Staged::Kept };
            self.kept.push(keep::files(self.git, self.checkout, &files, staged, self.now)?);
        }
        let aside = Aside::put(self.git, &in_the_way)?;
        match change(self.git) {
            Ok(()) => {
                aside.forget();
                Ok(())
            }
            Err(error) => {
                aside.back();
                Err(error)
            }
        }
    }

    fn forward(&mut self) -> Result<(), SyncError> {
        let target = self.upstream.commit.clone();
        self.protected(&target, Replayed::Nothing, |git| {
            git.run(&["merge", "--quiet", "--ff-only", "--no-autostash", &target]).map(drop)
        })
    }

    fn reset(&mut self, target: &str) -> Result<(), SyncError> {
        self.protected(target, Replayed::Nothing, |git| {
            git.run(&["reset", "--quiet", "--hard", target]).map(drop)
        })
    }

    fn rebase(&mut self) -> Result<(), SyncError> {
        self.keep_commits()?;
        let (checkout, upstream) = (self.checkout, self.upstream);
        let args =
            ["-c", "rebase.updateRefs=false", "rebase", "--quiet", "--no-autostash", "--rebase-merges"];
        self.protected(&upstream.commit, Replayed::Local, |git| {
            let done = git.run(&[&args[..], &[&upstream.commit]].concat()).map(drop);
            done.or_else(|error| undo(git, "rebase", checkout, upstream, error))
        })
    }

    fn merge(&mut self) -> Result<(), SyncError> {
        let (checkout, upstream) = (self.checkout, self.upstream);
        let message = format!("Merge {} of {} into {}", checkout.branch, checkout.remote, checkout.branch);
        let args = ["merge", "--quiet", "--no-edit", "--no-autostash", "-m", &message, &upstream.commit];
        self.protected(&upstream.commit, Replayed::Nothing, |git| {
            let done = git.run(&args).map(drop);
            done.or_else(|error| undo(git, "merge", checkout, upstream, error))
        })
    }

    fn push(&mut self) -> Result<(), SyncError> {
        let what = format!("{}:refs/heads/{}", self.checkout.head, self.checkout.branch);
        let answer =
            self.git.ask(&["push", "--quiet", "--no-recurse-submodules", &self.checkout.remote, &what])?;
        if answer.success {
            return Ok(());
        }
        Err(SyncError::NotPushed { ahead: self.upstream.ahead, why: answer.said })
    }
}

/// Takes back what a merge or rebase left half done.
fn undo(
    git: &Git,
    what: &'static str,
    checkout: &Checkout,
    upstream: &Upstream,
    error: SyncError,
) -> Result<(), SyncError> {
    let conflicts = git.paths(&["diff", "--name-only", "--diff-filter=U", "-z"]).unwrap_or_default();
    let half_done = ["MERGE_HEAD", "rebase-merge", "rebase-apply"].iter().any(|f| git.dir().join(f).exists());
    let undone = if half_done { git.run(&[what, "--abort"]).map(drop) } else { Ok(()) };
    let head = git.line(&["rev-parse", "HEAD"]);
    let branch = git.line(&["symbolic-ref", "--quiet", "--short", "HEAD"]);
    let is_back = head.as_deref().is_ok_and(|head| head == checkout.head)
        && branch.as_deref().is_ok_and(|branch| branch == checkout.branch);
    let error = match conflicts.is_empty() {
        true => error,
        false => {
            let upstream = upstream.reference.trim_start_matches("refs/remotes/").to_owned();
            SyncError::Conflict { what, files: names(&conflicts), upstream }
        }
    };
    if undone.is_ok() && is_back {
        return Err(error);
    }
    let why = undone.err().map_or_else(|| "the branch is not where it was".to_owned(), |e| e.to_string());
    let kept = format!("the branch was at {}", checkout.head);
    Err(SyncError::NotUndone { first: Box::new(error), why, kept })
}

/// Takes away what is untracked and not ignored, once it is kept.
pub(crate) fn clean(
    git: &Git,
    checkout: &Checkout,
    now: Timestamp,
    kept: &mut Vec<Kept>,
) -> Result<Vec<String>, SyncError> {
    let others = git.paths(&["ls-files", "--others", "--exclude-standard", "-z"])?;
    let is_ours = |path: &PathBuf| path.starts_with(OWN);
    // A repository within this one ends with a slash, and is somebody else's.
    let is_repository = |path: &PathBuf| path.as_os_str().as_encoded_bytes().ends_with(b"/");
    let files: Vec<PathBuf> =
        others.into_iter().filter(|path| !is_ours(path) && !is_repository(path)).collect();
    if files.is_empty() {
        return Ok(Vec::new());
    }
    kept.push(keep::files(git, checkout, &files, Staged::Nothing, now)?);
    for path in &files {
        let whole = git.root().join(path);
        fs::remove_file(&whole).map_err(|source| SyncError::Io { path: whole.clone(), source })?;
        for folder in path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
            // Only an empty folder can be removed so.
            if fs::remove_dir(git.root().join(folder)).is_err() {
                break;
            }
        }
    }
    Ok(files.iter().map(|path| shown(&path.to_string_lossy())).collect())
}
