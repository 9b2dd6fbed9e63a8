//! All checks, by name.

use standin_core::mesh::handback::Together;

use super::brake::{Braking, FEW_AT_A_TIME, Memory};
use super::brake_cell::{BrakeCell, Kept};
use super::claim::{Claims, Keys, Network, ONE_EXECUTION, ONE_HOLDER, Pause, Probing, Store};
use super::handback::{AGREED, Ack, BREAK_BEFORE_MAKE, Handback, Start, Stop};
use super::quorum::{Begins, Preparing, Quorum};
use super::{Check, Expected, walk};

/// Three watchers, all assumptions of the timed claim hold, the target ignores keys.
fn timed() -> Claims {
    Claims {
        skews: vec![0, 1, 0],
        until: 6,
        runs: 1,
        crashes: 1,
        lost_answers: 1,
        lost_requests: 0,
        heals: 0,
        pause: Pause::Never,
        network: Network::Timely,
        keys: Keys::Ignored,
        probing: Probing::Honest,
        store: Store::Swaps,
    }
}

/// Two watchers of these: enough to break it.
fn pair() -> Claims {
    Claims { skews: vec![0, 1], ..timed() }
}

/// Two watchers that try again, up to the last attempt, at a target that may recover by itself.
fn again() -> Claims {
    Claims { skews: vec![0, 1], until: 8, runs: 2, lost_answers: 0, lost_requests: 1, heals: 1, ..timed() }
}

/// Two watchers, nothing is in time, and the target deduplicates.
fn keyed() -> Claims {
    Claims {
        skews: vec![0, 9],
        until: 6,
        runs: 2,
        crashes: 0,
        pause: Pause::Any,
        network: Network::Unbounded,
        keys: Keys::Deduplicated,
        ..timed()
    }
}

/// Two watchers and three stores, of which one may be down; one watcher may crash, one answer may be lost.
fn quorum() -> Quorum {
    Quorum {
        rounds: vec![2, 1],
        crashes: 1,
        outages: 1,
        lost_answers: 1,
        begins: Begins::AnyTime,
        preparing: Preparing::Done,
        without_swap: 0,
    }
}

/// Two rounds of each, of messages that are late or never come.
fn quorum_again() -> Quorum {
    let begins = Begins::WhenOver;
    Quorum { rounds: vec![2, 2], crashes: 0, outages: 0, lost_answers: 0, begins, ..quorum() }
}

fn handback() -> Handback {
    Handback {
        failures: 2,
        until: 8,
        together: Together::Never,
        ack: Ack::Read,
        stop: Stop::Done,
        start: Start::AtOnce,
    }
}

fn brake() -> Braking {
    Braking { automations: 7, relapses: 1, attempts: 1, percent: 50, memory: Memory::Kept }
}

/// Two watchers without memory of their own, and four targets.
fn brake_cell() -> BrakeCell {
    BrakeCell { targets: 4, watchers: 2, fizzles: 1, kept: Kept::InOneCell }
}

macro_rules! check {
    ($name:literal, $expected:expr, $model:expr) => {
        Check { name: $name, expected: $expected, walk: |expected| walk($model, expected) }
    };
}

use Expected::{Breaks, Holds};

/// Every check: those that hold, each followed by those that must not.
pub const ALL: [Check; 24] = [
    check!("lease", Holds, timed()),
    check!("lease-again", Holds, again()),
    check!("lease-no-reprobe", Breaks(ONE_EXECUTION), Claims { probing: Probing::Skipped, ..pair() }),
    check!("lease-store-without-cas", Breaks(ONE_HOLDER), Claims { store: Store::Overwrites, ..pair() }),
    check!("lease-skew", Breaks(ONE_EXECUTION), Claims { skews: vec![0, 2], ..pair() }),
    check!("lease-pause", Breaks(ONE_EXECUTION), Claims { pause: Pause::Any, ..pair() }),
    check!("lease-slow-network", Breaks(ONE_EXECUTION), Claims { network: Network::Unbounded, ..pair() }),
    check!("keys", Holds, keyed()),
    check!("keys-ignored", Breaks(ONE_EXECUTION), Claims { keys: Keys::Ignored, ..keyed() }),
    check!("quorum", Holds, quorum()),
    check!("quorum-again", Holds, quorum_again()),
    check!("quorum-no-prepare", Breaks(ONE_HOLDER), Quorum { preparing: Preparing::Skipped, ..quorum() }),
    check!(
        "quorum-store-without-cas",
        Breaks(ONE_HOLDER),
        Quorum { without_swap: 1, rounds: vec![1, 1], ..quorum_again() }
    ),
    check!("handback", Holds, handback()),
    check!("handback-together", Holds, Handback { together: Together::Allowed, ..handback() }),
    check!("handback-no-ack", Breaks(AGREED), Handback { ack: Ack::MadeUp, ..handback() }),
    check!("handback-no-stop", Breaks(BREAK_BEFORE_MAKE), Handback { stop: Stop::Skipped, ..handback() }),
    check!("handback-pause", Breaks(BREAK_BEFORE_MAKE), Handback { start: Start::AfterAPause, ..handback() }),
    check!("brake", Holds, brake()),
    check!("brake-again", Holds, Braking { attempts: 2, relapses: 0, ..brake() }),
    check!("brake-forgetful", Breaks(FEW_AT_A_TIME), Braking { memory: Memory::Lost, ..brake() }),
    check!("brake-cell", Holds, brake_cell()),
    check!("brake-no-cell", Breaks(FEW_AT_A_TIME), BrakeCell { kept: Kept::ByEachWatcher, ..brake_cell() }),
    check!("brake-overwritten", Breaks(FEW_AT_A_TIME), BrakeCell { kept: Kept::Overwritten, ..brake_cell() }),
];
