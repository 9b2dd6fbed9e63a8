//! Every fixture of the crates, and the bundled example: each is scanned, covered, backed up, compared and left again.

use std::fs;
use std::path::{Path, PathBuf};

use super::Repository;

#[test]
fn every_fixture_is_scanned_covered_backed_up_and_left_without_a_trace() {
    let mut written = 0;
    for folder in fixtures() {
        let repository = Repository::copied(&folder);
        // What already has files of Standin's loses those whose primary is gone: that is no way there and back.
        let is_ours = |text: &Vec<u8>| String::from_utf8_lossy(text).contains(standin_core::ownership::MARK);
        if !repository.files().values().any(is_ours) {
            written += there_and_back(&repository);
        }
    }
    assert!(written > 30, "only {written} files were written for all fixtures");
}

/// How many files there were in between.
fn there_and_back(repository: &Repository) -> usize {
    let (files, folders) = (repository.files(), repository.folders());
    let scan = repository.standin(&["scan", "--format", "json"]);
    assert!(matches!(scan.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&scan.stderr));
    let sarif = repository.json(&["scan", "--format", "sarif"], scan.status.code().unwrap());
    assert_eq!(sarif["version"], "2.1.0");
    let before = repository.json(&["coverage", "--format", "json"], 0);
    assert_eq!(repository.files(), files, "a look changes nothing");

    repository.said(&["init", "--npm-scripts"], 0);
    let between = repository.files();
    for (path, text) in &files {
        assert!(
            between.get(path) == Some(text) || path == "package.json",
            "{path} is not Standin's to change"
        );
    }
    repository.said(&["init", "--npm-scripts", "--check"], 0);
    repository.said(&["backup", "--check"], 0);
    repository.said(&["init", "--npm-scripts"], 0);
    assert_eq!(repository.files(), between, "a second time changes nothing");

    let after = repository.json(&["coverage", "--format", "json"], 0);
    assert_eq!(after["counted"], before["counted"], "a backup counts for its primary, not for itself");
    let level =
        |coverage: &serde_json::Value, at: usize| coverage["levels"][at]["percent"].as_f64().unwrap_or(0.0);
    (0..5).for_each(|at| assert!(level(&after, at) >= level(&before, at), "{before} {after}"));

    repository.said(&["backup", "--remove"], 0);
    assert_eq!(repository.files(), files, "no trace is left");
    assert_eq!(repository.folders(), folders, "no folder is left");
    between.len() - files.len()
}

fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf();
    let mut found = vec![root.join("examples/shop"), root.join("crates/standin-discovery/fixtures/shop")];
    let mut of = |folder: PathBuf| {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        found.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()));
    };
    of(root.join("crates/standin-backup/tests/fixtures"));
    for kind in
        ["aws", "crontab", "github", "kubernetes", "netlify", "npm", "pm2", "scripts", "systemd", "terraform"]
    {
        of(root.join("crates/standin-discovery/tests/fixtures").join(kind));
    }
    found.sort();
    assert!(found.len() > 40, "{found:?}");
    found
}
