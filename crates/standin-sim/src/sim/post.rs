//! The way of a request to whoever answers it: what holds it up, loses it, or makes it late.

use std::sync::Arc;

use standin_core::mesh::cell::Holder;
use standin_core::mesh::claim::Order;
use standin_engine::mesh::record::Record;
use standin_engine::mesh::{Heartbeats, Setup};
use standin_engine::ports::mesh::{Answer, Request, SwapAnswer, Ticket, WriteError};

use super::fault::Kind;
use super::laws::Sending;
use super::run::{Event, Sim};
use super::world::{self, Tamper, World};

impl Sim {
    /// Sends a request on its way: looks at the laws, and draws how long it takes.
    pub(super) fn send_off(
        &mut self,
        watcher: usize,
        (life, paused, probed): (u64, u64, bool),
        ticket: Ticket,
        request: Request,
    ) {
        let limit = self.setups.get(watcher).map_or(0, |setup| u64::from(setup.body.request));
        let (mut there, mut back) = (self.rng.between(5, 80), self.rng.between(5, 80));
        match &request {
            Request::Sleep(time) => {
                let wait = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                return self
                    .push(self.now + wait, Event::Answer { watcher, life, ticket, answer: Answer::Over });
            }
            Request::Send { target, order, .. } => self.look_at_send(watcher, *target, order, probed),
            Request::Stop { target, epoch } => self.look_at_stop(*target, *epoch),
            Request::WriteEvidence(_, record) => {
                let accuses = !record.suspicions.is_empty() && !record.beat.self_health.is_clean();
                if accuses && !self.is_seconded(record) {
                    self.laws.breach(
                        "I8",
                        self.now,
                        format!("watcher {watcher} accuses with faults of its own"),
                    );
                }
                self.agrees(watcher, &record.carry.acks);
                if self.world.remembers(watcher) {
                    self.laws.beats(self.now, watcher, record.beat.number);
                }
            }
            Request::ReadDecision { store, .. } | Request::SwapDecision { store, .. }
                if self.world.is_blind(*store) && self.tamper != Tamper::BlindArbiter =>
            {
                self.laws.breach("I9", self.now, "a decision at a store that has not passed".to_owned());
            }
            Request::Survey(platform) => {
                if self.setups.get(watcher).is_some_and(|setup| !setup.sees(*platform)) {
                    let what = format!("watcher {watcher} looks at platform {platform}, which it cannot see");
                    self.laws.breach("sight", self.now, what);
                }
            }
            Request::Probe { target, .. } => {
                let is_there = self.setups.get(watcher).is_some_and(|setup| {
                    !world::is_looked_at(setup, *target) || is_foreign(&self.setups, watcher, &request)
                });
                if !is_there {
                    let what = format!("watcher {watcher} probes target {target}, which it cannot see");
                    self.laws.breach("sight", self.now, what);
                }
            }
            Request::ReadEvidence(_)
            | Request::ReadDecision { .. }
            | Request::SwapDecision { .. }
            | Request::ProbeBackup(_)
            | Request::Wake(_)
            | Request::Notify(_) => {}
        }
        there += paused.saturating_sub(self.now);
        let stores = self.world.stores.len();
        let remedy = self.remedy_of(&request);
        let edge = remedy.map(|remedy| stores + remedy).or_else(|| edge_of(&self.world, &request));
        let lost = edge.is_some_and(|edge| {
            self.is_cut(watcher, edge)
                || (edge < stores && self.store_is_down(edge))
                || (edge >= stores
                    && self.platform_is_down(edge - stores)
                    && (remedy.is_some() || !is_foreign(&self.setups, watcher, &request)))
                || !self.world.reaches(watcher, edge)
        });
        if lost {
            self.tell_lost(watcher, &request);
            let answer = request.unanswered();
            return self.push(self.now + limit, Event::Answer { watcher, life, ticket, answer });
        }
        let Some(store) = edge.filter(|edge| *edge < stores) else {
            return self
                .push(self.now + there, Event::Arrive { watcher, life, ticket, request, back: Some(back) });
        };
        if self.strikes(Kind::Throttle, store) && self.rng.percent(50) {
            let answer = refused(&request);
            return self.push(self.now + there + back, Event::Answer { watcher, life, ticket, answer });
        }
        if self.strikes(Kind::StoreSlow, store) {
            there += self.rng.between(0, 8_000);
            back += self.rng.between(0, 4_000);
        }
        let is_write = matches!(request, Request::SwapDecision { .. } | Request::WriteEvidence(..));
        let mut answers = true;
        if is_write && self.strikes(Kind::LostReply, store) && self.rng.percent(50) {
            answers = false;
        }
        if is_write && self.strikes(Kind::LateCommit, store) && self.rng.percent(50) {
            there += self.rng.between(5_000, 300_000);
        }
        if !answers || there + back > limit {
            let answer = request.unanswered();
            self.push(self.now + limit, Event::Answer { watcher, life, ticket, answer });
            return self.push(self.now + there, Event::Arrive { watcher, life, ticket, request, back: None });
        }
        self.push(self.now + there, Event::Arrive { watcher, life, ticket, request, back: Some(back) });
    }

    /// Whether others were read to accuse the same: a watcher that stood still has read what is gone by now.
    pub(super) fn is_seconded(&self, record: &Record) -> bool {
        record.suspicions.iter().all(|s| self.accused.contains(&s.target))
    }

    pub(super) fn look_at_send(&mut self, watcher: usize, target: usize, order: &Order, is_probed: bool) {
        let asker = self.asked_by(watcher, target, order);
        let is_disabled = self.strikes(Kind::Disabled, target) && !self.strikes(Kind::StaleSurvey, 0);
        if is_disabled && self.watchers.get(watcher).is_some_and(|w| w.knows_stopped(target)) {
            let what = format!("target {target}: watcher {watcher} fights whoever disabled it");
            self.laws.breach("hand", self.now, what);
        }
        let Some(setup) = self.setups.get(watcher).cloned() else { return };
        let Some((peer, t)) = setup.peers.get(asker.unwrap_or(watcher)).zip(setup.targets.get(target)) else {
            return;
        };
        let clocks = t.decider.stores().iter().filter_map(|s| self.truth.stores.get(*s));
        let Some(time) = clocks.map(|s| s.clock(self.now)).min() else { return };
        let holder = Holder { peer: peer.id.clone(), run: 0 };
        let (epoch, send) = (order.epoch, setup.body.send.max(t.terms.send));
        // Who asks has probed, or its ask would have been a breach.
        let is_probed = is_probed || asker.is_some();
        self.laws.sends(self.now, &Sending { target, epoch, holder: &holder, is_probed, time, send });
        self.look_at_brake(&setup, target);
    }
}

/// What a request goes to: a store, or a platform after the stores.
fn edge_of(world: &World, request: &Request) -> Option<usize> {
    let stores = world.stores.len();
    match request {
        Request::ReadEvidence(store)
        | Request::WriteEvidence(store, _)
        | Request::ReadDecision { store, .. }
        | Request::SwapDecision { store, .. } => Some(*store),
        Request::Survey(platform) => Some(stores + platform),
        // The backups of what is served are elsewhere.
        Request::Send { target, .. } | Request::ProbeBackup(target) | Request::Stop { target, .. }
            if world.is_served(*target) =>
        {
            Some(stores + world.backup_platform(*target)?)
        }
        Request::Probe { target, .. } | Request::Send { target, .. } => Some(stores + world.edge(*target)?),
        Request::ProbeBackup(_) | Request::Stop { .. } => None,
        Request::Wake(peer) => Some(stores + world.watchers.get(*peer)?.host),
        Request::Notify(_) | Request::Sleep(_) => None,
    }
}

/// Whether a request is about a target whose backup and heartbeats are elsewhere than its platform. The agent itself
/// starts on its host what runs there.
fn is_foreign(setups: &[Arc<Setup>], watcher: usize, request: &Request) -> bool {
    let (Request::Probe { target, .. } | Request::Send { target, .. }) = request else { return false };
    let Some(setup) = setups.get(watcher) else { return false };
    setup.teller_of(*target) != Some(watcher)
        && setup.targets.get(*target).is_some_and(|target| target.heartbeats == Heartbeats::Elsewhere)
}

/// The definite no of a store that has not even looked.
fn refused(request: &Request) -> Answer {
    if let Request::SwapDecision { .. } = request {
        Answer::Swapped(SwapAnswer::Lost)
    } else if let Request::WriteEvidence(..) = request {
        Answer::Written(Err(WriteError::Refused))
    } else {
        request.unanswered()
    }
}
