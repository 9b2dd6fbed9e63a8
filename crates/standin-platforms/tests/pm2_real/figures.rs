//! Prints what the adapter costs. Not a test: nothing is asserted, and it runs only when asked for
//! (`STANDIN_FIGURES=1 cargo nextest run -p standin-platforms --no-capture figures`).

use std::time::{Duration, Instant};

use serde_json::json;
use standin_core::observation::ProcessStatus;
use standin_engine::ports::Processes;

use crate::stage::{Stage, kill_nine, process, until};

const ROUNDS: usize = 60;

fn figure(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    eprintln!("{what}: p50 {:?}, p90 {:?}, p99 {:?} of {}", at(50), at(90), at(99), times.len());
}

/// Processor time of this process so far, in hundredths of a second.
fn processor_time() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[tokio::test]
async fn figures() {
    if std::env::var_os("STANDIN_FIGURES").is_none() {
        return;
    }
    let Some(stage) = Stage::new() else { return };
    stage.script("loud.sh", "while :; do echo a line of output that nobody here reads; done");
    stage.start(&[json!({"name": "web", "script": "sleep.sh", "max_restarts": 1000})]);
    let (pm2, apps) = (stage.adapter(), [stage.app("web", "sleep.sh")]);
    let mut exits = pm2.exits();
    let up = |v: &_| process(v, "web").is_some_and(|p| p.status == ProcessStatus::Online);
    until(&pm2, &apps, "online", up).await;

    let (mut looks, mut heard, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let since = Instant::now();
        pm2.look(&apps).await;
        looks.push(since.elapsed());
    }
    for _ in 0..ROUNDS {
        let view = until(&pm2, &apps, "online", up).await;
        while tokio::time::timeout(Duration::from_millis(100), pm2.changed()).await.is_ok() {}
        let since = Instant::now();
        kill_nine(process(&view, "web").unwrap().pid);
        pm2.changed().await;
        told.push(since.elapsed());
        heard.push(exits.recv().await.unwrap().at - since);
    }
    figure("look with 1 app", looks);
    figure("kill -9 until heard", heard);
    figure("kill -9 until changed()", told);

    let since = processor_time();
    tokio::time::sleep(Duration::from_secs(10)).await;
    eprintln!("idle bus: {} hundredths of a processor second in 10 s", processor_time() - since);

    let many: Vec<_> = (0..100).map(|n| json!({"name": format!("many-{n}"), "script": "sleep.sh"})).collect();
    stage.start(&many);
    let mut looks = Vec::new();
    for _ in 0..ROUNDS {
        let since = Instant::now();
        pm2.look(&apps).await;
        looks.push(since.elapsed());
    }
    figure("look with 101 apps", looks);

    stage.start(&[json!({"name": "loud", "script": "loud.sh"})]);
    let since = processor_time();
    tokio::time::sleep(Duration::from_secs(5)).await;
    eprintln!("bus in a flood of output: {} hundredths of a second in 5 s", processor_time() - since);
}
