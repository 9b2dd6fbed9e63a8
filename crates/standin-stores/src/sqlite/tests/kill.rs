//! A child of this very test binary writes and is killed while it is being answered.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use standin_core::beat::Signal;
use standin_engine::ports::{Change, Journal};

use super::{open, place};
use crate::conformance::{arrival, id, planned};
use crate::sqlite::Sqlite;

const STATE: &str = "STANDIN_TEST_KILL_STATE";

/// Answers that the parent waits for before it kills.
const ANSWERS: usize = 200;

/// Only does something as the child: eight writers, one line for each answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(path) = std::env::var_os(STATE) else { return };
    let store = Sqlite::open(Path::new(&path)).unwrap().store;
    for writer in 0..8 {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..i64::MAX {
                store.arrive(arrival(&format!("w{writer}"), n, Signal::Success)).await.unwrap();
                println!("\nbeat {writer} {n}");
                let intents = vec![planned(&format!("w{writer}-{n}"), 1)];
                store.commit(Change { intents, ..Change::default() }).await.unwrap();
                println!("\nintent {writer} {n}");
            }
        });
    }
    std::future::pending().await
}

/// Starts the child, kills it after some answers, and gives all answers that came before its end.
fn killed_while_writing(path: &Path) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sqlite::tests::kill::child", "--nocapture"])
        .env(STATE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_answer = |line: &String| line.starts_with("beat ") || line.starts_with("intent ");
    let mut answers: Vec<String> =
        lines.by_ref().map(Result::unwrap).filter(is_answer).take(ANSWERS).collect();
    child.kill().unwrap();
    // The last line may be cut off by the kill; `println!` writes each line whole only up to its line feed.
    answers.extend(lines.map_while(Result::ok).filter(is_answer).filter(|l| l.split(' ').count() == 3));
    child.wait().unwrap();
    assert!(answers.len() >= ANSWERS, "the child ended by itself after {} answers", answers.len());
    answers
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let (_dir, path) = place();
    for round in 1..=3_i64 {
        let state = path.with_extension(round.to_string());
        let answers = killed_while_writing(&state);
        let from_log = Sqlite::read(&state).unwrap().load().unwrap();
        let loaded = open(&state).load().await.unwrap();
        assert_eq!(from_log, loaded, "reading after a kill sees the log");
        for answer in answers {
            let parts: Vec<&str> = answer.split(' ').collect();
            let n: u64 = parts[2].parse().unwrap();
            let writer = id(&format!("w{}", parts[1]));
            if parts[0] == "beat" {
                assert!(loaded.beats[&writer].count > n, "lost: {answer}");
            } else {
                let key = format!("w{}-{n}", parts[1]);
                assert!(loaded.pending.iter().any(|(_, p)| p.key.0 == key), "lost: {answer}");
            }
        }
    }
}
