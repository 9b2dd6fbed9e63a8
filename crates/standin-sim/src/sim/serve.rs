//! What stores and platforms answer, and what is executed.

use std::sync::Arc;

use standin_core::mesh::claim::{Order, Probed, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_engine::mesh::Watching;
use standin_engine::ports::mesh::{
    Answer, Decision, Fact, ReadError, Request, Stamped, Survey, SwapAnswer, Version,
};

use super::fault::Kind;
use super::run::{Event, Sim, a_number};
use super::scene::Told;
use super::truth::Comes;
use super::world::{self, AUTOMATIONS, HOST, MINUTE};

/// From this target on, a watcher may act because of silence alone.
const OUT_OF_SIGHT: usize = 19;

impl Sim {
    pub(super) fn arrive(&mut self, watcher: usize, request: &Request) -> Answer {
        match request {
            Request::ReadEvidence(store) => {
                let is_stale = self.strikes(Kind::StaleRead, *store);
                let Some(s) = self.truth.stores.get(*store) else { return request.unanswered() };
                let (at, value) = (s.clock(self.now), s.evidence(is_stale));
                if self.outcome.events.is_multiple_of(64) {
                    self.laws.joins(self.now, &value);
                }
                Answer::Evidence(Ok(Stamped { at, value }))
            }
            Request::WriteEvidence(store, record) => {
                let Some(s) = self.truth.stores.get_mut(*store) else { return request.unanswered() };
                s.put(watcher, Arc::clone(record));
                Answer::Written(Ok(s.clock(self.now)))
            }
            Request::ReadDecision { store, cell } => {
                if self.strikes(Kind::Garbage, *store) && self.rng.percent(30) {
                    return Answer::Decision(Err(ReadError::Garbage));
                }
                let is_stale = self.strikes(Kind::StaleRead, *store);
                let Some(s) = self.truth.stores.get(*store) else { return request.unanswered() };
                Answer::Decision(Ok(Stamped { at: s.clock(self.now), value: s.decision(*cell, is_stale) }))
            }
            Request::SwapDecision { store, cell, expect, next } => {
                self.swap(*store, *cell, expect.as_ref(), Arc::clone(next))
            }
            Request::Survey(platform) => Answer::Surveyed(Some(self.survey(*platform))),
            Request::Probe { target, slot } => Answer::Probed(self.probe(watcher, *target, *slot)),
            Request::ProbeBackup(target) => Answer::Probed(self.probe_backup(*target)),
            Request::Stop { target, epoch } => Answer::Sent(self.stop_backup(*target, *epoch)),
            Request::Send { target, slot, order } if self.is_playing() => {
                Answer::Sent(self.scene_send(watcher, *target, *slot, order))
            }
            Request::Send { target, order, .. } if self.primary_works(*target).is_some() => {
                Answer::Sent(self.start_backup(*target, order))
            }
            Request::Send { target, slot, order } => {
                let before = self.outcome.recoveries;
                let sent = self.carry_out(*target, *slot, order);
                if *target < AUTOMATIONS
                    && self.setups.get(watcher).is_some_and(|s| world::is_looked_at(s, *target))
                {
                    self.outcome.elsewhere += self.outcome.recoveries - before;
                }
                Answer::Sent(sent)
            }
            Request::Wake(peer) => {
                let at = self.now + self.rng.between(5_000, 60_000);
                self.push(at, Event::Begin { watcher: *peer, is_extra: true });
                Answer::Over
            }
            Request::Notify(notice) => {
                self.tell(Told::Notice { watcher, notice: notice.clone() });
                self.outcome.notices += 1;
                Answer::Over
            }
            Request::Sleep(_) => Answer::Over,
        }
    }

    pub(super) fn swap(
        &mut self,
        store: usize,
        cell: usize,
        expect: Option<&Version>,
        next: Arc<Decision>,
    ) -> Answer {
        let (now, setup) = (self.now, self.setups.first().cloned());
        let Some(s) = self.truth.stores.get_mut(store) else { return Answer::Swapped(SwapAnswer::Unknown) };
        let (at, is_blind) = (s.clock(now), self.world.is_blind(store));
        let Some(version) = s.swap(cell, expect, next, is_blind) else {
            return Answer::Swapped(SwapAnswer::Lost);
        };
        self.mark(4, a_number(cell));
        let platform = setup.as_ref().and_then(|setup| cell.checked_sub(setup.targets.len()));
        if let Some((setup, platform)) = setup.as_ref().zip(platform) {
            self.braked(setup, platform);
        } else if let Some(decided) = setup.as_ref().and_then(|setup| self.truth.decided(setup, cell)) {
            let is_well = self.was_well(cell);
            self.laws.decided(now, cell, &decided, at, is_well);
            self.handed(cell, &decided);
        }
        Answer::Swapped(SwapAnswer::Won(Stamped { at, value: version }))
    }

    /// Whether `Done` is right by the truth alone. A slot that has run is; a process that is up, or was a moment ago,
    /// is: it may stop again between the probe and the record.
    pub(super) fn was_well(&self, target: usize) -> bool {
        let stops = self.faults.iter().any(|f| {
            let of = self.setups.first().and_then(|setup| setup.targets.get(target)).map(|t| t.platform);
            let is_it = (f.kind == Kind::TargetDown && f.at == target)
                || (f.kind == Kind::MassDown && Some(f.at) == of);
            is_it && f.from <= self.now && self.now < f.from + 10 * MINUTE
        });
        match self.watching(target) {
            // A watcher was heard of: that it is gone again a moment later makes that no less true.
            Some(Watching::Standing) if target >= AUTOMATIONS => true,
            Some(Watching::Slots { .. }) => true,
            Some(Watching::Standing) => {
                stops || self.truth.automations.get(target).is_some_and(|a| !a.is_down)
            }
            None => true,
        }
    }

    pub(super) fn survey(&mut self, platform: usize) -> Survey {
        // The agent looks at its own host itself: no list lies in between.
        let is_stale = platform < HOST && self.strikes(Kind::StaleSurvey, platform);
        let Some(setup) = self.setups.first() else { return Vec::new() };
        let targets = setup
            .targets
            .iter()
            .enumerate()
            .take(self.world.primaries.len())
            .filter(|(_, t)| t.platform == platform);
        let fact = |(n, t): (usize, &standin_engine::mesh::TargetSetup)| {
            if !is_stale && self.strikes(Kind::Disabled, n) {
                return Some((n, Fact::Stopped));
            }
            Some((n, self.truth.automations.get(n)?.fact(&t.watching, is_stale)))
        };
        targets.filter_map(fact).collect()
    }

    pub(super) fn probe(&mut self, watcher: usize, target: usize, slot: Option<StoreTime>) -> Probed {
        let is_elsewhere = self.setups.get(watcher).is_some_and(|setup| world::is_looked_at(setup, target));
        if is_elsewhere && self.rng.percent(50) {
            // Its heartbeats elsewhere do not say.
            return Probed::Unknown;
        }
        let Some(a) = self.truth.automations.get(target) else { return Probed::Unknown };
        match slot {
            Some(slot) if StoreTime(0).plus(a.covered) >= slot => Probed::Well,
            None if !a.is_down => Probed::Well,
            Some(_) | None => Probed::Down,
        }
    }

    /// Whether an attempt asks GitHub, which refuses what is disabled; else the agent runs something of its own.
    fn again(&self, target: usize, attempt: u8) -> bool {
        let rung = self.setups.first().and_then(|setup| setup.targets.get(target)?.rung(attempt));
        rung.is_none_or(|rung| rung.able != [world::AGENT])
    }

    pub(super) fn carry_out(&mut self, target: usize, slot: Option<StoreTime>, order: &Order) -> Sent {
        self.mark(5, a_number(target));
        let is_refused = self.strikes(Kind::Disabled, target) && self.again(target, order.attempt);
        if is_refused {
            return Sent::Refused;
        }
        let fails = self.strikes(Kind::RunFails, target)
            || (self.strikes(Kind::TargetDown, target) && self.rng.percent(30));
        let (now, tamper) = (self.now, self.tamper);
        let Some(a) = self.truth.automations.get_mut(target) else { return Sent::Refused };
        let (key, comes) = (&order.key, if fails { Comes::Nothing } else { Comes::Well });
        if !a.begin(key, order.epoch, comes, tamper) {
            return Sent::Accepted;
        }
        let occurrence = match slot {
            Some(slot) => slot.0.unsigned_abs(),
            // Nobody may know that these are well: what must not be is a second effect under one key.
            None if target >= OUT_OF_SIGHT => {
                u64::from_str_radix(key.0.get(..15).unwrap_or("0"), 16).unwrap_or(0)
            }
            None => a.outage,
        };
        match slot {
            Some(_) => a.cover(occurrence),
            None => (a.was_down, a.is_down) = (true, false),
        }
        if let Some(watcher) = target.checked_sub(AUTOMATIONS) {
            self.outcome.revivals += 1;
            let at = now + self.rng.between(5_000, 20_000);
            self.push(at, Event::Begin { watcher, is_extra: true });
        }
        self.laws.executed(now, target, occurrence, key);
        self.outcome.recoveries += 1;
        let at = now + self.rng.between(MINUTE, 10 * MINUTE);
        self.push(at, Event::Settle { target });
        Sent::Accepted
    }
}
