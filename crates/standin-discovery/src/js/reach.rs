//! Other files that a module asks for: `require('./apps.json')`, `fs.readFileSync`. They are read, never run, and only
//! where they lie in the repository.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::de::IgnoredAny;

use super::loading::Stop;
use super::{paths, read_expression, read_module_within, stops};
use crate::asked::{Root, There};
use crate::files;
use crate::limits::{MAX_FOLLOWED_DEPTH, MAX_FOLLOWED_FILES};
use crate::value::{Data, Entry, Key, Value};
use crate::yaml;

/// What a module may look for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach<'r> {
    /// Absolute, without links: nothing outside of it is read.
    root: &'r Root,
    /// The files that were read so far.
    trail: &'r Trail,
    depth: usize,
}

/// The files that one module asks for.
#[derive(Debug)]
pub(crate) struct Trail {
    /// How many may still be read.
    left: AtomicUsize,
    /// Relative to the root.
    read: Mutex<BTreeSet<String>>,
}

impl Trail {
    pub(crate) const fn new() -> Self {
        Self { left: AtomicUsize::new(MAX_FOLLOWED_FILES), read: Mutex::new(BTreeSet::new()) }
    }

    /// The files that were read, relative to the root.
    pub(crate) fn into_read(self) -> BTreeSet<String> {
        self.read.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether what is required is a file, and no package.
pub(super) fn is_file_path(path: &str) -> bool {
    path.starts_with("./") || path.starts_with("../") || path.starts_with('/') || matches!(path, "." | "..")
}

/// What another file gives: its value, and what was assumed of the environment in it.
pub(super) struct Followed {
    pub(super) value: Value<'static>,
    pub(super) assumed: Vec<String>,
}

impl<'r> Reach<'r> {
    pub(crate) const fn new(root: &'r Root, trail: &'r Trail) -> Self {
        Self { root, trail, depth: 0 }
    }

    /// The file that a path without its ending stands for.
    pub(super) fn module(&self, whole: &str) -> Option<String> {
        let endings = ["", ".js", ".json", ".cjs", ".mjs", ".ts", "/index.js", "/index.json"];
        let mut found = endings.iter().map(|ending| format!("{whole}{ending}"));
        found.find(|file| self.root.kind(Path::new(file)) == There::File)
    }

    /// Whether anything is at a path.
    pub(super) fn is_there(&self, path: &str) -> bool {
        ["", ".node"]
            .iter()
            .any(|ending| self.root.kind(Path::new(&format!("{path}{ending}"))) != There::Nothing)
    }

    /// Whether something of this name is in a folder, or in one above it in the repository.
    pub(super) fn is_in_or_above(&self, folder: &str, name: &str) -> bool {
        let above = Path::new(folder).ancestors().take_while(|folder| folder.starts_with(self.root));
        above.into_iter().any(|folder| self.root.kind(&folder.join(name)) != There::Nothing)
    }

    /// Whether `require` would find no JSON in a file.
    pub(super) fn is_broken_json(&self, file: &str) -> bool {
        let Some(text) = self.text(file) else { return false };
        serde_json::from_str::<IgnoredAny>(text.trim_start_matches('\u{feff}')).is_err()
    }

    /// What keeps another module from being loaded.
    pub(super) fn stops_of(&self, file: &str) -> Vec<Stop> {
        let deeper = Self { depth: self.depth.saturating_add(1), ..*self };
        self.text(file).map_or_else(Vec::new, |text| stops(&text, Path::new(file), deeper))
    }

    /// What `require` or `import` of a path gives in a file of this folder. `None` for packages, for what is not there,
    /// and for what only running it would tell.
    pub(super) fn exports(&self, folder: &str, path: &str) -> Option<Followed> {
        let file = self.file(folder, path)?;
        if file.ends_with(".json") {
            return self.data(&file);
        }
        let text = self.text(&file)?;
        let deeper = Self { depth: self.depth.saturating_add(1), ..*self };
        let module = read_module_within(&text, Path::new(&file), Some(deeper)).ok()?;
        let assumed = module.assumed.into_iter().map(|(_, what)| what).collect();
        if let Some(whole) = module.whole {
            return Some(Followed { value: whole.value, assumed });
        }
        let named = module.named.into_iter().chain(module.default.map(|one| ("default".to_owned(), one)));
        let entries: Vec<Entry<'static>> = named
            .map(|(name, export)| Entry { key: Key::Named(name.into()), line: 1, value: export.value })
            .collect();
        (!entries.is_empty()).then(|| Followed { value: Value::new(1, Data::Map(entries)), assumed })
    }

    /// The file that `require` of a path finds in a file of this folder.
    pub(super) fn file(&self, folder: &str, path: &str) -> Option<String> {
        let whole = paths::resolve(folder, &[path.to_owned()]);
        if is_file_path(path) { self.module(&whole) } else { None }
    }

    /// What a file of data holds: JSON with or without comments, or YAML.
    pub(super) fn data(&self, file: &str) -> Option<Followed> {
        let text = self.text(file)?;
        let is_yaml = [".yml", ".yaml"].iter().any(|ending| file.ends_with(ending));
        let value = if is_yaml {
            yaml::parse(&text).ok()?.root.into_owned()
        } else {
            read_expression(&text, Path::new(file)).ok()?
        };
        Some(Followed { value, assumed: Vec::new() })
    }

    fn text(&self, file: &str) -> Option<String> {
        // A link may lead out of the repository.
        let real = self.root.link(Path::new(file))?;
        let relative = real.strip_prefix(self.root).ok()?.to_str()?;
        if self.depth >= MAX_FOLLOWED_DEPTH || relative.split('/').any(|part| part == "node_modules") {
            return None;
        }
        let count = |left: usize| left.checked_sub(1);
        self.trail.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, count).ok()?;
        self.trail.read.lock().unwrap_or_else(PoisonError::into_inner).insert(relative.to_owned());
        files::read(self.root, relative).ok()
    }
}

impl Value<'static> {
    /// The same, as if all of it stood in this line: the lines of another file say nothing in this one.
    pub(crate) fn at_line(self, line: u32) -> Self {
        let data = match self.data {
            Data::List(items) => Data::List(items.into_iter().map(|item| item.at_line(line)).collect()),
            Data::Map(entries) => {
                let moved = |entry: Entry<'static>| Entry { line, value: entry.value.at_line(line), ..entry };
                Data::Map(entries.into_iter().map(moved).collect())
            }
            data @ (Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Computed(_)) => data,
        };
        Self { line, data }
    }
}
