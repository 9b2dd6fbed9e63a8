//! The agent itself under PM2.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use standin_core::effect::Outcome;
use standin_platforms::pm2::{HostError, HostedAgent, HostedProcess, Pm2, Pm2Options, Unhosted};

use crate::stage::{LIMIT, Stage, kill_nine};

fn agent(stage: &Stage) -> HostedAgent {
    HostedAgent {
        name: "standin".to_owned(),
        exe: stage.repo().join("agent.sh"),
        args: vec!["up".to_owned()],
        cwd: stage.repo(),
        out_log: stage.repo().join("out.log"),
        err_log: stage.repo().join("err.log"),
        env: vec![("STANDIN_TEST".to_owned(), "1".to_owned())],
    }
}

/// Stands for the agent: says that it is ready as `notify_ready` does, and stays.
fn write_agent(stage: &Stage) {
    let text = "#!/bin/sh\necho \"args: $*\"\nprintf '\"ready\"\\n' >&$NODE_CHANNEL_FD\nexec sleep 1000\n";
    write_program(stage, text);
}

fn write_program(stage: &Stage, text: &str) {
    let path = stage.script("agent.sh", text);
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

fn saved_names(stage: &Stage) -> Vec<String> {
    let text = std::fs::read_to_string(stage.home.join("dump.pm2")).unwrap();
    let list: Vec<Value> = serde_json::from_str(&text).unwrap();
    list.iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}

async fn unhost(pm2: &Pm2, stage: &Stage, cwd: &Path) -> Result<Unhosted, HostError> {
    pm2.unhost_agent("standin", &agent(stage).exe, cwd).await
}

#[tokio::test]
async fn the_agent_is_hosted_saved_rehosted_and_taken_out_again() {
    let Some(stage) = Stage::new() else { return };
    write_agent(&stage);
    stage.start(&[json!({"name": "web", "script": "sleep.sh"})]);
    stage.run(&["save"]);
    let pm2 = Pm2::new(Pm2Options { agent_app: Some("standin".to_owned()), ..stage.options() });
    assert_eq!(pm2.hosted_agent("standin", &stage.repo()).await.unwrap(), None);
    pm2.host_agent(agent(&stage)).await.unwrap();
    assert_eq!(saved_names(&stage), ["web", "standin"]);
    let first = stage.copies("standin");
    assert_eq!(first.len(), 1);
    let hosted = pm2.hosted_agent("standin", &stage.repo()).await.unwrap();
    assert_eq!(hosted, Some(HostedProcess { pid: Some(first[0]), restarts: 0 }));
    assert!(matches!(pm2.rehost_agent().await, Outcome::NotNeeded { .. }));

    // A saved app that does not run right now stays saved; an earlier agent is replaced.
    stage.run(&["delete", "web"]);
    pm2.host_agent(agent(&stage)).await.unwrap();
    assert_eq!(saved_names(&stage), ["web", "standin"]);
    let second = stage.copies("standin");
    assert!(second.len() == 1 && second != first);

    // The daemon dies, the orphaned agent brings a new one up and hands over to PM2's copy of itself.
    kill_nine(stage.daemon_pid());
    stage.run(&["ping"]);
    assert_eq!(pm2.rehost_agent().await, Outcome::Done);
    assert_eq!(stage.copies("standin").len(), 2, "the orphan is the caller, who exits now");

    assert_eq!(unhost(&pm2, &stage, &stage.repo()).await.unwrap(), Unhosted::Released);
    assert_eq!(saved_names(&stage), ["web"]);
    assert_eq!(stage.copies("standin"), second);
    assert_eq!(unhost(&pm2, &stage, &stage.repo()).await.unwrap(), Unhosted::NotThere);
    let out = std::fs::read_to_string(stage.repo().join("out.log")).unwrap();
    assert!(out.contains("args: up"), "{out}");
}

#[tokio::test]
async fn what_nobody_saved_is_not_saved_with_the_agent() {
    let Some(stage) = Stage::new() else { return };
    write_agent(&stage);
    stage.start(&[
        json!({"name": "web", "script": "sleep.sh"}),
        json!({"name": "tried-out", "script": "sleep.sh"}),
    ]);
    let pm2 = stage.adapter();
    pm2.host_agent(agent(&stage)).await.unwrap();
    assert_eq!(saved_names(&stage), ["standin"]);
    stage.run(&["save"]);
    stage.run(&["start", "sleep.sh", "--name", "later", "--interpreter", "/bin/sh"]);
    pm2.host_agent(agent(&stage)).await.unwrap();
    assert_eq!(saved_names(&stage), ["web", "tried-out", "standin"]);
    assert_eq!(stage.copies("later").len(), 1);
}

#[tokio::test]
async fn the_agent_of_another_folder_is_left_alone_whatever_its_name() {
    let Some(stage) = Stage::new() else { return };
    write_agent(&stage);
    let pm2 = stage.adapter();
    pm2.host_agent(agent(&stage)).await.unwrap();
    let before = stage.copies("standin");
    let elsewhere = stage.dir.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let other = HostedAgent { cwd: elsewhere.clone(), ..agent(&stage) };
    assert!(matches!(pm2.host_agent(other).await, Err(HostError::Foreign { .. })));
    assert!(matches!(unhost(&pm2, &stage, &elsewhere).await, Err(HostError::Foreign { .. })));
    assert_eq!(pm2.hosted_agent("standin", &elsewhere).await.unwrap(), None);
    assert_eq!((stage.copies("standin"), saved_names(&stage)), (before, vec!["standin".to_owned()]));
}

#[tokio::test]
async fn an_agent_that_fails_at_each_start_is_taken_out_for_good() {
    let Some(stage) = Stage::new() else { return };
    write_program(&stage, "#!/bin/sh\necho 'error: the port is taken' >&2\nexit 4\n");
    let pm2 = stage.adapter();
    for _ in 0..3 {
        pm2.host_agent(agent(&stage)).await.unwrap();
        let failed = tokio::time::timeout(LIMIT, async {
            while pm2.hosted_agent("standin", &stage.repo()).await.unwrap().is_none_or(|p| p.restarts == 0) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        failed.await.expect("PM2 does not count its restarts");
        // PM2 is in the middle of a restart now.
        assert_eq!(unhost(&pm2, &stage, &stage.repo()).await.unwrap(), Unhosted::Released);
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(pm2.hosted_agent("standin", &stage.repo()).await.unwrap(), None);
    }
    assert!(saved_names(&stage).is_empty());
}

#[tokio::test]
async fn an_app_that_only_has_the_agents_name_is_left_alone() {
    let Some(stage) = Stage::new() else { return };
    write_agent(&stage);
    stage.start(&[json!({"name": "standin", "script": "sleep.sh"})]);
    let before = stage.copies("standin");
    let pm2 = stage.adapter();
    assert!(matches!(pm2.host_agent(agent(&stage)).await, Err(HostError::Foreign { .. })));
    assert!(matches!(unhost(&pm2, &stage, &stage.repo()).await, Err(HostError::Foreign { .. })));
    assert_eq!(stage.copies("standin"), before);
    assert!(matches!(pm2.rehost_agent().await, Outcome::Refused { .. }));
}
