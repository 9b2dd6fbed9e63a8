//! The files of the tree: those that Git would take.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

/// A tree of this size would be a mistake of the walk.
const MAX_FILES: usize = 5_000;

/// The root of the workspace.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_path_buf()
}

/// One file, with its path from the root, as text.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

/// All files that are text, in the order of their paths.
pub(super) fn files() -> Vec<File> {
    let root = root();
    let walk = WalkBuilder::new(&root)
        .hidden(false)
        .require_git(false)
        .git_global(false)
        .parents(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build();
    let mut paths = BTreeSet::new();
    for entry in walk {
        let entry = entry.expect("the tree can be read");
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            paths.insert(entry.into_path());
        }
    }
    assert!(paths.len() <= MAX_FILES, "{} files: is a build folder in the tree?", paths.len());
    let text = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).ok()?;
        let path = path.strip_prefix(&root).ok()?.to_str()?.to_owned();
        Some(File { path, text })
    };
    let files: Vec<File> = paths.into_iter().filter_map(text).collect();
    assert!(files.iter().any(|file| file.path == "Cargo.toml"), "the walk starts at the wrong place");
    files
}

/// All Rust files.
pub(super) fn rust_files() -> Vec<File> {
    files().into_iter().filter(|file| Path::new(&file.path).extension().is_some_and(|e| e == "rs")).collect()
}

/// One file that has to be there.
pub(super) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The folders of `crates/`, which are the names of the crates.
pub(super) fn crates() -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join("crates")).expect("crates/ is there");
    let names: BTreeSet<String> = entries
        .map(|entry| entry.expect("crates/ can be read"))
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().into_string().expect("the name is text"))
        .collect();
    assert!(names.contains("standin-core"), "no core in crates/: {names:?}");
    names
}
