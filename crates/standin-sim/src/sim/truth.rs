//! How the world really is: what stores hold, what runs. Watchers see it only through answers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use standin_core::effect::EffectKey;
use standin_core::mesh::brake::Brake;
use standin_core::mesh::cell::Cell;
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::quorum::MAJORITY;
use standin_core::mesh::ruling::Ruling;
use standin_engine::mesh::record::Record;
use standin_engine::mesh::{Decider, Setup, Watching};
use standin_engine::ports::mesh::{Decision, Fact, Held, Version};

use super::world::{Tamper, World};

/// The first millisecond of every run of the mesh that is proven, since 1970. An hour's beginning.
pub const EPOCH_MS: u64 = 1_780_000_200_000 - 1_780_000_200_000 % 3_600_000;

/// So many old versions are kept for stale reads.
const MAX_OLD: usize = 4;

#[derive(Debug, Default)]
pub(super) struct Store {
    /// How far its clock is from the truth, in milliseconds.
    pub(super) ahead: u64,
    epoch: u64,
    pub(super) records: Vec<Option<Arc<Record>>>,
    pub(super) stale_records: Vec<Option<Arc<Record>>>,
    cells: Vec<VecDeque<(u64, Arc<Decision>)>>,
    writes: u64,
}

impl Store {
    pub(super) fn new(ahead: u64, world: &World) -> Self {
        let records = vec![None; world.setups.len()];
        let cells = (0..world.cells()).map(|_| VecDeque::new()).collect();
        let (stale_records, epoch) = (records.clone(), world.epoch);
        Self { ahead, epoch, records, stale_records, cells, writes: 0 }
    }

    pub(super) fn clock(&self, now: u64) -> StoreTime {
        StoreTime(0).plus(self.epoch + now + self.ahead)
    }

    pub(super) fn evidence(&self, is_stale: bool) -> Vec<Arc<Record>> {
        let from = if is_stale { &self.stale_records } else { &self.records };
        from.iter().flatten().cloned().collect()
    }

    /// Writes a record, unless it is older than the one that is there.
    pub(super) fn put(&mut self, watcher: usize, record: Arc<Record>) {
        let (Some(place), Some(stale)) = (self.records.get_mut(watcher), self.stale_records.get_mut(watcher))
        else {
            return;
        };
        if place.as_ref().is_none_or(|old| old.beat.number < record.beat.number) {
            *stale = place.replace(record);
        }
    }

    pub(super) fn decision(&self, cell: usize, is_stale: bool) -> Option<Held> {
        let versions = self.cells.get(cell)?;
        let (number, decision) = if is_stale { versions.front()? } else { versions.back()? };
        Some(Held { version: Version(number.to_string().into()), decision: Arc::clone(decision) })
    }

    pub(super) fn current(&self, cell: usize) -> Option<&Arc<Decision>> {
        self.cells.get(cell)?.back().map(|(_, decision)| decision)
    }

    /// Writes if `expect` is there, or, being blind, always.
    pub(super) fn swap(
        &mut self,
        cell: usize,
        expect: Option<&Version>,
        next: Arc<Decision>,
        is_blind: bool,
    ) -> Option<Version> {
        let versions = self.cells.get_mut(cell)?;
        let there = versions.back().map(|(number, _)| number.to_string());
        if !is_blind && there.as_deref() != expect.map(|version| &*version.0) {
            return None;
        }
        self.writes += 1;
        versions.push_back((self.writes, next));
        if versions.len() > MAX_OLD {
            versions.pop_front();
        }
        Some(Version(self.writes.to_string().into()))
    }
}

/// One automation, as it is.
#[derive(Debug, Default)]
pub(super) struct Automation {
    /// A standing one: whether it is there.
    pub(super) is_down: bool,
    /// Counts its outages.
    pub(super) outage: u64,
    /// One with slots: the newest that has run, and the one before it became so.
    pub(super) covered: u64,
    pub(super) stale_covered: u64,
    pub(super) was_down: bool,
    /// What was begun under each key.
    keys: BTreeMap<EffectKey, Begun>,
}

/// How what is begun ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comes {
    Well,
    Nothing,
}

/// What a key's claim says: the order that was begun under it last, and whether that had its effect.
#[derive(Debug, Clone, Copy)]
struct Begun {
    /// The order's epoch; 0 for the primary.
    epoch: u64,
    is_done: bool,
}

impl Automation {
    /// Begins what an order asks for, or, with epoch 0, the primary; gives whether it has an effect. A primary only
    /// takes a key that is free. An order takes one over from an older order that has come to nothing.
    pub(super) fn begin(&mut self, key: &EffectKey, epoch: u64, comes: Comes, tamper: Tamper) -> bool {
        let is_done = comes == Comes::Well;
        match self.keys.get(key) {
            Some(_) if tamper == Tamper::NoDedup => return is_done,
            Some(begun) if begun.is_done || epoch == 0 || epoch < begun.epoch => return false,
            Some(_) | None => {}
        }
        self.keys.insert(key.clone(), Begun { epoch, is_done });
        is_done
    }

    pub(super) fn cover(&mut self, slot: u64) {
        if slot > self.covered {
            self.stale_covered = self.covered;
            self.covered = slot;
        }
    }

    pub(super) fn fact(&self, watching: &Watching, is_stale: bool) -> Fact {
        match watching {
            Watching::Slots { .. } => {
                Fact::Covered(StoreTime(0).plus(if is_stale { self.stale_covered } else { self.covered }))
            }
            Watching::Standing if (if is_stale { self.was_down } else { self.is_down }) => Fact::Down,
            Watching::Standing => Fact::Well,
        }
    }
}

/// Everything that is.
#[derive(Debug)]
pub(super) struct Truth {
    pub(super) stores: Vec<Store>,
    pub(super) automations: Vec<Automation>,
}

impl Truth {
    pub(super) fn new(world: &World) -> Self {
        let ahead = |store: usize| u64::try_from(store).unwrap_or(0) * 300;
        let stores = (0..world.stores.len()).map(|store| Store::new(ahead(store), world)).collect();
        let mut automations: Vec<Automation> = Vec::new();
        automations.resize_with(world.targets(), Automation::default);
        for automation in &mut automations {
            automation.covered = world.epoch;
        }
        Self { stores, automations }
    }

    /// What is decided for a target.
    pub(super) fn decided(&self, setup: &Setup, target: usize) -> Option<Cell> {
        self.ruling(&setup.targets.get(target)?.decider, target)?.claim().cloned()
    }

    /// The brake of a platform.
    pub(super) fn brake(&self, setup: &Setup, platform: usize) -> Option<Brake> {
        let decider = &setup.platforms.get(platform)?.brake;
        self.ruling(decider, setup.brake_cell(platform))?.brake().cloned()
    }

    /// What a cell says: at its home, or by two stores that accepted the same.
    fn ruling(&self, decider: &Decider, cell: usize) -> Option<Ruling> {
        let decisions = || decider.stores().iter().filter_map(|s| self.stores.get(*s)?.current(cell));
        match decider {
            Decider::Home(_) => decisions().next()?.value.clone(),
            Decider::Quorum(_) => {
                let newest = decisions().filter(|d| {
                    let same = decisions().filter(|o| o.accepted == d.accepted && o.value == d.value);
                    d.value.is_some() && same.count() >= MAJORITY
                });
                newest.max_by_key(|d| d.accepted)?.value.clone()
            }
        }
    }
}
