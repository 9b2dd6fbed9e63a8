//! Fixture repositories, copied to where they can be written to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use standin_backup::{
    Files, Generated, HostCommand, Inputs, Mode, NpmScripts, Present, SettingsFile, generate, remove,
    wanted_files, wanted_scripts,
};
use standin_core::automation::{Automation, Inventory};
use standin_core::ident::{AutomationId, Kind};
use standin_core::ownership::{self, Owner};
use tempfile::TempDir;

/// A repository of its own.
pub(crate) struct Repository {
    dir: TempDir,
    pub(crate) mode: Mode,
    pub(crate) npm_scripts: NpmScripts,
    pub(crate) asked: BTreeSet<AutomationId>,
    pub(crate) left_out: BTreeSet<AutomationId>,
    pub(crate) entries: BTreeSet<AutomationId>,
    pub(crate) clocked: BTreeSet<AutomationId>,
    pub(crate) commands: BTreeMap<AutomationId, HostCommand>,
    /// What the scan does not find.
    pub(crate) added: Vec<Automation>,
}

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

impl Repository {
    pub(crate) fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let none = BTreeSet::new;
        let (asked, left_out, entries, clocked) = (none(), none(), none(), none());
        let (mode, npm_scripts, commands) = (Mode::Standby, NpmScripts::Leave, BTreeMap::new());
        Self { dir, mode, npm_scripts, asked, left_out, entries, clocked, commands, added: Vec::new() }
    }

    pub(crate) fn of(fixture: &str) -> Self {
        Self::copied(&fixtures().join(fixture))
    }

    pub(crate) fn copied(folder: &Path) -> Self {
        let new = Self::empty();
        copy(folder, new.root());
        new
    }

    /// Scripts of packages and lines of crontabs have backups where somebody expects something of them.
    pub(crate) fn with_every_errand(mut self) -> Self {
        let list = self.scan().automations.into_iter().map(|automation| automation.id);
        self.clocked = list.filter(|id| matches!(id.kind(), Kind::Npm | Kind::Crontab)).collect();
        self
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn scan(&self) -> Inventory {
        standin_discovery::scan(self.root(), &standin_discovery::ScanOptions::default()).unwrap()
    }

    fn with<T>(&self, work: impl FnOnce(&Inputs<'_>) -> T) -> T {
        let mut inventory = self.scan();
        inventory.automations.extend(self.added.iter().cloned());
        let mut files = Files::default();
        let mut paths = wanted_files(&inventory);
        paths.extend(tree(self.root()));
        for path in paths {
            let Ok(text) = fs::read_to_string(self.root().join(&path)) else { continue };
            if wanted_files(&inventory).contains(&path) || ownership::owner(&text) != Owner::Others {
                files.add(path, Present::Text(text));
            }
        }
        let root = self.root().canonicalize().unwrap();
        let mut inputs = Inputs {
            inventory: &inventory,
            root: root.to_str().unwrap(),
            files: &Files::default(),
            commands: &self.commands,
            entries: &self.entries,
            clocked: &self.clocked,
            asked: &self.asked,
            left_out: &self.left_out,
            mode: self.mode,
            npm_scripts: self.npm_scripts,
            settings_file: SettingsFile::Write("# defaults\n"),
        };
        for _ in 0..3 {
            for path in wanted_scripts(&Inputs { files: &files, ..inputs }) {
                if let Ok(text) = fs::read_to_string(root.join(&path)) {
                    files.add(path, Present::Text(text));
                }
            }
        }
        inputs.files = &files;
        work(&inputs)
    }

    pub(crate) fn generate(&self) -> Generated {
        self.with(generate)
    }

    pub(crate) fn remove(&self) -> Generated {
        self.with(remove)
    }

    /// Writes what was generated.
    pub(crate) fn apply(&self, generated: &Generated) {
        for patch in &generated.patches {
            match &patch.after {
                Some(text) => self.write(&patch.path, text),
                None => fs::remove_file(self.root().join(&patch.path)).unwrap(),
            }
        }
    }
}

/// Every file below a folder, relative to it, ordered.
pub(crate) fn tree(root: &Path) -> Vec<String> {
    let (mut open, mut found) = (vec![root.to_path_buf()], Vec::new());
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for path in tree(from) {
        let target = to.join(&path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(from.join(&path), target).unwrap();
    }
}
