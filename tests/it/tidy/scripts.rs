//! The scripts, and the names that no committed file may have.

use std::os::unix::fs::PermissionsExt;

use super::assert_none;
use super::tree::{File, files, read, root};

/// What a file under `bin/` or `.ci/` is: `bin/lib/` is sourced by the others, not run.
fn is_script(path: &str) -> bool {
    path.strip_prefix("bin/").is_some_and(|name| !name.contains('/')) || path.starts_with(".ci/")
}

fn scripts() -> Vec<File> {
    let scripts: Vec<File> = files().into_iter().filter(|file| is_script(&file.path)).collect();
    for name in ["bin/up", "bin/test", "bin/bench", ".ci/run"] {
        assert!(scripts.iter().any(|script| script.path == name), "{name} is missing");
    }
    scripts
}

#[test]
fn every_script_can_be_run_and_stops_at_its_first_error() {
    let mut complaints = Vec::new();
    for script in scripts() {
        let metadata = root().join(&script.path).metadata().expect("the script is there");
        if metadata.permissions().mode() & 0o111 != 0o111 {
            complaints.push(format!("{}: not executable", script.path));
        }
        if script.text.lines().next() != Some("#!/usr/bin/env bash") {
            complaints.push(format!("{}: does not start with #!/usr/bin/env bash", script.path));
        }
        if !script.text.lines().any(|line| line == "set -euo pipefail") {
            complaints.push(format!("{}: no `set -euo pipefail`", script.path));
        }
    }
    assert_none("scripts that do not do as they should", &complaints);
}

/// Package registries are reached by their clients, as each machine has them set up. Written in two halves, so that
/// this file does not name them either.
const REGISTRIES: [&str; 6] = [
    concat!("crates", ".io"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("deb.debian", ".org"),
];

/// Folders of the machine that something was written on.
const MACHINE: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/fa", "rm/")];

/// A folder of the machine counts where a name follows it.
fn names_machine(line: &str) -> bool {
    let named = |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '.');
    MACHINE.iter().any(|folder| line.split(folder).skip(1).any(named))
}

fn names_registry(line: &str) -> bool {
    REGISTRIES.iter().any(|host| line.contains(host))
}

#[test]
fn no_file_names_a_registry_or_a_path_of_one_machine() {
    let mut complaints = Vec::new();
    // Cargo.lock has to name the index that it locks.
    for file in files().iter().filter(|file| file.path != "Cargo.lock") {
        for (index, line) in file.text.lines().enumerate() {
            if names_registry(line) || names_machine(line) {
                complaints.push(format!("{}:{}", file.path, index + 1));
            }
        }
    }
    assert_none("these lines name a registry's host or a path of one machine", &complaints);
}

#[test]
fn the_name_check_can_fail() {
    for (start, end) in [("https://pypi", ".org/simple"), ("/ro", "ot/x"), ("cd /wo", "rk/main")] {
        let line = format!("{start}{end}");
        assert!(names_registry(&line) || names_machine(&line), "{line}");
    }
    for line in ["GET /work/", "the root/ of it", "network/main"] {
        assert!(!names_registry(line) && !names_machine(line), "{line}");
    }
}

#[test]
fn every_tool_is_pinned() {
    let requirements = read("tools/py/requirements.txt");
    let loose = |line: &&str| !line.starts_with('#') && !line.is_empty() && !line.contains("==");
    let mut complaints: Vec<String> = requirements.lines().filter(loose).map(str::to_owned).collect();
    let package: serde_json::Value =
        serde_json::from_str(&read("tools/node/package.json")).expect("it is JSON");
    for (name, version) in package["dependencies"].as_object().expect("PM2 is among them") {
        let version = version.as_str().unwrap_or_default();
        if !version.starts_with(|c: char| c.is_ascii_digit()) {
            complaints.push(format!("{name} {version}"));
        }
    }
    assert_none("tools without an exact version", &complaints);
}
