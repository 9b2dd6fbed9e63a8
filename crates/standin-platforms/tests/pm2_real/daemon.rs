//! The daemon's own deaths, and what is brought back after them.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use standin_core::effect::{Effect, Outcome};
use standin_core::observation::{Absence, Daemon, Expected, Pm2App, Pm2View, ProcessStatus};
use standin_engine::ports::Processes;

use crate::stage::{Stage, id, is_up, kill_nine, process, processes, signal, until};

fn gone(view: &Pm2View, wanted: Expected) -> bool {
    matches!(view.daemon, Daemon::Gone { expected, .. } if expected == wanted)
}

fn online(view: &Pm2View, name: &str) -> bool {
    !processes(view, name).is_empty()
        && processes(view, name).iter().all(|p| p.status == ProcessStatus::Online)
}

#[tokio::test]
async fn a_killed_daemon_is_resurrected_with_one_copy_of_each_owned_app() {
    let Some(stage) = Stage::new() else { return };
    // A shell that stays as the parent of its command, and one that does not end when it is asked to.
    stage.script("tree.sh", "sleep 1000\necho done");
    stage.script("deaf.sh", "trap '' INT TERM\nwhile :; do sleep 0.2; done");
    stage.script("web.js", "require('http').createServer((q, s) => s.end()).listen(0)");
    stage.start(&[
        json!({"name": "plain", "script": "sleep.sh"}),
        json!({"name": "tree", "script": "tree.sh"}),
        json!({"name": "deaf", "script": "deaf.sh", "kill_timeout": 300}),
        json!({"name": "web", "script": "web.js", "exec_mode": "cluster", "instances": 2}),
        json!({"name": "stranger", "script": "sleep.sh"}),
    ]);
    stage.run(&["save"]);
    let apps = [
        stage.app("plain", "sleep.sh"),
        stage.app("tree", "tree.sh"),
        stage.app("deaf", "deaf.sh"),
        stage.app("web", "web.js"),
    ];
    let names = ["plain", "tree", "deaf", "web"];
    let pm2 = stage.adapter();
    until(&pm2, &apps, "all online", |v| names.iter().all(|n| online(v, n))).await;
    let stranger = stage.copies("stranger");
    assert_eq!(stranger.len(), 1);
    let old: Vec<u32> = names.iter().flat_map(|name| stage.copies(name)).collect();

    kill_nine(stage.daemon_pid());
    until(&pm2, &apps, "the daemon is gone", |v| gone(v, Expected::Yes)).await;
    assert_eq!(stage.copies("plain").len(), 1, "its children live on");
    let members = apps.iter().map(|app| app.id.clone()).collect();
    assert_eq!(pm2.apply(&Effect::Resurrect { members }, &apps).await, Outcome::Done);
    let view = until(&pm2, &apps, "all online again", |v| names.iter().all(|n| online(v, n))).await;
    assert_eq!(processes(&view, "web").len(), 2);
    for name in ["plain", "tree", "deaf"] {
        let heads = processes(&view, name);
        assert_eq!(heads.len(), 1, "{name}");
        let copies = stage.copies(name);
        assert!(copies.contains(&heads[0].pid), "{name}");
        assert!(!copies.iter().any(|pid| old.contains(pid)), "{name}: {copies:?} of {old:?}");
    }
    assert_eq!(stage.copies("stranger"), stranger, "neither ended nor doubled");
    let daemon = stage.daemon_pid();
    assert!(matches!(view.daemon, Daemon::Up { pid, .. } if pid == daemon));
}

#[tokio::test]
async fn a_daemon_ended_by_hand_is_not_wanted_back_and_one_ended_by_a_signal_is() {
    let Some(stage) = Stage::new() else { return };
    stage.start(&[json!({"name": "web", "script": "sleep.sh"})]);
    stage.run(&["save"]);
    let apps = [stage.app("web", "sleep.sh")];
    let pm2 = stage.adapter();
    until(&pm2, &apps, "online", |v| online(v, "web")).await;
    stage.run(&["kill"]);
    until(&pm2, &apps, "ended by hand", |v| gone(v, Expected::No)).await;
    let memory = pm2.memory();
    drop(pm2);
    let next =
        standin_platforms::pm2::Pm2::new(standin_platforms::pm2::Pm2Options { memory, ..stage.options() });
    assert!(gone(&next.look(&apps).await, Expected::No));
    // A new daemon without the app: it was ended with the old one, by hand.
    stage.run(&["ping"]);
    let deleted = Pm2App::Absent { absence: Absence::DeletedByHand };
    until(&next, &apps, "left alone", |v| v.apps.get(&id("web")) == Some(&deleted)).await;
    stage.run(&["resurrect"]);
    until(&next, &apps, "online again", |v| online(v, "web")).await;
    signal(stage.daemon_pid(), Signal::SIGTERM);
    until(&next, &apps, "ended by a signal", |v| gone(v, Expected::Yes)).await;
}

#[tokio::test]
async fn a_kill_that_nobody_heard_is_told_from_what_it_left_behind() {
    let Some(stage) = Stage::new() else { return };
    stage.start(&[json!({"name": "web", "script": "sleep.sh"})]);
    let apps = [stage.app("web", "sleep.sh")];
    let pm2 = stage.adapter();
    until(&pm2, &apps, "online", |v| online(v, "web")).await;
    let memory = pm2.memory();
    drop(pm2);
    let next = || {
        let options = standin_platforms::pm2::Pm2Options { memory: memory.clone(), ..stage.options() };
        standin_platforms::pm2::Pm2::new(options)
    };
    stage.run(&["kill"]);
    assert!(gone(&next().look(&apps).await, Expected::No));
    stage.run(&["ping"]);
    let pm2 = next();
    until(&pm2, &apps, "up", is_up).await;
    let memory = pm2.memory();
    drop(pm2);
    kill_nine(stage.daemon_pid());
    let next =
        standin_platforms::pm2::Pm2::new(standin_platforms::pm2::Pm2Options { memory, ..stage.options() });
    until(&next, &apps, "died", |v| gone(v, Expected::Yes)).await;
}

#[tokio::test]
async fn an_app_of_the_saved_list_that_a_new_daemon_lacks_is_lost_and_started_once() {
    let Some(stage) = Stage::new() else { return };
    stage.start(&[
        json!({"name": "web", "script": "sleep.sh"}),
        json!({"name": "other", "script": "sleep.sh"}),
    ]);
    stage.run(&["save"]);
    // As after a reboot: the daemon and its children are gone, and nobody resurrected them.
    kill_nine(stage.daemon_pid());
    stage.copies("web").into_iter().chain(stage.copies("other")).for_each(kill_nine);
    stage.run(&["ping"]);
    let apps = [stage.app("web", "sleep.sh")];
    let pm2 = stage.adapter();
    let lost = Pm2App::Absent { absence: Absence::LostByDaemon };
    until(&pm2, &apps, "lost", |v| v.apps.get(&id("web")) == Some(&lost)).await;
    let effect = Effect::StartSaved { automation: id("web") };
    assert_eq!(pm2.apply(&effect, &apps).await, Outcome::Done);
    let view = until(&pm2, &apps, "online", |v| online(v, "web")).await;
    assert!(matches!(pm2.apply(&effect, &apps).await, Outcome::NotNeeded { .. }));
    assert_eq!(stage.copies("web"), [process(&view, "web").unwrap().pid]);
    assert!(stage.copies("other").is_empty(), "nobody asked for it");
}

#[tokio::test]
async fn an_unsaved_app_that_died_with_its_daemon_comes_back_from_its_file() {
    let Some(stage) = Stage::new() else { return };
    stage.start(&[json!({"name": "web", "script": "sleep.sh"})]);
    let apps = [stage.app("web", "sleep.sh")];
    let pm2 = stage.adapter();
    until(&pm2, &apps, "online", |v| online(v, "web")).await;
    kill_nine(stage.daemon_pid());
    until(&pm2, &apps, "gone", |v| gone(v, Expected::Yes)).await;
    let effect = Effect::Resurrect { members: vec![id("web")] };
    assert_eq!(pm2.apply(&effect, &apps).await, Outcome::Done);
    let view = until(&pm2, &apps, "online again", |v| online(v, "web")).await;
    assert_eq!(stage.copies("web"), [process(&view, "web").unwrap().pid]);
}

#[tokio::test]
async fn what_pm2_was_never_asked_to_run_is_started_only_when_asked() {
    let Some(stage) = Stage::new() else { return };
    stage.ecosystem(&[
        json!({"name": "web", "script": "sleep.sh"}),
        json!({"name": "other", "script": "sleep.sh"}),
    ]);
    let (web, other) = (stage.app("web", "sleep.sh"), stage.app("other", "sleep.sh"));
    let apps = [web, other];
    let pm2 = stage.adapter();
    assert!(gone(&pm2.look(&apps).await, Expected::No));
    let saved = Effect::StartSaved { automation: id("web") };
    assert!(matches!(pm2.apply(&saved, &apps).await, Outcome::Refused { .. }));
    let effect = Effect::StartDeclared { automation: id("web") };
    assert_eq!(pm2.apply(&effect, &apps).await, Outcome::Done);
    let view = until(&pm2, &apps, "online", |v| online(v, "web")).await;
    assert_eq!(view.apps.get(&id("other")), Some(&Pm2App::Absent { absence: Absence::NeverStarted }));
    assert!(matches!(pm2.apply(&effect, &apps).await, Outcome::NotNeeded { .. }));
    assert!(matches!(pm2.apply(&saved, &apps).await, Outcome::NotNeeded { .. }));
    // What PM2 stores of the environment holds nothing of ours.
    stage.run(&["save"]);
    let dump = std::fs::read_to_string(stage.home.join("dump.pm2")).unwrap();
    assert!(dump.contains("PM2_HOME") && !dump.contains("CARGO_"), "the environment was not scrubbed");
    tokio::time::timeout(Duration::from_secs(1), pm2.look(&apps)).await.unwrap();
}

#[tokio::test]
async fn starts_at_the_same_time_share_one_daemon() {
    let Some(stage) = Stage::new() else { return };
    let names = ["a", "b", "c"];
    stage.ecosystem(&names.map(|name| json!({"name": name, "script": "sleep.sh"})));
    let apps = names.map(|name| stage.app(name, "sleep.sh"));
    let pm2 = stage.adapter();
    let start = |name: &str| Effect::StartDeclared { automation: id(name) };
    let (a, b, c) = (start("a"), start("b"), start("c"));
    let outcomes = tokio::join!(pm2.apply(&a, &apps), pm2.apply(&b, &apps), pm2.apply(&c, &apps));
    assert_eq!(outcomes, (Outcome::Done, Outcome::Done, Outcome::Done));
    let view = until(&pm2, &apps, "all online", |v| names.iter().all(|n| online(v, n))).await;
    for name in names {
        assert_eq!(stage.copies(name), [process(&view, name).unwrap().pid], "{name}");
    }
}
