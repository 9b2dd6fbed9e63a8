//! What time it is at a store, as far as a watcher can know: between two bounds.

use standin_core::mesh::clock::StoreTime;

/// The watcher's own clocks, read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since some moment of this run; never goes back.
    pub mono: u64,
    /// What its wall clock says.
    pub wall: StoreTime,
}

/// The last reading of one store's clock. It was taken after `asked` and before `heard`, so the time at the store now
/// is at least the reading plus what has passed since it was heard, and at most plus what has passed since it was
/// asked for. Leases are taken over by the first and used up by the second: a slow answer costs time, never safety.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    at: StoreTime,
    asked: u64,
    heard: u64,
}

/// The clocks of all stores that have answered in this run.
#[derive(Debug, Clone, Default)]
pub(super) struct Clocks {
    readings: Vec<Option<Reading>>,
}

impl Clocks {
    pub(super) fn new(stores: usize) -> Self {
        Self { readings: vec![None; stores] }
    }

    pub(super) fn heard(&mut self, store: usize, at: StoreTime, asked: u64, heard: u64) {
        if let Some(place) = self.readings.get_mut(store) {
            *place = Some(Reading { at, asked, heard });
        }
    }

    fn of(&self, stores: &[usize]) -> impl Iterator<Item = Reading> {
        stores.iter().filter_map(|store| self.readings.get(*store).copied().flatten())
    }

    /// No later than the time at any of these stores; `None` when none has answered yet.
    pub(super) fn earliest(&self, stores: &[usize], now: Now) -> Option<StoreTime> {
        self.of(stores).map(|r| r.at.plus(now.mono.saturating_sub(r.heard))).min()
    }

    /// No earlier than the time at any of these stores.
    pub(super) fn latest(&self, stores: &[usize], now: Now) -> Option<StoreTime> {
        self.of(stores).map(|r| r.at.plus(now.mono.saturating_sub(r.asked))).max()
    }
}
