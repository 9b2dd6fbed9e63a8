//! From a question to a scene: the mesh as it is configured, with what is around it.

use std::sync::Arc;

use standin_core::ident::{Domain, Kind};
use standin_core::incident::Target;
use standin_core::mesh::arbiter::{ArbiterError, Mode, StoreKind};
use standin_core::mesh::terms::Terms;
use standin_core::watch::Recovery;
use standin_engine::mesh::{
    Body, BrakeSetup, Decider, Heartbeats, PeerSetup, PlatformSetup, Reach, Rung, SeenBy, Setup, Slots,
    TargetSetup, Watching,
};

use super::fate::{Fate, TAIL, epoch, length};
use super::outage::{Place, What, ms};
use super::{AskError, Asked, AskedMesh, AskedPeer, Known, PeerKind, Question, Remedy, Runs};
use crate::sim::scene::{self, Beginning, Gone, Scene, Struck};
use crate::sim::world::{self, Being, Memory, Reached, Shelf, Start, World, Writes};

const GITHUB: usize = 0;
const NETLIFY: usize = 1;
const AWS: usize = 2;
const HOST: usize = 3;
/// In the order of their numbers.
const PLATFORMS: [Domain; 4] = [Domain::Github, Domain::Netlify, Domain::Aws, Domain::Host];

/// A scene, and what its numbers mean.
pub(super) struct Stage {
    pub(super) scene: Scene,
    /// The automation of each target.
    pub(super) targets: Vec<usize>,
    /// The automations that nobody may decide for, and why.
    pub(super) held: Vec<(usize, ArbiterError)>,
}

impl PeerKind {
    pub(super) const fn place(self) -> Place {
        match self {
            Self::Action => Place::Github,
            Self::Netlify => Place::Netlify,
            Self::Lambda => Place::Aws,
            Self::Agent => Place::Host,
        }
    }

    const fn platform(self) -> usize {
        match self {
            Self::Action => GITHUB,
            Self::Netlify => NETLIFY,
            Self::Lambda => AWS,
            Self::Agent => HOST,
        }
    }

    /// Which of the watchers that the protocol is proven with lives as this one does.
    const fn like(self) -> usize {
        match self {
            Self::Agent => world::AGENT,
            Self::Netlify | Self::Lambda => world::FUNCTION,
            Self::Action => world::ACTION,
        }
    }

    fn being(self) -> Being {
        let (memory, life, start) = match self {
            Self::Agent => (Memory::Kept, u64::MAX, Start::Punctual),
            Self::Netlify | Self::Lambda => (Memory::None, 30_000, Start::Punctual),
            Self::Action => (Memory::None, 15 * world::MINUTE, Start::Cron),
        };
        Being { memory, life, platform: Some(self.platform()), start }
    }
}

/// Whether the watchers look after an automation together: what runs on a machine is its agent's own business.
pub(super) fn is_shared(asked: &Asked) -> bool {
    matches!((&asked.runs, asked.domain), (Runs::Slots(_), Domain::Github | Domain::Netlify | Domain::Aws))
}

/// The scene of a question with these fates of its automations; `None` without a mesh.
pub(super) fn stage(question: &Question, fates: &[Vec<Fate>]) -> Result<Option<Stage>, AskError> {
    let Some(mesh) = question.mesh.as_ref().filter(|mesh| !mesh.peers.is_empty()) else { return Ok(None) };
    let (mut setups, mut targets, mut held) = (Vec::new(), Vec::new(), Vec::new());
    for (number, asked) in question.automations.iter().enumerate() {
        if !is_shared(asked) || asked.recovery == Recovery::AlertOnly {
            continue;
        }
        match target(mesh, asked) {
            Ok(setup) => {
                setups.push(setup);
                targets.push(number);
            }
            Err(why) => held.push((number, why)),
        }
    }
    let world = world_of(question, mesh, setups)?;
    let asked_of = |target: &usize| question.automations.get(*target);
    let scene = Scene {
        seed: question.seed,
        length: length(question) + TAIL,
        gone: question.outages.iter().flat_map(|o| gone(question, mesh, &targets, o)).collect(),
        beginnings: beginnings(question, &targets, fates),
        remedies: targets.iter().filter_map(asked_of).map(remedies).collect(),
        guards: targets.iter().filter_map(asked_of).map(|asked| asked.guard).collect(),
        world,
    };
    Ok(Some(Stage { scene, targets, held }))
}

fn beginnings(question: &Question, targets: &[usize], fates: &[Vec<Fate>]) -> Vec<Beginning> {
    let mut all = Vec::new();
    for (target, automation) in targets.iter().enumerate() {
        for fate in fates.get(*automation).into_iter().flatten() {
            if let Some(at) = fate.begins {
                all.push(Beginning { target, slot: epoch(question) + fate.slot, at });
            }
        }
    }
    all
}

fn remedies(asked: &Asked) -> Vec<scene::Remedy> {
    let own = platform(asked.domain);
    let remedy = |remedy: &Remedy| match remedy {
        Remedy::Again => scene::Remedy { platform: own, is_again: true },
        Remedy::Other(id) => scene::Remedy { platform: platform(domain_of(id.kind())), is_again: false },
    };
    asked.ladder.iter().map(remedy).collect()
}

fn platform(domain: Domain) -> usize {
    PLATFORMS.iter().position(|known| *known == domain).unwrap_or(HOST)
}

const fn domain_of(kind: Kind) -> Domain {
    match kind {
        Kind::Workflow => Domain::Github,
        Kind::Netlify => Domain::Netlify,
        Kind::Pm2 | Kind::Npm | Kind::Command => Domain::Host,
        Kind::Heartbeat => Domain::Elsewhere,
    }
}

/// The watchers that can do this: an agent runs commands, and everybody can ask a platform.
fn able(mesh: &AskedMesh, remedy: &Remedy) -> Vec<usize> {
    let needs_agent = match remedy {
        Remedy::Again => false,
        Remedy::Other(id) => domain_of(id.kind()) == Domain::Host,
    };
    let can = |(number, peer): (usize, &AskedPeer)| {
        (!needs_agent || peer.kind == PeerKind::Agent).then_some(number)
    };
    mesh.peers.iter().enumerate().filter_map(can).collect()
}

fn target(mesh: &AskedMesh, asked: &Asked) -> Result<TargetSetup, ArbiterError> {
    let mode = mesh.quorum.as_deref().map_or(Mode::Home, Mode::Quorum);
    let slots = match &asked.runs {
        Runs::Slots(schedules) | Runs::ByAgent { schedules, .. } => Arc::clone(schedules),
        Runs::Always => Arc::from([]),
    };
    Ok(TargetSetup {
        target: Target::Automation(asked.id.clone()),
        platform: platform(asked.domain),
        priority: asked.priority,
        watching: Watching::Slots { slots: Slots::Cron(slots), deadline: ms(asked.deadline) },
        heartbeats: match asked.known {
            Known::Heartbeats { .. } => Heartbeats::Elsewhere,
            Known::Platform | Known::Unknown => Heartbeats::None,
        },
        rungs: asked.ladder.iter().map(|remedy| Rung { able: able(mesh, remedy) }).collect(),
        decider: Setup::decider(&mesh.stores, asked.domain, mode)?,
        terms: Terms::default(),
    })
}

fn world_of(question: &Question, mesh: &AskedMesh, targets: Vec<TargetSetup>) -> Result<World, AskError> {
    let shelf = |kind: StoreKind| {
        let agent = mesh.peers.iter().position(|peer| peer.kind == PeerKind::Agent);
        let reached = match (kind, agent) {
            (StoreKind::Sqlite, Some(agent)) => Reached::By(agent),
            _ => Reached::ByAll,
        };
        let is_blind = kind == StoreKind::NetlifyBlobs;
        Shelf { reached, writes: if is_blind { Writes::Blind } else { Writes::Conditional } }
    };
    let stores: Vec<Shelf> = mesh.stores.iter().map(|store| shelf(store.kind)).collect();
    let is_alone = mesh.peers.len() == 1;
    let is_evidence = |store: &StoreKind| is_alone || *store != StoreKind::Sqlite;
    let evidence: Vec<usize> = mesh
        .stores
        .iter()
        .enumerate()
        .filter(|(_, store)| is_evidence(&store.kind))
        .map(|(number, _)| number)
        .collect();
    let brake = |domain| Setup::decider(&mesh.stores, domain, Mode::Home).unwrap_or(Decider::Home(0));
    let common = Setup {
        own: 0,
        body: world::body(0),
        stores: mesh.stores.clone(),
        evidence,
        peers: mesh.peers.iter().map(peer).collect(),
        platforms: PLATFORMS
            .map(|domain| PlatformSetup { brake: brake(domain), seen: SeenBy::Anyone })
            .into(),
        targets,
        brake: BrakeSetup { minimum: 4, percent: 50 },
        config_hash: 1,
    };
    let mut setups = Vec::new();
    for (own, peer) in mesh.peers.iter().enumerate() {
        let period = u32::try_from(peer.every.as_millis()).unwrap_or(u32::MAX);
        let body = Body { period, ..world::body(peer.kind.like()) };
        let setup = Setup { own, body, ..common.clone() };
        if !mesh.stores.is_empty() {
            setup.check().map_err(|error| AskError::Mesh(error.to_string()))?;
        }
        setups.push(Arc::new(setup));
    }
    let primaries = common.targets.iter().map(|_| Start::Punctual).collect();
    let watchers = mesh.peers.iter().map(|peer| peer.kind.being()).collect();
    Ok(World { epoch: epoch(question), setups, watchers, stores, primaries })
}

fn peer(peer: &AskedPeer) -> PeerSetup {
    let suspect = ms(peer.silent_after);
    let reach = match peer.kind {
        PeerKind::Agent => Reach::Alert,
        PeerKind::Action | PeerKind::Netlify | PeerKind::Lambda => Reach::Wake,
    };
    PeerSetup { id: peer.name.clone(), suspect, act: suspect.saturating_mul(2), reach, target: None }
}

/// What an outage takes with it.
fn gone(question: &Question, mesh: &AskedMesh, targets: &[usize], outage: &super::Outage) -> Vec<Gone> {
    let (from, until) = (outage.from_ms(), outage.until_ms());
    let mut struck = Vec::new();
    match &outage.what {
        What::Place(place) => {
            struck.extend(match place {
                Place::Github => Some(Struck::Platform(GITHUB)),
                Place::Netlify => Some(Struck::Platform(NETLIFY)),
                Place::Aws => Some(Struck::Platform(AWS)),
                Place::Host => Some(Struck::Platform(HOST)),
                Place::Pm2 => None,
            });
            let stores = mesh.stores.iter().enumerate();
            let stores = stores.filter(|(_, store)| Place::of_store(store.kind) == Some(*place));
            struck.extend(stores.map(|(number, _)| Struck::Store(number)));
        }
        What::Store(name) => {
            struck.extend(mesh.stores.iter().position(|s| s.name == *name).map(Struck::Store));
        }
        What::Peer(name) => {
            struck.extend(mesh.peers.iter().position(|p| p.name.as_str() == name).map(Struck::Peer));
        }
        What::Automation(id) => {
            let is_it = |target: &usize| question.automations.get(*target).is_some_and(|a| a.id == *id);
            struck.extend(targets.iter().position(is_it).map(Struck::Target));
        }
    }
    struck.into_iter().map(|what| Gone { what, from, until }).collect()
}
