//! The programs that the packages of a repository bring: those of a lock file that lists them, or as far as the names of
//! packages tell.

use std::collections::{BTreeMap, BTreeSet};

use super::others::Others;
use crate::files;
use crate::registry::Repository;

mod known;
mod locks;

/// Parts of the names of packages that bring the programs of others.
const UMBRELLAS: [&str; 9] = ["scripts", "cli", "preset", "config", "tool", "build", "kit", "dev", "expo"];

/// What the lock files of a repository say.
#[derive(Debug)]
pub(super) struct Bins {
    /// The programs of each folder with a lock file of npm's, which lists them.
    npm: BTreeMap<String, Option<BTreeSet<String>>>,
    /// The names of all packages of each folder with another one.
    others: BTreeMap<String, Option<BTreeSet<String>>>,
}

/// Why a program is not known to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// It is in no package of the lock file.
    Locked,
    /// No package is declared, or none that brings it.
    Undeclared,
    /// Packages are declared, and only installing them would tell what they bring.
    Unknown,
}

/// Whether a file of this name locks packages, and has an ending that nothing else asks for.
pub(crate) fn is_lock(name: &str) -> bool {
    matches!(name, "yarn.lock" | "bun.lock" | "bun.lockb")
}

impl Bins {
    pub(super) fn new(repository: &Repository<'_>) -> Self {
        let (mut npm, mut others) = (BTreeMap::new(), BTreeMap::new());
        for entry in repository.entries {
            let folder = || entry.folder().to_owned();
            match entry.name() {
                "package-lock.json" | "npm-shrinkwrap.json" => {
                    npm.insert(folder(), read(repository, &entry.path));
                }
                "yarn.lock" | "pnpm-lock.yaml" | "bun.lock" => {
                    let text = files::read(repository.root, &entry.path).ok();
                    others.insert(folder(), text.map(|text| locks::names(entry.name(), &text)));
                }
                "bun.lockb" => drop(others.insert(folder(), None)),
                _ => {}
            }
        }
        Self { npm, others }
    }

    /// Why a program may be missing that a script of this folder starts; `None` where nothing says so.
    pub(super) fn missing(&self, packages: &Others, folder: &str, program: &str) -> Option<Missing> {
        if known::is_of_a_machine(program) || packages.has_program(program) {
            return None;
        }
        if let Some(Some(programs)) = nearest(&self.npm, folder) {
            return (!programs.contains(program)).then_some(Missing::Locked);
        }
        let declared = packages.declared(folder);
        let locked = nearest(&self.others, folder).and_then(Option::as_ref);
        let bringers = known::packages_of(program);
        let sets = declared.iter().copied().chain(locked);
        if sets.into_iter().any(|names| brings(names, program, &bringers))
            || declared.iter().any(|names| names.iter().any(|name| is_like(name, program)))
        {
            return None;
        }
        let is_certain = if declared.is_empty() && locked.is_none_or(BTreeSet::is_empty) {
            true
        } else if locked.is_some_and(|names| !names.is_empty()) {
            !bringers.is_empty()
        } else {
            let is_umbrella = |name: &String| UMBRELLAS.iter().any(|part| name.contains(part));
            !bringers.is_empty() && !declared.iter().any(|names| names.iter().any(is_umbrella))
        };
        Some(if is_certain { Missing::Undeclared } else { Missing::Unknown })
    }
}

/// Whether one of these packages is known to bring a program, or is called like it.
fn brings(names: &BTreeSet<String>, program: &str, bringers: &[&str]) -> bool {
    names.contains(program)
        || bringers.iter().any(|name| names.contains(*name))
        || names.iter().any(|name| name.rsplit('/').next() == Some(program))
}

/// Whether the name of a package is akin to that of a program.
fn is_like(name: &str, program: &str) -> bool {
    name.contains(program) || program.contains(name.rsplit('/').next().unwrap_or(name))
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

/// What a folder, or the next one above it, has.
fn nearest<'v, V>(all: &'v BTreeMap<String, V>, folder: &str) -> Option<&'v V> {
    super::others::upwards(folder).into_iter().find_map(|folder| all.get(folder))
}
