//! How the packages of a folder are installed.

use super::{Known, join};

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

/// How Node is set up for what runs in a folder: by the nearest lock file above it.
pub(super) fn of(dir: &str, known: &Known<'_>) -> Option<Node> {
    let mut folder = dir;
    let mut package = None;
    // Bounded: each turn goes one folder up.
    loop {
        let lock = LOCKS.iter().find(|(name, _)| known.is_there(&join(folder, name)));
        if let Some((_, install)) = lock {
            return Some(Node { version: version(known), install: Some(*install), dir: folder.to_owned() });
        }
        if package.is_none() && known.is_there(&join(folder, "package.json")) {
            package = Some(folder);
        }
        match folder.rsplit_once('/') {
            Some((outer, _)) => folder = outer,
            None if folder.is_empty() => break,
            None => folder = "",
        }
    }
    let folder = package?;
    let text = known.files.text(&join(folder, "package.json")).unwrap_or_default();
    let needs = text.contains("ependencies\"").then_some("npm install");
    Some(Node { version: version(known), install: needs, dir: folder.to_owned() })
}

fn version(known: &Known<'_>) -> String {
    let file = [".nvmrc", ".node-version"].into_iter().find(|name| known.is_there(name));
    file.map_or_else(|| "node-version: 22".to_owned(), |name| format!("node-version-file: {name}"))
}
