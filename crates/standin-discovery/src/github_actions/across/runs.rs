//! What steps run of the repository that is not there.

use std::path::Path;

use standin_core::automation::Finding;

use super::Outcome;
use crate::asked::There;
use crate::github_actions::local_runs::{NO_FILE, NO_SCRIPT};
use crate::lines::quote;
use crate::registry::Repository;
use crate::{built, files, js};

/// Keeps of what may be missing what is, with the words for it.
pub(super) fn settle(repository: &Repository<'_>, outcomes: &mut [Outcome]) {
    let package = || files::read(repository.root, "package.json").ok();
    let mut scripts = None;
    for outcome in outcomes {
        outcome.findings.retain_mut(|found| match found.rule.as_str() {
            NO_FILE => is_no_file(repository, found),
            NO_SCRIPT => is_no_script(scripts.get_or_insert_with(|| Scripts::read(package())), found),
            _ => true,
        });
    }
}

fn is_no_file(repository: &Repository<'_>, found: &mut Finding) -> bool {
    let root = repository.root;
    let whole = js::resolve(root, &found.fix);
    let with_ending = |ending: &str| {
        let mut name = whole.clone().into_os_string();
        name.push(ending);
        root.kind(Path::new(&name)) == There::File
    };
    let is_there = root.kind(&whole) != There::Nothing
        || [".js", ".json", ".cjs", ".mjs", ".ts"].into_iter().any(with_ending);
    let is_elsewhere = whole
        .strip_prefix(root)
        .map_or(true, |path| super::actions::is_submodule(repository, &path.to_string_lossy()));
    if is_there || is_elsewhere || built::is_product(root, &whole) {
        return false;
    }
    let shown = quote(&found.fix);
    found.message =
        format!("a step runs `{shown}`, which is not in the repository, and no step before makes it");
    found.fix = "Correct the path, or add the file.".into();
    true
}

/// The scripts of the package at the root.
enum Scripts {
    Known(Vec<String>),
    /// There is none that can be read.
    Unknown,
}

impl Scripts {
    fn read(package: Option<String>) -> Self {
        let parsed = package.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        let Some(package) = parsed else { return Self::Unknown };
        let names = package.get("scripts").and_then(serde_json::Value::as_object);
        Self::Known(names.map(|scripts| scripts.keys().cloned().collect()).unwrap_or_default())
    }
}

fn is_no_script(scripts: &Scripts, found: &mut Finding) -> bool {
    let Scripts::Known(names) = scripts else { return false };
    if names.contains(&found.fix) {
        return false;
    }
    found.message =
        format!("a step runs the script `{}`, which package.json does not have", quote(&found.fix));
    found.fix = "Add that script, or correct the name.".into();
    true
}
