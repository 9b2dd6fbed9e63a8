//! The contract of the command line: shapes, exit codes, errors, pages. Without PM2, and mostly without an agent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::{Value, json};

use crate::stage::{Stage, id, normalised};

const NIGHTLY: &str = "name: Nightly
on:
  schedule:
    - cron: '0 3 * * *'
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo hi
";

/// One automation of each kind that a scan finds, a heartbeat, and a workflow that cannot be read.
fn small_repository() -> Stage {
    let stage = Stage::with("[[automation]]\nname = \"backup\"\nevery = \"1d\"\n");
    stage.write(".github/workflows/nightly.yml", NIGHTLY);
    stage.write(".github/workflows/broken.yml", "on: [push\njobs: {}\n");
    stage.write("package.json", r#"{ "name": "small", "scripts": { "clean-up": "node clean.js" } }"#);
    stage.write("netlify.toml", "[functions]\n  directory = \"functions\"\n");
    stage.write(
        "functions/digest.mjs",
        "export default async () => new Response();\nexport const config = { schedule: '@hourly' };\n",
    );
    stage.declare(&[crate::stage::app("web", "exec sleep 1000", &json!({}))]);
    stage
}

#[track_caller]
fn has_keys(object: &Value, keys: &[&str]) {
    let fields = object.as_object().unwrap_or_else(|| panic!("no object: {object}"));
    for key in keys {
        assert!(fields.contains_key(*key), "no {key} in {object}");
    }
}

#[test]
fn a_scan_has_the_promised_shape_and_names() {
    let answer = small_repository().run(&["scan", "--format", "json"]).ended(1);
    let scan = answer.json();
    assert_eq!(scan["version"], 1);
    let keys =
        ["id", "kind", "name", "domain", "source", "schedules", "triggers", "state", "reason", "detail"];
    for automation in scan["automations"].as_array().unwrap() {
        has_keys(automation, &keys);
        has_keys(&automation["source"], &["path", "line"]);
    }
    for finding in scan["findings"].as_array().unwrap() {
        has_keys(finding, &["rule", "severity", "path", "line", "message", "fix"]);
    }
    assert!(!scan["findings"].as_array().unwrap().is_empty());
    for name in ["workflow:nightly.yml", "workflow:broken.yml", "pm2:web", "netlify:digest", "npm:.#clean-up"]
    {
        assert_ne!(id(&scan, name), &Value::Null, "{name} is not in {scan:#}");
    }
    let nightly = id(&scan, "workflow:nightly.yml");
    assert_eq!(nightly["schedules"], json!([{ "cron": "0 3 * * *", "timezone": "UTC" }]));
    assert_eq!(nightly["state"], "effective");
    assert_eq!(id(&scan, "workflow:broken.yml")["state"], "declared");
}

#[test]
fn every_other_json_has_the_promised_shape() {
    let stage = small_repository();
    let shapes: [(&[&str], &[&str]); 5] = [
        (&["status"], &["health", "agent", "peers", "automations", "incidents"]),
        (&["health"], &["health", "counts", "agent"]),
        (&["report"], &["scope", "generated_at", "health", "counts", "automations", "findings", "incidents"]),
        (&["recover", "--dry-run"], &["dry_run", "decisions", "effects"]),
        (&["doctor"], &["checks"]),
    ];
    for (command, keys) in shapes {
        let object = stage.json(command);
        assert_eq!(object["version"], 1, "{command:?}");
        has_keys(&object, keys);
        if keys.contains(&"health") {
            has_keys(&object["health"], &["score", "state"]);
        }
    }
}

#[test]
fn a_status_has_the_promised_shape_where_an_agent_has_looked() {
    let mut stage = small_repository();
    stage.up(&[]);
    let status = stage.until("the first look", |s| id(s, "heartbeat:backup") != &Value::Null);
    for automation in status["automations"].as_array().unwrap() {
        has_keys(automation, &["id", "health", "reason", "since", "due", "last_success"]);
    }
    assert_eq!(status["agent"]["state"], "running");
    assert_eq!(stage.json(&["health"])["agent"]["state"], "running");
}

#[test]
fn the_exit_code_says_how_it_went() {
    let stage = Stage::with("");
    stage.run(&["scan"]).ended(0);
    stage.run(&["status"]).ended(1);
    stage.run(&["frobnicate"]).refused(2, "frobnicate");
    stage.run(&["scan", "--format", "xml"]).refused(2, "xml");
    stage.run(&["scan", "/no/such/place"]).refused(2, "/no/such/place");
    stage.run(&["scan", "standin.toml"]).refused(2, "standin.toml is not a folder");
    stage.run(&["logs", "--part", "weather"]).refused(2, "`weather` is no part of the logs");
    stage.run(&["recover", "pm2:nobody"]).refused(2, "`pm2:nobody` is not in this repository");
    stage.run(&["beat", "nonsense"]).refused(2, "`nonsense` is not an automation id");
    stage.run(&["exec", "nonsense", "--", "true"]).refused(2, "`nonsense` is not an automation id");
    stage.run(&["beat", "--url", "heartbeat:x"]).refused(2, "has no URL yet");
    stage.write("standin.toml", "x = 1\n");
    stage.run(&["scan"]).refused(3, "standin.toml:1:1: ");
    // A file where the state's folder should be is nobody's usage.
    let stage = Stage::with("");
    stage.write(".standin", "not a folder");
    stage.run(&["up"]).refused(5, ".standin");
    stage.run(&["report"]).refused(5, ".standin");
}

#[test]
fn a_wrong_configuration_is_told_with_its_line_and_the_nearest_key() {
    let stage = Stage::empty();
    let wrong: [(&[u8], &str); 6] = [
        (b"[agent\nlisten = 1", "standin.toml:1:"),
        (
            b"\n[agent]\nlissten = \"127.0.0.1:0\"\n",
            "standin.toml:3:1: `lissten` is not a key of [agent]; did you mean `listen`?",
        ),
        (b"[agent]\nlisten = 7\n", "standin.toml:2:"),
        (b"[[automation]]\nname = \"a\"\ncommand = \"true\"\nschedule = \"61 * * * *\"\n", "standin.toml:4:"),
        (b"[[automation]]\nname = \"a\"\ncommand = \"true\"\nschedule = \"0 0 31 2 *\"\n", "standin.toml:4:"),
        (b"# fine\n\xff\xfe\x00garbage", "standin.toml:2:1: "),
    ];
    for (text, says) in wrong {
        stage.write("standin.toml", text);
        for command in ["scan", "up", "report"] {
            stage.run(&[command]).refused(3, says);
        }
        // Who wants to know what is wrong is not refused.
        let doctor = stage.json(&["doctor"]);
        let checks = doctor["checks"].as_array().unwrap();
        assert!(checks.iter().any(|c| c["check"] == "configuration" && c["mark"] == "broken"), "{doctor:#}");
    }
}

#[test]
fn nothing_to_find_is_said_and_is_no_failure() {
    let stage = Stage::empty();
    let scan = stage.run(&["scan"]).ended(0);
    assert!(scan.out.contains("0 automations"), "{scan:?}");
    assert!(stage.run(&["down"]).ended(0).out.contains("no agent runs"));
    assert!(stage.run(&["logs"]).ended(0).err.contains("nothing is logged yet"));
    assert!(stage.run(&["recover"]).ended(0).out.contains("Nothing to recover"));
    assert!(stage.run(&["status"]).ended(1).out.contains("none runs for this repository"));
}

#[test]
fn files_that_cannot_be_read_are_findings_and_the_scan_goes_on() {
    let stage = Stage::empty();
    stage.write(".github/workflows/nightly.yml", NIGHTLY);
    stage.write(".github/workflows/broken.yml", "on: [push\njobs: {}\n");
    stage.write(".github/workflows/binary.yml", [0_u8, 159, 146, 150, 0, 255]);
    stage.write(".github/workflows/huge.yml", vec![b'#'; 3 << 20]);
    stage.write("package.json", "{ \"scripts\": ");
    stage.write("ecosystem.config.js", "module.exports = {{{");
    stage.write("netlify.toml", "[functions\n");
    std::os::unix::fs::symlink(stage.repo(), stage.path("loop")).unwrap();
    let answer = stage.run(&["scan", "--format", "json"]).ended(1);
    let scan = answer.json();
    assert_eq!(id(&scan, "workflow:nightly.yml")["state"], "effective");
    for name in
        ["broken.yml", "binary.yml", "huge.yml", "package.json", "ecosystem.config.js", "netlify.toml"]
    {
        let found =
            scan["findings"].as_array().unwrap().iter().find(|f| f["path"].as_str().unwrap().ends_with(name));
        let found = found.unwrap_or_else(|| panic!("nothing is said of {name}: {scan:#}"));
        assert!(
            found["line"].as_u64().unwrap() >= 1 && !found["fix"].as_str().unwrap().is_empty(),
            "{found}"
        );
    }
}

#[test]
fn the_schema_is_that_of_the_configuration() {
    let stage = Stage::empty();
    assert_eq!(stage.run(&["schema"]).ended(0).out.trim_end(), standin_config::schema().trim_end());
    let default = stage.run(&["schema", "--default-file"]).ended(0).out;
    assert_eq!(default, standin_config::default_file());
    stage.write("standin.toml", default);
    stage.run(&["scan"]).ended(0);
}

#[test]
fn the_pages_of_a_scan_are_as_they_were() {
    let stage = small_repository();
    for format in ["text", "markdown", "html"] {
        let page = stage.run(&["scan", "--format", format]).ended(1).out;
        insta::assert_snapshot!(format!("scan.{format}"), page);
    }
}

#[test]
fn the_pages_of_a_report_are_as_they_were() {
    let stage = small_repository();
    for format in ["text", "markdown", "html"] {
        let page = stage.run(&["report", "--format", format]).ended(1).out;
        insta::assert_snapshot!(format!("report.{format}"), normalised(&page));
    }
}

#[test]
fn the_repository_is_the_nearest_folder_above_with_settings() {
    let stage = small_repository();
    stage.write("deep/down/here.txt", "");
    let from_below = stage.command(&["scan"]).current_dir(stage.path("deep/down")).output().unwrap();
    let from_root = stage.run(&["scan"]);
    assert_eq!(String::from_utf8(from_below.stdout).unwrap(), from_root.out);
    let elsewhere = stage.command(&["-C", stage.repo().to_str().unwrap(), "scan"]).current_dir("/").output();
    assert_eq!(String::from_utf8(elsewhere.unwrap().stdout).unwrap(), from_root.out);
}
