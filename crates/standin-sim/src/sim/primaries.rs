//! The automations themselves: slots that run late, twice or never; and how all is to be in the end.

use std::sync::Arc;

use standin_core::incident::Target;
use standin_core::mesh::cell::ClaimPhase;
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::rank::slot_key;
use standin_engine::mesh::Watching;

use super::fault::Kind;
use super::run::{Event, Sim};
use super::truth::Comes;
use super::world::{AGENT, AUTOMATIONS, HOST, HOUR, MINUTE};

impl Sim {
    pub(super) fn lateness(&mut self) -> u64 {
        let lateness = Arc::clone(&self.lateness);
        lateness.draw(&mut self.rng)
    }

    pub(super) fn slot(&mut self, target: usize, slot: u64) {
        let slots = match self.watching(target) {
            Some(Watching::Slots { slots, .. }) => slots,
            Some(Watching::Standing) | None => return,
        };
        if let Some(next) = slots.next(StoreTime(0).plus(slot)) {
            let next = next.0.unsigned_abs();
            self.push(next - self.world.epoch, Event::Slot { target, slot: next });
        }
        let is_cron = self.world.is_cron(target);
        let is_skipped = self.strikes(Kind::CronSkip, target)
            || self.strikes(Kind::Disabled, target)
            || (is_cron && Arc::clone(&self.lateness).skips(&mut self.rng));
        if is_skipped {
            return;
        }
        let late = if is_cron { self.lateness() } else { self.rng.between(100, 5_000) };
        self.push(self.now + late, Event::Primary { target, slot });
        if self.strikes(Kind::CronTwice, target) {
            let again = late + self.rng.between(0, HOUR);
            self.push(self.now + again, Event::Primary { target, slot });
        }
    }

    /// The primary of a slot starts, perhaps hours late: its first step claims the slot's key.
    pub(super) fn primary(&mut self, target: usize, slot: u64) {
        if self.scene_primary(target, slot) {
            return;
        }
        let platform = self.setups.first().and_then(|s| s.targets.get(target)).map_or(0, |t| t.platform);
        if self.platform_is_down(platform) {
            let late = self.rng.between(MINUTE, HOUR);
            return self.push(self.now + late, Event::Primary { target, slot });
        }
        let agent_is_down = self.truth.automations.get(AUTOMATIONS + AGENT).is_some_and(|a| a.is_down);
        if platform >= HOST && agent_is_down {
            // The agent itself runs the commands of its host.
            return;
        }
        self.mark(8, slot);
        let id = self.setups.first().and_then(|s| s.targets.get(target)).map(|t| t.target.clone());
        let Some(Target::Automation(id)) = id else { return };
        let Ok(at) = jiff::Timestamp::from_millisecond(i64::try_from(slot).unwrap_or(0)) else { return };
        let key = slot_key(&id, at);
        let comes = if self.strikes(Kind::RunFails, target) { Comes::Nothing } else { Comes::Well };
        let (now, tamper) = (self.now, self.tamper);
        let Some(a) = self.truth.automations.get_mut(target) else { return };
        if a.begin(&key, 0, comes, tamper) {
            a.cover(slot);
            self.laws.executed(now, target, slot, &key);
        }
    }

    /// The faults are long over: everything that can be is well again.
    pub(super) fn converged(&mut self) {
        let Some(setup) = self.setups.first().cloned() else { return };
        for (number, target) in setup.targets.iter().enumerate() {
            let Some(a) = self.truth.automations.get(number) else { continue };
            let exhausted = self
                .truth
                .decided(&setup, number)
                .is_some_and(|c| c.phase == ClaimPhase::Exhausted || c.attempt >= 3);
            let is_well = match &target.watching {
                Watching::Standing => self.primary_works(number).unwrap_or(!a.is_down),
                Watching::Slots { slots, deadline } => {
                    // The one before the newest that a backup has had an hour for.
                    let due = slots.due(deadline + HOUR, StoreTime(0).plus(self.world.epoch + self.now));
                    due.is_none_or(|due| StoreTime(0).plus(a.covered) >= due)
                }
            };
            if !is_well && !exhausted {
                let what = format!("target {number} is not well hours after the last fault");
                self.laws.breach("liveness", self.now, what);
            }
        }
    }
}
