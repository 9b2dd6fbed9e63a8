//! Bytes that nobody meant as a workflow: none of them makes a scan panic, or take more than its size allows.

use std::path::Path;

use proptest::prelude::*;
use standin_discovery::{ScanOptions, scan};

const PATH: &str = ".github/workflows/x.yml";

fn with(text: &[u8], run: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(".github/workflows")).unwrap();
    std::fs::write(folder.path().join(PATH), text).unwrap();
    run(folder.path());
}

fn survives(text: &[u8]) {
    with(text, |root| {
        let inventory = scan(root, &ScanOptions::default()).unwrap();
        assert_eq!(inventory.automations.len(), 1);
        let lines = u32::try_from(text.iter().filter(|byte| **byte == b'\n').count()).unwrap() + 1;
        for found in &inventory.findings {
            assert!((1..=lines).contains(&found.line), "{found:?} of {lines}");
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_scan_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        survives(&bytes);
    }

    #[test]
    fn no_words_of_a_workflow_make_a_scan_panic(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "on", ":", " ", "\n", "\n  ", "\n    ", "- ", "jobs", "cron", "schedule", "'", "\"", "${{", "}}", "*", "&a",
                "*a", "[", "]", "{", "}", "|", ">", "#", "uses", "run", "steps", "needs", "a", "0 3 * * *", "github", ".",
                "event", "schedule", "==", "!", "(", ")", "workflow_call", "./.github/workflows/x.yml", "é", "\t", "---",
                "concurrency", "group", "if", "secrets", "? ", "<<", "!!str", "null", "true", "1e9",
            ]),
            0..120,
        )
    ) {
        survives(words.concat().as_bytes());
    }
}

/// A text that grows with a number.
type Text = Box<dyn Fn(usize) -> String>;

/// What this thread has used of a processor, in nanoseconds: other processes do not count.
fn used() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

fn cost(text: &str) -> u64 {
    let mut cost = 0;
    with(text.as_bytes(), |root| {
        let before = used();
        scan(root, &ScanOptions::default()).unwrap();
        cost = used() - before;
    });
    cost
}

#[test]
fn time_grows_with_the_size_and_no_faster() {
    const HEAD: &str = "on: {schedule: [{cron: '0 3 * * *'}]}\njobs:\n  a:\n    runs-on: x\n    steps:\n";
    let step = |text: &str| format!("{HEAD}      - run: \"{text}\"\n");
    let cases: [(&str, Text); 13] = [
        ("keys", Box::new(|n| (0..n).map(|i| format!("k{i}: v\n")).collect())),
        ("the same key", Box::new(|n| "k: v\n".repeat(n))),
        (
            "variables",
            Box::new(|n| "env:\n".to_owned() + &(0..n).map(|i| format!("  k{i}: v\n")).collect::<String>()),
        ),
        (
            "crons",
            Box::new(|n| "on:\n  schedule:\n".to_owned() + &"  - cron: '0 3 * * *' # hourly\n".repeat(n)),
        ),
        (
            "jobs",
            Box::new(|n| {
                "on: push\njobs:\n".to_owned()
                    + &(0..n).map(|i| format!("  j{i}: {{needs: j{}}}\n", i + 1)).collect::<String>()
            }),
        ),
        ("steps", Box::new(move |n| HEAD.to_owned() + &"      - id: a\n        run: b\n".repeat(n))),
        ("expressions", Box::new(move |n| step(&"${{ github.a }} ".repeat(n)))),
        ("broken expressions", Box::new(move |n| step(&"${{ a ".repeat(n)))),
        (
            "gates",
            Box::new(move |n| {
                step(&format!("${{{{ github.event.schedule }}}} {}", "'1 3 * * *' ".repeat(n)))
            }),
        ),
        ("brackets", Box::new(|n| "on: ".to_owned() + &"[".repeat(n))),
        ("quotes", Box::new(|n| "a: 'b\n".repeat(n))),
        ("aliases", Box::new(|n| format!("a: &a {}\nb: [{}]\n", "x".repeat(n), "*a, ".repeat(n)))),
        ("conflicts", Box::new(|n| "<<<<<<< a\n=======\n".repeat(n))),
    ];
    for (name, text) in cases {
        // Both sizes are read in the same way: what is larger still is left to the slower reader.
        let (small, large) = (cost(&text(1_000)), cost(&text(8_000)));
        // Eight times the size: a square would be sixty-four times the time.
        assert!(large < small.max(2_000_000) * 24, "{name}: {small} ns, then {large} ns");
    }
}

#[test]
fn a_workspace_of_many_packages_is_read_whole() {
    const PACKAGES: usize = 160;
    let folder = tempfile::tempdir().unwrap();
    let write = |path: String, text: &str| {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    write(
        "package.json".into(),
        "{\"workspaces\": [\"packages/*\"], \"scripts\": {\"all\": \"npm run a -ws\"}}",
    );
    write(".gitignore".into(), "node_modules\n");
    for n in 0..PACKAGES {
        write(format!("packages/p{n}/package.json"), "{\"scripts\": {\"a\": \"node a.js\"}}");
        write(format!("packages/p{n}/a.js"), "");
        write(format!("packages/p{n}/node_modules/x/package.json"), "{\"scripts\": {\"never\": \"x\"}}");
        // Each package leads back to the workspace, as links of package managers do.
        std::os::unix::fs::symlink("../..", folder.path().join(format!("packages/p{n}/workspace"))).unwrap();
    }
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    let scripts = inventory.automations.iter().filter(|found| found.id.as_str().starts_with("npm:")).count();
    assert_eq!(scripts, PACKAGES + 1);
    assert_eq!(inventory.findings.iter().filter(|found| found.rule == "link-loop").count(), PACKAGES);
}
