//! Ladders of remedies, and asking others for what one cannot do.

use standin_core::mesh::brake::{Brake, BrakeState, Canary, Fate, Told};
use standin_core::mesh::cell::{Cell, ClaimPhase, Holder};
use standin_core::mesh::claim::{End, Probed};
use standin_core::mesh::ruling::Ruling;

use super::super::record::MAX_ASKS;
use super::ends;
use super::world::{ACTION, AGENT, FUNCTION, Mesh, standing};
use crate::mesh::Deed;
use crate::ports::mesh::{Decision, Fact, Notice};

/// The function has won the claim of a target that only the agent can help first.
fn asked() -> Mesh {
    let mut mesh = Mesh::new(vec![standing("web", &[&[AGENT], &[FUNCTION]])]);
    mesh.helps = false;
    mesh.tick(AGENT);
    mesh.tick(ACTION);
    mesh.down(0);
    mesh.tick(FUNCTION);
    mesh.wait(45);
    let report = mesh.tick(FUNCTION);
    assert!(report.deeds.contains(&Deed::Asked { target: 0, peer: AGENT }), "{:?}", report.deeds);
    assert_eq!((mesh.sends(), mesh.record(FUNCTION).asks.len()), (vec![], 1));
    mesh
}

#[test]
fn the_one_who_can_carries_out_what_the_one_who_won_asks_for_and_once() {
    let mut mesh = asked();
    let report = mesh.tick(AGENT);
    assert_eq!(mesh.sends(), [(AGENT, 0, 1)]);
    assert_eq!(mesh.sent[0].2.epoch, mesh.cell(0).epoch);
    let served = |deed: &Deed| matches!(deed, Deed::Served { target: 0, .. });
    assert_eq!(report.deeds.iter().filter(|deed| served(deed)).count(), 1, "{report:?}");
    mesh.wait(10);
    mesh.tick(AGENT);
    assert_eq!(mesh.sends().len(), 1, "the record still stands, and was read again");
}

#[test]
fn one_without_memory_knows_from_its_own_record_what_it_has_done() {
    let mut mesh = asked();
    mesh.tick_with(AGENT, None);
    mesh.wait(10);
    mesh.tick_with(AGENT, None);
    assert_eq!(mesh.sends(), [(AGENT, 0, 1)]);
}

#[test]
fn one_that_died_before_it_kept_its_memory_does_it_no_second_time() {
    let mut mesh = asked();
    let before = mesh.memory[AGENT].clone();
    mesh.tick(AGENT);
    mesh.wait(10);
    mesh.tick_with(AGENT, before);
    assert_eq!(mesh.sends(), [(AGENT, 0, 1)]);
}

#[test]
fn an_older_record_that_comes_back_is_not_asked_of_again() {
    let mut mesh = asked();
    let old = mesh.record(FUNCTION).clone();
    mesh.tick(AGENT);
    mesh.records.retain(|record| record.beat.peer != old.beat.peer);
    mesh.records.push(old);
    mesh.wait(10);
    mesh.tick(AGENT);
    assert_eq!(mesh.sends().len(), 1);
}

#[test]
fn nothing_is_done_after_an_ask_has_expired() {
    let mut mesh = asked();
    mesh.wait(95);
    mesh.tick(AGENT);
    assert_eq!(mesh.sends(), []);
}

#[test]
fn nothing_is_done_for_a_claim_that_no_longer_stands() {
    for change in [
        |cell: &mut Cell| cell.phase = ClaimPhase::Released { not_before: cell.granted.plus(100_000) },
        |cell: &mut Cell| cell.epoch += 1,
        |cell: &mut Cell| cell.holder.peer = "action".parse().unwrap(),
    ] {
        let mut mesh = asked();
        mesh.decide(0, change);
        mesh.tick(AGENT);
        assert!(mesh.sends().is_empty(), "the ask is a hint, the cell is the right: {:?}", mesh.sends());
    }
}

/// The brake of the target's platform is on, with these places.
fn braked(mesh: &mut Mesh, canaries: Vec<Canary>) {
    let since = mesh.time();
    let state = BrakeState::On { since, frozen_until: since, told: Told::Yes, limit: 1, canaries };
    let brake = Ruling::Brake(Brake { epoch: 1, granted: since, state });
    let decision = Decision { value: Some(brake), ..Decision::default() };
    mesh.cells.insert(mesh.setup.brake_cell(0), (1, decision.into()));
}

#[test]
fn nothing_is_done_while_the_brake_is_on_without_a_place_of_the_one_who_asks() {
    let place = |mesh: &Mesh, peer: &str, seconds| Canary {
        target: mesh.setup.targets[0].target.to_string(),
        holder: Holder { peer: peer.parse().unwrap(), run: 1 },
        until: mesh.time().plus(seconds),
        fate: Fate::Busy,
    };
    for (peer, until, sends) in
        [(None, 0, 0), (Some("action"), 60_000, 0), (Some("function"), 1, 0), (Some("function"), 60_000, 1)]
    {
        let mut mesh = asked();
        let canaries = peer.map(|peer| place(&mesh, peer, until)).into_iter().collect();
        braked(&mut mesh, canaries);
        mesh.tick(AGENT);
        assert_eq!(mesh.sends().len(), sends, "a place of {peer:?} for {until} ms");
    }
}

#[test]
fn nothing_is_done_for_what_somebody_has_stopped() {
    let mut mesh = asked();
    mesh.facts[0] = Fact::Stopped;
    mesh.tick(AGENT);
    assert_eq!(mesh.sends(), [], "whoever asked has not seen it yet");
    let mut mesh = Mesh::new(vec![standing("web", &[&[AGENT]])]);
    for fact in [Fact::Stopped, Fact::Unknown, Fact::Down] {
        mesh.facts[0] = fact;
        mesh.probes[0] = Probed::Down;
        mesh.tick(AGENT);
        mesh.wait(60);
        mesh.tick(AGENT);
        assert_eq!(mesh.sends().len(), usize::from(fact == Fact::Down), "{fact:?}");
    }
}

#[test]
fn nothing_is_done_for_a_target_that_is_well_again() {
    let mut mesh = asked();
    mesh.probes[0] = Probed::Well;
    mesh.tick(AGENT);
    assert_eq!(mesh.sends(), []);
}

#[test]
fn nothing_is_done_before_the_record_says_so() {
    let mut mesh = asked();
    mesh.can_write = false;
    mesh.tick(AGENT);
    assert_eq!(mesh.sends(), []);
}

#[test]
fn of_two_asks_under_one_key_the_one_of_the_claim_counts() {
    let mut mesh = asked();
    let mut other = mesh.record(FUNCTION).asks[0].clone();
    other.epoch += 1;
    mesh.rewrite(ACTION, |record| record.asks = vec![other.clone()]);
    mesh.tick(AGENT);
    assert_eq!(mesh.sends(), [(AGENT, 0, 1)]);
    assert_eq!(mesh.sent[0].2.epoch, mesh.cell(0).epoch, "the cell says whose claim it is");

    let mut mesh = asked();
    let same = mesh.record(FUNCTION).asks[0].clone();
    mesh.rewrite(ACTION, |record| record.asks = vec![same]);
    mesh.tick(AGENT);
    assert_eq!(mesh.sends(), [(AGENT, 0, 1)], "told twice, done once");
}

#[test]
fn asks_that_make_no_sense_are_left_alone() {
    let mut mesh = asked();
    let good = mesh.record(FUNCTION).asks[0].clone();
    mesh.rewrite(FUNCTION, |record| {
        let mut all = vec![good.clone(); 5];
        all[0].attempt = 0;
        all[1].epoch = u64::MAX;
        all[2].target = "pm2:other".parse().map(standin_core::incident::Target::Automation).unwrap();
        all[3].to = "action".parse().unwrap();
        all[4].expires = good.expires.plus(1 << 40);
        record.asks = vec![all[0].clone(); MAX_ASKS];
        record.asks.splice(0..5, all);
        // Beyond what is read.
        record.asks.push(good.clone());
    });
    mesh.tick(AGENT);
    assert_eq!(mesh.sends(), []);
}

#[test]
fn each_attempt_uses_the_next_remedy_and_the_last_is_repeated() {
    let mut mesh = Mesh::new(vec![standing("web", &[&[AGENT], &[FUNCTION]])]);
    mesh.helps = false;
    mesh.tick(FUNCTION);
    mesh.down(0);
    for _ in 0..60 {
        mesh.wait(20);
        mesh.tick(AGENT);
        mesh.wait(20);
        mesh.tick(FUNCTION);
    }
    assert_eq!(mesh.sends(), [(AGENT, 0, 1), (FUNCTION, 0, 2), (FUNCTION, 0, 3)]);
    let keys: Vec<_> = mesh.sent.iter().map(|(.., order)| &order.key).collect();
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "one incident has one key: {keys:?}");
    assert!(mesh.notices.iter().any(|(_, notice)| *notice == Notice::Exhausted(0)));
}

#[test]
fn with_nobody_to_ask_the_attempt_is_over_at_once() {
    let mut mesh = Mesh::new(vec![standing("web", &[&[AGENT], &[FUNCTION]])]);
    mesh.tick(AGENT);
    mesh.tick(FUNCTION);
    mesh.wait(500);
    mesh.down(0);
    mesh.tick(FUNCTION);
    mesh.wait(60);
    let report = mesh.tick(FUNCTION);
    assert_eq!(ends(&report), [End::Failed], "the agent has been silent for minutes");
    assert!(matches!(mesh.cell(0).phase, ClaimPhase::Released { .. }));
    mesh.wait(80);
    mesh.tick(FUNCTION);
    assert_eq!(mesh.sends(), [(FUNCTION, 0, 2)]);
}

#[test]
fn an_ask_stays_in_the_record_until_it_expires() {
    let mut mesh = asked();
    mesh.wait(20);
    mesh.tick_with(FUNCTION, None);
    assert_eq!(mesh.record(FUNCTION).asks.len(), 1, "taken from the own record");
    mesh.wait(80);
    mesh.tick_with(FUNCTION, None);
    assert_eq!(mesh.record(FUNCTION).asks, []);
}
