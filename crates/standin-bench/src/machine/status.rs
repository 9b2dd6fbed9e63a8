//! One question, from the start of a process to its end: how is everything?

use std::time::Instant;

use anyhow::ensure;

use super::Options;
use super::report::{Goal, Part, Row, times};
use super::world::{Autorestart, World, until};

/// Questions to Standin.
const OURS: u32 = 30;
/// Questions to PM2, which take longer.
const THEIRS: u32 = 10;
/// Apps that are asked about.
const APPS: u32 = 10;
/// Standin may take one in so many of PM2's milliseconds.
const GOAL: f64 = 50.0;

pub(super) fn measure(options: &Options) -> anyhow::Result<Part> {
    let mut world = World::new(options, "")?;
    let names: Vec<String> = (0..APPS).map(|n| format!("app-{n:02}")).collect();
    world.start_sleepers(&names, Autorestart::On)?;
    world.up()?;
    until("the agent finds all apps healthy", || Ok(world.status()?.health.score == Some(100)))?;
    let ours = timed(OURS, || {
        let output = world.standin(&["status", "--format", "json"])?;
        ensure!(output.status.success(), "standin status ended with {}", output.status);
        Ok(())
    })?;
    let theirs = timed(THEIRS, || world.pm2(&["jlist"]).map(drop))?;
    let row = Row {
        what: format!("status of {APPS} apps, as a process (p50)"),
        standin: times(ours, 50),
        peer_name: "pm2 jlist",
        peer: Some(times(theirs, 50)),
        goal: Goal::AtMostOneIn(GOAL),
    };
    Ok(Part { rows: vec![row], ..Part::default() })
}

/// Milliseconds of each of so many turns, after one that only warms up.
pub(super) fn timed(turns: u32, mut turn: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Vec<f64>> {
    turn()?;
    (0..turns)
        .map(|_| {
            let begun = Instant::now();
            turn()?;
            Ok(begun.elapsed().as_secs_f64() * 1e3)
        })
        .collect()
}
