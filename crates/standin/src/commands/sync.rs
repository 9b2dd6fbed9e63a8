//! `standin sync`: the checkout brought up to its remote branch, with nothing lost.

use std::path::Path;

use jiff::Timestamp;
use standin_sync::{Clean, Did, Gc, Kept, Options, SyncError, Synced, What, sync_keeping};

use crate::cli::{Switch, SyncArgs};
use crate::exit::{Exit, Failure};
use crate::output;

/// Syncs; ends with 1 when a person has to settle something first, with 4 when the remote did not answer or refused.
pub(crate) fn sync(path: Option<&Path>, args: &SyncArgs) -> Result<Exit, Failure> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let mut options = Options { branch: given(&args.branch), ..Options::default() };
    if let Some(remote) = given(&args.remote) {
        options.remote = remote;
    }
    if let Some(strategy) = given(&args.strategy) {
        options.strategy = strategy.parse().map_err(|error: SyncError| Failure::Usage(error.to_string()))?;
    }
    if args.clean == Switch::On {
        options.clean = Clean::Yes;
    }
    if args.gc == Switch::On {
        options.gc = Gc::Yes;
    }
    let here = std::env::current_dir().map_err(Failure::io("this folder cannot be read"))?;
    let mut kept = Vec::new();
    match sync_keeping(path.unwrap_or(&here), &options, Timestamp::now(), &mut kept) {
        Ok(synced) => {
            output::write(&words(&synced))?;
            Ok(Exit::Fine)
        }
        Err(error) => {
            // It has stopped, and what it kept before is there all the same.
            output::write(&brought_back(&kept))?;
            failed(&error)
        }
    }
}

fn failed(error: &SyncError) -> Result<Exit, Failure> {
    match error {
        SyncError::Strategy(_)
        | SyncError::NoCheckout { .. }
        | SyncError::NoRemote { .. }
        | SyncError::OtherBranch { .. } => Err(Failure::Usage(error.to_string())),
        SyncError::NoGit(_)
        | SyncError::NoBranch { .. }
        | SyncError::OtherName { .. }
        | SyncError::NotPushed { .. }
        | SyncError::Fetch { .. }
        | SyncError::TooLong { .. }
        | SyncError::Git { .. }
        | SyncError::Io { .. } => Err(Failure::Platform(error.to_string())),
        SyncError::Twice
        | SyncError::NoCommit
        | SyncError::Detached
        | SyncError::InProgress { .. }
        | SyncError::Locked(_)
        | SyncError::Dirty { .. }
        | SyncError::Hidden(_)
        | SyncError::Meanwhile(_)
        | SyncError::Diverged { .. }
        | SyncError::Conflict { .. }
        | SyncError::NotKept { .. }
        | SyncError::NotUndone { .. } => {
            eprintln!("error: {error}");
            Ok(Exit::Found)
        }
    }
}

/// `1 file`, `2 files`.
fn files(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn words(synced: &Synced) -> String {
    let did = match synced.did {
        Did::UpToDate => "is up to date".to_owned(),
        Did::Ahead(1) => "has nothing new; 1 commit is only here".to_owned(),
        Did::Ahead(count) => format!("has nothing new; {} are only here", commits(count)),
        Did::Forwarded(count) => format!("went forward by {}", commits(count)),
        Did::Rebased(0) => "is what the remote has: its own commits were in it already".to_owned(),
        Did::Rebased(count) => format!("has {} on top of the remote's", commits(count)),
        Did::Merged(count) => format!("has {} of the remote merged", commits(count)),
        Did::Reset(0) => "is what the remote has, without the changes here".to_owned(),
        Did::Reset(count) => format!("is what the remote has, without {} of its own", commits(count)),
        Did::Withdrawn { ahead, withdrawn } if ahead == withdrawn => {
            format!("is what the remote has, which took back {} that it had before", commits(ahead))
        }
        Did::Withdrawn { ahead, withdrawn } => format!(
            "is what the remote has, without {} of its own; {withdrawn} of them it had before and took back",
            commits(ahead)
        ),
        Did::Pushed(1) => "had 1 commit that was pushed".to_owned(),
        Did::Pushed(count) => format!("had {} that were pushed", commits(count)),
    };
    let short = |id: &str| id.chars().take(10).collect::<String>();
    let mut text = format!("{} {did} ({})\n", synced.branch, short(&synced.after));
    if !synced.cleaned.is_empty() {
        let were = if synced.cleaned.len() == 1 { "was" } else { "were" };
        text.push_str(&format!("{} {were} taken away\n", files(synced.cleaned.len(), "untracked file")));
    }
    text.push_str(&brought_back(&synced.kept));
    text
}

/// What was kept, and the commands that bring it back.
fn brought_back(all: &[Kept]) -> String {
    let mut text = String::new();
    for kept in all {
        let (what, count) = match &kept.what {
            What::Commits(count) => (commits(*count), *count),
            What::Files(kept) => (files(kept.len(), "file"), kept.len() as u64),
            What::Staged(kept) => (format!("what was staged of {}", files(kept.len(), "file")), 1),
        };
        let (them, root) = (if count == 1 { "it" } else { "them" }, kept.root.display());
        text.push_str(&format!("kept {what} under {}; to bring {them} back, in {root}:\n", kept.reference));
        for command in &kept.restore {
            text.push_str(&format!("    {command}\n"));
        }
    }
    text
}

fn commits(count: u64) -> String {
    if count == 1 { "1 commit".to_owned() } else { format!("{count} commits") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn said(did: Did) -> String {
        let synced = Synced {
            branch: "main".into(),
            before: "a".repeat(40),
            after: "b".repeat(40),
            did,
            kept: Vec::new(),
            cleaned: Vec::new(),
        };
        let text = words(&synced);
        let (text, rest) = text.split_once(" (bbbbbbbbbb)").unwrap();
        assert_eq!(rest, "\n");
        text.strip_prefix("main ").unwrap().to_owned()
    }

    #[test]
    fn what_was_done_is_said_in_words_that_fit_the_number() {
        for (did, words) in [
            (Did::UpToDate, "is up to date"),
            (Did::Ahead(1), "has nothing new; 1 commit is only here"),
            (Did::Ahead(2), "has nothing new; 2 commits are only here"),
            (Did::Rebased(0), "is what the remote has: its own commits were in it already"),
            (Did::Rebased(1), "has 1 commit on top of the remote's"),
            (Did::Reset(0), "is what the remote has, without the changes here"),
            (Did::Reset(2), "is what the remote has, without 2 commits of its own"),
            (Did::Pushed(1), "had 1 commit that was pushed"),
            (Did::Pushed(2), "had 2 commits that were pushed"),
            (
                Did::Withdrawn { ahead: 1, withdrawn: 1 },
                "is what the remote has, which took back 1 commit that it had before",
            ),
            (
                Did::Withdrawn { ahead: 2, withdrawn: 1 },
                "is what the remote has, without 2 commits of its own; 1 of them it had before and took back",
            ),
        ] {
            assert_eq!(said(did), words);
        }
    }

    #[test]
    fn what_was_kept_is_said_with_where_its_commands_work() {
        let kept = |what| Kept {
            reference: "REF".into(),
            what,
            root: "/srv/shop".into(),
            restore: vec!["do it".into()],
        };
        let all = [
            kept(What::Commits(2)),
            kept(What::Files(vec!["a".into()])),
            kept(What::Staged(vec!["a".into(), "b".into()])),
        ];
        let text = brought_back(&all);
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("    do it")).collect();
        assert_eq!(
            lines,
            [
                "kept 2 commits under REF; to bring them back, in /srv/shop:",
                "kept 1 file under REF; to bring it back, in /srv/shop:",
                "kept what was staged of 2 files under REF; to bring it back, in /srv/shop:",
            ]
        );
    }
}
