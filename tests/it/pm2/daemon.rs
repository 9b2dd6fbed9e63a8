//! PM2's daemon dies, and what ran under it is brought back: ours, and one copy of each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::json;

use super::RUNS;
use crate::stage::{Stage, alive, app, id, is_quiet, kill_nine};

/// Whether the list of apps was saved before.
enum Saved {
    Yes,
    No,
}

fn daemon_is_killed(saved: &Saved) {
    let mut stage = Stage::with("");
    let apps = [app("web", RUNS, &json!({})), app("worker", RUNS, &json!({ "autorestart": false }))];
    stage.start(&apps);
    let stranger = stage.start_stranger("guest");
    match saved {
        Saved::Yes => drop(stage.pm2(&["save"])),
        Saved::No => {}
    }
    stage.up(&[]);
    stage.until_health("pm2:worker", "healthy");
    let (daemon, web, worker) = (stage.daemon(), stage.pid("web"), stage.pid("worker"));
    kill_nine(daemon);
    stage.until_lines("web.starts", 2);
    stage.until_lines("worker.starts", 2);
    let well = |s: &serde_json::Value, name: &str| id(s, name)["health"] == "healthy";
    let all_well = |s: &serde_json::Value| is_quiet(s) && well(s, "pm2:web") && well(s, "pm2:worker");
    stage.until("both are well", all_well);
    assert_ne!(stage.daemon(), daemon);
    assert!(!alive(web) && !alive(worker), "what the dead daemon left was ended");
    for name in ["web", "worker"] {
        assert_eq!(stage.copies(name), [stage.pid(name)], "one copy of {name}");
        assert_eq!(stage.starts(name), 2);
    }
    assert!(alive(stranger), "the stranger's process was ended");
    assert_eq!(stage.lines("guest.stranger").len(), 1, "the stranger was started");
    let names: Vec<_> = stage.jlist().iter().map(|a| a["name"].clone()).collect();
    assert_eq!(names, ["web", "worker"]);
}

#[test]
fn a_killed_daemon_comes_back_with_one_copy_of_each_saved_app() {
    daemon_is_killed(&Saved::Yes);
}

#[test]
fn a_killed_daemon_comes_back_with_apps_that_nobody_saved() {
    daemon_is_killed(&Saved::No);
}

#[test]
fn a_daemon_that_was_ended_by_hand_stays_down() {
    let mut stage = Stage::with("");
    stage.start(&[app("web", RUNS, &json!({}))]);
    stage.up(&[]);
    stage.until_health("pm2:web", "healthy");
    stage.pm2(&["kill"]);
    stage.until_health("pm2:web", "stopped");
    stage.look_again();
    assert_eq!((stage.starts("web"), stage.daemons()), (1, Vec::new()));
    assert!(is_quiet(&stage.status()));
}
