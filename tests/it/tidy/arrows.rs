//! Who may depend on whom. The arrows point one way: binaries, agent, engine, core; adapters know the engine's ports
//! and never each other.

use std::collections::{BTreeMap, BTreeSet};

use super::assert_none;
use super::tree::{crates, read};

/// What each crate may use of the others, in what it ships. A new crate says here where it stands.
const ARROWS: [(&str, &[&str]); 18] = [
    ("standin-core", &[]),
    ("standin-config", &["standin-core"]),
    ("standin-discovery", &["standin-core"]),
    ("standin-backup", &["standin-core"]),
    ("standin-engine", &["standin-core"]),
    // Runs an automation on this host, by the tools that are there.
    ("standin-run", &["standin-core"]),
    // Knows git and nothing of ours.
    ("standin-sync", &[]),
    // What adapters talk HTTP with; it knows nothing of what they say.
    ("standin-http", &[]),
    ("standin-platforms", &["standin-core", "standin-engine", "standin-http"]),
    ("standin-stores", &["standin-core", "standin-engine", "standin-http"]),
    // The listener persists a heartbeat before it answers, so it writes to the local store itself.
    (
        "standin-agent",
        &["standin-body", "standin-core", "standin-config", "standin-engine", "standin-stores"],
    ),
    // What the bodies share: it joins the mesh of the settings with the adapters.
    (
        "standin-body",
        &[
            "standin-core",
            "standin-config",
            "standin-discovery",
            "standin-engine",
            "standin-http",
            "standin-platforms",
            "standin-stores",
        ],
    ),
    (
        "standin-action",
        &[
            "standin-body",
            "standin-core",
            "standin-config",
            "standin-engine",
            "standin-http",
            "standin-platforms",
        ],
    ),
    (
        "standin-function",
        &[
            "standin-body",
            "standin-core",
            "standin-config",
            "standin-engine",
            "standin-http",
            "standin-stores",
        ],
    ),
    // Drives the core and the engine's mesh: the proof of the protocol, which is in no release, and what it says of a
    // user's own mesh, which is.
    ("standin-sim", &["standin-core", "standin-engine"]),
    // Stands in for vendors, so it knows nothing of ours.
    ("standin-stage", &[]),
    (
        "standin",
        &[
            "standin-core",
            "standin-config",
            "standin-discovery",
            "standin-engine",
            "standin-platforms",
            "standin-stores",
            "standin-agent",
            "standin-backup",
            "standin-body",
            "standin-http",
            "standin-run",
            "standin-sim",
            "standin-sync",
            // Only `standin demo` plays on it.
            "standin-stage",
        ],
    ),
    // Measures the parts, and is not shipped.
    (
        "standin-bench",
        &[
            "standin-core",
            "standin-engine",
            "standin-platforms",
            "standin-stores",
            "standin-agent",
            // Outages are played on it.
            "standin-stage",
        ],
    ),
];

/// The core's whole allow-list of foreign crates.
const CORE: [&str; 5] = ["chrono", "cron", "jiff", "serde", "thiserror"];

/// What no pure crate may ship with, by whatever way it comes in: runtimes, sockets, databases, servers.
pub(super) const IMPURE: [&str; 14] = [
    "axum",
    "async-std",
    "hyper",
    "lettre",
    "mio",
    "object_store",
    "octocrab",
    "reqwest",
    "rusqlite",
    "rustls",
    "smol",
    "socket2",
    "tokio",
    "ureq",
];

/// What no pure crate may name itself: randomness, processes, the host.
const UNWELCOME: [&str; 9] =
    ["fastrand", "getrandom", "nix", "process-wrap", "rand", "tracing-subscriber", "uuid", "libc", "notify"];

pub(super) const PURE: [&str; 4] = ["standin-backup", "standin-core", "standin-config", "standin-discovery"];

/// The names in one table of a manifest.
fn dependencies(manifest: &toml::Table, table: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut add = |holder: &toml::Table| {
        if let Some(found) = holder.get(table).and_then(toml::Value::as_table) {
            // A renamed dependency counts by its real name.
            let real = |(name, value): (&String, &toml::Value)| {
                value.get("package").and_then(toml::Value::as_str).unwrap_or(name).to_owned()
            };
            names.extend(found.iter().map(real));
        }
    };
    add(manifest);
    if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
        targets.values().filter_map(toml::Value::as_table).for_each(&mut add);
    }
    names
}

fn manifest(name: &str) -> toml::Table {
    read(&format!("crates/{name}/Cargo.toml")).parse().unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What a crate ships with: its own and its build script's dependencies, not those of its tests.
fn shipped(name: &str) -> BTreeSet<String> {
    let manifest = manifest(name);
    let mut names = dependencies(&manifest, "dependencies");
    names.extend(dependencies(&manifest, "build-dependencies"));
    names
}

#[test]
fn every_crate_has_its_place_in_the_arrows() {
    let placed: BTreeSet<String> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(crates(), placed, "left: the folders of crates/; right: the crates that ARROWS places");
}

#[test]
fn the_arrows_point_one_way() {
    let mut complaints = Vec::new();
    for (name, allowed) in ARROWS {
        for used in shipped(name).iter().filter(|used| used.starts_with("standin")) {
            if !allowed.contains(&used.as_str()) {
                complaints.push(format!("{name} uses {used}, and may use only {allowed:?}"));
            }
        }
    }
    assert_none("arrows against the architecture", &complaints);
}

#[test]
fn the_allowed_arrows_have_no_circle() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    for (name, direct) in ARROWS {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> = direct.to_vec();
        while let Some(next) = open.pop() {
            if seen.insert(next) {
                open.extend_from_slice(allowed[next]);
            }
        }
        assert!(!seen.contains(name), "{name} is reached from itself");
    }
}

#[test]
fn the_core_ships_with_its_allow_list_only() {
    let foreign = shipped("standin-core");
    let allowed = CORE.map(str::to_owned).into();
    let more: Vec<String> = foreign.difference(&allowed).cloned().collect();
    assert_none("the core depends on more than its allow-list", &more);
}

#[test]
fn the_pure_crates_name_nothing_impure() {
    let mut complaints = Vec::new();
    for name in PURE {
        let banned = |used: &&String| IMPURE.contains(&used.as_str()) || UNWELCOME.contains(&used.as_str());
        complaints
            .extend(shipped(name).iter().filter(banned).map(|used| format!("{name} ships with {used}")));
    }
    assert_none("pure crates that are not", &complaints);
}

#[test]
fn every_crate_inherits_what_the_workspace_says() {
    let mut complaints = Vec::new();
    for name in crates() {
        let manifest = manifest(&name);
        let inherits = |table: &str, key: &str| {
            let value = manifest.get(table).and_then(|t| t.get(key));
            value.and_then(|v| v.get("workspace")).and_then(toml::Value::as_bool) == Some(true)
        };
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            if !inherits("package", key) {
                complaints.push(format!("{name}: write `{key}.workspace = true` in [package]"));
            }
        }
        let lints =
            manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        if lints != Some(true) {
            complaints.push(format!("{name}: write `workspace = true` in [lints]"));
        }
        if manifest.get("package").and_then(|p| p.get("name")).and_then(toml::Value::as_str) != Some(&name) {
            complaints.push(format!("{name}: the crate has another name than its folder"));
        }
    }
    assert_none("manifests that go their own way", &complaints);
}
