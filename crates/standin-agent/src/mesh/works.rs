//! Commands and scripts that this machine runs for the mesh: each order once, whoever dies in between.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use standin_body::slot::{Claimant, Claimed, SlotState};
use standin_body::store::Store;
use standin_core::ident::AutomationId;
use standin_core::mesh::claim::{Order, Sent};
use standin_core::run::RunEnd;
use standin_engine::ports::Runner;

use super::memory::{Memory, Noted, Run, RunIs};
use super::slots::{Hold, run_name};

/// What runs, and what has run.
#[derive(Debug)]
pub(crate) struct Works<R> {
    pub(crate) runner: Arc<R>,
    /// What it knows to run.
    pub(crate) commands: BTreeSet<AutomationId>,
    pub(crate) memory: Memory,
}

impl<R: Runner + 'static> Works<R> {
    /// Starts a run under its order, for a slot if it is about one. The same order starts nothing twice.
    pub(crate) async fn start(
        self: &Arc<Self>,
        id: &AutomationId,
        slots: Option<Arc<dyn Store>>,
        order: &Order,
    ) -> Sent {
        if !self.commands.contains(id) {
            tracing::warn!(target: "mesh", %id, "it was asked for here, and the agent knows no command of it");
            return Sent::Refused;
        }
        let now = Timestamp::now();
        let run = Run {
            automation: id.clone(),
            key: order.key.clone(),
            attempt: order.attempt,
            at: now,
            state: RunIs::Ordered,
        };
        let hold =
            slots.map(|store| Hold { store, key: run.key.clone(), run: run_name(&run.key, run.attempt) });
        if let Some(hold) = &hold {
            let ms = now.as_millisecond();
            let who = Claimant { attempt: run.attempt, run: &hold.run, now: ms, ordered: Some(ms) };
            match hold.store.claim(&hold.key, who).await {
                Claimed::Go => {}
                Claimed::StepAside(by) => {
                    tracing::info!(target: "mesh", %id, by = %by.run, "its slot is another's: not started");
                    return Sent::Refused;
                }
                Claimed::CannotTell => {
                    tracing::warn!(target: "mesh", %id, "the store of its slot cannot be asked: not started");
                    return Sent::Refused;
                }
            }
        }
        match self.memory.order(&run).await {
            Noted::New => {}
            Noted::Known => return Sent::Accepted,
            Noted::CannotTell => {
                tracing::warn!(target: "mesh", %id, "the order could not be written down: not started");
                if let Some(hold) = &hold {
                    hold.store.end(&hold.key, &hold.run, SlotState::Failed).await;
                }
                return Sent::Refused;
            }
        }
        self.run(run, hold);
        Sent::Accepted
    }

    /// Takes up what an earlier life has begun.
    pub(crate) async fn take_up(self: &Arc<Self>, stores: &[Arc<dyn Store>]) {
        for run in self.memory.unfinished().await {
            let hold = held(stores, &run).await;
            // What was not begun is begun only while its slot is still this run's.
            if hold.is_some() || self.runner.has_begun(&run.key, run.attempt) {
                tracing::info!(target: "mesh", automation = %run.automation, "a run of an earlier life is taken up");
                self.run(run, hold);
            } else {
                self.memory.over(&run).await;
            }
        }
    }

    /// Waits for the end of a run, and says it.
    fn run(self: &Arc<Self>, run: Run, hold: Option<Hold>) {
        let works = Arc::clone(self);
        tokio::spawn(async move {
            let running = works.runner.run(&run.automation, &run.key, run.attempt);
            let end: RunEnd = match &hold {
                Some(hold) => hold.during(running).await,
                None => running.await,
            };
            tracing::info!(target: "mesh", automation = %run.automation, ?end, "a run for the mesh has ended");
            if let Some(hold) = hold {
                hold.end(&end).await;
            }
            works.memory.over(&run).await;
        });
    }
}

/// The slot that a run still holds.
async fn held(stores: &[Arc<dyn Store>], run: &Run) -> Option<Hold> {
    let name = run_name(&run.key, run.attempt);
    for store in stores {
        let claim = store.holder(&run.key).await;
        if claim.is_some_and(|claim| claim.run == name && claim.state == SlotState::Working) {
            return Some(Hold { store: Arc::clone(store), key: run.key.clone(), run: name });
        }
    }
    None
}

#[cfg(test)]
mod tests;
