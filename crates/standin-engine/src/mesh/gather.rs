//! What the stores say of the peers, kept apart by store: an age is what the record's own store says it is.

use std::sync::Arc;

use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::BeatNumber;

use super::record::Record;
use super::setup::Setup;
use crate::ports::mesh::Number;

/// What is known of one peer.
#[derive(Debug, Clone, Default)]
pub(super) struct PeerView {
    /// The newest record of all stores.
    pub(super) newest: Option<Arc<Record>>,
    /// How long its next beat is overdue, in milliseconds: the least that any store with the newest record says.
    pub(super) overdue: u64,
    /// The store that the newest record was first read from: the times in it are on that one's clock.
    pub(super) store: Number,
}

/// All peers.
#[derive(Debug, Clone)]
pub(super) struct Gathered {
    pub(super) peers: Vec<PeerView>,
    /// Records that could not be believed, or differ under one number.
    pub(super) garbage: u32,
}

impl Gathered {
    pub(super) fn new(peers: usize) -> Self {
        Self { peers: vec![PeerView::default(); peers], garbage: 0 }
    }

    /// Takes in what one store has, read when its clock said `at`.
    pub(super) fn take(&mut self, setup: &Setup, store: Number, at: StoreTime, records: &[Arc<Record>]) {
        for record in records {
            if record.beat.check(at).is_err() {
                self.garbage = self.garbage.saturating_add(1);
                continue;
            }
            let place = setup.peers.iter().position(|peer| peer.id == record.beat.peer);
            if let Some(view) = place.and_then(|place| self.peers.get_mut(place)) {
                view.take(store, at, record);
            }
        }
    }

    /// The number of the next beat of a peer without memory.
    pub(super) fn next_number(&self, own: usize) -> BeatNumber {
        let newest = self.peers.get(own).and_then(|view| view.newest.as_ref());
        newest.map_or_else(BeatNumber::default, |record| record.beat.number).next()
    }

    /// How many others accuse a peer of silence since its newest beat.
    pub(super) fn accusers(&self, setup: &Setup, target: usize) -> u32 {
        let Some((view, name)) = self.peers.get(target).zip(setup.peers.get(target)) else { return 0 };
        let newest = view.newest.as_ref().map(|record| &record.beat);
        let mut count = 0u32;
        for (number, other) in self.peers.iter().enumerate() {
            if number == setup.own || number == target {
                continue;
            }
            let accuses = other.newest.as_ref().is_some_and(|record| {
                record.suspicions.iter().any(|s| s.target == name.id && !s.is_refuted_by(newest))
            });
            count = count.saturating_add(u32::from(accuses));
        }
        count
    }
}

impl PeerView {
    fn take(&mut self, store: Number, at: StoreTime, record: &Arc<Record>) {
        let overdue = at.since(record.beat.due);
        let known = self.newest.as_ref().map(|newest| newest.beat.number);
        match known.cmp(&Some(record.beat.number)) {
            std::cmp::Ordering::Less => {
                self.newest = Some(Arc::clone(record));
                (self.overdue, self.store) = (overdue, store);
            }
            std::cmp::Ordering::Equal => self.overdue = self.overdue.min(overdue),
            std::cmp::Ordering::Greater => {}
        }
    }
}
