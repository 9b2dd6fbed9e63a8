//! The mesh: the joining of what peers write, and the simulator that tries to break what follows from it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::evidence::Evidence;
use standin_core::mesh::fitness::SelfHealth;
use standin_core::mesh::peer::{BeatNumber, PeerBeat, PeerId};

use super::report::{Goal, Part, Quantity, Row, Unit, times};

/// Beats that are joined, and how often.
const BEATS: usize = 10_000;
const TURNS: usize = 50;
/// The simulator's seeds: enough to take seconds. No more than these minutes, whatever it finds.
const SEEDS: &str = "1..101";
const MINUTES: &str = "2";
/// Simulated hours a second.
const GOAL: f64 = 1000.0;
/// What stands behind the rate in the simulator's last line.
const RATE: &str = " hours a second";

pub(super) fn measure(simulator: Option<&Path>) -> anyhow::Result<Part> {
    let mut part = Part { rows: vec![join()?], ..Part::default() };
    match simulator {
        Some(path) => match simulate(path) {
            Ok(row) => part.rows.push(row),
            // The other figures stand, whatever the simulator found.
            Err(error) => part.notes.push(format!("simulated hours were not measured: {error:#}")),
        },
        None => part.notes.push("the simulator was not given (--sim FILE) and not measured".to_owned()),
    }
    Ok(part)
}

/// Two readers have each read a beat of each peer: of half of them one has the newer, of half the other.
fn join() -> anyhow::Result<Row> {
    let peers: Vec<PeerId> = (0..BEATS).map(|n| format!("peer-{n}").parse()).collect::<Result<_, _>>()?;
    let read = |newer: usize| {
        let mut evidence = Evidence::default();
        for (n, peer) in peers.iter().enumerate() {
            evidence.beat(beat(peer, if n % 2 == newer { 8 } else { 7 }));
        }
        evidence
    };
    let (ours, theirs) = (read(0), read(1));
    let mut all = Vec::with_capacity(TURNS);
    for _ in 0..TURNS {
        let (mut joined, other) = (ours.clone(), theirs.clone());
        let begun = Instant::now();
        let corrupt = joined.join(other);
        all.push(begun.elapsed().as_secs_f64() * 1e3);
        let newest = peers.iter().all(|peer| joined.newest(peer).is_some_and(|beat| beat.number.seq == 8));
        ensure!(newest && corrupt == 0, "the join lost a beat");
    }
    Ok(Row {
        what: format!("join of {BEATS} beats of peers with as many (p50)"),
        standin: times(all, 50),
        peer_name: "",
        peer: None,
        goal: Goal::None,
    })
}

fn beat(peer: &PeerId, seq: u64) -> PeerBeat {
    let number = BeatNumber { incarnation: 0, seq };
    let (stamp, due) = (StoreTime(1_000), StoreTime(2_000));
    PeerBeat { peer: peer.clone(), number, stamp, due, self_health: SelfHealth::default(), config_hash: 1 }
}

fn simulate(path: &Path) -> anyhow::Result<Row> {
    let mut command = Command::new(path);
    let output = command.args(["run", "--seeds", SEEDS, "--minutes", MINUTES]).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("{} cannot be started", path.display()))?;
    let (said, why) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "the simulator broke off: {said}{}", why.trim());
    let rate = rate(&said).with_context(|| format!("the simulator says no rate: {said}"))?;
    let seeds = said.split(',').next().unwrap_or_default();
    Ok(Row {
        what: "simulated hours on one core (3 watchers, 20 automations, all faults)".to_owned(),
        standin: Quantity::new(rate, Unit::PerSecond).with(format!("{seeds}, no invariant broken")),
        peer_name: "",
        peer: None,
        goal: Goal::AtLeast(GOAL),
    })
}

/// The number before [`RATE`].
fn rate(said: &str) -> Option<f64> {
    let (before, _) = said.split_once(RATE)?;
    before.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    #[test]
    fn the_rate_is_read_from_what_the_simulator_says() {
        let said = "2 seeds, 96 simulated hours in 0.1 s: 1644 hours a second; 5 events, no invariant broken";
        assert_eq!(super::rate(said), Some(1644.0));
        assert_eq!(super::rate("1 seed breaks"), None);
    }

    #[test]
    fn the_join_keeps_each_newer_beat() {
        super::join().unwrap();
    }
}
