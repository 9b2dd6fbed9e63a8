//! From `kill -9` of an app to the knowledge of it, and to its next life: Standin where PM2 does nothing, against PM2's
//! own restart.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use standin_platforms::pm2::{Exit, Pm2, Pm2Binary, Pm2Options};
use tokio::sync::broadcast::error::RecvError;

use super::report::{Goal, Part, Row, times};
use super::world::{Autorestart, World, until};
use super::{Options, proc};

/// Kills of each.
const KILLS: u32 = 100;
/// Apps that take turns, so that each has settled before its next turn.
const APPS: u32 = 20;
/// Kills are at least this far apart.
const APART: Duration = Duration::from_millis(250);
/// How long an app may stay away.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often is looked for the next life.
const POLL: Duration = Duration::from_millis(1);
/// Milliseconds to the knowledge, of 99 in 100 kills.
const GOAL: f64 = 50.0;

/// Incidents of one app must be over before it is killed again, and its turns must not look like a loop.
const SETTINGS: &str = "[recovery]\nsettle = \"1s\"\nquiet = \"2s\"\n\
                        [process]\nloop_restarts = 32\nloop_window = \"5s\"\n";

#[derive(Default)]
struct Measured {
    /// Milliseconds until the incident was opened.
    opened: Vec<f64>,
    /// Milliseconds until the adapter's listener knew.
    heard: Vec<f64>,
    /// Milliseconds until the next life.
    lives: Vec<f64>,
    /// Kills that found an incident still open.
    unclear: u32,
}

pub(super) fn measure(options: &Options) -> anyhow::Result<Part> {
    let ours = with_standin(options)?;
    let theirs = pm2_alone(options)?;
    let mut part = Part::default();
    let row =
        |what: &str, standin, goal| Row { what: what.to_owned(), standin, peer_name: "", peer: None, goal };
    part.rows.push(row("kill -9 to the agent's incident (p99)", times(ours.opened, 99), Goal::AtMost(GOAL)));
    part.rows.push(row(
        "kill -9 to the listener in-process (p99)",
        times(ours.heard, 99),
        Goal::AtMost(GOAL),
    ));
    part.rows.push(Row {
        what: "kill -9 to running again (p50)".to_owned(),
        standin: times(ours.lives, 50),
        peer_name: "PM2",
        peer: Some(times(theirs.lives, 50)),
        goal: Goal::None,
    });
    if ours.unclear > 0 {
        part.notes.push(format!("kill: {} of {KILLS} kills opened no incident of their own", ours.unclear));
    }
    Ok(part)
}

fn names() -> Vec<String> {
    (0..APPS).map(|n| format!("app-{n:02}")).collect()
}

fn with_standin(options: &Options) -> anyhow::Result<Measured> {
    let mut world = World::new(options, SETTINGS)?;
    world.start_sleepers(&names(), Autorestart::Off)?;
    world.up()?;
    until("the agent finds all apps healthy", || Ok(world.status()?.health.score == Some(100)))?;
    let exits = listen(&world)?;
    let mut measured = Measured::default();
    kill_all(&world, &mut measured, |name, at, begun, measured| {
        let heard = exits.recv_timeout(PATIENCE).context("the listener heard of no exit")?;
        ensure!(heard.name == name, "{name} was killed, and the listener heard of {}", heard.name);
        measured.heard.push(heard.at.saturating_duration_since(begun).as_secs_f64() * 1e3);
        match opened(&world, name)?.filter(|opened| *opened >= at) {
            Some(opened) => measured.opened.push(opened.duration_since(at).as_secs_f64() * 1e3),
            None => measured.unclear += 1,
        }
        Ok(())
    })?;
    Ok(measured)
}

fn pm2_alone(options: &Options) -> anyhow::Result<Measured> {
    let world = World::new(options, "")?;
    world.start_sleepers(&names(), Autorestart::On)?;
    // PM2 counts a death within the first second of a life as unstable.
    std::thread::sleep(Duration::from_secs(2));
    let mut measured = Measured::default();
    kill_all(&world, &mut measured, |_, _, _, _| Ok(()))?;
    Ok(measured)
}

fn kill_all(
    world: &World,
    measured: &mut Measured,
    mut afterwards: impl FnMut(&str, Timestamp, Instant, &mut Measured) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let names = names();
    let start = Instant::now();
    for (n, name) in (0..KILLS).zip(names.iter().cycle()) {
        std::thread::sleep((start + APART * n).saturating_duration_since(Instant::now()));
        let pid = world.sleeper(name).with_context(|| format!("{name} does not run"))?;
        let (at, begun) = (Timestamp::now(), Instant::now());
        proc::kill_nine(pid);
        while world.sleeper(name).is_none_or(|next| next == pid) {
            ensure!(begun.elapsed() < PATIENCE, "{name} was killed and did not come back");
            std::thread::sleep(POLL);
        }
        measured.lives.push(begun.elapsed().as_secs_f64() * 1e3);
        afterwards(name, at, begun, measured)?;
    }
    Ok(())
}

/// When the open incident of an app was opened, as the agent says; it stays open until the app has settled.
fn opened(world: &World, name: &str) -> anyhow::Result<Option<Timestamp>> {
    let status = world.status()?;
    let target = format!("pm2:{name}");
    Ok(status.incidents.iter().find(|incident| incident.target == target).map(|incident| incident.opened))
}

/// The adapter alone, on a thread of its own, beside the agent: what it hears, without anything in between.
fn listen(world: &World) -> anyhow::Result<mpsc::Receiver<Exit>> {
    let options = Pm2Options {
        home: world.pm2_home(),
        binary: Pm2Binary::At(world.pm2_binary().to_owned()),
        memory: String::new(),
        agent_app: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (heard, exits) = mpsc::channel();
    let (ready, is_ready) = mpsc::channel();
    // It ends with the receiver, or with the process.
    std::thread::spawn(move || {
        runtime.block_on(async {
            let pm2 = Pm2::new(options);
            let mut ends = pm2.exits();
            // A look answers when the listener has had its turn to connect.
            let _ = standin_engine::ports::Processes::changed(&pm2).await;
            let _ = ready.send(());
            loop {
                let exit = match ends.recv().await {
                    Ok(exit) => exit,
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => return,
                };
                if heard.send(exit).is_err() {
                    return;
                }
            }
        });
    });
    is_ready.recv_timeout(PATIENCE).context("PM2's event bus did not answer")?;
    Ok(exits)
}
