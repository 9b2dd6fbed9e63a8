//! What the platforms' own loaders, actionlint and zizmor say of every file that is generated for every fixture.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use standin_core::ident::Kind;

use crate::fixtures::{Repository, fixtures};

/// Where bin/test has installed something.
pub(crate) fn tool(variable: &str, usual: &str) -> PathBuf {
    let ours = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools").join(usual);
    let found = std::env::var_os(variable).map_or_else(ours, PathBuf::from);
    assert!(found.exists(), "no {}: run bin/test, or set {variable}", found.display());
    found
}

fn python(name: &str) -> PathBuf {
    tool("STANDIN_ACT", "py/bin/act").with_file_name(name)
}

pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        !output.stdout.is_empty() || output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn json(output: &Output) -> Value {
    let shown = || {
        format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", shown()))
}

/// Every fixture of this crate, and of those that find automations.
pub(crate) fn every_fixture() -> Vec<Repository> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../standin-discovery");
    let kinds = folders(&found.join("tests/fixtures"));
    let mut all: Vec<PathBuf> = kinds.iter().flat_map(|kind| folders(kind)).collect();
    all.extend([fixtures(), found.join("fixtures")].iter().flat_map(|folder| folders(folder)));
    all.sort();
    assert!(all.len() > 30, "the fixtures of the scan are not where they were");
    all.iter().map(|folder| Repository::copied(folder).with_every_errand()).collect()
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(of).unwrap_or_else(|error| panic!("{}: {error}", of.display()));
    all.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

/// A repository with its backups, and the pairs of primary and backup among its workflows.
fn backed_up(repository: &Repository) -> Vec<(Option<String>, String)> {
    let generated = repository.generate();
    repository.apply(&generated);
    assert_eq!(repository.generate().patches, [], "a second time changes nothing");
    let inventory = repository.scan();
    let mut pairs = Vec::new();
    for (path, id) in generated.backups.iter().filter(|(path, _)| path.starts_with(".github/")) {
        let primary = inventory.get(id).filter(|_| id.kind() == Kind::Workflow);
        pairs.push((primary.map(|primary| primary.source.path.clone()), path.clone()));
    }
    pairs
}

#[test]
fn github_would_load_every_backup() {
    let oracles = tool("STANDIN_ORACLES", "oracles");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/oracles/workflows.mjs");
    let mut seen = 0;
    for repository in every_fixture() {
        let files: Vec<PathBuf> =
            backed_up(&repository).iter().map(|(_, path)| repository.root().join(path)).collect();
        if files.is_empty() {
            continue;
        }
        let output = run(Command::new("node").arg(&script).args(&files).env("ORACLES", &oracles));
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let judged: Value = serde_json::from_str(line).unwrap();
            let text = || fs::read_to_string(judged["path"].as_str().unwrap()).unwrap();
            assert_eq!(judged["loadable"], true, "{judged}\n{}", text());
            seen += 1;
        }
    }
    assert!(seen >= 5, "{seen}");
}

/// What each file is complained about, by rule.
type Complaints = BTreeMap<String, BTreeSet<String>>;

/// A backup is complained about only for what its primary is as well.
fn none_new(pairs: &[(Option<String>, String)], complaints: &Complaints, said: &str) {
    let of = |path: &str| complaints.get(path).cloned().unwrap_or_default();
    for (primary, backup) in pairs {
        let known = primary.as_deref().map(of).unwrap_or_default();
        let new: Vec<String> = of(backup).difference(&known).cloned().collect();
        assert!(new.is_empty(), "{backup}: {new:?}\n{said}");
    }
}

#[test]
fn actionlint_has_nothing_more_to_say_of_a_backup_than_of_its_primary() {
    for repository in every_fixture() {
        let pairs = backed_up(&repository);
        if pairs.is_empty() {
            continue;
        }
        let mut command = Command::new(python("actionlint"));
        command.current_dir(repository.root()).args(["-shellcheck=", "-pyflakes=", "-format", "{{json .}}"]);
        for (primary, backup) in &pairs {
            command.args(primary).arg(backup);
        }
        let output = run(&mut command);
        let mut complaints = Complaints::new();
        for one in json(&output).as_array().unwrap() {
            // The message without the place in it.
            let rule = format!(
                "{} {}",
                one["kind"],
                one["message"].as_str().unwrap().split(['"', '\'']).next().unwrap()
            );
            complaints.entry(one["filepath"].as_str().unwrap().to_owned()).or_default().insert(rule);
        }
        none_new(&pairs, &complaints, &String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn zizmor_has_nothing_more_to_say_of_a_backup_than_of_its_primary() {
    for repository in every_fixture() {
        let pairs = backed_up(&repository);
        if pairs.is_empty() {
            continue;
        }
        let mut command = Command::new(python("zizmor"));
        command.current_dir(repository.root()).args([
            "--offline",
            "--no-progress",
            "--format=json",
            "--min-severity=low",
        ]);
        for (primary, backup) in &pairs {
            command.args(primary).arg(backup);
        }
        let output = run(&mut command);
        let mut complaints = Complaints::new();
        for one in json(&output).as_array().unwrap() {
            let place = &one["locations"][0]["symbolic"]["key"];
            let path = place["Local"]["verbatim_path"].as_str().or(place["Local"]["given_path"].as_str());
            let path = path.unwrap_or_else(|| panic!("{place}"));
            let path = path.trim_start_matches("./").to_owned();
            complaints.entry(path).or_default().insert(one["ident"].as_str().unwrap().to_owned());
        }
        none_new(&pairs, &complaints, &String::from_utf8_lossy(&output.stdout));
    }
}
