use std::cell::RefCell;

use super::*;
use crate::tests::{scan_of, write};
use crate::{Progress, ScanOptions, scan, scan_with};

const TEXT: &str = "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: y}]\n";
const PATH: &str = ".github/workflows/a.yml";

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
    let mut cache = Cache::default();
    let (first, progress) = scanned(folder.path(), &mut cache);
    assert_eq!((first.automations.len(), progress), (200, Progress { seen: 200, parsed: 200 }));
    assert!(cache.is_changed());
    let mut cache = Cache::from_bytes(&cache.to_bytes());
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
    let mut cache = Cache::default();
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
    let mut cache = Cache::default();
    let (expected, _) = scanned(folder.path(), &mut cache);
    let good = cache.to_bytes();
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x15;
        bytes.truncate(if at % 3 == 0 { at } else { good.len() });
        let mut cache = Cache::from_bytes(&bytes);
        let (found, _) = scanned(folder.path(), &mut cache);
        // A text within the JSON may differ: what is kept is trusted as far as it can be read.
        assert_eq!(found.automations.len(), expected.automations.len());
    }
    assert!(Cache::from_bytes(b"standin-scan-cache 0\n").files.is_empty());
    assert!(Cache::from_bytes(b"\xff\xfe").files.is_empty());
    drop(scan_of(&[]));
}
