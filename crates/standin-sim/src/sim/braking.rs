//! The brake, as predicates on what really happens: how much is under way on a platform, and who has seen what.

use std::collections::BTreeMap;
use std::sync::Arc;

use standin_core::mesh::brake::{Brake, BrakeState, Fate, Told};
use standin_engine::mesh::Setup;

use super::run::Sim;

/// What is under way, and what the brakes said last.
#[derive(Debug, Default)]
pub(super) struct Braking {
    /// When something was last sent to a target.
    sent: BTreeMap<usize, u64>,
    brakes: BTreeMap<usize, Brake>,
    /// How often a brake was put on.
    pub(super) put_on: u64,
}

impl Sim {
    /// A brake has been written.
    pub(super) fn braked(&mut self, setup: &Arc<Setup>, platform: usize) {
        let Some(brake) = self.truth.brake(setup, platform) else { return };
        let Some(old) = self.braking.brakes.insert(platform, brake.clone()) else {
            self.braking.put_on += u64::from(brake.is_on());
            return;
        };
        if brake.epoch < old.epoch {
            let what = format!("platform {platform}: brake {} after {}", brake.epoch, old.epoch);
            self.laws.breach("I2", self.now, what);
        }
        self.braking.put_on += u64::from(brake.is_on() && !old.is_on());
        let (BrakeState::On { limit: before, canaries: olds, .. }, BrakeState::On { limit, canaries, .. }) =
            (&old.state, &brake.state)
        else {
            return;
        };
        if limit > before && olds.is_empty() {
            self.laws.breach("I12", self.now, format!("platform {platform}: wider after nothing"));
        }
        for canary in canaries.iter().filter(|canary| canary.fate == Fate::Recovered) {
            let is_new = olds.iter().all(|old| old.target != canary.target || old.fate != Fate::Recovered);
            let number = setup.targets.iter().position(|t| t.target.to_string() == canary.target);
            if let Some(number) =
                number.filter(|number| is_new && !self.was_well(*number) && !self.is_served_now(*number))
            {
                let what = format!("target {number} is said to have recovered and has not");
                self.laws.breach("I12", self.now, what);
            }
        }
    }

    /// Something is about to be sent: is there room for it?
    pub(super) fn look_at_brake(&mut self, setup: &Arc<Setup>, target: usize) {
        let Some(t) = setup.targets.get(target) else { return };
        self.braking.sent.insert(target, self.now);
        let Some(brake) = self.truth.brake(setup, t.platform) else { return };
        let BrakeState::On { frozen_until, told, limit, canaries, .. } = &brake.state else { return };
        let stores = setup.platforms.get(t.platform).map(|p| p.brake.stores().to_vec()).unwrap_or_default();
        let clocks = stores.iter().filter_map(|s| self.truth.stores.get(*s));
        let Some(time) = clocks.map(|s| s.clock(self.now)).max() else { return };
        if *told == Told::NotYet || time < *frozen_until {
            // What was begun before the brake went on goes on: nothing of it is left when the first one is let through,
            // which is a freeze after somebody was told.
            return;
        }
        let name = t.target.to_string();
        if !canaries.iter().any(|canary| canary.target == name) {
            let what = format!("target {target}: sent without a place while the brake is on");
            self.laws.breach("I12", self.now, what);
        }
        let is_under_way = |(other, at): (&usize, &u64)| {
            let Some(o) = setup.targets.get(*other).filter(|o| o.platform == t.platform) else {
                return false;
            };
            let over = at + u64::from(o.terms.send) + u64::from(o.terms.confirm);
            *other == target || (self.now < over && self.laws.is_held(*other))
        };
        let many = self.braking.sent.iter().filter(|sent| is_under_way(*sent)).count();
        if many > usize::from(*limit) {
            let what = format!("platform {}: {many} under way, and the limit is {limit}", t.platform);
            self.laws.breach("I12", self.now, what);
        }
    }
}
