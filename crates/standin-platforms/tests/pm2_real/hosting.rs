//! The agent itself under PM2.

use serde_json::{Value, json};
use standin_core::effect::Outcome;
use standin_platforms::pm2::{HostError, HostedAgent, Pm2, Pm2Options};

use crate::stage::{Stage, kill_nine};

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
    let path = stage.script("agent.sh", text);
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

fn saved_names(stage: &Stage) -> Vec<String> {
    let text = std::fs::read_to_string(stage.home.join("dump.pm2")).unwrap();
    let list: Vec<Value> = serde_json::from_str(&text).unwrap();
    list.iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_agent_is_hosted_saved_rehosted_and_taken_out_again() {
    let Some(stage) = Stage::new() else { return };
    write_agent(&stage);
    stage.start(&[json!({"name": "web", "script": "sleep.sh"})]);
    let pm2 = Pm2::new(Pm2Options { agent_app: Some("standin".to_owned()), ..stage.options() });
    pm2.host_agent(agent(&stage)).await.unwrap();
    assert_eq!(saved_names(&stage), ["web", "standin"]);
    let first = stage.copies("standin");
    assert_eq!(first.len(), 1);
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

    pm2.unhost_agent("standin", &agent(&stage).exe).await.unwrap();
    assert_eq!(saved_names(&stage), ["web"]);
    assert_eq!(stage.copies("standin"), second);
    let out = std::fs::read_to_string(stage.repo().join("out.log")).unwrap();
    assert!(out.contains("args: up"), "{out}");
}

#[tokio::test]
async fn an_app_that_only_has_the_agents_name_is_left_alone() {
    let Some(stage) = Stage::new() else { return };
    write_agent(&stage);
    stage.start(&[json!({"name": "standin", "script": "sleep.sh"})]);
    let before = stage.copies("standin");
    let pm2 = stage.adapter();
    assert!(matches!(pm2.host_agent(agent(&stage)).await, Err(HostError::Foreign { .. })));
    assert!(matches!(pm2.unhost_agent("standin", &agent(&stage).exe).await, Err(HostError::Foreign { .. })));
    assert_eq!(stage.copies("standin"), before);
    assert!(matches!(pm2.rehost_agent().await, Outcome::Refused { .. }));
}
