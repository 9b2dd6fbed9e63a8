//! Handing back and the quorum, at their edges; the orders of events are walked through by the model checks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;
use standin_core::effect::EffectKey;
use standin_core::incident::IncidentId;
use standin_core::mesh::cell::{Bid, Cell, Holder, acquire, serve};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::handback::{
    COOL_DOWN_MS, Damping, HandingBack, Punctual, QUIET_MS, Step, Streak, Together, acknowledged, is_due,
    primary_may_work,
};
use standin_core::mesh::quorum::{Ballot, Register, Round, Step as Quorum};
use standin_core::mesh::swap::Swapped;
use standin_core::mesh::terms::Terms;

const MINUTE: u64 = 60_000;

fn streak(beats: &[(i64, Punctual)]) -> Streak {
    beats.iter().fold(Streak::default(), |streak, (minute, punctual)| {
        streak.beat(StoreTime(minute * 60_000), *punctual)
    })
}

#[test]
fn a_primary_is_steady_after_three_beats_in_time_over_ten_minutes_or_two_periods() {
    let yes = |minute| (minute, Punctual::Yes);
    assert!(!streak(&[yes(0), yes(10)]).is_steady(MINUTE), "two beats");
    assert!(!streak(&[yes(0), yes(4), yes(9)]).is_steady(MINUTE), "nine minutes");
    assert!(streak(&[yes(0), yes(4), yes(10)]).is_steady(MINUTE));
    assert!(!streak(&[yes(0), yes(60), yes(119)]).is_steady(60 * MINUTE), "not yet two periods");
    assert!(streak(&[yes(0), yes(60), yes(120)]).is_steady(60 * MINUTE));
    assert!(!streak(&[yes(0), (5, Punctual::No), yes(7), yes(15)]).is_steady(MINUTE), "one was late");
    assert!(
        !streak(&[yes(0), yes(10), yes(10), yes(4)]).is_steady(MINUTE),
        "the same beat, and an older one"
    );
}

#[test]
fn the_cool_down_doubles_with_each_flap_and_halves_with_each_quiet_hour() {
    let (shortest, longest) = COOL_DOWN_MS;
    let wait = |damping: &Damping, since: u64| damping.until().since(StoreTime(0).plus(since));
    let mut now = 0;
    let mut damping = Damping::default();
    for expected in [1, 2, 4, 8, 16, 24, 24] {
        damping = damping.flap(StoreTime(0).plus(now));
        assert_eq!(wait(&damping, now), expected * shortest);
        assert!(expected * shortest <= longest);
        now += MINUTE;
    }
    // 240 min, three quiet hours: 30 min, and twice that.
    let calmer = damping.flap(StoreTime(0).plus(now + 3 * QUIET_MS));
    assert_eq!(wait(&calmer, now + 3 * QUIET_MS), 60 * MINUTE);
    let calm = damping.flap(StoreTime(0).plus(now + 30 * QUIET_MS));
    assert_eq!(wait(&calm, now + 30 * QUIET_MS), shortest);
    let steady = streak(&[(0, Punctual::Yes), (5, Punctual::Yes), (11, Punctual::Yes)]);
    let first = Damping::default().flap(StoreTime(5 * 60_000));
    assert!(!is_due(&steady, &first, MINUTE, StoreTime(15 * 60_000 - 1)));
    assert!(is_due(&steady, &first, MINUTE, StoreTime(15 * 60_000)));
}

fn serving() -> (Cell, Holder) {
    let holder = Holder { peer: "b".parse().unwrap(), run: 7 };
    let (incident, key) = (IncidentId("i".into()), EffectKey("k".into()));
    let bid = Bid { incident, key, opened: StoreTime(0), well_at: None, holder: holder.clone() };
    let held = acquire(None, &bid, &Terms::default(), StoreTime(0)).unwrap();
    (serve(&held, &holder, &Terms::default(), StoreTime(1)).unwrap(), holder)
}

#[test]
fn the_backup_stops_for_the_very_epoch_and_the_primary_works_after_it() {
    let (cell, holder) = serving();
    let mut handing = HandingBack::new(&cell, holder, StoreTime(2));
    let Step::Swap { next, .. } = handing.step() else { panic!("{:?}", handing.step()) };
    let announced = next.clone();
    handing.swapped(Swapped::Won);
    assert_eq!(handing.step(), Step::AwaitAck { epoch: 2 });
    handing.heard(1);
    assert_eq!(handing.step(), Step::AwaitAck { epoch: 2 }, "an older handback");
    handing.heard(u64::MAX);
    assert_eq!(handing.step(), Step::AwaitAck { epoch: 2 }, "garbage agrees to nothing");
    assert_eq!(acknowledged(Some(&announced), 1), 2);
    assert!(!primary_may_work(Some(&announced), 2, Together::Never));
    assert!(primary_may_work(Some(&announced), 2, Together::Allowed));
    assert!(!primary_may_work(Some(&announced), 1, Together::Allowed));
    handing.heard(2);
    assert_eq!(handing.step(), Step::Stop);
    handing.stopped(StoreTime(3));
    let Step::Swap { next, .. } = handing.step() else { panic!("{:?}", handing.step()) };
    assert!(primary_may_work(Some(next), 2, Together::Never));
    handing.swapped(Swapped::Won);
    assert_eq!(handing.step(), Step::Returned);
}

#[test]
fn whoever_does_not_know_what_the_cell_is_gives_up() {
    let (cell, holder) = serving();
    for answer in [Swapped::Lost, Swapped::Unknown] {
        let mut handing = HandingBack::new(&cell, holder.clone(), StoreTime(2));
        handing.swapped(answer);
        assert_eq!(handing.step(), Step::GiveUp);
    }
    let stranger = Holder { run: 8, ..holder };
    assert_eq!(HandingBack::new(&cell, stranger, StoreTime(2)).step(), Step::GiveUp);
}

#[test]
fn a_round_goes_on_from_what_may_have_been_chosen() {
    let old = Ballot { round: 1, proposer: 1 };
    let new = old.above(2);
    let lone = Register { promised: old, accepted: old, value: Some("x") };
    let mut round: Round<&str> = Round::new(new);
    assert_eq!(round.step(), Quorum::Prepare(new));
    round.promised(0, lone.prepare(new).map(|(_, promise)| promise));
    round.promised(0, lone.prepare(new).map(|(_, promise)| promise));
    assert_eq!(round.step(), Quorum::Prepare(new), "one store, asked twice, is one store");
    round.promised(9, lone.prepare(new).map(|(_, promise)| promise));
    assert_eq!(round.step(), Quorum::Prepare(new), "there is no such seat");
    round.promised(2, Register::default().prepare(new).map(|(_, promise)| promise));
    assert_eq!(round.step(), Quorum::Choose(Some("x")));
    round.propose("y");
    round.accepted(2, Ok(()));
    round.accepted(1, Err(standin_core::mesh::quorum::Conflict(new.above(3))));
    assert_eq!(round.step(), Quorum::Beaten(new.above(3)));
}

proptest! {
    #[test]
    fn a_register_never_goes_back(steps in prop::collection::vec((0..4_u64, 1..3_u64, any::<bool>()), 0..30)) {
        let mut register: Register<u64> = Register::default();
        for (round, proposer, is_accept) in steps {
            let ballot = Ballot { round, proposer };
            let next = if is_accept {
                register.accept(ballot, round)
            } else {
                register.prepare(ballot).map(|(next, _)| next)
            };
            match next {
                Ok(next) => {
                    prop_assert!(next.promised >= register.promised && next.accepted >= register.accepted);
                    register = next;
                }
                Err(conflict) => prop_assert_eq!(conflict.0, register.promised),
            }
        }
    }
}
