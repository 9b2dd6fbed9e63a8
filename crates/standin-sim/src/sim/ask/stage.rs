//! From a question to a scene: the mesh as it is configured, with what is around it.

use std::collections::BTreeMap;
use std::sync::Arc;

use standin_core::ident::Domain;
use standin_core::incident::Target;
use standin_core::mesh::arbiter::{ArbiterError, ConfiguredStore, Mode, StoreKind};
use standin_core::mesh::terms::Terms;
use standin_core::watch::Recovery;
use standin_engine::mesh::{
    Backup, Body, BrakeSetup, Decider, Heartbeats, PeerSetup, PlatformSetup, Reach, Rung, SeenBy, Sent,
    Setup, Slots, TargetSetup, Watching,
};

use super::fate::{Fate, TAIL, epoch, length};
use super::local::Local;
use super::outage::{Place, What, ms};
use super::{AskError, Asked, AskedMesh, AskedPeer, Known, PeerKind, Question, Remedy, Runs};
use crate::sim::scene::{self, Beginning, Gone, Scene, Struck};
use crate::sim::world::{self, Being, Memory, Reached, Shelf, Start, World, Writes};

const GITHUB: usize = 0;
const NETLIFY: usize = 1;
const AWS: usize = 2;
const HOST: usize = 3;
/// In the order of their numbers.
const PLATFORMS: [Domain; 5] =
    [Domain::Github, Domain::Netlify, Domain::Aws, Domain::Host, Domain::Elsewhere];

/// How long a workflow takes from its dispatch until its run is there, in milliseconds, at most.
const START_LATENCY: u64 = 45_000;

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
        Being { memory, life, platform: Some(self.platform()), start, host: self.platform() }
    }
}

/// Whether the watchers look after an automation together: what runs on a machine is its agent's own business, unless
/// something elsewhere can take its place.
fn is_shared(asked: &Asked) -> bool {
    let is_seen = asked.known != Known::Unknown;
    match (&asked.runs, asked.domain) {
        (Runs::Slots(_), Domain::Github | Domain::Netlify | Domain::Aws) => is_seen,
        (Runs::ByAgent { .. }, _) => is_helped_elsewhere(asked),
        (Runs::Slots(_), Domain::Host | Domain::Elsewhere) | (Runs::Always, _) => false,
    }
}

fn is_helped_elsewhere(asked: &Asked) -> bool {
    asked.ladder.iter().any(|remedy| place_of(asked, remedy) != asked.domain)
}

/// Where a remedy runs.
fn place_of(asked: &Asked, remedy: &Remedy) -> Domain {
    match remedy {
        Remedy::Again => asked.domain,
        Remedy::Other(id) => id.kind().domain(),
        Remedy::OfPlatform { domain, .. } => *domain,
    }
}

/// The scene of a question with these fates of its automations; `None` without a mesh.
pub(super) fn stage(
    question: &Question,
    fates: &[Vec<Fate>],
    locals: &[Local],
) -> Result<Option<Stage>, AskError> {
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
        beginnings: beginnings(question, &targets, fates, locals),
        remedies: targets.iter().filter_map(asked_of).map(remedies).collect(),
        guards: targets.iter().filter_map(asked_of).map(|asked| asked.guard).collect(),
        world,
    };
    Ok(Some(Stage { scene, targets, held }))
}

fn beginnings(
    question: &Question,
    targets: &[usize],
    fates: &[Vec<Fate>],
    locals: &[Local],
) -> Vec<Beginning> {
    let mut all = Vec::new();
    for (target, automation) in targets.iter().enumerate() {
        for fate in fates.get(*automation).into_iter().flatten() {
            let by_agent = || locals.get(*automation)?.runs.get(&fate.slot).map(|ran| ran.at);
            if let Some(at) = fate.begins.or_else(by_agent) {
                all.push(Beginning { target, slot: epoch(question) + fate.slot, at });
            }
        }
    }
    all
}

fn remedies(asked: &Asked) -> Vec<scene::Remedy> {
    let remedy = |remedy: &Remedy| scene::Remedy {
        platform: platform(place_of(asked, remedy)),
        is_again: !matches!(remedy, Remedy::Other(_)),
    };
    asked.ladder.iter().map(remedy).collect()
}

fn platform(domain: Domain) -> usize {
    PLATFORMS.iter().position(|known| *known == domain).unwrap_or(HOST)
}

/// The watchers that can do this: an agent runs commands, and everybody can ask a platform.
fn able(mesh: &AskedMesh, asked: &Asked, remedy: &Remedy) -> Vec<usize> {
    let needs_agent = place_of(asked, remedy) == Domain::Host;
    let can = |(number, peer): (usize, &AskedPeer)| {
        (!needs_agent || peer.kind == PeerKind::Agent).then_some(number)
    };
    mesh.peers.iter().enumerate().filter_map(can).collect()
}

fn target(mesh: &AskedMesh, asked: &Asked) -> Result<TargetSetup, ArbiterError> {
    let slots = match &asked.runs {
        Runs::Slots(schedules) | Runs::ByAgent { schedules, .. } => Arc::clone(schedules),
        Runs::Always => Arc::from([]),
    };
    Ok(TargetSetup {
        target: Target::Automation(asked.id.clone()),
        platform: platform(seen_on(asked)),
        priority: asked.priority,
        watching: Watching::Slots { slots: Slots::Cron(slots), deadline: ms(asked.deadline) },
        heartbeats: heartbeats(asked),
        rungs: asked.ladder.iter().map(|remedy| Rung { able: able(mesh, asked, remedy) }).collect(),
        decider: decider(mesh, asked)?,
        backup: Backup::Recovers,
        terms: match asked.domain {
            Domain::Github => Terms::default().for_start_latency(START_LATENCY),
            Domain::Netlify | Domain::Aws | Domain::Host | Domain::Elsewhere => Terms::default(),
        },
    })
}

fn heartbeats(asked: &Asked) -> Heartbeats {
    let sent = match asked.known {
        Known::Heartbeats { .. } => Sent::Yes,
        Known::Platform | Known::Unknown => Sent::No,
    };
    Heartbeats::of(asked.domain, sent, asked.ladder.iter().map(|remedy| place_of(asked, remedy)))
}

/// Where a target is looked at: a function's slots are seen by the heartbeats of its runs alone.
fn seen_on(asked: &Asked) -> Domain {
    match asked.domain {
        Domain::Netlify | Domain::Aws => Domain::Elsewhere,
        Domain::Github | Domain::Host | Domain::Elsewhere => asked.domain,
    }
}

/// The store that fails together with the target, unless a remedy stands elsewhere: then one that whoever can carry
/// that out can reach while the target's own is gone. With a quorum, that.
pub(super) fn decider(mesh: &AskedMesh, asked: &Asked) -> Result<Decider, ArbiterError> {
    let stores = &mesh.stores;
    let own = match asked.domain {
        Domain::Github => StoreKind::GithubRefs,
        Domain::Aws => StoreKind::DynamoDb,
        Domain::Netlify => StoreKind::NetlifyBlobs,
        Domain::Host | Domain::Elsewhere => StoreKind::Sqlite,
    };
    if mesh.quorum.is_none() && is_helped_elsewhere(asked) {
        let others = stores.iter().filter(|s| s.kind != own && s.kind != StoreKind::Sqlite);
        let others: Vec<_> = others.cloned().collect();
        if let Ok(Decider::Home(number)) = Setup::decider(&others, Domain::Netlify, Mode::Home)
            && let Some(chosen) = others.get(number)
            && let Some(number) = stores.iter().position(|store| store.name == chosen.name)
        {
            return Ok(Decider::Home(number));
        }
    }
    Setup::decider(stores, asked.domain, mesh.quorum.as_deref().map_or(Mode::Home, Mode::Quorum))
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
    let evidence: Vec<usize> = mesh
        .stores
        .iter()
        .enumerate()
        .filter(|(_, store)| store.kind != StoreKind::Sqlite)
        .map(|(number, _)| number)
        .collect();
    let mode = || mesh.quorum.as_deref().map_or(Mode::Home, Mode::Quorum);
    let any = || Decider::Home(mesh.stores.iter().position(ConfiguredStore::may_decide).unwrap_or(0));
    let brake = |domain| Setup::decider(&mesh.stores, domain, mode()).unwrap_or_else(|_| any());
    let of_kind = |kinds: &[PeerKind]| mesh.peers.iter().position(|peer| kinds.contains(&peer.kind));
    let agent = of_kind(&[PeerKind::Agent]);
    let seen = |domain| match domain {
        Domain::Github | Domain::Netlify | Domain::Aws => None,
        Domain::Host => agent,
        Domain::Elsewhere => agent.or_else(|| of_kind(&[PeerKind::Netlify, PeerKind::Lambda])),
    };
    let platform = |domain| PlatformSetup {
        brake: brake(domain),
        seen: seen(domain).map_or(SeenBy::Anyone, SeenBy::Peer),
    };
    let common = Setup {
        own: 0,
        body: world::body(0),
        stores: mesh.stores.clone(),
        evidence,
        peers: mesh.peers.iter().map(peer).collect(),
        platforms: PLATFORMS.map(platform).into(),
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
    Ok(World { epoch: epoch(question), setups, watchers, stores, primaries, backups: BTreeMap::new() })
}

fn peer(peer: &AskedPeer) -> PeerSetup {
    let suspect = ms(peer.silent_after);
    let reach = match peer.kind {
        PeerKind::Agent => Reach::Alert,
        PeerKind::Action | PeerKind::Netlify | PeerKind::Lambda => Reach::Wake,
    };
    PeerSetup { id: peer.name.clone(), suspect, act: suspect, reach, target: None }
}

/// What an outage takes with it.
fn gone(question: &Question, mesh: &AskedMesh, targets: &[usize], outage: &super::Outage) -> Vec<Gone> {
    let (from, until) = (outage.begins_at(), outage.ends_at());
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
