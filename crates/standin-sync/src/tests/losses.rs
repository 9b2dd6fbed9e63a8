//! Ways in which something was lost once.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::repository::{Repository, git, write};
use super::{now, options};
use crate::keep::What;
use crate::{Clean, Did, Options, Strategy, SyncError, sync};

fn cleaning() -> Options {
    Options { clean: Clean::Yes, ..options(Strategy::HardReset) }
}

#[test]
fn a_file_that_is_assumed_to_be_unchanged_is_not_brought_back_to_what_the_remote_has() {
    for (strategy, clean) in
        [(Strategy::HardReset, Clean::No), (Strategy::HardReset, Clean::Yes), (Strategy::Rebase, Clean::No)]
    {
        let repo = Repository::new();
        repo.commit("other", "mine");
        repo.upstream("other", "theirs");
        repo.git(&["update-index", "--assume-unchanged", "base", "folder/file"]);
        repo.write("base", "my own settings");
        let files = repo.files();
        let error = sync(&repo.work, &Options { clean, ..options(strategy) }, now()).unwrap_err();
        assert!(matches!(&error, SyncError::Hidden(files) if files == &["base"]), "{error}");
        assert_eq!(repo.files(), files);
        // Without a change it is in nobody's way.
        repo.write("base", "base");
        let done = sync(&repo.work, &Options { clean, ..options(strategy) }, now());
        assert!(!matches!(done, Err(SyncError::Hidden(_))), "{done:?}");
    }
    let repo = Repository::new();
    repo.git(&["update-index", "--assume-unchanged", "base"]);
    repo.write("base", "my own settings");
    repo.write("folder/file", "changed");
    assert!(
        matches!(sync(&repo.work, &cleaning(), now()), Err(SyncError::Hidden(_))),
        "also when up to date"
    );
    repo.write("folder/file", "in a folder");
    repo.upstream("new", "theirs");
    assert_eq!(sync(&repo.work, &options(Strategy::FfOnly), now()).unwrap().did, Did::Forwarded(1));
    assert_eq!(repo.read("base"), "my own settings");
}

#[test]
fn what_stands_where_a_tracked_folder_or_file_was_is_kept() {
    for behind in [false, true] {
        let repo = Repository::new();
        if behind {
            repo.upstream("folder/file", "theirs");
            repo.upstream("base", "theirs");
        }
        fs::remove_dir_all(repo.work.join("folder")).unwrap();
        symlink("/nowhere/data", repo.work.join("folder")).unwrap();
        fs::remove_file(repo.work.join("base")).unwrap();
        repo.write("base/notes/one", "in a folder where a file was");
        repo.write(".git/info/exclude", "folder\n");
        let synced = sync(&repo.work, &cleaning(), now()).unwrap();
        let [files] = &synced.kept[..] else { panic!("{:?}", synced.kept) };
        assert_eq!(files.what, What::Files(vec!["base/notes/one".into(), "folder".into()]));
        assert_eq!(repo.read("base"), if behind { "theirs" } else { "base" });
        assert!(repo.exists("folder/file"));
        repo.write("folder/made since", "untracked");
        repo.shell(&files.restore[0]);
        assert_eq!(fs::read_link(repo.work.join("folder")).unwrap().to_str(), Some("/nowhere/data"));
        assert_eq!(repo.read("base/notes/one"), "in a folder where a file was");
        assert_eq!(repo.read("folder.before-restore/made since"), "untracked", "and nothing else goes");
    }
}

#[test]
fn what_was_kept_comes_back_byte_for_byte_with_its_mode_whatever_git_makes_of_such_files() {
    let repo = Repository::new();
    repo.git(&["config", "core.autocrlf", "true"]);
    repo.git(&["config", "filter.breaks.smudge", "false"]);
    repo.git(&["config", "filter.breaks.required", "true"]);
    repo.write(
        ".git/info/attributes",
        "crlf text eol=crlf\nident ident\nwide working-tree-encoding=UTF-16\nfiltered filter=breaks\n",
    );
    let all = ["crlf", "ident", "filtered", "it's; a\nname", "-rf", ".env", "wide"];
    let mode_of = |name: &str| match name {
        ".env" => 0o600,
        "-rf" => 0o750,
        "wide" => 0o444,
        _ => 0o664,
    };
    for name in all {
        repo.write(name, "one\ntwo\r\n$Id$ and \u{fc}");
        fs::set_permissions(repo.work.join(name), fs::Permissions::from_mode(mode_of(name))).unwrap();
    }
    symlink("to\n", repo.work.join("link")).unwrap();
    let files = repo.files();
    let synced = sync(&repo.work, &cleaning(), now()).unwrap();
    assert_eq!(synced.cleaned.len(), all.len() + 1);
    assert_eq!(repo.files().len(), 2);
    // From anywhere, and where a link leads elsewhere by now.
    fs::create_dir_all(repo.work.join("far/below")).unwrap();
    repo.shell(&format!("cd far/below; {}", synced.kept[0].restore[0]));
    assert_eq!(repo.files(), files);
    for name in all {
        let mode = fs::metadata(repo.work.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, mode_of(name), "{name}");
    }
}

#[test]
fn what_belongs_to_somebody_else_does_so_again() {
    use std::os::unix::fs::{MetadataExt, chown};
    let repo = Repository::new();
    repo.write("theirs", "1");
    fs::set_permissions(repo.work.join("theirs"), fs::Permissions::from_mode(0o600)).unwrap();
    if chown(repo.work.join("theirs"), Some(12345), Some(54321)).is_err() {
        // That takes the superuser.
        return;
    }
    let synced = sync(&repo.work, &cleaning(), now()).unwrap();
    repo.shell(&synced.kept[0].restore[0]);
    let meta = fs::metadata(repo.work.join("theirs")).unwrap();
    assert_eq!((meta.uid(), meta.gid(), meta.mode() & 0o777), (12345, 54321, 0o600));
}

#[test]
fn restoring_writes_through_no_link() {
    let repo = Repository::new();
    let elsewhere = tempfile::tempdir().unwrap();
    repo.write("data/one", "mine");
    let synced = sync(&repo.work, &cleaning(), now()).unwrap();
    symlink(elsewhere.path(), repo.work.join("data")).unwrap();
    repo.shell(&synced.kept[0].restore[0]);
    assert_eq!(repo.read("data/one"), "mine");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn only_what_was_staged_is_staged_again() {
    let repo = Repository::new();
    repo.write("staged", "in the index only");
    repo.git(&["add", "staged"]);
    fs::remove_file(repo.work.join("staged")).unwrap();
    repo.git(&["rm", "-q", "folder/file"]);
    repo.upstream("base", "theirs");
    repo.upstream("new", "theirs");
    let synced = sync(&repo.work, &cleaning(), now()).unwrap();
    let [staged] = &synced.kept[..] else { panic!("{:?}", synced.kept) };
    assert_eq!(staged.what, What::Staged(vec!["staged".into()]));
    repo.shell(&format!("cd folder; {}", staged.restore[0]));
    assert_eq!(repo.git(&["diff", "--cached", "--name-only"]), "staged");
    assert_eq!(repo.git(&["show", ":staged"]), "in the index only");
}

#[test]
fn a_file_that_is_only_meant_to_be_added_is_kept_as_a_file() {
    let repo = Repository::new();
    repo.write("meant", "to be added");
    repo.git(&["add", "-N", "meant"]);
    let synced = sync(&repo.work, &cleaning(), now()).unwrap();
    let [files] = &synced.kept[..] else { panic!("{:?}", synced.kept) };
    assert_eq!(files.what, What::Files(vec!["meant".into()]));
    assert!(!repo.exists("meant"));
    repo.shell(&files.restore[0]);
    assert_eq!(repo.read("meant"), "to be added");
}

#[test]
fn commits_of_a_submodule_that_nobody_else_could_get_hold_a_push_up() {
    let repo = Repository::new();
    let module = repo.work.join("module");
    git(
        &repo.work,
        &["clone", "-q", repo.work.parent().unwrap().join("remote.git").to_str().unwrap(), "module"],
    );
    repo.git(&["add", "module"]);
    repo.git(&["commit", "-q", "-m", "module"]);
    assert_eq!(sync(&repo.work, &options(Strategy::HardReset), now()).unwrap().did, Did::Pushed(1));
    write(&module, "new", "not pushed");
    git(&module, &["add", "new"]);
    git(&module, &["commit", "-q", "-m", "new"]);
    repo.git(&["commit", "-q", "-a", "-m", "module"]);
    let error = sync(&repo.work, &options(Strategy::HardReset), now()).unwrap_err();
    assert!(matches!(error, SyncError::NotPushed { ahead: 1, .. }), "{error}");
}

#[test]
fn a_change_that_is_only_a_removal_needs_no_backup() {
    let repo = Repository::new();
    fs::remove_file(repo.work.join("base")).unwrap();
    let synced = sync(&repo.work, &cleaning(), now()).unwrap();
    assert_eq!((synced.did, synced.kept, repo.read("base").as_str()), (Did::Reset(0), vec![], "base"));
}

#[test]
fn what_the_remote_withdrew_is_not_published_again() {
    let repo = Repository::new();
    repo.upstream("leaked", "a secret");
    sync(&repo.work, &options(Strategy::HardReset), now()).unwrap();
    repo.withdraw();
    repo.git(&["fetch", "-q"]);
    repo.commit("mine", "on top of it");
    let synced = sync(&repo.work, &options(Strategy::HardReset), now()).unwrap();
    assert_eq!(synced.did, Did::Withdrawn { ahead: 2, withdrawn: 1 });
    assert_eq!((repo.remote_has("leaked"), repo.exists("leaked")), (None, false));
    repo.shell(&synced.kept[0].restore[0]);
    assert_eq!((repo.read("leaked").as_str(), repo.read("mine").as_str()), ("a secret", "on top of it"));
}

#[test]
fn a_sync_that_stops_each_time_keeps_the_same_once() {
    let repo = Repository::new();
    repo.upstream("base", "theirs");
    repo.upstream("taken", "theirs");
    repo.commit("base", "mine");
    repo.write("taken", "untracked");
    let mut seen = Vec::new();
    for minute in 0..3 {
        let at = now() + jiff::SignedDuration::from_mins(minute);
        let mut kept = Vec::new();
        let error = crate::sync_keeping(&repo.work, &options(Strategy::Rebase), at, &mut kept).unwrap_err();
        assert!(matches!(error, SyncError::Conflict { .. }), "{error}");
        assert_eq!(repo.read("taken"), "untracked");
        seen.push(kept);
    }
    assert_eq!((&seen[0], &seen[1]), (&seen[1], &seen[2]));
    let refs = repo.git(&["for-each-ref", "refs/standin"]);
    assert_eq!(refs.lines().count(), 2, "{refs}");
    repo.write("taken", "something else");
    sync(&repo.work, &options(Strategy::Rebase), now()).unwrap_err();
    assert_eq!(
        repo.git(&["for-each-ref", "refs/standin"]).lines().count(),
        3,
        "what is other is kept as well"
    );
}

#[test]
fn a_linked_worktree_on_another_disk_is_synced() {
    let repo = Repository::new();
    let Ok(disk) = tempfile::tempdir_in("/dev/shm") else { return };
    let linked = disk.path().join("linked");
    repo.git(&["checkout", "-q", "--detach"]);
    repo.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "main"]);
    repo.upstream("taken", "theirs");
    write(&linked, "taken", "untracked");
    fs::set_permissions(linked.join("taken"), fs::Permissions::from_mode(0o600)).unwrap();
    let synced = sync(&linked, &options(Strategy::FfOnly), now()).unwrap();
    assert_eq!(
        (synced.did, fs::read_to_string(linked.join("taken")).unwrap().as_str()),
        (Did::Forwarded(1), "theirs")
    );
    assert_eq!(synced.kept[0].what, What::Files(vec!["taken".into()]));
    // And back again, where git stops.
    repo.upstream("second", "theirs");
    write(&linked, "second", "untracked");
    symlink("nowhere", linked.join("link")).unwrap();
    repo.upstream("link", "theirs");
    repo.hook("reference-transaction", "[ \"$1\" != prepared ] || ! grep -q ' refs/heads/'");
    sync(&linked, &options(Strategy::FfOnly), now()).unwrap_err();
    assert_eq!(fs::read_to_string(linked.join("second")).unwrap(), "untracked");
    assert_eq!(fs::read_link(linked.join("link")).unwrap().to_str(), Some("nowhere"));
}

#[test]
fn settings_for_merges_by_hand_change_nothing() {
    for setting in ["--squash", "--no-commit", "--no-ff"] {
        for (strategy, local) in
            [(Strategy::Merge, true), (Strategy::FfOnly, false), (Strategy::Merge, false)]
        {
            let repo = Repository::new();
            repo.git(&["config", "branch.main.mergeOptions", setting]);
            repo.git(&["config", "merge.ff", "only"]);
            repo.upstream("new", "theirs");
            if local {
                repo.commit("mine", "mine");
            }
            let synced = sync(&repo.work, &options(strategy), now()).unwrap();
            assert_ne!(synced.before, synced.after, "{setting}");
            repo.git(&["merge-base", "--is-ancestor", "origin/main", "HEAD"]);
            assert_eq!(repo.git(&["status", "--porcelain"]), "", "{setting}");
        }
    }
}

#[test]
fn a_change_that_dies_half_way_leaves_everything_as_it_was() {
    for strategy in super::matrix::STRATEGIES {
        for local in [false, true] {
            for fails in ["filter", "hook"] {
                if local && strategy == Strategy::FfOnly {
                    continue;
                }
                let repo = Repository::new();
                repo.write(".git/info/attributes", "*.big filter=big\n");
                if fails == "filter" {
                    repo.git(&["config", "filter.big.smudge", "false"]);
                    repo.git(&["config", "filter.big.required", "true"]);
                } else {
                    // Once, so that giving a rebase up is not refused as well.
                    repo.hook(
                        "reference-transaction",
                        "[ \"$1\" = prepared ] && grep -q ' refs/heads/' && mkdir \"$(git rev-parse --git-dir)/once\" && exit 1; exit 0",
                    );
                }
                repo.upstream_with(|other| {
                    write(other, "a/new", "theirs");
                    write(other, "base", "theirs");
                    write(other, "taken", "theirs");
                    write(other, "z.big", "pointer");
                    fs::remove_dir_all(other.join("folder")).unwrap();
                    write(other, "folder", "now a file");
                });
                if local {
                    repo.without_hooks(&["commit", "-q", "--allow-empty", "-m", "mine"]);
                }
                repo.write("taken", "untracked");
                let clean = if strategy == Strategy::HardReset { Clean::Yes } else { Clean::No };
                if clean == Clean::Yes {
                    repo.write("folder/file", "changed");
                    repo.write("staged", "staged");
                    repo.git(&["add", "staged"]);
                }
                let (files, head) = (repo.files(), repo.git(&["rev-parse", "HEAD"]));
                let status = repo.git(&["status", "--porcelain"]);
                let error = sync(&repo.work, &Options { clean, ..options(strategy) }, now()).unwrap_err();
                let about = format!("{strategy:?} {local} {fails}: {error}");
                assert!(matches!(error, SyncError::Git { .. }), "{about}");
                assert_eq!(repo.files(), files, "{about}");
                assert_eq!(
                    (repo.git(&["rev-parse", "HEAD"]), repo.git(&["status", "--porcelain"])),
                    (head, status),
                    "{about}"
                );
            }
        }
    }
}

#[test]
fn a_commit_that_the_remote_has_already_is_not_said_to_be_on_top() {
    let repo = Repository::new();
    repo.upstream("new", "theirs");
    repo.upstream("same", "the same");
    repo.commit("same", "the same");
    let synced = sync(&repo.work, &options(Strategy::Rebase), now()).unwrap();
    assert_eq!(synced.did, Did::Rebased(0));
    assert_eq!(synced.after, repo.git(&["rev-parse", "origin/main"]));
}

#[test]
fn a_branch_that_follows_one_of_another_name_is_not_to_be_pushed() {
    let repo = Repository::new();
    repo.git(&["checkout", "-q", "-b", "work", "--track", "origin/main"]);
    let error = sync(&repo.work, &options(Strategy::HardReset), now()).unwrap_err().to_string();
    assert!(error.contains("follows `origin/main`") && !error.contains("push"), "{error}");
}

#[test]
fn a_repository_within_this_one_is_not_removed() {
    let repo = Repository::new();
    let module = repo.work.join("module");
    repo.upstream_with(|other| {
        let inner = other.join("module");
        fs::create_dir(&inner).unwrap();
        git(&inner, &["init", "-q"]);
        write(&inner, "file", "of the module");
        git(&inner, &["add", "file"]);
        git(&inner, &["commit", "-q", "-m", "one"]);
    });
    let elsewhere = repo.work.parent().unwrap().join("other/module");
    // Somebody has cloned it there before: git leaves it alone, and so does a sync.
    git(&repo.work, &["clone", "-q", elsewhere.to_str().unwrap(), "module"]);
    write(&module, "work", "of years");
    assert_eq!(sync(&repo.work, &options(Strategy::HardReset), now()).unwrap().did, Did::Forwarded(1));
    assert_eq!(fs::read_to_string(module.join("work")).unwrap(), "of years");
    // Another commit of it is checked out than is recorded: nobody's files are in danger.
    git(&module, &["add", "work"]);
    git(&module, &["commit", "-q", "-m", "work"]);
    for strategy in super::matrix::STRATEGIES {
        let synced = sync(&repo.work, &Options { clean: Clean::Yes, ..options(strategy) }, now()).unwrap();
        assert_eq!((synced.did, synced.kept), (Did::UpToDate, vec![]));
    }
    for (gone, comes) in [("module", "module"), ("module", "module/below")] {
        repo.upstream_with(|other| {
            git(other, &["rm", "-q", "-r", "--cached", gone]);
            let _folder = fs::remove_dir_all(other.join(gone));
            let _file = fs::remove_file(other.join(gone));
            write(other, comes, "theirs");
        });
        for strategy in super::matrix::STRATEGIES {
            let error = sync(&repo.work, &options(strategy), now()).unwrap_err();
            assert!(matches!(&error, SyncError::NotKept { path, .. } if path == "module"), "{error}");
        }
        assert_eq!(fs::read_to_string(module.join("work")).unwrap(), "of years");
    }
}

#[test]
fn what_somebody_does_while_the_remote_is_asked_is_seen() {
    for (does, words) in [
        ("echo new > base", "changes without a commit (base)"),
        ("git switch -q -c elsewhere", "the branch `elsewhere` is checked out"),
        ("git commit -q --allow-empty -m new", ""),
    ] {
        let repo = Repository::new();
        repo.upstream("base", "theirs");
        // What asks the remote for its commits runs this first.
        let asks = format!("cd '{}'; unset GIT_DIR; {does}; git-upload-pack", repo.work.display());
        repo.git(&["config", "remote.origin.uploadpack", &asks]);
        for who in ["user.name", "user.email"] {
            repo.git(&["config", who, "somebody"]);
        }
        match sync(&repo.work, &options(Strategy::HardReset), now()) {
            Err(error) => assert!(!words.is_empty() && error.to_string().contains(words), "{does}: {error}"),
            Ok(synced) => {
                assert_eq!((words, synced.did, synced.kept.len()), ("", Did::Reset(1), 1), "{does}")
            }
        }
    }
}

#[test]
fn a_reset_stops_when_somebody_writes_just_before_it() {
    let repo = Repository::new();
    let git = crate::git::Git::at(&repo.work, std::time::Duration::from_secs(60)).unwrap();
    let checkout = crate::look::Checkout::look(&git, &options(Strategy::HardReset)).unwrap();
    let still = || checkout.still(&git, crate::way::Change::Reset);
    still().unwrap();
    repo.write("base", "new");
    assert!(matches!(still(), Err(SyncError::Meanwhile(files)) if files == ["base"]));
    repo.git(&["commit", "-q", "-a", "-m", "new"]);
    assert!(matches!(still(), Err(SyncError::Meanwhile(branch)) if branch == ["main"]));
}

#[test]
fn what_a_filter_leaves_out_of_the_commits_is_kept() {
    let repo = Repository::new();
    repo.git(&["config", "filter.quiet.clean", "sed /secret/d"]);
    repo.git(&["config", "filter.quiet.smudge", "cat"]);
    repo.write(".git/info/attributes", "base filter=quiet\nfolder/file filter=quiet\n");
    repo.write("base", "base\nsecret\n");
    repo.git(&["add", "base"]);
    repo.git(&["commit", "-q", "-m", "mine"]);
    repo.git(&["push", "-q", "origin", "main"]);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    repo.upstream_with(|other| {
        git(other, &["pull", "-q"]);
        write(other, "base", "theirs");
        write(other, "folder/file", "theirs");
    });
    let synced = sync(&repo.work, &options(Strategy::FfOnly), now()).unwrap();
    assert_eq!((synced.did, repo.read("base").as_str()), (Did::Forwarded(1), "theirs"));
    let [kept] = &synced.kept[..] else { panic!("{:?}", synced.kept) };
    assert_eq!(kept.what, What::Files(vec!["base".into()]));
    repo.shell(&kept.restore[0]);
    assert_eq!(repo.read("base"), "base\nsecret\n");
}

#[test]
fn what_is_ignored_stays_also_when_the_remote_ignores_it_no_longer() {
    let repo = Repository::new();
    repo.commit(".gitignore", ".env\n");
    repo.upstream("new", "theirs");
    repo.write(".env", "SECRET=ignored");
    repo.write("untracked", "goes");
    let synced = sync(&repo.work, &cleaning(), now()).unwrap();
    assert_eq!((synced.did, synced.cleaned), (Did::Reset(1), vec!["untracked".to_owned()]));
    assert_eq!(repo.read(".env"), "SECRET=ignored");
}

#[test]
fn a_conflict_is_undone_also_where_a_tag_has_the_name_of_the_branch() {
    let repo = Repository::new();
    repo.git(&["tag", "main"]);
    repo.upstream("base", "theirs");
    repo.commit("base", "mine");
    for strategy in [Strategy::Rebase, Strategy::Merge] {
        let error = sync(&repo.work, &options(strategy), now()).unwrap_err();
        assert!(matches!(error, SyncError::Conflict { .. }), "{error}");
    }
}
