//! `standin demo`: the story that a newcomer sees, to its end.

use std::time::{Duration, Instant};

use super::action::binary;

/// A minute, and what a busy machine adds.
const LIMIT: Duration = Duration::from_secs(100);

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_plays_an_outage_and_ends_by_itself() {
    let begun = Instant::now();
    let mut command = tokio::process::Command::new(binary("standin"));
    command.arg("demo").env_clear().env("TZ", "UTC").kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await.expect("it ends by itself").unwrap();
    println!("matrix: the demo: {:.1} s", begun.elapsed().as_secs_f64());
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}\n{errors}");
    assert!(!said.contains('\x1b'), "colours without a terminal: {said}");
    let line = |text: &str| {
        let found = said.lines().position(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("no line with {text:?}:\n{said}\n{errors}"))
    };
    // In this order, each once its cause was seen.
    let story = [
        "One second here is",
        "GitHub's cron of nightly.yml is due now, and does not come",
        "sees that workflow:nightly.yml is overdue, and has the claim",
        "nightly.yml runs: its slot is free, so it works",
        "workflow:nightly.yml was helped, and is well",
        "its slot is done by another run, so it STEPS ASIDE",
        "The server loses its power",
        "shop-backup.yml runs, and does the shop's work",
        "the backup of pm2:shop does its work",
        "The server is back",
        "the backup has stopped",
        "pm2:shop does its work again, and its backup has stopped",
        "What happened, in",
    ];
    let lines: Vec<usize> = story.iter().map(|text| line(text)).collect();
    assert!(lines.is_sorted(), "{lines:?}:\n{said}");
    assert!(said.contains("done 1 time; the late cron stepped aside"), "{said}");
}
