//! What the README tells a reader to write into `standin.toml`, and to send from elsewhere.

use std::collections::BTreeMap;

use super::blocks::block;
use super::shell::{Shell, lines, programs};
use crate::stage::{FREE_PORT, Stage, binary, id};

#[test]
fn a_schedule_as_the_page_writes_it_is_in_effect() {
    let stage = Stage::empty();
    let written = block("README.md", "Schedules without resident processes", 0);
    let settings = standin_config::parse(&written).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
    stage.write("standin.toml", &written);
    stage.write("scripts/tidy-carts.js", "");
    let seen = stage.run(&["scan", "--format", "json"]).ended(0).json();
    let found = seen["automations"].as_array().unwrap().iter().find(|a| a["id"] == "command:tidy-carts");
    let found = found.unwrap_or_else(|| panic!("{seen:#}"));
    assert_eq!(found["state"], "effective", "{found:#}");
    let schedule = found["schedules"].to_string();
    assert!(schedule.contains("*/10 * * * *") && schedule.contains("Europe/Berlin"), "{schedule}");
}

#[test]
fn heartbeats_are_sent_as_the_page_says() {
    let mut stage = Stage::with("[[automation]]\nname = \"offsite-backup\"\nevery = \"1d\"\n");
    stage.write("backup.sh", "#!/bin/sh\necho backed up >>backed-up\n");
    stage.up(&[]);
    let env = BTreeMap::from([
        ("PATH", programs(&stage.path("path"), &[("standin", binary())])),
        ("HOME", stage.repo().display().to_string()),
    ]);
    let mut shell = Shell::new(&stage.repo(), &env);
    shell.must("chmod +x backup.sh");
    let typed = lines(&block("README.md", "Heartbeats", 0));
    let [curl, exec] = typed.as_slice() else { panic!("{typed:?}") };
    assert_eq!(shell.must(curl).trim(), "OK");
    stage.until_health("heartbeat:offsite-backup", "healthy");
    shell.must(exec);
    assert_eq!(stage.lines("backed-up"), ["backed up"]);
    stage.write("backup.sh", "#!/bin/sh\nexit 3\n");
    assert_eq!(shell.run(exec).code, 3, "it ends as its command ended");
    stage.until("it is seen to fail", |s| id(s, "heartbeat:offsite-backup")["health"] != "healthy");
}

#[test]
fn three_watchers_as_the_page_writes_them_watch_one_another() {
    let stage = Stage::empty();
    let written = block("README.md", "Several watchers", 0);
    stage.write("standin.toml", format!("[github]\nrepository = \"octo/shop\"\n{FREE_PORT}{written}"));
    for name in ["nightly", "nightly-backup"] {
        let on = "on: { schedule: [{ cron: '17 3 * * *' }], workflow_dispatch: {} }";
        let jobs = "jobs: { a: { runs-on: ubuntu-latest, steps: [{ run: 'true' }] } }";
        stage.write(&format!(".github/workflows/{name}.yml"), format!("{on}\n{jobs}\n"));
    }
    let mesh = stage.run(&["mesh", "--format", "json"]).ended(0).json();
    let peers: Vec<_> = mesh["peers"].as_array().unwrap().iter().map(|p| p["name"].clone()).collect();
    assert_eq!(peers, ["action", "function", "agent"], "{mesh:#}");
    let targets = mesh["targets"].as_array().unwrap();
    let nightly = targets.iter().find(|target| target["id"] == "workflow:nightly.yml");
    let nightly = nightly.unwrap_or_else(|| panic!("{mesh:#}")).to_string();
    assert!(nightly.contains("nightly-backup.yml"), "{nightly}");
}
