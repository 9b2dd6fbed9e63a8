//! One watcher of the demo: the real ticks of a body, whose requests are told before they are carried out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use standin_body::alerts::Level;
use standin_body::drive::{Carrier, drive_by};
use standin_body::host::Host;
use standin_body::world::World;
use standin_core::ident::AutomationId;
use standin_core::mesh::cell::ClaimPhase;
use standin_core::mesh::claim::{Order, Probed, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::BeatNumber;
use standin_engine::mesh::record::Carry;
use standin_engine::mesh::{Deed, Setup};
use standin_engine::ports::mesh::{Answer, Decision, Fact, Notice, Request, SwapAnswer};

use super::log::{Log, What, Who};

/// The machine of the demo: it runs one app while the agent on it does.
#[derive(Debug, Clone)]
pub(super) enum Machine {
    /// The agent's, with this app.
    With(AutomationId),
    /// The Action and the function have none.
    None,
}

impl Host for Machine {
    async fn facts(&self) -> Option<BTreeMap<AutomationId, Fact>> {
        match self {
            Self::With(app) => Some(BTreeMap::from([(app.clone(), Fact::Well)])),
            Self::None => None,
        }
    }

    async fn probe(&self, _: &AutomationId, _: Option<StoreTime>) -> Probed {
        match self {
            Self::With(_) => Probed::Well,
            Self::None => Probed::Down,
        }
    }

    async fn start(&self, _: &AutomationId, _: Option<StoreTime>, _: &Order) -> Sent {
        Sent::Refused
    }
}

/// A watcher.
pub(super) struct Player {
    who: Who,
    pub(super) world: Arc<World<Machine>>,
    log: Log,
    memory: Mutex<Option<(Carry, BeatNumber)>>,
}

impl Player {
    pub(super) fn new(who: Who, world: World<Machine>, log: Log) -> Arc<Self> {
        Arc::new(Self { who, world: Arc::new(world), log, memory: Mutex::default() })
    }

    /// One watch cycle. The agent remembers the one before; the others read their own record, as they do anywhere.
    pub(super) async fn tick(self: &Arc<Self>) {
        let setup = Arc::new(self.world.joined().setup.clone());
        let memory = || self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let brought = if self.who == Who::Agent { memory().clone() } else { None };
        let carrier = Arc::new(Told(Arc::clone(self)));
        let report = Box::pin(drive_by(self.log.clocks, setup, brought, carrier)).await;
        if let Some(report) = report {
            for deed in &report.deeds {
                self.tell(deed);
            }
            *memory() = Some((report.carry, report.number));
        }
        self.log.note(What::Looked);
    }

    /// Looks again and again.
    pub(super) async fn watch(self: Arc<Self>, every: Duration) {
        loop {
            let begun = self.log.elapsed();
            self.tick().await;
            self.log.wait(every.saturating_sub(self.log.elapsed().saturating_sub(begun))).await;
        }
    }

    /// The power fails: nothing is left of what it had in memory.
    pub(super) fn forget(&self) {
        *self.memory.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn tell(&self, deed: &Deed) {
        let what = match deed {
            Deed::Tried { end: standin_core::mesh::claim::End::Executed, .. } => What::Recovered,
            Deed::Tried { .. } => What::Other,
            Deed::Blocked { .. }
            | Deed::Woke(_)
            | Deed::Suspects(_)
            | Deed::Asked { .. }
            | Deed::Served { .. }
            | Deed::HandedBack(_) => return,
        };
        if let Some(said) = self.world.joined().deed(deed) {
            self.log.say(self.who, what, &format!("tells you: {}", said.text));
        }
    }

    fn claims(&self, setup: &Setup, cell: usize, next: &Decision) -> Option<String> {
        let claim = next.value.as_ref()?.claim()?;
        let is_own = Some(&claim.holder.peer) == setup.own_id();
        let name = self.world.joined().target(cell);
        (is_own && claim.phase == ClaimPhase::Held).then_some(name)
    }
}

/// Carries a watcher's requests, and tells of those that matter.
struct Told(Arc<Player>);

impl Carrier for Told {
    fn carry(&self, request: Request) -> impl Future<Output = Answer> + Send {
        let player = Arc::clone(&self.0);
        async move {
            let (who, log) = (player.who, player.log.clone());
            let joined = player.world.joined();
            match &request {
                Request::Notify(notice) => {
                    let said = joined.notice(notice);
                    let mark = if said.level == Level::Critical { "ALERTS you" } else { "tells you" };
                    log.say(who, what_of(notice), &format!("{mark}: {}", said.text));
                    return Answer::Over;
                }
                Request::Send { target, order, .. } => {
                    let remedy = joined.remedy(*target, order.attempt);
                    let remedy = remedy.map(ToString::to_string).unwrap_or_default();
                    let remedy = if remedy == "again" {
                        "dispatches it again".into()
                    } else {
                        format!("starts {remedy}")
                    };
                    let name = joined.target(*target);
                    log.say(
                        who,
                        What::Sent,
                        &format!("asked {name} once more: it is down. {remedy}, under one key"),
                    );
                }
                Request::Stop { target, .. } => {
                    let name = joined.target(*target);
                    log.say(
                        who,
                        What::Other,
                        &format!("{name} agrees to take its work back: stops the backup"),
                    );
                }
                Request::ReadEvidence(_)
                | Request::WriteEvidence(..)
                | Request::ReadDecision { .. }
                | Request::SwapDecision { .. }
                | Request::Survey(_)
                | Request::Probe { .. }
                | Request::ProbeBackup(_)
                | Request::Wake(_)
                | Request::Sleep(_) => {}
            }
            let claim = if let Request::SwapDecision { cell, next, .. } = &request {
                player.claims(&joined.setup, *cell, next)
            } else {
                None
            };
            let answer = player.world.carry(request).await;
            if let (Answer::Swapped(swapped), Some(name)) = (&answer, claim) {
                let text = match swapped {
                    SwapAnswer::Won(_) => format!("sees that {name} is overdue, and has the claim"),
                    SwapAnswer::Lost => format!("sees it too; another has the claim of {name}: does nothing"),
                    SwapAnswer::Unknown => format!("does not know whether it has the claim of {name}"),
                };
                log.say(who, What::Other, &text);
            }
            answer
        }
    }
}

const fn what_of(notice: &Notice) -> What {
    match notice {
        Notice::PeerSilent(_) => What::Silent,
        Notice::Serving(_) => What::Serving,
        Notice::HandedBack(_) => What::HandedBack,
        Notice::NoArbiter(_)
        | Notice::Exhausted(_)
        | Notice::Garbage(_)
        | Notice::MassFailure { .. }
        | Notice::PeerBack(_)
        | Notice::Recovered(_)
        | Notice::PlatformWell(_)
        | Notice::NoBrake(_) => What::Other,
    }
}
