//! What a person asks for: help for one automation now, a pause, an end of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use standin_core::effect::EffectKey;
use standin_core::ident::AutomationId;
use standin_core::mesh::claim::{Order, Sent};
use standin_engine::ports::mesh::Number;
use standin_http::Http;
use standin_platforms::github::{Covered, WorkflowFile, WorkflowState};

use crate::alerts::Level;
use crate::host::Host;
use crate::slot::{Claimant, Claimed};
use crate::words::Said;
use crate::world::World;

/// The note that holds a pause.
const PAUSE: &str = "pause";

/// What became of a slot, as a backup sees it that nobody has given an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotSeen {
    /// It has a run that did not fail.
    Covered,
    /// It has none.
    Missed,
    /// A person has disabled the workflow: nobody expects anything.
    Stopped,
}

/// Nothing is recovered until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pause {
    version: u32,
    /// `None`: not any more.
    until: Option<Timestamp>,
    by: String,
}

impl<H: Host> World<H> {
    /// The client of this body.
    pub const fn http(&self) -> &Http {
        &self.platforms.http
    }

    /// When GitHub made a run of this repository, by its own clock.
    pub async fn created(&self, run: u64) -> Option<Timestamp> {
        self.platforms.github.as_ref()?.created(run).await.ok()
    }

    /// What became of a slot of a workflow, whoever started the run; `None` when GitHub cannot say.
    pub async fn covered(&self, workflow: &str, slot: Timestamp) -> Option<SlotSeen> {
        let file = WorkflowFile::of_path(&format!(".github/workflows/{workflow}"))?;
        let survey = self.platforms.github.as_ref()?.survey(std::slice::from_ref(&file), slot).await.ok()?;
        match survey.workflows.get(&file)?.state {
            WorkflowState::DisabledManually => Some(SlotSeen::Stopped),
            WorkflowState::Active | WorkflowState::DisabledInactivity => {
                Some(match survey.covers(&file, slot.into())? {
                    Covered::Yes => SlotSeen::Covered,
                    Covered::No => SlotSeen::Missed,
                })
            }
            WorkflowState::Gone | WorkflowState::Other(_) => None,
        }
    }

    /// Helps an automation now, whether it needs it or not: the first remedy of its ladder. Once for `asked`, which
    /// names what the person did, such as a run of a workflow that was dispatched.
    ///
    /// # Errors
    /// A sentence that says why nothing was done, and what to do.
    pub async fn recover_by_hand(&self, id: &AutomationId, asked: &str) -> Result<Said, String> {
        let name = id.to_string();
        let targets = &self.joined.setup.targets;
        let number = targets.iter().position(|target| target.target.to_string() == name);
        let number = number
            .ok_or_else(|| format!("`{id}` is not watched here: `standin scan` lists what there is"))?;
        let remedy = self.joined.remedy(number, 1).ok_or_else(|| {
            format!("nothing can help {id}: give it a `backup` in standin.toml, or `workflow_dispatch` under its `on:`")
        })?;
        let key = EffectKey(standin_core::mesh::rank::by_hand_key(id, asked));
        let who = Claimant { attempt: 1, run: asked, now: Timestamp::now().as_millisecond(), ordered: None };
        let store = self.store_of(number).ok_or("no store decides about it")?;
        // What is started claims the key itself, so that the asking has one of its own.
        let asking = EffectKey(format!("asked-{key}"));
        match store.claim(&asking, who).await {
            Claimed::Go => {}
            Claimed::StepAside(by) => return Err(format!("{} has asked for the same already", by.run)),
            Claimed::CannotTell => {
                return Err(
                    "the store cannot be asked whether this was done already; nothing was done".to_owned()
                );
            }
        }
        let order = Order { key: key.clone(), epoch: 0, attempt: 1 };
        let (level, what, text) = match self.send(number, None, &order).await {
            Sent::Accepted => {
                (Level::Good, "asked_by_hand", format!("{id} was helped by `{remedy}`, as a person asked"))
            }
            Sent::Refused => (
                Level::Critical,
                "refused",
                format!("{id} could not be helped by `{remedy}`: it was refused; the log says why"),
            ),
            Sent::Unknown => (
                Level::Critical,
                "unknown",
                format!("whether {id} was helped by `{remedy}` is not known: look before asking again"),
            ),
        };
        Ok(Said { level, what, about: name, key: key.0, text })
    }

    /// Pauses all recoveries until then, or ends the pause. Every store that decides is told.
    ///
    /// # Errors
    /// A sentence that names the stores that were not reached; those that were keep what they were told.
    pub async fn pause(&self, until: Option<Timestamp>, by: &str) -> Result<(), String> {
        let pause = Pause { version: 1, until, by: by.to_owned() };
        let bytes = serde_json::to_vec(&pause).map_err(|error| error.to_string())?;
        let mut missed = Vec::new();
        for (number, store) in self.joined.setup.stores.iter().enumerate() {
            // The agent's own database is reached by the agent alone, which asks the shared ones as well.
            let is_shared = self.joined.setup.evidence.contains(&number) && store.may_decide();
            let Some(reached) = self.stores.get(number).filter(|_| is_shared) else { continue };
            if reached.set_note(PAUSE, bytes.clone().into()).await.is_err() {
                missed.push(store.name.clone());
            }
        }
        if missed.is_empty() {
            Ok(())
        } else {
            Err(format!("these stores were not told: {}", missed.join(", ")))
        }
    }

    /// Whether somebody has paused recoveries, as far as the store that decides about a target says.
    pub(crate) async fn is_paused(&self, target: Number) -> bool {
        let shared = self.joined.setup.evidence.iter().find_map(|number| {
            self.joined.setup.stores.get(*number).filter(|store| store.may_decide())?;
            self.stores.get(*number).map(|store| &**store)
        });
        let Some(store) = self.store_of(target).filter(|_| shared.is_none()).or(shared) else { return false };
        // A pause that cannot be read is none: the claim itself needs the store as well, and holds without it.
        let Ok(Some(bytes)) = store.note(PAUSE).await else { return false };
        let pause = serde_json::from_slice::<Pause>(&bytes).ok();
        pause.and_then(|pause| pause.until).is_some_and(|until| until > Timestamp::now())
    }
}
