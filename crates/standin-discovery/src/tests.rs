use std::path::{Path, PathBuf};

use standin_core::automation::{Detail, Finding, Inventory};

use super::*;

pub(crate) mod dice;
mod hostile;
mod mutations;

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// A repository of these files in a temporary folder, and its scan.
pub(crate) fn scan_of(files: &[(&str, &str)]) -> Inventory {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(folder.path(), path, text.as_bytes());
    }
    scan(folder.path(), &ScanOptions::default()).unwrap()
}

pub(crate) fn write(root: &Path, path: &str, bytes: &[u8]) {
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, bytes).unwrap();
}

/// Rule and line of each finding of one file.
pub(crate) fn rules<'a>(inventory: &'a Inventory, path: &str) -> Vec<(&'a str, u32)> {
    let of_file = inventory.findings.iter().filter(|found| found.path == path);
    of_file.map(|found| (found.rule.as_str(), found.line)).collect()
}

/// State and reason of one automation.
pub(crate) fn standing<'a>(inventory: &'a Inventory, id: &str) -> (String, &'a str) {
    let found = inventory.get(&id.parse().unwrap()).unwrap_or_else(|| panic!("no {id} in {inventory:#?}"));
    (found.state.to_string(), &found.reason)
}

fn line_of(automation: &standin_core::automation::Automation) -> String {
    let schedules: Vec<String> = automation
        .schedules
        .iter()
        .map(|schedule| format!("{} {}", schedule.cron, schedule.timezone))
        .collect();
    format!(
        "{} | {} | {} | {}:{} | {} | {} | {} | {}",
        automation.id,
        automation.name,
        automation.domain,
        automation.source.path,
        automation.source.line,
        schedules.join("; "),
        automation.triggers.join(" "),
        automation.state,
        automation.reason
    )
}

#[test]
fn a_repository_with_every_kind() {
    let inventory = scan(&fixture("shop"), &ScanOptions::default()).unwrap();
    let automations: Vec<String> = inventory.automations.iter().map(line_of).collect();
    let findings: Vec<String> = inventory
        .findings
        .iter()
        .map(|f| format!("{}:{} {} {:?}", f.path, f.line, f.rule, f.severity))
        .collect();
    let seen = format!("{}\n\n{}\n", automations.join("\n"), findings.join("\n"));
    let expected = std::fs::read_to_string(fixture("shop.expected.txt")).unwrap();
    assert!(seen == expected, "{seen}");
}

#[test]
fn details_are_absolute() {
    let root = fixture("shop").canonicalize().unwrap();
    let inventory = scan(&root, &ScanOptions::default()).unwrap();
    let detail = |id: &str| inventory.get(&id.parse().unwrap()).unwrap().detail.clone();
    let pm2 = |script, cwd| Detail::Pm2App {
        script,
        cwd,
        interpreter: None,
        interpreter_args: Vec::new(),
        args: Vec::new(),
        env_names: Vec::new(),
        known: standin_core::automation::Known::Read,
    };
    let at = |path: &str| root.join(path).to_string_lossy().into_owned();
    assert_eq!(detail("pm2:cleanup"), pm2(at("workers/cleanup.js"), at("").trim_end_matches('/').into()));
    assert_eq!(detail("pm2:mailer"), pm2(at("workers/once.js"), at("workers")));
    assert_eq!(
        detail("npm:packages/api#start"),
        Detail::NpmScript { dir: at("packages/api"), script: "start".into(), command: "node .".into() }
    );
}

#[test]
fn findings_and_automations_are_ordered() {
    let inventory = scan(&fixture("shop"), &ScanOptions::default()).unwrap();
    assert!(inventory.automations.windows(2).all(|pair| pair[0].id < pair[1].id));
    let key = |found: &Finding| (found.path.clone(), found.line, found.rule.clone());
    assert!(inventory.findings.windows(2).all(|pair| key(&pair[0]) <= key(&pair[1])));
}

#[test]
fn what_is_no_folder_is_an_error() {
    assert!(matches!(
        scan(Path::new("/no/such/folder"), &ScanOptions::default()),
        Err(ScanError::Root { .. })
    ));
    let file = fixture("shop/package.json");
    assert!(matches!(scan(&file, &ScanOptions::default()), Err(ScanError::NotAFolder { .. })));
}
