//! Evidence is a semilattice, and its numbers never fall.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;
use standin_core::ident::AutomationId;
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::confirm;
use standin_core::mesh::evidence::{Agreement, Evidence, join_beats};
use standin_core::mesh::fitness::{SelfFault, SelfHealth};
use standin_core::mesh::peer::{BeatError, BeatNumber, MAX_COUNT, PeerBeat, PeerId};
use standin_core::mesh::slot::SlotState;
use standin_core::mesh::suspicion::Suspicion;

#[derive(Debug, Clone)]
enum Record {
    Beat(PeerBeat),
    Suspicion(Suspicion),
    Slot(AutomationId, StoreTime, SlotState),
}

/// Few names and numbers, so that records collide often.
fn peer() -> impl Strategy<Value = PeerId> {
    prop::sample::select(vec!["a", "b", "c"]).prop_map(|name| name.parse().unwrap())
}

fn number() -> impl Strategy<Value = BeatNumber> {
    (0..3_u64, 0..4_u64).prop_map(|(incarnation, seq)| BeatNumber { incarnation, seq })
}

fn beat() -> impl Strategy<Value = PeerBeat> {
    (peer(), number(), 0..3_i64, 0..3_u64).prop_map(|(peer, number, stamp, config_hash)| {
        let (stamp, self_health) = (StoreTime(stamp), SelfHealth::default());
        PeerBeat { peer, number, stamp, due: stamp, self_health, config_hash }
    })
}

fn slot_state() -> impl Strategy<Value = SlotState> {
    let claimed = (peer(), "[kl]")
        .prop_map(|(by, key)| SlotState::Claimed { key: standin_core::effect::EffectKey(key), by });
    prop_oneof![
        Just(SlotState::Unknown),
        claimed,
        Just(SlotState::Started),
        Just(SlotState::Failed),
        Just(SlotState::Ok)
    ]
}

fn record() -> impl Strategy<Value = Record> {
    let suspicion = (peer(), peer(), number(), 0..3_i64).prop_map(|(accuser, target, about, since)| {
        Record::Suspicion(Suspicion { accuser, target, about, since: StoreTime(since) })
    });
    let slot = (0..2_i64, slot_state())
        .prop_map(|(at, state)| Record::Slot("pm2:x".parse().unwrap(), StoreTime(at), state));
    prop_oneof![beat().prop_map(Record::Beat), suspicion, slot]
}

fn joined(records: &[Record]) -> Evidence {
    let mut evidence = Evidence::default();
    for record in records.iter().cloned() {
        match record {
            Record::Beat(beat) => drop(evidence.beat(beat)),
            Record::Suspicion(suspicion) => evidence.suspicion(suspicion),
            Record::Slot(automation, slot, state) => evidence.slot(automation, slot, state),
        }
    }
    evidence
}

fn both(mut a: Evidence, b: Evidence) -> Evidence {
    a.join(b);
    a
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec(record(), 0..12)
}

proptest! {
    #[test]
    fn the_join_is_commutative_associative_and_idempotent(a in records(), b in records(), c in records()) {
        let (a, b, c) = (joined(&a), joined(&b), joined(&c));
        prop_assert_eq!(both(a.clone(), b.clone()), both(b.clone(), a.clone()));
        prop_assert_eq!(both(both(a.clone(), b.clone()), c.clone()), both(a.clone(), both(b, c)));
        prop_assert_eq!(&both(a.clone(), a.clone()), &a);
        prop_assert_eq!(a.clone().join(a), 0, "a record never differs from itself");
    }

    #[test]
    fn the_order_in_which_records_come_changes_nothing(
        (records, shuffled) in records().prop_flat_map(|r| (Just(r.clone()), Just(r).prop_shuffle()))
    ) {
        prop_assert_eq!(joined(&records), joined(&shuffled));
    }

    #[test]
    fn numbers_and_slots_never_fall(before in records(), more in records()) {
        let (before, after) = (joined(&before), both(joined(&before), joined(&more)));
        for name in ["a", "b", "c"] {
            let peer: PeerId = name.parse().unwrap();
            let number = |e: &Evidence| e.newest(&peer).map(|b| b.number);
            prop_assert!(number(&before) <= number(&after));
            prop_assert!(number(&after).is_none_or(|n| n < after.next_number(&peer)));
        }
        let id: AutomationId = "pm2:x".parse().unwrap();
        for slot in [0, 1] {
            prop_assert!(before.slot_state(&id, StoreTime(slot)) <= after.slot_state(&id, StoreTime(slot)));
        }
    }

    #[test]
    fn a_newer_beat_takes_every_accuser_away(records in records(), target in peer()) {
        let mut evidence = joined(&records);
        let next = evidence.next_number(&target).max(BeatNumber { incarnation: 9, seq: 1 });
        evidence.beat(PeerBeat {
            peer: target.clone(), number: next, stamp: StoreTime(0), due: StoreTime(0),
            self_health: SelfHealth::default(), config_hash: 1,
        });
        prop_assert!(evidence.accusers(&target).is_empty());
    }

    #[test]
    fn two_that_differ_are_counted_and_all_readers_keep_the_same(a in beat(), ack in 5..9_u64) {
        let b = PeerBeat { config_hash: ack, ..a.clone() };
        let (kept, agreement) = join_beats(a.clone(), b.clone());
        prop_assert_eq!(agreement, Agreement::Differs);
        prop_assert_eq!(join_beats(b, a), (kept, Agreement::Differs));
    }

    #[test]
    fn the_wait_lies_between_its_bounds_and_falls_with_each_accuser(
        min in 0..u64::MAX / 4, more in 0..u64::MAX / 4, n in 0..50_u32, k in 0..20_u32,
    ) {
        let max = min + more;
        let wait = |n| confirm::wait(min, max, n, k);
        prop_assert!((min..=max).contains(&wait(n)));
        prop_assert!(wait(n + 1) <= wait(n));
        prop_assert_eq!(wait(0), max);
        prop_assert_eq!(wait(k.max(1)), min);
    }

    #[test]
    fn any_self_health_stays_in_range(level in any::<u8>(), steps in prop::collection::vec(any::<bool>(), 0..30)) {
        let mut health: SelfHealth = serde_json::from_str(&level.to_string()).unwrap();
        for fault in steps {
            health = if fault { health.fault(SelfFault::BadClock) } else { health.clean_tick() };
            prop_assert!(health.level() <= 7);
        }
    }

    #[test]
    fn a_garbled_record_gives_an_error_or_joins_like_any_other(
        beat in beat(), at in any::<prop::sample::Index>(), byte in any::<u8>(), other in records(),
    ) {
        let mut bytes = serde_json::to_vec(&beat).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = serde_json::from_slice::<PeerBeat>(&bytes) {
            let (one, other) = (joined(&[Record::Beat(read)]), joined(&other));
            prop_assert_eq!(both(one.clone(), other.clone()), both(other, one));
        }
    }
}

#[test]
fn what_cannot_be_is_not_taken_in() {
    let good = PeerBeat {
        peer: "a".parse().unwrap(),
        number: BeatNumber { incarnation: 1, seq: 1 },
        stamp: StoreTime(1_000),
        due: StoreTime(2_000),
        self_health: SelfHealth::default(),
        config_hash: 0,
    };
    assert_eq!(good.check(StoreTime(0)), Ok(()));
    let future = PeerBeat { stamp: StoreTime(5_001), ..good.clone() };
    assert_eq!(future.check(StoreTime(0)), Err(BeatError::Future));
    let number = BeatNumber { incarnation: 0, seq: MAX_COUNT + 1 };
    assert_eq!(PeerBeat { number, ..good }.check(StoreTime(9_000)), Err(BeatError::Number));
}
