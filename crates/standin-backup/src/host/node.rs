//! How the packages of a folder are installed.

use super::{Known, above, join};

/// Node, and what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// The input of the action that sets it up.
    pub(crate) version: String,
    /// The command that installs what a lock file names; `None` where there is nothing to install.
    pub(crate) install: Option<&'static str>,
    /// Where that runs, relative to the repository.
    pub(crate) dir: String,
}

/// Lock files, and what installs exactly what they say.
const LOCKS: [(&str, &str); 4] = [
    ("package-lock.json", "npm ci"),
    ("npm-shrinkwrap.json", "npm ci"),
    ("pnpm-lock.yaml", "corepack enable && pnpm install --frozen-lockfile"),
    ("yarn.lock", "corepack enable && yarn install --frozen-lockfile"),
];

/// How Node is set up for what is in a folder: by the nearest lock file above it that is of its package.
pub(crate) fn of(dir: &str, known: &Known<'_>) -> Option<Node> {
    let node =
        |install, folder: &str| Some(Node { version: version(dir, known), install, dir: folder.to_owned() });
    let mut package = None;
    let mut bare = None;
    for folder in above(dir) {
        let manifest = known.files.text(&join(folder, "package.json"));
        let has_packages = manifest.is_some_and(|text| text.contains("ependencies\""));
        if let Some((_, install)) = LOCKS.iter().find(|(name, _)| known.is_there(&join(folder, name))) {
            let is_of_all = manifest.is_some_and(|text| text.contains("\"workspaces\""))
                || known.is_there(&join(folder, "pnpm-workspace.yaml"));
            return match package {
                // What a lock file further up says is of another package.
                Some(nearer) if !is_of_all => node(Some("npm install"), nearer),
                Some(_) | None => node(Some(*install), folder),
            };
        }
        if has_packages {
            package = package.or(Some(folder));
        }
        if known.is_there(&join(folder, "package.json")) {
            bare = bare.or(Some(folder));
        }
    }
    match (package, bare) {
        (Some(folder), _) => node(Some("npm install"), folder),
        (None, Some(folder)) => node(None, folder),
        (None, None) => None,
    }
}

fn version(dir: &str, known: &Known<'_>) -> String {
    let mut files =
        above(dir).into_iter().flat_map(|folder| [".nvmrc", ".node-version"].map(|name| join(folder, name)));
    let file = files.find(|path| known.is_there(path));
    file.map_or_else(|| "node-version: 22".to_owned(), |path| format!("node-version-file: {path}"))
}
