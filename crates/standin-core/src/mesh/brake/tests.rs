#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

const FREEZE: u64 = 90_000;

fn target(n: usize) -> Target {
    Target::Automation(format!("pm2:a{n}").parse().unwrap())
}

fn holder(run: u64) -> Holder {
    Holder { peer: "agent".parse().unwrap(), run }
}

fn limit(brake: &Brake) -> u8 {
    match &brake.state {
        BrakeState::On { limit, .. } => *limit,
        BrakeState::Off => 0,
    }
}

fn on(freeze: u64) -> Brake {
    put_on(None, StoreTime(0)).unwrap().tell(freeze, StoreTime(0)).unwrap()
}

/// Admits as many as there is room for.
fn admit(brake: &Brake, from: usize, now: i64) -> (Brake, usize) {
    let targets: Vec<Target> = (from..from + 9).map(target).collect();
    let (brake, admitted) =
        brake.admit(&targets.iter().collect::<Vec<_>>(), &holder(1), 50_000, StoreTime(now)).unwrap();
    (brake, admitted.len())
}

fn report(brake: &Brake, n: usize, outcome: Outcome, now: i64) -> Brake {
    brake.report(&target(n), &holder(1), outcome, StoreTime(now)).unwrap()
}

#[test]
fn it_freezes_and_then_lets_one_through_then_two_then_four() {
    let mut brake = on(FREEZE);
    assert_eq!(brake.admit(&[&target(0)], &holder(1), 0, StoreTime(89_999)), Err(NotNow));
    let (mut next, mut now) = (0, 90_000);
    for many in [1, 2, 4, 4] {
        let (with, admitted) = admit(&brake, next, now);
        assert_eq!((admitted, with.busy(StoreTime(now))), (many, many));
        let none = with.admit(&[&target(99)], &holder(2), 0, StoreTime(now));
        assert_eq!(none, Err(NotNow), "all places are taken, whoever asks");
        brake = with;
        for n in next..next + many {
            assert!(brake.check(StoreTime(now)).is_ok());
            brake = report(&brake, n, Outcome::Recovered, now);
        }
        (next, now) = (next + many, now + 1_000);
    }
}

#[test]
fn a_stage_with_one_lost_is_repeated_and_a_place_that_was_not_used_is_free() {
    let brake = on(0);
    let (brake, _) = admit(&brake, 0, 1);
    let (brake, _) = admit(&report(&brake, 0, Outcome::Unused, 2), 1, 2);
    let brake = report(&brake, 1, Outcome::Lost, 3);
    let (brake, many) = admit(&brake, 2, 4);
    assert_eq!((many, limit(&brake)), (1, 1));
    let (brake, many) = admit(&report(&brake, 2, Outcome::Recovered, 5), 3, 6);
    assert_eq!((many, limit(&brake)), (2, 2));
    let brake = report(&report(&brake, 3, Outcome::Recovered, 7), 4, Outcome::Lost, 7);
    assert_eq!(limit(&admit(&brake, 5, 8).0), 2, "one of two was lost");
}

#[test]
fn a_holder_that_dies_keeps_its_place_until_its_time_is_over() {
    let brake = on(0);
    let (brake, _) = admit(&brake, 0, 0);
    let end = i64::try_from(PLACE_MS + 50_000 + u64::from(TOLERANCE_MS)).unwrap();
    assert_eq!(brake.admit(&[&target(1)], &holder(2), 0, StoreTime(end)), Err(NotNow));
    let (next, _) = admit(&brake, 1, end + 1);
    assert_eq!(limit(&next), 1, "nobody saw it recover");
    let late = brake.report(&target(0), &holder(1), Outcome::Recovered, StoreTime(end + 1));
    assert_eq!(late, Err(NotNow));
    assert_eq!(brake.report(&target(0), &holder(2), Outcome::Recovered, StoreTime(1)), Err(NotNow));
}

#[test]
fn it_goes_on_and_off_and_its_number_only_up() {
    let on = put_on(None, StoreTime(5)).unwrap();
    assert_eq!(put_on(Some(&on), StoreTime(6)), Err(NotNow));
    let off = on.take_off(StoreTime(6)).unwrap();
    assert_eq!(off.take_off(StoreTime(7)), Err(NotNow));
    let again = put_on(Some(&off), StoreTime(8)).unwrap();
    assert_eq!((on.epoch, off.epoch, again.epoch), (1, 2, 3));
    assert_eq!(again.admit(&[&target(0)], &holder(1), 0, StoreTime(9)), Err(NotNow), "nobody was told");
    let told = again.tell(0, StoreTime(9)).unwrap();
    assert_eq!((told.tell(0, StoreTime(9)), off.tell(0, StoreTime(9))), (Err(NotNow), Err(NotNow)));
}

#[test]
fn what_cannot_be_is_not_believed() {
    let now = StoreTime(1_000_000);
    let (good, _) = admit(&put_on(None, now).unwrap().tell(0, now).unwrap(), 0, now.0);
    assert_eq!(good.check(now), Ok(()));
    let with = |limit: u8, until: StoreTime, target: &str| {
        let canary = Canary { target: target.into(), holder: holder(1), until, fate: Fate::Busy };
        let canaries = vec![canary.clone(), canary];
        Brake {
            state: BrakeState::On { since: now, frozen_until: now, told: Told::Yes, limit, canaries },
            ..good.clone()
        }
    };
    for (bad, why) in [
        (Brake { epoch: 0, ..good.clone() }, Garbage::Epoch),
        (Brake { epoch: MAX_COUNT, ..good.clone() }, Garbage::Epoch),
        (Brake { granted: StoreTime(i64::MAX), ..good.clone() }, Garbage::Future),
        (Brake { granted: now.plus(9_000), state: BrakeState::Off, epoch: 1 }, Garbage::Future),
        (with(3, now, "x"), Garbage::Attempt),
        (with(1, now, "x"), Garbage::Attempt),
        (with(2, StoreTime(i64::MAX), "x"), Garbage::Ttl),
        (with(2, now, ""), Garbage::Text),
    ] {
        assert_eq!(bad.check(now), Err(why), "{bad:?}");
    }
}
