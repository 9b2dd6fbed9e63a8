//! Commands that the agent runs itself, and what becomes of them when the agent does not end well.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::BufRead;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::stage::{Stage, alive, all, command_line, id, until};

/// A slot that is far away: what runs was asked for.
const FAR: &str = "schedule = \"0 0 29 2 *\"";
const JOB: &str = "command:job";

/// Notes its begin with its process, waits for the file `go`, and notes its end.
const GATED: &str =
    "echo begin >>count; echo $$ >pid; while [ ! -e go ]; do sleep 0.05; done; echo end >>count";

/// An agent's repository with one command.
fn with_job(command: &str, more: &str) -> Stage {
    Stage::with(&format!("[[automation]]\nname = \"job\"\ncommand = '''{command}'''\n{FAR}\n{more}\n"))
}

/// Asks for a run and does not wait for it.
fn begin(stage: &Stage) -> Child {
    let mut command = stage.command(&["recover", JOB]);
    let asked = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    stage.until_lines("count", 1);
    asked
}

fn job_pid(stage: &Stage) -> u32 {
    stage.read("pid").trim().parse().unwrap()
}

#[test]
fn a_run_that_is_asked_for_runs_once_and_its_output_is_in_the_logs() {
    let mut stage = with_job("echo one >>count; echo the-$((6*7))th-word", "");
    stage.up(&[]);
    let rehearsed = stage.json(&["recover", JOB, "--dry-run"]);
    assert_eq!(
        (&rehearsed["dry_run"], &rehearsed["effects"][0]["outcome"]),
        (&true.into(), &"planned".into())
    );
    assert_eq!(stage.lines("count").len(), 0, "a rehearsal does nothing");
    let done = stage.json(&["recover", JOB]);
    assert_eq!(done["effects"][0]["outcome"], "done", "{done:#}");
    assert_eq!(stage.lines("count"), ["one"]);
    let status = stage.until_health(JOB, "healthy");
    assert_ne!(id(&status, JOB)["last_success"], Value::Null);
    let logged = || stage.run(&["logs", "--part", "runs"]).out.contains("the-42th-word").then_some(());
    until("was the output logged", logged, || stage.run(&["logs"]).out);
    assert_eq!(stage.lines("count"), ["one"]);
    stage.run(&["status"]).ended(0);
}

#[test]
fn a_run_that_fails_is_told_with_its_status() {
    let mut stage = with_job("exit 7", "");
    stage.up(&[]);
    stage.run(&["recover", JOB]);
    let status = stage.until_health(JOB, "failed");
    assert!(id(&status, JOB)["reason"].as_str().unwrap().contains('7'), "{status:#}");
    stage.run(&["status"]).ended(1);
}

#[test]
fn a_run_is_ended_at_its_time_limit_with_all_that_it_started() {
    let command = "echo begin >>count; sh -c 'echo $$ >pid; sleep 1000'; echo end >>count";
    let mut stage = with_job(command, "time_limit = \"2s\"");
    stage.up(&[]);
    stage.run(&["recover", JOB]);
    let status = stage.until_health(JOB, "failed");
    assert!(id(&status, JOB)["reason"].as_str().unwrap().contains("time"), "{status:#}");
    let pid = job_pid(&stage);
    until("did it end", || (!alive(pid)).then_some(()), || command_line(pid));
    assert_eq!(stage.lines("count"), ["begin"]);
}

#[test]
fn a_run_outlives_a_killed_agent_and_the_next_agent_takes_up_its_end() {
    let mut stage = with_job(GATED, "");
    stage.up(&[]);
    let mut asked = begin(&stage);
    stage.kill_agent();
    assert_eq!(asked.wait().unwrap().code(), Some(4), "who waited for the run is told");
    assert!(alive(job_pid(&stage)));
    stage.up(&[]);
    let status = stage.until("the run is taken up", |s| id(s, JOB)["code"] == "running");
    assert_eq!(id(&status, JOB)["health"], "healthy");
    stage.run(&["recover", JOB]);
    assert_eq!(stage.lines("count"), ["begin"], "a second copy was started beside the first");
    stage.write("go", "");
    stage.until("the end is known", |s| id(s, JOB)["code"] == "on_time");
    stage.look_again();
    stage.run(&["down"]).ended(0);
    assert_eq!(stage.lines("count"), ["begin", "end"]);
}

#[test]
fn an_end_that_nobody_saw_is_known_to_the_next_agent() {
    let mut stage = with_job(&format!("{GATED}; exit 5"), "");
    stage.up(&[]);
    let mut asked = begin(&stage);
    stage.kill_agent();
    asked.wait().unwrap();
    let pid = job_pid(&stage);
    stage.write("go", "");
    until("did it end", || (!alive(pid)).then_some(()), || command_line(pid));
    stage.up(&[]);
    let status = stage.until_health(JOB, "failed");
    assert!(id(&status, JOB)["reason"].as_str().unwrap().contains('5'), "{status:#}");
    assert_eq!(stage.lines("count"), ["begin", "end"]);
}

#[test]
fn a_graceful_end_waits_for_what_is_under_way() {
    let mut stage = with_job("echo begin >>count; sleep 1; echo end >>count", "");
    stage.up(&[]);
    let mut asked = begin(&stage);
    stage.run(&["down"]).ended(0);
    assert_eq!(stage.lines("count"), ["begin", "end"]);
    assert_eq!(stage.agent_ended(), Some(0));
    asked.wait().unwrap();
    stage.up(&[]);
    stage.until_health(JOB, "healthy");
    assert_eq!(stage.lines("count"), ["begin", "end"]);
}

#[test]
fn an_end_by_force_leaves_what_is_under_way_to_the_next_agent() {
    let mut stage = with_job(GATED, "");
    stage.up(&[]);
    let mut asked = begin(&stage);
    stage.run(&["down", "--force"]).ended(0);
    asked.wait().unwrap();
    stage.agent_ended();
    assert!(alive(job_pid(&stage)) && stage.lines("count") == ["begin"]);
    stage.up(&[]);
    stage.write("go", "");
    stage.until("the end is known", |s| id(s, JOB)["code"] == "on_time");
    assert_eq!(stage.lines("count"), ["begin", "end"]);
}

#[test]
fn without_an_agent_the_command_line_runs_it_itself() {
    let stage = with_job("echo one >>count", "");
    let done = stage.run(&["recover", JOB, "--format", "json"]).ended(0).json();
    assert_eq!(done["effects"][0]["outcome"], "done", "{done:#}");
    assert_eq!(stage.lines("count"), ["one"]);
}

#[test]
fn a_secret_of_a_command_is_seen_by_the_command_alone() {
    const SECRET: &str = "hunter2-in-the-file";
    const INHERITED: &str = "hunter3-in-the-agent";
    let env = format!("env = {{ TOKEN = \"{SECRET}\" }}\nenv_from = [\"API_KEY\"]");
    let command =
        "echo \"using $TOKEN and $API_KEY\"; [ \"$API_KEY\" ] && [ \"$TOKEN\" ] && echo both >>had; ";
    let mut stage = with_job(&format!("{command}{GATED}"), &env);
    stage.up_in(&[], &[("API_KEY", INHERITED)]);
    let mut asked = begin(&stage);
    let told = |text: &str| text.contains(SECRET) || text.contains(INHERITED);
    let loud: Vec<String> = all().into_iter().map(command_line).filter(|line| told(line)).collect();
    assert!(loud.is_empty(), "everybody sees it in ps: {loud:?}");
    stage.write("go", "");
    asked.wait().unwrap();
    stage.until_health(JOB, "healthy");
    let logged = || stage.run(&["logs", "--part", "runs"]).out.contains("using").then_some(());
    until("was the output logged", logged, || stage.run(&["logs"]).out);
    assert_eq!(stage.lines("had"), ["both"], "the command had them");
    for command in
        [&["logs", "-n", "1000"][..], &["status"], &["report"], &["scan"], &["recover", JOB], &["doctor"]]
    {
        let answer = stage.run(command);
        assert!(!told(&answer.out) && !told(&answer.err), "{command:?}: {answer:?}");
        if command[0] != "logs" {
            assert!(!told(&stage.json(command).to_string()), "{command:?}");
        }
    }
    assert!(!told(&stage.said()), "{}", stage.said());
    stage.run(&["down"]).ended(0);
    for dir in ["", "logs", "reports"] {
        for file in std::fs::read_dir(stage.path(".standin").join(dir)).unwrap().flatten() {
            let bytes = std::fs::read(file.path()).unwrap_or_default();
            assert!(!told(&String::from_utf8_lossy(&bytes)), "{}", file.path().display());
        }
    }
}

#[test]
fn a_slot_runs_once_without_being_asked() {
    let settings = "[[automation]]\nname = \"job\"\ncommand = \"echo slot >>count\"\nschedule = \"* * * * *\"\njitter = \"0s\"\n";
    let mut stage = Stage::with(settings);
    stage.up(&[]);
    let due = id(&stage.status(), JOB)["due"].clone();
    assert_ne!(due, Value::Null);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(75);
    while stage.lines("count").is_empty() {
        assert!(std::time::Instant::now() < deadline, "never ran: {:#}", stage.status());
        std::thread::sleep(std::time::Duration::from_millis(250));
    }
    let status = stage.until_health(JOB, "healthy");
    let time = |value: &Value| value.as_str().unwrap().trim_end_matches('Z').to_owned();
    assert!(time(&id(&status, JOB)["last_success"]) >= time(&due), "{status:#}");
    // Another agent on the same state does not run the slot again.
    stage.kill_agent();
    stage.up(&[]);
    stage.look_again();
    assert!(stage.lines("count").len() <= 2 && id(&stage.status(), JOB)["due"] != due);
}

#[test]
fn logs_are_followed_until_the_reader_goes() {
    let mut stage = with_job("echo the-$((6*7))th-word", "");
    stage.up(&[]);
    let mut follow = stage.command(&["logs", "-f", "-n", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(follow.stdout.take().unwrap()).lines();
    stage.run(&["recover", JOB]).ended(0);
    let word = lines.by_ref().map_while(Result::ok).find(|line| line.contains("the-42th-word"));
    assert!(word.is_some(), "the output was not followed");
    drop(lines);
    // What it writes next finds nobody.
    stage.run(&["recover", JOB]).ended(0);
    let end = until("does it end", || follow.try_wait().unwrap(), String::new);
    assert!(end.success(), "{end}");
}
