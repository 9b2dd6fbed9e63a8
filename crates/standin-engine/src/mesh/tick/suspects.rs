//! Whom the watcher suspects, and how silent peers are helped.

use std::sync::Arc;

use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::confirm::{Case as Ground, confirmed_from};
use standin_core::mesh::peer::{BeatNumber, PeerBeat};
use standin_core::mesh::suspicion::{Suspicion, may_open, may_second};

use super::{Purpose, Silence, Tick};
use crate::mesh::clocks::Now;
use crate::mesh::gather::Gathered;
use crate::mesh::outcome::Deed;
use crate::mesh::setup::Reach;
use crate::ports::mesh::{Number, Request, Ticket};

impl Tick {
    pub(super) fn suspect(&mut self, now: Now, out: &mut Vec<(Ticket, Request)>) -> Vec<Suspicion> {
        let setup = Arc::clone(&self.setup);
        let Some(accuser) = setup.own_id() else { return Vec::new() };
        let time = self.clocks.earliest(&setup.evidence, now).unwrap_or(now.wall);
        let (mut suspicions, mut to_tell) = (Vec::new(), Vec::new());
        self.silence = vec![Silence::Heard; setup.peers.len()];
        for (number, peer) in setup.peers.iter().enumerate() {
            let Some(view) = self.gathered.peers.get(number).filter(|_| number != setup.own) else {
                continue;
            };
            let newest = view.newest.as_ref().map(|record| &record.beat);
            let overdue = view.overdue;
            let is_unknown = newest.is_none();
            if is_unknown || overdue < self.carry.health.stretch(peer.suspect) {
                if is_unknown {
                    self.hears(number, Silence::Never);
                }
                continue;
            }
            self.hears(number, Silence::Suspected);
            if self.settle.is_settled() && peer.reach == Reach::Wake {
                self.deeds.push(Deed::Woke(number));
                self.ask(Purpose::Nothing, Request::Wake(number), now, out);
            }
            let newest = view_beat(&self.gathered, number);
            let about = newest.map_or_else(BeatNumber::default, |beat| beat.number);
            let suspicion =
                Suspicion { accuser: accuser.clone(), target: peer.id.clone(), about, since: time };
            let accusers = self.gathered.accusers(&setup, number);
            let own = self.carry.health;
            let allowed = match accusers {
                0 => may_open(&suspicion, newest, own, &self.settle),
                _ => may_second(&suspicion, newest, &self.settle),
            };
            if allowed.is_err() {
                continue;
            }
            let due = StoreTime(time.0.saturating_sub_unsigned(overdue));
            let confirmed = confirmed_from(Ground::Silence { due, accusers }, peer.act, time);
            if confirmed <= time {
                self.hears(number, Silence::Confirmed);
                // Of a peer that is a target, whoever wins its claim tells.
                let claims = peer.target.is_some_and(|target| setup.claimants(target).contains(&setup.own));
                if !claims {
                    to_tell.push((number, confirmed));
                }
            }
            self.deeds.push(Deed::Suspects(number));
            suspicions.push(suspicion);
        }
        // Only now it is known who of the others is there to have told of it.
        self.end_silences(now, out);
        for (number, confirmed) in to_tell {
            if self.may_tell(number, confirmed, time) {
                self.tell_silence(number, now, out);
            }
        }
        suspicions
    }

    fn hears(&mut self, peer: Number, silence: Silence) {
        if let Some(place) = self.silence.get_mut(peer) {
            *place = silence;
        }
    }

    /// Something is about to be done for a target: if that is a peer, now is the time to tell of its silence.
    pub(super) fn tell_of_peer(&mut self, target: Number, now: Now, out: &mut Vec<(Ticket, Request)>) {
        if let Some(peer) = self.setup.peer_of(target) {
            self.tell_silence(peer, now, out);
        }
    }
}

fn view_beat(gathered: &Gathered, number: Number) -> Option<&PeerBeat> {
    gathered.peers.get(number)?.newest.as_ref().map(|record| &record.beat)
}
