//! The `package.json` that a command goes by.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::asked::{Root, There};
use crate::files;

/// A package and the commands of its scripts.
pub(super) struct Package {
    /// Relative to the root of the scan.
    pub(super) path: String,
    pub(super) dir: PathBuf,
    text: String,
    scripts: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    scripts: BTreeMap<String, String>,
}

/// The package that managers find from a folder: its own, else the nearest above it, not above the root. `None` where
/// there is none that can be read.
pub(super) fn around(root: &Root, dir: &Path) -> Option<Package> {
    let real = root.link(dir)?;
    let dir = real
        .ancestors()
        .take_while(|folder| folder.starts_with(root))
        .find(|folder| root.kind(&folder.join("package.json")) == There::File)?;
    let path = dir.strip_prefix(root).ok()?.join("package.json").to_string_lossy().into_owned();
    let text = files::read(root, &path).ok()?;
    let written: Written = serde_json::from_str(&text).ok()?;
    Some(Package { path, dir: dir.to_owned(), text, scripts: written.scripts })
}

impl Package {
    pub(super) fn command(&self, name: &str) -> Option<&str> {
        self.scripts.get(name).map(String::as_str)
    }

    /// The line of a script, as far as its text shows it.
    pub(super) fn line(&self, name: &str) -> u32 {
        let key = format!("\"{name}\"");
        let below = self.text.lines().position(|line| line.contains("\"scripts\"")).unwrap_or_default();
        let at = self.text.lines().skip(below).position(|line| line.contains(&key)).unwrap_or_default();
        u32::try_from(below.saturating_add(at).saturating_add(1)).unwrap_or(1)
    }
}
