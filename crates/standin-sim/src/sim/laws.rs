//! The invariants of the protocol, as predicates on what really happened: the simulator sees every store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use standin_core::effect::EffectKey;
use standin_core::mesh::cell::{Cell, ClaimPhase, Holder, MAX_ATTEMPTS};
use standin_core::mesh::clock::{StoreTime, TOLERANCE_MS};
use standin_core::mesh::evidence::Evidence;
use standin_core::mesh::peer::BeatNumber;
use standin_engine::mesh::record::Record;

/// One broken invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which one: `I1` to `I12`, or `liveness`.
    pub law: &'static str,
    /// When, in milliseconds of the run.
    pub at: u64,
    /// What was seen.
    pub what: String,
}

/// What has been seen of the decisions.
#[derive(Debug, Default)]
pub(super) struct Laws {
    winners: BTreeMap<(usize, u64), Cell>,
    newest: BTreeMap<usize, Cell>,
    beats: BTreeMap<usize, BeatNumber>,
    executed: BTreeMap<(usize, u64), u32>,
    done_before: BTreeSet<(usize, EffectKey)>,
    pub(super) broken: Vec<Broken>,
}

/// Enough to understand a run by.
const MAX_BROKEN: usize = 5;

impl Laws {
    pub(super) fn breach(&mut self, law: &'static str, at: u64, what: String) {
        if self.broken.len() < MAX_BROKEN {
            self.broken.push(Broken { law, at, what });
        }
    }

    /// A cell has been decided, at this time of its store. `is_well`: whether the target is well right now, or the
    /// key was executed.
    pub(super) fn decided(&mut self, at: u64, target: usize, cell: &Cell, time: StoreTime, is_well: bool) {
        let old = self.newest.get(&target).cloned();
        if old.as_ref() == Some(cell) {
            return;
        }
        let first = self.winners.entry((target, cell.epoch)).or_insert_with(|| cell.clone());
        if first.holder != cell.holder {
            let what = format!(
                "target {target} epoch {}: {} and {}",
                cell.epoch, first.holder.peer, cell.holder.peer
            );
            self.breach("I1", at, what);
        }
        if let Some(old) = &old {
            if cell.epoch < old.epoch {
                self.breach("I2", at, format!("target {target}: epoch {} after {}", cell.epoch, old.epoch));
            }
            let held = matches!(old.phase, ClaimPhase::Held | ClaimPhase::Serving | ClaimPhase::HandingBack);
            let bar = old.granted.plus(u64::from(old.ttl)).plus(u64::from(TOLERANCE_MS));
            if held && cell.epoch > old.epoch && cell.holder != old.holder && time <= bar {
                self.breach("I5", at, format!("target {target}: taken over at {time}, barred until {bar}"));
            }
        }
        if cell.attempt > MAX_ATTEMPTS {
            self.breach("I6", at, format!("target {target}: attempt {}", cell.attempt));
        }
        if cell.phase == ClaimPhase::Done
            && !is_well
            && !self.done_before.contains(&(target, cell.key.clone()))
        {
            self.breach("I7", at, format!("target {target} is done and was neither executed nor well"));
        }
        self.newest.insert(target, cell.clone());
    }

    /// Whether the newest claim of a target is held, so that something may be under way.
    pub(super) fn is_held(&self, target: usize) -> bool {
        self.newest.get(&target).is_some_and(|cell| cell.phase == ClaimPhase::Held)
    }

    /// The target has been seen well in truth, or the key executed: a later `Done` for it is right.
    pub(super) fn executed(&mut self, at: u64, target: usize, occurrence: u64, key: &EffectKey) {
        let count = self.executed.entry((target, occurrence)).or_default();
        *count += 1;
        let count = *count;
        self.done_before.insert((target, key.clone()));
        if count > 1 {
            self.breach("I3", at, format!("target {target}: executed {count} times for {occurrence}"));
        }
    }

    pub(super) fn executions(&self) -> u64 {
        self.executed.values().map(|count| u64::from(*count)).sum()
    }

    /// Something is about to be sent.
    pub(super) fn sends(&mut self, at: u64, sending: &Sending<'_>) {
        let Some(won) = self.winners.get(&(sending.target, sending.epoch)).cloned() else {
            return self.breach("I4", at, format!("target {}: sent without a claim", sending.target));
        };
        if won.holder.peer != sending.holder.peer {
            let what = format!("target {}: sent in the epoch of {}", sending.target, won.holder.peer);
            return self.breach("I4", at, what);
        }
        if !sending.is_probed {
            self.breach("I4", at, format!("target {}: sent without probing again", sending.target));
        }
        let end = won.granted.plus(u64::from(won.ttl));
        if sending.time.plus(u64::from(sending.send)) > end {
            self.breach(
                "I4",
                at,
                format!("target {}: sent at {}, lease until {end}", sending.target, sending.time),
            );
        }
    }

    /// A watcher with memory writes a beat.
    pub(super) fn beats(&mut self, at: u64, watcher: usize, number: BeatNumber) {
        let last = self.beats.insert(watcher, number);
        if last.is_some_and(|last| number < last) {
            self.breach("I2", at, format!("beat of watcher {watcher} went back"));
        }
    }

    /// The order of records must not matter.
    pub(super) fn joins(&mut self, at: u64, records: &[Arc<Record>]) {
        let join = |order: &mut dyn Iterator<Item = &Arc<Record>>| {
            let mut evidence = Evidence::default();
            for record in order {
                evidence.beat(record.beat.clone());
                record.suspicions.iter().cloned().for_each(|s| evidence.suspicion(s));
            }
            evidence
        };
        let there = join(&mut records.iter());
        let back = join(&mut records.iter().rev().chain(records));
        if there != back {
            self.breach("I10", at, "two orders of the same records differ".to_owned());
        }
    }
}

/// What is known when something is sent.
pub(super) struct Sending<'a> {
    pub(super) target: usize,
    pub(super) epoch: u64,
    pub(super) holder: &'a Holder,
    pub(super) is_probed: bool,
    pub(super) time: StoreTime,
    pub(super) send: u32,
}
