//! What a sync does not touch, and what it says then.

use std::fs;
use std::time::Duration;

use super::repository::Repository;
use super::{now, options};
use crate::{Options, Strategy, SyncError, sync};

/// The error of a sync that must leave everything as it is.
fn refused(repo: &Repository, options: &Options) -> SyncError {
    let (files, head) = (repo.files(), repo.git(&["rev-parse", "HEAD"]));
    let error = sync(&repo.work, options, now()).unwrap_err();
    assert_eq!((repo.files(), repo.git(&["rev-parse", "HEAD"])), (files, head), "{error}");
    error
}

fn forward() -> Options {
    options(Strategy::FfOnly)
}

#[test]
fn a_checkout_that_is_not_ready_is_said_to_be_and_left() {
    let repo = Repository::new();
    repo.git(&["checkout", "-q", "--detach"]);
    assert!(matches!(refused(&repo, &forward()), SyncError::Detached));
    repo.git(&["checkout", "-q", "main"]);
    fs::write(repo.work.join(".git/index.lock"), "").unwrap();
    assert!(matches!(refused(&repo, &forward()), SyncError::Locked(path) if path.ends_with("index.lock")));
    fs::remove_file(repo.work.join(".git/index.lock")).unwrap();
    let other = Options { branch: Some("release".into()), ..forward() };
    assert!(matches!(refused(&repo, &other), SyncError::OtherBranch { found, .. } if found == "main"));
    let missing = Options { remote: "upstream".into(), ..forward() };
    let error = refused(&repo, &missing).to_string();
    assert!(error.contains("no remote `upstream` (there is origin)"), "{error}");
    let option = Options { remote: "--upload-pack=touch /tmp/x".into(), ..forward() };
    assert!(matches!(refused(&repo, &option), SyncError::NoRemote { .. }));
    repo.git(&["checkout", "-q", "-b", "local"]);
    assert!(matches!(refused(&repo, &forward()), SyncError::NoBranch { branch, .. } if branch == "local"));
}

#[test]
fn something_half_done_is_named_with_what_gives_it_up() {
    let repo = Repository::new();
    repo.upstream("base", "theirs");
    repo.commit("base", "mine");
    repo.git(&["fetch", "-q"]);
    for (start, abort) in [("merge", "git merge --abort"), ("rebase", "git rebase --abort")] {
        let merged =
            std::process::Command::new("git").args([start, "origin/main"]).current_dir(&repo.work).output();
        assert!(!merged.unwrap().status.success());
        let error = refused(&repo, &forward()).to_string();
        assert!(error.contains(start) && error.contains(abort), "{error}");
        repo.git(&[start, "--abort"]);
    }
}

#[test]
fn changes_that_git_was_told_not_to_see_are_not_overwritten() {
    let repo = Repository::new();
    repo.git(&["update-index", "--assume-unchanged", "base"]);
    repo.write("base", "my own settings");
    repo.upstream("base", "theirs");
    let error = refused(&repo, &options(Strategy::HardReset));
    assert!(matches!(error, SyncError::Hidden(files) if files == ["base"]));
}

#[test]
fn a_repository_within_the_way_is_left_and_named() {
    let repo = Repository::new();
    repo.upstream("tool", "now a file");
    fs::create_dir(repo.work.join("tool")).unwrap();
    super::repository::git(&repo.work.join("tool"), &["init", "-q"]);
    repo.write("tool/work", "of years");
    let error = refused(&repo, &options(Strategy::HardReset));
    assert!(matches!(error, SyncError::NotKept { path, .. } if path == "tool"));
}

#[test]
fn a_remote_that_asks_for_a_password_or_hangs_ends_with_what_to_do() {
    let repo = Repository::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    repo.git(&["remote", "set-url", "origin", &format!("http://joe:hunter2@127.0.0.1:{port}/a.git")]);
    let hangs = Options { limit: Duration::from_secs(1), ..forward() };
    assert!(matches!(refused(&repo, &hangs), SyncError::TooLong { what, seconds: 1 } if what == "fetch"));
    repo.git(&["remote", "set-url", "origin", &format!("http://127.0.0.1:{port}/a.git")]);
    let server = std::thread::spawn(move || {
        use std::io::{Read, Write};
        // The first connection is the one that hung.
        for stream in listener.incoming().skip(1).take(1) {
            let mut stream = stream.unwrap();
            let _request = stream.read(&mut [0; 4096]).unwrap();
            let answer = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let error = refused(&repo, &forward()).to_string();
    assert!(error.contains("nobody is there to type a password"), "{error}");
    server.join().unwrap();
}

#[test]
fn an_unreachable_remote_is_said_without_its_password() {
    let repo = Repository::new();
    repo.git(&["remote", "set-url", "origin", "http://joe:hunter2@127.0.0.1:1/a.git"]);
    let error = refused(&repo, &forward());
    assert!(matches!(error, SyncError::Fetch { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}

#[test]
fn a_folder_without_a_checkout_and_one_without_a_commit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(sync(folder.path(), &forward(), now()), Err(SyncError::NoCheckout { .. })));
    super::repository::git(folder.path(), &["init", "-q"]);
    super::repository::git(folder.path(), &["remote", "add", "origin", "nowhere"]);
    assert!(matches!(sync(folder.path(), &forward(), now()), Err(SyncError::NoCommit)));
    assert!("rebas".parse::<Strategy>().is_err());
    assert_eq!("hardreset".parse::<Strategy>().unwrap(), Strategy::HardReset);
}

#[test]
fn two_at_a_time_are_one() {
    let repo = Repository::new();
    let lock = fs::File::create(repo.work.join(".git/standin-sync.lock")).unwrap();
    lock.lock().unwrap();
    assert!(matches!(refused(&repo, &forward()), SyncError::Twice));
}
