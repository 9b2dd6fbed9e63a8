//! A bare remote, a checkout of it, and somebody else who pushes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) struct Repository {
    _folder: tempfile::TempDir,
    pub(super) work: PathBuf,
    remote: PathBuf,
    other: PathBuf,
}

/// Where every content is that there was: on the disk, in the index, or in a commit.
pub(super) type Contents = BTreeMap<String, Vec<u8>>;

impl Repository {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let repo =
            Self { work: path("work"), remote: path("remote.git"), other: path("other"), _folder: folder };
        fs::create_dir_all(&repo.remote).unwrap();
        git(&repo.remote, &["init", "-q", "--bare", "-b", "main"]);
        let parent = repo.remote.parent().unwrap();
        git(parent, &["clone", "-q", "remote.git", "other"]);
        write(&repo.other, "base", "base");
        write(&repo.other, "folder/file", "in a folder");
        git(&repo.other, &["checkout", "-q", "-b", "main"]);
        commit_all(&repo.other, "base");
        git(&repo.other, &["push", "-q", "origin", "main"]);
        git(parent, &["clone", "-q", "remote.git", "work"]);
        repo
    }

    /// Somebody else pushes a commit with this file; without a content it is removed.
    pub(super) fn upstream(&self, path: &str, content: &str) {
        write(&self.other, path, content);
        commit_all(&self.other, path);
        git(&self.other, &["push", "-q", "origin", "main"]);
    }

    pub(super) fn upstream_with(&self, change: impl FnOnce(&Path)) {
        change(&self.other);
        commit_all(&self.other, "change");
        git(&self.other, &["push", "-q", "origin", "main"]);
    }

    pub(super) fn commit(&self, path: &str, content: &str) {
        write(&self.work, path, content);
        git(&self.work, &["add", "-f", "--", path]);
        git(&self.work, &["commit", "-q", "-m", path]);
    }

    pub(super) fn write(&self, path: &str, content: &str) {
        write(&self.work, path, content);
    }

    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.work.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        fs::symlink_metadata(self.work.join(path)).is_ok()
    }

    pub(super) fn git(&self, args: &[&str]) -> String {
        git(&self.work, args)
    }

    /// A command as it is printed for people.
    pub(super) fn shell(&self, command: &str) {
        let status = own(Command::new("sh").args(["-c", command])).current_dir(&self.work).status().unwrap();
        assert!(status.success(), "{command}");
    }

    pub(super) fn remote_has(&self, path: &str) -> Option<String> {
        let what = format!("main:{path}");
        let output =
            own(Command::new("git").args(["show", &what])).current_dir(&self.remote).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    pub(super) fn refuse_pushes(&self) {
        executable(&self.remote.join("hooks/pre-receive"), "echo 'this branch is protected' >&2\nexit 1");
    }

    /// A hook of the checkout.
    pub(super) fn hook(&self, name: &str, script: &str) {
        executable(&self.work.join(".git/hooks").join(name), script);
    }

    pub(super) fn without_hooks(&self, args: &[&str]) -> String {
        git(&self.work, &[&["-c", "core.hooksPath=/dev/null"], args].concat())
    }

    /// Somebody takes the newest commit back.
    pub(super) fn withdraw(&self) {
        git(&self.other, &["reset", "-q", "--hard", "HEAD^"]);
        git(&self.other, &["push", "-q", "--force", "origin", "main"]);
    }

    /// Everything below the checkout but git's own folder.
    pub(super) fn files(&self) -> Contents {
        let mut found = Contents::new();
        let mut open = vec![self.work.clone()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(&self.work).unwrap().to_str().unwrap().to_owned();
                if name == ".git" {
                    continue;
                }
                let meta = fs::symlink_metadata(&path).unwrap();
                if meta.is_dir() {
                    open.push(path);
                } else if meta.is_symlink() {
                    found.insert(name, fs::read_link(&path).unwrap().to_str().unwrap().into());
                } else {
                    found.insert(name, fs::read(&path).unwrap());
                }
            }
        }
        found
    }

    /// Each content that this user can get at: of files, of the index and of every commit of the branch.
    pub(super) fn contents(&self) -> Vec<Vec<u8>> {
        let mut ids: Vec<String> =
            self.git(&["ls-files", "-s"]).lines().map(|l| l[7..47].to_owned()).collect();
        ids.extend(self.blobs("HEAD"));
        ids.sort();
        ids.dedup();
        let mut all: Vec<Vec<u8>> = ids.iter().map(|id| self.blob(id)).collect();
        all.extend(self.files().into_values());
        all
    }

    /// The contents that are nowhere any more: neither in a file, nor in the index, nor below any ref.
    pub(super) fn lost(&self, before: &[Vec<u8>]) -> Vec<String> {
        let mut all = self.contents();
        all.extend(self.blobs("--all").iter().map(|id| self.blob(id)));
        let lost = before.iter().filter(|content| !all.contains(content));
        lost.map(|content| String::from_utf8_lossy(content).into_owned()).collect()
    }

    fn blobs(&self, of: &str) -> Vec<String> {
        let list = self.git(&["rev-list", "--objects", "--no-object-names", "--filter=object:type=blob", of]);
        let ids = list.lines().map(str::to_owned);
        ids.filter(|id| self.git(&["cat-file", "-t", id]) == "blob").collect()
    }

    fn blob(&self, id: &str) -> Vec<u8> {
        let output =
            own(Command::new("git").args(["cat-file", "blob", id])).current_dir(&self.work).output().unwrap();
        assert!(output.status.success(), "{id}");
        output.stdout
    }
}

fn executable(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

pub(super) fn write(root: &Path, path: &str, content: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn commit_all(root: &Path, message: &str) {
    git(root, &["add", "-f", "-A"]);
    git(root, &["commit", "-q", "-m", message]);
}

fn own(command: &mut Command) -> &mut Command {
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "somebody").env(format!("GIT_{who}_EMAIL"), "s@localhost");
    }
    command
}

pub(super) fn git(root: &Path, args: &[&str]) -> String {
    let output = own(Command::new("git").args(args)).current_dir(root).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
