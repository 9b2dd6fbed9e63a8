//! Strangers: apps of the same name, and things that answer at PM2's sockets and are not PM2.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use standin_core::effect::{Effect, Outcome};
use standin_core::observation::{Daemon, Expected, OwnedApp, Pm2App, ProcessStatus};
use standin_core::verdict::Life;
use standin_engine::ports::Processes;
use standin_platforms::pm2::{Pm2, Pm2Binary, Pm2Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

use crate::stage::{Stage, id, is_up, processes, until};

#[tokio::test]
async fn an_app_of_the_same_name_with_another_program_is_never_touched() {
    let Some(stage) = Stage::new() else { return };
    stage.script("theirs.sh", "exec sleep 1000");
    stage.start(&[json!({"name": "web", "script": "theirs.sh"})]);
    stage.run(&["save"]);
    let apps = [stage.app("web", "sleep.sh")];
    let pm2 = stage.adapter();
    let view = until(&pm2, &apps, "up", is_up).await;
    let path = stage.repo().join("theirs.sh").display().to_string();
    assert_eq!(view.apps.get(&id("web")), Some(&Pm2App::Foreign { path }));
    let before = stage.copies("web");
    let restart =
        Effect::RestartProcess { automation: id("web"), lives: vec![Life { pm_id: 0, uptime_stamp: 0 }] };
    assert!(matches!(pm2.apply(&restart, &apps).await, Outcome::NotNeeded { .. }));
    for effect in
        [Effect::StartSaved { automation: id("web") }, Effect::StartDeclared { automation: id("web") }]
    {
        assert!(matches!(pm2.apply(&effect, &apps).await, Outcome::Refused { .. }), "{effect}");
    }
    let elsewhere = Effect::StartSaved { automation: id("unheard-of") };
    assert!(matches!(pm2.apply(&elsewhere, &apps).await, Outcome::Refused { .. }));
    assert_eq!(stage.copies("web"), before);
}

#[tokio::test]
async fn an_app_whose_name_pm2_takes_apart_starts_no_other_app() {
    let Some(stage) = Stage::new() else { return };
    let names = ["two words", "one,two", "words", "one", "two"];
    let apps: Vec<_> = names.iter().map(|name| json!({"name": name, "script": "sleep.sh"})).collect();
    stage.ecosystem(&apps);
    stage.run(&["ping"]);
    let pm2 = stage.adapter();
    for name in ["two words", "one,two"] {
        let apps = [OwnedApp { id: id("it"), name: name.to_owned(), ..stage.app("it", "sleep.sh") }];
        let outcome = pm2.apply(&Effect::StartDeclared { automation: id("it") }, &apps).await;
        assert!(matches!(&outcome, Outcome::Refused { why } if why.contains(name)), "{outcome:?}");
    }
    assert!(names.iter().all(|name| stage.copies(name).is_empty()));
    let words = [stage.app("words", "sleep.sh")];
    assert_eq!(pm2.apply(&Effect::StartDeclared { automation: id("words") }, &words).await, Outcome::Done);
    assert_eq!(stage.copies("words").len(), 1);
}

/// Answers each connection to `socket` with these bytes, and then holds it open.
fn serve(socket: &Path, answer: Vec<u8>) {
    let listener = UnixListener::bind(socket).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut asked = [0; 16];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(&answer).await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            });
        }
    });
}

fn framed(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    [&[0x11], &length[..], text.as_bytes()].concat()
}

/// A `pm2` whose `jlist` prints this.
fn printing(dir: &Path, text: &str) -> Pm2Binary {
    let path = dir.join("pm2");
    std::fs::write(&path, format!("#!/bin/sh\ncat <<'END'\n{text}\nEND\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    Pm2Binary::At(path)
}

fn adapter(home: &Path, binary: Pm2Binary) -> Pm2 {
    Pm2::new(Pm2Options { home: home.to_owned(), binary, memory: "}garbage".to_owned(), agent_app: None })
}

fn app() -> OwnedApp {
    OwnedApp {
        id: id("web"),
        name: "web".to_owned(),
        script: "/repo/web.js".to_owned(),
        file: "/repo/ecosystem.config.js".to_owned(),
    }
}

#[tokio::test]
async fn garbage_at_the_sockets_is_unknown_and_nothing_is_done() {
    let garbage = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        vec![0xff; 64],
        vec![0x1f, 0xff, 0xff, 0xff, 0xff],
        framed("j:{"),
        framed("j:[]"),
        framed(r#"j:{"args":[]}"#),
        framed(r#"j:{"args":[7]}"#),
        framed(r#"j:{"args":[[{"pm2_env":null}]]}"#),
        framed(r#"j:{"error":"method \"getMonitorData\" does not exist"}"#),
    ];
    for (number, answer) in garbage.into_iter().enumerate() {
        let home = tempfile::tempdir().unwrap();
        serve(&home.path().join("rpc.sock"), answer.clone());
        serve(&home.path().join("pub.sock"), answer);
        let pm2 = adapter(home.path(), printing(home.path(), "no list"));
        let view = pm2.look(&[app()]).await;
        assert!(matches!(view.daemon, Daemon::Unknown { .. }), "{number}: {view:?}");
        for effect in [
            Effect::StartSaved { automation: id("web") },
            Effect::Resurrect { members: vec![id("web")] },
            Effect::RestartProcess { automation: id("web"), lives: vec![Life { pm_id: 0, uptime_stamp: 0 }] },
        ] {
            let outcome = pm2.apply(&effect, &[app()]).await;
            assert!(matches!(outcome, Outcome::Refused { .. }), "{number}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_socket_that_speaks_another_protocol_falls_back_to_the_command() {
    let home = tempfile::tempdir().unwrap();
    serve(&home.path().join("rpc.sock"), framed(r#"j:{"error":"method \"getMonitorData\" does not exist"}"#));
    std::fs::write(home.path().join("pm2.pid"), std::process::id().to_string()).unwrap();
    let list = json!([{"pid": 7, "name": "web", "pm_id": 0, "pm2_env": {"status": "online",
        "pm_uptime": 5, "pm_exec_path": "/repo/web.js", "env": {}}}]);
    let pm2 = adapter(home.path(), printing(home.path(), &format!("[PM2] a notice\n{list}")));
    let view = pm2.look(&[app()]).await;
    assert_eq!(processes(&view, "web")[0].status, ProcessStatus::Online);
}

#[tokio::test]
async fn a_home_where_pm2_has_never_run_and_a_number_that_was_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let none = Pm2Binary::At(dir.path().join("none"));
    let view = adapter(&dir.path().join("nowhere"), none.clone()).look(&[app()]).await;
    assert!(matches!(&view.daemon, Daemon::Gone { expected: Expected::No, .. }), "{view:?}");
    // The pid of this test is alive, and no daemon.
    std::fs::write(dir.path().join("pm2.pid"), std::process::id().to_string()).unwrap();
    let pm2 = adapter(dir.path(), none);
    assert!(matches!(pm2.look(&[app()]).await.daemon, Daemon::Gone { .. }));
    let outcome = pm2.apply(&Effect::Resurrect { members: vec![id("web")] }, &[app()]).await;
    assert!(matches!(&outcome, Outcome::Refused { why } if why.contains("not found")), "{outcome:?}");
}

#[tokio::test]
async fn a_flood_of_output_wakes_nobody() {
    let Some(stage) = Stage::new() else { return };
    stage.script("loud.sh", "while :; do echo a line of output that nobody here reads; done");
    stage.start(&[json!({"name": "loud", "script": "loud.sh"})]);
    let apps = [stage.app("loud", "loud.sh")];
    let pm2 = stage.adapter();
    until(&pm2, &apps, "listed", |v| !processes(v, "loud").is_empty()).await;
    // Whatever its start had to say has been said when there is half a second of quiet.
    let quiet =
        async { while tokio::time::timeout(Duration::from_millis(500), pm2.changed()).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(20), quiet).await.expect("the flood does not end");
}
