//! The packages of a repository, as scripts of one call those of another.

use std::collections::{BTreeMap, BTreeSet};

use crate::files;
use crate::registry::Repository;
use crate::walk::Nature;

/// A package, as far as other packages need to know it.
#[derive(Debug)]
pub(super) struct Other {
    /// Of its `package.json`, relative to the root.
    pub(super) path: String,
    pub(super) scripts: BTreeSet<String>,
    /// Whether it, or the root, has dependencies, each of which may bring programs.
    pub(super) has_dependencies: bool,
}

/// Every package.
#[derive(Debug)]
pub(super) struct Others {
    all: BTreeMap<String, Other>,
    names: BTreeMap<String, String>,
}

impl Others {
    pub(super) fn new(repository: &Repository<'_>) -> Self {
        let (mut all, mut names) = (BTreeMap::new(), BTreeMap::new());
        let packages = repository
            .entries
            .iter()
            .filter(|entry| entry.name() == "package.json" && entry.nature == Nature::File);
        let mut root_has_some = false;
        for entry in packages {
            let Ok(text) = files::read(repository.root, &entry.path) else { continue };
            let Ok(package) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
            let keys = |key: &str| -> BTreeSet<String> {
                let map = package.get(key).and_then(serde_json::Value::as_object);
                map.map(|map| map.keys().cloned().collect()).unwrap_or_default()
            };
            let has_own = ["dependencies", "devDependencies", "optionalDependencies"]
                .iter()
                .any(|key| !keys(key).is_empty());
            let folder = entry.folder().to_owned();
            root_has_some |= has_own && folder.is_empty();
            if let Some(name) = package.get("name").and_then(serde_json::Value::as_str) {
                names.entry(name.to_owned()).or_insert_with(|| folder.clone());
            }
            let path = entry.path.clone();
            all.insert(folder, Other { path, scripts: keys("scripts"), has_dependencies: has_own });
        }
        for other in all.values_mut() {
            other.has_dependencies |= root_has_some;
        }
        Self { all, names }
    }

    /// The package of a name.
    pub(super) fn by_name(&self, name: &str) -> Option<&Other> {
        self.all.get(self.names.get(name)?)
    }

    /// The package in a folder, relative to the root.
    pub(super) fn in_folder(&self, folder: &str) -> Option<&Other> {
        self.all.get(folder)
    }
}
