//! Slots that are claimed on this machine: how their ends are said, and when an own one is asked for first.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use standin_body::host::Host;
use standin_body::setup::Subject;
use standin_body::slot::{Claimant, Claimed, SlotState};
use standin_body::store::Store;
use standin_body::world::{ON_HOST, WORKS_ON, World};
use standin_core::effect::{Effect, EffectKey, PlannedEffect};
use standin_core::ident::AutomationId;
use standin_core::mesh::rank::slot_key;
use standin_core::run::RunEnd;
use standin_engine::mesh::{Heartbeats, Watching};

/// How long each further try waits to say how a run has ended.
const AGAIN: [Duration; 5] = [
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
];

/// How long the store may take to answer.
const ANSWER: Duration = Duration::from_secs(20);

/// The name of a run on this machine, as the others see it.
pub(crate) fn run_name(key: &EffectKey, attempt: u8) -> String {
    format!("{ON_HOST}{key}/{attempt}")
}

/// A slot that is claimed for a run.
#[derive(Clone)]
pub(crate) struct Hold {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) key: EffectKey,
    pub(crate) run: String,
}

impl Hold {
    /// Waits for the run's end, and says now and then that it works on: otherwise the others would take it for dead,
    /// and have its slot done elsewhere.
    pub(crate) async fn during<T>(&self, run: impl Future<Output = T>) -> T {
        let mut run = std::pin::pin!(run);
        loop {
            let said = async {
                tokio::time::sleep(WORKS_ON).await;
                let at = Timestamp::now().as_millisecond();
                // One word that is lost does no harm.
                let _ = tokio::time::timeout(ANSWER, self.store.go_on(&self.key, &self.run, at)).await;
            };
            tokio::select! {
                biased;
                end = &mut run => return end,
                () = said => {}
            }
        }
    }

    /// Says how the run has ended, until the store has heard it or another holds the slot. Whoever does not hear it
    /// takes the run for dead after some minutes.
    pub(crate) async fn end(&self, end: &RunEnd) {
        let state = if end.is_success() { SlotState::Done } else { SlotState::Failed };
        let mut waits = AGAIN.into_iter();
        loop {
            let said = async {
                self.store.end(&self.key, &self.run, state).await;
                self.store.holder(&self.key).await
            };
            let holder = tokio::time::timeout(ANSWER, said).await.ok().flatten();
            if holder.is_some_and(|claim| claim.run != self.run || claim.state == state) {
                return;
            }
            let Some(wait) = waits.next() else { break };
            tokio::time::sleep(wait).await;
        }
        tracing::warn!(target: "mesh", run = %self.run, ?state, "how a run has ended could not be said to the others");
    }
}

/// The own automations that have a backup elsewhere. A slot of theirs whose time is over may have been done there.
#[derive(Default)]
pub(crate) struct LateSlots {
    of: BTreeMap<AutomationId, Shared>,
}

struct Shared {
    /// How long after a slot others may claim it, in milliseconds.
    deadline: u64,
    store: Arc<dyn Store>,
}

/// Whether a run may begin.
pub(crate) enum Leave {
    /// It may; the hold is told its end.
    Go(Option<Hold>),
    /// It is left out, and why.
    Out(String),
}

impl fmt::Debug for LateSlots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.of.keys()).finish()
    }
}

impl LateSlots {
    /// Those of this part in the mesh.
    pub(crate) fn of<H: Host>(world: &World<H>) -> Self {
        let (setup, subjects) = (&world.joined().setup, &world.joined().subjects);
        let mut of = BTreeMap::new();
        for (number, (target, subject)) in setup.targets.iter().zip(subjects).enumerate() {
            let Subject::Automation(place) = subject else { continue };
            if let (Watching::Slots { deadline, .. }, Heartbeats::Elsewhere) =
                (&target.watching, target.heartbeats)
                && let (Some(automation), Some(store)) =
                    (world.mesh().targets.get(*place), world.held_store_of(number))
            {
                let shared = Shared { deadline: *deadline, store: Arc::clone(store) };
                of.insert(automation.id.clone(), shared);
            }
        }
        Self { of }
    }

    /// Asks for a run before it begins. A slot in time, and a run that no other could have done, need no asking.
    pub(crate) async fn ask(&self, planned: &PlannedEffect, has_begun: impl FnOnce() -> bool) -> Leave {
        let Effect::Run { automation, slot } = &planned.effect else { return Leave::Go(None) };
        let Some(shared) = self.of.get(automation) else { return Leave::Go(None) };
        let now = Timestamp::now();
        let late = now.as_millisecond().saturating_sub(slot.as_millisecond());
        if u64::try_from(late).unwrap_or(0) <= shared.deadline {
            return Leave::Go(None);
        }
        let key = slot_key(automation, *slot);
        let hold = Hold { store: Arc::clone(&shared.store), run: run_name(&key, 0), key };
        if has_begun() {
            return Leave::Go(Some(hold));
        }
        let who = Claimant { attempt: 0, run: &hold.run, now: now.as_millisecond(), ordered: None };
        match tokio::time::timeout(ANSWER, hold.store.claim(&hold.key, who)).await {
            Ok(Claimed::Go) => Leave::Go(Some(hold)),
            Ok(Claimed::StepAside(by)) => Leave::Out(format!("another has its slot: {}", by.run)),
            Ok(Claimed::CannotTell) | Err(_) => {
                Leave::Out("its slot is late, and whether another has done it could not be asked".to_owned())
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
