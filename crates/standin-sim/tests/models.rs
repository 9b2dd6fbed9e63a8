//! The model checks, as tests: those that must hold hold, and those that must not are seen not to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use standin_sim::model::{ALL, Expected};

const LEASE: [&str; 2] = ["lease", "lease-again"];
const LEASE_BROKEN: [&str; 5] =
    ["lease-no-reprobe", "lease-store-without-cas", "lease-skew", "lease-pause", "lease-slow-network"];
const KEYS: [&str; 2] = ["keys", "keys-ignored"];
const QUORUM: [&str; 2] = ["quorum", "quorum-again"];
const QUORUM_BROKEN: [&str; 2] = ["quorum-no-prepare", "quorum-store-without-cas"];
const HANDBACK: [&str; 5] =
    ["handback", "handback-together", "handback-no-ack", "handback-no-stop", "handback-pause"];
const BRAKE: [&str; 6] =
    ["brake", "brake-again", "brake-forgetful", "brake-cell", "brake-no-cell", "brake-overwritten"];

#[track_caller]
fn judge(names: &[&str]) {
    for name in names {
        let check = ALL.iter().find(|check| check.name == *name).unwrap_or_else(|| panic!("no {name}"));
        let findings = check.run();
        println!("{}", findings.row(check));
        findings.judge(check).unwrap_or_else(|why| panic!("{why}"));
    }
}

#[test]
fn a_timed_claim_acts_once_while_its_assumptions_hold() {
    judge(&LEASE);
}

#[test]
fn a_timed_claim_acts_twice_without_the_probe_or_its_assumptions() {
    judge(&LEASE_BROKEN);
}

#[test]
fn a_key_acts_once_whatever_is_late() {
    judge(&KEYS);
}

#[test]
fn a_quorum_has_one_holder_for_each_epoch() {
    judge(&QUORUM);
}

#[test]
fn a_quorum_has_two_holders_without_prepare_or_compare_and_swap() {
    judge(&QUORUM_BROKEN);
}

#[test]
fn a_hand_back_breaks_before_it_makes() {
    judge(&HANDBACK);
}

#[test]
fn the_brake_lets_few_through_at_a_time() {
    judge(&BRAKE);
}

#[test]
fn every_check_is_among_these_tests() {
    let lists: [&[&str]; 7] = [&LEASE, &LEASE_BROKEN, &KEYS, &QUORUM, &QUORUM_BROKEN, &HANDBACK, &BRAKE];
    let tested: BTreeSet<&str> = lists.into_iter().flatten().copied().collect();
    assert_eq!(tested, ALL.iter().map(|check| check.name).collect());
}

#[test]
fn a_check_that_shows_something_else_is_judged_to() {
    let broken = ALL.iter().find(|check| check.name == "handback-no-stop").unwrap();
    let findings = broken.run();
    let mut hopeful = *broken;
    hopeful.expected = Expected::Holds;
    assert!(findings.judge(&hopeful).unwrap_err().contains("does not hold after\n  Fail\n"));
    let sound = ALL.iter().find(|check| check.name == "handback").unwrap();
    let findings = sound.run();
    let mut fearful = *sound;
    fearful.expected = Expected::Breaks("break before make");
    assert!(findings.judge(&fearful).unwrap_err().contains("the model is blind to it"));
}
