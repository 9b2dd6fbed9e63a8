//! The agent is killed at each step between an intent and its outcome: nothing is lost, and nothing done twice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::json;

use super::RUNS;
use crate::stage::{Stage, alive, app, id, is_quiet, kill_nine};

const WEB: &str = "pm2:web";

fn killed_at(place: &str, starts_by_then: usize) {
    let mut stage = Stage::with("");
    stage.start(&[app("web", RUNS, &json!({ "autorestart": false }))]);
    stage.up_in(&[], &[("STANDIN_CRASH_AT", place)]);
    stage.until_health(WEB, "healthy");
    kill_nine(stage.pid("web"));
    assert_eq!(stage.agent_ended(), None, "the agent of a debug build kills itself {place}");
    if starts_by_then > 1 {
        stage.until_lines("web.starts", starts_by_then);
    }
    assert_eq!(stage.starts("web"), starts_by_then);
    stage.up(&[]);
    stage.until("it is well and the incident is over", |s| is_quiet(s) && id(s, WEB)["health"] == "healthy");
    stage.look_again();
    assert_eq!(stage.starts("web"), 2, "started by PM2 at first and by Standin once");
    assert!(alive(stage.pid("web")));
    let report = stage.json(&["report"]);
    assert_eq!(report["incidents"].as_array().unwrap().len(), 1, "{report:#}");
    assert_eq!(
        (&report["incidents"][0]["phase"], &report["incidents"][0]["attempts"]),
        (&json!("resolved"), &json!(1))
    );
    assert_eq!(report["recoveries"].as_array().unwrap().len(), 1, "{report:#}");
    assert_ne!(report["recoveries"][0]["outcome"], "open", "the outcome is on record");
}

#[test]
fn an_agent_killed_after_the_intent_is_followed_by_one_that_acts() {
    killed_at("after-intent", 1);
}

#[test]
fn an_agent_killed_after_the_effect_is_followed_by_one_that_does_not_act_again() {
    killed_at("after-effect", 2);
}

#[test]
fn an_agent_killed_after_the_outcome_is_followed_by_one_that_resolves() {
    killed_at("after-outcome", 2);
}
