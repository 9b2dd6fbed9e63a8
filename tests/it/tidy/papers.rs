//! What the papers promise: a map that names every crate, invariants that each name the test that holds them, licences.

use std::collections::BTreeSet;

use super::assert_none;
use super::tree::{crates, read, root, rust_files};

const MAP: &str = "ARCHITECTURE.md";

#[test]
fn the_map_names_every_crate() {
    let map = read(MAP);
    let named: BTreeSet<&str> =
        map.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '/')).collect();
    let is_named = |name: &String| {
        let (folder, path) = (format!("{name}/"), format!("crates/{name}"));
        named.iter().any(|word| *word == folder || word.trim_end_matches('/') == path)
    };
    let complaints: Vec<String> = crates().into_iter().filter(|name| !is_named(name)).collect();
    assert_none("crates that the map of ARCHITECTURE.md leaves out", &complaints);
}

/// An invariant: `**I7**` and the text up to the next one, or to the end of its paragraph.
#[derive(Debug, PartialEq, Eq)]
struct Invariant {
    number: usize,
    text: String,
}

fn invariants(map: &str) -> Vec<Invariant> {
    let mut found: Vec<Invariant> = Vec::new();
    let mut is_open = false;
    for line in map.lines() {
        let number = line
            .trim_start_matches(['-', '*', '|', ' '])
            .strip_prefix('I')
            .or_else(|| line.split_once("**I").map(|(_, rest)| rest))
            .and_then(|rest| rest.split_once("**"))
            .and_then(|(digits, _)| digits.parse().ok());
        if let Some(number) = number {
            found.push(Invariant { number, text: line.to_owned() });
            is_open = true;
        } else if line.trim().is_empty() {
            is_open = false;
        } else if let (true, Some(last)) = (is_open, found.last_mut()) {
            last.text.push_str(line);
        }
    }
    found
}

/// The names in backticks, of a test as `module::name` by its last part.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).filter_map(|name| name.rsplit("::").next()).collect()
}

/// The names of all functions that stand below a test attribute.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in rust_files() {
        let mut is_test = false;
        for line in file.text.lines().map(str::trim) {
            is_test |= line.starts_with("#[") && line.contains("test") && !line.contains("cfg");
            let name = line
                .trim_start_matches("pub ")
                .trim_start_matches("async ")
                .strip_prefix("fn ")
                .and_then(|rest| rest.split(['(', '<']).next());
            if let (true, Some(name)) = (is_test, name) {
                names.insert(name.to_owned());
                is_test = false;
            }
        }
    }
    assert!(names.contains("the_map_names_every_crate"), "this very test was not found");
    names
}

#[test]
fn the_invariants_are_numbered_and_each_names_its_test() {
    let found = invariants(&read(MAP));
    assert!(!found.is_empty(), "{MAP} has no invariants: write them as **I1**, **I2**, ...");
    let numbers: Vec<usize> = found.iter().map(|invariant| invariant.number).collect();
    assert_eq!(numbers, (1..=found.len()).collect::<Vec<_>>(), "the numbers of the invariants in {MAP}");
    let tests = tests();
    let is_held = |i: &&Invariant| !quoted(&i.text).iter().any(|name| tests.contains(*name));
    let complaints: Vec<String> = found.iter().filter(is_held).map(|i| format!("I{}", i.number)).collect();
    assert_none("invariants that name no test of this tree, as `module::name`", &complaints);
}

#[test]
fn invariants_are_found_where_they_stand() {
    let map =
        "# Map\n\n- **I1** One thing\n  (`tidy::a`).\n- **I2** Another (`b`), see **I1**.\n\nText `c`.\n";
    let found = invariants(map);
    assert_eq!(found.iter().map(|i| i.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(found.iter().map(|i| quoted(&i.text)).collect::<Vec<_>>(), [["a"], ["b"]]);
}

#[test]
fn what_people_expect_of_a_project_is_there() {
    for name in
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE-MIT", "LICENSE-APACHE"]
    {
        assert!(read(name).len() > 200, "{name} says next to nothing");
    }
    assert!(root().join(".github/workflows/ci.yml").is_file(), "no workflow for CI");
}
