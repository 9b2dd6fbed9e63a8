//! Damaged copies of every fixture: nothing panics, and every line that is named is one of its file.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use standin_core::automation::Standing;
use standin_discovery::{ScanOptions, scan};

use crate::expected::{KINDS, cases};

const CASES: u32 = 600;

/// What is put into a file at some place.
const SHARDS: [&str; 26] = [
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "'",
    "\"",
    "`",
    "\n",
    "\r\n",
    ": ",
    "- ",
    "---\n",
    "!Ref ",
    "${",
    "$$",
    "<<EOF\n",
    "%",
    "\\",
    "\0",
    "\u{feff}",
    "é",
    "#",
    "/*",
    "0 0 * * * ",
];

/// Every file of the fixtures, with its place in its repository.
fn files() -> Vec<(String, PathBuf)> {
    fn below(folder: &Path, root: &Path, found: &mut Vec<(String, PathBuf)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                below(&path, root, found);
            } else {
                found.push((path.strip_prefix(root).unwrap().to_string_lossy().into_owned(), path));
            }
        }
    }
    let mut found = Vec::new();
    for case in KINDS.iter().flat_map(|kind| cases(kind)) {
        below(&case.repo(), &case.repo(), &mut found);
    }
    found.sort();
    found
}

fn check(path: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, bytes).unwrap();
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    let most = u32::try_from(bytes.iter().filter(|byte| **byte == b'\n').count() + 1).unwrap();
    let shown = || format!("{path}: {}", String::from_utf8_lossy(bytes));
    for found in &inventory.findings {
        assert!((1..=most).contains(&found.line), "{found:?} of {most} in {}", shown());
        assert!(
            !found.message.is_empty() && !found.fix.is_empty() && !found.message.contains('\n'),
            "{found:?}"
        );
    }
    for one in &inventory.automations {
        assert!((1..=most).contains(&one.source.line), "{one:?} of {most} in {}", shown());
        assert_eq!(one.reason.is_empty(), one.state == Standing::Effective, "{one:?} in {}", shown());
    }
}

#[test]
fn damaged_fixtures_never_panic() {
    let files = files();
    let mut runner = TestRunner::new_with_rng(
        Config { cases: CASES, failure_persistence: None, ..Config::default() },
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let edit = (any::<prop::sample::Index>(), 0..SHARDS.len(), 0_usize..12);
    let run = runner.run(&(0..files.len(), prop::collection::vec(edit, 1..6)), |(file, edits)| {
        let (path, source) = &files[file];
        let mut bytes = std::fs::read(source).unwrap();
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
fn any_bytes_under_a_known_name_are_survived() {
    let names = [
        "crontab",
        "etc/cron.d/x",
        "a.timer",
        "k8s.yaml",
        "template.yaml",
        "serverless.yml",
        "main.tf",
        "jobs.ts",
        "run.sh",
        "x.sql",
        "x.py",
        "X.java",
        "x.rb",
        "config/schedule.rb",
        "config/schedule.yml",
        "x.php",
        "x.go",
        "main.tf.json",
        "vercel.json",
        "wrangler.toml",
        "cron.yaml",
        "function.json",
        ".circleci/config.yml",
        "Jenkinsfile",
        "ecosystem.config.js",
        "pm2.yaml",
        "dump.pm2",
        "netlify.toml",
        "package.json",
        "netlify/functions/x.mts",
    ];
    let words = "cron.schedule('node-cron' crontab <<EOF 0 * * * * while true; do sleep 5 resource \"aws_scheduler_schedule\" \
                 kind: CronJob {{ schedule: celery beat_schedule crontab( apscheduler add_job( airflow DAG( @Scheduled( Schedule:: $schedule-> robfig/cron .AddFunc( every do \
                 crons triggers cron( bindings timerTrigger AWS::Events::Rule Resources: [Timer] OnCalendar= apps: script";
    let mut runner = TestRunner::new_with_rng(
        Config { cases: CASES, failure_persistence: None, ..Config::default() },
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let pieces: Vec<&str> = words.split(' ').chain(SHARDS).collect();
    let text = prop::collection::vec((0..pieces.len(), prop::sample::select(vec![" ", "", "\n"])), 0..60);
    let run = runner.run(&(0..names.len(), text), |(name, parts)| {
        let text: String = parts.iter().flat_map(|(piece, gap)| [pieces[*piece], *gap]).collect();
        check(names[name], text.as_bytes());
        Ok(())
    });
    run.unwrap();
}
