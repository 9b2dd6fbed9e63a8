//! The world of a watcher: its requests, carried to stores, platforms and people.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use standin_config::mesh::{Mesh, Remedy};
use standin_core::effect::EffectKey;
use standin_core::mesh::claim::{Order, Probed, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::PeerId;
use standin_core::mesh::rank::slot_key;
use standin_engine::mesh::{Heartbeats, Report};
use standin_engine::ports::mesh::{Answer, Notice, Number, ReadError, Request, SwapAnswer, WriteError};

use crate::alerts::{Alert, Alerts};
use crate::check::Seen;
use crate::drive::Carrier;
use crate::host::Host;
use crate::platforms::Platforms;
use crate::reach::Reached;
use crate::setup::{DOMAINS, Joined, Subject};
use crate::slot::SlotState;
use crate::store::Store;
use crate::words::Said;

/// What the names of runs on the agent's machine begin with.
pub const ON_HOST: &str = "host/";

/// How often a run on the agent's machine says that it works on.
pub const WORKS_ON: Duration = Duration::from_secs(180);

/// So long a run on the agent's machine is believed to work without having said so, in milliseconds: two of its words
/// may be lost.
const SILENT_MS: i64 = 600_000;

/// Everything that a watcher reaches.
pub struct World<H> {
    pub(crate) mesh: Mesh,
    pub(crate) joined: Joined,
    pub(crate) stores: Vec<Arc<dyn Store>>,
    pub(crate) platforms: Platforms,
    pub(crate) host: H,
    pub(crate) alerts: Alerts,
    missing: Vec<String>,
    seen: Seen,
}

impl<H: Host> World<H> {
    /// A watcher's part in the mesh, with what it reaches.
    pub fn new(mesh: Mesh, joined: Joined, reached: Reached, host: H) -> Self {
        let Reached { stores, platforms, alerts, missing } = reached;
        let stores = stores.into_iter().map(Arc::from).collect();
        Self { mesh, joined, stores, platforms, host, alerts, missing, seen: Seen::default() }
    }

    /// What it has no address or no secret for.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// What platforms have refused and stores have not answered since the last call, in sentences for people.
    pub fn troubles(&self) -> Vec<String> {
        let mut troubles: Vec<_> = self.platforms.troubles.take().into_iter().collect();
        for (store, settings) in self.stores.iter().zip(&self.joined.setup.stores) {
            troubles.extend(
                store.fault().map(|fault| format!("the store `{}` does not answer: {fault}", settings.name)),
            );
        }
        troubles
    }

    /// What it has seen.
    pub const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Requests that it has sent over the network.
    pub fn requests(&self) -> u64 {
        self.platforms.http.meter().requests()
    }

    /// Its part.
    pub const fn joined(&self) -> &Joined {
        &self.joined
    }

    /// The mesh.
    pub const fn mesh(&self) -> &Mesh {
        &self.mesh
    }

    /// Where alerts go.
    pub const fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    /// The store that decides about a target.
    pub fn store_of(&self, target: Number) -> Option<&dyn Store> {
        self.held_store_of(target).map(|store| &**store)
    }

    /// The watchers of which some store holds a sign of life, however old. A store that does not answer holds none.
    pub async fn signed(&self) -> BTreeSet<PeerId> {
        let mut found = BTreeSet::new();
        for store in self.joined.setup.evidence.iter().filter_map(|number| self.stores.get(*number)) {
            if let Ok(records) = store.records().await {
                found.extend(records.value.iter().map(|record| record.beat.peer.clone()));
            }
        }
        found
    }

    /// All stores, in the order of the setup.
    pub fn stores(&self) -> &[Arc<dyn Store>] {
        &self.stores
    }

    /// The same as [`Self::store_of`], for whoever asks it when this world is over.
    pub fn held_store_of(&self, target: Number) -> Option<&Arc<dyn Store>> {
        let number = self.joined.setup.targets.get(target)?.decider.stores().first()?;
        self.stores.get(*number)
    }

    /// The name of a cell, by its number: a target, or the brake of a platform.
    fn cell(&self, number: Number) -> String {
        let targets = self.joined.setup.targets.len();
        match number.checked_sub(targets) {
            None => self.joined.target(number),
            Some(platform) => {
                let domain = DOMAINS.get(platform);
                domain.map_or_else(|| format!("brake:{platform}"), |domain| format!("brake:{domain}"))
            }
        }
    }

    /// Tells what a tick has done.
    pub async fn tell(&self, report: &Report) {
        for deed in &report.deeds {
            if let Some(said) = self.joined.deed(deed) {
                self.alert(said).await;
            }
        }
    }

    async fn alert(&self, said: Said) {
        let by = self.joined.setup.own_id().map(ToString::to_string).unwrap_or_default();
        let Said { level, what, about, key, text } = said;
        let what = what.to_owned();
        self.alerts.tell(Alert { version: 1, at: Timestamp::now(), by, level, what, about, key, text }).await;
    }

    async fn notify(&self, notice: Notice) {
        self.alert(self.joined.notice(&notice)).await;
    }

    async fn survey(&self, platform: Number) -> Option<Vec<(usize, standin_engine::ports::mesh::Fact)>> {
        let domain = DOMAINS.get(platform)?;
        match domain {
            standin_core::ident::Domain::Host | standin_core::ident::Domain::Elsewhere => {
                let facts = self.host.facts().await?;
                Some(self.by_number(platform, &facts))
            }
            standin_core::ident::Domain::Github
            | standin_core::ident::Domain::Netlify
            | standin_core::ident::Domain::Aws => {
                self.platforms.survey(&self.mesh, &self.joined, *domain).await
            }
        }
    }

    fn by_number(
        &self,
        platform: Number,
        facts: &BTreeMap<standin_core::ident::AutomationId, standin_engine::ports::mesh::Fact>,
    ) -> Vec<(usize, standin_engine::ports::mesh::Fact)> {
        let targets = self.joined.setup.targets.iter().enumerate();
        let on = targets.filter(|(_, target)| target.platform == platform);
        on.filter_map(|(number, _)| match self.joined.subjects.get(number)? {
            Subject::Automation(place) => Some((number, *facts.get(&self.mesh.targets.get(*place)?.id)?)),
            Subject::Peer(_) => None,
        })
        .collect()
    }

    async fn probe(&self, target: Number, slot: Option<StoreTime>) -> Probed {
        let Some(Subject::Automation(place)) = self.joined.subjects.get(target) else {
            return Probed::Unknown;
        };
        let Some(automation) = self.mesh.targets.get(*place) else { return Probed::Unknown };
        if self.is_paused(target).await {
            // The claim is given back: while somebody has paused, nobody knows whether help is wanted.
            return Probed::Unknown;
        }
        let key =
            slot.and_then(|slot| Some(slot_key(&automation.id, Timestamp::from_millisecond(slot.0).ok()?)));
        let is_here = self.joined.setup.targets.get(target).and_then(|t| DOMAINS.get(t.platform));
        let probed = match is_here {
            Some(standin_core::ident::Domain::Host | standin_core::ident::Domain::Elsewhere) | None => {
                self.host.probe(&automation.id, slot).await
            }
            Some(
                standin_core::ident::Domain::Github
                | standin_core::ident::Domain::Netlify
                | standin_core::ident::Domain::Aws,
            ) => self.platforms.probe(automation, slot, key.as_ref()).await,
        };
        let setup = self.joined.setup.targets.get(target);
        let probed =
            if probed == Probed::Unknown && setup.is_some_and(|t| t.heartbeats == Heartbeats::Elsewhere) {
                self.host.heard(&automation.id, slot).await
            } else {
                probed
            };
        match (probed, key) {
            (Probed::Down | Probed::Unknown, Some(key)) => {
                self.said_elsewhere(target, &key).await.unwrap_or(probed)
            }
            (probed, _) => probed,
        }
    }

    /// What whoever holds the slot says of it: a backup on another platform than the target's. One that works on the
    /// agent's machine is seen by its claim alone, so that nothing is known of the slot while it does.
    async fn said_elsewhere(&self, target: Number, key: &EffectKey) -> Option<Probed> {
        let claim = self.store_of(target)?.holder(key).await?;
        let silence = claim.silence(Timestamp::now().as_millisecond());
        match claim.state {
            SlotState::Done => Some(Probed::Well),
            SlotState::Working if claim.run.starts_with(ON_HOST) && silence < SILENT_MS => {
                Some(Probed::Unknown)
            }
            SlotState::Working | SlotState::Failed => None,
        }
    }

    pub(crate) async fn send(&self, target: Number, slot: Option<StoreTime>, order: &Order) -> Sent {
        let Some(remedy) = self.joined.remedy(target, order.attempt) else { return Sent::Refused };
        let about = self.joined.target(target);
        tracing::info!(target: "mesh", %about, %remedy, key = %order.key, attempt = order.attempt, "recovering");
        let sent = match self.joined.subjects.get(target) {
            Some(Subject::Automation(place)) => match self.mesh.targets.get(*place) {
                Some(automation) if is_of_host(remedy, automation) => {
                    let id = match remedy {
                        Remedy::Other(id) => id,
                        Remedy::Again
                        | Remedy::Restore
                        | Remedy::Redeploy
                        | Remedy::RollBack
                        | Remedy::Ssh => &automation.id,
                    };
                    match slot.zip(self.held_store_of(target)) {
                        Some((slot, store)) => {
                            self.host.start_for(id, (slot, Arc::clone(store)), order).await
                        }
                        None => self.host.start(id, slot, order).await,
                    }
                }
                Some(automation) => self.platforms.recover(automation, remedy, slot, order).await,
                None => Sent::Refused,
            },
            Some(Subject::Peer(place)) => match self.mesh.peers.get(*place) {
                Some(peer) => self.platforms.recover_peer(peer, remedy, order).await,
                None => Sent::Refused,
            },
            None => Sent::Refused,
        };
        tracing::info!(target: "mesh", %about, %remedy, ?sent, "recovery sent");
        sent
    }

    fn automation(&self, target: Number) -> Option<&standin_config::mesh::Target> {
        match self.joined.subjects.get(target)? {
            Subject::Automation(place) => self.mesh.targets.get(*place),
            Subject::Peer(_) => None,
        }
    }

    async fn probe_backup(&self, target: Number) -> Probed {
        match self.automation(target).and_then(standin_config::mesh::Target::served_by) {
            Some(workflow) => self.platforms.serves(workflow.name()).await,
            None => Probed::Unknown,
        }
    }

    async fn stop(&self, target: Number) -> Sent {
        match self.automation(target).and_then(standin_config::mesh::Target::served_by) {
            Some(workflow) => self.platforms.stop(workflow.name()).await,
            None => Sent::Refused,
        }
    }

    async fn wake(&self, peer: Number) {
        if let Some(peer) = self.mesh.peers.get(peer) {
            self.platforms.wake(peer).await;
        }
    }
}

/// Whether a remedy is carried out on the agent's machine.
fn is_of_host(remedy: &Remedy, target: &standin_config::mesh::Target) -> bool {
    use standin_core::ident::{Kind, Starter};
    let is_local = |kind: Kind| kind.started_by() == Starter::Agent;
    match remedy {
        Remedy::Again => is_local(target.id.kind()),
        Remedy::Other(id) => is_local(id.kind()),
        Remedy::Restore | Remedy::Redeploy | Remedy::RollBack | Remedy::Ssh => false,
    }
}

impl<H: Host> Carrier for World<H> {
    async fn carry(&self, request: Request) -> Answer {
        match request {
            Request::ReadEvidence(store) => {
                let read = match self.stores.get(store) {
                    Some(store) => store.records().await,
                    None => Err(ReadError::Unreachable),
                };
                if let Ok(read) = &read {
                    self.seen.records(&read.value, read.at);
                }
                Answer::Evidence(read)
            }
            Request::WriteEvidence(store, record) => Answer::Written(match self.stores.get(store) {
                Some(store) => store.write(&record).await,
                None => Err(WriteError::Refused),
            }),
            Request::ReadDecision { store, cell } => Answer::Decision(match self.stores.get(store) {
                Some(store) => store.decision(&self.cell(cell)).await,
                None => Err(ReadError::Unreachable),
            }),
            Request::SwapDecision { store, cell, expect, next } => {
                Answer::Swapped(match self.stores.get(store) {
                    Some(store) => store.swap(&self.cell(cell), expect.as_ref(), &next).await,
                    None => SwapAnswer::Lost,
                })
            }
            Request::Survey(platform) => {
                let survey = self.survey(platform).await;
                self.seen.facts(survey.as_deref().unwrap_or_default());
                Answer::Surveyed(survey)
            }
            Request::Probe { target, slot } => Answer::Probed(self.probe(target, slot).await),
            Request::Send { target, slot, order } => Answer::Sent(self.send(target, slot, &order).await),
            Request::ProbeBackup(target) => Answer::Probed(self.probe_backup(target).await),
            Request::Stop { target, .. } => Answer::Sent(self.stop(target).await),
            Request::Wake(peer) => {
                self.wake(peer).await;
                Answer::Over
            }
            Request::Notify(notice) => {
                self.notify(notice).await;
                Answer::Over
            }
            Request::Sleep(time) => {
                tokio::time::sleep(time).await;
                Answer::Over
            }
        }
    }
}
