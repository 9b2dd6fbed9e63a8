//! PM2 hosts the agent, and each watches the other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use serde_json::json;

use super::RUNS;
use crate::stage::{Stage, alive, app, id, is_quiet, kill_nine, parent, until};

/// Without being told an agent looks only now and then: what it does sooner, it was told.
const UNTOLD: Duration = Duration::from_secs(12);

/// PM2's name for the agent that runs.
fn name(stage: &Stage) -> String {
    let name = stage.agent_file().unwrap()["pm2_app"].as_str().unwrap().to_owned();
    assert!(name.starts_with("standin-repo"), "{name}");
    name
}

/// Waits for an agent that is not this one, and gives its process.
fn next_agent(stage: &Stage, before: u32) -> u32 {
    let other = || {
        let status = stage.status();
        let pid = u32::try_from(status["agent"]["pid"].as_u64()?).ok()?;
        (status["agent"]["state"] == "running" && pid != before).then_some(pid)
    };
    until("another agent", other, || stage.run(&["logs"]).out)
}

#[test]
fn each_brings_the_other_back_and_down_takes_the_agent_out() {
    let stage = Stage::with("");
    stage.start(&[app("web", RUNS, &json!({ "autorestart": false }))]);
    stage.pm2(&["save"]);
    stage.run(&["up", "--pm2"]).ended(0);
    let first = next_agent(&stage, 0);
    assert_eq!(parent(first), Some(stage.daemon()));
    let name = name(&stage);
    assert_eq!(stage.saved(), ["web", &name]);
    stage.until_health("pm2:web", "healthy");

    kill_nine(first);
    let second = next_agent(&stage, first);
    assert_eq!(parent(second), Some(stage.daemon()));
    stage.until_health("pm2:web", "healthy");

    let (daemon, web) = (stage.daemon(), stage.pid("web"));
    kill_nine(daemon);
    let killed = Instant::now();
    stage.until_lines("web.starts", 2);
    assert!(killed.elapsed() < UNTOLD, "{:?}", killed.elapsed());
    let third = next_agent(&stage, second);
    assert_ne!(stage.daemon(), daemon);
    assert_eq!(parent(third), Some(stage.daemon()), "the new daemon hosts the agent");
    until("did the orphan end", || (!alive(second)).then_some(()), || stage.run(&["logs"]).out);
    stage.until("all is well", |s| is_quiet(s) && id(s, "pm2:web")["health"] == "healthy");
    assert!(!alive(web) && stage.copies("web") == [stage.pid("web")] && stage.copies(&name) == [third]);

    stage.run(&["down"]).ended(0);
    assert!(!alive(third) && stage.agent_file().is_none());
    let names: Vec<_> = stage.jlist().iter().map(|a| a["name"].clone()).collect();
    assert_eq!(names, ["web"], "the app goes on");
    assert_eq!(stage.saved(), ["web"]);
    assert!(stage.run(&["down"]).ended(0).out.contains("no agent runs"));
}

#[test]
fn the_agent_starts_under_a_pm2_that_did_not_run() {
    let stage = Stage::with("");
    stage.declare(&[app("web", RUNS, &json!({}))]);
    stage.run(&["up", "--pm2", "--start"]).ended(0);
    let agent = next_agent(&stage, 0);
    stage.until_health("pm2:web", "healthy");
    assert_eq!(parent(agent), Some(stage.daemon()));
    assert_eq!((stage.starts("web"), stage.daemons().len()), (1, 1));
    stage.run(&["up"]).refused(4, &format!("as process {agent}:"));
    stage.run(&["down", "--force"]).ended(0);
    assert!(!alive(agent) && alive(stage.pid("web")));
}
