//! One watch cycle of many automations, and the start of the Action: what each costs.

use std::time::{Duration, Instant};

use anyhow::ensure;
use jiff::{SignedDuration, Timestamp};
use nix::sys::resource::{UsageWho, getrusage};

use super::Options;
use super::report::{Goal, Part, Quantity, Row, Unit, times};
use super::scene::{Binaries, REPO, Scene, Who, backup};

/// Automations of the full check, and how often they are checked.
const MANY: usize = 500;
const CHECKS: usize = 5;
/// Starts of the Action.
const STARTS: usize = 30;

/// How long a start may take.
const LIMIT: Duration = Duration::from_secs(30);

const GOAL_REQUESTS: f64 = 15.0;
const GOAL_OWN_MS: f64 = 1_000.0;
const GOAL_START_MS: f64 = 100.0;
const GOAL_FILE_MIB: f64 = 10.0;

pub(super) fn measure(options: &Options) -> anyhow::Result<Part> {
    let Some(binaries) = options.binaries() else {
        let notes = vec!["watch: STANDIN_ACTION and STANDIN_FUNCTION name no binaries".to_owned()];
        return Ok(Part { notes, ..Part::default() });
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut rows = runtime.block_on(many(&binaries))?;
    rows.extend(runtime.block_on(starts(&binaries))?);
    Ok(Part { rows, ..Part::default() })
}

fn row(what: &str, standin: Quantity, goal: Goal) -> Row {
    Row { what: what.to_owned(), standin, peer_name: "", peer: None, goal }
}

/// Each day at the same minute, an hour ago.
fn daily() -> String {
    let cron = (Timestamp::now() - SignedDuration::from_hours(1)).strftime("%-M %-H * * *");
    format!("on:\n  schedule:\n    - cron: '{cron}'\n  workflow_dispatch: {{}}\njobs: {{ a: {{}} }}\n")
}

fn own_ms() -> anyhow::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let ms = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3;
    Ok(ms(usage.user_time()) + ms(usage.system_time()))
}

/// Whole checks of a repository in which every automation has run in its last slot.
async fn many(binaries: &Binaries) -> anyhow::Result<Vec<Row>> {
    let mut files: Vec<_> = (0..MANY).map(|n| (format!(".github/workflows/w{n:03}.yml"), daily())).collect();
    files.push((".github/workflows/watcher.yml".to_owned(), backup()));
    let scene = Scene::set(binaries, &files, &Who::Action.peer("1h")).await?;
    let slot = Timestamp::now() - SignedDuration::from_hours(1);
    for n in 0..MANY {
        scene.stage.github.fire_schedule(REPO, &format!("w{n:03}.yml"), slot)?;
    }
    for run in scene.stage.github.runs(REPO)? {
        scene.stage.github.run_ended(REPO, run.id).await?;
    }
    let (mut whole, mut own, mut requests, mut bytes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..CHECKS {
        scene.stage.github.plane().clear_requests();
        let (begun, before) = (Instant::now(), own_ms()?);
        let ended = scene.action().status().await?;
        whole.push(begun.elapsed().as_secs_f64() * 1e3);
        own.push(own_ms()? - before);
        ensure!(ended.success(), "the check failed: {}", scene.said());
        let seen = scene.stage.github.plane().requests();
        requests.push(seen.len() as f64);
        bytes.push(seen.iter().map(|request| request.answer_bytes).sum::<u64>() as f64 / 1024.0 / 1024.0);
    }
    let healthy = scene.said();
    ensure!(healthy.contains("\"score\": 100"), "not all are well: {healthy}");
    let most = |all: &[f64]| all.iter().copied().fold(0.0, f64::max);
    let first = requests.first().copied().unwrap_or(0.0);
    let detail = format!("{first:.0} in the first of {CHECKS} checks");
    Ok(vec![
        row(
            "a full check of 500 automations: requests",
            Quantity::new(most(&requests), Unit::Requests).with(detail),
            Goal::AtMostRequests(GOAL_REQUESTS),
        ),
        row(
            "a full check of 500 automations: answers",
            Quantity::new(most(&bytes), Unit::Mebibytes),
            Goal::None,
        ),
        row("a full check of 500 automations: own time (p50)", times(own, 50), Goal::AtMost(GOAL_OWN_MS)),
        row("a full check of 500 automations: start to end (p50)", times(whole, 50), Goal::None),
    ])
}

/// From the start of the process to its end, which is after its summary, with everything answered on this machine.
async fn starts(binaries: &Binaries) -> anyhow::Result<Vec<Row>> {
    let files = [(".github/workflows/watcher.yml".to_owned(), backup())];
    let scene = Scene::set(binaries, &files, &Who::Action.peer("1h")).await?;
    let mut all = Vec::new();
    for _ in 0..STARTS {
        let begun = Instant::now();
        let ended = tokio::time::timeout(LIMIT, scene.action().status()).await??;
        all.push(begun.elapsed().as_secs_f64() * 1e3);
        ensure!(ended.code().is_some(), "it was ended by a signal");
        ensure!(scene.summary().contains("Watchers"), "it wrote no summary");
    }
    let bytes = std::fs::metadata(&binaries.action)?.len() as f64 / 1024.0 / 1024.0;
    Ok(vec![
        row(
            "the Action, from its start to its summary, answered on this machine (p50)",
            times(all, 50),
            Goal::AtMost(GOAL_START_MS),
        ),
        row(
            "the Action: size of the binary",
            Quantity::new(bytes, Unit::Mebibytes),
            Goal::AtMostMebibytes(GOAL_FILE_MIB),
        ),
    ])
}
