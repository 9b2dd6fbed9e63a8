//! Debian's own `crontab -n`, which reads a crontab and installs nothing, on every line of the fixtures and on others.

use std::path::{Path, PathBuf};
use std::process::Command;

use standin_core::automation::Standing;
use standin_discovery::{ScanOptions, scan};

use crate::expected::cases;

/// Lines that it takes and that are not called loadable, or the other way round.
const DIFFERENCES: [(&str, &str); 1] =
    [("0 0 * * 5-1", "it takes the range and never runs it: a range that goes backwards is empty")];

const TIMES: [&str; 30] = [
    "* * * * *",
    "*/60 * * * *",
    "0 0 30 2 *",
    "0 24 * * *",
    "60 0 * * *",
    "0 0 0 * *",
    "0 0 32 * *",
    "0 0 * 13 *",
    "0 0 * * 7",
    "0 0 * * 8",
    "0 0 * * mon-fri",
    "0 0 * * MON,WED",
    "0 0 * jan mon",
    "* * * * sunday",
    "0 0 * * 5-1",
    "@midnight",
    "@daily",
    "@hourly",
    "@weekly",
    "@monthly",
    "@annually",
    "@every_minute",
    "@fortnightly",
    "1-5/2 * * * *",
    "*/0 * * * *",
    "5/10 * * * *",
    "0,30, * * * *",
    "? * * * *",
    "0 0 L * *",
    "a b c d e",
];

fn tool() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join(std::env::var_os("STANDIN_CRONTAB").unwrap_or_else(|| ".tools/cron/usr/bin/crontab".into()))
}

/// Whether it takes a text; `None` where it does not work at all.
fn takes(text: &str) -> Option<bool> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    Some(Command::new(tool()).arg("-n").arg(file.path()).output().ok()?.status.success())
}

#[test]
fn what_is_loadable_is_what_cron_takes() {
    if takes("0 3 * * * /bin/true\n") != Some(true) {
        return println!("skipped: {} does not work here", tool().display());
    }
    let mut wrong = Vec::new();
    let mut check = |place: &str, text: &str, is_loadable: bool, reason: &str| {
        let theirs = takes(text).unwrap();
        let is_known = DIFFERENCES.iter().any(|(known, _)| *known == place);
        if (theirs == is_loadable) == is_known {
            wrong.push(format!("{place}: cron {theirs}, here {is_loadable} {reason}"));
        }
    };
    let folder = tempfile::tempdir().unwrap();
    for time in TIMES {
        let text = format!("{time} /bin/true\n");
        std::fs::write(folder.path().join("crontab"), &text).unwrap();
        let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
        let one = inventory.automations.first();
        let state = one.map_or(Standing::Declared, |one| one.state);
        check(time, &text, state >= Standing::Loadable, one.map_or("", |one| &one.reason));
    }
    for case in cases("crontab") {
        for one in case.scan().automations {
            let text = std::fs::read_to_string(case.repo().join(&one.source.path)).unwrap();
            let line = text.lines().nth(usize::try_from(one.source.line).unwrap() - 1).unwrap();
            // `-n` knows no column for the user, and no rule about a file's name.
            if one.source.path.contains("cron.d/") {
                continue;
            }
            let ends = if text.ends_with('\n') { "\n" } else { "" };
            check(
                &format!("{}/{}", case.name, one.name),
                &format!("{line}{ends}"),
                one.state >= Standing::Loadable,
                &one.reason,
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
