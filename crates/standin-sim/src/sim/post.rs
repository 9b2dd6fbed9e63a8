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
use super::world::{self, ACTION, AGENT, AUTOMATIONS, BLOBS, FUNCTION, HOST, SQLITE, STORES, Tamper};

impl Sim {
    /// Sends a request on its way: looks at the laws, and draws how long it takes.
    pub(super) fn send_off(
        &mut self,
        watcher: usize,
        (life, paused, probed): (u64, u64, bool),
        ticket: Ticket,
        request: Request,
    ) {
        let limit = u64::from(world::body(watcher).request);
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
                if watcher == AGENT {
                    self.laws.beats(self.now, watcher, record.beat.number);
                }
            }
            Request::ReadDecision { store: BLOBS, .. } | Request::SwapDecision { store: BLOBS, .. }
                if self.tamper != Tamper::BlindArbiter =>
            {
                self.laws.breach("I9", self.now, "a decision at a store that has not passed".to_owned());
            }
            Request::Survey(platform) => {
                if *platform >= HOST && watcher != AGENT {
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
        let edge = edge_of(&request);
        let lost = edge.is_some_and(|edge| {
            self.is_cut(watcher, edge)
                || (edge < STORES && self.store_is_down(edge))
                || (edge >= STORES
                    && self.platform_is_down(edge - STORES)
                    && !is_foreign(&self.setups, watcher, &request))
                || (edge == SQLITE && watcher != AGENT)
        });
        if lost {
            let answer = request.unanswered();
            return self.push(self.now + limit, Event::Answer { watcher, life, ticket, answer });
        }
        let Some(store) = edge.filter(|edge| *edge < STORES) else {
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
fn edge_of(request: &Request) -> Option<usize> {
    match request {
        Request::ReadEvidence(store)
        | Request::WriteEvidence(store, _)
        | Request::ReadDecision { store, .. }
        | Request::SwapDecision { store, .. } => Some(*store),
        Request::Survey(platform) => Some(STORES + platform),
        // The backups of what is served are elsewhere.
        Request::Send { target: target @ (11 | 13 | 14), .. }
        | Request::ProbeBackup(target)
        | Request::Stop { target, .. } => Some(if *target == 14 { STORES + 1 } else { STORES }),
        Request::Probe { target, .. } | Request::Send { target, .. } => Some(match target {
            0..8 => STORES,
            8..14 => STORES + 1,
            18 | 19 => STORES + 3,
            20.. => STORES + peer_platform(target - AUTOMATIONS),
            _ => STORES + HOST,
        }),
        Request::Wake(peer) => Some(STORES + peer_platform(*peer)),
        Request::Notify(_) | Request::Sleep(_) => None,
    }
}

/// The platform that a watcher is started on.
const fn peer_platform(watcher: usize) -> usize {
    match watcher {
        ACTION => 0,
        FUNCTION => 1,
        _ => HOST,
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
