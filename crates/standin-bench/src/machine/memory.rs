//! What schedules cost in memory: one agent that runs them, against one resident process for each.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::ensure;
use jiff::Timestamp;
use serde_json::json;

use super::report::{Goal, Part, Quantity, Row, Unit};
use super::world::{World, until};
use super::{AUTOMATIONS, Options, proc};

/// The agent may need so much of what PM2 does, one in so many.
const GOAL: f64 = 200.0;
/// How long both are left alone before they are measured: longer than any tick is apart.
const SETTLE: Duration = Duration::from_secs(20);
/// An app that stays resident for its next slot and does nothing else: the least that PM2 can be given.
const APP: &str = "setInterval(() => {}, 2 ** 30);\n";

pub(super) fn measure(options: &Options) -> anyhow::Result<Part> {
    let standin = standin(options)?;
    let pm2 = pm2(options)?;
    let whole = options.peer_apps == AUTOMATIONS;
    let mut part = Part::default();
    if !whole {
        part.notes.push(format!(
            "memory: PM2 ran {} apps, not {AUTOMATIONS}, so the ratio is not that of the goal",
            options.peer_apps
        ));
    }
    part.rows.push(Row {
        what: format!("memory of {AUTOMATIONS} cron automations (PSS of all processes)"),
        standin,
        peer_name: "PM2",
        peer: Some(pm2),
        goal: if whole { Goal::AtMostOneIn(GOAL) } else { Goal::None },
    });
    Ok(part)
}

fn standin(options: &Options) -> anyhow::Result<Quantity> {
    let mut world = World::new(options, &settings())?;
    let agent = world.up()?;
    // What answering needs stays resident too.
    for _ in 0..3 {
        let status = world.status()?;
        let known = status.automations.len();
        ensure!(known == AUTOMATIONS as usize, "the agent watches {known} automations, not {AUTOMATIONS}");
    }
    std::thread::sleep(SETTLE);
    ensure!(world.processes() == [agent], "the agent has other processes beside it: {:?}", world.processes());
    Ok(resident(&[agent]))
}

fn settings() -> String {
    let mut text = String::new();
    for n in 0..AUTOMATIONS {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n[[automation]]\nname = \"job-{n:03}\"\ncommand = \"node jobs/job-{n:03}.js\"\nschedule = \"{}\"\n",
            schedule(n)
        );
    }
    text
}

/// Spread over hours and days, and none of them within a day of now: what is measured is waiting.
fn schedule(n: u32) -> String {
    let today = u32::from(Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).day().unsigned_abs());
    let day = (today + 2 + n % 20) % 28 + 1;
    format!("{} {} {day} * *", n % 60, n % 24)
}

fn pm2(options: &Options) -> anyhow::Result<Quantity> {
    let world = World::new(options, "")?;
    world.write("app.js", APP)?;
    let count = options.peer_apps;
    let app = |n| json!({ "name": format!("job-{n:03}"), "script": "./app.js", "cron_restart": schedule(n) });
    let apps = (0..count).map(app).collect::<Vec<_>>();
    world.write("ecosystem.config.js", &format!("module.exports = {};\n", json!({ "apps": apps })))?;
    eprintln!("  PM2 starts {count} apps: this takes minutes");
    world.pm2(&["start", "ecosystem.config.js"])?;
    // The daemon is one more.
    until("all of PM2's apps run", || Ok(world.processes().len() > count as usize))?;
    std::thread::sleep(SETTLE);
    let all = world.processes();
    ensure!(all.len() == count as usize + 1, "{} processes stand for {count} apps and a daemon", all.len());
    Ok(resident(&all))
}

fn resident(pids: &[u32]) -> Quantity {
    let bytes: u64 = pids.iter().map(|pid| proc::pss_bytes(*pid)).sum();
    #[expect(clippy::cast_precision_loss, reason = "bytes of memory are far below 2^52")]
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    let count = pids.len();
    let noun = if count == 1 { "process" } else { "processes" };
    Quantity::new(mebibytes, Unit::Mebibytes).with(format!("{count} {noun}"))
}
