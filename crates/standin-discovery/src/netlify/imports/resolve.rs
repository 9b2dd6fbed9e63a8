//! Where a relative import leads, by the rules of the bundlers.

use std::path::Path;

use super::Bundler;
use crate::asked::There;
use crate::files;
use crate::registry::Repository;
use crate::scripts::started::join;

/// What an import leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A file, by its path.
    File(String),
    Gone,
    /// Nothing, but there is such a file with an ending that is not tried.
    Ending(String),
    /// Nothing yet: it is where builds put what they make.
    Product,
    /// It is no matter of the repository's files, or it cannot be told.
    Unknown,
}

/// Every ending that some bundler tries.
const ALL: [&str; 11] =
    [".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".json", ".css", ".node"];

/// What esbuild tries where nobody tells it more.
const MODERN: [&str; 6] = [".tsx", ".ts", ".jsx", ".js", ".css", ".json"];

/// What Netlify tells esbuild to try.
const ESBUILD: [&str; 9] = [".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".json"];

/// What Node tries for `require`.
const NODE: [&str; 3] = [".js", ".json", ".node"];

/// Files in TypeScript that esbuild takes where the import names what they become.
const BECOME: [(&str, [&str; 2]); 4] = [
    (".js", [".ts", ".tsx"]),
    (".jsx", [".ts", ".tsx"]),
    (".mjs", [".mts", ".mts"]),
    (".cjs", [".cts", ".cts"]),
];

/// Where a path leads that was written as `module`, both without and with its dots.
pub(super) fn resolve(repository: &Repository<'_>, whole: &str, module: &str, bundler: Bundler) -> Target {
    let tried: &[&str] = match bundler {
        Bundler::Modern => &MODERN,
        Bundler::Esbuild => &ESBUILD,
        Bundler::Traced => &NODE,
        // What is copied may have been compiled before: all that could be meant counts.
        Bundler::Copied => &ALL,
    };
    let disk = Disk { repository, bundler };
    let is_folder = module.ends_with('/')
        || module.ends_with("/..")
        || module.ends_with("/.")
        || matches!(module, "." | "..");
    if let Some(found) = (!is_folder).then(|| disk.file(whole, tried)).flatten() {
        return Target::File(found);
    }
    match repository.root.kind(Path::new(whole)) {
        There::Folder => return disk.folder(whole, tried),
        There::Other => return Target::Unknown,
        There::File | There::Nothing => {}
    }
    // `./logo.svg?raw`: what stands behind the name is for the bundler.
    if let Some((name, _)) = whole.split_once(['?', '#'])
        && disk.file(name, tried).is_some()
    {
        return Target::Unknown;
    }
    match disk.file(whole, &ALL) {
        Some(other) => Target::Ending(other),
        None => Target::Gone,
    }
}

struct Disk<'d> {
    repository: &'d Repository<'d>,
    bundler: Bundler,
}

impl Disk<'_> {
    fn is_file(&self, path: &str) -> bool {
        let entries = self.repository.entries;
        entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).is_ok()
            || self.repository.root.kind(Path::new(path)) == There::File
    }

    fn file(&self, whole: &str, tried: &[&str]) -> Option<String> {
        let added = std::iter::once("").chain(tried.iter().copied()).map(|ending| format!("{whole}{ending}"));
        if let Some(found) = added.into_iter().find(|path| self.is_file(path)) {
            return Some(found);
        }
        if self.bundler == Bundler::Traced {
            return None;
        }
        let (stem, sources) =
            BECOME.iter().find_map(|(ending, sources)| Some((whole.strip_suffix(ending)?, sources)))?;
        sources.iter().map(|ending| format!("{stem}{ending}")).find(|path| self.is_file(path))
    }

    /// What a folder stands for: what its package says, else its index.
    fn folder(&self, whole: &str, tried: &[&str]) -> Target {
        let package = below(whole, "package.json");
        if self.is_file(&package) {
            let main = files::read(self.repository.root, &package).ok().and_then(|text| main_of(&text));
            let file = main.and_then(|main| join(whole, &main)).and_then(|main| self.file(&main, tried));
            // What such a package has besides is for the bundler to say.
            return file.or_else(|| self.index(whole, tried)).map_or(Target::Unknown, Target::File);
        }
        if let Some(index) = self.index(whole, tried) {
            return Target::File(index);
        }
        self.index(whole, &ALL).map_or(Target::Gone, Target::Ending)
    }

    fn index(&self, whole: &str, tried: &[&str]) -> Option<String> {
        tried.iter().map(|ending| below(whole, &format!("index{ending}"))).find(|path| self.is_file(path))
    }
}

fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The main file of a `package.json`.
fn main_of(text: &str) -> Option<String> {
    let package: serde_json::Value = serde_json::from_str(text).ok()?;
    package.get("main")?.as_str().map(str::to_owned)
}
