//! A journal in memory: the twin of [`crate::sqlite::Sqlite`] for tests and for the simulator.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use standin_core::beat::{BeatState, Signal};
use standin_core::effect::EffectKey;
use standin_core::ident::AutomationId;
use standin_core::incident::{Incident, IncidentId, Phase};
use standin_core::run::RunState;
use standin_core::verdict::Verdict;
use standin_engine::ports::{Arrival, Change, Journal, JournalError, Remembered};

use crate::RESERVED_MARKS;
use crate::record::{Attempt, Flip};

/// How many of an automation's newest heartbeats are known again when they come twice.
const MAX_SEEN: usize = 1_000;

/// A journal that lives as long as its last clone. All clones share what is written.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    beats: BTreeMap<AutomationId, BeatState>,
    seen: BTreeMap<AutomationId, BTreeSet<(Timestamp, u8, String)>>,
    runs: BTreeMap<AutomationId, RunState>,
    verdicts: BTreeMap<AutomationId, Verdict>,
    flips: Vec<Flip>,
    incidents: BTreeMap<IncidentId, Incident>,
    attempts: Vec<Attempt>,
    places: BTreeMap<(EffectKey, u8), usize>,
    marks: BTreeMap<String, String>,
}

impl Memory {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// All flips so far, oldest first.
    pub fn flips(&self) -> Vec<Flip> {
        self.lock().flips.clone()
    }

    /// All attempts so far, oldest first.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.lock().attempts.clone()
    }

    /// All incidents so far, resolved ones too, oldest first.
    pub fn incidents(&self) -> Vec<Incident> {
        by_age(self.lock().incidents.values().cloned().collect())
    }

    /// Nothing here can be left half written by a panic elsewhere, so a poisoned lock is as good as a sound one.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number for each signal, for keys and columns. Stored: never renumber.
pub(crate) const fn signal_number(signal: Signal) -> u8 {
    match signal {
        Signal::Start => 0,
        Signal::Success => 1,
        Signal::Fail => 2,
        Signal::Log => 3,
    }
}

/// Orders incidents by opening, then by id, as every journal does.
pub(crate) fn by_age(mut incidents: Vec<Incident>) -> Vec<Incident> {
    incidents.sort_by(|a, b| (a.opened, &a.id).cmp(&(b.opened, &b.id)));
    incidents
}

/// What of all incidents a start needs: those that are not over, and the newest resolved one of each target.
pub(crate) fn still_of_use(incidents: impl IntoIterator<Item = Incident>) -> Vec<Incident> {
    let (mut newest, mut open) = (BTreeMap::new(), Vec::new());
    for incident in by_age(incidents.into_iter().collect()) {
        match incident.phase {
            Phase::Resolved => drop(newest.insert(incident.target.clone(), incident)),
            Phase::Open | Phase::Settling | Phase::Exhausted => open.push(incident),
        }
    }
    open.extend(newest.into_values());
    by_age(open)
}

impl Inner {
    fn arrive(&mut self, arrival: &Arrival) -> BeatState {
        let beat = &arrival.beat;
        let seen = self.seen.entry(arrival.id.clone()).or_default();
        let is_new = seen.insert((beat.at, signal_number(beat.signal), beat.rid.clone()));
        if seen.len() > MAX_SEEN {
            seen.pop_first();
        }
        let state = self.beats.entry(arrival.id.clone()).or_default();
        if is_new {
            state.record(beat);
        }
        state.clone()
    }

    /// Looks for whatever would refuse the change before anything of it is written.
    fn admit(&self, change: &Change) -> Result<(), JournalError> {
        let mut new = BTreeSet::new();
        for planned in &change.intents {
            let place = (planned.key.clone(), planned.attempt);
            if self.places.contains_key(&place) || !new.insert(place) {
                return Err(JournalError::Duplicate { key: planned.key.clone(), attempt: planned.attempt });
            }
        }
        for (key, attempt, _) in &change.outcomes {
            let place = (key.clone(), *attempt);
            if !self.places.contains_key(&place) && !new.contains(&place) {
                return Err(no_intent(key, *attempt));
            }
        }
        match change.marks.iter().find(|(name, _)| name.starts_with(RESERVED_MARKS)) {
            Some((name, _)) => Err(reserved(name)),
            None => Ok(()),
        }
    }

    fn write(&mut self, change: Change) {
        for planned in change.intents {
            self.places.insert((planned.key.clone(), planned.attempt), self.attempts.len());
            self.attempts.push(Attempt { at: change.at, planned, ended: None });
        }
        for (key, attempt, outcome) in change.outcomes {
            let place = self.places.get(&(key, attempt)).copied();
            if let Some(row) = place.and_then(|p| self.attempts.get_mut(p)) {
                row.ended = Some((change.at, outcome));
            }
        }
        for verdict in change.flips {
            let was = self.verdicts.insert(verdict.automation.clone(), verdict.clone()).map(|v| v.health);
            self.flips.push(Flip { at: change.at, was, verdict });
        }
        self.incidents.extend(change.incidents.into_iter().map(|i| (i.id.clone(), i)));
        self.runs.extend(change.runs);
        self.marks.extend(change.marks);
    }

    fn load(&self) -> Remembered {
        let pending = self.attempts.iter().filter(|a| a.ended.is_none());
        Remembered {
            beats: self.beats.clone(),
            runs: self.runs.clone(),
            incidents: still_of_use(self.incidents.values().cloned()),
            verdicts: self.verdicts.clone(),
            pending: pending.map(|a| (a.at, a.planned.clone())).collect(),
            marks: self.marks.clone(),
        }
    }
}

/// The refusal of an outcome without its intent, the same from every journal.
pub(crate) fn no_intent(key: &EffectKey, attempt: u8) -> JournalError {
    JournalError::Storage(format!(
        "an outcome of {key} (attempt {attempt}) without its intent: record the intent first"
    ))
}

/// The refusal of a mark that belongs to the store, the same from every journal.
pub(crate) fn reserved(name: &str) -> JournalError {
    JournalError::Storage(format!(
        "the mark `{name}` belongs to the store: use a name without `{RESERVED_MARKS}`"
    ))
}

impl Journal for Memory {
    async fn load(&self) -> Result<Remembered, JournalError> {
        Ok(self.lock().load())
    }

    async fn arrive(&self, arrival: Arrival) -> Result<BeatState, JournalError> {
        Ok(self.lock().arrive(&arrival))
    }

    async fn commit(&self, change: Change) -> Result<(), JournalError> {
        let mut inner = self.lock();
        inner.admit(&change)?;
        inner.write(change);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn it_conforms() {
        crate::conformance::journal(|| std::future::ready(super::Memory::new())).await;
    }
}
