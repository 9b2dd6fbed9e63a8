//! What the last tick left, and how far the watcher trusts itself.

use std::sync::Arc;

use standin_core::mesh::fitness::{SelfFault, SelfHealth, Settle, Woke};
use standin_core::mesh::suspicion::Suspicion;

use super::Tick;
use crate::mesh::clocks::Now;
use crate::mesh::record::{MAX_SERVED, Record, Seen};

impl Tick {
    /// Takes up what the last tick left, from memory or from the own newest record, and judges the own health.
    pub(super) fn remember(&mut self, now: Now) {
        let setup = Arc::clone(&self.setup);
        let own = self.gathered.peers.get(setup.own).and_then(|view| view.newest.clone());
        let readable = self.gathered.next_number(setup.own);
        let (mut carry, number) = match self.brought.take() {
            Some((carry, number)) => (carry, number.next().max(readable)),
            None => (own.as_ref().map(|record| (*record.carry).clone()).unwrap_or_default(), readable),
        };
        let is_foreign = own.as_ref().is_some_and(|record| record.beat.config_hash != setup.config_hash);
        if is_foreign || carry.seen.len() != setup.targets.len() {
            carry.seen = vec![Seen::default(); setup.targets.len()];
            carry.braked.clear();
        }
        let is_late = carry.due.is_some_and(|due| now.wall.since(due) > u64::from(setup.body.punctual));
        self.settle = Settle::new(if is_late { Woke::Late } else { Woke::OnTime });
        carry.health = self.health(carry.health, is_late.then_some(SelfFault::LateTick), own.as_deref(), now);
        // A body that died after it had written and before it had kept its memory has still taken up what it wrote.
        for served in own.iter().flat_map(|record| &record.carry.served).take(MAX_SERVED) {
            if !carry.served.contains(served) {
                carry.served.push(served.clone());
            }
        }
        self.carry = carry;
        self.number = number;
        self.remember_asks(now);
    }

    fn health(
        &self,
        before: SelfHealth,
        late: Option<SelfFault>,
        own: Option<&Record>,
        now: Now,
    ) -> SelfHealth {
        let mut faults: Vec<SelfFault> = late.into_iter().collect();
        // One store that is down is the store's fault; so many that nothing can be told is this watcher's.
        if self.reached <= self.setup.evidence.len() / 2 {
            faults.push(SelfFault::StoreUnreachable);
        }
        let clock = self.clocks.earliest(&self.setup.evidence, now);
        if clock.is_some_and(|clock| clock.is_clock_fault(now.wall)) {
            faults.push(SelfFault::BadClock);
        }
        let newest = |s: &Suspicion| {
            let place = self.setup.peers.iter().position(|peer| peer.id == s.target)?;
            self.gathered.peers.get(place)?.newest.clone()
        };
        let mut accused = own.iter().flat_map(|record| &record.suspicions);
        if accused.any(|s| s.is_refuted_by(newest(s).as_ref().map(|record| &record.beat))) {
            faults.push(SelfFault::RefutedAccusation);
        }
        match faults.as_slice() {
            [] => before.clean_tick(),
            faults => faults.iter().fold(before, |health, fault| health.fault(*fault)),
        }
    }
}
