//! What one app is brought back from, and what it is not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use serde_json::json;

use super::{RUNS, one_app_watched};
use crate::stage::{Stage, alive, app, id, incident, is_quiet, kill_nine, until};

const WEB: &str = "pm2:web";
/// How soon the promise says that a death is seen, and that the app is well again.
const SEEN: Duration = Duration::from_secs(5);
const WELL: Duration = Duration::from_secs(30);

#[test]
fn a_killed_app_is_back_soon_and_once() {
    let stage = one_app_watched();
    let before = stage.pid("web");
    kill_nine(before);
    let killed = Instant::now();
    stage.until_lines("web.starts", 2);
    assert!(killed.elapsed() < SEEN, "{:?}", killed.elapsed());
    let status = stage
        .until("it is well and the incident is over", |s| is_quiet(s) && id(s, WEB)["health"] == "healthy");
    assert!(killed.elapsed() < WELL, "{:?}", killed.elapsed());
    assert_eq!(status["health"]["state"], "healthy");
    stage.look_again();
    assert_eq!(stage.starts("web"), 2);
    assert!(alive(stage.pid("web")) && !alive(before));
    let report = stage.json(&["report"]);
    assert_eq!(
        (&report["incidents"][0]["target"], &report["incidents"][0]["attempts"]),
        (&json!(WEB), &json!(1))
    );
    assert_eq!(report["recoveries"].as_array().unwrap().len(), 1, "{report:#}");
    assert_eq!(report["recoveries"][0]["outcome"], "done");
}

#[test]
fn an_app_that_keeps_failing_is_given_up_after_three_attempts() {
    let mut stage = Stage::with("[recovery]\nbackoff = \"200ms\"\n");
    stage.start(&[app("web", "sleep 0.1; exit 1", &json!({ "max_restarts": 1, "min_uptime": 5000 }))]);
    let errored = || stage.jlist().iter().any(|a| a["pm2_env"]["status"] == "errored").then_some(());
    until("did PM2 give up", errored, || format!("{:?}", stage.jlist()));
    let before = stage.starts("web");
    stage.up(&[]);
    let status = stage.until("it is given up", |s| incident(s, WEB)["phase"] == "exhausted");
    assert_eq!(incident(&status, WEB)["attempts"], 3);
    assert_eq!(id(&status, WEB)["health"], "failed");
    let starts = stage.starts("web");
    assert!(starts > before, "it was tried");
    stage.run(&["status"]).ended(1);
    stage.look_again();
    assert_eq!(stage.starts("web"), starts, "it is left for a person");
    assert_eq!(incident(&stage.status(), WEB)["phase"], "exhausted");
    let report = stage.json(&["report"]);
    assert_eq!(report["recoveries"].as_array().unwrap().len(), 3, "{report:#}");
    // A person mends it and asks.
    stage.write("web.sh", format!("echo $$ >>web.starts\n{RUNS}\n"));
    stage.run(&["recover", WEB]).ended(0);
    stage.until("it is well", |s| is_quiet(s) && id(s, WEB)["health"] == "healthy");
    stage.run(&["status"]).ended(0);
}

#[test]
fn what_was_stopped_or_deleted_by_hand_is_left_alone_until_asked_for() {
    let stage = one_app_watched();
    stage.pm2(&["stop", "web"]);
    let status = stage.until_health(WEB, "stopped");
    assert_eq!(id(&status, WEB)["code"], "stopped_by_hand");
    assert!(is_quiet(&stage.look_again()));
    stage.run(&["recover"]).ended(0);
    assert_eq!(stage.starts("web"), 1);
    stage.run(&["status"]).ended(0);
    stage.run(&["recover", WEB]).ended(0);
    stage.until_health(WEB, "healthy");
    assert_eq!(stage.starts("web"), 2);
    stage.pm2(&["delete", "web"]);
    let status = stage.until_health(WEB, "stopped");
    assert_eq!(id(&status, WEB)["code"], "deleted_by_hand");
    stage.look_again();
    assert_eq!((stage.starts("web"), stage.jlist().len()), (2, 0));
    stage.run(&["recover", WEB]).ended(0);
    stage.until_health(WEB, "healthy");
    assert_eq!(stage.starts("web"), 3);
}

#[test]
fn a_restart_by_hand_is_no_incident() {
    let stage = one_app_watched();
    stage.pm2(&["restart", "web"]);
    stage.until_lines("web.starts", 2);
    stage.until_health(WEB, "healthy");
    assert!(is_quiet(&stage.look_again()));
    assert_eq!((stage.starts("web"), stage.restarts("web")), (2, 1));
    assert_eq!(stage.json(&["report"])["incidents"], json!([]));
}

#[test]
fn another_program_of_the_same_name_is_never_touched() {
    let mut stage = Stage::with("");
    stage.declare(&[app("web", RUNS, &json!({}))]);
    let stranger = stage.start_stranger("web");
    stage.up(&["--start"]);
    let status = stage.until("it is told", |s| id(s, WEB)["code"] == "foreign");
    assert_eq!(id(&status, WEB)["health"], "unknown");
    stage.run(&["recover", WEB]);
    assert!(alive(stranger));
    kill_nine(stranger);
    let stopped = || (stage.jlist()[0]["pm2_env"]["status"] == "stopped").then_some(());
    until("did PM2 see it", stopped, || format!("{:?}", stage.jlist()));
    stage.look_again();
    stage.run(&["recover", WEB]);
    stage.look_again();
    assert_eq!(stage.lines("web.stranger").len(), 1, "the stranger was started");
    assert_eq!((stage.starts("web"), stage.jlist().len()), (0, 1));
}

#[test]
fn what_is_only_to_be_told_is_told() {
    let mut stage = Stage::with("[recovery]\nmode = \"alert\"\n");
    stage.start(&[app("web", RUNS, &json!({ "autorestart": false }))]);
    stage.up(&[]);
    stage.until_health(WEB, "healthy");
    kill_nine(stage.pid("web"));
    let status = stage.until_health(WEB, "failed");
    assert_eq!(incident(&status, WEB)["attempts"], 0);
    stage.look_again();
    assert_eq!(stage.starts("web"), 1);
    stage.run(&["status"]).ended(1);
    stage.run(&["recover", WEB]).ended(0);
    stage.until_health(WEB, "healthy");
}
