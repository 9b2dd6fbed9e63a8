//! One folder for each thing that must be survived and told apart, with what is found in it: what each automation came
//! to, and each finding with its line and its fix.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use standin_core::automation::{Inventory, Severity};
use standin_discovery::{ScanOptions, scan};

use super::oracle;

/// Set to write what is found as what is expected, to be looked through before it is kept.
const WRITE: &str = "STANDIN_WRITE_EXPECTED";

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/github").canonicalize().unwrap();
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    cases.sort();
    cases
}

fn seen(inventory: &Inventory) -> String {
    let mut text = String::new();
    for found in &inventory.automations {
        let backup_of = found.backup_of.as_ref().map(|id| format!(", for {id}")).unwrap_or_default();
        writeln!(text, "{} {}{backup_of}", found.id, found.state).unwrap();
    }
    for found in &inventory.findings {
        let mark = match found.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let (path, line, rule) = (&found.path, found.line, &found.rule);
        writeln!(text, "{path}:{line} {mark} {rule}\n    {}\n    {}", found.message, found.fix).unwrap();
    }
    text
}

#[test]
fn each_fixture_has_the_findings_that_are_expected() {
    let mut wrong = Vec::new();
    for case in cases() {
        let found = seen(&scan(&case, &ScanOptions::default()).unwrap());
        let file = case.with_extension("expected");
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&file, &found).unwrap();
        }
        if std::fs::read_to_string(&file).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn githubs_parser_agrees_on_each_fixture() {
    let files: Vec<PathBuf> = cases().iter().flat_map(|case| oracle::workflows(case)).collect();
    assert!(files.len() > 80, "{}", files.len());
    let Some(answers) = oracle::ask(&files) else { return };
    let disagreements: Vec<String> = cases()
        .iter()
        .flat_map(|case| {
            let name = case.file_name().unwrap().to_string_lossy().into_owned();
            oracle::disagreements(case, &answers).into_iter().map(move |said| format!("{name}/{said}"))
        })
        .collect();
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}
