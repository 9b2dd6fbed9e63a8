use std::cell::RefCell;
use std::time::Duration;

use super::*;
use crate::tests::{scan_of, write};
use crate::{Progress, ScanOptions, scan, scan_with};

const TEXT: &str = "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: y}]\n";
const PATH: &str = ".github/workflows/a.yml";

/// So late that everything is settled: the tests themselves see to it that the disk's clock moves on.
fn late() -> Duration {
    Duration::from_secs(1 << 33)
}

/// Waits until what is written gets another time than what was written before.
fn tick() {
    let folder = tempfile::tempdir().unwrap();
    let time = || {
        write(folder.path(), "x", b"x");
        std::fs::metadata(folder.path().join("x")).unwrap().modified().unwrap()
    };
    let before = time();
    while time() == before {}
}

fn scanned(root: &Path, cache: &mut Cache) -> (standin_core::automation::Inventory, Progress) {
    let last = RefCell::new(Progress::default());
    let inventory = {
        let note = |progress| *last.borrow_mut() = progress;
        scan_with(root, &ScanOptions::default(), cache, &note).unwrap()
    };
    (inventory, last.into_inner())
}

#[test]
fn what_has_not_changed_is_not_parsed_again() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..200).map(|n| format!(".github/workflows/w{n}.yml")).collect();
    names.iter().for_each(|name| write(folder.path(), name, TEXT.as_bytes()));
    let mut cache = Cache::new(late());
    let (first, progress) = scanned(folder.path(), &mut cache);
    assert_eq!((first.automations.len(), progress), (200, Progress { seen: 200, parsed: 200 }));
    assert!(cache.is_changed());
    let mut cache = Cache::from_bytes(cache.to_bytes(), late());
    let (second, progress) = scanned(folder.path(), &mut cache);
    assert_eq!((&second, progress), (&first, Progress { seen: 200, parsed: 0 }));
    assert!(!cache.is_changed());
    write(folder.path(), "w.txt", b"x");
    write(folder.path(), &names[7], format!("# more\n{TEXT}").as_bytes());
    std::fs::remove_file(folder.path().join(&names[9])).unwrap();
    let (third, progress) = scanned(folder.path(), &mut cache);
    assert_eq!((third.automations.len(), progress), (199, Progress { seen: 199, parsed: 1 }));
    assert_eq!(third, scan(folder.path(), &ScanOptions::default()).unwrap());
    assert!(cache.is_changed());
}

#[test]
fn what_other_files_say_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let caller = "on: push\njobs:\n  a:\n    uses: ./.github/workflows/b.yml\n";
    write(folder.path(), PATH, caller.as_bytes());
    let mut cache = Cache::new(late());
    let (before, _) = scanned(folder.path(), &mut cache);
    assert!(before.findings.iter().any(|found| found.rule == "callee-missing"));
    write(folder.path(), ".github/workflows/b.yml", TEXT.replace("push", "workflow_call").as_bytes());
    let (after, _) = scanned(folder.path(), &mut cache);
    assert!(!after.findings.iter().any(|found| found.rule == "callee-missing"), "{after:?}");
}

#[test]
fn a_damaged_cache_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), PATH, TEXT.as_bytes());
    let mut cache = Cache::new(late());
    let (expected, _) = scanned(folder.path(), &mut cache);
    let good = cache.to_bytes();
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x15;
        bytes.truncate(if at % 3 == 0 { at } else { good.len() });
        let mut cache = Cache::from_bytes(bytes.clone(), late());
        let (found, _) = scanned(folder.path(), &mut cache);
        assert_eq!(found, expected);
    }
    for bytes in [&b"standin-scan-cache 0\n"[..], b"\xff\xfe", b""] {
        let cache = Cache::from_bytes(bytes.to_vec(), late());
        assert!(cache.whole().is_empty() && cache.unread().is_empty());
    }
    drop(scan_of(&[]));
}

#[test]
fn what_was_written_a_moment_ago_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), PATH, TEXT.as_bytes());
    let about = std::fs::metadata(folder.path().join(PATH)).unwrap();
    let (written, stamp) = (about.modified().unwrap(), Stamp::new(&about));
    for (after, is_settled) in [(0, false), (49, false), (200, true)] {
        let now = written.duration_since(std::time::UNIX_EPOCH).unwrap() + Duration::from_millis(after);
        assert_eq!(stamp.is_settled(now), is_settled, "{after}");
        let mut cache = Cache::new(now);
        scanned(folder.path(), &mut cache);
        assert_eq!((cache.whole().is_empty(), cache.files.is_empty()), (!is_settled, !is_settled));
    }
    // A disk that counts whole seconds, or pairs of them.
    let coarse = Stamp { modified: (100, 0), changed: (100, 0), ..stamp };
    assert!(!coarse.is_settled(Duration::from_secs(102)));
    assert!(coarse.is_settled(Duration::from_secs(103)));
    // A clock before that of the disk.
    assert!(!stamp.is_settled(Duration::ZERO));
}

#[test]
fn every_question_to_the_disk_is_written_down() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![source.clone()];
    let may = ["asked.rs", "files.rs", "walk.rs", "lib.rs", "cache/stamp.rs", "cache.rs"];
    while let Some(folder) = folders.pop() {
        for child in std::fs::read_dir(folder).unwrap() {
            let path = child.unwrap().path();
            let name = path.strip_prefix(&source).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if !may.contains(&name.as_str())
                && !name.contains("tests")
                && !["github_actions.rs", "cache/whole.rs"].contains(&name.as_str())
            {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                for call in [
                    "fs::read",
                    "fs::metadata",
                    "fs::symlink_metadata",
                    "fs::canonicalize",
                    "fs::exists",
                    "File::open",
                    "read_dir(",
                    ".exists()",
                    ".try_exists()",
                    ".is_file()",
                    ".is_dir()",
                    ".canonicalize()",
                ] {
                    assert!(!code.contains(call), "{name} asks the disk by {call}: ask `Root` instead");
                }
            }
        }
    }
}

mod changes;
