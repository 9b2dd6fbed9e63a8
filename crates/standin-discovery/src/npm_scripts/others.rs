//! The packages of a repository, as scripts of one call those of another, and what they declare.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::files;
use crate::registry::Repository;
use crate::walk::Nature;

/// Keys under which a package declares others.
const DECLARES: [&str; 4] = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

/// Files beside the `package.json` of a folder whose packages below are installed together.
const TOGETHER: [&str; 4] = ["pnpm-workspace.yaml", "lerna.json", "rush.json", "nx.json"];

/// Folders of packages that are installed together which are looked at.
const MAX_ROOTS: usize = 20;

/// A package, as far as other packages need to know it.
#[derive(Debug)]
pub(super) struct Other {
    /// Of its `package.json`, relative to the root.
    pub(super) path: String,
    pub(super) scripts: BTreeSet<String>,
    /// Whether it, or the root, has dependencies, each of which may bring programs.
    pub(super) has_dependencies: bool,
    /// The names of all packages that it declares.
    declared: BTreeSet<String>,
}

/// Every package.
#[derive(Debug)]
pub(super) struct Others {
    all: BTreeMap<String, Other>,
    names: BTreeMap<String, String>,
    /// The programs that packages of the repository bring themselves.
    programs: BTreeSet<String>,
    /// What the packages below a folder declare that are installed together.
    together: BTreeMap<String, BTreeSet<String>>,
}

impl Others {
    pub(super) fn new(repository: &Repository<'_>) -> Self {
        let (mut all, mut names, mut programs) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let packages = repository
            .entries
            .iter()
            .filter(|entry| entry.name() == "package.json" && entry.nature == Nature::File);
        let mut roots: BTreeSet<String> = repository
            .entries
            .iter()
            .filter(|entry| TOGETHER.contains(&entry.name()))
            .map(|entry| entry.folder().to_owned())
            .collect();
        let mut root_has_some = false;
        for entry in packages {
            let Ok(text) = files::read(repository.root, &entry.path) else { continue };
            let Ok(package) = serde_json::from_str::<Value>(&text) else { continue };
            let declared: BTreeSet<String> = DECLARES.iter().flat_map(|key| keys(&package, key)).collect();
            // What only its users install brings nothing here.
            let has_own = DECLARES.iter().take(3).any(|key| !keys(&package, key).is_empty());
            let folder = entry.folder().to_owned();
            root_has_some |= has_own && folder.is_empty();
            if let Some(name) = package.get("name").and_then(Value::as_str) {
                names.entry(name.to_owned()).or_insert_with(|| folder.clone());
                let last = name.rsplit('/').next().unwrap_or(name);
                let is_one = package.get("bin").is_some_and(Value::is_string);
                programs.extend(is_one.then(|| last.to_owned()));
            }
            programs.extend(keys(&package, "bin"));
            roots.extend(package.get("workspaces").map(|_| folder.clone()));
            let (path, scripts) = (entry.path.clone(), keys(&package, "scripts"));
            all.insert(folder, Other { path, scripts, has_dependencies: has_own, declared });
        }
        for other in all.values_mut() {
            other.has_dependencies |= root_has_some;
        }
        let together = together(&all, &roots);
        Self { all, names, programs, together }
    }

    /// The package of a name.
    pub(super) fn by_name(&self, name: &str) -> Option<&Other> {
        self.all.get(self.names.get(name)?)
    }

    /// The package in a folder, relative to the root.
    pub(super) fn in_folder(&self, folder: &str) -> Option<&Other> {
        self.all.get(folder)
    }

    /// Whether a package of the repository brings a program of this name.
    pub(super) fn has_program(&self, program: &str) -> bool {
        self.programs.contains(program)
    }

    /// The names of all packages that may be installed where a folder finds them.
    pub(super) fn declared(&self, folder: &str) -> Vec<&BTreeSet<String>> {
        let above = upwards(folder);
        let own = above.iter().filter_map(|place| Some(&self.all.get(*place)?.declared));
        let together = above.iter().rev().find_map(|place| self.together.get(*place));
        own.chain(together).filter(|names| !names.is_empty()).collect()
    }
}

/// What all packages declare that are installed together, by the folder that they lie in.
fn together(all: &BTreeMap<String, Other>, roots: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let of_root = |root: &String| {
        let is_below = |place: &str| {
            root.is_empty() || place.strip_prefix(root.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        let below = all.iter().filter(|(place, _)| is_below(place));
        (root.clone(), below.flat_map(|(_, other)| other.declared.iter().cloned()).collect())
    };
    roots.iter().take(MAX_ROOTS).map(of_root).collect()
}

fn keys(package: &Value, key: &str) -> BTreeSet<String> {
    let map = package.get(key).and_then(Value::as_object);
    map.map(|map| map.keys().cloned().collect()).unwrap_or_default()
}

/// A folder and all those above it, the deepest first; all relative to the root.
pub(super) fn upwards(folder: &str) -> Vec<&str> {
    let mut all = vec![folder];
    let mut at = folder;
    while let Some((above, _)) = at.rsplit_once('/') {
        all.push(above);
        at = above;
    }
    if !folder.is_empty() {
        all.push("");
    }
    all
}
