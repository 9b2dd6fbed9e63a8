//! What is known and could not be written yet, because the journal refused at the time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use standin_core::effect::{EffectKey, Outcome};
use standin_core::ident::AutomationId;
use standin_core::run::RunState;

use crate::ports::Change;

/// The most outcomes that wait; beyond that the oldest are let go, and count as unknown after a restart. While the
/// journal refuses nothing new is handed out, so that there are only as many as were under way.
const MAX_OUTCOMES: usize = 10_000;

/// What waits to be written.
#[derive(Debug, Default)]
pub(crate) struct Unsaved {
    /// Automations whose last verdict is new.
    pub(crate) flips: BTreeSet<AutomationId>,
    /// Automations whose run has ended.
    pub(crate) runs: BTreeSet<AutomationId>,
    outcomes: Vec<(EffectKey, u8, Outcome)>,
}

impl Unsaved {
    /// Keeps what came of an effect until it is written.
    pub(crate) fn add_outcome(&mut self, key: EffectKey, attempt: u8, outcome: Outcome) {
        if self.outcomes.len() >= MAX_OUTCOMES {
            self.outcomes.remove(0);
        }
        self.outcomes.push((key, attempt, outcome));
    }

    /// The outcomes and run states as one change; `None` when none waits.
    pub(crate) fn outcomes_and_runs(
        &self,
        runs: &BTreeMap<AutomationId, RunState>,
        now: Timestamp,
    ) -> Option<Change> {
        if self.outcomes.is_empty() && self.runs.is_empty() {
            return None;
        }
        let runs = self.runs.iter().filter_map(|id| runs.get(id).map(|state| (id.clone(), state.clone())));
        let (runs, outcomes) = (runs.collect(), self.outcomes.clone());
        Some(Change { at: now, outcomes, runs, ..Change::default() })
    }

    /// They are written.
    pub(crate) fn forget_outcomes_and_runs(&mut self) {
        self.outcomes.clear();
        self.runs.clear();
    }
}
