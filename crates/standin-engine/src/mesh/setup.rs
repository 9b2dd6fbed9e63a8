//! What a watcher has to know before its first tick: the same for all watchers, but for which of them it is.

use standin_core::ident::Domain;
use standin_core::incident::Target;
use standin_core::mesh::arbiter::{self, Arbiter, ArbiterError, ConfiguredStore, Mode};
use standin_core::mesh::peer::PeerId;
use standin_core::mesh::terms::{Terms, TermsError};

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
}

/// What makes a target fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watching {
    /// It runs in slots; one without a run at its deadline is missed. All in milliseconds.
    Slots {
        /// From slot to slot.
        period: u64,
        /// The first slot after 1970.
        offset: u64,
        /// How long after the slot a backup may claim it.
        deadline: u64,
    },
    /// It is there all the time; its platform says when it is not.
    Standing,
}

/// What an unreachable platform says of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heartbeats {
    /// Nothing: the slot is unknown, and nothing is done.
    None,
    /// Its runs send heartbeats elsewhere and its backup runs elsewhere: a slot without any is missed.
    Elsewhere,
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

/// One target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSetup {
    /// Its name.
    pub target: Target,
    /// The platform that it is looked at on.
    pub platform: Number,
    /// What makes it fail.
    pub watching: Watching,
    /// Whether its slots can be judged without its platform.
    pub heartbeats: Heartbeats,
    /// The peers that can recover it.
    pub able: Vec<Number>,
    /// Who decides.
    pub decider: Decider,
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
    /// How many platforms there are; they have the numbers below this.
    pub platforms: Vec<Decider>,
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
    /// A slot without length.
    #[error("the slots of {0} have no length")]
    Period(String),
    /// A store that has not passed the conformance suite, or never can, would decide.
    #[error("the store `{0}` may not hold decisions")]
    Unproved(String),
}

impl Setup {
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
        for decider in self.targets.iter().map(|t| &t.decider).chain(&self.platforms) {
            for store in decider.stores() {
                exists("store", *store, self.stores.len())?;
                let store = self.stores.get(*store);
                if let Some(store) = store.filter(|store| !store.may_decide()) {
                    return Err(SetupError::Unproved(store.name.clone()));
                }
            }
        }
        self.targets.iter().try_for_each(|target| self.check_target(target))
    }

    fn check_target(&self, target: &TargetSetup) -> Result<(), SetupError> {
        exists("platform", target.platform, self.platforms.len())?;
        for peer in &target.able {
            exists("peer", *peer, self.peers.len())?;
        }
        if let Watching::Slots { period: 0, .. } = target.watching {
            return Err(SetupError::Period(target.target.to_string()));
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
