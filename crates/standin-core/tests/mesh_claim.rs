//! Cells and claims: whatever a store holds, epochs rise, attempts are counted and garbage gives no action.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;
use standin_core::effect::EffectKey;
use standin_core::incident::IncidentId;
use standin_core::mesh::cell::{
    self, Bid, Cell, ClaimPhase, Garbage, Holder, MAX_ATTEMPTS, Refusal, acquire,
};
use standin_core::mesh::claim::{Claimant, End, Probed, Sent, Step};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::swap::Swapped;
use standin_core::mesh::terms::{MAX_SERVING_MS, MAX_TTL_MS, Terms};

const NOW: i64 = 1_000_000_000;

fn holder(peer: &str, run: u64) -> Holder {
    Holder { peer: peer.parse().unwrap(), run }
}

fn bid(peer: &str, opened: i64) -> Bid {
    Bid {
        incident: IncidentId(format!("pm2:x@{opened}")),
        key: EffectKey(format!("key-{opened}")),
        opened: StoreTime(opened),
        well_at: None,
        holder: holder(peer, 1),
    }
}

fn phase() -> impl Strategy<Value = ClaimPhase> {
    prop_oneof![
        Just(ClaimPhase::Held),
        Just(ClaimPhase::Serving),
        Just(ClaimPhase::HandingBack),
        time().prop_map(|not_before| ClaimPhase::Released { not_before }),
        Just(ClaimPhase::Done),
        Just(ClaimPhase::Returned),
        Just(ClaimPhase::Exhausted),
    ]
}

fn time() -> impl Strategy<Value = StoreTime> {
    prop_oneof![any::<i64>(), NOW - 400_000..NOW + 400_000, Just(i64::MAX), Just(i64::MIN)]
        .prop_map(StoreTime)
}

/// Whatever fits into the types, be it possible or not.
fn any_cell() -> impl Strategy<Value = Cell> {
    let epoch = prop_oneof![any::<u64>(), 0..9_u64, Just(u64::MAX)];
    let attempt = prop_oneof![any::<u8>(), 0..5_u8];
    let ttl = prop_oneof![any::<u32>(), 0..200_000_u32];
    (epoch, attempt, ttl, time(), phase(), "[ab]{0,2}", 0..3_u64).prop_map(
        |(epoch, attempt, ttl, granted, phase, text, run)| Cell {
            epoch,
            incident: IncidentId(text.clone()),
            holder: holder("a", run),
            attempt,
            granted,
            ttl,
            phase,
            key: EffectKey(text),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_claim_over_any_cell_raises_the_epoch_or_is_refused(
        cell in any_cell(), now in time(), opened in time(), well in prop::option::of(time()),
    ) {
        let terms = Terms::default();
        let bid = Bid { opened, well_at: well, ..bid("b", 0) };
        match (cell.check(&terms, now), acquire(Some(&cell), &bid, &terms, now)) {
            (Err(garbage), claimed) => prop_assert_eq!(claimed, Err(Refusal::Garbage(garbage))),
            (Ok(()), Ok(next)) => {
                prop_assert_eq!(next.epoch, cell.epoch + 1);
                prop_assert!((1..=MAX_ATTEMPTS).contains(&next.attempt));
                prop_assert!(next.incident != cell.incident || next.key == cell.key);
                let lease = matches!(cell.phase, ClaimPhase::Held | ClaimPhase::Serving | ClaimPhase::HandingBack);
                prop_assert!(!lease || now > cell.expires().plus(u64::from(terms.epsilon)));
                prop_assert_eq!(next.check(&terms, now), Ok(()));
            }
            (Ok(()), Err(_)) => {}
        }
    }

    #[test]
    fn no_other_transition_of_any_cell_lowers_the_epoch_or_adds_attempts(
        cell in any_cell(), run in 0..3_u64, now in time(), ack in any::<u64>(),
    ) {
        let (terms, own) = (Terms::default(), holder("a", run));
        let all = [
            cell::renew(&cell, &own, now),
            cell::finish(&cell, &own, now),
            cell::fail(&cell, &own, &terms, now),
            cell::give_back(&cell, &own, &terms, now),
            cell::serve(&cell, &own, &terms.for_serving(25_000_000), now),
            cell::hand_back(&cell, &own, now),
            cell::returned(&cell, &own, ack, now),
        ];
        for next in all.into_iter().flatten() {
            prop_assert_eq!(&cell.holder, &own);
            prop_assert!(next.epoch >= cell.epoch && next.attempt <= cell.attempt);
            prop_assert!(next.granted >= cell.granted);
            prop_assert!(next.phase != ClaimPhase::Returned || ack >= cell.epoch);
        }
    }

    #[test]
    fn a_claimant_sends_only_after_winning_and_hearing_that_the_target_is_down(
        cell in prop_oneof![Just(None), any_cell().prop_map(Some)],
        events in prop::collection::vec((0..7_u8, 0..3_u8, NOW - 1..NOW + 200_000), 0..40),
    ) {
        let mut claimant = Claimant::new(bid("b", NOW), Terms::default());
        let (mut won, mut down, mut sent) = (false, false, 0);
        for (event, which, now) in events {
            let now = StoreTime(now);
            let swapping = matches!(claimant.step(), Step::Swap { .. });
            let probing = matches!(claimant.step(), Step::Probe);
            match event {
                0 => claimant.read(cell.clone(), now),
                1 => {
                    let answer = [Swapped::Won, Swapped::Lost, Swapped::Unknown][usize::from(which)];
                    claimant.swapped(answer);
                    won |= swapping && answer == Swapped::Won;
                }
                2 | 3 => {
                    let answer = [Probed::Down, Probed::Well, Probed::Unknown][usize::from(which)];
                    claimant.probed(answer, now);
                    down |= probing && answer == Probed::Down;
                }
                4 | 5 => {
                    let held = claimant.held().cloned();
                    if let Some(order) = claimant.clear_to_send(now) {
                        let held = held.unwrap();
                        prop_assert!(won && down);
                        prop_assert!(held.may_send(&Terms::default(), now) && order.epoch == held.epoch);
                        sent += 1;
                    }
                }
                _ => claimant.sent([Sent::Accepted, Sent::Refused, Sent::Unknown][usize::from(which)], now),
            }
        }
        prop_assert!(sent <= 1);
    }

    #[test]
    fn a_garbled_record_gives_an_error_or_a_cell_that_obeys_the_rules(
        cell in any_cell(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut bytes = serde_json::to_vec(&cell).unwrap();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        if let Ok(read) = serde_json::from_slice::<Cell>(&bytes) {
            let claimed = acquire(Some(&read), &bid("b", NOW), &Terms::default(), StoreTime(NOW + 500_000));
            prop_assert!(claimed.is_err() || claimed.unwrap().epoch == read.epoch + 1);
        }
    }
}

fn claimed() -> Cell {
    acquire(None, &bid("a", NOW), &Terms::default(), StoreTime(NOW)).unwrap()
}

#[test]
fn a_cell_survives_its_store() {
    let held = claimed();
    let text = serde_json::to_string(&held).unwrap();
    assert_eq!(serde_json::from_str::<Cell>(&text).unwrap(), held);
    for (field, bad) in [("epoch", "-1"), ("attempt", "300"), ("holder", "{}"), ("phase", "\"new\"")] {
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value[field] = serde_json::from_str(bad).unwrap();
        assert!(serde_json::from_value::<Cell>(value).is_err(), "{field}");
    }
}

#[test]
fn each_sort_of_garbage_is_named_and_refused() {
    let (good, terms, now) = (claimed(), Terms::default(), StoreTime(NOW + 500_000));
    for (cell, garbage) in [
        (Cell { epoch: 0, ..good.clone() }, Garbage::Epoch),
        (Cell { epoch: u64::MAX, ..good.clone() }, Garbage::Epoch),
        (Cell { attempt: 0, ..good.clone() }, Garbage::Attempt),
        (Cell { attempt: 4, ..good.clone() }, Garbage::Attempt),
        (Cell { ttl: 0, ..good.clone() }, Garbage::Ttl),
        (Cell { ttl: u32::MAX, ..good.clone() }, Garbage::Ttl),
        (Cell { ttl: MAX_TTL_MS + 1, ..good.clone() }, Garbage::Ttl),
        (Cell { ttl: MAX_SERVING_MS + 1, phase: ClaimPhase::Serving, ..good.clone() }, Garbage::Ttl),
        (Cell { granted: StoreTime(i64::MAX), ..good.clone() }, Garbage::Future),
        (
            Cell { phase: ClaimPhase::Released { not_before: StoreTime(i64::MAX) }, ..good.clone() },
            Garbage::Future,
        ),
        (Cell { key: EffectKey(String::new()), ..good.clone() }, Garbage::Text),
        (Cell { incident: IncidentId("x".repeat(257)), ..good.clone() }, Garbage::Text),
    ] {
        assert_eq!(acquire(Some(&cell), &bid("b", NOW), &terms, now), Err(Refusal::Garbage(garbage)));
    }
    assert!(acquire(Some(&good), &bid("b", NOW), &terms, now).is_ok());
    let served = Cell { ttl: MAX_SERVING_MS, phase: ClaimPhase::Serving, ..good };
    assert_eq!(served.check(&terms, now), Ok(()), "only a backup at work is kept for so long");
}

#[test]
fn a_lease_is_taken_over_only_past_the_tolerance_and_keeps_its_key() {
    let (held, terms) = (claimed(), Terms::default());
    let until = StoreTime(NOW + 125_000);
    let other = bid("b", NOW + 7);
    assert_eq!(acquire(Some(&held), &other, &terms, until), Err(Refusal::Held { until }));
    let taken = acquire(Some(&held), &other, &terms, until.plus(1)).unwrap();
    assert_eq!((taken.epoch, taken.attempt, taken.holder.clone()), (2, 2, other.holder.clone()));
    assert_eq!((&taken.incident, &taken.key), (&held.incident, &held.key));
    let third = acquire(Some(&taken), &bid("a", NOW), &terms, StoreTime(NOW + 300_000)).unwrap();
    assert_eq!(third.attempt, 3);
    let fourth = acquire(Some(&third), &other, &terms, StoreTime(NOW + 600_000));
    assert_eq!(fourth, Err(Refusal::AttemptsUsed));
}

#[test]
fn what_is_over_is_claimed_again_only_for_another_failure() {
    let terms = Terms::default();
    let later = StoreTime(NOW + 50_000);
    let done = cell::finish(&claimed(), &holder("a", 1), later).unwrap();
    let at = later.plus(100_000);
    assert_eq!(acquire(Some(&done), &bid("b", NOW + 9), &terms, at), Err(Refusal::Over), "seen before");
    let next = acquire(Some(&done), &bid("b", NOW + 60_000), &terms, at).unwrap();
    assert_eq!((next.epoch, next.attempt, next.key.0.as_str()), (2, 1, "key-1000060000"));

    let exhausted = Cell { phase: ClaimPhase::Exhausted, attempt: 3, ..done };
    let again = bid("b", NOW + 60_000);
    assert_eq!(acquire(Some(&exhausted), &again, &terms, at), Err(Refusal::AttemptsUsed));
    let well_between = Bid { well_at: Some(StoreTime(NOW + 55_000)), ..again };
    assert_eq!(acquire(Some(&exhausted), &well_between, &terms, at).unwrap().attempt, 1);
}

/// A claimant that has won over an empty cell.
fn winner() -> Claimant {
    let mut claimant = Claimant::new(bid("a", NOW), Terms::default());
    claimant.read(None, StoreTime(NOW));
    claimant.swapped(Swapped::Won);
    claimant
}

#[test]
fn one_who_wins_asks_the_target_and_sends_nothing_to_one_that_is_well() {
    let mut claimant = winner();
    assert_eq!(claimant.step(), Step::Probe);
    assert_eq!(claimant.clear_to_send(StoreTime(NOW)), None);
    claimant.probed(Probed::Well, StoreTime(NOW + 1));
    assert!(matches!(claimant.step(), Step::Swap { next, .. } if next.phase == ClaimPhase::Done));
    claimant.swapped(Swapped::Won);
    assert_eq!(claimant.step(), Step::End(End::Recovered));
}

#[test]
fn one_who_cannot_ask_or_is_too_late_gives_the_attempt_back() {
    let released = |claimant: &Claimant| {
        let Step::Swap { next, .. } = claimant.step() else { panic!("{:?}", claimant.step()) };
        (next.attempt, matches!(next.phase, ClaimPhase::Released { .. }))
    };
    let mut blind = winner();
    blind.probed(Probed::Unknown, StoreTime(NOW + 1));
    assert_eq!(released(&blind), (0, true));
    let mut slow = winner();
    slow.probed(Probed::Down, StoreTime(NOW + 1));
    assert_eq!(slow.clear_to_send(StoreTime(NOW + 100_001)), None, "20 s before the lease ends");
    assert_eq!(released(&slow), (0, true));
    slow.swapped(Swapped::Won);
    assert_eq!(slow.step(), Step::End(End::TooLate));
}

#[test]
fn what_came_of_it_is_asked_when_it_can_show() {
    let mut claimant = winner();
    claimant.probed(Probed::Down, StoreTime(NOW));
    let order = claimant.clear_to_send(StoreTime(NOW + 100_000)).unwrap();
    assert_eq!((order.epoch, order.attempt), (1, 1));
    assert_eq!(claimant.clear_to_send(StoreTime(NOW + 100_000)), None, "once");
    claimant.sent(Sent::Unknown, StoreTime(NOW + 100_000));
    assert_eq!(claimant.step(), Step::Confirm { not_before: StoreTime(NOW + 130_000) });
    claimant.probed(Probed::Down, StoreTime(NOW + 129_999));
    assert!(matches!(claimant.step(), Step::Confirm { .. }), "too early to tell");
    claimant.probed(Probed::Down, StoreTime(NOW + 130_000));
    let waits = |c: &Claimant| matches!(c.step(), Step::Swap { next, .. } if next.attempt == 1 && matches!(next.phase, ClaimPhase::Released { not_before } if not_before >= StoreTime(NOW + 190_000)));
    assert!(waits(&claimant));
}

#[test]
fn a_lost_answer_is_looked_up_and_believed_only_for_the_very_cell() {
    let lost = || {
        let mut claimant = Claimant::new(bid("a", NOW), Terms::default());
        claimant.read(None, StoreTime(NOW));
        claimant.swapped(Swapped::Unknown);
        claimant
    };
    let mut written = lost();
    written.read(Some(claimed()), StoreTime(NOW + 1));
    assert_eq!(written.step(), Step::Probe);
    for found in [None, Some(Cell { holder: holder("a", 2), ..claimed() })] {
        let mut not_written = lost();
        not_written.read(found, StoreTime(NOW + 1));
        assert_eq!(not_written.step(), Step::End(End::Unclear));
    }
}
