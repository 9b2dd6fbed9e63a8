//! The scripts around the code, with everything that they call replaced: what they say when something is missing, and
//! that a second run does nothing twice. No network, nothing installed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// What the scripts call of the system, and nothing else: no apt-get, whoever runs the tests.
const SYSTEM: [&str; 12] =
    ["bash", "cat", "cksum", "cp", "dirname", "env", "id", "mkdir", "rm", "sh", "chmod", "touch"];

/// The longest name of a socket on Linux, without the closing zero.
const LONGEST_SOCKET: usize = 107;

/// A clone with only the scripts in it, and a machine with only what a test puts there.
struct Machine {
    folder: TempDir,
    clone: PathBuf,
}

impl Machine {
    fn new(clone: &str) -> Self {
        let folder = TempDir::with_prefix("a b").unwrap();
        let clone = folder.path().join(clone);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for name in ["bin/up", "bin/pm2", "bin/standin", "bin/lib/setup.sh", "tools/node/package.json"] {
            fs::create_dir_all(clone.join(name).parent().unwrap()).unwrap();
            fs::copy(source.join(name), clone.join(name)).unwrap();
        }
        fs::write(clone.join("tools/node/package-lock.json"), "{}").unwrap();
        fs::create_dir(folder.path().join("path")).unwrap();
        let machine = Self { folder, clone };
        let path = std::env::var_os("PATH").unwrap();
        for name in SYSTEM {
            let found = std::env::split_paths(&path).map(|p| p.join(name)).find(|p| p.is_file());
            symlink(found.unwrap_or_else(|| panic!("no {name}")), machine.path().join(name)).unwrap();
        }
        machine
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("path")
    }

    fn install(&self, name: &str, script: &str) -> &Self {
        let file = self.path().join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// Rust, Node and a C compiler, as good as they have to be.
    fn with_tools(self) -> Self {
        self.install("cargo", "exit 0").install("cc", "exit 0").install("rustc", "echo 'rustc 1.95.0 (x)'");
        let npm = "echo called >>\"$HOME/npm\"; mkdir -p node_modules/.bin; touch node_modules/.bin/pm2; \
                   chmod +x node_modules/.bin/pm2";
        self.install("node", "echo v20.1.0").install("npm", npm);
        self
    }

    /// Runs a script of the clone, or a line after sourcing the setup, from another folder, without an environment.
    fn bash(&self, arguments: &[&str]) -> Output {
        Command::new(self.path().join("bash"))
            .args(arguments)
            .env_clear()
            .env("PATH", self.path())
            .env("HOME", self.folder.path())
            .current_dir("/")
            .output()
            .unwrap()
    }

    fn script(&self, name: &str, arguments: &[&str]) -> Output {
        let script = self.clone.join(name).into_os_string().into_string().unwrap();
        self.bash(&[&[script.as_str()], arguments].concat())
    }

    fn setup(&self, line: &str) -> Output {
        self.bash(&["-c", &format!(". '{}/bin/lib/setup.sh'; {line}", self.clone.display())])
    }

    fn npm_calls(&self) -> usize {
        fs::read_to_string(self.folder.path().join("npm")).unwrap_or_default().lines().count()
    }
}

#[track_caller]
fn assert_says(output: &Output, code: i32, start: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.starts_with(start), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn what_is_missing_is_said_in_one_line() {
    let machine = Machine::new("clone");
    assert_says(&machine.script("bin/up", &[]), 4, "Rust is missing: install rustup");
    machine.install("cargo", "exit 0").install("rustc", "echo 'rustc 1.94.9 (x)'");
    assert_says(&machine.script("bin/up", &[]), 4, "Rust 1.94.9 is too old: rustup toolchain install");
    machine.install("rustc", "echo 'rustc 2.0.0-nightly (x)'");
    assert_says(&machine.script("bin/up", &[]), 4, "A C compiler is missing: sudo apt-get install");
    machine.install("cc", "exit 0");
    assert_says(&machine.script("bin/up", &[]), 4, "Node is missing: sudo apt-get install -y nodejs npm");
    machine.install("npm", "exit 1").install("node", "echo v12.22.0");
    assert_says(&machine.script("bin/up", &[]), 4, "Node 12.22.0 is too old");
    assert_says(&machine.setup("need_python"), 4, "Python is missing: sudo apt-get install");
}

#[test]
fn root_on_debian_gets_what_is_missing() {
    let machine = Machine::new("clone").with_tools();
    fs::remove_file(machine.path().join("cc")).unwrap();
    fs::remove_file(machine.path().join("id")).unwrap();
    // The first call finds no package lists, as on a fresh machine.
    let apt = "echo \"$1\" >>\"$HOME/apt\"; lists=\"$HOME/lists\"
        case $1 in update) touch \"$lists\"; exit 0;; esac
        [ -f \"$lists\" ] || exit 100
        case \"$*\" in *' gcc '*) touch \"$HOME/path/cc\"; chmod +x \"$HOME/path/cc\";; esac";
    machine.install("apt-get", apt).install("id", "echo 1000");
    assert_says(&machine.setup("need_rust"), 4, "A C compiler is missing: sudo apt-get install");
    machine.install("id", "echo 0");
    assert_says(&machine.setup("need_rust"), 0, "installing gcc libc6-dev from Debian");
    let calls = fs::read_to_string(machine.folder.path().join("apt")).unwrap();
    assert_eq!(calls.lines().collect::<Vec<_>>(), ["install", "update", "install"]);
}

#[test]
fn wrong_arguments_are_refused_before_anything_is_done() {
    let machine = Machine::new("clone").with_tools();
    assert_says(&machine.script("bin/up", &["--detach"]), 2, "usage: bin/up");
    assert_says(&machine.script("bin/up", &["a", "b"]), 2, "usage: bin/up");
    assert_says(
        &machine.script("bin/up", &["/no/such/place"]),
        2,
        "bin/up: /no/such/place is not a directory",
    );
    assert_says(&machine.script("bin/pm2", &["list"]), 4, "PM2 is not installed yet: run bin/up first");
    assert_says(&machine.script("bin/standin", &["status"]), 4, "Standin is not built yet: run bin/up first");
    assert_eq!(machine.npm_calls(), 0);
}

#[test]
fn a_second_run_installs_nothing_until_the_lock_changes() {
    let machine = Machine::new("clone").with_tools();
    let install = || {
        let output = machine.setup("setup_run && echo \"$PM2\"");
        assert!(output.status.success(), "{output:?}");
        assert!(Path::new(String::from_utf8(output.stdout).unwrap().trim_end()).is_file());
    };
    install();
    install();
    assert_eq!(machine.npm_calls(), 1);
    fs::write(machine.clone.join("tools/node/package-lock.json"), "{ }").unwrap();
    install();
    assert_eq!(machine.npm_calls(), 2);
    fs::remove_dir_all(machine.clone.join(".tools/node/node_modules")).unwrap();
    install();
    assert_eq!(machine.npm_calls(), 3);
}

#[test]
fn a_failed_installation_leaves_no_stamp() {
    let machine = Machine::new("clone").with_tools();
    machine.install("npm", "exit 1");
    let output = machine.setup("setup_run");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(!machine.clone.join(".tools/node/.stamp").exists());
}

#[test]
fn the_example_s_pm2_home_leaves_room_for_its_sockets() {
    let home = |clone: &str| {
        let machine = Machine::new(clone);
        let output = machine.setup("example_pm2_home");
        (String::from_utf8(output.stdout).unwrap().trim_end().to_owned(), machine)
    };
    let (near, machine) = home("c");
    assert!(near.starts_with(machine.folder.path().to_str().unwrap()), "{near}");
    for clone in ["d".repeat(60), "d/".repeat(120)] {
        let (far, _machine) = home(&clone);
        assert!(far.starts_with("/tmp/standin-"), "{far}");
        assert!(far.len() + "/interactor.sock".len() <= LONGEST_SOCKET, "{far}");
    }
}
