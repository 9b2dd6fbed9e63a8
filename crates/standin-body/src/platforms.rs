//! What a body reaches of the platforms, in the words of the mesh.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use standin_config::mesh::{Mesh, PeerKind, PeerSettings, Remedy, Target, Timing};
use standin_core::effect::EffectKey;
use standin_core::ident::{AutomationId, Domain, Kind, Starter};
use standin_core::mesh::claim::{Order, Probed, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_core::schedule::Schedule;
use standin_engine::ports::mesh::Fact;
use standin_http::Http;
use standin_platforms::github::{
    Asleep, Covered, Dispatch, Github, Phase, Survey, WorkflowFile, WorkflowState,
};
use standin_platforms::netlify::{Invocation, Mode, Netlify, Rebuild};
use standin_platforms::probe::{Check, Silence};
use tokio::task::JoinSet;

use crate::beyond::{Beyond, Tried};
use crate::setup::{Joined, Subject};

/// How far back the list of runs is read, however long ago the last slot was.
const LOOK_BACK: Duration = Duration::from_hours(7 * 24);

/// How long a run of a backup goes on at most: as long as GitHub lets a job run, and a little.
const SERVING: Duration = Duration::from_hours(7);

/// How long a call of a function may take.
const CALL: Duration = Duration::from_secs(20);

/// The adapters that this body has secrets for. What is missing is out of reach: unknown, and nothing is sent.
#[derive(Debug, Clone)]
pub struct Platforms {
    /// The shared client.
    pub http: Http,
    /// The repository.
    pub github: Option<Github>,
    /// The site.
    pub netlify: Option<Netlify>,
    /// The address of the build hook.
    pub build_hook: Option<SecretString>,
    /// What Standin's own functions want to be asked with.
    pub token: Option<SecretString>,
    /// Functions on Lambda, and machines over ssh.
    pub beyond: Beyond,
    /// What went wrong, in sentences that name the fix.
    pub troubles: Troubles,
}

/// What platforms have refused, each once.
#[derive(Debug, Clone, Default)]
pub struct Troubles(Arc<Mutex<BTreeSet<String>>>);

/// The most that are kept.
const MAX_TROUBLES: usize = 32;

impl Troubles {
    fn add(&self, text: String) {
        tracing::warn!(target: "mesh", "{text}");
        let mut troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if troubles.len() < MAX_TROUBLES {
            troubles.insert(text);
        }
    }

    /// What there is since the last call.
    pub fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Platforms {
    /// One look at all targets of a platform.
    pub(crate) async fn survey(
        &self,
        mesh: &Mesh,
        joined: &Joined,
        domain: Domain,
    ) -> Option<Vec<(usize, Fact)>> {
        let targets: Vec<(usize, &Target)> = joined
            .subjects
            .iter()
            .enumerate()
            .filter_map(|(number, subject)| match subject {
                Subject::Automation(place) => Some((number, mesh.targets.get(*place)?)),
                Subject::Peer(_) => None,
            })
            .filter(|(_, target)| target.domain == domain)
            .collect();
        if targets.is_empty() {
            return Some(Vec::new());
        }
        match domain {
            Domain::Github => self.survey_github(&targets).await,
            Domain::Netlify | Domain::Aws => Some(self.survey_urls(&targets).await),
            Domain::Host | Domain::Elsewhere => None,
        }
    }

    async fn survey_github(&self, targets: &[(usize, &Target)]) -> Option<Vec<(usize, Fact)>> {
        let github = self.github.as_ref()?;
        let now = Timestamp::now();
        let since = targets.iter().filter_map(|(_, target)| due(target, now)).min().unwrap_or(now);
        let since = since.max(now.checked_sub(LOOK_BACK).unwrap_or(since));
        let named = |target: &Target| file_of(&target.id);
        // A backup under the key of a slot covers it: its runs are looked at as well.
        let backups = targets.iter().flat_map(|(_, target)| backups(target));
        let mut files: Vec<_> =
            targets.iter().filter_map(|(_, target)| named(target)).chain(backups).collect();
        files.sort_unstable();
        files.dedup();
        match Box::pin(github.survey(&files, since)).await {
            Ok(survey) => {
                let fact = |(number, target): &(usize, &Target)| (*number, fact(&survey, target, now));
                Some(targets.iter().map(fact).collect())
            }
            Err(error) => {
                self.troubles.add(format!("GitHub could not be looked at: {error}"));
                None
            }
        }
    }

    async fn survey_urls(&self, targets: &[(usize, &Target)]) -> Vec<(usize, Fact)> {
        let mut under_way = JoinSet::new();
        for (number, target) in targets {
            if let Some(url) = &target.url {
                let (http, check, number) = (self.http.clone(), check(url), *number);
                under_way
                    .spawn(async move { (number, standin_platforms::probe::probe(&http, &check).await) });
            }
        }
        let mut facts = Vec::new();
        while let Some(probed) = under_way.join_next().await {
            if let Ok((number, probed)) = probed {
                facts.push((number, fact_of(probed.probed)));
            }
        }
        facts
    }

    /// One target, asked now.
    pub(crate) async fn probe(
        &self,
        target: &Target,
        slot: Option<StoreTime>,
        key: Option<&EffectKey>,
    ) -> Probed {
        match (target.id.kind(), &target.url) {
            (Kind::Workflow, _) => Box::pin(self.probe_workflow(target, slot, key)).await,
            (_, Some(url)) => standin_platforms::probe::probe(&self.http, &check(url)).await.probed,
            (_, None) => Probed::Unknown,
        }
    }

    async fn probe_workflow(
        &self,
        target: &Target,
        slot: Option<StoreTime>,
        key: Option<&EffectKey>,
    ) -> Probed {
        let (Some(github), Some(file)) = (&self.github, file_of(&target.id)) else {
            return Probed::Unknown;
        };
        let mut probed = asked(&self.troubles, github.probe(&file, slot, key).await);
        let others: Vec<_> = key.iter().flat_map(|_| backups(target)).collect();
        for backup in others {
            if probed == Probed::Well {
                break;
            }
            // Only a run that carries the key speaks for the primary; that there is none says nothing new.
            if asked(&self.troubles, github.probe(&backup, Some(StoreTime(i64::MAX)), key).await)
                == Probed::Well
            {
                probed = Probed::Well;
            }
        }
        probed
    }

    /// Carries out one remedy for an automation.
    pub(crate) async fn recover(
        &self,
        target: &Target,
        remedy: &Remedy,
        slot: Option<StoreTime>,
        order: &Order,
    ) -> Sent {
        let id = match remedy {
            Remedy::Again => &target.id,
            Remedy::Other(id) => id,
            Remedy::Restore => return self.restore().await,
            Remedy::Redeploy => return self.redeploy(order).await,
            Remedy::Ssh => return self.said(Box::pin(self.beyond.ssh(None, order)).await),
            // No automation is a function on Lambda.
            Remedy::RollBack => return Sent::Refused,
        };
        match id.kind().started_by() {
            Starter::Github => Box::pin(self.dispatch(id.name(), order, slot)).await,
            Starter::Netlify => self.call(id.name(), Mode::Synchronous, slot, order).await,
            Starter::Agent | Starter::Nobody => Sent::Refused,
        }
    }

    /// Carries out one remedy for a watcher.
    pub(crate) async fn recover_peer(&self, peer: &PeerSettings, remedy: &Remedy, order: &Order) -> Sent {
        match (remedy, &peer.kind) {
            (Remedy::Again, PeerKind::Action { workflow }) => {
                Box::pin(self.dispatch(workflow, order, None)).await
            }
            (Remedy::Again, PeerKind::Netlify { function }) => {
                self.call(&background(function), Mode::Background, None, order).await
            }
            (Remedy::Restore, _) => self.restore().await,
            (Remedy::Redeploy, _) => self.redeploy(order).await,
            (Remedy::Other(id), _) if id.kind() == Kind::Workflow => {
                Box::pin(self.dispatch(id.name(), order, None)).await
            }
            (Remedy::Again, PeerKind::Lambda { function }) => {
                self.said(Box::pin(self.beyond.wake(function, order)).await)
            }
            (Remedy::RollBack, PeerKind::Lambda { function }) => {
                self.said(Box::pin(self.beyond.roll_back(function, order)).await)
            }
            (Remedy::Ssh, PeerKind::Agent { .. }) => {
                self.said(Box::pin(self.beyond.ssh(Some(&peer.name), order)).await)
            }
            (Remedy::Again | Remedy::RollBack | Remedy::Ssh | Remedy::Other(_), _) => Sent::Refused,
        }
    }

    /// Starts a watcher's tick; harmless when it comes anyway.
    pub(crate) async fn wake(&self, peer: &PeerSettings) {
        let order = Order { key: EffectKey(format!("wake-{}", peer.name)), epoch: 0, attempt: 0 };
        let sent = match &peer.kind {
            PeerKind::Action { .. } | PeerKind::Netlify { .. } | PeerKind::Lambda { .. } => {
                self.recover_peer(peer, &Remedy::Again, &order).await
            }
            PeerKind::Agent { .. } => return,
        };
        tracing::info!(target: "mesh", peer = %peer.name, ?sent, "a silent watcher was woken");
    }

    /// Whether a backup that goes on working does.
    pub(crate) async fn serves(&self, workflow: &str) -> Probed {
        match self.at_work(workflow).await {
            None => Probed::Unknown,
            Some(runs) if runs.is_empty() => Probed::Down,
            Some(_) => Probed::Well,
        }
    }

    /// Stops a backup. Accepted says that nothing of it works any more; while something still ends, nobody knows.
    pub(crate) async fn stop(&self, workflow: &str) -> Sent {
        let Some(github) = &self.github else { return Sent::Refused };
        let Some(runs) = self.at_work(workflow).await else { return Sent::Unknown };
        if runs.is_empty() {
            return Sent::Accepted;
        }
        for run in runs {
            let done = github.cancel(run).await;
            if let Some(error) = done.error {
                self.troubles.add(format!("the backup {workflow} could not be stopped: {error}"));
            }
        }
        match self.at_work(workflow).await {
            Some(runs) if runs.is_empty() => Sent::Accepted,
            Some(_) | None => Sent::Unknown,
        }
    }

    /// The runs of a backup that have not ended; `None` when that cannot be told.
    pub(crate) async fn at_work(&self, workflow: &str) -> Option<Vec<u64>> {
        let (github, file) = (self.github.as_ref()?, workflow.parse::<WorkflowFile>().ok()?);
        let since = Timestamp::now().checked_sub(SERVING).ok()?;
        let survey = Box::pin(github.survey(std::slice::from_ref(&file), since)).await.ok()?;
        let seen = survey.workflows.get(&file)?;
        let works =
            |run: &&standin_platforms::github::Run| matches!(run.phase, Phase::Queued | Phase::Running);
        let runs: Vec<_> = seen.runs.iter().filter(works).map(|run| run.id).collect();
        let is_whole = survey.complete_since <= since.into();
        (is_whole || !runs.is_empty()).then_some(runs)
    }

    async fn dispatch(&self, workflow: &str, order: &Order, slot: Option<StoreTime>) -> Sent {
        let (Some(github), Some(file)) = (&self.github, workflow.parse::<WorkflowFile>().ok()) else {
            return Sent::Refused;
        };
        let dispatch = Dispatch {
            key: order.key.clone(),
            attempt: order.attempt,
            slot,
            inputs: BTreeMap::new(),
            asleep: Asleep::Enable,
        };
        let done = Box::pin(github.dispatch(&file, &dispatch)).await;
        if let Some(error) = &done.error {
            self.troubles.add(format!("the workflow {workflow} could not be dispatched: {error}"));
        }
        done.sent
    }

    async fn call(&self, function: &str, mode: Mode, slot: Option<StoreTime>, order: &Order) -> Sent {
        let Some(netlify) = &self.netlify else { return Sent::Refused };
        let invocation = Invocation {
            function: function.to_owned(),
            mode,
            bearer: self.token.clone(),
            key: order.key.clone(),
            attempt: order.attempt,
            slot,
            timeout: CALL,
        };
        let done = Box::pin(netlify.invoke(&invocation)).await;
        said(&self.troubles, function, &done);
        done.sent
    }

    fn said(&self, tried: Tried) -> Sent {
        if let Some(why) = tried.why {
            self.troubles.add(why);
        }
        tried.sent
    }

    async fn restore(&self) -> Sent {
        let Some(netlify) = &self.netlify else { return Sent::Refused };
        let seen = match Box::pin(netlify.survey()).await {
            Ok(seen) => seen,
            Err(error) => {
                self.troubles.add(format!("the site could not be looked at: {error}"));
                return Sent::Refused;
            }
        };
        let (Some(live), Some(good)) = (seen.published(), seen.last_good()) else { return Sent::Refused };
        let done = Box::pin(netlify.restore(&good.id, &live.id)).await;
        said(&self.troubles, "restore", &done);
        done.sent
    }

    async fn redeploy(&self, order: &Order) -> Sent {
        let Some(netlify) = &self.netlify else { return Sent::Refused };
        let how = self.build_hook.clone().map_or(Rebuild::Api, Rebuild::Hook);
        let done = Box::pin(netlify.rebuild(&how, &order.key, order.attempt)).await;
        said(&self.troubles, "redeploy", &done);
        done.sent
    }
}

fn said(troubles: &Troubles, what: &str, done: &standin_platforms::netlify::Acted) {
    if let Some(error) = &done.error {
        troubles.add(format!("Netlify did not do what it was asked ({what}): {error}"));
    }
}

/// The function that ticks in the background, beside the scheduled one: Netlify lets nobody call a scheduled function.
pub fn background(function: &str) -> String {
    format!("{function}-background")
}

fn check(url: &str) -> Check {
    Check { silence: Silence::Down, ..Check::new(url.to_owned()) }
}

fn asked<E: std::fmt::Display>(troubles: &Troubles, answer: Result<Probed, E>) -> Probed {
    answer.unwrap_or_else(|error| {
        troubles.add(format!("GitHub could not be asked: {error}"));
        Probed::Unknown
    })
}

const fn fact_of(probed: Probed) -> Fact {
    match probed {
        Probed::Well => Fact::Well,
        Probed::Down => Fact::Down,
        Probed::Unknown => Fact::Unknown,
    }
}

/// The workflows that may work in a target's place.
fn backups(target: &Target) -> impl Iterator<Item = WorkflowFile> + '_ {
    target.backup.iter().filter_map(|remedy| match remedy {
        Remedy::Other(id) if id.kind() == Kind::Workflow => file_of(id),
        Remedy::Again
        | Remedy::Restore
        | Remedy::Redeploy
        | Remedy::RollBack
        | Remedy::Ssh
        | Remedy::Other(_) => None,
    })
}

/// The newest slot whose deadline is over.
fn due(target: &Target, now: Timestamp) -> Option<Timestamp> {
    let Timing::Slots { schedules, deadline } = &target.timing else { return None };
    let at = now.checked_sub(Duration::from_millis(*deadline)).ok()?;
    let newest = |spec: &standin_core::automation::ScheduleSpec| {
        Schedule::parse(&spec.cron, &spec.timezone).ok()?.previous_at_or_before(at)
    };
    schedules.iter().filter_map(newest).max()
}

/// What one look says of a workflow.
fn fact(survey: &Survey, target: &Target, now: Timestamp) -> Fact {
    let Some(file) = file_of(&target.id) else { return Fact::Unknown };
    let state = survey.workflows.get(&file).map(|seen| &seen.state);
    // What somebody has disabled, and what is gone, nobody here brings back.
    match state {
        Some(WorkflowState::Active | WorkflowState::DisabledInactivity) => {}
        Some(WorkflowState::DisabledManually) => return Fact::Stopped,
        Some(WorkflowState::Gone | WorkflowState::Other(_)) | None => return Fact::Unknown,
    }
    let Some(slot) = due(target, survey.at.unwrap_or(now)).map(StoreTime::from) else { return Fact::Unknown };
    match survey.covers(&file, slot) {
        Some(Covered::Yes) => Fact::Covered(slot),
        _ if is_covered_by_backup(survey, target, slot) => Fact::Covered(slot),
        Some(Covered::No) => Fact::Covered(StoreTime(0)),
        None => Fact::Unknown,
    }
}

fn is_covered_by_backup(survey: &Survey, target: &Target, slot: StoreTime) -> bool {
    let Ok(at) = Timestamp::from_millisecond(slot.0) else { return false };
    let key = standin_core::mesh::rank::slot_key(&target.id, at);
    let runs =
        |file: WorkflowFile| survey.workflows.get(&file).map(|seen| seen.runs.as_slice()).unwrap_or_default();
    backups(target).any(|file| runs(file).iter().any(|run| run.is_alive() && run.carries(&key)))
}

/// The file of a workflow's id.
fn file_of(id: &AutomationId) -> Option<WorkflowFile> {
    id.name().parse().ok()
}
