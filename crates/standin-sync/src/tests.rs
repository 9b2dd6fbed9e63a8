#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod losses;
mod matrix;
mod refusals;
mod repository;

use jiff::Timestamp;

use crate::keep::What;
use crate::{Clean, Did, Options, Strategy, SyncError, sync};
use repository::Repository;

fn now() -> Timestamp {
    "2026-11-22T03:04:05Z".parse().unwrap()
}

fn options(strategy: Strategy) -> Options {
    Options { strategy, ..Options::default() }
}

#[test]
fn what_is_only_behind_goes_forward_and_stays_so() {
    for strategy in matrix::STRATEGIES {
        let repo = Repository::new();
        repo.upstream("new", "from there");
        let synced = sync(&repo.work, &options(strategy), now()).unwrap();
        assert_eq!(
            (synced.did, synced.kept, repo.read("new").as_str()),
            (Did::Forwarded(1), vec![], "from there")
        );
        assert_ne!(synced.before, synced.after);
        let again = sync(&repo.work, &options(strategy), now()).unwrap();
        assert_eq!((again.did, again.before == again.after), (Did::UpToDate, true));
    }
}

#[test]
fn a_hard_reset_that_is_only_ahead_pushes_or_stops() {
    let repo = Repository::new();
    repo.commit("mine", "1");
    let synced = sync(&repo.work, &options(Strategy::HardReset), now()).unwrap();
    assert_eq!(synced.did, Did::Pushed(1));
    assert_eq!(repo.remote_has("mine"), Some("1".into()));
    repo.commit("mine", "2");
    repo.refuse_pushes();
    let error = sync(&repo.work, &options(Strategy::HardReset), now()).unwrap_err();
    assert!(matches!(error, SyncError::NotPushed { ahead: 1, .. }), "{error}");
    assert_eq!(repo.read("mine"), "2", "and the commits stay");
    assert_eq!(sync(&repo.work, &options(Strategy::Merge), now()).unwrap().did, Did::Ahead(1));
}

#[test]
fn a_hard_reset_keeps_commits_and_files_and_the_printed_commands_bring_them_back() {
    let repo = Repository::new();
    repo.upstream("taken", "theirs");
    repo.upstream(".env", "theirs too");
    repo.commit(".gitignore", ".env\n");
    repo.commit("mine", "never pushed");
    repo.write("taken", "untracked\nand with \u{fc}");
    repo.write(".env", "SECRET=ignored");
    let before = repo.git(&["rev-parse", "HEAD"]);
    let synced = sync(&repo.work, &options(Strategy::HardReset), now()).unwrap();
    assert_eq!(synced.did, Did::Reset(2));
    assert_eq!((repo.read("taken"), repo.exists("mine")), ("theirs".into(), false));
    let [commits, files] = &synced.kept[..] else { panic!("{:?}", synced.kept) };
    assert_eq!(commits.what, What::Commits(2));
    assert_eq!(files.what, What::Files(vec![".env".into(), "taken".into()]));
    assert!(commits.reference.starts_with("refs/standin/sync/20261122T030405Z-"), "{}", commits.reference);
    repo.shell(&files.restore[0]);
    assert_eq!(
        (repo.read("taken").as_str(), repo.read(".env").as_str()),
        ("untracked\nand with \u{fc}", "SECRET=ignored")
    );
    repo.git(&["checkout", "-q", "--", "."]);
    repo.shell(&commits.restore[0]);
    assert_eq!(repo.git(&["rev-parse", "HEAD"]), before);
    assert_eq!(repo.read("mine"), "never pushed");
}

#[test]
fn with_clean_untracked_and_changed_files_go_and_can_be_had_back() {
    let repo = Repository::new();
    repo.write("base", "changed on the disk");
    repo.write("staged", "in the index");
    repo.git(&["add", "staged"]);
    repo.write("staged", "and otherwise on the disk");
    repo.write("a/b/new", "untracked");
    repo.write(".standin/state.db", "Standin's own");
    repo.write(".gitignore", "cache\n");
    repo.write("cache", "ignored");
    let options = Options { clean: Clean::Yes, ..options(Strategy::HardReset) };
    let synced = sync(&repo.work, &options, now()).unwrap();
    assert_eq!((synced.did, repo.read("base").as_str()), (Did::Reset(0), "base"));
    assert!(
        !repo.exists("staged")
            && !repo.exists("a")
            && repo.exists(".standin/state.db")
            && repo.exists("cache")
    );
    assert_eq!(synced.cleaned, [".gitignore", "a/b/new"]);
    assert_eq!(repo.git(&["status", "--porcelain", "--", "base", "staged", "a"]), "");
    let all: Vec<_> = synced.kept.iter().flat_map(|kept| &kept.restore).collect();
    assert_eq!(all.len(), 3, "{all:?}");
    for command in all {
        repo.shell(command);
    }
    assert_eq!(
        (repo.read("base").as_str(), repo.read("a/b/new").as_str()),
        ("changed on the disk", "untracked")
    );
    assert_eq!(repo.read("staged"), "and otherwise on the disk");
    assert_eq!(repo.git(&["show", ":staged"]), "in the index");
}

#[test]
fn a_file_that_comes_and_goes_within_the_replayed_commits_is_in_the_way_too() {
    let repo = Repository::new();
    repo.commit(".env", "by mistake");
    repo.git(&["rm", "-q", "--cached", ".env"]);
    repo.commit(".gitignore", ".env\n");
    repo.write(".env", "SECRET=ignored");
    repo.upstream("new", "theirs");
    let synced = sync(&repo.work, &options(Strategy::Rebase), now()).unwrap();
    assert_eq!(synced.did, Did::Rebased(2));
    let files =
        synced.kept.iter().find(|kept| kept.what == What::Files(vec![".env".into()])).expect("it is kept");
    repo.shell(&files.restore[0]);
    assert_eq!(repo.read(".env"), "SECRET=ignored");
}

#[test]
fn what_a_killed_sync_moved_aside_comes_back() {
    let repo = Repository::new();
    repo.write(".git/standin-sync-aside/a/lost", "moved aside");
    repo.write(".git/standin-sync-aside/base", "older");
    sync(&repo.work, &options(Strategy::FfOnly), now()).unwrap();
    assert_eq!((repo.read("a/lost").as_str(), repo.read("base").as_str()), ("moved aside", "base"));
    assert!(!repo.exists(".git/standin-sync-aside"));
}

#[test]
fn tidying_up_keeps_the_backups() {
    let repo = Repository::new();
    repo.upstream("new", "theirs");
    repo.commit("mine", "never pushed");
    let options = Options { gc: crate::Gc::Yes, ..options(Strategy::HardReset) };
    let synced = sync(&repo.work, &options, now()).unwrap();
    repo.git(&["reflog", "expire", "--expire=now", "--all"]);
    repo.git(&["gc", "-q", "--prune=now"]);
    let kept = format!("{}:mine", synced.kept[0].reference);
    assert_eq!(repo.git(&["show", &kept]), "never pushed");
}
