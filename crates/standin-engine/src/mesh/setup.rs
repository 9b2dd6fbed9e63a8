//! What a watcher has to know before its first tick: the same for all watchers, but for which of them it is.

use standin_core::health::Priority;
use standin_core::ident::Domain;
use standin_core::incident::Target;
use standin_core::mesh::arbiter::{self, Arbiter, ArbiterError, ConfiguredStore, Mode};
use standin_core::mesh::cell::MAX_ATTEMPTS;
use standin_core::mesh::peer::PeerId;
use standin_core::mesh::terms::{Terms, TermsError};

use super::slots::Slots;
use crate::ports::mesh::Number;

/// The limits of the body that a watcher runs in, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body {
    /// How long a tick may go on beginning things.
    pub tick: u32,
    /// How long one request may take before it counts as unanswered.
    pub request: u32,
    /// From one tick to the next.
    pub period: u32,
    /// How much later than due a tick may begin without counting as late.
    pub punctual: u32,
    /// How long a request to a target may take until it has arrived; see [`Terms::send`].
    pub send: u32,
}

/// One configured store.
pub type StoreSetup = ConfiguredStore;

/// How a silent peer is helped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Its platform starts it when asked.
    Wake,
    /// Only a person can.
    Alert,
}

/// One watcher, as the others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerSetup {
    /// Its name.
    pub id: PeerId,
    /// How long past its due beat it is suspected, in milliseconds.
    pub suspect: u64,
    /// How long past its due beat it is alerted at the earliest, in milliseconds.
    pub act: u64,
    /// What helps.
    pub reach: Reach,
    /// The target that it is itself, by number: what is done about its silence beyond waking it goes through that
    /// target's claim. `None`: nothing more is done, and a person is told.
    pub target: Option<Number>,
}

/// What makes a target fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watching {
    /// It runs in slots; one without a run at its deadline is missed.
    Slots {
        /// Which.
        slots: Slots,
        /// How long after the slot a backup may claim it, in milliseconds.
        deadline: u64,
    },
    /// It is there all the time; its platform says when it is not. A peer as a target is one of these: its platform
    /// is not asked, its beats are looked at.
    Standing,
}

/// What an unreachable platform, or the silence of the only peer that can see it, says of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heartbeats {
    /// Nothing: the target is unknown, and nothing is done.
    None,
    /// Its runs send heartbeats elsewhere and its backup runs elsewhere: a slot without any is missed, and one that is
    /// always there is down once the silence of the peer that sees it is confirmed.
    Elsewhere,
}

impl Heartbeats {
    /// Of a target of this domain. `sent`: its runs say themselves that they ran. `remedies`: where its remedies run.
    ///
    /// Who alone sees a machine is the machine's own agent, so that its silence says something. GitHub's says
    /// something of runs that are heard of elsewhere. What functions are seen by is heard by one watcher, whose
    /// silence says nothing of them.
    pub fn of(domain: Domain, sent: Sent, mut remedies: impl Iterator<Item = Domain>) -> Self {
        let speaks = match (domain, sent) {
            (Domain::Host, _) | (Domain::Github, Sent::Yes) => true,
            (Domain::Github, Sent::No) | (Domain::Netlify | Domain::Aws | Domain::Elsewhere, _) => false,
        };
        if speaks && remedies.any(|remedy| remedy != domain) { Self::Elsewhere } else { Self::None }
    }
}

/// Whether the runs of a target send heartbeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// They do.
    Yes,
    /// They do not.
    No,
}

/// Who decides for a target, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decider {
    /// One store.
    Home(Number),
    /// A majority of three.
    Quorum([Number; 3]),
}

impl Decider {
    /// Its stores.
    pub fn stores(&self) -> &[Number] {
        match self {
            Self::Home(store) => std::slice::from_ref(store),
            Self::Quorum(stores) => stores,
        }
    }
}

/// One remedy. What it is, only the platform's adapter knows; the order that it is given says which attempt it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// The peers that can do it. Whoever wins a claim and cannot asks the first of these that is not silent.
    pub able: Vec<Number>,
}

/// Who can see a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeenBy {
    /// Every peer asks it itself.
    Anyone,
    /// Only this peer, which tells the others in its record.
    Peer(Number),
}

/// One platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlatformSetup {
    /// Who decides how much is recovered at once when most of it is down.
    pub brake: Decider,
    /// Who can see it.
    pub seen: SeenBy,
}

/// What a recovery brings about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backup {
    /// The target is well again: it was started anew, or its slot was run elsewhere.
    Recovers,
    /// A backup does the target's work, and goes on until the target is well again for good and agrees to take it
    /// back. Whoever claims it renews the claim in each tick.
    Serves(Serving),
}

/// A target that its backup serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serving {
    /// The peer that hosts the primary and speaks for it.
    pub primary: Number,
}

/// One target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSetup {
    /// Its name.
    pub target: Target,
    /// The platform that it is looked at on.
    pub platform: Number,
    /// Which is recovered first when not all can be at once.
    pub priority: Priority,
    /// What makes it fail.
    pub watching: Watching,
    /// Whether its slots can be judged without its platform.
    pub heartbeats: Heartbeats,
    /// The ladder of remedies: the first attempt uses the first, the second the second, and the last one is repeated.
    /// At most as many as there are attempts; none means that it is only watched.
    pub rungs: Vec<Rung>,
    /// Who decides.
    pub decider: Decider,
    /// What its recovery brings about.
    pub backup: Backup,
    /// The times of its claims.
    pub terms: Terms,
}

/// When most of a platform is down at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrakeSetup {
    /// Fewer targets than this are never a mass.
    pub minimum: usize,
    /// Under this share of them, in percent, the brake is on.
    pub percent: usize,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// Which of the peers this watcher is.
    pub own: Number,
    /// What it runs in.
    pub body: Body,
    /// All stores.
    pub stores: Vec<StoreSetup>,
    /// The stores that it leaves its record in and reads the others' from.
    pub evidence: Vec<Number>,
    /// All watchers.
    pub peers: Vec<PeerSetup>,
    /// All platforms.
    pub platforms: Vec<PlatformSetup>,
    /// All targets.
    pub targets: Vec<TargetSetup>,
    /// When to be careful.
    pub brake: BrakeSetup,
    /// A hash of the above as it is configured.
    pub config_hash: u64,
}

/// Why a watcher cannot run with this. Nothing was started; the caller shows it to the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// A number in it names nothing.
    #[error("{what} number {number} does not exist")]
    Number {
        /// What it should name.
        what: &'static str,
        /// The number.
        number: Number,
    },
    /// The times of a target do not go together with the body.
    #[error("the times of {target} do not go together: {why}")]
    Terms {
        /// Which target.
        target: String,
        /// Why.
        why: TermsError,
    },
    /// Slots without length, or no schedule at all.
    #[error("{0} has no slots")]
    Slots(String),
    /// More remedies than there are attempts: the last ones would never be tried.
    #[error("{target} has {rungs} remedies, and there are only {MAX_ATTEMPTS} attempts")]
    Rungs {
        /// Which target.
        target: String,
        /// How many it has.
        rungs: usize,
    },
    /// The backup of a target cannot serve it: the lease does not last from one tick to the one after the next, there
    /// is more than one remedy, or it runs in slots.
    #[error("the backup of {0} cannot serve it: that takes one remedy, no slots, and a lease of two ticks")]
    Serving(String),
    /// A peer's target is not that peer, or is not looked at as one that is always there.
    #[error("the target of the peer {0} is another one, or has slots")]
    PeerTarget(String),
    /// A store that has not passed the conformance suite, or never can, would decide.
    #[error("the store `{0}` may not hold decisions")]
    Unproved(String),
}

impl TargetSetup {
    /// The remedy of an attempt, counted from 1; `None` when there is none at all.
    pub fn rung(&self, attempt: u8) -> Option<&Rung> {
        let place = usize::from(attempt.saturating_sub(1)).min(self.rungs.len().saturating_sub(1));
        self.rungs.get(place)
    }

    /// Whether a peer can do what an attempt asks for.
    pub fn is_able(&self, peer: Number, attempt: u8) -> bool {
        self.rung(attempt).is_some_and(|rung| rung.able.contains(&peer))
    }

    /// How its backup serves it, if it does.
    pub const fn serving(&self) -> Option<Serving> {
        match self.backup {
            Backup::Recovers => None,
            Backup::Serves(serving) => Some(serving),
        }
    }

    /// Everyone who can do any of it, in the order of their numbers: they claim, and rank among each other.
    pub fn able(&self) -> Vec<Number> {
        let mut able: Vec<Number> = self.rungs.iter().flat_map(|rung| &rung.able).copied().collect();
        able.sort_unstable();
        able.dedup();
        able
    }
}

impl Setup {
    /// Whether this watcher can see a platform itself.
    pub fn sees(&self, platform: Number) -> bool {
        match self.platforms.get(platform).map(|platform| platform.seen) {
            Some(SeenBy::Anyone) | None => true,
            Some(SeenBy::Peer(peer)) => peer == self.own,
        }
    }

    /// The only peer that can see a target, by number; `None` when everyone can, as with a peer's own beats.
    pub fn teller_of(&self, target: Number) -> Option<Number> {
        let platform = self.targets.get(target).filter(|_| self.peer_of(target).is_none())?.platform;
        match self.platforms.get(platform)?.seen {
            SeenBy::Anyone => None,
            SeenBy::Peer(peer) => Some(peer),
        }
    }

    /// Everyone who claims a target, in the order of their numbers: whoever can do any of its remedies, and the only
    /// peer that sees it, which asks the others.
    pub fn claimants(&self, target: Number) -> Vec<Number> {
        let mut all = self.targets.get(target).map(TargetSetup::able).unwrap_or_default();
        if let Some(teller) = self.teller_of(target).filter(|teller| !all.is_empty() && !all.contains(teller))
        {
            all.push(teller);
            all.sort_unstable();
        }
        all
    }

    /// The peer that a target is, by number.
    pub fn peer_of(&self, target: Number) -> Option<Number> {
        self.peers.iter().position(|peer| peer.target == Some(target))
    }

    /// The number of the cell of a platform's brake.
    pub fn brake_cell(&self, platform: Number) -> Number {
        self.targets.len().saturating_add(platform)
    }

    /// The name of the watcher itself.
    pub fn own_id(&self) -> Option<&PeerId> {
        self.peers.get(self.own).map(|peer| &peer.id)
    }

    /// Whether everything in it names something that exists, may decide, and fits together.
    ///
    /// # Errors
    /// [`SetupError`], the first thing that does not.
    pub fn check(&self) -> Result<(), SetupError> {
        exists("peer", self.own, self.peers.len())?;
        for store in &self.evidence {
            exists("store", *store, self.stores.len())?;
        }
        let brakes = self.platforms.iter().map(|platform| &platform.brake);
        for decider in self.targets.iter().map(|t| &t.decider).chain(brakes) {
            for store in decider.stores() {
                exists("store", *store, self.stores.len())?;
                let store = self.stores.get(*store);
                if let Some(store) = store.filter(|store| !store.may_decide()) {
                    return Err(SetupError::Unproved(store.name.clone()));
                }
            }
        }
        for platform in &self.platforms {
            if let SeenBy::Peer(peer) = platform.seen {
                exists("peer", peer, self.peers.len())?;
            }
        }
        self.peers.iter().try_for_each(|peer| self.check_peer(peer))?;
        self.targets.iter().try_for_each(|target| self.check_target(target))
    }

    fn check_peer(&self, peer: &PeerSetup) -> Result<(), SetupError> {
        let Some(number) = peer.target else { return Ok(()) };
        exists("target", number, self.targets.len())?;
        let fits = self.targets.get(number).is_some_and(|target| {
            target.target == Target::Peer(peer.id.clone()) && target.watching == Watching::Standing
        });
        if fits { Ok(()) } else { Err(SetupError::PeerTarget(peer.id.to_string())) }
    }

    fn check_target(&self, target: &TargetSetup) -> Result<(), SetupError> {
        exists("platform", target.platform, self.platforms.len())?;
        for peer in target.rungs.iter().flat_map(|rung| &rung.able) {
            exists("peer", *peer, self.peers.len())?;
        }
        let rungs = target.rungs.len();
        if rungs > usize::from(MAX_ATTEMPTS) {
            return Err(SetupError::Rungs { target: target.target.to_string(), rungs });
        }
        if let Watching::Slots { slots, .. } = &target.watching
            && slots.is_empty()
        {
            return Err(SetupError::Slots(target.target.to_string()));
        }
        if let Some(Serving { primary }) = target.serving() {
            exists("peer", primary, self.peers.len())?;
            let two_ticks = 2 * u64::from(self.body.period) + u64::from(self.body.tick);
            let lasts = u64::from(target.terms.serving_ttl()) >= two_ticks;
            let keeps = lasts || !target.able().contains(&self.own);
            if target.watching != Watching::Standing || rungs != 1 || !keeps {
                return Err(SetupError::Serving(target.target.to_string()));
            }
        }
        let checked = target.terms.check(self.body.request.saturating_mul(3));
        checked.map_err(|why| SetupError::Terms { target: target.target.to_string(), why })
    }

    /// Who decides for targets of a domain, by number.
    ///
    /// # Errors
    /// [`ArbiterError`], why nobody can.
    pub fn decider(stores: &[StoreSetup], domain: Domain, mode: Mode<'_>) -> Result<Decider, ArbiterError> {
        let number = |name: &String| {
            stores.iter().position(|s| s.name == *name).ok_or_else(|| ArbiterError::Unfit(name.clone()))
        };
        match arbiter::arbiter(domain, stores, mode)? {
            Arbiter::Home(name) => Ok(Decider::Home(number(&name)?)),
            Arbiter::Quorum([a, b, c]) => Ok(Decider::Quorum([number(&a)?, number(&b)?, number(&c)?])),
        }
    }
}

fn exists(what: &'static str, number: Number, many: usize) -> Result<(), SetupError> {
    if number < many { Ok(()) } else { Err(SetupError::Number { what, number }) }
}
