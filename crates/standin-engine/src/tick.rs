//! One bounded watch cycle: look, judge, plan, remember. What is to be done is handed out afterwards, never before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use standin_core::assess::{Assessment, assess};
use standin_core::beat::BeatState;
use standin_core::effect::{Effect, EffectKey, Outcome, PlannedEffect};
use standin_core::ident::{AutomationId, Kind};
use standin_core::incident::{Incident, Phase, Target};
use standin_core::observation::{OwnedApp, Pm2View, View};
use standin_core::plan::{Brake, Decision, Plan, Request, Situation, plan};
use standin_core::policy::Policy;
use standin_core::run::{RunEnd, RunState};
use standin_core::verdict::Verdict;
use standin_core::watch::Watch;

use crate::ports::{Change, Journal, JournalError, Processes};
use crate::recover;
use crate::unsaved::Unsaved;

/// The mark under which the memory of the PM2 adapter is kept.
pub const PM2_MEMORY: &str = "pm2";
/// The mark under which the brake is kept.
const BRAKE: &str = "brake";

/// What the engine watches, and how.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What is expected.
    pub watches: Vec<Watch>,
    /// How it is recovered.
    pub policy: Policy,
    /// The PM2 apps among them; without any, PM2 is not asked.
    pub apps: Vec<OwnedApp>,
}

/// What a tick decided.
#[derive(Debug, Clone)]
pub struct Step {
    /// Why, for everything that is not simply well.
    pub decisions: Vec<Decision>,
    /// What is to be carried out now. It is remembered already.
    pub effects: Vec<PlannedEffect>,
    /// When to tick again at the latest.
    pub next_wake: Timestamp,
}

/// An effect that was carried out.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The effect.
    pub planned: PlannedEffect,
    /// What came of it.
    pub outcome: Outcome,
    /// How the run ended, for [`Effect::Run`]; `None` of one that was left out, because another has its slot.
    pub end: Option<RunEnd>,
}

/// The engine: all that is known, and the ports through which it learns and remembers.
pub struct Engine<P, J> {
    processes: Arc<P>,
    journal: Arc<J>,
    setup: Setup,
    pm2: Pm2View,
    beats: BTreeMap<AutomationId, BeatState>,
    runs: BTreeMap<AutomationId, RunState>,
    verdicts: BTreeMap<AutomationId, Verdict>,
    incidents: BTreeMap<Target, Incident>,
    in_flight: BTreeSet<Target>,
    brake: Brake,
    pm2_memory: String,
    unsaved: Unsaved,
    /// How many automations have sent heartbeats, as of the last tick.
    senders: usize,
}

impl<P: Processes, J: Journal> Engine<P, J> {
    /// Takes up where the last life stopped. Gives the runs that it left without an outcome: they are to be carried
    /// out like new ones, and the runner knows those that began. Any other effect without an outcome is not sent
    /// again: what it was for is judged anew.
    ///
    /// # Errors
    /// [`JournalError`] when the journal cannot be read or written; nothing was done then.
    pub async fn start(
        processes: Arc<P>,
        journal: Arc<J>,
        mut setup: Setup,
        now: Timestamp,
    ) -> Result<(Self, Vec<PlannedEffect>), JournalError> {
        // In the order of all that is kept by id, so that judging can walk along.
        setup.watches.sort_by(|a, b| a.id.cmp(&b.id));
        let remembered = journal.load().await?;
        let watched: BTreeSet<AutomationId> = setup.watches.iter().map(|w| w.id.clone()).collect();
        let (runs_left, others): (Vec<_>, Vec<_>) =
            remembered.pending.into_iter().map(|(_, planned)| planned).partition(
                |p| matches!(&p.effect, Effect::Run { automation, .. } if watched.contains(automation)),
            );
        let why = "the agent stopped between the intent and the outcome".to_owned();
        let outcomes = others
            .into_iter()
            .map(|p| (p.key, p.attempt, Outcome::Unknown { why: why.clone() }))
            .collect::<Vec<_>>();
        if !outcomes.is_empty() {
            journal.commit(Change { at: now, outcomes, ..Change::default() }).await?;
        }
        let brake = remembered.marks.get(BRAKE).and_then(|text| serde_json::from_str(text).ok());
        let mut engine = Self {
            processes,
            journal,
            setup,
            pm2: Pm2View::unknown(now, "not looked at yet"),
            beats: remembered.beats,
            runs: remembered.runs,
            verdicts: remembered.verdicts,
            incidents: BTreeMap::new(),
            in_flight: runs_left.iter().filter_map(target_of).collect(),
            brake: brake.unwrap_or_default(),
            pm2_memory: remembered.marks.get(PM2_MEMORY).cloned().unwrap_or_default(),
            unsaved: Unsaved::default(),
            senders: 0,
        };
        engine.verdicts.retain(|id, _| watched.contains(id));
        engine.remember_incidents(remembered.incidents, &watched, now).await?;
        engine.forget_dead_runs(&runs_left, now).await?;
        Ok((engine, runs_left))
    }

    /// Keeps the incidents of what is still watched; those of what is not are over.
    async fn remember_incidents(
        &mut self,
        incidents: Vec<Incident>,
        watched: &BTreeSet<AutomationId>,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let mut over = Vec::new();
        for incident in incidents {
            let known = match &incident.target {
                Target::Automation(id) => watched.contains(id),
                Target::Pm2 => !self.setup.apps.is_empty(),
                // The mesh keeps its decisions about peers in its cells, not among the agent's incidents.
                Target::Peer(_) => false,
            };
            if known {
                self.incidents.insert(incident.target.clone(), incident);
            } else if incident.phase != Phase::Resolved {
                over.push(Incident { phase: Phase::Resolved, resolved: Some(now), ..incident });
            }
        }
        if over.is_empty() {
            return Ok(());
        }
        self.journal.commit(Change { at: now, incidents: over, ..Change::default() }).await
    }

    /// A run that is marked as running and has no open intent has ended in a life of which nothing is known.
    async fn forget_dead_runs(&mut self, left: &[PlannedEffect], now: Timestamp) -> Result<(), JournalError> {
        let open: BTreeSet<&AutomationId> = left.iter().filter_map(|p| p.effect.automation()).collect();
        let mut runs = Vec::new();
        for (id, state) in &mut self.runs {
            if state.running_since.is_some() && !open.contains(id) {
                state.ended(now, RunEnd::Lost);
                runs.push((id.clone(), state.clone()));
            }
        }
        if runs.is_empty() {
            return Ok(());
        }
        self.journal.commit(Change { at: now, runs, ..Change::default() }).await
    }

    /// One watch cycle. When it answers, everything that it decided is remembered, and `effects` may be carried out.
    ///
    /// # Errors
    /// [`JournalError`] when the decision could not be written: then nothing may be done, and the next tick decides
    /// anew. What was seen is kept in memory, so that the status still tells the truth.
    pub async fn tick(
        &mut self,
        now: Timestamp,
        beats: BTreeMap<AutomationId, BeatState>,
        requests: &BTreeMap<AutomationId, Request>,
    ) -> Result<Step, JournalError> {
        self.tick_narrowed(now, beats, requests, |plan| plan).await
    }

    /// A watch cycle that does only what was asked for: for a command that a person runs where no agent does.
    ///
    /// # Errors
    /// As for [`Self::tick`].
    pub async fn tick_as_asked(
        &mut self,
        now: Timestamp,
        beats: BTreeMap<AutomationId, BeatState>,
        requests: &BTreeMap<AutomationId, Request>,
    ) -> Result<Step, JournalError> {
        self.tick_narrowed(now, beats, requests, |plan| recover::only(plan, requests)).await
    }

    async fn tick_narrowed(
        &mut self,
        now: Timestamp,
        beats: BTreeMap<AutomationId, BeatState>,
        requests: &BTreeMap<AutomationId, Request>,
        narrow: impl FnOnce(Plan) -> Plan,
    ) -> Result<Step, JournalError> {
        if !self.setup.apps.is_empty() {
            self.pm2 = self.processes.look(&self.setup.apps).await;
        }
        self.watch_senders(&beats);
        self.beats = beats;
        if let Err(error) = self.save_what_is_left(now).await {
            tracing::warn!(target: "journal", %error, "an earlier outcome still waits to be written");
        }
        let before = std::mem::take(&mut self.verdicts);
        let (Assessment { verdicts, flips, .. }, plan) = self.decide(before, now, requests);
        self.verdicts = verdicts;
        self.unsaved.flips.extend(flips);
        let Plan { decisions, incidents, runs, effects, brake, next_wake } = narrow(plan);
        let marks = self.marks(&brake);
        let flips = self.unsaved.flips.iter().filter_map(|id| self.verdicts.get(id)).cloned().collect();
        let change =
            Change { at: now, flips, incidents, intents: effects, outcomes: Vec::new(), runs, marks };
        let change = self.remember(change).await?;
        let effects = change.intents.clone();
        self.take_in(change, brake);
        Ok(Step { decisions, effects, next_wake })
    }

    /// Writes a change, if there is any, and gives what was written. An effect that is recorded already is left out:
    /// it must not be carried out again, and it must not keep everything else from being decided.
    async fn remember(&self, mut change: Change) -> Result<Change, JournalError> {
        if change == (Change { at: change.at, ..Change::default() }) {
            return Ok(change);
        }
        // Each turn takes out an intent or ends.
        for _ in 0..=change.intents.len() {
            match self.journal.commit(change.clone()).await {
                Err(JournalError::Duplicate { key, attempt }) if has_intent(&change, &key, attempt) => {
                    tracing::warn!(target: "journal", %key, attempt, "recorded already: not done again");
                    self.leave_out(&mut change, &key, attempt);
                }
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        Ok(change)
    }

    /// Takes an intent out of a change; a run that does not begin is not marked as running either.
    fn leave_out(&self, change: &mut Change, key: &EffectKey, attempt: u8) {
        let (out, kept) = std::mem::take(&mut change.intents)
            .into_iter()
            .partition(|planned| &planned.key == key && planned.attempt == attempt);
        change.intents = kept;
        let out: Vec<PlannedEffect> = out;
        for id in out.iter().filter(|p| target_of(p).is_none()).filter_map(|p| p.effect.automation()) {
            let before = self.runs.get(id);
            for (_, state) in change.runs.iter_mut().filter(|(run, _)| run == id) {
                state.running_since = before.and_then(|b| b.running_since);
                state.running_slot = before.and_then(|b| b.running_slot);
            }
        }
    }

    /// What a tick would judge and decide now, without remembering or doing anything of it.
    pub async fn rehearse(
        &mut self,
        now: Timestamp,
        requests: &BTreeMap<AutomationId, Request>,
    ) -> (BTreeMap<AutomationId, Verdict>, Plan) {
        if !self.setup.apps.is_empty() {
            self.pm2 = self.processes.look(&self.setup.apps).await;
        }
        let (assessment, plan) = self.decide(self.verdicts.clone(), now, requests);
        (assessment.verdicts, plan)
    }

    /// `before` are the last verdicts.
    fn decide(
        &self,
        before: BTreeMap<AutomationId, Verdict>,
        now: Timestamp,
        requests: &BTreeMap<AutomationId, Request>,
    ) -> (Assessment, Plan) {
        let view = View { pm2: &self.pm2, beats: &self.beats, runs: &self.runs };
        let assessment = assess(&self.setup.watches, &view, before, &self.setup.policy, now);
        let situation = Situation {
            watches: &self.setup.watches,
            verdicts: &assessment.verdicts,
            incidents: &self.incidents,
            pm2: &self.pm2,
            runs: &self.runs,
            brake: &self.brake,
            in_flight: &self.in_flight,
            requests,
        };
        let plan = plan(&situation, &self.setup.policy, assessment.recheck, now);
        (assessment, plan)
    }

    fn marks(&self, brake: &Brake) -> Vec<(String, String)> {
        let mut marks = Vec::new();
        let memory = if self.setup.apps.is_empty() { String::new() } else { self.processes.memory() };
        if memory != self.pm2_memory {
            marks.push((PM2_MEMORY.to_owned(), memory));
        }
        if brake != &self.brake
            && let Ok(text) = serde_json::to_string(brake)
        {
            marks.push((BRAKE.to_owned(), text));
        }
        marks
    }

    fn take_in(&mut self, change: Change, brake: Brake) {
        self.unsaved.flips.clear();
        for incident in change.incidents {
            say(self.incidents.get(&incident.target), &incident);
            self.incidents.insert(incident.target.clone(), incident);
        }
        self.runs.extend(change.runs);
        self.brake = brake;
        for (name, text) in change.marks {
            if name == PM2_MEMORY {
                self.pm2_memory = text;
            }
        }
        self.in_flight.extend(change.intents.iter().filter_map(target_of));
    }

    /// Takes in what came of an effect.
    ///
    /// # Errors
    /// [`JournalError`] when the outcome could not be written; it counts in memory all the same and is written with
    /// one of the next ticks. After a restart before that, the effect is one without an outcome.
    pub async fn finish(&mut self, finished: Finished, now: Timestamp) -> Result<(), JournalError> {
        let Finished { planned, outcome, end } = finished;
        tracing::info!(target: "recovery", effect = %planned.effect, attempt = planned.attempt, %outcome, "effect ended");
        if let Some(target) = target_of(&planned) {
            self.in_flight.remove(&target);
        }
        if let Effect::Run { automation, slot } = &planned.effect {
            let state = self.runs.entry(automation.clone()).or_default();
            match end {
                Some(end) => state.ended_for(*slot, now, end),
                None => state.left_out(*slot),
            }
            self.unsaved.runs.insert(automation.clone());
        }
        self.unsaved.add_outcome(planned.key, planned.attempt, outcome);
        self.save_what_is_left(now).await
    }

    async fn save_what_is_left(&mut self, now: Timestamp) -> Result<(), JournalError> {
        if let Some(change) = self.unsaved.outcomes_and_runs(&self.runs, now) {
            self.journal.commit(change).await?;
            self.unsaved.forget_outcomes_and_runs();
        }
        Ok(())
    }

    /// Senders may make themselves known while the agent runs: from then on they are watched.
    fn watch_senders(&mut self, beats: &BTreeMap<AutomationId, BeatState>) {
        // Sums are never taken away: as many as at the last tick are the same.
        if beats.len() == self.senders {
            return;
        }
        self.senders = beats.len();
        for id in beats.keys().filter(|id| id.kind() == Kind::Heartbeat) {
            if let Err(place) = self.setup.watches.binary_search_by(|watch| watch.id.cmp(id)) {
                self.setup.watches.insert(place, Watch::of_sender(id.clone()));
            }
        }
    }

    /// What is watched.
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The last verdicts.
    pub const fn verdicts(&self) -> &BTreeMap<AutomationId, Verdict> {
        &self.verdicts
    }

    /// The sums of the heartbeats as of the last tick, or as the journal had them.
    pub const fn beats(&self) -> &BTreeMap<AutomationId, BeatState> {
        &self.beats
    }

    /// The runs.
    pub const fn runs(&self) -> &BTreeMap<AutomationId, RunState> {
        &self.runs
    }

    /// The newest incident of each target.
    pub const fn incidents(&self) -> &BTreeMap<Target, Incident> {
        &self.incidents
    }

    /// The last look at PM2.
    pub const fn pm2(&self) -> &Pm2View {
        &self.pm2
    }

    /// The brake.
    pub const fn brake(&self) -> &Brake {
        &self.brake
    }

    /// Targets with an effect under way.
    pub const fn in_flight(&self) -> &BTreeSet<Target> {
        &self.in_flight
    }
}

/// The target that an effect occupies while it is under way. A run occupies none: overlap has a rule of its own.
fn target_of(planned: &PlannedEffect) -> Option<Target> {
    match &planned.effect {
        Effect::RestartProcess { automation, .. }
        | Effect::StartSaved { automation }
        | Effect::StartDeclared { automation } => Some(Target::Automation(automation.clone())),
        Effect::Resurrect { .. } => Some(Target::Pm2),
        Effect::Run { .. } => None,
    }
}

fn has_intent(change: &Change, key: &EffectKey, attempt: u8) -> bool {
    change.intents.iter().any(|planned| &planned.key == key && planned.attempt == attempt)
}

fn say(before: Option<&Incident>, incident: &Incident) {
    if before.map(|b| (&b.id, b.phase)) == Some((&incident.id, incident.phase)) {
        return;
    }
    let (on, cause, phase) = (&incident.target, &incident.cause, incident.phase);
    match phase {
        Phase::Open => tracing::warn!(target: "incident", %on, %cause, "incident open"),
        Phase::Exhausted => {
            tracing::error!(target: "incident", %on, %cause, attempts = incident.attempts,
                "all attempts are used: a person is needed");
        }
        Phase::Settling => tracing::info!(target: "incident", %on, "looks well again"),
        Phase::Resolved => tracing::info!(target: "incident", %on, %cause, "incident resolved"),
    }
}
