//! Heartbeats: from the command line, by URL, around a command, and by way of the spool.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;

use serde_json::Value;

use crate::stage::{Stage, id};

const SETTINGS: &str = "[[automation]]\nname = \"backup\"\nevery = \"1d\"\n";
const BACKUP: &str = "heartbeat:backup";

/// What curl would be told.
fn get(url: &str) -> (u16, String) {
    send(url, None)
}

fn send(url: &str, body: Option<Vec<u8>>) -> (u16, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = crate::http().build().unwrap();
        let request = match body {
            None => client.get(url),
            Some(body) => client.post(url).body(body),
        };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    })
}

fn spooled(stage: &Stage) -> usize {
    fs::read_dir(stage.path(".standin/spool")).map_or(0, Iterator::count)
}

#[test]
fn a_ping_of_the_url_is_healthy_and_a_fail_is_a_failure() {
    let mut stage = Stage::with(SETTINGS);
    stage.up(&[]);
    assert_eq!(id(&stage.status(), BACKUP)["code"], "no_beat_yet");
    let url = stage.run(&["beat", "--url", BACKUP]).ended(0).out.trim_end().to_owned();
    assert_eq!(get(&url), (200, "OK".to_owned()));
    let status = stage.until_health(BACKUP, "healthy");
    assert_ne!(id(&status, BACKUP)["last_success"], Value::Null);
    stage.run(&["status"]).ended(0);
    assert_eq!(send(&format!("{url}/fail"), Some(b"disk full".to_vec())), (200, "OK".to_owned()));
    stage.until_health(BACKUP, "failed");
    stage.run(&["status"]).ended(1);
    assert_eq!(
        send(&format!("{url}/0"), Some(vec![b'x'; 300_000])).0,
        200,
        "a long body is cut, not refused"
    );
    stage.until_health(BACKUP, "healthy");
    let stranger = url.replace(url.rsplit('/').next().unwrap(), "00000000-0000-4000-8000-000000000000");
    assert_eq!(get(&stranger).0, 404);
    // The control of the agent is not for whoever can reach its port.
    let listen = stage.agent_file().unwrap()["listen"].as_str().unwrap().to_owned();
    assert_eq!(get(&format!("http://{listen}/api/v1/status")).0, 401);
    assert_eq!(send(&format!("http://{listen}/api/v1/stop"), Some(b"{\"force\":true}".to_vec())).0, 401);
}

#[test]
fn a_ping_that_was_answered_survives_the_agent() {
    let mut stage = Stage::with(SETTINGS);
    stage.up(&[]);
    let url = stage.run(&["beat", "--url", BACKUP]).ended(0).out.trim_end().to_owned();
    assert_eq!(get(&format!("{url}/fail")).0, 200);
    stage.kill_agent();
    stage.up(&[]);
    stage.until_health(BACKUP, "failed");
}

#[test]
fn the_command_line_sends_each_kind_of_heartbeat() {
    let mut stage = Stage::with(SETTINGS);
    stage.up(&[]);
    stage.run(&["beat", BACKUP, "start"]).ended(0);
    stage.until("the run is known", |s| id(s, BACKUP)["code"] == "running");
    stage.run(&["beat", BACKUP]).ended(0);
    stage.until("it is on time", |s| id(s, BACKUP)["code"] == "on_time");
    stage.run(&["beat", BACKUP, "fail", "-m", "no space", "--exit", "28"]).ended(0);
    let status = stage.until_health(BACKUP, "failed");
    assert!(id(&status, BACKUP)["reason"].as_str().unwrap().contains("28"), "{status:#}");
    stage.run(&["beat", BACKUP, "log"]).ended(0);
    assert_eq!(id(&stage.look_again(), BACKUP)["health"], "failed", "a note changes nothing");
    stage.run(&["beat", BACKUP, "success"]).ended(0);
    stage.until_health(BACKUP, "healthy");
    assert_eq!(spooled(&stage), 0);
    stage.run(&["beat", "heartbeat:nobody"]).refused(2, "`heartbeat:nobody` is not watched here");
}

#[test]
fn heartbeats_without_an_agent_wait_in_the_spool_in_their_order() {
    let mut stage = Stage::with(SETTINGS);
    let beat = stage.run(&["beat", BACKUP, "fail"]).ended(0);
    assert!(beat.err.contains("waits in the spool"), "{beat:?}");
    stage.run(&["beat", BACKUP, "success"]).ended(0);
    assert_eq!(spooled(&stage), 2);
    stage.up(&[]);
    stage.until_health(BACKUP, "healthy");
    assert_eq!(spooled(&stage), 0);
    // A dead agent's address is no agent.
    stage.kill_agent();
    stage.run(&["beat", BACKUP, "fail"]).ended(0);
    assert_eq!(spooled(&stage), 1);
    stage.up(&[]);
    stage.until_health(BACKUP, "failed");
}

#[test]
fn a_wrapped_command_ends_as_it_ended_and_is_heard_of() {
    let mut stage = Stage::with(SETTINGS);
    stage.up(&[]);
    let done = stage.run(&["exec", BACKUP, "--", "sh", "-c", "echo out; echo err >&2"]).ended(0);
    assert_eq!((done.out.as_str(), done.err.as_str()), ("out\n", "err\n"));
    stage.until_health(BACKUP, "healthy");
    stage.run(&["exec", BACKUP, "--", "sh", "-c", "exit 9"]).ended(9);
    let status = stage.until_health(BACKUP, "failed");
    assert!(id(&status, BACKUP)["reason"].as_str().unwrap().contains('9'), "{status:#}");
    stage.run(&["exec", BACKUP, "--", "sh", "-c", "kill -TERM $$"]).ended(143);
    stage.run(&["exec", BACKUP, "--", "/no/such/program"]).refused(127, "/no/such/program cannot be started");
}

#[test]
fn a_wrapped_command_runs_without_an_agent_and_is_heard_of_later() {
    let mut stage = Stage::with(SETTINGS);
    stage.run(&["exec", BACKUP, "--", "sh", "-c", "echo ran >>count; exit 3"]).ended(3);
    assert_eq!((stage.lines("count").len(), spooled(&stage)), (1, 2));
    stage.up(&[]);
    let status = stage.until_health(BACKUP, "failed");
    assert!(id(&status, BACKUP)["reason"].as_str().unwrap().contains('3'), "{status:#}");
}
