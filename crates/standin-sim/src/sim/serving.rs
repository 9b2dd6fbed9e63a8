//! Targets that a backup serves, as they really are: a primary that stands aside until the claim lets it work, and a
//! backup that works for as long as the claim is held for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use standin_core::mesh::cell::{Cell, ClaimPhase};
use standin_core::mesh::claim::{Order, Probed, Sent};
use standin_core::mesh::handback::{Ack, Together, primary_may_work};
use standin_engine::mesh::Setup;

use super::fault::Kind;
use super::run::{Event, Sim, a_number};
use super::world::{HOUR, MINUTE};

/// Primary and backup of one target.
#[derive(Debug, Default)]
pub(super) struct Served {
    /// The primary does the work.
    works: bool,
    /// The backup does, in this epoch and until then.
    backup: Option<(u64, u64)>,
    /// The highest epoch that a peer has written the primary's agreement to.
    acked: u64,
    returned: u64,
    looks: Looks,
}

/// Whether the two look at the claim at all: while the primary works alone there is nothing to see.
#[derive(Debug, Default, PartialEq, Eq)]
enum Looks {
    #[default]
    No,
    Yes,
}

/// All of them, by target.
pub(super) type Serving = BTreeMap<usize, Served>;

impl Served {
    fn backup_works(&self, now: u64) -> bool {
        self.backup.is_some_and(|(_, until)| now <= until)
    }
}

impl Sim {
    pub(super) fn populate_served(&mut self) {
        let Some(setup) = self.setups.first().cloned() else { return };
        for (target, _) in setup.targets.iter().enumerate().filter(|(_, t)| t.serving().is_some()) {
            self.serving.insert(target, Served { works: true, ..Served::default() });
        }
    }

    /// The primary is gone, for a while.
    pub(super) fn primary_stops(&mut self, target: usize) {
        let Some(served) = self.serving.get_mut(&target) else { return };
        served.works = false;
        self.look_at_claim(target);
        let at = self.now + self.rng.between(5 * MINUTE, 4 * HOUR);
        self.push(at.min(self.calm + HOUR), Event::Start { target });
    }

    /// From now on both look at the claim, until the primary works alone.
    fn look_at_claim(&mut self, target: usize) {
        let Some(served) = self.serving.get_mut(&target) else { return };
        if std::mem::replace(&mut served.looks, Looks::Yes) == Looks::No {
            let at = self.now + self.rng.between(20_000, 40_000);
            self.push(at, Event::Work { target });
        }
    }

    /// Both look at the claim.
    pub(super) fn work(&mut self, target: usize) {
        let Some(served) = self.serving.get_mut(&target) else { return };
        served.looks = Looks::No;
        if served.works && served.backup.is_none() {
            return;
        }
        self.look_at_claim(target);
        let Some(setup) = self.setups.first().cloned() else { return };
        let Some(cell) = self.read_claim(&setup, target) else { return };
        let until = cell.as_ref().map(|cell| self.lease_end(&setup, target, cell));
        let is_up = self.truth.automations.get(target).is_some_and(|a| !a.is_down);
        let now = self.now;
        let Some(served) = self.serving.get_mut(&target) else { return };
        if let Some((epoch, _)) = served.backup {
            let still = cell.as_ref().is_some_and(|cell| is_for(cell, epoch));
            served.backup = until.filter(|_| still).map(|until| (epoch, until));
        }
        if is_up && !served.works && primary_may_work(cell.as_ref(), served.acked, Together::Never) {
            served.works = true;
            self.mark(9, a_number(target));
        }
        self.look_together(target, now);
    }

    fn look_together(&mut self, target: usize, now: u64) {
        let together = self.serving.get(&target).is_some_and(|s| s.works && s.backup_works(now));
        if together {
            self.laws.breach(
                "I11",
                now,
                format!("target {target}: primary and backup work at the same time"),
            );
        }
    }

    /// The claim, as its own store says now; `None` when that cannot be asked.
    fn read_claim(&self, setup: &Arc<Setup>, target: usize) -> Option<Option<Cell>> {
        let stores = setup.targets.get(target)?.decider.stores();
        let down = stores.iter().filter(|store| self.store_is_down(**store)).count();
        (down * 2 < stores.len()).then(|| self.truth.decided(setup, target))
    }

    /// When the lease of a claim ends on the fastest of its clocks, in milliseconds of the run.
    fn lease_end(&self, setup: &Arc<Setup>, target: usize, cell: &Cell) -> u64 {
        let stores = setup.targets.get(target).map(|t| t.decider.stores().to_vec()).unwrap_or_default();
        let ahead = stores.iter().filter_map(|s| self.truth.stores.get(*s)).map(|s| s.ahead).max();
        cell.expires().0.unsigned_abs().saturating_sub(self.world.epoch + ahead.unwrap_or(0))
    }

    /// A backup is told to begin.
    pub(super) fn start_backup(&mut self, target: usize, order: &Order) -> Sent {
        self.mark(10, a_number(target));
        let Some(setup) = self.setups.first().cloned() else { return Sent::Refused };
        let Some(Some(cell)) = self.read_claim(&setup, target) else { return Sent::Accepted };
        let until = self.lease_end(&setup, target, &cell);
        let now = self.now;
        if self.strikes(Kind::RunFails, target) || cell.epoch != order.epoch || !is_for(&cell, order.epoch) {
            return Sent::Accepted;
        }
        let Some(served) = self.serving.get_mut(&target) else { return Sent::Refused };
        served.backup = Some((order.epoch, until));
        self.look_at_claim(target);
        self.outcome.recoveries += 1;
        self.look_together(target, now);
        Sent::Accepted
    }

    pub(super) fn probe_backup(&self, target: usize) -> Probed {
        let works = self.serving.get(&target).is_some_and(|served| served.backup_works(self.now));
        if works { Probed::Well } else { Probed::Down }
    }

    /// Whether a backup does the work of a target, so that it has recovered for those who wait for it.
    pub(super) fn is_served_now(&self, target: usize) -> bool {
        self.probe_backup(target) == Probed::Well
    }

    pub(super) fn stop_backup(&mut self, target: usize, epoch: u64) -> Sent {
        self.mark(11, a_number(target));
        if let Some(served) = self.serving.get_mut(&target)
            && served.backup.is_some_and(|(of, _)| of <= epoch)
        {
            served.backup = None;
        }
        Sent::Accepted
    }

    /// A watcher is about to have a backup stopped.
    pub(super) fn look_at_stop(&mut self, target: usize, epoch: u64) {
        let acked = self.serving.get(&target).map_or(0, |served| served.acked);
        if acked < epoch {
            let what =
                format!("target {target}: stopped at epoch {epoch}, and the primary agreed to {acked}");
            self.laws.breach("I11", self.now, what);
        }
    }

    /// A peer writes what the primaries that it hosts agree to.
    pub(super) fn agrees(&mut self, watcher: usize, acks: &[Ack]) {
        let Some(setup) = self.setups.first().cloned() else { return };
        for ack in acks {
            let Some(target) = setup.targets.iter().position(|t| t.target == ack.target) else { continue };
            let hosts = setup.targets.get(target).and_then(|t| t.serving()).map(|s| s.primary);
            let Some(served) = self.serving.get_mut(&target) else { continue };
            if hosts == Some(watcher) {
                served.acked = served.acked.max(ack.epoch);
            } else {
                self.laws.breach("I11", self.now, format!("watcher {watcher} speaks for target {target}"));
            }
        }
    }

    /// A claim was written.
    pub(super) fn handed(&mut self, target: usize, cell: &Cell) {
        let now = self.now;
        let Some(served) = self.serving.get_mut(&target) else { return };
        if cell.phase != ClaimPhase::Returned || served.returned >= cell.epoch {
            return;
        }
        served.returned = cell.epoch;
        self.outcome.handbacks += 1;
        let (acked, works) = (served.acked, served.backup_works(now));
        if acked < cell.epoch || works {
            let what = format!("target {target}: given back at epoch {}, agreed to {acked}", cell.epoch);
            self.laws.breach("I11", now, what);
        }
    }

    /// Whether the primary of a target that may be served does its work; `None` for any other target.
    pub(super) fn primary_works(&self, target: usize) -> Option<bool> {
        self.serving.get(&target).map(|served| served.works)
    }
}

/// Whether a claim is held for the backup of an epoch. Announcing the handback is the next epoch of the same claim.
fn is_for(cell: &Cell, epoch: u64) -> bool {
    match cell.phase {
        ClaimPhase::Held | ClaimPhase::Serving => cell.epoch == epoch,
        ClaimPhase::HandingBack => cell.epoch == epoch || cell.epoch == epoch + 1,
        ClaimPhase::Released { .. } | ClaimPhase::Done | ClaimPhase::Returned | ClaimPhase::Exhausted => {
            false
        }
    }
}
