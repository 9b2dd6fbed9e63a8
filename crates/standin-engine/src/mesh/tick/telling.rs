//! What people are told: once for each incident, whichever watcher ticks and whatever it remembers; and its end, once.
//!
//! Whoever tells says so in its record, and what a living watcher has said so the others do not say. When it falls
//! silent, another tells again: better twice than never.

use std::sync::Arc;

use standin_core::incident::Target;
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::{BeatNumber, PeerId};
use standin_core::mesh::rank::{rank, rank_wait};

use super::{Silence, Tick, Unwritten};
use crate::mesh::clocks::Now;
use crate::mesh::record::{Alert, MAX_SILENCES, Record, SilenceTold};
use crate::mesh::tick::Purpose;
use crate::ports::mesh::{Notice, Number, Request, Ticket};

/// An alert that still stands is told again after so long, in milliseconds: better twice than never.
const REMIND_MS: u64 = 3_600_000;

impl Tick {
    /// Tells a person of a target, once as long as nothing else is to be told of it.
    pub(super) fn alert(&mut self, number: Number, alert: Alert, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let wall = now.wall;
        let is_fresh = |at: StoreTime| wall.since(at) < REMIND_MS;
        let seen = self.carry.seen.get(number).copied().unwrap_or_default();
        let own = seen.told.filter(|(told, _)| *told == alert).map(|(_, at)| at);
        let elsewhere = self.told_elsewhere(number, alert, seen.well_at).filter(|at| is_fresh(*at));
        match (own, elsewhere) {
            // Whoever told it last says its end.
            (Some(own), Some(other)) if own < other => return self.change(number, |seen| seen.told = None),
            (None, Some(_)) => return,
            (Some(own), _) if is_fresh(own) => return,
            (Some(_), _) | (None, None) => {}
        }
        self.change(number, |seen| seen.told = Some((alert, wall)));
        if let Some(notice) = notice(alert, number) {
            self.ask(Purpose::Nothing, Request::Notify(notice), now, out);
        }
    }

    /// When a living watcher has last told this of a target, if that was not before it was well.
    fn told_elsewhere(&self, number: Number, alert: Alert, well_at: Option<StoreTime>) -> Option<StoreTime> {
        let alike = self.heard().filter(|record| record.beat.config_hash == self.setup.config_hash);
        let told = alike.filter_map(|record| record.carry.seen.get(number)?.told);
        let same = told.filter(|(told, at)| *told == alert && well_at.is_none_or(|well| *at > well));
        same.map(|(_, at)| at).max()
    }

    /// The newest records of the others that give signs of life.
    fn heard(&self) -> impl Iterator<Item = &Arc<Record>> {
        let others = self.gathered.peers.iter().enumerate();
        let living = others.filter(|(n, _)| *n != self.setup.own && self.silence_of(*n) == Silence::Heard);
        living.filter_map(|(_, view)| view.newest.as_ref())
    }

    /// Ends the alerts of the targets that are well again.
    pub(super) fn end_alerts(&mut self, well: &[Number], now: Now, out: &mut Vec<(Ticket, Request)>) {
        for number in well {
            if self.carry.seen.get(*number).is_some_and(|seen| seen.told.is_some()) {
                self.change(*number, |seen| seen.told = None);
                self.ask(Purpose::Nothing, Request::Notify(Notice::Recovered(*number)), now, out);
            }
        }
    }

    /// Tells a person that a peer is silent.
    pub(super) fn tell_silence(&mut self, number: Number, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let Some((peer, about)) = self.newest_of(number) else { return };
        let told = SilenceTold { peer, about };
        if self.carry.silences.contains(&told) || self.heard().any(|record| has_told(record, &told)) {
            return;
        }
        self.carry.silences.retain(|old| old.peer != told.peer);
        self.carry.silences.push(told);
        self.unwritten = Unwritten::Something;
        self.ask(Purpose::Nothing, Request::Notify(Notice::PeerSilent(number)), now, out);
    }

    /// Whether this watcher's turn to tell of a silence has come: all see it at about the same time, and each waits
    /// for those before it.
    pub(super) fn may_tell(&self, number: Number, confirmed: StoreTime, time: StoreTime) -> bool {
        let setup = &self.setup;
        let living = (0..setup.peers.len()).filter(|n| *n != number && self.silence_of(*n) == Silence::Heard);
        let living: Vec<PeerId> = living.filter_map(|n| Some(setup.peers.get(n)?.id.clone())).collect();
        let names = setup.peers.get(number).map(|peer| Target::Peer(peer.id.clone())).zip(setup.own_id());
        let place = names.and_then(|(target, own)| rank(&target, own, &living)).unwrap_or(0);
        confirmed.plus(rank_wait(place)) <= time
    }

    /// Tells the end of the silences that this watcher has told of.
    pub(super) fn end_silences(&mut self, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let told = std::mem::take(&mut self.carry.silences);
        for told in told {
            let number = self.setup.peers.iter().position(|peer| peer.id == told.peer);
            let Some((number, (_, newest))) = number.and_then(|n| Some((n, self.newest_of(n)?))) else {
                self.unwritten = Unwritten::Something;
                continue;
            };
            if newest <= told.about {
                // Of two who told of it at the same time, the first by name says its end.
                let is_first = |record: &Arc<Record>| Some(&record.beat.peer) < self.setup.own_id();
                if !self.heard().any(|record| is_first(record) && has_told(record, &told)) {
                    self.carry.silences.push(told);
                }
                continue;
            }
            self.unwritten = Unwritten::Something;
            // One that is silent anew is told of anew.
            if self.silence_of(number) != Silence::Confirmed {
                self.ask(Purpose::Nothing, Request::Notify(Notice::PeerBack(number)), now, out);
            }
        }
    }

    /// A peer's name, and the number of its newest beat.
    fn newest_of(&self, number: Number) -> Option<(PeerId, BeatNumber)> {
        let newest = self.gathered.peers.get(number)?.newest.as_ref()?;
        Some((self.setup.peers.get(number)?.id.clone(), newest.beat.number))
    }
}

fn has_told(record: &Record, told: &SilenceTold) -> bool {
    record.carry.silences.iter().take(MAX_SILENCES).any(|other| other == told)
}

const fn notice(alert: Alert, target: Number) -> Option<Notice> {
    match alert {
        Alert::NoArbiter => Some(Notice::NoArbiter(target)),
        Alert::Exhausted => Some(Notice::Exhausted(target)),
        Alert::Garbage => Some(Notice::Garbage(target)),
        // Told as the deed that it is.
        Alert::Unconfirmed => None,
    }
}
