//! What a command makes or looks for before it uses it: that such a file is not there yet says nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::command::{Callee, calls};
use super::managers::VERBS;

/// Scripts that call one another are followed so deep.
const MAX_DEPTH: usize = 4;

/// Programs that only look at what they are given.
const LOOKERS: [&str; 19] = [
    "ava",
    "biome",
    "cat",
    "del",
    "echo",
    "eslint",
    "grep",
    "jest",
    "mocha",
    "prettier",
    "printf",
    "rimraf",
    "rm",
    "standard",
    "stylelint",
    "tap",
    "tslint",
    "vitest",
    "xo",
];

/// Programs that may make files of any name.
const BUILDERS: [&str; 43] = [
    "7z",
    "aws",
    "babel",
    "bash",
    "cargo",
    "cmake",
    "cpx",
    "degit",
    "docker",
    "esbuild",
    "gatsby",
    "git",
    "go",
    "grunt",
    "gsutil",
    "gulp",
    "lerna",
    "make",
    "nest",
    "ng",
    "npx",
    "nx",
    "parcel",
    "patch",
    "protoc",
    "rake",
    "rollup",
    "rsync",
    "rush",
    "scp",
    "sh",
    "svn",
    "swc",
    "tar",
    "tsc",
    "tsup",
    "turbo",
    "unzip",
    "vite",
    "wasm-pack",
    "webpack",
    "wget",
    "zsh",
];

/// What is there by the time that something runs, as far as a command says.
#[derive(Debug, Clone, Default)]
pub(super) struct Made {
    names: BTreeSet<String>,
    /// The scripts that were read for it.
    scripts: BTreeSet<String>,
    has_built: Built,
}

/// Whether something has run that may make files of any name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Built {
    #[default]
    No,
    Yes,
}

/// How sure it is that what is not there now is not there when it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Certainty {
    Sure,
    /// Something that runs before it may make it.
    MayBeMade,
    /// The command goes on without it.
    PassedOver,
}

impl Made {
    /// What there is once the script has run that npm starts before this one.
    pub(super) fn before(name: &str, scripts: &BTreeMap<String, String>) -> Self {
        let mut made = Self::default();
        made.script(&format!("pre{name}"), scripts, 0);
        made
    }

    /// Whether a file, seen from the folder of the package, is made or looked for before.
    pub(super) fn names(&self, path: &str) -> bool {
        let base = path.rsplit('/').next().unwrap_or(path);
        let is_it = |name: &String| {
            let is_within = path.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('/'));
            // What is fetched lies under the last part of its address.
            name == path || is_within || (name.contains("://") && name.rsplit('/').next() == Some(base))
        };
        self.names.iter().any(is_it)
    }

    /// Whether a program was installed or looked for before.
    pub(super) fn has_program(&self, program: &str) -> bool {
        self.names.contains(program)
    }

    /// How sure it is that a file is not made before.
    pub(super) fn certainty(&self) -> Certainty {
        if self.has_built == Built::Yes { Certainty::MayBeMade } else { Certainty::Sure }
    }

    /// Notes what was asked for by its name.
    pub(super) fn ask(&mut self, words: &[&str], folder: &str) {
        let names = words.iter().filter(|word| !word.starts_with(['-', '!', ']', '=']));
        for name in names {
            self.names.insert((*name).to_owned());
            self.names.insert(joined(folder, name));
        }
    }

    /// Notes what a part leaves behind, whose own file is known.
    pub(super) fn part(&mut self, words: &[&str], own: Option<&str>, folder: &str) {
        let Some((first, rest)) = words.split_first() else { return };
        let only_looks = LOOKERS.contains(first);
        let mut is_target = false;
        for word in rest {
            let target = target(word);
            let is_written = is_target || target.is_some_and(|name| !name.is_empty());
            is_target = target == Some("");
            let name = target.unwrap_or(word);
            let name = if name.starts_with('-') {
                name.split_once('=').map_or("", |(_, value)| value)
            } else {
                name
            };
            if !name.is_empty() && own != Some(name) && (is_written || !only_looks) {
                self.ask(&[name], folder);
                // `pkg@latest`.
                if let Some((package, _)) = name.rsplit_once('@').filter(|(package, _)| !package.is_empty()) {
                    self.names.insert(package.to_owned());
                }
            }
        }
        if BUILDERS.contains(first) {
            self.has_built = Built::Yes;
        }
    }

    /// Notes what a script leaves behind that is run by its name, with those around it.
    pub(super) fn run(&mut self, name: &str, scripts: &BTreeMap<String, String>, depth: usize) {
        if !scripts.contains_key(name) {
            return self.anything();
        }
        for name in [format!("pre{name}"), name.to_owned(), format!("post{name}")] {
            self.script(&name, scripts, depth);
        }
    }

    /// Notes what another call of a manager of packages leaves behind: `yarn build`, `pnpm exec tsc`.
    pub(super) fn manager(&mut self, rest: &[&str], scripts: &BTreeMap<String, String>, depth: usize) {
        let Some(verb) = rest.iter().find(|word| !word.starts_with('-')) else { return };
        if scripts.contains_key(*verb) {
            self.run(verb, scripts, depth);
        } else if !VERBS.contains(verb) || matches!(*verb, "exec" | "dlx" | "create" | "init") {
            self.anything();
        }
    }

    fn script(&mut self, name: &str, scripts: &BTreeMap<String, String>, depth: usize) {
        let Some(command) = scripts.get(name).filter(|_| depth < MAX_DEPTH) else { return };
        if !self.scripts.insert(name.to_owned()) {
            return;
        }
        for callee in calls(command, scripts, self, depth.saturating_add(1)) {
            // What a script runs that is not this package's may make anything.
            if matches!(callee.callee, Callee::Other { .. } | Callee::Like { .. }) {
                self.has_built = Built::Yes;
            }
        }
    }

    /// Notes that something ran of which nothing is known.
    pub(super) fn anything(&mut self) {
        self.has_built = Built::Yes;
    }
}

/// What stands behind `>`, `2>>` or `&>`; empty where it is the next word. `None` for a word that is none of them.
fn target(word: &str) -> Option<&str> {
    let behind = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
    let name = behind.strip_prefix('>')?;
    Some(name.trim_start_matches(['>', '|', '&']))
}

/// A path below a folder, both relative, without `.` and, as far as that goes, `..`.
pub(super) fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let address = path.contains("://");
    if address {
        return path.to_owned();
    }
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
