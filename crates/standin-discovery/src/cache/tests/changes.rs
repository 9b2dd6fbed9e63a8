//! Whatever happens to a repository, a scan with a cache finds what one without finds.

use std::path::PathBuf;

use super::*;
use crate::tests::dice::Dice;

/// How many things happen to the repository.
const ROUNDS: usize = 25;

fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for child in std::fs::read_dir(folder).unwrap() {
            let child = child.unwrap().path();
            if child.is_symlink() || child.is_file() {
                files.push(child);
            } else {
                folders.push(child);
            }
        }
    }
    files.sort();
    files
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(file, target).unwrap();
    }
}

/// Lets something happen, and says what.
fn happen(root: &Path, dice: &mut Dice) -> String {
    let all = files(root);
    let (file, other) = (dice.of(&all).clone(), dice.of(&all).clone());
    let beside =
        file.with_file_name(format!("n{}-{}", dice.throw(9), other.file_name().unwrap().to_str().unwrap()));
    match dice.throw(9) {
        0 => std::fs::remove_file(&file).unwrap(),
        1 => drop(std::fs::copy(&other, &beside)),
        2 => drop(std::fs::copy(&other, &file)),
        3 => std::fs::rename(&file, &beside).unwrap(),
        4 => std::fs::rename(&other, &file).unwrap(),
        // As long as before, and with the time of before: only the disk knows.
        5 => {
            let time = std::fs::metadata(&file).unwrap().modified().unwrap();
            let mut bytes = std::fs::read(&file).unwrap();
            bytes.reverse();
            std::fs::write(&file, bytes).unwrap();
            std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
        }
        6 => {
            let mut text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            let lines: Vec<&str> = text.lines().collect();
            let gone = dice.throw(lines.len());
            text = lines
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != gone)
                .map(|(_, line)| format!("{line}\n"))
                .collect();
            std::fs::write(&file, text).unwrap();
        }
        7 => std::os::unix::fs::symlink(&other, beside.with_extension("link.yml")).unwrap_or_default(),
        _ => std::fs::write(file.with_file_name(".gitignore"), "n*\n*.yml\n!a*.yml\n").unwrap(),
    }
    format!("{} {} {}", file.display(), other.display(), beside.display())
}

#[test]
fn a_scan_with_a_cache_finds_what_one_without_finds() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    copy(&fixtures.join("fixtures/shop"), &root);
    copy(&fixtures.join("tests/fixtures"), &root.join("more"));
    tick();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut bytes = Vec::new();
    let mut known = 0;
    for round in 0..ROUNDS {
        let mut cache = Cache::from_bytes(bytes.clone(), late());
        let (warm, _) = scanned(&root, &mut cache);
        let cold = scan(&root, &ScanOptions::default()).unwrap();
        assert!(warm == cold, "round {round}");
        // And once more, when nothing has happened.
        bytes = cache.to_bytes();
        let mut cache = Cache::from_bytes(bytes.clone(), late());
        let (again, progress) = scanned(&root, &mut cache);
        assert_eq!((again == cold, progress.parsed, cache.is_changed()), (true, 0, false), "round {round}");
        known += usize::from(cache.inventory(&root, &ScanOptions::default()).is_some());
        let what = happen(&root, &mut dice);
        tick();
        assert!(cold.automations.len() > 10, "round {round}: {what}");
    }
    assert_eq!(known, ROUNDS);
}
