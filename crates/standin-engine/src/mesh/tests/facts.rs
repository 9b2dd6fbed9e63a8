//! What one peer sees and tells, peers as targets, and schedules.

use std::sync::Arc;

use standin_core::incident::Target;
use standin_core::mesh::cell::ClaimPhase;
use standin_core::mesh::claim::{End, Probed};
use standin_core::mesh::clock::StoreTime;
use standin_core::schedule::Schedule;

use super::super::record::Told;
use super::ends;
use super::world::{ACTION, AGENT, FUNCTION, Mesh, standing};
use crate::mesh::{Heartbeats, SeenBy, SetupError, Slots, TargetSetup, Watching};
use crate::ports::mesh::{Fact, Notice};

/// At 12:00 and 18:00 UTC, the latter as a time in New York.
fn cron() -> Slots {
    let all = [("0 12 * * *", "UTC"), ("0 14 * * *", "America/New_York")];
    Slots::Cron(all.iter().map(|(cron, zone)| Schedule::parse(cron, zone).unwrap()).collect())
}

fn nightly(heartbeats: Heartbeats) -> TargetSetup {
    let watching = Watching::Slots { slots: cron(), deadline: 600_000 };
    TargetSetup { watching, heartbeats, ..standing("nightly", &[&[AGENT], &[FUNCTION]]) }
}

/// Only the agent can see the platform.
fn told(targets: Vec<TargetSetup>) -> Mesh {
    let mut mesh = Mesh::new(targets);
    mesh.setup.platforms[0].seen = SeenBy::Peer(AGENT);
    mesh
}

#[test]
fn a_slot_of_a_schedule_that_has_no_run_at_its_deadline_is_claimed() {
    let mut mesh =
        Mesh::new(vec![TargetSetup { rungs: standing("x", &[&[AGENT]]).rungs, ..nightly(Heartbeats::None) }]);
    (mesh.facts[0], mesh.probes[0]) = (Fact::Covered(mesh.time()), Probed::Down);
    for (hour, sends) in [(1, 0), (6, 0), (6, 1)] {
        mesh.now = hour * 3_600_000 + if sends == 0 { 60_000 } else { 660_000 };
        mesh.helps = false;
        mesh.tick(AGENT);
        assert_eq!(mesh.sent.len(), sends, "hour {hour}");
    }
    let slot = mesh.cell(0).incident.0;
    assert!(
        slot.ends_with(&format!(
            "@slot-{}",
            "2026-06-04T18:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond()
        )),
        "{slot}"
    );
}

#[test]
fn what_only_the_agent_sees_the_others_hear_of() {
    let mut mesh = told(vec![standing("web", &[&[AGENT]])]);
    mesh.tick(AGENT);
    assert_eq!(**mesh.record(AGENT).facts, [Told(0, Fact::Well)]);
    let report = mesh.tick(FUNCTION);
    assert!(report.carry.seen[0].well_at.is_some());
    assert!(!mesh.asked_for.contains(&(FUNCTION, "survey")));
}

#[test]
fn what_a_living_agent_tells_is_down_the_agent_claims() {
    let mut mesh = told(vec![standing("web", &[&[AGENT, FUNCTION]])]);
    mesh.down(0);
    mesh.can_write = true;
    mesh.rewrite_first_as_told();
    for _ in 0..2 {
        let report = mesh.tick(FUNCTION);
        assert_eq!(report.deeds, []);
        assert!(report.carry.seen[0].down_since.is_some());
        mesh.wait(40);
    }
    mesh.tick(AGENT);
    mesh.wait(40);
    mesh.tick(AGENT);
    assert_eq!(mesh.sends(), [(AGENT, 0, 1)]);
}

#[test]
fn a_silent_agent_makes_a_slot_missed_only_where_heartbeats_are_elsewhere() {
    for (heartbeats, sends) in [(Heartbeats::None, 0), (Heartbeats::Elsewhere, 1)] {
        let mut mesh = told(vec![nightly(heartbeats)]);
        mesh.setup.targets[0].rungs.remove(0);
        (mesh.facts[0], mesh.probes[0]) = (Fact::Covered(mesh.time()), Probed::Unknown);
        mesh.tick(AGENT);
        mesh.wait(5 * 3_600);
        mesh.tick(FUNCTION);
        assert_eq!(mesh.sent, [], "the last slot was run, and that stays true");
        mesh.wait(3_600 + 700);
        mesh.tick(FUNCTION);
        assert_eq!(mesh.sent.len(), sends, "{heartbeats:?}");
    }
}

#[test]
fn a_silent_agent_makes_what_is_always_there_unknown_or_down_once_confirmed() {
    for (heartbeats, sends) in [(Heartbeats::None, 0), (Heartbeats::Elsewhere, 1)] {
        let mut mesh = told(vec![TargetSetup { heartbeats, ..standing("web", &[&[FUNCTION]]) }]);
        mesh.probes[0] = Probed::Unknown;
        mesh.tick(AGENT);
        mesh.wait(60 + 100);
        mesh.tick(FUNCTION);
        mesh.wait(60);
        mesh.tick(FUNCTION);
        assert_eq!(mesh.sent, [], "suspected is not confirmed");
        for _ in 0..10 {
            mesh.wait(60);
            mesh.tick(FUNCTION);
        }
        assert_eq!(mesh.sent.len(), sends, "{heartbeats:?}");
    }
}

#[test]
fn an_agent_that_comes_back_between_claim_and_probe_is_believed() {
    let mut mesh = told(vec![nightly(Heartbeats::Elsewhere)]);
    mesh.setup.targets[0].rungs.remove(0);
    (mesh.facts[0], mesh.probes[0]) = (Fact::Covered(mesh.time()), Probed::Unknown);
    mesh.tick(AGENT);
    mesh.wait(6 * 3_600 + 700);
    mesh.after_swap = Some(Box::new(|mesh| {
        let now = mesh.time();
        mesh.rewrite(AGENT, |record| record.facts = Arc::new(vec![Told(0, Fact::Covered(now))]));
    }));
    let report = mesh.tick(FUNCTION);
    assert_eq!((ends(&report), mesh.sends()), (vec![End::Recovered], vec![]));
}

#[test]
fn an_agent_that_comes_back_and_says_nothing_yet_is_waited_for_and_then_left_alone() {
    let mut mesh = told(vec![nightly(Heartbeats::Elsewhere)]);
    mesh.setup.targets[0].rungs.remove(0);
    (mesh.facts[0], mesh.probes[0]) = (Fact::Covered(mesh.time()), Probed::Unknown);
    mesh.tick(AGENT);
    mesh.wait(6 * 3_600 + 700);
    mesh.after_swap = Some(Box::new(|mesh| mesh.rewrite(AGENT, |record| record.facts = Arc::default())));
    let report = mesh.tick(FUNCTION);
    assert_eq!((ends(&report), mesh.sends()), (vec![End::CannotTell], vec![]));
}

/// The agent's word is written after the claim; when it looked decides.
fn told_after_the_claim(looked: fn(&Mesh) -> StoreTime) -> (Vec<End>, usize) {
    let mut mesh = told(vec![nightly(Heartbeats::Elsewhere)]);
    mesh.setup.targets[0].rungs.remove(0);
    (mesh.facts[0], mesh.probes[0]) = (Fact::Covered(mesh.time()), Probed::Unknown);
    mesh.tick(AGENT);
    mesh.wait(6 * 3_600 + 700);
    let at = looked(&mesh);
    mesh.after_swap = Some(Box::new(move |mesh| mesh.rewrite(AGENT, |record| record.facts_at = at)));
    let report = mesh.tick(FUNCTION);
    (ends(&report), mesh.sent.len())
}

#[test]
fn a_word_from_before_the_claim_is_no_answer_to_the_probe() {
    assert_eq!(told_after_the_claim(|mesh| mesh.time()), (vec![End::CannotTell], 0));
    assert_eq!(told_after_the_claim(|mesh| mesh.time().plus(600_000)), (vec![End::Failed], 1));
}

#[test]
fn facts_under_another_configuration_say_nothing() {
    let mut mesh = told(vec![nightly(Heartbeats::Elsewhere)]);
    mesh.facts[0] = Fact::Covered(StoreTime(0));
    mesh.tick(AGENT);
    mesh.rewrite(AGENT, |record| record.beat.config_hash = 2);
    mesh.wait(700);
    mesh.rewrite(AGENT, |_| {});
    assert_eq!(mesh.tick(FUNCTION).deeds, [], "the agent lives: its silence says nothing");
}

fn with_peer() -> Mesh {
    let mut agent = standing("agent", &[&[FUNCTION, ACTION]]);
    agent.target = Target::Peer("agent".parse().unwrap());
    let mut mesh = Mesh::new(vec![agent]);
    mesh.setup.peers[AGENT].target = Some(0);
    for watcher in [AGENT, FUNCTION, ACTION] {
        mesh.tick(watcher);
    }
    mesh
}

#[test]
fn a_peer_that_is_confirmed_silent_is_helped_by_one_of_the_others() {
    let mut mesh = with_peer();
    mesh.helps = false;
    for minute in 0..8 {
        mesh.wait(29);
        mesh.tick(FUNCTION);
        mesh.wait(29);
        mesh.tick(ACTION);
        if minute < 2 {
            assert_eq!(mesh.sent, [], "suspected is not confirmed");
        }
    }
    let attempts: Vec<u8> = mesh.sends().iter().map(|(.., attempt)| *attempt).collect();
    assert!(attempts.len() >= 2 && attempts.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{attempts:?}");
    let told = mesh.notices.iter().filter(|(_, notice)| *notice == Notice::PeerSilent(AGENT)).count();
    assert_eq!(told, 1, "told by whoever acts first, once");
    mesh.tick(AGENT);
    mesh.wait(130);
    mesh.tick(AGENT);
    let sent = mesh.sent.len();
    mesh.tick(FUNCTION);
    mesh.tick(ACTION);
    assert_eq!(mesh.sent.len(), sent, "it is back");
}

#[test]
fn a_peer_that_was_heard_of_since_is_left_alone() {
    let mut mesh = with_peer();
    mesh.wait(420);
    mesh.tick(FUNCTION);
    mesh.wait(40);
    mesh.after_swap = Some(Box::new(|mesh| mesh.rewrite(AGENT, |_| {})));
    let report = mesh.tick(FUNCTION);
    assert_eq!((ends(&report), mesh.sends()), (vec![End::Recovered], vec![]));
    assert_eq!(mesh.cell(0).phase, ClaimPhase::Done);
}

#[test]
fn a_peer_that_is_a_target_must_be_that_target() {
    let mut mesh = with_peer();
    mesh.setup.targets.push(standing("web", &[]));
    mesh.setup.peers[AGENT].target = Some(1);
    assert_eq!(mesh.setup.check(), Err(SetupError::PeerTarget("agent".into())));
}

#[test]
fn a_setup_with_too_many_remedies_or_no_slots_is_refused() {
    let refused = |target: TargetSetup| Mesh::new(vec![target]).setup.check();
    let four = standing("web", &[&[0], &[0], &[0], &[0]]);
    assert_eq!(refused(four), Err(SetupError::Rungs { target: "pm2:web".into(), rungs: 4 }));
    let none = Watching::Slots { slots: Slots::Cron([].into()), deadline: 1 };
    let none = TargetSetup { watching: none, ..standing("web", &[]) };
    assert_eq!(refused(none), Err(SetupError::Slots("pm2:web".into())));
}

impl Mesh {
    /// The agent lives and tells, and does nothing itself.
    fn rewrite_first_as_told(&mut self) {
        self.can_write = true;
        let (facts, probes) = (self.facts.clone(), self.probes.clone());
        self.facts.fill(Fact::Well);
        self.tick(AGENT);
        (self.facts, self.probes) = (facts.clone(), probes);
        let told = facts.iter().enumerate().map(|(n, fact)| Told(u32::try_from(n).unwrap(), *fact)).collect();
        self.rewrite(AGENT, |record| record.facts = Arc::new(told));
    }
}
