//! Whole-graph checks on what `cargo metadata` says: licences, and what the pure crates come with.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use spdx::{Expression, LicenseReq, ParseMode};

use super::arrows::{IMPURE, PURE};
use super::assert_none;
use super::tree::root;

/// What a dependency may be licensed under, for one user at least.
const ALLOWED: [&str; 11] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "ISC",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "Unicode-3.0",
    "Zlib",
    "0BSD",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
];

/// The resolved graph for this machine's target, so that nothing has to be downloaded that a build does not need.
static METADATA: LazyLock<Value> = LazyLock::new(|| {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let version = String::from_utf8(rustc.stdout).expect("rustc writes text");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", host])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo writes JSON")
});

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Every package of the graph by its id.
fn packages() -> BTreeMap<&'static str, &'static Value> {
    let packages = list(&METADATA, "packages");
    packages.iter().map(|package| (text(package, "id"), package)).collect()
}

/// What a package ships with, itself included; what only its tests need is left out.
fn shipped(from: &str) -> BTreeSet<&'static str> {
    let nodes: BTreeMap<&str, &Value> =
        list(&METADATA["resolve"], "nodes").iter().map(|node| (text(node, "id"), node)).collect();
    let packages = packages();
    let start = packages.values().find(|package| text(package, "name") == from);
    let mut open = vec![text(start.unwrap_or_else(|| panic!("{from} is not in the graph")), "id")];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        for dependency in list(nodes[id], "deps") {
            let normal = |kind: &Value| kind.get("kind").is_none_or(Value::is_null);
            if list(dependency, "dep_kinds").iter().any(normal) {
                open.push(text(dependency, "pkg"));
            }
        }
    }
    seen.into_iter().map(|id| text(packages[id], "name")).collect()
}

fn is_allowed(requirement: &LicenseReq) -> bool {
    ALLOWED.contains(&requirement.to_string().as_str())
}

/// Whether one of the choices that a licence expression leaves is ours to take.
fn is_satisfiable(expression: &str) -> bool {
    Expression::parse_mode(expression, ParseMode::LAX).is_ok_and(|parsed| parsed.evaluate(is_allowed))
}

#[test]
fn every_licence_is_one_of_the_allowed() {
    let mut complaints = Vec::new();
    for package in packages().values() {
        let licence = text(package, "license");
        if !is_satisfiable(licence) {
            let name = text(package, "name");
            complaints.push(format!("{name} {}: {licence:?}", text(package, "version")));
        }
    }
    assert_none("licences outside the allow-list", &complaints);
}

#[test]
fn the_licence_check_can_fail() {
    for good in
        ["MIT", "MIT OR GPL-3.0", "Apache-2.0 WITH LLVM-exception", "MIT/Apache-2.0", "(MIT OR ISC) AND Zlib"]
    {
        assert!(is_satisfiable(good), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "MPL-2.0", "LicenseRef-Own", "MIT OR"] {
        assert!(!is_satisfiable(bad), "{bad}");
    }
}

#[test]
fn the_pure_crates_bring_in_nothing_impure() {
    let mut complaints = Vec::new();
    for name in PURE {
        let shipped = shipped(name);
        assert!(shipped.contains("serde"), "{name}: the walk of the graph found only {shipped:?}");
        let banned = shipped.iter().filter(|used| IMPURE.contains(used));
        complaints.extend(banned.map(|used| format!("{name} ships with {used}")));
    }
    assert_none("pure crates that bring in what is not", &complaints);
}
