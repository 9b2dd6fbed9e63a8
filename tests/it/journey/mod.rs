//! A user's way: from a repository that nobody covers to one whose backups were drilled, and back without a trace.

mod fixtures;
mod here;
mod loaders;
mod shop;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::stage::binary;

/// A repository, and a home of its own.
struct Repository {
    dir: TempDir,
}

impl Repository {
    fn empty() -> Self {
        Self::within(tempfile::tempdir().unwrap())
    }

    fn within(dir: TempDir) -> Self {
        for name in ["repo", "home"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        Self { dir }
    }

    /// A copy in a folder of its own below `parent`.
    fn copied_into(folder: &Path, parent: &Path) -> Self {
        let new = Self::within(tempfile::tempdir_in(parent).unwrap());
        copy(folder, &new.root());
        new
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A program of the machine.
    fn command_of_home(&self, name: &str, text: &str) {
        let bin = self.dir.path().join("home/bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join(name), text).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// As an agent leaves it that has run here: one that has not starts no backup.
    fn agent_has_run(&self) {
        self.write(".standin/agent.lock", "");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap_or_default()
    }

    /// `standin`, in an environment without secrets and tokens.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(args).current_dir(self.root()).env_clear().stdin(Stdio::null());
        command.envs([("TZ", "UTC"), ("LANG", "C.UTF-8")]).env("HOME", self.dir.path().join("home"));
        let own = self.dir.path().join("home/bin");
        let path = std::env::var_os("PATH").unwrap();
        let all = std::iter::once(own).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(all).unwrap());
        // What Python keeps of what it has read is no work of anybody's.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        // Whatever is not on this machine is out of reach, on every machine that runs the tests.
        command.env("HTTPS_PROXY", "http://127.0.0.1:9").env("HTTP_PROXY", "http://127.0.0.1:9");
        for (name, usual) in TOOLS {
            let ours = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools").join(usual);
            command.env(name, std::env::var_os(name).map_or_else(ours, PathBuf::from));
        }
        command
    }

    fn standin(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What it prints, when it ends with this.
    #[track_caller]
    fn said(&self, args: &[&str], code: i32) -> String {
        let output = self.standin(args);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?} in {}: {text}{errors}", self.root().display());
        text
    }

    #[track_caller]
    fn json(&self, args: &[&str], code: i32) -> Value {
        let text = self.said(args, code);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}: {text}"))
    }

    /// Every file but Standin's own state, with what is in it.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        gather(&self.root(), &self.root(), &mut files);
        files.retain(|path, _| !path.starts_with(".standin/"));
        files
    }

    /// Every folder.
    fn folders(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.root()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() && entry.file_name() != ".standin" {
                    found.push(entry.path());
                    open.push(entry.path());
                }
            }
        }
        found.sort();
        found
    }
}

/// Where bin/test has installed what a run needs, and the variable that names it.
const TOOLS: [(&str, &str); 2] =
    [("STANDIN_ACT", "py/bin/act"), ("STANDIN_ZISI", "netlify/node_modules/@netlify/zip-it-and-ship-it")];

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (kind, place) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &place);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path()).unwrap(), place).unwrap();
        } else {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}

fn gather(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (kind, path) = (entry.file_type().unwrap(), entry.path());
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        if kind.is_dir() {
            gather(root, &path, files);
        } else if kind.is_file() {
            files.insert(name, fs::read(&path).unwrap());
        } else {
            files.insert(name, b"no plain file".to_vec());
        }
    }
}
