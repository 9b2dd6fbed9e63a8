//! Who tells people what, and how often.

use standin_core::mesh::claim::Probed;

use super::world::{ACTION, AGENT, FUNCTION, Mesh, standing};
use crate::mesh::TargetSetup;
use crate::ports::mesh::{Fact, Notice};

fn told(mesh: &Mesh, notice: &Notice) -> usize {
    mesh.notices.iter().filter(|(_, told)| told == notice).count()
}

/// A minute in which these tick, and remember only what their records say.
fn minute(mesh: &mut Mesh, who: &[usize]) {
    mesh.wait(60);
    for own in who {
        mesh.tick_with(*own, None);
    }
}

#[test]
fn a_silence_is_told_once_by_all_watchers_together_and_so_is_its_end() {
    let mut mesh = Mesh::new(Vec::new());
    for incident in 1..=2 {
        minute(&mut mesh, &[AGENT, FUNCTION, ACTION]);
        for _ in 0..90 {
            minute(&mut mesh, &[FUNCTION, ACTION]);
        }
        assert_eq!(told(&mesh, &Notice::PeerSilent(AGENT)), incident);
        assert_eq!(told(&mesh, &Notice::PeerBack(AGENT)), incident - 1);
        for _ in 0..3 {
            minute(&mut mesh, &[AGENT, FUNCTION, ACTION]);
        }
        assert_eq!(told(&mesh, &Notice::PeerBack(AGENT)), incident, "{:?}", mesh.notices);
    }
    let others = [FUNCTION, ACTION].map(|peer| told(&mesh, &Notice::PeerSilent(peer)));
    assert_eq!(others, [0, 0]);
}

#[test]
fn two_who_told_at_the_same_moment_say_the_end_once() {
    let mut mesh = Mesh::new(Vec::new());
    minute(&mut mesh, &[AGENT, FUNCTION, ACTION]);
    for _ in 0..10 {
        minute(&mut mesh, &[FUNCTION, ACTION]);
    }
    // Neither had read the other's word.
    let mut told_by = Vec::new();
    for own in [FUNCTION, ACTION] {
        told_by.extend(mesh.record(own).carry.silences.clone());
    }
    assert_eq!(told_by.len(), 1);
    for own in [FUNCTION, ACTION] {
        let silences = told_by.clone();
        mesh.rewrite(own, |record| {
            let mut carry = (*record.carry).clone();
            carry.silences = silences;
            record.carry = carry.into();
        });
    }
    minute(&mut mesh, &[FUNCTION, ACTION]);
    minute(&mut mesh, &[AGENT, FUNCTION, ACTION]);
    minute(&mut mesh, &[AGENT, FUNCTION, ACTION]);
    assert_eq!(told(&mesh, &Notice::PeerBack(AGENT)), 1, "{:?}", mesh.notices);
}

#[test]
fn a_silence_whose_teller_falls_silent_too_is_told_again_and_has_its_end() {
    let mut mesh = Mesh::new(Vec::new());
    minute(&mut mesh, &[AGENT, FUNCTION, ACTION]);
    for _ in 0..10 {
        minute(&mut mesh, &[FUNCTION, ACTION]);
    }
    let teller = mesh.notices[0].0;
    let other = FUNCTION + ACTION - teller;
    for _ in 0..20 {
        minute(&mut mesh, &[other]);
    }
    assert_eq!((told(&mesh, &Notice::PeerSilent(AGENT)), told(&mesh, &Notice::PeerSilent(teller))), (2, 1));
    minute(&mut mesh, &[AGENT, other]);
    minute(&mut mesh, &[AGENT, other]);
    assert_eq!(told(&mesh, &Notice::PeerBack(AGENT)), 1);
}

#[test]
fn what_needs_a_person_is_told_once_by_all_watchers_together_and_again_after_an_hour() {
    let mut mesh = Mesh::new(vec![TargetSetup { ..standing("web", &[&[AGENT, FUNCTION]]) }]);
    mesh.setup.brake.minimum = 100;
    mesh.helps = false;
    minute(&mut mesh, &[AGENT, FUNCTION]);
    mesh.down(0);
    let mut first = None;
    for n in 0..100 {
        minute(&mut mesh, &[AGENT, FUNCTION]);
        first = first.or((told(&mesh, &Notice::Exhausted(0)) > 0).then_some(n));
        if first.is_some_and(|first| n == first + 55) {
            assert_eq!(told(&mesh, &Notice::Exhausted(0)), 1, "{:?}", mesh.notices);
        }
    }
    let first = first.unwrap();
    assert!((5..38).contains(&first), "{first}");
    assert_eq!(told(&mesh, &Notice::Exhausted(0)), 2, "{:?}", mesh.notices);
    mesh.up(0);
    for _ in 0..3 {
        minute(&mut mesh, &[AGENT, FUNCTION]);
    }
    assert_eq!(told(&mesh, &Notice::Recovered(0)), 1, "{:?}", mesh.notices);
    // What is down anew is told anew, although the hour is not over.
    (mesh.facts[0], mesh.probes[0]) = (Fact::Down, Probed::Down);
    for _ in 0..30 {
        minute(&mut mesh, &[AGENT, FUNCTION]);
    }
    assert_eq!(told(&mesh, &Notice::Exhausted(0)), 3, "{:?}", mesh.notices);
}
