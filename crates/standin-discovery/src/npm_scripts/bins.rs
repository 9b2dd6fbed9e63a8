//! The programs that the packages of a lock file bring.

use std::collections::{BTreeMap, BTreeSet};

use crate::files;
use crate::registry::Repository;

/// Programs that a machine has, or a shell itself.
const SYSTEM: [&str; 92] = [
    "[",
    "alias",
    "apt-get",
    "awk",
    "aws",
    "base64",
    "basename",
    "bash",
    "brew",
    "bun",
    "bunx",
    "bzip2",
    "cargo",
    "cat",
    "cd",
    "chmod",
    "chown",
    "clear",
    "cmd",
    "composer",
    "corepack",
    "cp",
    "curl",
    "cut",
    "date",
    "deno",
    "dirname",
    "docker",
    "docker-compose",
    "dotnet",
    "du",
    "echo",
    "exit",
    "export",
    "false",
    "find",
    "gcloud",
    "gh",
    "git",
    "go",
    "gradle",
    "grep",
    "gzip",
    "head",
    "java",
    "jq",
    "kill",
    "killall",
    "kubectl",
    "ln",
    "ls",
    "make",
    "mkdir",
    "mv",
    "node",
    "npm",
    "npx",
    "open",
    "openssl",
    "php",
    "pip",
    "pkill",
    "pnpm",
    "podman",
    "printf",
    "psql",
    "pwd",
    "python",
    "python3",
    "read",
    "rm",
    "rmdir",
    "rsync",
    "scp",
    "sed",
    "set",
    "sh",
    "sleep",
    "sort",
    "source",
    "ssh",
    "stat",
    "tail",
    "tar",
    "tee",
    "test",
    "touch",
    "true",
    "wait",
    "xargs",
    "yarn",
    "zip",
];

/// The programs of each folder that has a `package-lock.json`; a large one is not read.
pub(super) fn of(repository: &Repository<'_>) -> BTreeMap<String, Option<BTreeSet<String>>> {
    let locks = repository.entries.iter().filter(|entry| entry.name() == "package-lock.json");
    locks.map(|entry| (entry.folder().to_owned(), read(repository, &entry.path))).collect()
}

fn read(repository: &Repository<'_>, path: &str) -> Option<BTreeSet<String>> {
    let text = files::read(repository.root, path).ok()?;
    let lock: serde_json::Value = serde_json::from_str(&text).ok()?;
    let mut programs = BTreeSet::new();
    for (place, package) in lock.get("packages")?.as_object()? {
        match package.get("bin") {
            Some(serde_json::Value::Object(bins)) => programs.extend(bins.keys().cloned()),
            Some(serde_json::Value::String(_)) => {
                programs.extend(place.rsplit('/').next().map(str::to_owned));
            }
            Some(_) | None => {}
        }
    }
    Some(programs)
}

/// Whether a program is in no package of the lock file that a folder belongs to, and no machine has it by itself.
pub(super) fn is_missing(
    locks: &BTreeMap<String, Option<BTreeSet<String>>>,
    folder: &str,
    program: &str,
) -> bool {
    if SYSTEM.contains(&program) {
        return false;
    }
    let mut at = folder;
    // Each turn goes one folder up.
    loop {
        if let Some(known) = locks.get(at) {
            return known.as_ref().is_some_and(|programs| !programs.contains(program));
        }
        match at.rsplit_once('/') {
            Some((parent, _)) => at = parent,
            None if at.is_empty() => return false,
            None => at = "",
        }
    }
}
