//! `standin simulate` with the real binary: the example, a mesh, what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;

use serde_json::Value;

use crate::stage::Stage;

const HOURLY: &str = "name: hourly
on:
  schedule:
    - cron: '17 * * * *'
  workflow_dispatch:
jobs:
  work:
    runs-on: ubuntu-latest
    steps:
      - run: make
";

/// Three watchers, and an hourly workflow whose work the agent can do too.
const MESH: &str = r#"
[mesh]
quorum = ["github", "gcs", "dynamodb"]

[[peer]]
kind = "agent"

[[peer]]
kind = "netlify"

[[peer]]
kind = "action"

[[store]]
kind = "github"

[[store]]
kind = "gcs"
bucket = "shop"

[[store]]
kind = "dynamodb"
table = "shop"

[[automation]]
id = "workflow:hourly.yml"
heartbeats = true
grace = "30m"
backup = ["again", "command:hourly-here"]

[[automation]]
name = "hourly-here"
command = "make"
"#;

fn meshed(settings: &str) -> Stage {
    let stage = Stage::with(settings);
    stage.write(".github/workflows/hourly.yml", HOURLY);
    stage
}

fn simulate<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let all = ["simulate", "--from", "2026-11-23"];
    all.into_iter().chain(more.iter().copied()).collect()
}

fn served<'a>(answer: &'a Value, id: &str) -> &'a Value {
    answer["automations"].as_array().unwrap().iter().find(|a| a["id"] == id).unwrap()
}

#[test]
fn the_example_is_answered_without_a_mesh_with_what_to_add() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples/shop");
    let example = example.to_str().unwrap();
    let ask = simulate(&[example, "--outage", "github=12h@02:00", "--format", "json"]);
    let answer = Stage::empty().run(&ask).ended(1).json();
    assert_eq!(answer["version"], 1);
    assert_eq!(answer["outages"][0]["noticed"], Value::Null);
    assert_eq!(answer["watchers"], serde_json::json!(["agent"]));
    let nightly = served(&answer, "workflow:nightly.yml");
    assert_eq!((&nightly["slots"], &nightly["with"]["late"]), (&1.into(), &1.into()));
    assert_eq!(served(&answer, "pm2:shop-web")["with"]["percent"], 100.0);
    assert!(!answer["advice"].as_array().unwrap().is_empty());
    let keys = ["from", "days", "seed", "timeline", "left_out", "faults"];
    assert!(keys.iter().all(|key| !answer[*key].is_null()), "{answer:#}");
}

#[test]
fn what_is_advised_can_be_written_down_and_helps() {
    let stage = Stage::with("");
    stage.write(".github/workflows/nightly.yml", HOURLY.replace("17 * * * *", "17 3 * * *"));
    let ask = simulate(&["--outage", "github=12h@02:00", "--format", "json"]);
    let before = stage.run(&ask).ended(1).json();
    let lines = |answer: &Value| -> Vec<String> {
        let advice = answer["advice"].as_array().unwrap().iter().filter(|a| a["file"] == "standin.toml");
        let lines =
            advice.flat_map(|a| a["lines"].as_array().unwrap()).map(|l| l.as_str().unwrap().to_owned());
        lines.collect()
    };
    let text = stage.read("standin.toml") + &lines(&before).join("\n") + "\n";
    stage.write("standin.toml", text.replace("NAME", "shop"));
    let after = stage.run(&ask).ended(1).json();
    let percent =
        |answer: &Value| served(answer, "workflow:nightly.yml")["with"]["percent"].as_f64().unwrap();
    assert_eq!(percent(&before), 0.0, "{before:#}");
    assert_eq!(percent(&after), 100.0, "{after:#}");
    // Only that a late run does not look is left.
    assert_eq!(lines(&after), Vec::<String>::new());
}

#[test]
fn a_mesh_is_answered_in_every_format_and_always_the_same() {
    let stage = meshed(MESH);
    let ask = simulate(&["--outage", "github=4h@12:00", "--seed", "1"]);
    let text = stage.run(&ask).ended(1).out;
    for line in [
        "github is gone for 4 h from 12:00: ",
        "agent runs command:hourly-here, for the 12:17 slot of workflow:hourly.yml",
        "is back",
        "1 day from 2026-11-23 00:00 (UTC), seed 1; watched by agent, function, action",
    ] {
        let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain.contains(line.trim()), "{line}: {text}");
    }
    assert_eq!(stage.run(&ask).ended(1).out, text, "the same seed");
    let page = |format| stage.run(&[ask.as_slice(), &["--format", format]].concat()).ended(1).out;
    assert!(page("html").contains("<th scope=\"col\">automation</th>"));
    assert!(page("markdown").starts_with("# What would happen\n"));
    let other = simulate(&["--outage", "github=4h@12:00", "--seed", "2"]);
    assert_ne!(stage.run(&other).out, text, "another seed");
}

#[test]
fn what_cannot_be_asked_is_refused_with_what_to_write() {
    let stage = meshed(MESH);
    let refused = |more: &[&str], why: &str| stage.run(&simulate(more)).refused(2, why);
    refused(&["--outage", "githb=4h@12:00"], "did you mean `github`?");
    refused(&["--outage", "workflow:hourl.yml=4h"], "did you mean `workflow:hourly.yml`?");
    refused(&["--outage", "github"], "write it as github=4h@12:00");
    refused(&["--outage", "github=4x@12:00"], "write a whole number and a unit");
    refused(&["--outage", "github=4h@25:00"], "write it as github=4h@12:00");
    refused(&["--outage", "github=30h@12:00"], "write --days 2");
    refused(&["--outage", "github=4h", "--outage", "github=1h@13:00"], "join them into one");
    refused(&["--outage", "github=4h", "--outage", "action=1h@13:00"], "leave out the outage of action");
    refused(&["--days", "0"], "write --days 1 to 31");
    refused(&["--days", "32"], "write --days 1 to 31");
    refused(&["--days", "many"], "many");
    stage.run(&["simulate", "--from", "tomorrow"]).refused(2, "write --from as 2026-11-23");
    stage.write("standin.toml", "[mesh]\nquorum = [\"github\"]\n");
    stage.run(&["simulate"]).refused(3, "standin.toml:");
}
