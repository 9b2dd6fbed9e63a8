//! A drill through the mesh's own ladder: the backup is started where it stands, as a watcher would start it, and its end is
//! waited for. The primary is left alone. And the mesh's memory of drills, which every body can read.
//!
//! A drill's key begins with [`KEY`]: `beat` claims it like any other, sends no heartbeat for it, and in a dry drill lets
//! nothing work.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use standin_config::mesh::{Remedy, Target, Timing};
use standin_core::drill::{Drill, latest};
use standin_core::effect::EffectKey;
use standin_core::ident::{AutomationId, Kind, Starter};
use standin_core::mesh::claim::Sent;
use standin_core::mesh::clock::StoreTime;
use standin_core::schedule::Schedule;
use standin_platforms::github::{Asleep, Dispatch, Github, Phase, Run, WorkflowFile};
use standin_platforms::netlify::{Invocation, Mode};
use tokio::time::Instant;

use crate::host::Host;
use crate::platforms::Platforms;
use crate::store::Store;
use crate::world::World;

/// What the key of every drill begins with.
pub const KEY: &str = "drill-";
/// What the key of a drill begins with in which nothing works.
pub const DRY_KEY: &str = "drill-dry-";

/// The note that holds the drills.
const NOTE: &str = "drills";
/// Most drills that the note holds: the newest.
const MAX_NOTED: usize = 400;

/// How soon a run is looked at for the first time; each look after that comes later, up to [`SLOWEST`].
const FIRST_LOOK: Duration = Duration::from_secs(1);
const SLOWEST: Duration = Duration::from_secs(15);
/// How long a run may take to appear.
const APPEARS: Duration = Duration::from_secs(120);
/// How long what works until its primary is back is watched: it is well when it still works then.
const SETTLE: Duration = Duration::from_secs(10);
/// How long a call of a function may take.
const CALL: Duration = Duration::from_secs(60);
/// How far before the drill its run may have been made, by another clock.
const CLOCKS: Duration = Duration::from_secs(300);

/// How a drill is done.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// Makes its key one of its own.
    pub word: &'a str,
    /// Whether nothing may work.
    pub dry: Dry,
    /// How long the backup may work.
    pub limit: Duration,
}

/// Whether the work itself is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dry {
    /// Everything but the work.
    Yes,
    /// All of it.
    No,
}

/// Why there was no drill. Nothing was started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoDrill {
    /// The backup, or its primary, works right now.
    #[error("`{0}` is at work, and the same work is not done twice at once: drill it later")]
    AtWork(AutomationId),
    /// Whether something works cannot be told.
    #[error("whether `{0}` is at work cannot be told: {1}")]
    Unknown(AutomationId, String),
    /// Its platform is out of reach, or knows no dry drill.
    #[error("`{0}` cannot be drilled there: {1}")]
    NotThere(AutomationId, String),
}

impl Order<'_> {
    fn key(&self) -> EffectKey {
        let beginning = match self.dry {
            Dry::Yes => DRY_KEY,
            Dry::No => KEY,
        };
        EffectKey(format!("{beginning}{}", self.word))
    }
}

impl<H: Host> World<H> {
    /// What a watcher would start elsewhere in place of this automation, and this body can reach: what fails apart from it
    /// first.
    pub fn backups_elsewhere(&self, id: &AutomationId) -> Vec<AutomationId> {
        let Some(target) = self.target(id) else { return Vec::new() };
        let mut found: Vec<AutomationId> = target
            .backup
            .iter()
            .filter_map(|remedy| match remedy {
                Remedy::Other(id) => Some(id.clone()),
                Remedy::Again | Remedy::Restore | Remedy::Redeploy | Remedy::RollBack | Remedy::Ssh => None,
            })
            .filter(|other| self.platforms.is_in_reach(other))
            .collect();
        found.sort_by_key(|other| other.kind().domain() == target.domain);
        found
    }

    fn target(&self, id: &AutomationId) -> Option<&Target> {
        self.mesh.targets.iter().find(|target| target.id == *id)
    }

    /// Starts the backup where it stands, and waits for its end: `Ok(Err(…))` says why it is no success.
    ///
    /// # Errors
    /// [`NoDrill`]; nothing was started.
    pub async fn drill(
        &self,
        id: &AutomationId,
        backup: &AutomationId,
        order: &Order<'_>,
    ) -> Result<Result<(), String>, NoDrill> {
        let target = self.target(id);
        match backup.kind().started_by() {
            Starter::Github => {
                let slot = target.and_then(newest_slot);
                let works_on = target.and_then(Target::served_by).is_some_and(|serves| serves == backup);
                Box::pin(self.platforms.drill_workflow((id, backup), order, slot, works_on)).await
            }
            Starter::Netlify => self.platforms.drill_function(backup, order).await,
            Starter::Agent | Starter::Nobody => {
                Err(NoDrill::NotThere(backup.clone(), "it is started on its own machine".to_owned()))
            }
        }
    }

    /// Keeps a drill where all watchers find it: in every shared store that decides.
    ///
    /// # Errors
    /// The names of the stores that were not reached; those that were keep it.
    pub async fn note_drill(&self, drill: &Drill) -> Result<(), String> {
        let mut missed = Vec::new();
        for (name, store) in self.shared() {
            let drill = drill.clone();
            let change = move |held: Option<&[u8]>| Some(with(held, &drill));
            if store.change_note(NOTE, &change).await.is_err() {
                missed.push(name.to_owned());
            }
        }
        if missed.is_empty() {
            Ok(())
        } else {
            Err(format!("these stores were not told: {}", missed.join(", ")))
        }
    }

    /// The drills that the shared stores know of. One that does not answer knows of none.
    pub async fn noted_drills(&self) -> Vec<Drill> {
        let mut found = Vec::new();
        for (_, store) in self.shared() {
            if let Ok(Some(bytes)) = store.note(NOTE).await {
                found.extend(noted(&bytes));
            }
        }
        found
    }

    fn shared(&self) -> impl Iterator<Item = (&str, &dyn Store)> {
        let setup = &self.joined.setup;
        setup.stores.iter().enumerate().filter_map(|(number, store)| {
            let is_shared = setup.evidence.contains(&number) && store.may_decide();
            Some((store.name.as_str(), &**self.stores.get(number).filter(|_| is_shared)?))
        })
    }
}

/// The note. What another version has written into it and this one cannot read is left out.
#[derive(Debug, Serialize, Deserialize)]
struct Noted {
    version: u32,
    drills: Vec<serde_json::Value>,
}

fn noted(bytes: &[u8]) -> Vec<Drill> {
    let read = serde_json::from_slice::<Noted>(bytes).ok();
    let drills = read.map(|noted| noted.drills).unwrap_or_default();
    drills.into_iter().filter_map(|drill| serde_json::from_value(drill).ok()).collect()
}

/// The note with one more drill: of each automation the newest with a run, and the newest without one.
fn with(held: Option<&[u8]>, drill: &Drill) -> Bytes {
    let mut all = held.map(noted).unwrap_or_default();
    all.push(drill.clone());
    let newest = latest(&all);
    let mut kept: Vec<&Drill> = newest.values().flat_map(|one| one.real.into_iter().chain(one.dry)).collect();
    kept.sort_by_key(|drill| std::cmp::Reverse(drill.at));
    kept.truncate(MAX_NOTED);
    let drills = kept.into_iter().filter_map(|drill| serde_json::to_value(drill).ok()).collect();
    serde_json::to_vec(&Noted { version: 1, drills }).unwrap_or_default().into()
}

/// The newest slot: what asks for its cron expression then finds it.
fn newest_slot(target: &Target) -> Option<StoreTime> {
    let Timing::Slots { schedules, .. } = &target.timing else { return None };
    let now = Timestamp::now();
    let of = |spec: &standin_core::automation::ScheduleSpec| {
        Schedule::parse(&spec.cron, &spec.timezone).ok()?.previous_at_or_before(now)
    };
    schedules.iter().filter_map(of).max().map(StoreTime::from)
}

impl Platforms {
    fn is_in_reach(&self, id: &AutomationId) -> bool {
        match id.kind().started_by() {
            Starter::Github => self.github.is_some(),
            Starter::Netlify => self.netlify.is_some(),
            Starter::Agent | Starter::Nobody => false,
        }
    }

    async fn drill_workflow(
        &self,
        (id, backup): (&AutomationId, &AutomationId),
        order: &Order<'_>,
        slot: Option<StoreTime>,
        works_on: bool,
    ) -> Result<Result<(), String>, NoDrill> {
        let not_there = |why: &str| NoDrill::NotThere(backup.clone(), why.to_owned());
        let github = self.github.as_ref().ok_or_else(|| not_there("GitHub is out of reach"))?;
        let file: WorkflowFile =
            backup.name().parse().map_err(|_| not_there("its name is none of a workflow"))?;
        let since = Timestamp::now().checked_sub(CLOCKS).map_err(|error| not_there(&error.to_string()))?;
        for one in [id, backup].into_iter().filter(|one| one.kind() == Kind::Workflow) {
            match self.at_work(one.name()).await {
                Some(runs) if runs.is_empty() => {}
                Some(_) => return Err(NoDrill::AtWork(one.clone())),
                None => {
                    let why = self.troubles.take().into_iter().next();
                    let why = why.unwrap_or_else(|| "GitHub does not say; look at the token".to_owned());
                    return Err(NoDrill::Unknown(one.clone(), why));
                }
            }
        }
        let (key, latest) = (order.key(), Instant::now() + order.limit);
        let dispatch =
            Dispatch { key: key.clone(), attempt: 1, slot, inputs: BTreeMap::new(), asleep: Asleep::Enable };
        let done = Box::pin(github.dispatch(&file, &dispatch)).await;
        match (done.sent, done.error) {
            (Sent::Accepted, _) => {}
            (Sent::Refused, error) => {
                let why = error.map_or_else(|| "it was refused".to_owned(), |error| error.to_string());
                return Ok(Err(format!("it could not be dispatched: {why}")));
            }
            (Sent::Unknown, _) => return Ok(Err("whether it was dispatched is not known".to_owned())),
        }
        let is_it = move |run: &Run| done.run == Some(run.id) || run.carries(&key);
        Ok(self.awaited(github, &file, (since, latest), is_it, works_on).await)
    }

    /// The end of a run. One that works on until it is stopped is watched for a while, and stopped.
    async fn awaited(
        &self,
        github: &Github,
        file: &WorkflowFile,
        (since, latest): (Timestamp, Instant),
        is_it: impl Fn(&Run) -> bool,
        works_on: bool,
    ) -> Result<(), String> {
        let appears = (Instant::now() + APPEARS).min(latest);
        let (mut pause, mut last, mut running) = (FIRST_LOOK, None::<Run>, None::<Instant>);
        loop {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(SLOWEST);
            // A look that fails says nothing: the next one may not.
            let seen = Box::pin(github.survey(std::slice::from_ref(file), since)).await.ok();
            let found = seen.and_then(|mut survey| survey.workflows.remove(file));
            last = found.and_then(|seen| seen.runs.into_iter().find(|run| is_it(run))).or(last);
            match last.as_ref().map(|run| (run.id, run.phase)) {
                Some((_, Phase::Succeeded)) => return Ok(()),
                Some((run, Phase::Failed)) => return Err(format!("its run {run} failed")),
                Some((run, Phase::Cancelled)) => return Err(format!("its run {run} was cancelled")),
                Some((run, Phase::Skipped)) => return Err(format!("all of its run {run} was skipped")),
                Some((run, Phase::Stuck)) => return Err(format!("its run {run} finds no runner")),
                Some((run, Phase::Running)) if works_on => {
                    let began = *running.get_or_insert_with(Instant::now);
                    if began.elapsed() >= SETTLE {
                        return cancelled(github, run).await.map_err(|why| format!("its run {run} {why}"));
                    }
                }
                Some((run, Phase::Queued | Phase::Running)) if Instant::now() >= latest => {
                    let end = cancelled(github, run).await;
                    let end = end.err().unwrap_or_else(|| "was cancelled".to_owned());
                    return Err(format!("its run {run} took longer than its limit and {end}"));
                }
                None if Instant::now() >= appears => {
                    return Err("it was dispatched, and has no run".to_owned());
                }
                Some((_, Phase::Queued | Phase::Running)) | None => {}
            }
        }
    }

    async fn drill_function(
        &self,
        backup: &AutomationId,
        order: &Order<'_>,
    ) -> Result<Result<(), String>, NoDrill> {
        let not_there = |why: &str| NoDrill::NotThere(backup.clone(), why.to_owned());
        if order.dry == Dry::Yes {
            return Err(not_there("a call of a function does its work, so that it cannot be drilled dry"));
        }
        let netlify = self.netlify.as_ref().ok_or_else(|| not_there("Netlify is out of reach"))?;
        let invocation = Invocation {
            function: backup.name().to_owned(),
            mode: Mode::Synchronous,
            bearer: self.token.clone(),
            key: order.key(),
            attempt: 1,
            slot: None,
            timeout: CALL.min(order.limit),
        };
        let done = Box::pin(netlify.invoke(&invocation)).await;
        Ok(match (done.sent, done.error) {
            (Sent::Accepted, _) => Ok(()),
            (Sent::Refused | Sent::Unknown, Some(error)) => Err(error.to_string()),
            (Sent::Refused | Sent::Unknown, None) => Err("it did not answer that it did its work".to_owned()),
        })
    }
}

/// Has GitHub cancel a run; an error says that it may still work.
async fn cancelled(github: &Github, run: u64) -> Result<(), String> {
    let done = github.cancel(run).await;
    match (done.sent, done.error) {
        (Sent::Accepted, _) => Ok(()),
        (Sent::Refused | Sent::Unknown, Some(error)) => Err(format!("works on: {error}")),
        (Sent::Refused | Sent::Unknown, None) => {
            Err("works on: GitHub was not heard to cancel it".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use standin_core::drill::{Backup, Outcome};

    use super::*;

    fn drill(id: &str, second: i64, dry: bool) -> Drill {
        Drill {
            id: id.parse().unwrap(),
            backup: Backup::Here,
            at: Timestamp::from_second(second).unwrap(),
            took: Duration::from_secs(1),
            outcome: Outcome::Passed,
            dry,
        }
    }

    #[test]
    fn the_note_keeps_the_newest_of_each_kind_and_forgets_the_rest() {
        let mut note = with(None, &drill("workflow:a.yml", 1, false));
        for (second, dry) in [(3, false), (2, false), (4, true)] {
            note = with(Some(&note), &drill("workflow:a.yml", second, dry));
        }
        note = with(Some(&note), &drill("workflow:b.yml", 1, false));
        let mut kept: Vec<(String, i64)> =
            noted(&note).iter().map(|one| (one.id.to_string(), one.at.as_second())).collect();
        kept.sort();
        let wanted = [("workflow:a.yml", 3), ("workflow:a.yml", 4), ("workflow:b.yml", 1)];
        assert_eq!(kept, wanted.map(|(id, second)| (id.to_owned(), second)));
    }

    #[test]
    fn a_note_of_another_version_is_read_as_far_as_it_goes() {
        let known = serde_json::to_value(drill("workflow:a.yml", 1, false)).unwrap();
        let text = serde_json::json!({ "version": 2, "drills": [{ "new": true }, known], "more": 1 });
        assert_eq!(noted(text.to_string().as_bytes()).len(), 1);
        assert_eq!(noted(b"not json").len(), 0);
    }

    #[test]
    fn the_note_never_grows_beyond_its_limit() {
        let mut note = None::<Bytes>;
        for number in 0..MAX_NOTED + 20 {
            let one = drill(&format!("workflow:w{number}.yml"), i64::try_from(number).unwrap() + 1, false);
            note = Some(with(note.as_deref(), &one));
        }
        let kept = noted(&note.unwrap());
        assert_eq!(kept.len(), MAX_NOTED);
        assert!(kept.iter().all(|one| one.at.as_second() > 20), "the oldest go");
    }
}
