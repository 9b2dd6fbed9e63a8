//! One workflow, asked now: the look that decides whether something is sent.

use std::collections::BTreeMap;

use jiff::Timestamp;
use standin_core::effect::EffectKey;
use standin_core::mesh::claim::Probed;
use standin_core::mesh::clock::StoreTime;

use super::names::WorkflowFile;
use super::seen::{Phase, Run, WorkflowState};
use super::survey::{counts, seems_stuck, tidy};
use super::{Github, GithubError};
use crate::gate::Purpose;

/// How far back the list of all runs is read when no slot is asked for, in milliseconds: one day.
const STANDING_WINDOW_MS: i64 = 24 * 60 * 60 * 1_000;

impl Github {
    /// Whether a workflow needs help.
    ///
    /// With a slot: whether it has a run since then that has not failed, or one whose title carries `key`. Without:
    /// whether its newest run that says anything went well.
    ///
    /// The workflow's own list proves life alone. That there is none takes the list of all runs, read back to the
    /// slot. A workflow that somebody disabled needs no help from here: [`Probed::Unknown`].
    ///
    /// # Errors
    /// [`GithubError`]: nothing is known, which is [`Probed::Unknown`].
    pub async fn probe(
        &self,
        workflow: &WorkflowFile,
        slot: Option<StoreTime>,
        key: Option<&EffectKey>,
    ) -> Result<Probed, GithubError> {
        let git_ref = self.git_ref().await?.to_owned();
        let (at, mut runs) = self.list_of(Purpose::Recovery, workflow).await?;
        runs.retain(|run| counts(run, &git_ref));
        self.mark_stuck(&mut runs, at).await?;
        if proves_life(&runs, slot, key) {
            return Ok(Probed::Well);
        }
        match self.state(workflow).await? {
            WorkflowState::Active => {}
            WorkflowState::DisabledInactivity if slot.is_none() => return Ok(Probed::Down),
            WorkflowState::DisabledInactivity => {}
            WorkflowState::DisabledManually | WorkflowState::Gone | WorkflowState::Other(_) => {
                return Ok(Probed::Unknown);
            }
        }
        let back_to =
            slot.or_else(|| Some(StoreTime(at?.as_millisecond().saturating_sub(STANDING_WINDOW_MS))));
        let Some(back_to) = back_to else { return Ok(Probed::Unknown) };
        let all = self.list_runs(Purpose::Recovery, back_to).await?;
        let is_complete = all.complete_since <= back_to;
        let mine = all.runs.into_iter().filter(|run| run.file(&BTreeMap::new()).as_ref() == Some(workflow));
        runs.extend(mine.map(super::seen::RunJson::read).filter(|run| counts(run, &git_ref)));
        tidy(&mut runs);
        self.mark_stuck(&mut runs, all.at).await?;
        Ok(match (proves_life(&runs, slot, key), slot) {
            (true, _) => Probed::Well,
            (false, Some(_)) if is_complete => Probed::Down,
            // A workflow that never ran says nothing of how it is.
            (false, None) if is_complete && newest(&runs).is_some() => Probed::Down,
            (false, _) => Probed::Unknown,
        })
    }

    /// Looks whether the newest run that would prove life hangs.
    async fn mark_stuck(&self, runs: &mut [Run], at: Option<Timestamp>) -> Result<(), GithubError> {
        let Some(at) = at else { return Ok(()) };
        if runs.iter().any(|run| run.phase == Phase::Running) {
            return Ok(());
        }
        let waiting: Vec<u64> = runs.iter().filter(|run| seems_stuck(run, at)).map(|run| run.id).collect();
        for id in waiting.into_iter().take(MAX_STUCK_LOOKS) {
            if self.is_stuck(Purpose::Recovery, id).await?
                && let Some(run) = runs.iter_mut().find(|run| run.id == id)
            {
                run.phase = Phase::Stuck;
            }
        }
        Ok(())
    }
}

/// Runs of one workflow that are looked at for whether they hang.
const MAX_STUCK_LOOKS: usize = 3;

/// The newest run that says how the workflow is.
fn newest(runs: &[Run]) -> Option<&Run> {
    runs.iter().find(|run| run.phase != Phase::Skipped)
}

fn proves_life(runs: &[Run], slot: Option<StoreTime>, key: Option<&EffectKey>) -> bool {
    let carries = |run: &Run| key.is_some_and(|key| run.carries(key));
    match slot {
        Some(slot) => runs.iter().any(|run| run.is_alive() && (run.is_since(slot) || carries(run))),
        None => newest(runs).is_some_and(Run::is_alive),
    }
}
