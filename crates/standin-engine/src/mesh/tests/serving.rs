//! A target that its backup serves until it is back.

use standin_core::mesh::cell::ClaimPhase;
use standin_core::mesh::claim::End;
use standin_core::mesh::terms::Terms;

use super::ends;
use super::world::{ACTION, AGENT, FUNCTION, Mesh, standing};
use crate::mesh::{Backup, Deed, Serving, SetupError, TargetSetup};
use crate::ports::mesh::Notice;

/// The agent and the function can start the backup; the function hosts the primary.
fn mesh() -> Mesh {
    let backup = Backup::Serves(Serving { primary: FUNCTION });
    let terms = Terms { ttl: 300_000, ..Terms::default() };
    let mut mesh = Mesh::new(vec![TargetSetup { backup, terms, ..standing("web", &[&[AGENT, FUNCTION]]) }]);
    mesh.setup.brake.minimum = 100;
    mesh.tick(AGENT);
    mesh.tick(FUNCTION);
    mesh
}

/// The backup works, started by this watcher.
fn served(by: usize) -> Mesh {
    let mut mesh = mesh();
    mesh.down(0);
    mesh.tick(by);
    mesh.wait(45);
    let report = mesh.tick(by);
    assert!(mesh.phase(0) == ClaimPhase::Serving && mesh.backups.contains(&0), "{report:?}");
    mesh
}

/// A minute in which these tick.
fn minute(mesh: &mut Mesh, who: &[usize]) {
    mesh.wait(60);
    for own in who {
        mesh.tick(*own);
    }
}

fn told(mesh: &Mesh, notice: &Notice) -> usize {
    mesh.notices.iter().filter(|(_, told)| told == notice).count()
}

#[test]
fn the_backup_works_on_and_its_claim_is_renewed_in_each_tick() {
    let mut mesh = served(AGENT);
    let (first, epoch) = (mesh.cell(0).granted, mesh.cell(0).epoch);
    for _ in 0..30 {
        minute(&mut mesh, &[AGENT, FUNCTION]);
    }
    assert_eq!((mesh.phase(0), mesh.cell(0).epoch), (ClaimPhase::Serving, epoch));
    assert!(mesh.cell(0).granted.since(first) > 1_700_000);
    assert_eq!((mesh.sent.len(), mesh.stops.len()), (1, 0));
    assert_eq!(told(&mesh, &Notice::Serving(0)), 1);
}

#[test]
fn a_primary_that_is_back_for_good_agrees_before_the_backup_stops() {
    let mut mesh = served(AGENT);
    mesh.up(0);
    for _ in 0..9 {
        minute(&mut mesh, &[AGENT]);
        assert_eq!(mesh.phase(0), ClaimPhase::Serving, "not yet for good");
    }
    for _ in 0..4 {
        minute(&mut mesh, &[AGENT]);
    }
    let epoch = mesh.cell(0).epoch;
    assert_eq!((mesh.phase(0), mesh.stops.len()), (ClaimPhase::HandingBack, 0), "its word is awaited");
    assert!(mesh.backups.contains(&0));
    minute(&mut mesh, &[FUNCTION]);
    assert_eq!(mesh.record(FUNCTION).carry.acks[0].epoch, epoch);
    mesh.wait(1);
    let report = mesh.tick(AGENT);
    assert_eq!(mesh.stops, [(AGENT, 0, epoch)]);
    assert_eq!(mesh.phase(0), ClaimPhase::Returned);
    assert!(report.deeds.contains(&Deed::HandedBack(0)));
    minute(&mut mesh, &[AGENT, FUNCTION]);
    assert_eq!((mesh.stops.len(), told(&mesh, &Notice::HandedBack(0))), (1, 1));
}

#[test]
fn a_word_for_an_older_handback_or_another_target_is_no_word() {
    let mut mesh = served(AGENT);
    mesh.up(0);
    for _ in 0..14 {
        minute(&mut mesh, &[AGENT]);
    }
    minute(&mut mesh, &[FUNCTION]);
    let good = mesh.record(FUNCTION).carry.acks[0].clone();
    for change in [0, 1] {
        mesh.rewrite(FUNCTION, |record| {
            let mut carry = (*record.carry).clone();
            carry.acks = vec![good.clone()];
            if change == 0 {
                carry.acks[0].epoch -= 1;
            } else {
                carry.acks[0].target = standing("other", &[]).target;
            }
            record.carry = carry.into();
        });
        minute(&mut mesh, &[AGENT]);
        assert_eq!((mesh.phase(0), mesh.stops.len()), (ClaimPhase::HandingBack, 0));
    }
}

#[test]
fn a_primary_that_fails_again_is_not_given_the_work() {
    let mut mesh = served(AGENT);
    mesh.up(0);
    for _ in 0..14 {
        minute(&mut mesh, &[AGENT]);
    }
    minute(&mut mesh, &[FUNCTION]);
    mesh.down(0);
    for _ in 0..10 {
        minute(&mut mesh, &[AGENT, FUNCTION]);
    }
    assert_eq!((mesh.phase(0), mesh.stops.len()), (ClaimPhase::HandingBack, 0));
    mesh.up(0);
    minute(&mut mesh, &[AGENT]);
    assert_eq!(mesh.phase(0), ClaimPhase::Returned);
}

#[test]
fn a_claim_whose_holder_died_is_taken_over_and_counts_as_a_first_attempt() {
    let mut mesh = served(AGENT);
    let (epoch, key) = (mesh.cell(0).epoch, mesh.cell(0).key);
    mesh.wait(200);
    mesh.tick(FUNCTION);
    assert_eq!(mesh.cell(0).epoch, epoch, "its lease is not over");
    mesh.backups.clear();
    mesh.wait(120);
    mesh.tick(FUNCTION);
    let cell = mesh.cell(0);
    assert_eq!((cell.phase, cell.attempt, cell.key), (ClaimPhase::Serving, 1, key));
    assert!(cell.epoch > epoch && cell.holder.peer.as_str() == "function");
    assert_eq!(mesh.sends(), [(AGENT, 0, 1), (FUNCTION, 0, 1)]);
}

#[test]
fn a_primary_that_waits_for_a_dead_holder_is_let_go() {
    let mut mesh = served(AGENT);
    mesh.up(0);
    mesh.wait(320);
    mesh.tick(FUNCTION);
    mesh.wait(40);
    let report = mesh.tick(FUNCTION);
    assert_eq!((mesh.phase(0), mesh.sent.len()), (ClaimPhase::Done, 1), "{report:?}");
}

#[test]
fn one_without_memory_serves_and_hands_back_too() {
    let mut mesh = mesh();
    mesh.down(0);
    mesh.tick_with(FUNCTION, None);
    mesh.wait(45);
    assert_eq!(ends(&mesh.tick_with(FUNCTION, None)), [End::Serving]);
    mesh.up(0);
    for _ in 0..16 {
        mesh.wait(60);
        mesh.tick_with(FUNCTION, None);
    }
    assert_eq!((mesh.phase(0), mesh.stops.len()), (ClaimPhase::Returned, 1));
}

/// Ticks that are over before it shows what came of an order.
fn hasty(mut mesh: Mesh) -> Mesh {
    mesh.setup.body.tick = 10_000;
    mesh
}

#[test]
fn a_backup_that_an_earlier_tick_has_sent_for_is_found_at_work() {
    let mut mesh = hasty(mesh());
    mesh.down(0);
    mesh.tick_with(FUNCTION, None);
    mesh.wait(45);
    let report = mesh.tick_with(FUNCTION, None);
    assert_eq!((ends(&report), mesh.phase(0)), (vec![End::Unconfirmed], ClaimPhase::Held));
    for _ in 0..20 {
        minute(&mut mesh, &[AGENT]);
        mesh.tick_with(FUNCTION, None);
    }
    assert_eq!((mesh.phase(0), mesh.sent.len()), (ClaimPhase::Serving, 1));
    assert_eq!(told(&mesh, &Notice::Serving(0)), 1);
    mesh.up(0);
    for _ in 0..16 {
        mesh.wait(60);
        mesh.tick_with(FUNCTION, None);
    }
    assert_eq!((mesh.phase(0), mesh.stops.len()), (ClaimPhase::Returned, 1));
}

#[test]
fn what_a_short_tick_could_not_see_is_told_and_again_once_it_is_well() {
    let mut mesh = hasty(Mesh::new(vec![standing("web", &[&[AGENT]])]));
    mesh.tick_with(AGENT, None);
    mesh.down(0);
    assert_eq!(ends(&mesh.tick_with(AGENT, None)), [End::Unconfirmed]);
    assert_eq!(told(&mesh, &Notice::Recovered(0)), 0);
    mesh.up(0);
    for _ in 0..3 {
        mesh.wait(60);
        mesh.tick_with(AGENT, None);
    }
    assert_eq!((told(&mesh, &Notice::Recovered(0)), mesh.sent.len()), (1, 1));
}

#[test]
fn an_alert_has_its_end_and_neither_is_told_twice() {
    let mut mesh = Mesh::new(vec![standing("web", &[&[AGENT]])]);
    mesh.helps = false;
    mesh.tick(AGENT);
    mesh.down(0);
    for _ in 0..40 {
        minute(&mut mesh, &[AGENT]);
    }
    assert_eq!((told(&mesh, &Notice::Exhausted(0)), told(&mesh, &Notice::Recovered(0))), (1, 0));
    mesh.up(0);
    for _ in 0..3 {
        minute(&mut mesh, &[AGENT]);
    }
    assert_eq!((told(&mesh, &Notice::Exhausted(0)), told(&mesh, &Notice::Recovered(0))), (1, 1));
}

#[test]
fn a_lease_that_does_not_last_from_tick_to_tick_cannot_serve() {
    let mut mesh = mesh();
    mesh.setup.targets[0].terms.ttl = 150_000;
    let refused = Err(SetupError::Serving("pm2:web".into()));
    assert_eq!(mesh.setup.check(), refused);
    mesh.setup.own = ACTION;
    assert_eq!(mesh.setup.check(), Ok(()), "one that never claims it need not renew it");
}

#[test]
fn who_comes_each_hour_and_hours_late_keeps_a_backup_at_work() {
    let backup = Backup::Serves(Serving { primary: AGENT });
    let terms = Terms::default().for_serving(7 * 3_600_000);
    let mut mesh = Mesh::new(vec![TargetSetup { backup, terms, ..standing("web", &[&[ACTION]]) }]);
    (mesh.setup.own, mesh.setup.body.period) = (ACTION, 3_600_000);
    assert_eq!(mesh.setup.check(), Ok(()));
    mesh.tick(ACTION);
    mesh.down(0);
    mesh.after_swap = Some(Box::new(|mesh| {
        assert_eq!(
            mesh.cell(0).ttl,
            120_000,
            "a claim under which nothing works yet keeps nobody out for hours"
        );
    }));
    mesh.tick(ACTION);
    assert!(mesh.after_swap.is_none());
    assert_eq!((mesh.phase(0), mesh.cell(0).ttl), (ClaimPhase::Serving, 7 * 3_600_000));
    let epoch = mesh.cell(0).epoch;
    for hours in [1, 1, 1, 5, 1, 2, 5, 4] {
        mesh.wait(hours * 3_600);
        mesh.tick(ACTION);
        assert_eq!((mesh.phase(0), mesh.cell(0).epoch), (ClaimPhase::Serving, epoch));
    }
    assert_eq!(mesh.sent.len(), 1, "and it was started once");
}
