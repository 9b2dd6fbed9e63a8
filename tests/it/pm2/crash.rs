//! The agent is killed at each step between an intent and its outcome: nothing is lost, and nothing done twice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::json;

use super::RUNS;
use crate::stage::{Stage, app, id, is_quiet, kill_nine};

const WEB: &str = "pm2:web";

/// One step at which the agent dies, and what is on record in the end.
struct Step {
    place: &'static str,
    starts_by_then: usize,
    /// The outcomes of the attempts, the newest first. What was interrupted is not known, so it counts as an attempt.
    outcomes: &'static [&'static str],
}

const AFTER_INTENT: Step = Step { place: "after-intent", starts_by_then: 1, outcomes: &["done", "unknown"] };
const AFTER_EFFECT: Step = Step { place: "after-effect", starts_by_then: 2, outcomes: &["unknown"] };
const AFTER_OUTCOME: Step = Step { place: "after-outcome", starts_by_then: 2, outcomes: &["done"] };

/// Waits for the agent to kill itself, then starts the next one.
fn is_followed(stage: &mut Stage, step: &Step) {
    assert_eq!(stage.agent_ended(), None, "the agent of a debug build kills itself {}", step.place);
    stage.until_lines("web.starts", step.starts_by_then);
    assert_eq!(stage.starts("web"), step.starts_by_then);
    stage.up(&[]);
    stage.until("it is well and the incident is over", |s| is_quiet(s) && id(s, WEB)["health"] == "healthy");
    stage.look_again();
    assert_eq!(stage.starts("web"), 2, "started by PM2 at first and by Standin once");
    assert_eq!(stage.copies("web"), [stage.pid("web")]);
}

/// One incident, resolved, and each attempt with its outcome.
fn is_on_record(stage: &Stage, target: &str, step: &Step) {
    let report = stage.json(&["report"]);
    let incidents = report["incidents"].as_array().unwrap();
    assert!(incidents.len() == 1 && incidents[0]["target"] == target, "{report:#}");
    assert_eq!(incidents[0]["phase"], "resolved");
    assert_eq!(incidents[0]["attempts"], step.outcomes.len(), "{report:#}");
    let outcomes: Vec<_> =
        report["recoveries"].as_array().unwrap().iter().map(|r| r["outcome"].clone()).collect();
    assert_eq!(outcomes, step.outcomes);
}

fn app_and_agent_are_killed(step: &Step) {
    let mut stage = Stage::with("");
    stage.start(&[app("web", RUNS, &json!({ "autorestart": false }))]);
    stage.up_in(&[], &[("STANDIN_CRASH_AT", step.place)]);
    stage.until_health(WEB, "healthy");
    kill_nine(stage.pid("web"));
    is_followed(&mut stage, step);
    is_on_record(&stage, WEB, step);
}

fn daemon_and_agent_are_killed(step: &Step) {
    let mut stage = Stage::with("");
    stage.start(&[app("web", RUNS, &json!({}))]);
    stage.up_in(&[], &[("STANDIN_CRASH_AT", step.place)]);
    stage.until_health(WEB, "healthy");
    kill_nine(stage.daemon());
    is_followed(&mut stage, step);
    is_on_record(&stage, "platform:pm2", step);
    assert_eq!(stage.daemons().len(), 1);
}

#[test]
fn an_agent_killed_after_the_intent_is_followed_by_one_that_acts() {
    app_and_agent_are_killed(&AFTER_INTENT);
}

#[test]
fn an_agent_killed_after_the_effect_is_followed_by_one_that_does_not_act_again() {
    app_and_agent_are_killed(&AFTER_EFFECT);
}

#[test]
fn an_agent_killed_after_the_outcome_is_followed_by_one_that_resolves() {
    app_and_agent_are_killed(&AFTER_OUTCOME);
}

#[test]
fn an_agent_killed_with_the_daemon_before_it_could_resurrect_is_followed_by_one_that_does() {
    daemon_and_agent_are_killed(&AFTER_INTENT);
}

#[test]
fn an_agent_killed_after_it_resurrected_is_followed_by_one_that_does_not_again() {
    daemon_and_agent_are_killed(&AFTER_EFFECT);
}
