#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use tempfile::TempDir;

use super::*;

fn options(dir: &Path) -> LogOptions {
    LogOptions {
        dir: dir.to_owned(),
        level: LevelFilter::DEBUG,
        keep_days: 30,
        rotate_bytes: 10_000_000,
        terminal: Terminal::Off,
    }
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn line(second: u32, message: &str) -> String {
    format!(
        "{{\"timestamp\":\"2026-01-31T00:00:{second:02}.000000Z\",\"level\":\"INFO\",\"message\":\"{message}\"}}\n"
    )
}

fn messages(lines: &[LogLine]) -> Vec<String> {
    let message =
        |l: &LogLine| serde_json::from_str::<serde_json::Value>(&l.json).unwrap()["message"].clone();
    lines.iter().map(|l| message(l).as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_part_has_its_file_and_no_secret_gets_there() {
    let dir = TempDir::new().unwrap();
    let (subscriber, guard) = subscriber(options(dir.path())).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(target: "runs", automation = "command:a", output = "password=hunter2\nok\u{1b}[2J", "run has ended");
        tracing::debug!(target: "standin_platforms::pm2::rpc", restarts = 3, "asked");
        tracing::trace!(target: "runs", "too much");
        tracing::info!(target: "hyper::proto", "chatter");
        tracing::warn!(target: "hyper::proto", "trouble");
    });
    drop(guard);
    let day = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    assert_eq!(
        names(dir.path()),
        [format!("other.{day}.log"), format!("pm2.{day}.log"), format!("runs.{day}.log")]
    );
    let runs = tail(dir.path(), Some(Part::Runs), 10);
    assert_eq!(runs.len(), 1);
    let shown = runs[0].to_string();
    assert!(!shown.contains("hunter2") && !shown.contains('\u{1b}'), "{shown}");
    assert!(
        shown.contains("  INFO runs     run has ended automation=command:a output=password=***\n    ok"),
        "{shown}"
    );
    assert_eq!(messages(&tail(dir.path(), None, 10)), ["run has ended", "asked", "trouble"]);
    assert_eq!(messages(&tail(dir.path(), None, 1)), ["trouble"]);
}

#[test]
fn a_full_file_is_rotated_and_packed_and_still_read() {
    let dir = TempDir::new().unwrap();
    let mut files = Files::open(dir.path(), 30, 250).unwrap();
    for i in 0..7 {
        files.write(Part::Runs, &line(i, &format!("m{i}")), at("2026-01-31T10:00:00Z")).unwrap();
    }
    assert_eq!(
        names(dir.path()),
        ["runs.2026-01-31.1.log.gz", "runs.2026-01-31.2.log.gz", "runs.2026-01-31.log"]
    );
    assert_eq!(messages(&tail(dir.path(), None, 100)), ["m0", "m1", "m2", "m3", "m4", "m5", "m6"]);
    assert_eq!(messages(&tail(dir.path(), None, 3)), ["m4", "m5", "m6"]);
}

#[test]
fn a_new_day_packs_the_old_ones_and_removes_the_oldest() {
    let dir = TempDir::new().unwrap();
    let mut files = Files::open(dir.path(), 30, 10_000).unwrap();
    files.write(Part::Runs, &line(0, "long ago"), at("2025-12-31T23:59:59Z")).unwrap();
    files.write(Part::Pings, &line(1, "before"), at("2026-01-30T23:59:59Z")).unwrap();
    // What an agent left that was killed while it rotated.
    fs::write(dir.path().join("pm2.2026-01-31.4.log"), line(2, "left")).unwrap();
    fs::write(dir.path().join("notes.txt"), "not ours").unwrap();
    files.write(Part::Runs, &line(3, "today"), at("2026-01-31T00:00:00Z")).unwrap();
    assert_eq!(
        names(dir.path()),
        ["notes.txt", "pings.2026-01-30.log.gz", "pm2.2026-01-31.4.log.gz", "runs.2026-01-31.log"]
    );
    assert_eq!(messages(&tail(dir.path(), None, 100)), ["before", "left", "today"]);
}

#[test]
fn following_goes_on_across_rotation_and_days() {
    let dir = TempDir::new().unwrap();
    let mut files = Files::open(dir.path(), 30, 250).unwrap();
    let (today, tomorrow) = (at("2026-01-31T10:00:00Z"), at("2026-02-01T10:00:00Z"));
    files.write(Part::Runs, &line(0, "before"), today).unwrap();
    let mut follow = Follow::new(dir.path(), None);
    assert_eq!(follow.poll(), []);
    let mut seen = Vec::new();
    for i in 1..9 {
        files.write(Part::Runs, &line(i, &format!("r{i}")), if i < 6 { today } else { tomorrow }).unwrap();
        if i == 4 {
            files.write(Part::Pings, &line(i, "p"), today).unwrap();
        }
        if i % 2 == 0 {
            seen.extend(messages(&follow.poll()));
        }
    }
    assert_eq!(seen, ["r1", "r2", "r3", "p", "r4", "r5", "r6", "r7", "r8"]);
}

#[test]
fn half_a_line_is_not_a_line() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("runs.2026-01-31.log");
    let text = line(0, "whole");
    fs::write(&path, "").unwrap();
    let mut follow = Follow::new(dir.path(), Some(Part::Runs));
    fs::write(&path, &text[..20]).unwrap();
    assert_eq!(follow.poll(), []);
    fs::write(&path, &text).unwrap();
    assert_eq!(messages(&follow.poll()), ["whole"]);
}

#[test]
fn a_line_that_is_too_long_is_left_out_and_said() {
    let dir = TempDir::new().unwrap();
    let (subscriber, guard) = subscriber(options(dir.path())).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        let long = "x".repeat(MAX_LINE_BYTES);
        tracing::info!(target: "runs", long, "too long");
    });
    drop(guard);
    let runs = messages(&tail(dir.path(), Some(Part::Runs), 10));
    assert!(runs.len() == 1 && runs[0].starts_with("a log line of 65"), "{runs:?}");
}

#[test]
fn files_are_the_owners_alone_and_links_lead_nowhere() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = TempDir::new().unwrap();
    let (logs, victim) = (dir.path().join("logs"), dir.path().join("victim"));
    let (before, now) = (at("2026-01-30T10:00:00Z"), at("2026-01-31T10:00:00Z"));
    fs::write(&victim, "dear").unwrap();
    let mut files = Files::open(&logs, 30, 10_000).unwrap();
    files.write(Part::Runs, &line(0, "before"), before).unwrap();
    symlink(&victim, logs.join("runs.2026-01-30.log.gz.new")).unwrap();
    symlink(&victim, logs.join("pings.2026-01-31.log")).unwrap();
    let open = logs.join("pm2.2026-01-31.log");
    fs::write(&open, "").unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    files.write(Part::Pm2, &line(1, "now"), now).unwrap();
    files.write(Part::Pings, &line(2, "lost"), now).unwrap_err();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "dear");
    assert_eq!(messages(&tail(&logs, Some(Part::Runs), 9)), ["before"]);
    for name in ["pm2.2026-01-31.log", "runs.2026-01-30.log.gz"] {
        assert_eq!(fs::metadata(logs.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    let linked = dir.path().join("linked");
    symlink(&logs, &linked).unwrap();
    assert!(Files::open(&linked, 30, 10_000).unwrap_err().to_string().contains("symbolic link"));
}

#[test]
fn names_of_files_round_trip() {
    for text in ["runs.2026-01-31.log", "other.2026-01-31.12.log.gz", "pm2.2026-01-31.log.gz"] {
        let name = files::Name::parse(text).unwrap();
        assert_eq!(name.path(Path::new("")).to_str().unwrap(), text);
    }
    for text in [
        "runs.log",
        "who.2026-01-31.log",
        "runs.2026-13-31.log",
        "runs.2026-01-31.1.2.log",
        "runs.2026-01-31.log.gz.new",
    ] {
        assert_eq!(files::Name::parse(text), None, "{text}");
    }
}

#[test]
fn targets_belong_to_parts() {
    for (target, part) in [
        ("incident", Part::Incident),
        ("standin_platforms::pm2::rpc", Part::Pm2),
        ("standin_engine::tick", Part::Agent),
        ("standin", Part::Agent),
        ("h2::codec", Part::Other),
    ] {
        assert_eq!(Part::of_target(target), part, "{target}");
    }
}
