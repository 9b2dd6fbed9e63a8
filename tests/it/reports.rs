//! The four reports that others read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;

use serde_json::{Value, json};

use crate::stage::{Stage, app};

const SETTINGS: &str = "[[automation]]\nname = \"backup\"\nevery = \"1d\"\n";

fn repository() -> Stage {
    let stage = Stage::with(SETTINGS);
    stage.write(
        ".github/workflows/nightly.yml",
        "on:\n  schedule:\n    - cron: '0 3 * * *'\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: x\n",
    );
    stage.write(".github/workflows/broken.yml", "on: [push\njobs: {}\n");
    stage.write("netlify.toml", "[functions]\n  directory = \"functions\"\n");
    let function = "export default async () => 1;\nexport const config = { schedule: '@hourly' };\n";
    stage.write("functions/digest.mjs", function);
    stage.declare(&[app("web", "exec sleep 1000", &json!({}))]);
    stage
}

fn report(stage: &Stage, name: &str) -> Value {
    serde_json::from_str(&stage.read(&format!(".standin/reports/{name}"))).unwrap()
}

fn ids(report: &Value) -> Vec<&str> {
    let list = report["automations"].as_array().unwrap().iter();
    list.map(|a| a["automation"]["id"].as_str().unwrap()).collect()
}

#[test]
fn four_files_are_written_each_with_its_own() {
    let stage = repository();
    let printed = stage.json(&["report"]);
    let expected = [
        ("pm2-redundancy-report.json", "pm2", vec!["pm2:web"]),
        (
            "github-actions-redundancy-report.json",
            "workflow",
            vec!["workflow:broken.yml", "workflow:nightly.yml"],
        ),
        ("netlify-functions-redundancy-report.json", "netlify", vec!["netlify:digest"]),
        (
            "comprehensive-redundancy-report.json",
            "all",
            vec![
                "heartbeat:backup",
                "netlify:digest",
                "pm2:web",
                "workflow:broken.yml",
                "workflow:nightly.yml",
            ],
        ),
    ];
    let mut names: Vec<_> =
        fs::read_dir(stage.path(".standin/reports")).unwrap().flatten().map(|e| e.file_name()).collect();
    names.sort();
    let mut wanted: Vec<_> = expected.iter().map(|(name, ..)| *name).collect();
    wanted.sort_unstable();
    assert_eq!(names, wanted);
    for (name, scope, its_own) in expected {
        let report = report(&stage, name);
        assert_eq!((&report["version"], &report["scope"]), (&json!(1), &json!(scope)), "{name}");
        assert_eq!(ids(&report), its_own, "{name}");
        assert_eq!(report["generated_at"], printed["generated_at"], "all four are of one moment");
        let broken = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|f| f["path"] == ".github/workflows/broken.yml");
        assert_eq!(broken, matches!(scope, "workflow" | "all"), "{name}");
    }
    assert_eq!(report(&stage, "comprehensive-redundancy-report.json"), printed);
}

#[test]
fn a_report_tells_what_an_agent_has_seen() {
    let mut stage = repository();
    fs::remove_file(stage.path(".github/workflows/broken.yml")).unwrap();
    stage.up(&[]);
    stage.run(&["beat", "heartbeat:backup", "fail"]).ended(0);
    stage.until_health("heartbeat:backup", "failed");
    stage.run(&["report"]).ended(1);
    let all = report(&stage, "comprehensive-redundancy-report.json");
    let backup =
        all["automations"].as_array().unwrap().iter().find(|a| a["automation"]["id"] == "heartbeat:backup");
    assert_eq!(backup.unwrap()["status"]["health"], "failed");
    assert_eq!((&all["counts"]["failed"], &all["agent"]["state"]), (&json!(1), &json!("running")));
    assert_eq!(all["incidents"][0]["target"], "heartbeat:backup");
    let pm2 = report(&stage, "pm2-redundancy-report.json");
    assert_eq!((&pm2["counts"]["failed"], &pm2["incidents"]), (&json!(0), &json!([])));
    stage.run(&["beat", "heartbeat:backup"]).ended(0);
    stage.until("the incident is over", crate::stage::is_quiet);
    stage.run(&["report"]).ended(0);
    let all = report(&stage, "comprehensive-redundancy-report.json");
    assert_eq!(all["incidents"][0]["phase"], "resolved", "what is over is told too");
}
