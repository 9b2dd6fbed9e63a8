//! The simulator, as tests: a fixed set of seeds breaks nothing, and what must break is seen to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use standin_sim::sim::fault::Kind;
use standin_sim::sim::{Plan, Tamper, run, shrink};

const HOURS: u64 = 24;

#[track_caller]
fn holds(plan: &Plan) {
    let outcome = run(plan).unwrap();
    assert!(outcome.broken.is_empty(), "seed {}: {:?}", plan.seed, outcome.broken);
    assert!(outcome.executions > 100, "seed {}: hardly anything ran: {outcome:?}", plan.seed);
}

#[test]
fn nothing_breaks_with_all_faults_on() {
    for seed in 1..=12 {
        holds(&Plan::of(seed, HOURS, Kind::ALL));
    }
}

#[test]
fn nothing_breaks_with_each_fault_alone() {
    for kind in Kind::ALL {
        holds(&Plan::of(5, HOURS, &[*kind]));
    }
}

/// What was once taken for a broken law and was none: a target that its backup serves has recovered, and what was begun
/// before anybody was told of a brake goes on.
#[test]
fn what_the_predicates_once_got_wrong_stays_right() {
    for (seed, faults) in [(101, &[19, 37][..]), (90, &[0, 5, 7, 13, 19, 21, 25, 27, 30, 33]), (517, &[])] {
        let plan = Plan::of(seed, 48, Kind::ALL);
        holds(&plan);
        holds(&plan.only(faults));
    }
}

#[test]
fn without_faults_only_late_and_skipped_slots_are_run_by_a_backup() {
    let outcome = run(&Plan::of(3, HOURS, &[])).unwrap();
    assert_eq!(outcome.broken, []);
    assert!(outcome.recoveries > 0 && outcome.recoveries < outcome.executions, "{outcome:?}");
}

#[test]
fn the_same_seed_gives_the_same_events() {
    let plan = Plan::of(7, HOURS, Kind::ALL);
    let (first, again) = (run(&plan).unwrap(), run(&plan).unwrap());
    assert_eq!(first, again);
    assert_ne!(first.hash, run(&Plan::of(8, HOURS, Kind::ALL)).unwrap().hash);
}

#[track_caller]
fn breaks(tamper: Tamper, laws: &[&str]) {
    for seed in 1..60 {
        let plan = Plan { tamper, ..Plan::of(seed, HOURS, Kind::ALL) };
        let outcome = run(&plan).unwrap();
        let Some(broken) = outcome.broken.first() else { continue };
        assert!(laws.contains(&broken.law), "{tamper:?} breaks {broken:?}");
        let kept = shrink(&plan, &outcome).unwrap();
        assert!(kept.len() < plan.faults.len() / 2, "hardly shrunk: {kept:?}");
        let replayed = run(&plan.only(&kept)).unwrap();
        assert_eq!(
            replayed.broken.first().map(|b| b.law),
            Some(broken.law),
            "the short list breaks the same"
        );
        return;
    }
    panic!("{tamper:?} breaks nothing: the simulator is blind to it");
}

#[test]
fn an_arbiter_without_compare_and_swap_is_seen() {
    breaks(Tamper::BlindArbiter, &["I1", "I2", "I3", "I5"]);
}

#[test]
fn targets_that_do_not_deduplicate_are_seen() {
    breaks(Tamper::NoDedup, &["I3"]);
}
