//! Each strategy in each situation: whatever happens, every content that there was can still be had.

use std::fs;

use super::repository::{Repository, write};
use super::{now, options};
use crate::{Clean, Did, Options, Strategy, SyncError, sync};

pub(super) const STRATEGIES: [Strategy; 4] =
    [Strategy::FfOnly, Strategy::Rebase, Strategy::Merge, Strategy::HardReset];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Situation {
    Behind,
    Ahead,
    Diverged,
    Dirty,
    Untracked,
    Ignored,
    Conflict,
    /// What is in the way is in another shape: a folder where a file comes, a link where a folder comes.
    Shapes,
}

const SITUATIONS: [Situation; 8] = [
    Situation::Behind,
    Situation::Ahead,
    Situation::Diverged,
    Situation::Dirty,
    Situation::Untracked,
    Situation::Ignored,
    Situation::Conflict,
    Situation::Shapes,
];

fn arrange(repo: &Repository, situation: Situation) {
    match situation {
        Situation::Behind => repo.upstream("new", "theirs"),
        Situation::Ahead => repo.commit("mine", "mine"),
        Situation::Diverged => {
            repo.upstream("new", "theirs");
            repo.commit("mine", "mine");
        }
        Situation::Dirty => {
            repo.upstream("base", "theirs");
            repo.write("base", "changed here");
            repo.write("staged", "staged");
            repo.git(&["add", "staged"]);
            repo.write("staged", "changed after that");
        }
        Situation::Untracked => {
            repo.upstream("new", "theirs");
            repo.upstream("bystander", "theirs");
            repo.write("new", "untracked here");
            repo.write("quiet", "in nobody's way");
        }
        Situation::Ignored => {
            repo.commit(".gitignore", "*.env\n");
            repo.git(&["push", "-q", "origin", "main"]);
            repo.upstream_with(|other| {
                super::repository::git(other, &["pull", "-q"]);
                write(other, "a.env", "theirs");
            });
            repo.write("a.env", "ignored here");
            repo.write("b.env", "in nobody's way");
        }
        Situation::Conflict => {
            repo.upstream_with(|other| {
                write(other, "base", "theirs");
                write(other, "new", "theirs");
            });
            repo.commit("base", "mine");
            repo.write("new", "untracked here");
        }
        Situation::Shapes => {
            repo.upstream_with(|other| {
                write(other, "thing", "now a file");
                write(other, "link/inside", "theirs");
                fs::remove_file(other.join("folder/file")).unwrap();
                fs::remove_dir(other.join("folder")).unwrap();
                write(other, "folder", "was a folder");
            });
            repo.write("thing/deep/one", "untracked in a folder");
            repo.write("folder/beside", "untracked beside a tracked one");
            std::os::unix::fs::symlink("/nowhere", repo.work.join("link")).unwrap();
        }
    }
}

/// What is to come of it.
fn expected(strategy: Strategy, situation: Situation) -> Result<Did, &'static str> {
    use Situation::{Ahead, Behind, Conflict, Dirty, Diverged, Ignored, Shapes, Untracked};
    match (situation, strategy) {
        (Behind | Ignored | Shapes, _) => Ok(Did::Forwarded(1)),
        (Untracked, _) => Ok(Did::Forwarded(2)),
        (Ahead, Strategy::HardReset) => Ok(Did::Pushed(1)),
        (Ahead, _) => Ok(Did::Ahead(1)),
        (Dirty, _) => Err("changes without a commit"),
        (Diverged | Conflict, Strategy::FfOnly) => Err("both sides have commits"),
        (Diverged | Conflict, Strategy::HardReset) => Ok(Did::Reset(1)),
        (Diverged, Strategy::Rebase) => Ok(Did::Rebased(1)),
        (Diverged, Strategy::Merge) => Ok(Did::Merged(1)),
        (Conflict, Strategy::Rebase | Strategy::Merge) => Err("stopped at a conflict in base and was undone"),
    }
}

fn play(strategy: Strategy, situation: Situation, clean: Clean) -> Result<Did, SyncError> {
    let repo = Repository::new();
    arrange(&repo, situation);
    let (contents, files) = (repo.contents(), repo.files());
    let (head, status) = (repo.git(&["rev-parse", "HEAD"]), repo.git(&["status", "--porcelain"]));
    let synced = sync(&repo.work, &Options { clean, ..options(strategy) }, now());
    let about = format!("{strategy:?} {situation:?} {clean:?}: {synced:?}");
    assert_eq!(repo.lost(&contents), Vec::<String>::new(), "{about}");
    assert_eq!(repo.git(&["symbolic-ref", "HEAD"]), "refs/heads/main", "{about}");
    match &synced {
        Err(_) => {
            assert_eq!(repo.files(), files, "{about}");
            assert_eq!(
                (repo.git(&["rev-parse", "HEAD"]), repo.git(&["status", "--porcelain"])),
                (head, status)
            );
        }
        Ok(synced) => {
            assert_eq!(repo.git(&["rev-parse", "HEAD"]), synced.after, "{about}");
            let changed = repo.git(&["status", "--porcelain", "--untracked-files=no"]);
            assert_eq!(changed, "", "{about}");
            let untracked = repo.git(&["ls-files", "--others", "--exclude-standard"]);
            assert!(clean == Clean::No || untracked.is_empty(), "{about}");
        }
    }
    synced.map(|synced| synced.did)
}

#[test]
fn nothing_is_lost_whatever_the_strategy_and_the_situation() {
    for situation in SITUATIONS {
        for strategy in STRATEGIES {
            match (play(strategy, situation, Clean::No), expected(strategy, situation)) {
                (Ok(did), Ok(wanted)) => assert_eq!(did, wanted, "{strategy:?} {situation:?}"),
                (Err(error), Err(words)) => {
                    assert!(error.to_string().contains(words), "{strategy:?} {situation:?}: {error}");
                }
                (came, wanted) => panic!("{strategy:?} {situation:?}: {came:?}, and not {wanted:?}"),
            }
        }
    }
}

#[test]
fn nothing_is_lost_with_clean_either() {
    for situation in [Situation::Dirty, Situation::Untracked, Situation::Shapes, Situation::Conflict] {
        let did = play(Strategy::HardReset, situation, Clean::Yes);
        assert!(did.is_ok(), "{situation:?}: {did:?}");
    }
    let did = play(Strategy::Merge, Situation::Untracked, Clean::Yes);
    assert_eq!(did.unwrap(), Did::Forwarded(2));
}
