//! Damaged copies of the fixtures: nothing panics, and every line is one of the file.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;

const CASES: u32 = 300;

/// What is put into a file at some place.
const SHARDS: [&str; 20] = [
    "[", "]", "{", "}", "(", "'", "\"", "`", "\n", "\r\n", ": ", "- ", "&a ", "*a ", "${{", "\0", "\u{feff}",
    "é", "#", "/*",
];

const FILES: [&str; 11] = [
    ".github/workflows/nightly.yml",
    ".github/workflows/ci.yaml",
    ".github/workflows/never.yml",
    "ecosystem.config.js",
    "ecosystem.js",
    "pm2.yaml",
    "netlify.toml",
    "netlify/functions/digest.mjs",
    "netlify/functions/hello.js",
    "netlify/functions/report/index.ts",
    "package.json",
];

fn lines_in(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.iter().filter(|byte| **byte == b'\n').count() + 1).unwrap()
}

fn check(file: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), file, bytes);
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    let most = lines_in(bytes);
    for found in &inventory.findings {
        assert!(
            (1..=most).contains(&found.line),
            "{found:?} of {most} in {:?}",
            String::from_utf8_lossy(bytes)
        );
        assert!(
            !found.message.is_empty() && !found.fix.is_empty() && !found.message.contains('\n'),
            "{found:?}"
        );
    }
    for automation in &inventory.automations {
        assert!((1..=most).contains(&automation.source.line), "{automation:?} of {most}");
        assert_eq!(
            automation.reason.is_empty(),
            automation.state == standin_core::automation::Standing::Effective
        );
    }
}

#[test]
fn damaged_files_never_panic_and_lines_stay_within_the_file() {
    let mut runner = TestRunner::new_with_rng(
        Config { cases: CASES, failure_persistence: None, ..Config::default() },
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let edit = (any::<prop::sample::Index>(), 0..SHARDS.len(), 0_usize..12);
    let damage = (0..FILES.len(), prop::collection::vec(edit, 1..6));
    let run = runner.run(&damage, |(file, edits)| {
        let path = FILES[file];
        let mut bytes = std::fs::read(fixture("shop").join(path)).unwrap();
        for (place, shard, cut) in edits {
            let at = place.index(bytes.len() + 1);
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, SHARDS[shard].bytes());
        }
        check(path, &bytes);
        Ok(())
    });
    run.unwrap();
}

#[test]
fn every_beginning_of_a_file_is_survived() {
    for path in FILES {
        let bytes = std::fs::read(fixture("shop").join(path)).unwrap();
        for end in (0..bytes.len()).step_by(7) {
            check(path, &bytes[..end]);
        }
    }
}
