//! What holds for every Rust file.

use syn::visit::{self, Visit};

use super::assert_none;
use super::tree::rust_files;

/// Longer than this, a file is two files.
const MAX_LINES: usize = 500;

/// Module names that say nothing.
const EMPTY_NAMES: [&str; 5] = ["common", "helpers", "manager", "misc", "utils"];

/// Calls that are notes to oneself.
const NOTES: [&str; 3] = ["dbg", "todo", "unimplemented"];

pub(super) fn parse(path: &str, text: &str) -> syn::File {
    syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn no_file_is_too_long() {
    let long = |(path, lines): (String, usize)| (lines > MAX_LINES).then(|| format!("{path}: {lines} lines"));
    let counted = rust_files().into_iter().map(|file| (file.path, file.text.lines().count()));
    let complaints: Vec<String> = counted.filter_map(long).collect();
    assert_none("split these", &complaints);
}

#[test]
fn no_module_has_an_empty_name() {
    let empty = |path: &String| path.split(['/', '.']).any(|part| EMPTY_NAMES.contains(&part));
    let complaints: Vec<String> = rust_files().into_iter().map(|file| file.path).filter(empty).collect();
    assert_none("say what these are about", &complaints);
}

/// Finds what has to be done before a change is done.
struct Leftovers<'a> {
    path: &'a str,
    complaints: Vec<String>,
}

impl<'ast> Visit<'ast> for Leftovers<'_> {
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = call.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        if NOTES.contains(&name.as_str()) {
            self.complaints.push(format!("{}: {name}!", self.path));
        }
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if attribute.path().is_ident("ignore") {
            self.complaints.push(format!("{}: a test is ignored", self.path));
        }
    }
}

fn leftovers(path: &str, text: &str) -> Vec<String> {
    let mut visitor = Leftovers { path, complaints: Vec::new() };
    visitor.visit_file(&parse(path, text));
    visitor.complaints
}

#[test]
fn nothing_is_left_undone() {
    let complaints: Vec<String> =
        rust_files().iter().flat_map(|file| leftovers(&file.path, &file.text)).collect();
    assert_none("finish these", &complaints);
}

#[test]
fn the_check_for_leftovers_can_fail() {
    let text = "fn a() { std::todo!() } #[ignore = \"slow\"] fn b() { dbg!(1); }";
    assert_eq!(leftovers("x.rs", text), ["x.rs: todo!", "x.rs: a test is ignored", "x.rs: dbg!"]);
}
