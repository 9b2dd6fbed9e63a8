//! What is read of all peers, from all stores, joined. The join is a semilattice: in whatever order, however often
//! and through whichever store the records come, the same picture comes of them.

use std::collections::BTreeMap;

use super::clock::StoreTime;
use super::peer::{BeatNumber, PeerBeat, PeerId};
use super::slot::SlotState;
use super::suspicion::Suspicion;
use crate::ident::AutomationId;

/// Whether two records with the same number were the same record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// They were, or one was newer.
    Same,
    /// They were not: somebody wrote under another's name, or a store garbled one. Counted, never acted upon.
    Differs,
}

/// The later of two beats of one peer. Of two different ones with one number the one with the lower hash is kept, so
/// that all readers keep the same.
pub fn join_beats(a: PeerBeat, b: PeerBeat) -> (PeerBeat, Agreement) {
    match a.number.cmp(&b.number) {
        std::cmp::Ordering::Less => (b, Agreement::Same),
        std::cmp::Ordering::Greater => (a, Agreement::Same),
        std::cmp::Ordering::Equal if a == b => (a, Agreement::Same),
        std::cmp::Ordering::Equal => {
            let a_stays = (a.digest(), &a) <= (b.digest(), &b);
            (if a_stays { a } else { b }, Agreement::Differs)
        }
    }
}

/// The joined evidence. Empty means unknown, never down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    beats: BTreeMap<PeerId, PeerBeat>,
    suspicions: BTreeMap<(PeerId, PeerId), Suspicion>,
    slots: BTreeMap<(AutomationId, StoreTime), SlotState>,
}

impl Evidence {
    /// Takes in one beat.
    pub fn beat(&mut self, beat: PeerBeat) -> Agreement {
        let peer = beat.peer.clone();
        let (kept, agreement) = match self.beats.remove(&peer) {
            Some(old) => join_beats(old, beat),
            None => (beat, Agreement::Same),
        };
        self.beats.insert(peer, kept);
        agreement
    }

    /// Takes in one suspicion.
    pub fn suspicion(&mut self, suspicion: Suspicion) {
        let pair = (suspicion.accuser.clone(), suspicion.target.clone());
        let kept = match self.suspicions.remove(&pair) {
            Some(old) => old.join(suspicion),
            None => suspicion,
        };
        self.suspicions.insert(pair, kept);
    }

    /// Takes in what one record says of a slot.
    pub fn slot(&mut self, automation: AutomationId, slot: StoreTime, state: SlotState) {
        let known = self.slots.entry((automation, slot)).or_default();
        *known = known.clone().max(state);
    }

    /// Takes in all that another reader, or another store, has.
    /// Gives how many records differed under one number.
    pub fn join(&mut self, other: Self) -> usize {
        let differed = other.beats.into_values().map(|beat| self.beat(beat));
        let corrupt = differed.filter(|agreement| *agreement == Agreement::Differs).count();
        other.suspicions.into_values().for_each(|suspicion| self.suspicion(suspicion));
        for ((automation, slot), state) in other.slots {
            self.slot(automation, slot, state);
        }
        corrupt
    }

    /// The newest beat of a peer; `None` when nothing is known of it.
    pub fn newest(&self, peer: &PeerId) -> Option<&PeerBeat> {
        self.beats.get(peer)
    }

    /// The number that `peer`, which remembers nothing itself, gives its next beat.
    pub fn next_number(&self, peer: &PeerId) -> BeatNumber {
        self.newest(peer).map_or_else(BeatNumber::default, |beat| beat.number).next()
    }

    /// What is known of a slot.
    pub fn slot_state(&self, automation: &AutomationId, slot: StoreTime) -> SlotState {
        self.slots.get(&(automation.clone(), slot)).cloned().unwrap_or_default()
    }

    /// Who accuses `target` and is not refuted by a newer beat of it.
    pub fn accusers(&self, target: &PeerId) -> Vec<&Suspicion> {
        let newest = self.newest(target);
        let stands = |s: &&Suspicion| s.target == *target && s.accuser != *target && !s.is_refuted_by(newest);
        self.suspicions.values().filter(stands).collect()
    }
}
