//! What one peer alone can see, and tells the others.

use std::sync::Arc;

use super::{Silence, Tick};
use crate::mesh::record::{MAX_FACTS, Told};
use crate::mesh::setup::{Heartbeats, SeenBy, TargetSetup, Watching};
use crate::ports::mesh::{Fact, Number};

impl Tick {
    /// Takes from the newest records of the others what only they can see. While such a peer is alive, a target that
    /// it says nothing of cannot be judged.
    pub(super) fn hear_told(&mut self) {
        let setup = Arc::clone(&self.setup);
        for (platform, found) in setup.platforms.iter().enumerate() {
            let SeenBy::Peer(peer) = found.seen else { continue };
            if peer == setup.own {
                continue;
            }
            let silence = self.silence_of(peer);
            let members = || {
                let all = setup.targets.iter().enumerate();
                all.filter(|(n, target)| target.platform == platform && setup.peer_of(*n).is_none())
            };
            let mut told = vec![None; setup.targets.len()];
            for Told(number, fact) in self.told_by(peer) {
                if let Some(place) = usize::try_from(*number).ok().and_then(|n| told.get_mut(n)) {
                    *place = Some(*fact);
                }
            }
            for (number, target) in members() {
                let told = told.get(number).copied().flatten();
                let fact = if silence == Silence::Heard { told } else { Some(stale(target, told, silence)) };
                if fact.is_none() {
                    self.blind.insert(number);
                }
                if let Some(place) = self.facts.get_mut(number) {
                    *place = fact.unwrap_or(Fact::Unknown);
                }
            }
        }
    }

    /// What is known of a target; `None` when nothing can be said of it now.
    pub(super) fn fact_of(&self, target: Number) -> Option<Fact> {
        match self.setup.peer_of(target).map(|peer| self.silence_of(peer)) {
            Some(Silence::Heard) => Some(Fact::Well),
            Some(Silence::Confirmed) => Some(Fact::Down),
            Some(Silence::Suspected | Silence::Never) => None,
            None if self.blind.contains(&target) => None,
            None => self.facts.get(target).copied(),
        }
    }

    /// Whether to claim a target: what only a living peer can see, that peer claims, for nobody else could probe it.
    pub(super) fn may_claim(&self, target: Number) -> bool {
        let teller = self.setup.teller_of(target).filter(|teller| *teller != self.setup.own);
        teller.is_none_or(|teller| self.silence_of(teller) != Silence::Heard)
    }

    fn told_by(&self, peer: Number) -> impl Iterator<Item = &Told> {
        let record = self.gathered.peers.get(peer).and_then(|view| view.newest.as_ref());
        // The numbers mean something else under another configuration.
        let record = record.filter(|record| record.beat.config_hash == self.setup.config_hash);
        record.into_iter().flat_map(|record| record.facts.iter()).take(MAX_FACTS)
    }

    /// What this watcher tells the others.
    pub(super) fn telling(&self) -> Arc<Vec<Told>> {
        let own = SeenBy::Peer(self.setup.own);
        if !self.setup.platforms.iter().any(|platform| platform.seen == own) {
            return Arc::default();
        }
        let told = |(number, fact): (usize, &Fact)| {
            let is_teller = self.setup.teller_of(number) == Some(self.setup.own);
            is_teller.then(|| u32::try_from(number).ok().map(|number| Told(number, *fact))).flatten()
        };
        Arc::new(self.facts.iter().enumerate().filter_map(told).take(MAX_FACTS).collect())
    }

    pub(super) fn silence_of(&self, peer: Number) -> Silence {
        self.silence.get(peer).copied().unwrap_or(Silence::Never)
    }
}

/// What the last word of a peer that has fallen silent says now: that a slot was run stays true, and that somebody has stopped it.
fn stale(target: &TargetSetup, told: Option<Fact>, silence: Silence) -> Fact {
    if told == Some(Fact::Stopped) {
        return Fact::Stopped;
    }
    match (&target.watching, target.heartbeats) {
        (Watching::Slots { .. }, Heartbeats::Elsewhere) => match told {
            Some(Fact::Covered(slot)) => Fact::Covered(slot),
            Some(Fact::Unknown | Fact::Well | Fact::Down | Fact::Stopped) | None => Fact::Unknown,
        },
        (Watching::Standing, Heartbeats::Elsewhere) if silence == Silence::Confirmed => Fact::Down,
        (Watching::Slots { .. } | Watching::Standing, _) => Fact::Unknown,
    }
}
