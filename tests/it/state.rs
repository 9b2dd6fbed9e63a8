//! The state of an agent, its lock and its port, when they are not as they should be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::net::TcpListener;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::stage::{Stage, alive, id, signal};

const HEARTBEAT: &str = "[[automation]]\nname = \"backup\"\nevery = \"1d\"\n";

/// Where SQLite keeps the version that its user gives a file.
const USER_VERSION: std::ops::Range<usize> = 60..64;

/// The files beside the state that were set aside.
fn set_aside(stage: &Stage) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(stage.path(".standin")).unwrap().flatten();
    let named = entries.filter(|e| {
        let name = e.file_name().into_string().unwrap();
        name.starts_with("state.db.") && !name.ends_with("-wal") && !name.ends_with("-shm")
    });
    named.map(|e| fs::read(e.path()).unwrap()).collect()
}

fn is_set_aside(stage: &mut Stage, bytes: &[u8], says: &str) {
    stage.up(&[]);
    let said = stage.said();
    assert!(said.contains(says) && said.contains("set aside"), "{said}");
    assert_eq!(set_aside(stage), [bytes], "nothing of the old file is lost");
    stage.run(&["beat", "heartbeat:backup"]).ended(0);
    stage.until_health("heartbeat:backup", "healthy");
}

#[test]
fn a_damaged_state_is_set_aside_and_the_agent_starts() {
    let mut stage = Stage::with(HEARTBEAT);
    let garbage: Vec<u8> = (0..5000_u32).map(|n| (n * 31 % 251) as u8).collect();
    stage.write(".standin/state.db", &garbage);
    for command in ["status", "health", "report"] {
        stage.run(&[command]).refused(5, "state.db");
    }
    is_set_aside(&mut stage, &garbage, "is damaged");
}

#[test]
fn a_newer_state_is_set_aside_and_the_agent_starts() {
    let mut stage = Stage::with(HEARTBEAT);
    stage.up(&[]);
    stage.run(&["down"]).ended(0);
    assert_eq!(stage.agent_ended(), Some(0));
    let mut bytes = fs::read(stage.path(".standin/state.db")).unwrap();
    bytes[USER_VERSION].copy_from_slice(&99_u32.to_be_bytes());
    stage.write(".standin/state.db", &bytes);
    stage.run(&["status"]).refused(5, "version 99");
    is_set_aside(&mut stage, &bytes, "version 99");
}

#[test]
fn a_second_agent_is_refused_with_the_process_of_the_first() {
    let mut stage = Stage::with("");
    let first = stage.up(&[]);
    for args in [&["up"][..], &["up", "--detach"], &["up", "--pm2"]] {
        stage.run(args).refused(4, &format!("as process {first}:"));
    }
    assert!(alive(first) && stage.status()["agent"]["pid"] == first);
}

#[test]
fn a_port_that_was_chosen_and_is_taken_is_said() {
    let stage = Stage::empty();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    stage.write("standin.toml", format!("[agent]\nlisten = \"{address}\"\n"));
    stage.run(&["up"]).refused(4, &format!("cannot listen on {address}"));
    stage.run(&["up", "--detach"]).refused(4, &format!("cannot listen on {address}"));
}

#[test]
fn without_a_choice_a_taken_port_is_replaced_and_said() {
    let mut stage = Stage::empty();
    // Whoever else has it: it is taken.
    let _taken = TcpListener::bind("127.0.0.1:4646");
    stage.up(&[]);
    let listen = stage.agent_file().unwrap()["listen"].as_str().unwrap().to_owned();
    assert!(listen.starts_with("127.0.0.1:") && listen != "127.0.0.1:4646", "{listen}");
    assert!(stage.said().contains("the port is taken"), "{}", stage.said());
    assert_eq!(stage.status()["agent"]["state"], "running");
}

#[test]
fn an_agent_in_the_background_answers_when_the_command_ends_and_goes_down_when_told() {
    let stage = Stage::with(HEARTBEAT);
    let up = stage.run(&["up", "--detach"]).ended(0);
    let pid = stage.agent_file().unwrap()["pid"].as_u64().unwrap() as u32;
    assert!(up.out.contains(&format!("process {pid}")), "{up:?}");
    assert_eq!(stage.status()["agent"]["pid"], pid);
    stage.run(&["status"]).ended(0);
    let down = stage.run(&["down"]).ended(0);
    assert!(down.out.contains(&format!("process {pid}")) && !alive(pid), "{down:?}");
    assert_eq!(stage.agent_file(), None);
    assert!(stage.run(&["down"]).ended(0).out.contains("no agent runs"));
}

#[test]
fn a_signal_ends_the_agent_gracefully_and_a_hang_up_does_not() {
    let mut stage = Stage::with(HEARTBEAT);
    let pid = stage.up(&[]);
    signal(pid, Signal::SIGHUP);
    stage.look_again();
    assert!(alive(pid));
    signal(pid, Signal::SIGTERM);
    assert_eq!(stage.agent_ended(), Some(0));
    assert_eq!(stage.agent_file(), None);
}

#[test]
fn an_agent_that_hangs_is_ended_by_force_only() {
    let mut stage = Stage::with("");
    let pid = stage.up(&[]);
    signal(pid, Signal::SIGSTOP);
    stage.run(&["down", "--force"]).ended(0);
    assert_eq!(stage.agent_ended(), None, "it was killed");
    assert!(!alive(pid));
}

#[test]
fn what_a_dead_agent_has_left_misleads_nobody() {
    let mut stage = Stage::with(HEARTBEAT);
    stage.up(&[]);
    stage.run(&["beat", "heartbeat:backup"]).ended(0);
    stage.until_health("heartbeat:backup", "healthy");
    stage.kill_agent();
    let status = stage.status();
    assert_eq!(status["agent"]["state"], "absent");
    let backup = id(&status, "heartbeat:backup");
    assert_eq!(backup["health"], "unknown");
    assert!(backup["reason"].as_str().unwrap().contains("last known: healthy"), "{backup}");
    // Somebody else listens at its port by now.
    let listen = stage.agent_file().unwrap()["listen"].as_str().unwrap().to_owned();
    let _other = TcpListener::bind(&listen);
    stage.up(&[]);
    stage.until_health("heartbeat:backup", "healthy");
    stage.run(&["status"]).ended(0);
}

#[test]
fn only_the_owner_can_read_the_state() {
    use std::os::unix::fs::PermissionsExt;
    let mut stage = Stage::with(HEARTBEAT);
    stage.up(&[]);
    stage.run(&["report"]);
    let mode = |name: &str| fs::metadata(stage.path(name)).unwrap().permissions().mode() & 0o077;
    for name in [
        ".standin",
        ".standin/logs",
        ".standin/runs",
        ".standin/spool",
        ".standin/agent.json",
        ".standin/state.db",
    ] {
        assert_eq!(mode(name), 0, "{name} can be read by others");
    }
    assert_eq!(stage.read(".standin/.gitignore"), "*\n");
    assert_ne!(stage.agent_file().unwrap()["token"], Value::Null);
}

#[test]
fn without_pm2_only_what_needs_it_is_refused() {
    let mut stage = Stage::with(HEARTBEAT);
    stage.declare(&[crate::stage::app("web", "exec sleep 1000", &serde_json::json!({}))]);
    let missing = stage.path("no-pm2");
    let missing = missing.to_str().unwrap();
    let settings = stage.read("standin.toml");
    stage.write("standin.toml", format!("{settings}\n[pm2]\nbinary = \"{missing}\"\n"));
    stage.run(&["up", "--pm2"]).refused(4, "the pm2 command was not found");
    let doctor = stage.json(&["doctor"]);
    let broken = |c: &Value| c["check"] == "pm2 command" && c["mark"] == "broken";
    assert!(doctor["checks"].as_array().unwrap().iter().any(broken), "{doctor:#}");
    stage.up(&["--start"]);
    stage.run(&["beat", "heartbeat:backup"]).ended(0);
    stage.until_health("heartbeat:backup", "healthy");
    stage.run(&["recover", "pm2:web"]).ended(4);
    assert_ne!(id(&stage.status(), "pm2:web")["health"], "healthy");
}
