//! Files that a checkout does not have and a build, an installation or another machine does: that one of these is
//! missing says nothing against whoever names it.

use std::path::{Component, Path};

use ignore::gitignore::GitignoreBuilder;

use crate::asked::Root;
use crate::files;
use crate::limits::MAX_FILE_BYTES;

/// Folders that a build or an installation fills.
const FOLDERS: [&str; 36] = [
    ".build",
    ".cache",
    ".generated",
    ".netlify",
    ".next",
    ".nuxt",
    ".output",
    ".svelte-kit",
    ".tmp",
    ".turbo",
    ".venv",
    ".vercel",
    ".yarn",
    "artifacts",
    "bin",
    "build",
    "cjs",
    "compiled",
    "coverage",
    "dist",
    "env",
    "es",
    "esm",
    "generated",
    "lib",
    "node_modules",
    "out",
    "output",
    "public",
    "release",
    "target",
    "temp",
    "tmp",
    "vendor",
    "venv",
    "virtualenv",
];

/// How the names of such folders begin: `dist-server`, `build_esm`.
const BEGINNINGS: [&str; 3] = ["build", "dist", "out"];

/// Whether a folder of this path is filled by a build.
pub(crate) fn is_named(path: &str) -> bool {
    path.split('/').any(|part| {
        FOLDERS.contains(&part)
            || BEGINNINGS
                .iter()
                .any(|begin| part.strip_prefix(begin).is_some_and(|rest| rest.starts_with(['-', '_', '.'])))
    })
}

/// Whether a build would make this file below `root`: its name says so, or Git ignores it.
pub(crate) fn is_product(root: &Root, file: &Path) -> bool {
    let Ok(relative) = file.strip_prefix(root) else { return false };
    is_named(&relative.to_string_lossy()) || is_ignored(root, relative)
}

/// Whether a `.gitignore` between the root and the file names it. The deepest one that says something decides.
pub(crate) fn is_ignored(root: &Root, relative: &Path) -> bool {
    let parents: Vec<&Path> = relative.ancestors().skip(1).collect();
    // From the folder of the file up to the root.
    for folder in parents {
        if folder.components().any(|part| !matches!(part, Component::Normal(_))) {
            return false;
        }
        let here = root.join(folder);
        let rules = here.join(".gitignore");
        let is_small = files::size(root, &folder.join(".gitignore").to_string_lossy())
            .is_some_and(|size| size <= MAX_FILE_BYTES);
        if !is_small {
            continue;
        }
        let mut builder = GitignoreBuilder::new(&here);
        // Lines that are no pattern are left out, as Git does.
        drop(builder.add(&rules));
        let Ok(rules) = builder.build() else { continue };
        let said = rules.matched_path_or_any_parents(root.join(relative), false);
        if said.is_ignore() || said.is_whitelist() {
            return said.is_ignore();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn folders_of_builds_are_known_by_name() {
        for path in ["dist/a.js", "apps/web/.next/standalone/server.js", "dist-server/x.js", "build_x/a"] {
            assert!(is_named(path), "{path}");
        }
        for path in ["src/a.js", "distance/a.js", "scripts/building.js", "outer/x"] {
            assert!(!is_named(path), "{path}");
        }
    }

    #[test]
    fn what_git_ignores_is_a_product() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join(".gitignore"), "made/\n*.gen.js\n!kept.gen.js\n").unwrap();
        let is = |path: &str| is_product(&Root::new(root.path().to_owned()), &root.path().join(path));
        assert!(is("made/a.js") && is("src/a.gen.js"));
        assert!(!is("src/a.js") && !is("kept.gen.js"));
        assert!(!is_product(&Root::new(root.path().to_owned()), Path::new("/elsewhere/made/a.js")));
    }
}
