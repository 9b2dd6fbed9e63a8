//! What the pure crates may not touch. Clippy's bans (`clippy.toml` of each) stop single calls; this stops the modules,
//! and async, at their first mention.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};

use super::arrows::PURE;
use super::assert_none;
use super::rust::parse;
use super::tree::{File, rust_files};

/// Nothing of these in any pure crate. Addresses are values, so `std::net` itself is not among them.
const NEVER: [&str; 14] = [
    "std::collections::HashMap",
    "std::collections::HashSet",
    "std::collections::hash_map",
    "std::collections::hash_set",
    "std::env",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::ToSocketAddrs",
    "std::net::UdpSocket",
    "std::os::unix::net",
    "std::process",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::time::UNIX_EPOCH",
];

/// Discovery reads the repository, and parses deep nesting on a stack of its own; the others get texts as arguments.
const NO_FILES: [&str; 5] =
    ["std::fs", "std::io::stdin", "std::io::stdout", "std::io::stderr", "std::thread"];
const READS_FILES: &str = "standin-discovery";

/// What discovery may do with files: nothing that changes one.
const CHANGES_FILES: [&str; 12] = [
    "std::fs::OpenOptions",
    "std::fs::copy",
    "std::fs::create_dir",
    "std::fs::create_dir_all",
    "std::fs::hard_link",
    "std::fs::remove_dir",
    "std::fs::remove_dir_all",
    "std::fs::remove_file",
    "std::fs::rename",
    "std::fs::set_permissions",
    "std::fs::write",
    "std::fs::File::create",
];

/// Collects the paths that a file names outside its tests, and whether it is async.
#[derive(Default)]
struct Mentions {
    paths: BTreeSet<String>,
    /// Modules in files of their own that exist for tests only.
    test_modules: Vec<String>,
    is_async: bool,
}

fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    let is_cfg_test = |a: &syn::Attribute| {
        a.path().is_ident("cfg") && a.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    };
    attributes.iter().any(is_cfg_test)
}

fn joined(path: &syn::Path) -> String {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>().join("::")
}

fn flatten(tree: &syn::UseTree, before: &str, into: &mut BTreeSet<String>) {
    let with =
        |name: &syn::Ident| if before.is_empty() { name.to_string() } else { format!("{before}::{name}") };
    match tree {
        syn::UseTree::Path(path) => flatten(&path.tree, &with(&path.ident), into),
        syn::UseTree::Name(name) if name.ident == "self" => drop(into.insert(before.to_owned())),
        syn::UseTree::Name(name) => drop(into.insert(with(&name.ident))),
        syn::UseTree::Rename(name) => drop(into.insert(with(&name.ident))),
        syn::UseTree::Glob(_) => drop(into.insert(format!("{before}::*"))),
        syn::UseTree::Group(group) => group.items.iter().for_each(|item| flatten(item, before, into)),
    }
}

impl<'ast> Visit<'ast> for Mentions {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test_only(&module.attrs) {
            visit::visit_item_mod(self, module);
        } else if module.content.is_none() {
            self.test_modules.push(module.ident.to_string());
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test_only(&item.attrs) {
            flatten(&item.tree, "", &mut self.paths);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.paths.insert(joined(path));
        visit::visit_path(self, path);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.is_async |= signature.asyncness.is_some();
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {
        self.is_async = true;
    }

    fn visit_expr_await(&mut self, _: &'ast syn::ExprAwait) {
        self.is_async = true;
    }
}

/// Whether a path is the banned one, lies in it, or takes everything beside it.
fn touches(path: &str, banned: &str) -> bool {
    let within = path.strip_prefix(banned).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    let beside = path
        .strip_suffix("::*")
        .zip(banned.rsplit_once("::"))
        .is_some_and(|(glob, (above, _))| glob == above);
    within || beside
}

/// `std::fs` and what a file calls `fs::` after `use std::fs` are the same.
fn is_mentioned(paths: &BTreeSet<String>, banned: &str) -> bool {
    let short = banned.strip_prefix("std::").unwrap_or(banned);
    let imported = |module: &str| paths.contains(&format!("std::{module}"));
    let by_import = short.split_once("::").is_some_and(|(module, _)| imported(module));
    paths.iter().any(|path| touches(path, banned) || (by_import && touches(path, short)))
}

fn bans(name: &str) -> Vec<&'static str> {
    let files: &[&str] = if name == READS_FILES { &CHANGES_FILES } else { &NO_FILES };
    NEVER.iter().chain(files).copied().collect()
}

fn mentions(file: &File) -> Mentions {
    let mut mentions = Mentions::default();
    mentions.visit_file(&parse(&file.path, &file.text));
    mentions
}

fn complaints(file: &File, bans: &[&str]) -> Vec<String> {
    let found = mentions(file);
    let named = bans.iter().filter(|banned| is_mentioned(&found.paths, banned));
    let mut complaints: Vec<String> = named.map(|banned| format!("{}: {banned}", file.path)).collect();
    if found.is_async {
        complaints.push(format!("{}: async", file.path));
    }
    complaints
}

/// The module files that only tests have, such as `src/a/tests.rs` for `#[cfg(test)] mod tests;` in `src/a.rs`.
fn test_files(file: &File) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let stem = name.trim_end_matches(".rs");
    let folder =
        if ["lib", "main", "mod"].contains(&stem) { folder.to_owned() } else { format!("{folder}/{stem}") };
    mentions(file).test_modules.iter().map(|module| format!("{folder}/{module}")).collect()
}

#[test]
fn the_pure_crates_touch_no_world() {
    let mut all = Vec::new();
    for name in PURE {
        let prefix = format!("crates/{name}/src/");
        let files: Vec<File> =
            rust_files().into_iter().filter(|file| file.path.starts_with(&prefix)).collect();
        assert!(!files.is_empty(), "{prefix} has no files");
        let tests: Vec<String> = files.iter().flat_map(test_files).collect();
        let is_test = |file: &&File| {
            tests
                .iter()
                .any(|t| file.path.starts_with(&format!("{t}.rs")) || file.path.starts_with(&format!("{t}/")))
        };
        let bans = bans(name);
        all.extend(files.iter().filter(|file| !is_test(file)).flat_map(|file| complaints(file, &bans)));
    }
    assert_none("pure crates that touch the world", &all);
}

#[test]
fn the_purity_check_can_fail() {
    let check = |text: &str, name: &str| {
        complaints(&File { path: "x.rs".to_owned(), text: text.to_owned() }, &bans(name)).len()
    };
    for impure in [
        "use std::fs;",
        "use std::{collections::BTreeMap, fs::{self, File}};",
        "use std::env::{self as e};",
        "fn a() { std::process::abort() }",
        "async fn a() {}",
        "fn a() { let _ = async { 1 }; }",
        "use std::collections::*;",
        "fn a(_: std::time::SystemTime) {}",
    ] {
        assert!(check(impure, "standin-core") > 0, "{impure}");
    }
    for pure in [
        "use std::net::IpAddr; use std::time::Duration;",
        "/// Not `std::fs`.\nfn a() { let _ = \"std::env\"; }",
        "#[cfg(test)] mod tests { use std::fs; async fn a() {} }",
    ] {
        assert_eq!(check(pure, "standin-core"), 0, "{pure}");
    }
    assert_eq!(check("use std::fs; fn a() { let _ = fs::read(\"a\"); }", READS_FILES), 0);
    assert_eq!(check("use std::fs; fn a() { let _ = fs::write(\"a\", \"\"); }", READS_FILES), 1);
}
