//! Apps that end, are ended, and are brought back.

use std::time::{Duration, Instant};

use serde_json::json;
use standin_core::effect::{Effect, Outcome};
use standin_core::observation::{Absence, EventLoop, Pm2App, ProcessFact, ProcessStatus, StopCause};
use standin_core::verdict::Life;
use standin_engine::ports::Processes;
use standin_platforms::pm2::{Pm2, Pm2Options};

use crate::stage::{LIMIT, Stage, id, kill_nine, process, processes, until};

fn online(fact: &ProcessFact) -> bool {
    fact.status == ProcessStatus::Online
}

fn restart(name: &str, fact: &ProcessFact) -> Effect {
    Effect::RestartProcess {
        automation: id(name),
        lives: vec![Life { pm_id: fact.pm_id, uptime_stamp: fact.uptime_stamp }],
    }
}

#[tokio::test]
async fn a_kill_is_known_at_once_with_its_signal_and_the_app_is_brought_back_once() {
    let Some(stage) = Stage::new() else { return };
    stage.start(&[json!({"name": "worker", "script": "sleep.sh", "autorestart": false})]);
    let (pm2, apps) = (stage.adapter(), [stage.app("worker", "sleep.sh")]);
    let mut exits = pm2.exits();
    let view = until(&pm2, &apps, "online", |v| process(v, "worker").is_some_and(|p| online(&p))).await;
    let before = process(&view, "worker").unwrap();
    let killed_at = Instant::now();
    kill_nine(before.pid);
    let exit = tokio::time::timeout(LIMIT, exits.recv()).await.unwrap().unwrap();
    eprintln!("kill -9 was heard after {:?}", exit.at - killed_at);
    let view = pm2.look(&apps).await;
    let dead = process(&view, "worker").unwrap();
    assert_eq!(dead.stop, StopCause::Killed { signal: "SIGKILL".to_owned() });
    assert_eq!((dead.status, dead.pid), (ProcessStatus::Stopped, 0));

    let effect = restart("worker", &dead);
    assert_eq!(pm2.apply(&effect, &apps).await, Outcome::Done);
    let view = until(&pm2, &apps, "online again", |v| process(v, "worker").is_some_and(|p| online(&p))).await;
    let again = process(&view, "worker").unwrap();
    assert!(again.pid != before.pid && again.uptime_stamp > before.uptime_stamp);
    assert!(matches!(pm2.apply(&effect, &apps).await, Outcome::NotNeeded { .. }), "the look is stale by now");
    assert_eq!(process(&pm2.look(&apps).await, "worker").unwrap().pid, again.pid);
    // One that hangs is online with the uptime that was observed.
    assert_eq!(pm2.apply(&restart("worker", &again), &apps).await, Outcome::Done);
    assert_ne!(process(&pm2.look(&apps).await, "worker").unwrap().pid, again.pid);
}

#[tokio::test]
async fn what_pm2_restarts_is_counted_and_is_never_reported_as_stopped_by_hand() {
    let Some(stage) = Stage::new() else { return };
    stage.start(&[json!({"name": "web", "script": "sleep.sh"})]);
    let (pm2, apps) = (stage.adapter(), [stage.app("web", "sleep.sh")]);
    let view = until(&pm2, &apps, "online", |v| process(v, "web").is_some_and(|p| online(&p))).await;
    let before = process(&view, "web").unwrap();
    kill_nine(before.pid);
    let mut causes = Vec::new();
    let view = until(&pm2, &apps, "online again", |v| {
        let fact = process(v, "web").unwrap();
        causes.push(fact.stop.clone());
        online(&fact) && fact.pid != before.pid
    })
    .await;
    let after = process(&view, "web").unwrap();
    assert_eq!((after.recent_restarts.len(), after.restarts), (1, before.restarts + 1));
    // A restart by hand passes through a stop; it must not be taken for one.
    let watching = until(&pm2, &apps, "restarted by hand", |v| {
        let fact = process(v, "web").unwrap();
        causes.push(fact.stop.clone());
        online(&fact) && fact.restarts == before.restarts + 2
    });
    let hand = tokio::process::Command::from(stage.command(&["restart", "web"])).output();
    let (_, done) = tokio::join!(watching, hand);
    assert!(done.unwrap().status.success());
    assert!(!causes.contains(&StopCause::ByHand), "{causes:?}");
}

#[tokio::test]
async fn exit_codes_giving_up_and_coming_back_from_it() {
    let Some(stage) = Stage::new() else { return };
    stage.script("three.sh", "sleep 1; exit 3");
    // It fails until a file is there.
    stage.script("flaky.sh", "[ -e ok ] || exit 1\nexec sleep 1000");
    let flaky =
        |name: &str| json!({"name": name, "script": "flaky.sh", "max_restarts": 2, "cwd": stage.repo()});
    let mut delayed = flaky("delayed");
    delayed["exp_backoff_restart_delay"] = json!(50);
    stage.start(&[
        json!({"name": "three", "script": "three.sh", "autorestart": false}),
        flaky("flaky"),
        delayed,
    ]);
    let apps =
        [stage.app("three", "three.sh"), stage.app("flaky", "flaky.sh"), stage.app("delayed", "flaky.sh")];
    let pm2 = stage.adapter();
    let settled = |v: &standin_core::observation::Pm2View| {
        let of = |name: &str, status| process(v, name).is_some_and(|p| p.status == status);
        of("three", ProcessStatus::Stopped)
            && ["flaky", "delayed"].iter().all(|n| of(n, ProcessStatus::Errored))
    };
    let view = until(&pm2, &apps, "three ends", settled).await;
    assert_eq!(process(&view, "three").unwrap().stop, StopCause::Exited { code: 3 });
    for name in ["flaky", "delayed"] {
        assert_eq!(process(&view, name).unwrap().stop, StopCause::Exited { code: 1 }, "{name}");
    }
    stage.script("ok", "");
    for name in ["flaky", "delayed"] {
        let effect = restart(name, &process(&view, name).unwrap());
        assert_eq!(pm2.apply(&effect, &apps).await, Outcome::Done, "{name}");
    }
    until(&pm2, &apps, "both up", |v| ["flaky", "delayed"].iter().all(|n| online(&process(v, n).unwrap())))
        .await;
}

#[tokio::test]
async fn what_a_person_stops_or_deletes_is_told_apart_also_by_the_next_watcher() {
    let Some(stage) = Stage::new() else { return };
    let app = |name: &str| json!({"name": name, "script": "sleep.sh", "autorestart": name == "a"});
    stage.start(&[app("a"), app("b"), app("c")]);
    let apps = ["a", "b", "c"].map(|name| stage.app(name, "sleep.sh"));
    let pm2 = stage.adapter();
    until(&pm2, &apps, "all online", |v| {
        ["a", "b", "c"].iter().all(|n| process(v, n).is_some_and(|p| online(&p)))
    })
    .await;
    stage.run(&["stop", "a", "b"]);
    stage.run(&["delete", "c"]);
    let deleted = Some(&Pm2App::Absent { absence: Absence::DeletedByHand });
    let by_hand = |v: &standin_core::observation::Pm2View| {
        ["a", "b"].iter().all(|n| process(v, n).is_some_and(|p| p.stop == StopCause::ByHand))
            && v.apps.get(&id("c")) == deleted
    };
    until(&pm2, &apps, "stopped and deleted by hand", by_hand).await;
    let memory = pm2.memory();
    assert!(memory.len() < 2000 && !memory.contains("PATH"), "{memory}");
    drop(pm2);
    let next = Pm2::new(Pm2Options { memory, ..stage.options() });
    assert!(by_hand(&next.look(&apps).await), "{:#?}", next.look(&apps).await);
    // A watcher without the memory, that nobody told anything, has PM2's log.
    let forgetful = stage.adapter();
    let view = forgetful.look(&apps).await;
    assert_eq!(process(&view, "b").unwrap().stop, StopCause::ByHand);
    assert_eq!(view.apps.get(&id("c")), Some(&Pm2App::Absent { absence: Absence::NeverStarted }));
}

#[tokio::test]
async fn a_cron_app_keeps_its_schedule_when_it_is_restarted() {
    let Some(stage) = Stage::new() else { return };
    stage.script("job.sh", "exit 0");
    // PM2 takes a field for seconds too.
    let cron = "*/2 * * * * *";
    stage.start(&[json!({"name": "job", "script": "job.sh", "autorestart": false, "cron_restart": cron})]);
    let (pm2, apps) = (stage.adapter(), [stage.app("job", "job.sh")]);
    let ended = |v: &standin_core::observation::Pm2View| {
        process(v, "job").is_some_and(|p| p.stop == StopCause::Exited { code: 0 })
    };
    let view = until(&pm2, &apps, "the job has run", ended).await;
    let first = process(&view, "job").unwrap();
    assert_eq!(first.cron_restart, cron);
    assert_eq!(pm2.apply(&restart("job", &first), &apps).await, Outcome::Done);
    let view = until(&pm2, &apps, "it has run again", |v| {
        process(v, "job").unwrap().uptime_stamp > first.uptime_stamp
    })
    .await;
    let ours = process(&view, "job").unwrap().uptime_stamp;
    until(&pm2, &apps, "its own slots go on", |v| {
        let fact = process(v, "job").unwrap();
        assert_ne!(fact.stop, StopCause::ByHand);
        fact.uptime_stamp > ours + 1000
    })
    .await;
}

#[tokio::test]
async fn a_cluster_is_several_processes_and_each_is_restarted_alone() {
    let Some(stage) = Stage::new() else { return };
    stage.script("web.js", "require('http').createServer((q, s) => s.end()).listen(0)");
    stage.start(&[json!({"name": "web", "script": "web.js", "exec_mode": "cluster", "instances": 2})]);
    let (pm2, apps) = (stage.adapter(), [stage.app("web", "web.js")]);
    let view = until(&pm2, &apps, "two workers", |v| {
        processes(v, "web").len() == 2 && processes(v, "web").iter().all(online)
    })
    .await;
    let [first, second] = processes(&view, "web") else { panic!("two") };
    assert!(first.pm_id < second.pm_id && first.pid != second.pid);
    assert_eq!(pm2.apply(&restart("web", second), &apps).await, Outcome::Done);
    let view = until(&pm2, &apps, "the second is new", |v| {
        processes(v, "web").len() == 2 && processes(v, "web")[1].pid != second.pid
    })
    .await;
    assert_eq!(processes(&view, "web")[0].pid, first.pid);
}

#[tokio::test]
async fn an_event_loop_that_stands_still_is_seen_by_its_silence() {
    let Some(stage) = Stage::new() else { return };
    stage.script("hang.js", "setTimeout(() => { for (;;) {} }, 6000); setInterval(() => {}, 100)");
    stage.start(&[json!({"name": "hang", "script": "hang.js"})]);
    let (pm2, apps) = (stage.adapter(), [stage.app("hang", "hang.js")]);
    let silence = |v: &standin_core::observation::Pm2View| match process(v, "hang").map(|p| p.event_loop) {
        Some(EventLoop::Yes { last_report }) => Duration::try_from(v.at.duration_since(last_report)).unwrap(),
        Some(EventLoop::No) | None => Duration::ZERO,
    };
    let view = until(&pm2, &apps, "it hangs", |v| silence(v) > Duration::from_secs(3)).await;
    let hung = process(&view, "hang").unwrap();
    assert_eq!(hung.status, ProcessStatus::Online, "PM2 itself notices nothing");
    assert_eq!(pm2.apply(&restart("hang", &hung), &apps).await, Outcome::Done);
    assert_ne!(process(&pm2.look(&apps).await, "hang").unwrap().pid, hung.pid);
}

#[tokio::test]
async fn an_app_that_pm2_failed_to_restart_is_brought_back_though_pm2_keeps_its_dead_pid() {
    let Some(stage) = Stage::new() else { return };
    let logs = stage.repo().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let log = logs.join("web.log");
    stage.start(&[json!({"name": "web", "script": "sleep.sh", "out_file": log, "error_file": log})]);
    let (pm2, apps) = (stage.adapter(), [stage.app("web", "sleep.sh")]);
    let view = until(&pm2, &apps, "online", |v| process(v, "web").is_some_and(|p| online(&p))).await;
    // Without its folder the log cannot be opened, and PM2 leaves it at that.
    std::fs::remove_dir_all(&logs).unwrap();
    std::fs::write(&logs, "").unwrap();
    kill_nine(process(&view, "web").unwrap().pid);
    let killed = StopCause::Killed { signal: "SIGKILL".to_owned() };
    let settled = std::cell::Cell::new(None::<Instant>);
    let view = until(&pm2, &apps, "stays down", |v| {
        let down = process(v, "web").is_some_and(|p| p.status == ProcessStatus::Stopped && p.stop == killed);
        settled.set(settled.get().or(down.then(Instant::now)).filter(|_| down));
        settled.get().is_some_and(|since| since.elapsed() > Duration::from_secs(1))
    })
    .await;
    std::fs::remove_file(&logs).unwrap();
    std::fs::create_dir(&logs).unwrap();
    let effect = restart("web", &process(&view, "web").unwrap());
    assert_eq!(pm2.apply(&effect, &apps).await, Outcome::Done);
    until(&pm2, &apps, "online again", |v| online(&process(v, "web").unwrap())).await;
}

#[tokio::test]
async fn how_an_app_ended_while_nobody_watched_is_told_by_pm2s_log() {
    let Some(stage) = Stage::new() else { return };
    let app = |name: &str| json!({"name": name, "script": "sleep.sh", "autorestart": false});
    stage.start(&[app("dies"), app("ended")]);
    kill_nine(stage.copies("dies")[0]);
    stage.run(&["stop", "ended"]);
    let (pm2, apps) = (stage.adapter(), [stage.app("dies", "sleep.sh"), stage.app("ended", "sleep.sh")]);
    let view = until(&pm2, &apps, "ended", |v| {
        ["dies", "ended"]
            .iter()
            .all(|name| process(v, name).is_some_and(|p| p.status == ProcessStatus::Stopped))
    })
    .await;
    let cause = |name| process(&view, name).unwrap().stop;
    assert_eq!(cause("dies"), StopCause::Killed { signal: "SIGKILL".to_owned() });
    assert_eq!(cause("ended"), StopCause::ByHand);
}
