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

#[test]
fn what_was_missing_is_found_when_it_comes() {
    // Whether the folder is there before, and whether a scan looks into it.
    for (file, folder) in [
        ("scripts/job.js", None),
        ("scripts/deep/job.js", None),
        ("scripts/job.js", Some("scripts")),
        ("scripts/deep/job.js", Some("scripts")),
        ("node_modules/x/job.js", Some("node_modules/x")),
        ("node_modules/x/job.js", Some("node_modules")),
        ("ignored/job.js", Some("ignored")),
        ("./scripts/job.js", Some("scripts")),
        ("scripts/../scripts/job.js", Some("scripts")),
        ("link/job.js", Some("elsewhere")),
        ("link.js", Some("elsewhere")),
        ("elsewhere/link.js", Some("elsewhere")),
    ] {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().canonicalize().unwrap();
        let script = format!("{{\"scripts\": {{\"job\": \"node {file}\"}}}}\n");
        write(&root, "package.json", script.as_bytes());
        write(&root, ".gitignore", b"ignored/\n");
        std::fs::create_dir_all(root.join(folder.unwrap_or("other"))).unwrap();
        for (link, target) in [("link", "elsewhere"), ("link.js", "elsewhere/job.js")] {
            std::os::unix::fs::symlink(target, root.join(link)).unwrap();
        }
        if folder == Some("elsewhere") {
            std::os::unix::fs::symlink("../other.js", root.join("elsewhere/link.js")).unwrap();
        }
        tick();
        let mut cache = Cache::new(late());
        let (before, _) = scanned(&root, &mut cache);
        let mut cache = Cache::from_bytes(cache.to_bytes(), late());
        assert!(cache.inventory(&root, &ScanOptions::default()).is_some(), "{file}");
        let place = match file {
            "link.js" | "link/job.js" => "elsewhere/job.js",
            "elsewhere/link.js" => "other.js",
            plain => plain,
        };
        write(&root, place, b"work();\n");
        let (after, _) = scanned(&root, &mut cache);
        assert_eq!(after, scan(&root, &ScanOptions::default()).unwrap(), "{file} {folder:?}");
        assert_ne!(after, before, "{file} {folder:?}");
    }
}
