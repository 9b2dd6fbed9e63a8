//! Why a sync stopped.

use std::path::PathBuf;

/// Why a sync stopped. Unless a variant says otherwise, the branch, the index and all files are as they were.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The word is no strategy. Write one of the four.
    #[error("`{0}` is no strategy: write ff-only, rebase, merge or hardreset")]
    Strategy(String),
    /// Git cannot be started. Install it.
    #[error("git cannot be started ({0}): install it, and see that it is on the PATH")]
    NoGit(std::io::Error),
    /// The folder is in no checkout. Name one that is.
    #[error("{} is in no git checkout with files ({why})", path.display())]
    NoCheckout {
        /// The folder.
        path: PathBuf,
        /// Git's words.
        why: String,
    },
    /// Another sync of this checkout runs. Wait for it.
    #[error("another `standin sync` works on this checkout: wait for it")]
    Twice,
    /// There is no commit yet. Make one, or clone the repository.
    #[error("the checkout has no commit yet: clone the repository, or make the first commit")]
    NoCommit,
    /// No branch is checked out. Check one out.
    #[error("no branch is checked out (HEAD is detached): `git switch BRANCH` checks one out")]
    Detached,
    /// Another branch than the one that was asked for is checked out.
    #[error(
        "the branch `{found}` is checked out and `{wanted}` is to be synced: `git switch {wanted}`, or name `{found}`"
    )]
    OtherBranch {
        /// The one that is checked out.
        found: String,
        /// The one that was asked for.
        wanted: String,
    },
    /// The remote is not known here.
    #[error("there is no remote `{wanted}` ({}): `git remote add {wanted} URL`, or name another", known(.found))]
    NoRemote {
        /// The one that was asked for.
        wanted: String,
        /// Those that there are.
        found: Vec<String>,
    },
    /// The remote does not have the branch.
    #[error("`{remote}` has no branch `{branch}`: `git push -u {remote} {branch}` makes it, or name another")]
    NoBranch {
        /// The remote.
        remote: String,
        /// The branch.
        branch: String,
    },
    /// The remote does not have the branch, which follows one of another name.
    #[error(
        "`{remote}` has no branch `{branch}`, which follows `{tracked}`: sync the branch of that name (`git switch`), or bring this one up by hand (`git merge --ff-only {tracked}`)"
    )]
    OtherName {
        /// The remote.
        remote: String,
        /// The branch.
        branch: String,
        /// What it follows, such as `origin/main`.
        tracked: String,
    },
    /// Something is half done in the checkout. End it.
    #[error("a {what} is in progress: finish it, or `{fix}`")]
    InProgress {
        /// What.
        what: &'static str,
        /// What gives it up.
        fix: &'static str,
    },
    /// Another git works on the checkout, or one died at it.
    #[error("{} is there: another git works on this checkout, or one died at it; if none runs (`ps -C git`), remove that file", .0.display())]
    Locked(PathBuf),
    /// Files with changes that no commit has.
    #[error("files have changes without a commit ({}): commit them, or `git stash` them{more}", some(.files))]
    Dirty {
        /// Some of them, relative to the root.
        files: Vec<String>,
        /// What else would help.
        more: &'static str,
    },
    /// Git was told to look away from files with changes, which would be overwritten.
    #[error(
        "git was told to ignore the changes of {}, and would overwrite them: take that back (`git update-index --no-assume-unchanged FILE`, or `--no-skip-worktree`), then commit or undo the changes",
        some(.0)
    )]
    Hidden(Vec<String>),
    /// Somebody works in the checkout at the same time. Sync again.
    #[error("somebody went on working in the checkout meanwhile ({}): sync again", some(.0))]
    Meanwhile(Vec<String>),
    /// Both sides have commits, and the strategy takes neither away.
    #[error(
        "both sides have commits ({ahead} here, {behind} on the remote): merge them by hand, or choose another strategy"
    )]
    Diverged {
        /// Commits only here.
        ahead: u64,
        /// Commits only there.
        behind: u64,
    },
    /// The commits of both sides change the same. Everything was put back as it was.
    #[error("the {what} stopped at a conflict in {} and was undone: `git {what} {upstream}` by hand", some(.files))]
    Conflict {
        /// `merge` or `rebase`.
        what: &'static str,
        /// Where, relative to the root.
        files: Vec<String>,
        /// With what.
        upstream: String,
    },
    /// The remote did not take the local commits. They are still here.
    #[error("the remote did not take the {ahead} that only this checkout has ({why}): push by hand, or choose another strategy", ahead = counted(*.ahead))]
    NotPushed {
        /// How many.
        ahead: u64,
        /// Git's words.
        why: String,
    },
    /// Something in the way can be kept in no commit.
    #[error("{path} is in the way and cannot be kept ({why}): move it elsewhere")]
    NotKept {
        /// Relative to the root.
        path: String,
        /// Why.
        why: String,
    },
    /// The remote cannot be reached, or wants to know who asks.
    #[error(
        "the remote cannot be read ({why}): check the network and `git remote -v`; nobody is there to type a password, so credentials must come from a helper, a key without a passphrase or an agent"
    )]
    Fetch {
        /// Git's words.
        why: String,
    },
    /// One call of git took too long, and was ended with all that it had started.
    #[error("git {what} did not end within {seconds} s and was stopped")]
    TooLong {
        /// Which call.
        what: String,
        /// The limit.
        seconds: u64,
    },
    /// Git refused. What was moved out of its way is back.
    #[error("git {what} failed: {why}")]
    Git {
        /// Which call.
        what: String,
        /// Its words.
        why: String,
    },
    /// What git left half done could not be undone. The commits are where they were; `git status` says how to go on.
    #[error(
        "{first}; and undoing it failed as well ({why}): `git status` says how to go on. Nothing is lost: {kept}"
    )]
    NotUndone {
        /// What failed first.
        first: Box<Self>,
        /// Why it could not be undone.
        why: String,
        /// Where everything is.
        kept: String,
    },
    /// A file cannot be read, written or moved.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
}

/// Names of a few, and how many more.
fn some(files: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = files.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if files.len() > SHOWN {
        text.push_str(&format!(" and {} more", files.len() - SHOWN));
    }
    text
}

fn known(found: &[String]) -> String {
    if found.is_empty() {
        "there is none at all".to_owned()
    } else {
        format!("there is {}", found.join(", "))
    }
}

/// `1 commit`, `2 commits`.
fn counted(commits: u64) -> String {
    if commits == 1 { "1 commit".to_owned() } else { format!("{commits} commits") }
}
