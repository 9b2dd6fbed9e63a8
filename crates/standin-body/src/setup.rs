//! From the mesh of a repository to numbers: who watches, what is watched, who decides, who can help.

use standin_config::mesh::{
    Beats, Mesh, PeerKind, PeerSettings, Proved, Remedy, Target as MeshTarget, Timing,
};
use standin_core::health::Priority;
use standin_core::ident::{AutomationId, Domain, Kind, Starter};
use standin_core::incident::Target;
use standin_core::mesh::arbiter::{ArbiterError, ConfiguredStore, Conformance, Mode, StoreKind};
use standin_core::mesh::peer::PeerId;
use standin_core::mesh::terms::{Keeping, Terms};
use standin_core::schedule::Schedule;
use standin_engine::mesh::{
    Backup, Body, BrakeSetup, Decider, Heartbeats, PeerSetup, PlatformSetup, Reach, Rung, SeenBy, Sent,
    Serving, Setup, SetupError, Slots, TargetSetup, Watching,
};
use standin_engine::ports::mesh::Number;

/// The platforms, by number.
pub const DOMAINS: [Domain; 5] =
    [Domain::Github, Domain::Netlify, Domain::Aws, Domain::Host, Domain::Elsewhere];

/// The agent's own database, in the list of stores.
pub const OWN_STORE: &str = "agent";

/// How long a workflow takes from its dispatch until its run is there, in milliseconds, at most.
const START_LATENCY_MS: u64 = 45_000;

/// Fewer targets than this on one platform are never a mass failure.
const MASS: usize = 4;

/// What a number of the setup stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An automation, by its place in [`Mesh::targets`].
    Automation(usize),
    /// A watcher, by its place in [`Mesh::peers`].
    Peer(usize),
}

/// A mesh as one of its watchers sees it.
#[derive(Debug, Clone)]
pub struct Joined {
    /// For the tick.
    pub setup: Setup,
    /// What each target of the setup is.
    pub subjects: Vec<Subject>,
    /// What helps each target, a rung an attempt.
    pub ladders: Vec<Vec<Remedy>>,
    /// Targets that nobody may decide for, and why: they are watched, and nothing is done.
    pub undecided: Vec<(AutomationId, ArbiterError)>,
}

/// Why a watcher cannot take part. Nothing was started; the message says what to change.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The configuration does not name this watcher.
    #[error("standin.toml has no [[peer]] called `{name}`; it has: {known}")]
    Unknown {
        /// Who was looked for.
        name: String,
        /// Who is there.
        known: String,
    },
    /// Nothing that all watchers can reach is configured, so they could neither see nor agree.
    #[error(
        "no store that may hold decisions is configured: add [[store]] kind = \"github\" to standin.toml"
    )]
    NoStore,
    /// A setup that does not hold together.
    #[error("the mesh of standin.toml cannot be run: {0}")]
    Setup(SetupError),
}

impl From<SetupError> for JoinError {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}

/// Takes the part of the watcher called `name`, in a body with these limits.
///
/// # Errors
/// [`JoinError`].
pub fn join(mesh: &Mesh, name: &PeerId, body: Body) -> Result<Joined, JoinError> {
    let own = mesh.peers.iter().position(|peer| peer.name == *name).ok_or_else(|| JoinError::Unknown {
        name: name.to_string(),
        known: mesh.peers.iter().map(|peer| peer.name.as_str()).collect::<Vec<_>>().join(", "),
    })?;
    let stores = stores(mesh);
    let platforms = platforms(mesh, &stores)?;
    let mut joined = Joined {
        setup: Setup {
            own,
            body,
            evidence: shared(&stores),
            peers: mesh.peers.iter().map(peer_setup).collect(),
            platforms,
            targets: Vec::new(),
            brake: BrakeSetup { minimum: MASS, percent: 50 },
            config_hash: mesh.hash(),
            stores,
        },
        subjects: Vec::new(),
        ladders: Vec::new(),
        undecided: Vec::new(),
    };
    for place in 0..mesh.targets.len() {
        joined.add_automation(mesh, place)?;
    }
    for place in 0..mesh.peers.len() {
        joined.add_peer(mesh, place)?;
    }
    joined.setup.check()?;
    Ok(joined)
}

/// The stores of the file, and the agent's own behind them.
fn stores(mesh: &Mesh) -> Vec<ConfiguredStore> {
    let mut stores: Vec<_> = mesh
        .stores
        .iter()
        .map(|store| ConfiguredStore {
            name: store.name.clone(),
            kind: store.kind,
            conformance: match store.proved {
                Proved::Yes => Conformance::Passed,
                Proved::No => Conformance::NotPassed,
            },
        })
        .collect();
    if first_agent(mesh).is_some() {
        let conformance = Conformance::Passed;
        stores.push(ConfiguredStore { name: OWN_STORE.to_owned(), kind: StoreKind::Sqlite, conformance });
    }
    stores
}

/// Evidence goes to every store that more than one watcher can reach.
fn shared(stores: &[ConfiguredStore]) -> Vec<Number> {
    let all = stores.iter().enumerate();
    all.filter(|(_, store)| store.kind != StoreKind::Sqlite).map(|(number, _)| number).collect()
}

/// The agent that looks after what runs on a machine. With several, the first of the file does.
fn first_agent(mesh: &Mesh) -> Option<Number> {
    mesh.peers.iter().position(|peer| matches!(peer.kind, PeerKind::Agent { .. }))
}

/// Who hears heartbeats: the agent, else the first function.
fn listener(mesh: &Mesh) -> Option<Number> {
    let is_function =
        |peer: &PeerSettings| matches!(peer.kind, PeerKind::Netlify { .. } | PeerKind::Lambda { .. });
    first_agent(mesh).or_else(|| mesh.peers.iter().position(is_function))
}

fn platforms(mesh: &Mesh, stores: &[ConfiguredStore]) -> Result<Vec<PlatformSetup>, JoinError> {
    // A brake that nobody may decide for falls to any store that decides at all.
    let any = || {
        let number = stores.iter().position(ConfiguredStore::may_decide).ok_or(JoinError::NoStore)?;
        Ok::<_, JoinError>(Decider::Home(number))
    };
    let platform = |domain: &Domain| {
        let teller = match domain {
            Domain::Github | Domain::Netlify | Domain::Aws => None,
            Domain::Host => first_agent(mesh),
            Domain::Elsewhere => listener(mesh),
        };
        // The brake of a machine must be read by those who help while the machine is gone, and that of any platform by
        // those who help elsewhere while it is.
        let decides = if *domain == Domain::Host { Domain::Netlify } else { *domain };
        let helped_elsewhere =
            mesh.targets.iter().find(|t| seen_on(t) == *domain && is_helped_elsewhere(mesh, t));
        let brake = match helped_elsewhere.and_then(|target| elsewhere(stores, target.domain)) {
            Some(brake) => brake,
            None => decider(mesh, stores, decides).or_else(|_| any())?,
        };
        Ok(PlatformSetup { brake, seen: teller.map_or(SeenBy::Anyone, SeenBy::Peer) })
    };
    DOMAINS.iter().map(platform).collect()
}

fn decider(mesh: &Mesh, stores: &[ConfiguredStore], domain: Domain) -> Result<Decider, ArbiterError> {
    Setup::decider(stores, domain, mesh.quorum.as_deref().map_or(Mode::Home, Mode::Quorum))
}

/// Whether a remedy of a target stands where the target itself does not, and one store decides.
fn is_helped_elsewhere(mesh: &Mesh, target: &MeshTarget) -> bool {
    mesh.quorum.is_none()
        && target.backup.iter().any(|remedy| domain_of(remedy, target.domain) != target.domain)
}

/// The best store that does not fail together with a domain; `None` where there is none.
fn elsewhere(stores: &[ConfiguredStore], domain: Domain) -> Option<Decider> {
    let own = home_kind(domain);
    let elsewhere: Vec<_> =
        stores.iter().filter(|s| s.kind != own && s.kind != StoreKind::Sqlite).cloned().collect();
    let Ok(Decider::Home(number)) = Setup::decider(&elsewhere, Domain::Netlify, Mode::Home) else {
        return None;
    };
    let chosen = elsewhere.get(number)?;
    stores.iter().position(|store| store.name == chosen.name).map(Decider::Home)
}

fn platform_of(domain: Domain) -> Number {
    DOMAINS.iter().position(|known| *known == domain).unwrap_or(DOMAINS.len() - 1)
}

fn peer_setup(peer: &PeerSettings) -> PeerSetup {
    let silent = ms(peer.silent_after);
    let reach = match peer.kind {
        PeerKind::Action { .. } | PeerKind::Netlify { .. } | PeerKind::Lambda { .. } => Reach::Wake,
        PeerKind::Agent { .. } => Reach::Alert,
    };
    PeerSetup { id: peer.name.clone(), suspect: silent, act: silent, reach, target: None }
}

fn ms(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Joined {
    fn add_automation(&mut self, mesh: &Mesh, place: usize) -> Result<(), JoinError> {
        let Some(target) = mesh.targets.get(place) else { return Ok(()) };
        let mut rungs: Vec<Rung> =
            target.backup.iter().map(|remedy| Rung { able: able(mesh, remedy, &target.id) }).collect();
        let backup = backup_of(mesh, target);
        let terms = match backup {
            Backup::Recovers => terms(target.domain),
            Backup::Serves(serving) => terms_of_serving(mesh, (self.setup.own, serving.primary), &mut rungs),
        };
        let watching = match &target.timing {
            Timing::Standing => Watching::Standing,
            Timing::Slots { schedules, deadline } => {
                let read = |spec: &standin_core::automation::ScheduleSpec| {
                    Schedule::parse(&spec.cron, &spec.timezone).ok()
                };
                Watching::Slots {
                    slots: Slots::Cron(schedules.iter().filter_map(read).collect()),
                    deadline: *deadline,
                }
            }
        };
        let (decider, rungs) = match self.decider_of(mesh, target, &rungs) {
            Ok(decider) => (decider, rungs),
            Err(why) => {
                self.undecided.push((target.id.clone(), why));
                let any =
                    self.setup.platforms.first().map(|platform| platform.brake).ok_or(JoinError::NoStore)?;
                (any, Vec::new())
            }
        };
        self.push(
            TargetSetup {
                target: Target::Automation(target.id.clone()),
                platform: platform_of(seen_on(target)),
                priority: target.priority,
                watching,
                heartbeats: heartbeats(target),
                rungs,
                decider,
                backup,
                terms,
            },
            Subject::Automation(place),
            target.backup.clone(),
        );
        Ok(())
    }

    /// Who decides is a function of the configuration: the store that fails together with the target, unless a remedy
    /// stands elsewhere. Then it is a store that whoever can carry that out can reach while the target's own is gone.
    fn decider_of(&self, mesh: &Mesh, target: &MeshTarget, rungs: &[Rung]) -> Result<Decider, ArbiterError> {
        let stores = &self.setup.stores;
        let is_elsewhere = is_helped_elsewhere(mesh, target) && !rungs.is_empty();
        let elsewhere = is_elsewhere.then(|| elsewhere(stores, target.domain)).flatten();
        elsewhere.map_or_else(|| decider(mesh, stores, target.domain), Ok)
    }

    fn add_peer(&mut self, mesh: &Mesh, place: usize) -> Result<(), JoinError> {
        let Some(peer) = mesh.peers.get(place) else { return Ok(()) };
        if peer.backup.is_empty() {
            return Ok(());
        }
        let domain = peer.kind.domain();
        let rung = |remedy: &Remedy| {
            let mut able = able_for_peer(mesh, &peer.kind, remedy);
            able.retain(|number| *number != place);
            Rung { able }
        };
        // An agent that is gone takes its database with it: others decide about it.
        let decides = if domain == Domain::Host { Domain::Netlify } else { domain };
        let Ok(decider) = decider(mesh, &self.setup.stores, decides) else { return Ok(()) };
        let number = self.setup.targets.len();
        if let Some(setup) = self.setup.peers.get_mut(place) {
            setup.target = Some(number);
        }
        self.push(
            TargetSetup {
                target: Target::Peer(peer.name.clone()),
                platform: platform_of(domain),
                // Whoever watches is worth more than what it watches.
                priority: Priority::Critical,
                watching: Watching::Standing,
                heartbeats: Heartbeats::None,
                rungs: peer.backup.iter().map(rung).collect(),
                decider,
                backup: Backup::Recovers,
                terms: terms(domain),
            },
            Subject::Peer(place),
            peer.backup.clone(),
        );
        Ok(())
    }

    fn push(&mut self, target: TargetSetup, subject: Subject, ladder: Vec<Remedy>) {
        self.setup.targets.push(target);
        self.subjects.push(subject);
        self.ladders.push(ladder);
    }
}

/// The sort of store that fails together with a domain.
const fn home_kind(domain: Domain) -> StoreKind {
    match domain {
        Domain::Github => StoreKind::GithubRefs,
        Domain::Aws => StoreKind::DynamoDb,
        Domain::Netlify => StoreKind::NetlifyBlobs,
        Domain::Host | Domain::Elsewhere => StoreKind::Sqlite,
    }
}

/// Where a remedy runs.
fn domain_of(remedy: &Remedy, own: Domain) -> Domain {
    match remedy {
        Remedy::Again => own,
        Remedy::Restore | Remedy::Redeploy => Domain::Netlify,
        Remedy::RollBack => Domain::Aws,
        Remedy::Ssh => Domain::Host,
        Remedy::Other(id) => id.kind().domain(),
    }
}

/// Where a target is looked at. A function's slots are seen by the heartbeats of its runs alone.
fn seen_on(target: &MeshTarget) -> Domain {
    match (target.id.kind(), &target.timing) {
        (Kind::Netlify, Timing::Slots { .. }) => Domain::Elsewhere,
        _ => target.domain,
    }
}

/// Whether the silence of whoever sees it says something of it: only if its backup stands elsewhere.
fn heartbeats(target: &MeshTarget) -> Heartbeats {
    let sent = match target.heartbeats {
        Beats::Sent => Sent::Yes,
        Beats::None => Sent::No,
    };
    let remedies = target.backup.iter().map(|remedy| domain_of(remedy, target.domain));
    Heartbeats::of(target.domain, sent, remedies)
}

/// Something that is always there, and whose backup is a workflow, is served by it until the agent has it again.
fn backup_of(mesh: &Mesh, target: &MeshTarget) -> Backup {
    match first_agent(mesh).filter(|_| target.served_by().is_some()) {
        Some(primary) => Backup::Serves(Serving { primary }),
        None => Backup::Recovers,
    }
}

fn terms(domain: Domain) -> Terms {
    match domain {
        Domain::Github => Terms::default().for_start_latency(START_LATENCY_MS),
        Domain::Netlify | Domain::Aws | Domain::Host | Domain::Elsewhere => Terms::default(),
    }
}

/// The lease of a claim that is renewed in each tick: it lasts from one tick of whoever may hold it to the one after the
/// next. Who looks so seldom that its lease would be very long keeps a backup at work only where nobody else could while
/// the primary's machine is gone; its claim becomes that long when the backup works, and not before.
fn terms_of_serving(mesh: &Mesh, (own, primary): (Number, Number), rungs: &mut [Rung]) -> Terms {
    let keeping = |number: Number| mesh.peers.get(number).map_or(Keeping::Never, PeerSettings::keeping);
    let often = |number: Number| match keeping(number) {
        Keeping::Often(lease) => Some(lease),
        Keeping::Seldom(_) | Keeping::Never => None,
    };
    for rung in rungs.iter_mut() {
        let is_kept = rung.able.iter().any(|number| *number != primary && often(*number).is_some());
        rung.able.retain(|number| match keeping(*number) {
            Keeping::Often(_) => true,
            Keeping::Seldom(_) => !is_kept,
            Keeping::Never => false,
        });
    }
    let usual = terms(Domain::Github);
    let longest = rungs.iter().flat_map(|rung| &rung.able).filter_map(|number| often(*number)).max();
    let terms = Terms { ttl: longest.unwrap_or(usual.ttl).max(usual.ttl), ..usual };
    match keeping(own) {
        Keeping::Seldom(lease) => terms.for_serving(lease),
        Keeping::Often(_) | Keeping::Never => terms,
    }
}

/// Who can carry a remedy out for an automation.
fn able(mesh: &Mesh, remedy: &Remedy, target: &AutomationId) -> Vec<Number> {
    match remedy {
        Remedy::Again => of_kind(mesh, target.kind()),
        Remedy::Restore | Remedy::Redeploy | Remedy::RollBack => everyone(mesh),
        Remedy::Ssh => no_function(mesh),
        Remedy::Other(id) => of_kind(mesh, id.kind()),
    }
}

fn able_for_peer(mesh: &Mesh, kind: &PeerKind, remedy: &Remedy) -> Vec<Number> {
    match remedy {
        Remedy::Again if matches!(kind, PeerKind::Lambda { .. }) => no_function(mesh),
        Remedy::Again | Remedy::Restore | Remedy::Redeploy => everyone(mesh),
        Remedy::Ssh | Remedy::RollBack => no_function(mesh),
        Remedy::Other(id) => of_kind(mesh, id.kind()),
    }
}

/// What is asked for over the network can be asked for by everyone; what runs on the machine only by its agent.
fn of_kind(mesh: &Mesh, kind: Kind) -> Vec<Number> {
    match kind.started_by() {
        Starter::Github | Starter::Netlify => everyone(mesh),
        Starter::Agent => first_agent(mesh).into_iter().collect(),
        Starter::Nobody => Vec::new(),
    }
}

fn everyone(mesh: &Mesh) -> Vec<Number> {
    (0..mesh.peers.len()).collect()
}

/// A function has no ssh, and does not carry what asks Lambda.
fn no_function(mesh: &Mesh) -> Vec<Number> {
    let has = |peer: &PeerSettings| matches!(peer.kind, PeerKind::Action { .. } | PeerKind::Agent { .. });
    mesh.peers.iter().enumerate().filter(|(_, peer)| has(peer)).map(|(number, _)| number).collect()
}

#[cfg(test)]
mod tests;
