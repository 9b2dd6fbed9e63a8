//! A run that somebody asked about: what is gone and when, what starts by itself and when, and what is told of it.
//!
//! A [`super::Plan`] proves the protocol and says whether a law was broken; a scene answers a question, and says what
//! everybody did.

use std::sync::Arc;

use standin_core::effect::EffectKey;
use standin_core::incident::Target;
use standin_core::mesh::claim::{Order, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::rank::slot_key;
use standin_engine::mesh::Deed;
use standin_engine::ports::mesh::{Notice, Request};

use super::laws::Broken;
use super::run::{Event, Sim};
use super::truth::Comes;
use super::world::{Tamper, World};

/// What can be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Struck {
    /// A platform: it answers nobody and runs nothing.
    Platform(usize),
    /// A store.
    Store(usize),
    /// A watcher.
    Peer(usize),
    /// A target: it does not run, and cannot be started again.
    Target(usize),
}

/// Something is gone from when to when, in milliseconds of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone {
    /// What.
    pub what: Struck,
    /// When it goes.
    pub from: u64,
    /// When it is back.
    pub until: u64,
}

/// A run that begins by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    /// Of which target.
    pub target: usize,
    /// For which slot, in milliseconds since 1970.
    pub slot: u64,
    /// When, in milliseconds of the run.
    pub at: u64,
}

/// What an attempt at a target starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remedy {
    /// The platform that it runs on.
    pub platform: usize,
    /// Whether it is the target itself once more.
    pub is_again: bool,
}

/// What a late run does when its slot has been served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Its first step looks for the slot's key, and ends it.
    StepsAside,
    /// It runs.
    None,
}

/// Who ran a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// It began by itself.
    Itself,
    /// A watcher had it started, at this attempt.
    Backup {
        /// Which watcher.
        watcher: usize,
        /// Counted from 1.
        attempt: u8,
    },
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A slot is run.
    Runs {
        /// Of which target.
        target: usize,
        /// In milliseconds since 1970.
        slot: u64,
        /// By whom.
        by: By,
    },
    /// A late run sees that its slot was served, and ends.
    StepsAside {
        /// Of which target.
        target: usize,
        /// In milliseconds since 1970.
        slot: u64,
    },
    /// An attempt was made, and what it should start is gone.
    Fails {
        /// Who tried.
        watcher: usize,
        /// At what.
        target: usize,
        /// Counted from 1.
        attempt: u8,
    },
    /// A watcher suspects another.
    Suspects {
        /// Who.
        watcher: usize,
        /// Whom.
        peer: usize,
    },
    /// A watcher has won a claim, and asks another to carry it out.
    Asks {
        /// Who.
        watcher: usize,
        /// For what.
        target: usize,
        /// Whom.
        peer: usize,
    },
    /// A person is told.
    Notice {
        /// By whom.
        watcher: usize,
        /// What.
        notice: Notice,
    },
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The mesh and what is around it.
    pub world: World,
    /// Where the chance that is not in `beginnings` comes from.
    pub seed: u64,
    /// How long, in milliseconds.
    pub length: u64,
    /// What is gone, and when.
    pub gone: Vec<Gone>,
    /// Every run that begins by itself.
    pub beginnings: Vec<Beginning>,
    /// For each target what its attempts start, the first one first.
    pub remedies: Vec<Vec<Remedy>>,
    /// For each target what a late run does.
    pub guards: Vec<Guard>,
}

/// What happened, and which laws were broken on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Story {
    /// When, in milliseconds of the run, and what; in order.
    pub told: Vec<(u64, Told)>,
    /// As in [`super::Outcome`].
    pub broken: Vec<Broken>,
}

/// So much is told of one run at most.
const MAX_TOLD: usize = 100_000;

/// What the simulator keeps of a scene.
pub(super) struct Acting {
    scene: Scene,
    pub(super) told: Vec<(u64, Told)>,
}

impl Acting {
    pub(super) fn new(scene: &Scene) -> Self {
        Self { scene: scene.clone(), told: Vec::new() }
    }

    fn remedy(&self, target: usize, attempt: u8) -> Option<Remedy> {
        let ladder = self.scene.remedies.get(target)?;
        let place = usize::from(attempt.saturating_sub(1)).min(ladder.len().checked_sub(1)?);
        ladder.get(place).copied()
    }
}

impl Sim {
    /// Whether this is gone now.
    pub(super) fn is_gone(&self, what: Struck) -> bool {
        let Some(acting) = &self.acting else { return false };
        acting.scene.gone.iter().any(|g| g.what == what && g.from <= self.now && self.now < g.until)
    }

    pub(super) fn tell(&mut self, told: Told) {
        let now = self.now;
        if let Some(acting) = self.acting.as_mut().filter(|acting| acting.told.len() < MAX_TOLD) {
            acting.told.push((now, told));
        }
    }

    /// Puts what begins by itself on the heap; `false` when the plan draws it as it goes.
    pub(super) fn begin_scene(&mut self) -> bool {
        let Some(acting) = &self.acting else { return false };
        for Beginning { target, slot, at } in acting.scene.beginnings.clone() {
            self.push(at, Event::Primary { target, slot });
        }
        true
    }

    /// The platform that an attempt needs; `None` when it is the target's own, or the request is none.
    pub(super) fn remedy_of(&self, request: &Request) -> Option<usize> {
        let Request::Send { target, order, .. } = request else { return None };
        Some(self.acting.as_ref()?.remedy(*target, order.attempt)?.platform)
    }

    pub(super) fn tell_lost(&mut self, watcher: usize, request: &Request) {
        if let Request::Send { target, order, .. } = request {
            self.tell(Told::Fails { watcher, target: *target, attempt: order.attempt });
        }
    }

    pub(super) fn tell_deeds(&mut self, watcher: usize, deeds: &[Deed]) {
        for deed in deeds {
            match deed {
                Deed::Suspects(peer) => self.tell(Told::Suspects { watcher, peer: *peer }),
                Deed::Asked { target, peer } => {
                    self.tell(Told::Asks { watcher, target: *target, peer: *peer });
                }
                Deed::Tried { .. }
                | Deed::Blocked { .. }
                | Deed::Woke(_)
                | Deed::Served { .. }
                | Deed::HandedBack(_) => {}
            }
        }
    }

    /// A run begins by itself; `false` when no scene is played.
    pub(super) fn scene_primary(&mut self, target: usize, slot: u64) -> bool {
        let Some(acting) = &self.acting else { return false };
        let guard = acting.scene.guards.get(target).copied().unwrap_or(Guard::None);
        let key = self.key_of(target, slot);
        let Some((a, key)) = self.truth.automations.get_mut(target).zip(key) else { return true };
        if !a.begin(&key, 0, Comes::Well, Tamper::Nothing) && guard == Guard::StepsAside {
            self.tell(Told::StepsAside { target, slot });
            return true;
        }
        a.cover(slot);
        self.tell(Told::Runs { target, slot, by: By::Itself });
        true
    }

    fn key_of(&self, target: usize, slot: u64) -> Option<EffectKey> {
        let Target::Automation(id) = &self.setups.first()?.targets.get(target)?.target else { return None };
        let at = jiff::Timestamp::from_millisecond(i64::try_from(slot).ok()?).ok()?;
        Some(slot_key(id, at))
    }

    /// Whether a scene is played.
    pub(super) const fn is_playing(&self) -> bool {
        self.acting.is_some()
    }

    /// An attempt of a scene has arrived.
    pub(super) fn scene_send(
        &mut self,
        watcher: usize,
        target: usize,
        slot: Option<StoreTime>,
        order: &Order,
    ) -> Sent {
        let attempt = order.attempt;
        let remedy = self.acting.as_ref().and_then(|acting| acting.remedy(target, attempt));
        let is_in_vain = self.is_gone(Struck::Target(target));
        let (Some(remedy), Some(slot)) = (remedy, slot) else { return Sent::Refused };
        let Some(a) = self.truth.automations.get_mut(target) else { return Sent::Refused };
        if remedy.is_again && is_in_vain {
            a.begin(&order.key, order.epoch, Comes::Nothing, Tamper::Nothing);
            self.tell(Told::Fails { watcher, target, attempt });
            return Sent::Refused;
        }
        let slot = slot.0.unsigned_abs();
        if a.begin(&order.key, order.epoch, Comes::Well, Tamper::Nothing) {
            a.cover(slot);
            self.tell(Told::Runs { target, slot, by: By::Backup { watcher, attempt } });
        }
        Sent::Accepted
    }
}

/// Plays a scene.
///
/// The tick is the one that ships, as in [`super::run`]; what begins by itself is written in the scene.
pub fn play(scene: &Scene) -> Story {
    let mut sim = Sim::new(&scene.world, scene.seed, Arc::default());
    sim.acting = Some(Acting::new(scene));
    sim.populate();
    sim.go_on(scene.length);
    Story { told: sim.acting.map(|acting| acting.told).unwrap_or_default(), broken: sim.laws.broken }
}
