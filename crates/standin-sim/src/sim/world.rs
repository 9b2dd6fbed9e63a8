//! The simulated mesh: three watchers that are targets themselves, five stores, four platforms, twenty automations.

use std::collections::BTreeMap;
use std::sync::Arc;

use standin_core::health::Priority;
use standin_core::ident::{AutomationId, Domain, Kind as IdKind};
use standin_core::incident::Target;
use standin_core::mesh::arbiter::{ArbiterError, Conformance, Mode, StoreKind};
use standin_core::mesh::peer::PeerId;
use standin_core::mesh::terms::Terms;
use standin_core::schedule::Schedule;
use standin_engine::mesh::{
    Backup, Body, BrakeSetup, Decider, Heartbeats, PeerSetup, PlatformSetup, Reach, Rung, SeenBy, Serving,
    Setup, SetupError, Slots, StoreSetup, TargetSetup, Watching,
};

use super::truth::EPOCH_MS;

/// The agent, the function, the Action.
pub const WATCHERS: usize = 3;
/// The agent.
pub const AGENT: usize = 0;
/// The function.
pub const FUNCTION: usize = 1;
/// The Action.
pub const ACTION: usize = 2;

/// GitHub refs, a DynamoDB table, a bucket, the agent's database, Netlify Blobs.
pub const STORES: usize = 5;
/// The store that overwrites blindly.
pub const BLOBS: usize = 4;
/// The store that only the agent reaches.
pub const SQLITE: usize = 3;

/// GitHub, Netlify, PM2, commands on the host. Only the agent sees the last two.
pub const PLATFORMS: usize = 4;
/// The first platform that only the agent sees.
pub const HOST: usize = 2;

/// The first automations: workflows, which a person can disable.
pub const WORKFLOWS: usize = 8;

/// Automations: 8 workflows, 2 scheduled functions, 4 functions that answer requests, 4 processes, a scheduled command
/// and a process that have their backups elsewhere.
pub const AUTOMATIONS: usize = 20;
/// The watchers come after the automations.
pub const TARGETS: usize = AUTOMATIONS + WATCHERS;

/// Milliseconds.
pub const MINUTE: u64 = 60_000;
/// Milliseconds.
pub const HOUR: u64 = 60 * MINUTE;

/// Why the simulated mesh could not be built: its own configuration is refused by what ships.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// A name in it is none.
    #[error("a name of the simulated mesh is refused")]
    Name,
    /// Nobody may decide.
    #[error(transparent)]
    Arbiter(#[from] ArbiterError),
    /// Something in it does not fit.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// What is done to the mesh to see that the predicates see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tamper {
    /// Nothing.
    Nothing,
    /// Decisions on Netlify are made by a store that overwrites blindly.
    BlindArbiter,
    /// Targets do not deduplicate keys.
    NoDedup,
}

fn stores() -> Vec<StoreSetup> {
    let store = |name: &str, kind, conformance| StoreSetup { name: name.to_owned(), kind, conformance };
    vec![
        store("refs", StoreKind::GithubRefs, Conformance::Passed),
        store("table", StoreKind::DynamoDb, Conformance::Passed),
        store("bucket", StoreKind::Gcs, Conformance::Passed),
        store("here", StoreKind::Sqlite, Conformance::Passed),
        store("blobs", StoreKind::NetlifyBlobs, Conformance::NotPassed),
    ]
}

/// What a watcher knows of its last run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// It stays between its ticks, one at a time.
    Kept,
    /// Each run begins anew, beside others if need be.
    None,
}

/// How punctually something starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Within seconds.
    Punctual,
    /// As late as GitHub is, or not at all.
    Cron,
}

/// How one watcher lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Being {
    /// What it knows of its last run.
    pub memory: Memory,
    /// How long a run lives at most, in milliseconds.
    pub life: u64,
    /// The platform that starts it, if that can be gone while its targets are not.
    pub platform: Option<usize>,
    /// How punctually.
    pub start: Start,
    /// The platform that others reach it through.
    pub host: usize,
}

/// Who can reach a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Everybody.
    ByAll,
    /// Only this watcher.
    By(usize),
}

/// What a store does with a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// What it should.
    Conditional,
    /// It writes, whatever was there.
    Blind,
}

/// One store, as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shelf {
    /// Who can reach it.
    pub reached: Reached,
    /// What it does with a conditional write.
    pub writes: Writes,
}

/// A mesh and what is around it.
#[derive(Debug, Clone)]
pub struct World {
    /// The first millisecond, since 1970.
    pub epoch: u64,
    /// What each watcher knows; all but `own` and `body` is the same for all.
    pub setups: Vec<Arc<Setup>>,
    /// How each watcher lives.
    pub watchers: Vec<Being>,
    /// How each store is.
    pub stores: Vec<Shelf>,
    /// How punctually each automation starts by itself. The watchers as targets come after the automations.
    pub primaries: Vec<Start>,
    /// For each automation that a backup serves, the platform of that backup.
    pub backups: BTreeMap<usize, usize>,
}

impl World {
    /// The mesh that the protocol is proven with.
    ///
    /// # Errors
    /// [`WorldError`]: the code that ships refuses the simulated configuration.
    pub fn standard(tamper: Tamper) -> Result<Self, WorldError> {
        let setups = setups(tamper)?;
        let being = |memory, life, platform, start, host| Being { memory, life, platform, start, host };
        let shelf = |reached, writes| Shelf { reached, writes };
        let stores = (0..STORES).map(|store| match store {
            SQLITE => shelf(Reached::By(AGENT), Writes::Conditional),
            BLOBS => shelf(Reached::ByAll, Writes::Blind),
            _ => shelf(Reached::ByAll, Writes::Conditional),
        });
        Ok(Self {
            epoch: EPOCH_MS,
            setups,
            watchers: vec![
                being(Memory::Kept, u64::MAX, None, Start::Punctual, HOST),
                being(Memory::None, 30_000, Some(1), Start::Punctual, 1),
                being(Memory::None, 15 * MINUTE, Some(0), Start::Cron, 0),
            ],
            stores: stores.collect(),
            primaries: (0..AUTOMATIONS).map(|n| if n < 8 { Start::Cron } else { Start::Punctual }).collect(),
            backups: BTreeMap::from([(11, 0), (13, 0), (14, 1)]),
        })
    }

    /// How many targets there are: the automations, and the watchers that can be helped.
    pub(super) fn targets(&self) -> usize {
        self.setups.first().map_or(0, |setup| setup.targets.len())
    }

    /// The platform that a target is reached through.
    pub(super) fn edge(&self, target: usize) -> Option<usize> {
        let setup = self.setups.first()?;
        match setup.peer_of(target) {
            Some(peer) => Some(self.watchers.get(peer)?.host),
            None => Some(setup.targets.get(target)?.platform),
        }
    }

    pub(super) fn is_served(&self, target: usize) -> bool {
        self.backups.contains_key(&target)
    }

    pub(super) fn backup_platform(&self, target: usize) -> Option<usize> {
        self.backups.get(&target).copied()
    }

    pub(super) fn is_cron(&self, target: usize) -> bool {
        self.primaries.get(target) == Some(&Start::Cron)
    }

    pub(super) fn is_blind(&self, store: usize) -> bool {
        self.stores.get(store).is_some_and(|shelf| shelf.writes == Writes::Blind)
    }

    pub(super) fn remembers(&self, watcher: usize) -> bool {
        self.watchers.get(watcher).is_some_and(|being| being.memory == Memory::Kept)
    }

    /// Whether a watcher can reach a store; what is no store is reached by all.
    pub(super) fn reaches(&self, watcher: usize, store: usize) -> bool {
        self.stores.get(store).is_none_or(|shelf| match shelf.reached {
            Reached::ByAll => true,
            Reached::By(only) => only == watcher,
        })
    }

    /// How many cells each store has: one for each target, and one for the brake of each platform.
    pub(super) fn cells(&self) -> usize {
        self.setups.first().map_or(0, |setup| setup.targets.len() + setup.platforms.len())
    }
}

/// The bodies of the watchers: cadences and limits.
pub fn body(watcher: usize) -> Body {
    match watcher {
        AGENT => Body { tick: 50_000, request: 5_000, period: 60_000, punctual: 60_000, send: 20_000 },
        FUNCTION => Body { tick: 25_000, request: 4_000, period: 300_000, punctual: 120_000, send: 8_000 },
        _ => Body { tick: 240_000, request: 10_000, period: 3_600_000, punctual: 300_000, send: 20_000 },
    }
}

/// Schedules of all sorts: hourly, several at once, and in time zones.
fn schedules(number: usize) -> Result<Arc<[Schedule]>, WorldError> {
    let all: &[(&str, &str)] = match number {
        0 => &[("11 * * * *", "UTC")],
        1 => &[("0 */3 * * *", "UTC"), ("30 9,17 * * *", "Europe/Berlin")],
        _ => &[("*/40 * * * *", "Asia/Kolkata")],
    };
    let read = |(cron, zone): &(&str, &str)| Schedule::parse(cron, zone).map_err(|_| WorldError::Name);
    all.iter().map(read).collect()
}

/// The ladder of a target, of which `able` can do the first remedy.
fn rungs(number: usize, able: Vec<usize>) -> Vec<Rung> {
    let ladder = match number {
        // The last remedy of some is a run by the agent.
        0..4 | 10 => vec![able, vec![AGENT]],
        4 | 5 => vec![vec![FUNCTION, ACTION], vec![AGENT]],
        7 => vec![vec![AGENT]],
        // Each in turn, so that they have to ask one another.
        12 => vec![vec![ACTION], vec![AGENT], vec![FUNCTION]],
        // These are served, and the Action does not come often enough to renew a claim.
        11 | 13 => vec![vec![AGENT, FUNCTION]],
        18 | 19 => vec![vec![AGENT], vec![FUNCTION, ACTION]],
        _ => vec![able],
    };
    ladder.into_iter().map(|able| Rung { able }).collect()
}

fn target(number: usize, stores: &[StoreSetup]) -> Result<TargetSetup, WorldError> {
    let spread = u64::try_from(number).unwrap_or(0).wrapping_mul(7 * MINUTE);
    let slots = |deadline| -> Result<Watching, WorldError> {
        let slots = match number {
            0..3 | 18 => Slots::Cron(schedules(number)?),
            _ => Slots::Every { period: HOUR, offset: spread % HOUR },
        };
        Ok(Watching::Slots { slots, deadline })
    };
    let quorum: Vec<String> = ["refs", "table", "bucket"].map(str::to_owned).into();
    let (kind, domain, platform, watching, able, mode) = match number {
        0..6 => (IdKind::Workflow, Domain::Github, 0, slots(20 * MINUTE)?, vec![0, 1, 2], Mode::Home),
        6..8 => {
            (IdKind::Workflow, Domain::Github, 0, slots(20 * MINUTE)?, vec![0, 1, 2], Mode::Quorum(&quorum))
        }
        8..10 => (IdKind::Netlify, Domain::Netlify, 1, slots(5 * MINUTE)?, vec![0, 1, 2], Mode::Home),
        10..12 => (IdKind::Netlify, Domain::Netlify, 1, Watching::Standing, vec![0, 1, 2], Mode::Home),
        12..14 => {
            (IdKind::Netlify, Domain::Netlify, 1, Watching::Standing, vec![0, 1, 2], Mode::Quorum(&quorum))
        }
        18 => (IdKind::Command, Domain::Aws, 3, slots(15 * MINUTE)?, vec![AGENT], Mode::Home),
        19 => (IdKind::Pm2, Domain::Aws, 3, Watching::Standing, vec![AGENT], Mode::Home),
        _ => (IdKind::Pm2, Domain::Host, HOST, Watching::Standing, vec![AGENT], Mode::Home),
    };
    // Two functions and one process whose backups go on working until they are back: who speaks for them, and how long
    // a claim holds unless it is renewed.
    let serving = match number {
        11 | 13 => Some(FUNCTION),
        14 => Some(AGENT),
        _ => None,
    };
    let lease = if platform == HOST { 5 * 60_000 } else { 12 * 60_000 };
    let id = AutomationId::new(kind, &format!("a{number}")).map_err(|_| WorldError::Name)?;
    // The second of the workflows that a quorum decides for has its backup on the host, and two of the host elsewhere.
    let heartbeats = if matches!(number, 7 | 18 | 19) { Heartbeats::Elsewhere } else { Heartbeats::None };
    Ok(TargetSetup {
        target: Target::Automation(id),
        platform,
        priority: if number.is_multiple_of(2) { Priority::High } else { Priority::Normal },
        watching,
        heartbeats,
        rungs: rungs(number, able),
        decider: Setup::decider(stores, domain, mode)?,
        backup: serving.map_or(Backup::Recovers, |primary| Backup::Serves(Serving { primary })),
        terms: serving.map_or(Terms::default(), |_| Terms { ttl: lease, ..Terms::default() }),
    })
}

/// A watcher as a target: the others can help it.
fn peer_target(watcher: usize, id: PeerId, stores: &[StoreSetup]) -> Result<TargetSetup, WorldError> {
    let (domain, platform) = match watcher {
        AGENT => (Domain::Aws, 3),
        FUNCTION => (Domain::Netlify, 1),
        _ => (Domain::Github, 0),
    };
    let able = (0..WATCHERS).filter(|other| *other != watcher).collect();
    Ok(TargetSetup {
        target: Target::Peer(id),
        platform,
        priority: Priority::Critical,
        watching: Watching::Standing,
        heartbeats: Heartbeats::None,
        rungs: vec![Rung { able }],
        decider: Setup::decider(stores, domain, Mode::Home)?,
        backup: Backup::Recovers,
        terms: Terms::default().for_start_latency(60_000),
    })
}

/// What each watcher knows.
///
/// # Errors
/// [`WorldError`]: the code that ships refuses the simulated configuration.
fn setups(tamper: Tamper) -> Result<Vec<Arc<Setup>>, WorldError> {
    let stores = stores();
    let peer = |number: usize, name: &str, suspect, act, reach| {
        let id: PeerId = name.parse().map_err(|_| WorldError::Name)?;
        Ok::<_, WorldError>(PeerSetup { id, suspect, act, reach, target: Some(AUTOMATIONS + number) })
    };
    let peers = vec![
        peer(AGENT, "agent", 90_000, 180_000, Reach::Alert)?,
        peer(FUNCTION, "function", 5 * MINUTE, 10 * MINUTE, Reach::Wake)?,
        peer(ACTION, "action", 5 * MINUTE, 30 * MINUTE, Reach::Wake)?,
    ];
    let mut targets: Vec<TargetSetup> =
        (0..AUTOMATIONS).map(|number| target(number, &stores)).collect::<Result<_, _>>()?;
    for (number, peer) in peers.iter().enumerate() {
        targets.push(peer_target(number, peer.id.clone(), &stores)?);
    }
    let mut all = Vec::new();
    if tamper == Tamper::BlindArbiter {
        for target in targets.iter_mut().filter(|t| t.platform == 1) {
            target.decider = Decider::Home(BLOBS);
        }
    }
    for own in 0..WATCHERS {
        let setup = Setup {
            own,
            body: body(own),
            stores: stores.clone(),
            evidence: vec![0, 1, BLOBS],
            peers: peers.clone(),
            platforms: [
                (0, SeenBy::Anyone),
                (1, SeenBy::Anyone),
                (SQLITE, SeenBy::Peer(AGENT)),
                (1, SeenBy::Peer(AGENT)),
            ]
            .map(|(store, seen)| PlatformSetup { brake: Decider::Home(store), seen })
            .into(),
            targets: targets.clone(),
            brake: BrakeSetup { minimum: 4, percent: 50 },
            config_hash: 7,
        };
        if tamper != Tamper::BlindArbiter {
            setup.check()?;
        }
        all.push(Arc::new(setup));
    }
    Ok(all)
}

/// Whether a watcher can only look into the stores for how a target is.
pub fn is_looked_at(setup: &Setup, target: usize) -> bool {
    setup.peer_of(target).is_some() || setup.teller_of(target).is_some_and(|teller| teller != setup.own)
}
