//! Asks, as they really are: who asked whom for what, and what was done for it.

use std::collections::BTreeMap;

use standin_core::mesh::claim::Order;
use standin_engine::mesh::record::Record;

use super::run::Sim;

/// The asks that were posted.
#[derive(Debug, Default)]
pub(super) struct Asking {
    /// For a target and an epoch: who asked, and whom.
    posted: BTreeMap<(usize, u64), (usize, usize)>,
    /// How many were carried out.
    pub(super) carried_out: u64,
}

impl Sim {
    /// A watcher writes a record. What is new in it is asked for by right only after the target was probed.
    pub(super) fn posts(&mut self, watcher: usize, record: &Record, probed: &[usize]) {
        let Some(setup) = self.setups.get(watcher).cloned() else { return };
        for ask in &record.asks {
            let target = setup.targets.iter().position(|target| target.target == ask.target);
            let Some((target, to)) = target.zip(setup.peers.iter().position(|peer| peer.id == ask.to)) else {
                self.laws.breach("asks", self.now, format!("watcher {watcher} asks for nothing: {ask:?}"));
                continue;
            };
            if self.asking.posted.contains_key(&(target, ask.epoch)) {
                continue;
            }
            self.asking.posted.insert((target, ask.epoch), (watcher, to));
            if !probed.contains(&target) {
                let what = format!("target {target}: watcher {watcher} asks without probing again");
                self.laws.breach("I4", self.now, what);
            }
        }
    }

    /// Something is about to be sent. Gives who has the right to, if another has asked for it.
    pub(super) fn asked_by(&mut self, watcher: usize, target: usize, order: &Order) -> Option<usize> {
        let is_able = self.setups.get(watcher).and_then(|setup| setup.targets.get(target));
        if !is_able.is_some_and(|target| target.is_able(watcher, order.attempt)) {
            let what = format!("target {target}: watcher {watcher} cannot do attempt {}", order.attempt);
            self.laws.breach("rungs", self.now, what);
        }
        let (asker, asked) = self.asking.posted.get(&(target, order.epoch)).copied()?;
        (asked == watcher).then(|| {
            self.asking.carried_out += 1;
            asker
        })
    }
}
