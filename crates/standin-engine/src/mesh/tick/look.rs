//! Probes that no platform can answer: of a peer, and of what only another peer can see. The stores are read again,
//! because what was read before the claim may be old.

use std::sync::Arc;
use std::time::Duration;

use standin_core::mesh::claim::Probed;
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::BeatNumber;

use super::{Purpose, Tick};
use crate::mesh::clocks::Now;
use crate::mesh::gather::{Gathered, PeerView};
use crate::mesh::record::Told;
use crate::mesh::setup::{Heartbeats, Watching};
use crate::ports::mesh::{Answer, Fact, Number, Request, Ticket};

/// A peer may write its record this much later than it said, in milliseconds.
const GRACE_MS: u64 = 5_000;

/// What a probe is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The claim was just won: is the target still down?
    Claimed,
    /// Something was sent: what came of it?
    Sent,
}

/// One such probe.
#[derive(Debug, Clone)]
pub(super) struct Look {
    errand: usize,
    why: Why,
    target: Number,
    slot: Option<StoreTime>,
    /// An answer from before this is old.
    since: u64,
    rounds: u8,
    reached: usize,
    left: usize,
    gathered: Gathered,
}

/// What a look comes to.
enum Seen {
    Is(Probed),
    /// Its peer is alive and has not written since: once more after so many milliseconds.
    Again(u64),
    /// Its peer is silent: what do its heartbeats elsewhere say?
    Elsewhere,
}

impl Tick {
    /// Whether a probe of this target is answered by a look at the stores.
    pub(super) fn is_looked_at(&self, target: Number) -> bool {
        let teller = self.setup.teller_of(target);
        self.setup.peer_of(target).is_some() || teller.is_some_and(|teller| teller != self.setup.own)
    }

    pub(super) fn look(
        &mut self,
        (errand, why): (usize, Why),
        (target, slot): (Number, Option<StoreTime>),
        now: Now,
        out: &mut Vec<(Ticket, Request)>,
    ) {
        let gathered = Gathered::new(self.setup.peers.len());
        let (since, index) = (now.mono, self.looks.len());
        let look = Look { errand, why, target, slot, since, rounds: 0, reached: 0, left: 0, gathered };
        self.looks.push(look);
        self.look_again(index, now, out);
    }

    fn look_again(&mut self, index: usize, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let setup = Arc::clone(&self.setup);
        let Some(look) = self.looks.get_mut(index) else { return };
        look.rounds = look.rounds.saturating_add(1);
        (look.left, look.reached) = (setup.evidence.len(), 0);
        look.gathered = Gathered::new(setup.peers.len());
        for store in &setup.evidence {
            self.ask(Purpose::Look(index, Some(*store)), Request::ReadEvidence(*store), now, out);
        }
    }

    pub(super) fn looked(
        &mut self,
        (index, store): (usize, Option<Number>),
        answer: Answer,
        asked: u64,
        now: Now,
        out: &mut Vec<(Ticket, Request)>,
    ) {
        let setup = Arc::clone(&self.setup);
        let Some(look) = self.looks.get_mut(index) else { return };
        match (store, answer) {
            (Some(store), answer) => {
                look.left = look.left.saturating_sub(1);
                if let Answer::Evidence(Ok(read)) = answer {
                    self.clocks.heard(store, read.at, asked, now.mono);
                    look.reached = look.reached.saturating_add(1);
                    look.gathered.take(&setup, store, read.at, &read.value);
                }
                if look.left > 0 {
                    return;
                }
            }
            (None, Answer::Probed(probed)) => {
                let probed = match (probed, look.why) {
                    (Probed::Unknown, Why::Claimed) => Probed::Down,
                    (Probed::Unknown | Probed::Down | Probed::Well, Why::Claimed | Why::Sent) => probed,
                };
                let errand = look.errand;
                return self.probed(errand, probed, now, out);
            }
            (None, _) => return self.look_again(index, now, out),
        }
        let (errand, target, slot) = (look.errand, look.target, look.slot);
        match self.seen(index, now) {
            Seen::Is(probed) => self.probed(errand, probed, now, out),
            Seen::Again(wait) => {
                let sleep = Request::Sleep(Duration::from_millis(wait));
                self.ask(Purpose::Look(index, None), sleep, now, out);
            }
            Seen::Elsewhere => {
                self.ask(Purpose::Look(index, None), Request::Probe { target, slot }, now, out);
            }
        }
    }

    fn seen(&self, index: usize, now: Now) -> Seen {
        let Some(look) = self.looks.get(index) else { return Seen::Is(Probed::Unknown) };
        if look.reached <= self.setup.evidence.len() / 2 {
            return Seen::Is(Probed::Unknown);
        }
        if let Some(peer) = self.setup.peer_of(look.target) {
            return Seen::Is(self.peer_seen(look, peer));
        }
        let Some(teller) = self.setup.teller_of(look.target) else { return Seen::Is(Probed::Unknown) };
        self.told_seen(look, teller, now)
    }

    /// A peer is well as soon as there is a beat that the accusation did not know.
    fn peer_seen(&self, look: &Look, peer: Number) -> Probed {
        let newest = |gathered: &Gathered| -> Option<BeatNumber> {
            Some(gathered.peers.get(peer)?.newest.as_ref()?.beat.number)
        };
        match (newest(&self.gathered), newest(&look.gathered)) {
            (_, None) => Probed::Unknown,
            (about, newest) if newest > about => Probed::Well,
            (_, Some(_)) => Probed::Down,
        }
    }

    fn told_seen(&self, look: &Look, teller: Number, now: Now) -> Seen {
        let unknown = Seen::Is(Probed::Unknown);
        let Some((target, peer)) = self.setup.targets.get(look.target).zip(self.setup.peers.get(teller))
        else {
            return unknown;
        };
        let Some(view) = look.gathered.peers.get(teller) else { return unknown };
        let told = self.told_in(view, look.target);
        // That a slot was run stays true, however old the word is.
        if let (Some(Fact::Covered(newest)), Some(slot)) = (told, look.slot)
            && newest >= slot
        {
            return Seen::Is(Probed::Well);
        }
        let patience = match target.watching {
            Watching::Slots { .. } => peer.suspect,
            Watching::Standing => peer.act,
        };
        if view.newest.is_none() || view.overdue >= self.carry.health.stretch(patience) {
            return match target.heartbeats {
                Heartbeats::Elsewhere => Seen::Elsewhere,
                Heartbeats::None => unknown,
            };
        }
        let Some(record) = &view.newest else { return unknown };
        let latest = self.clocks.latest(&[view.store], now).unwrap_or_default();
        let age = latest.since(record.facts_at);
        if now.mono.saturating_sub(age) <= look.since {
            let earliest = self.clocks.earliest(&[view.store], now).unwrap_or_default();
            let wait = record.beat.due.since(earliest).saturating_add(GRACE_MS);
            let can_wait = look.rounds < 2 && self.budget_left(now) > wait;
            return if can_wait { Seen::Again(wait) } else { unknown };
        }
        Seen::Is(match (told, look.slot) {
            (Some(Fact::Well), _) => Probed::Well,
            (Some(Fact::Down), _) | (Some(Fact::Covered(_)), Some(_)) => Probed::Down,
            (Some(Fact::Unknown | Fact::Stopped) | None, _) | (Some(Fact::Covered(_)), None) => {
                Probed::Unknown
            }
        })
    }

    fn told_in(&self, view: &PeerView, target: Number) -> Option<Fact> {
        let record = view.newest.as_ref()?;
        let is_same = record.beat.config_hash == self.setup.config_hash;
        let number = u32::try_from(target).ok().filter(|_| is_same)?;
        record.facts.iter().find(|Told(of, _)| *of == number).map(|Told(_, fact)| *fact)
    }

    fn probed(&mut self, errand: usize, probed: Probed, now: Now, out: &mut Vec<(Ticket, Request)>) {
        self.answer_errand(errand, super::Part::Probe, Answer::Probed(probed), now, out);
    }
}
