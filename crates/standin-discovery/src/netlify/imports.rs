//! The files that a function is made of: what it imports, as Netlify's bundlers look for it, and what of it is not there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::built;
use crate::files;
use crate::js::{self, Syntax, Wanted, When};
use crate::limits::MAX_IMPORTED_FILES;
use crate::registry::Repository;
use crate::walk::Nature;

mod resolve;

#[cfg(test)]
mod tests;

use resolve::Target;

/// How the files of a function are put together, and with it what is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bundler {
    /// esbuild with its own endings, as every function with a default export is bundled.
    Modern,
    /// esbuild, which Netlify gives more endings.
    Esbuild,
    /// Netlify's own, which refuses whatever Node would not find, in `try` as well.
    Traced,
    /// The files go along as they are: what is not there is found out when they are loaded.
    Copied,
}

impl Bundler {
    /// The bundler of a function of the first version, after what the settings say and what the file is.
    pub(super) fn of_handler(written: Option<&str>, path: &str, syntax: Syntax) -> Self {
        match (written, path.rsplit_once('.').map_or("", |(_, ending)| ending)) {
            (Some("esbuild"), _) => Self::Esbuild,
            (Some("nft" | "none"), _) => Self::Copied,
            (Some("zisi"), _) => Self::Traced,
            (_, "mjs" | "ts" | "tsx" | "cts" | "mts") => Self::Esbuild,
            (_, "cjs") => Self::Traced,
            _ if syntax == Syntax::Module => Self::Copied,
            _ => Self::Traced,
        }
    }

    /// The bundler of a function with a default export.
    pub(super) fn of_default(written: Option<&str>) -> Self {
        if written == Some("none") { Self::Copied } else { Self::Modern }
    }
}

/// What a file imports and does not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gap {
    /// The file that imports it.
    pub(super) path: String,
    pub(super) line: u32,
    pub(super) module: String,
    pub(super) when: When,
    pub(super) why: Why,
}

/// Why it does not get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    Gone,
    /// It is there with an ending that the bundler does not try.
    Ending(String),
    /// It is where builds put what they make.
    Product,
}

/// What the files of a repository import, each read once.
pub(super) struct Imports<'r> {
    repository: &'r Repository<'r>,
    /// What a file asks for, by its path; nothing of one that cannot be read.
    asked: BTreeMap<String, Option<Wanted>>,
    /// Where it leads, by the path of the file and the way of looking.
    led: BTreeMap<(String, Bundler), Vec<Target>>,
    /// The first file that imports another, by the path of the other.
    used: BTreeMap<String, String>,
    submodules: Vec<String>,
}

impl<'r> Imports<'r> {
    pub(super) fn new(repository: &'r Repository<'r>) -> Self {
        let text = files::size(repository.root, ".gitmodules")
            .and_then(|_| files::read(repository.root, ".gitmodules").ok())
            .unwrap_or_default();
        let paths = text.lines().filter_map(|line| {
            let (key, path) = line.split_once('=')?;
            (key.trim() == "path").then(|| path.trim().to_owned())
        });
        let submodules = paths.collect();
        Self { repository, asked: BTreeMap::new(), led: BTreeMap::new(), used: BTreeMap::new(), submodules }
    }

    /// Says what a file asks for, where it has been read anyway.
    pub(super) fn know(&mut self, path: &str, asks: Wanted) {
        self.asked.insert(path.to_owned(), Some(asks));
    }

    /// A file that imports this one, as far as functions have been followed.
    pub(super) fn user_of(&self, path: &str) -> Option<&str> {
        self.used.get(path).map(String::as_str)
    }

    /// What a function and the files that it is made of import and do not get, and whether all of them were looked at.
    pub(super) fn gaps(&mut self, path: &str, bundler: Bundler) -> (Vec<Gap>, Followed) {
        let mut seen = BTreeSet::from([path.to_owned()]);
        // How a file is reached: what is asked for later takes along what it asks for itself.
        let mut waiting = VecDeque::from([(path.to_owned(), When::Start)]);
        let mut gaps = Vec::new();
        while let Some((file, reached)) = waiting.pop_front() {
            self.look(&file, bundler);
            let asks = self.asked.get(&file).and_then(Option::as_ref).map(|asks| asks.list.as_slice());
            let targets = self.led.get(&(file.clone(), bundler)).map(Vec::as_slice);
            for (ask, target) in asks.unwrap_or_default().iter().zip(targets.unwrap_or_default()) {
                let when = if reached == When::Start { ask.when } else { later(ask.when) };
                let why = match target {
                    Target::File(next) => {
                        if seen.insert(next.clone()) {
                            waiting.push_back((next.clone(), later_if(reached, ask.when)));
                        }
                        continue;
                    }
                    Target::Unknown => continue,
                    Target::Gone => Why::Gone,
                    Target::Ending(name) => Why::Ending(name.clone()),
                    Target::Product => Why::Product,
                };
                gaps.push(Gap { path: file.clone(), line: ask.line, module: ask.module.clone(), when, why });
            }
            if seen.len() > MAX_IMPORTED_FILES {
                return (gaps, Followed::Partly);
            }
        }
        (gaps, Followed::Whole)
    }

    /// Finds out where all that a file asks for leads, once.
    fn look(&mut self, path: &str, bundler: Bundler) {
        let key = (path.to_owned(), bundler);
        if self.led.contains_key(&key) {
            return;
        }
        if !self.asked.contains_key(path) {
            let asks = self.read(path);
            self.asked.insert(path.to_owned(), asks);
        }
        let list = self.asked.get(path).and_then(Option::as_ref).map(|asks| asks.list.as_slice());
        let targets: Vec<Target> =
            list.unwrap_or_default().iter().map(|ask| self.target(path, &ask.module, bundler)).collect();
        for target in &targets {
            if let Target::File(used) = target {
                self.used.entry(used.clone()).or_insert_with(|| path.to_owned());
            }
        }
        self.led.insert(key, targets);
    }

    fn read(&self, path: &str) -> Option<Wanted> {
        let at = self.repository.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()?;
        // A file outside of the repository, or ignored by it, is not looked into.
        let entry = self.repository.entries.get(at).filter(|entry| entry.nature == Nature::File)?;
        let is_program = ["js", "mjs", "cjs", "ts", "mts", "cts", "tsx", "jsx"]
            .iter()
            .any(|ending| entry.path.rsplit_once('.').is_some_and(|(_, own)| own == *ending));
        let text = is_program.then(|| files::read(self.repository.root, path).ok()).flatten()?;
        js::asks(&text, entry.name())
    }

    fn target(&self, path: &str, module: &str, bundler: Bundler) -> Target {
        let is_relative =
            module.starts_with("./") || module.starts_with("../") || matches!(module, "." | "..");
        if !is_relative {
            return Target::Unknown;
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let Some(whole) = crate::scripts::started::join(folder, module) else { return Target::Unknown };
        let found = resolve::resolve(self.repository, &whole, module, bundler);
        match found {
            Target::Gone if self.is_elsewhere(&whole) => Target::Unknown,
            Target::Gone if self.is_product(&whole) => Target::Product,
            Target::Gone | Target::File(_) | Target::Ending(_) | Target::Product | Target::Unknown => found,
        }
    }

    /// Whether an installation puts it there, or it belongs to another repository.
    fn is_elsewhere(&self, whole: &str) -> bool {
        let is_below = |folder: &String| {
            whole.strip_prefix(folder.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        whole.split('/').any(|part| part == "node_modules") || self.submodules.iter().any(is_below)
    }

    /// Whether a build may make it: Git ignores it, its name says so, or it lies in a folder of products of which nothing
    /// is in the repository.
    fn is_product(&self, whole: &str) -> bool {
        let root = self.repository.root;
        let is_ignored = ["", ".js", ".mjs", ".cjs", ".ts", ".json", "/index.js", "/index.ts"]
            .iter()
            .any(|ending| built::is_ignored(root, std::path::Path::new(&format!("{whole}{ending}"))));
        let name = whole.rsplit('/').next().unwrap_or(whole);
        let is_generated =
            [".generated", ".gen.", "-generated", "_generated", "_pb"].iter().any(|mark| name.contains(mark));
        is_ignored || is_generated || self.is_in_products(whole)
    }

    fn is_in_products(&self, whole: &str) -> bool {
        let ends = whole.match_indices('/').map(|(at, _)| at);
        let mut folders = ends.filter_map(|end| whole.get(..end));
        folders.any(|folder| {
            let name = folder.rsplit('/').next().unwrap_or(folder);
            let prefix = format!("{folder}/");
            let from = self.repository.entries.partition_point(|entry| entry.path.as_str() < prefix.as_str());
            let is_kept =
                self.repository.entries.get(from).is_some_and(|entry| entry.path.starts_with(&prefix));
            !BY_HAND.contains(&name) && built::is_named(name) && !is_kept
        })
    }
}

/// Folders that builds fill in some repositories, and people in most.
const BY_HAND: [&str; 9] = ["bin", "env", "es", "lib", "public", "release", "temp", "tmp", "vendor"];

/// Whether everything that a function imports was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    Whole,
    Partly,
}

fn later(when: When) -> When {
    match when {
        When::Start | When::Later => When::Later,
        When::Guarded => When::Guarded,
    }
}

/// How a file is reached that one asks for which is itself reached so.
fn later_if(reached: When, when: When) -> When {
    match (reached, when) {
        (When::Start, When::Start) => When::Start,
        (When::Start | When::Later | When::Guarded, _) => When::Later,
    }
}
