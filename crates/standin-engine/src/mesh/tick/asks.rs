//! Asks: what only another peer can carry out, and what others ask this one for.

use std::sync::Arc;

use standin_core::mesh::cell::{MAX_ATTEMPTS, MAX_TEXT_BYTES};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::MAX_COUNT;
use standin_core::mesh::rank::rank;
use standin_core::mesh::terms::MAX_TTL_MS;

use super::{Purpose, Silence, Tick};
use crate::mesh::clocks::Now;
use crate::mesh::errand::{Asks, Posting};
use crate::mesh::favor::{Favor, FavorAsks, FavorPart, Sight};
use crate::mesh::outcome::Deed;
use crate::mesh::record::{Ask, MAX_ASKS, MAX_SERVED, Record, Served};
use crate::mesh::setup::{Reach, TargetSetup};
use crate::ports::mesh::{Answer, Number, Request, Ticket};

/// So many asks are taken up in one tick. The others are found again by the next one, if they still stand.
const MAX_FAVORS: usize = 8;

/// An ask that this watcher has posted.
#[derive(Debug, Clone)]
pub(super) struct Posted {
    ask: Ask,
    /// When it ends, by the watcher's own clock that never goes back.
    until: u64,
}

impl Tick {
    /// Takes up the asks of the last tick that still stand, out of the own newest record.
    pub(super) fn remember_asks(&mut self, now: Now) {
        let Some(view) = self.gathered.peers.get(self.setup.own) else { return };
        let Some((record, latest)) = view.newest.as_ref().zip(self.clocks.latest(&[view.store], now)) else {
            return;
        };
        let left = |ask: &Ask| Some(ask.expires.since(latest)).filter(|left| *left > 0);
        let stands = |ask: &Ask| {
            left(ask).map(|left| Posted { ask: ask.clone(), until: now.mono.saturating_add(left) })
        };
        self.posted = record.asks.iter().take(MAX_ASKS).filter_map(stands).collect();
    }

    /// The asks for the record in a store whose clock says `stamp`.
    pub(super) fn asks_at(&self, stamp: StoreTime, now: Now) -> Vec<Ask> {
        let stands = self.posted.iter().filter(|posted| posted.until > now.mono);
        stands
            .map(|p| Ask { expires: stamp.plus(p.until.saturating_sub(now.mono)), ..p.ask.clone() })
            .collect()
    }

    /// Asks the best of those who can, and writes that at once; or the attempt has failed, because nobody can.
    pub(super) fn post(
        &mut self,
        index: usize,
        posting: Posting,
        now: Now,
        out: &mut Vec<(Ticket, Request)>,
    ) {
        let setup = Arc::clone(&self.setup);
        let Some(number) = self.errands.get(index).map(|errand| errand.case.target) else { return };
        let Some(target) = setup.targets.get(number) else { return };
        self.posted.retain(|posted| posted.until > now.mono);
        let has_room = self.posted.len() < MAX_ASKS && posting.left > 0;
        let peer = self.choose(target, posting.order.attempt).filter(|_| has_room);
        let to = peer.and_then(|peer| setup.peers.get(peer));
        let mut asks = Asks::new();
        let Some((peer, to)) = peer.zip(to) else {
            if let Some(errand) = self.errands.get_mut(index) {
                errand.nobody(&self.clocks, now, &mut asks);
            }
            return self.follow(index, asks, now, out);
        };
        let ask = Ask {
            to: to.id.clone(),
            target: target.target.clone(),
            slot: posting.slot,
            key: posting.order.key,
            epoch: posting.order.epoch,
            attempt: posting.order.attempt,
            expires: StoreTime::default(),
        };
        self.posted.push(Posted { ask, until: now.mono.saturating_add(posting.left) });
        self.number = self.number.next();
        self.write(Purpose::Nothing, now, out);
        self.tell_of_peer(number, now, out);
        self.deeds.push(Deed::Asked { target: number, peer });
        if to.reach == Reach::Wake {
            self.ask(Purpose::Nothing, Request::Wake(peer), now, out);
        }
        if let Some(errand) = self.errands.get_mut(index) {
            errand.go_on(&self.clocks, now, &mut asks);
        }
        self.follow(index, asks, now, out);
    }

    /// Whom to ask: one that was heard of rather than one that was not, and of those the first in rank. One that is
    /// confirmed silent and cannot be woken is not worth the wait.
    fn choose(&self, target: &TargetSetup, attempt: u8) -> Option<Number> {
        let setup = &self.setup;
        let able = &target.rung(attempt)?.able;
        let names: Vec<_> =
            able.iter().filter_map(|peer| setup.peers.get(*peer)).map(|p| p.id.clone()).collect();
        let place = |peer: Number| rank(&target.target, &setup.peers.get(peer)?.id, &names);
        let can_hear = |peer: &Number| {
            let is_woken = setup.peers.get(*peer).is_some_and(|peer| peer.reach == Reach::Wake);
            *peer != setup.own && (is_woken || self.silence_of(*peer) != Silence::Confirmed)
        };
        let heard = able.iter().copied().filter(can_hear);
        heard.min_by_key(|peer| (self.silence_of(*peer), place(*peer)))
    }

    /// Finds what others ask this watcher for, and notes it as taken up: the record that says so is written before
    /// anything is done about it. Of several under one key at most one is that of the claim's cell.
    pub(super) fn hear_asks(&mut self, now: Now) {
        let setup = Arc::clone(&self.setup);
        let mut found: Vec<(Number, Number, Ask)> = Vec::new();
        for peer in (0..setup.peers.len()).filter(|peer| *peer != setup.own) {
            let Some(record) = self.gathered.peers.get(peer).and_then(|view| view.newest.clone()) else {
                continue;
            };
            for ask in record.asks.iter().take(MAX_ASKS) {
                let is_known = found.iter().any(|(_, from, known)| *from == peer && known == ask);
                if let Some(target) = self.is_for_us(peer, &record, ask, now).filter(|_| !is_known) {
                    found.push((target, peer, ask.clone()));
                }
            }
        }
        for (number, peer, ask) in found.into_iter().take(MAX_FAVORS) {
            let Some((target, asker)) = setup.targets.get(number).zip(setup.peers.get(peer)) else {
                continue;
            };
            self.carry.served.push(Served { key: ask.key.clone(), attempt: ask.attempt });
            let sight = if self.is_looked_at(number) { Sight::Theirs } else { Sight::Own };
            let run = self.run.wrapping_sub(1).wrapping_sub(u64::try_from(self.favors.len()).unwrap_or(0));
            let ask = (ask, asker.id.clone());
            self.favors.extend(Favor::new(&setup, (number, target), ask, (sight, run)));
        }
        let too_many = self.carry.served.len().saturating_sub(MAX_SERVED);
        self.carry.served.drain(..too_many);
    }

    /// The target of an ask, if it is for this watcher to take up now.
    fn is_for_us(&self, peer: Number, record: &Record, ask: &Ask, now: Now) -> Option<Number> {
        let setup = &self.setup;
        let number = setup.targets.iter().position(|target| target.target == ask.target)?;
        let target = setup.targets.get(number)?;
        let fits = Some(&ask.to) == setup.own_id()
            && (1..=MAX_ATTEMPTS).contains(&ask.attempt)
            && (1..MAX_COUNT).contains(&ask.epoch)
            && (1..=MAX_TEXT_BYTES).contains(&ask.key.0.len())
            && target.is_able(setup.own, ask.attempt)
            && setup.claimants(number).contains(&peer)
            && self.carry.seen.get(number).is_none_or(|seen| seen.stopped.is_none());
        let store = self.gathered.peers.get(peer)?.store;
        let latest = self.clocks.latest(&[store], now)?;
        let is_fresh = ask.expires > latest && ask.expires.since(record.beat.stamp) <= u64::from(MAX_TTL_MS);
        let is_new = self.carry.served.iter().all(|s| s.key != ask.key || s.attempt < ask.attempt);
        (fits && is_fresh && is_new).then_some(number)
    }

    /// A store has the record that says what was taken up. Once most of them have, it is done.
    pub(super) fn persisted(&mut self, now: Now, out: &mut Vec<(Ticket, Request)>) {
        self.written = self.written.saturating_add(1);
        if self.written != self.setup.evidence.len() / 2 + 1 {
            return;
        }
        for index in 0..self.favors.len() {
            let asks = self.favors.get_mut(index).map(|favor| favor.begin(now)).unwrap_or_default();
            self.follow_favor(index, asks, now, out);
        }
    }

    pub(super) fn answer_favor(
        &mut self,
        (index, part): (usize, FavorPart),
        answer: Answer,
        asked: u64,
        now: Now,
        out: &mut Vec<(Ticket, Request)>,
    ) {
        if let Some(favor) = self.favors.get(index) {
            self.hear_clock(favor.store_at(part), &answer, asked, now);
        }
        let Some(favor) = self.favors.get_mut(index) else { return };
        let asks = favor.answer(part, answer, &self.clocks, now);
        self.follow_favor(index, asks, now, out);
    }

    fn follow_favor(&mut self, index: usize, asks: FavorAsks, now: Now, out: &mut Vec<(Ticket, Request)>) {
        for (part, request) in asks {
            if let (FavorPart::Send, Some(favor)) = (part, self.favors.get(index)) {
                self.deeds.push(Deed::Served { target: favor.target, key: favor.ask.key.clone() });
            }
            self.ask(Purpose::Favor(index, part), request, now, out);
        }
    }
}
