//! GitHub's own parser, if it is installed, and what it says of workflows.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use standin_core::automation::{Inventory, Standing};
use standin_discovery::{ScanOptions, scan};

/// What the oracle says of one file.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) is_loadable: bool,
    pub(crate) errors: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What the oracle says of these files. `None`, with a word, where it is not installed.
pub(crate) fn ask(files: &[PathBuf]) -> Option<BTreeMap<PathBuf, Answer>> {
    let oracles = root().join(std::env::var_os("STANDIN_ORACLES").unwrap_or_else(|| ".tools/oracles".into()));
    if !oracles.join("node_modules/@actions/workflow-parser").is_dir() {
        eprintln!("skipped: GitHub's parser is not in {}", oracles.display());
        return None;
    }
    let mut child = Command::new("node")
        .arg(root().join("tools/oracles/workflows.mjs"))
        .arg("-")
        .env("ORACLES", &oracles)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let list: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    child.stdin.take().unwrap().write_all(list.join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let answer = |line: &str| {
        let said: serde_json::Value = serde_json::from_str(line).unwrap();
        let errors =
            said["errors"].as_array().unwrap().iter().map(|e| e.as_str().unwrap().to_owned()).collect();
        (
            said["path"].as_str().unwrap().into(),
            Answer { is_loadable: said["loadable"].as_bool().unwrap(), errors },
        )
    };
    Some(String::from_utf8(output.stdout).unwrap().lines().map(answer).collect())
}

/// Workflows of a repository that GitHub would look at.
pub(crate) fn workflows(repository: &Path) -> Vec<PathBuf> {
    let Ok(folder) = std::fs::read_dir(repository.join(".github/workflows")) else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        folder.map(|entry| entry.unwrap().path()).filter(|file| file.is_file()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "yml" || ending == "yaml"));
    files.sort();
    files
}

/// Rules by which a file is refused here although the oracle loads it; `docs/discovery.md` says why.
pub(crate) const STRICTER: [&str; 10] = [
    "workflow-without-on",
    "job-incomplete",
    "timezone-unknown",
    "callee-reference",
    "callee-refused",
    "call-circle",
    "yaml-too-large",
    "yaml-too-nested",
    "file-too-large",
    "conflict-markers",
];

/// Files about which the oracle and the scan disagree without a reason that is written down.
pub(crate) fn disagreements(repository: &Path, answers: &BTreeMap<PathBuf, Answer>) -> Vec<String> {
    let inventory = scan(repository, &ScanOptions::default()).unwrap();
    let mut said = Vec::new();
    for file in workflows(repository) {
        let answer = &answers[&file];
        let relative = file.strip_prefix(repository).unwrap().to_str().unwrap();
        // What Git ignores is not in the repository.
        let Some(found) = inventory.automations.iter().find(|a| a.source.path == relative) else { continue };
        let is_loadable = found.state >= Standing::Loadable;
        if is_loadable == answer.is_loadable || is_justified(&inventory, relative, answer) {
            continue;
        }
        said.push(format!("{relative}: ours {:?} ({}), theirs {answer:?}", found.state, found.reason));
    }
    said
}

fn is_justified(inventory: &Inventory, path: &str, answer: &Answer) -> bool {
    if answer.is_loadable {
        let mut refusals = inventory.findings.iter().filter(|found| {
            found.path == path && found.severity == standin_core::automation::Severity::Error
        });
        return refusals.all(|found| {
            // A colon at the end of an anchor's name belongs to it for one of the two, and not for the other.
            let is_anchor = found.message.contains("unknown anchor");
            STRICTER.contains(&found.rule.as_str()) || !refuses(&found.rule) || is_anchor
        });
    }
    // What GitHub's service passes over below an event, its parser refuses; of each such place there is a finding.
    let passed_over = |found: &&standin_core::automation::Finding| {
        found.path == path && ["event-key-ignored", "event-value-ignored"].contains(&found.rule.as_str())
    };
    let is_explained = |error: &&String| {
        // Their list of plain events has another one in the place of this.
        !error.ends_with("Unexpected value 'repository_dispatch'")
    };
    answer.errors.iter().filter(is_explained).count() <= inventory.findings.iter().filter(passed_over).count()
}

/// Errors after which GitHub still loads the file.
fn refuses(rule: &str) -> bool {
    !["cron-never-fires", "schedule-without-cron", "schedule-gate-unmatched"].contains(&rule)
}
