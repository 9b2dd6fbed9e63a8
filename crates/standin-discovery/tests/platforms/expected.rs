//! Every fixture: `<kind>/<case>/repo` is the repository, `expected.txt` beside it what a scan says of it.
//! With `STANDIN_WRITE_EXPECTED=1` the second is written anew, for a person to read.

use std::path::{Path, PathBuf};

use standin_core::automation::{Automation, Inventory};
use standin_discovery::{ScanOptions, scan};

/// The kinds whose fixtures are laid out like this.
pub(crate) const KINDS: [&str; 10] =
    ["aws", "crontab", "hosted", "kubernetes", "netlify", "npm", "pm2", "scripts", "systemd", "terraform"];

/// A fixture: its kind, its name, its folder.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
}

impl Case {
    pub(crate) fn repo(&self) -> PathBuf {
        self.folder.join("repo").canonicalize().unwrap()
    }

    pub(crate) fn scan(&self) -> Inventory {
        scan(&self.repo(), &ScanOptions::default()).unwrap()
    }
}

/// The fixtures of a kind, by name.
pub(crate) fn cases(kind: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(kind);
    let mut cases: Vec<Case> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| {
            let folder = entry.unwrap().path();
            let name = format!("{kind}/{}", folder.file_name().unwrap().to_string_lossy());
            Case { name, folder }
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!cases.is_empty());
    cases
}

fn shown(automation: &Automation, root: &str) -> String {
    let schedules: Vec<String> =
        automation.schedules.iter().map(|one| format!("{} {}", one.cron, one.timezone)).collect();
    let line = format!(
        "{} | {}:{} | {} | {} | {} | {}",
        automation.id,
        automation.source.path,
        automation.source.line,
        schedules.join("; "),
        automation.triggers.join("; "),
        automation.state,
        automation.reason
    );
    line.replace(root, "ROOT").trim_end().to_owned()
}

#[test]
fn each_fixture_comes_out_as_written_down() {
    let write = std::env::var_os("STANDIN_WRITE_EXPECTED").is_some();
    let mut wrong = Vec::new();
    for case in KINDS.iter().flat_map(|kind| cases(kind)) {
        let (inventory, root) = (case.scan(), case.repo().to_string_lossy().into_owned());
        let mut lines: Vec<String> = inventory.automations.iter().map(|one| shown(one, &root)).collect();
        lines.push(String::new());
        for found in &inventory.findings {
            let (rule, severity) = (&found.rule, found.severity);
            lines.push(
                format!("{}:{} {rule} {severity:?}: {}", found.path, found.line, found.message)
                    .replace(&root, "ROOT"),
            );
            lines.push(format!("    {}", found.fix).replace(&root, "ROOT"));
        }
        let seen = format!("{}\n", lines.join("\n"));
        let file = case.folder.join("expected.txt");
        if write {
            std::fs::write(&file, &seen).unwrap();
        }
        if std::fs::read_to_string(&file).unwrap_or_default() != seen {
            wrong.push(format!("{}:\n{seen}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
