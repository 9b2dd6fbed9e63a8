//! The first and the last step of an automation's own workflow: the slot is claimed, and its end is said.

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use standin_body::alerts::Level;
use standin_body::by_hand::SlotSeen;
use standin_body::drill::{DRY_KEY, KEY};
use standin_body::slot::{Claimant, Claimed, SlotState};
use standin_config::mesh::{Target, Timing};
use standin_core::automation::ScheduleSpec;
use standin_core::effect::EffectKey;
use standin_core::ident::Kind;
use standin_core::mesh::rank::slot_key;
use standin_core::schedule::Schedule;

use crate::Ended;
use crate::inputs::Inputs;
use crate::output::{annotate, output};
use crate::part::{Part, take};

/// A generated backup starts at most half as long after its primary: what was due before is somebody else's to bring
/// back.
const LATEST: SignedDuration = SignedDuration::from_hours(12);

/// No generated backup starts so soon after its primary: what was due a moment ago is of another of its schedules, and
/// the primary may still come.
const EARLIEST: SignedDuration = SignedDuration::from_mins(10);

/// Whose slot it is, and by what right.
struct Slot {
    key: EffectKey,
    attempt: u8,
    /// Whether a run without an order comes before its deadline.
    is_in_time: bool,
    /// Which of the automation's expressions it is of; empty when none is known.
    cron: String,
    /// Whether it is of a drill: it has a key of its own, and no heartbeat hides a primary that is dead.
    drill: Drill,
    /// When it is, where a backup's own schedule came: nobody has looked whether the primary has worked.
    unseen: Option<Timestamp>,
}

/// Whether a run is a drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drill {
    /// It is meant.
    No,
    /// It does the work, so that somebody sees that it can.
    Real,
    /// It does everything but the work.
    Dry,
}

impl Drill {
    fn of(key: &str) -> Self {
        match (key.starts_with(DRY_KEY), key.starts_with(KEY)) {
            (true, _) => Self::Dry,
            (false, true) => Self::Real,
            (false, false) => Self::No,
        }
    }
}

/// What came of the attempt at one slot.
enum Step {
    /// The work begins, or the run ends without it.
    Settled { runs: bool, ended: Ended },
    /// Another does it, as this text says.
    Aside(String),
}

/// Claims the slot, and says that the work begins. The output `run` says whether it may.
pub(crate) async fn begin(inputs: &Inputs) -> Result<Ended> {
    let part = take(inputs).await?;
    let (number, target) = target(&part, inputs)?;
    let slots = slots(inputs, &target);
    if slots.is_empty() {
        // Started by hand: there is no slot, and nothing to be done twice.
        ping(&part, inputs, "/start").await;
        output(&inputs.env, "run", "true")?;
        return Ok(Ended::Fine);
    }
    let mut told = Vec::new();
    for slot in &slots {
        match attempt(&part, inputs, (number, &target), slot).await? {
            Step::Settled { runs, ended } => return settled(inputs, slot, runs, ended),
            Step::Aside(text) => told.push(text),
        }
    }
    told.iter().for_each(|text| annotate(Level::Good, target.id.as_str(), text));
    slots.first().map_or(Ok(Ended::Fine), |slot| settled(inputs, slot, false, Ended::Fine))
}

/// Says to the steps that follow what has come out, and of which slot.
fn settled(inputs: &Inputs, slot: &Slot, runs: bool, ended: Ended) -> Result<Ended> {
    output(&inputs.env, "cron", &slot.cron)?;
    output(&inputs.env, "key", &slot.key.0)?;
    output(&inputs.env, "run", if runs { "true" } else { "false" })?;
    Ok(ended)
}

async fn attempt(part: &Part, inputs: &Inputs, target: (usize, &Target), slot: &Slot) -> Result<Step> {
    let (number, target) = target;
    if let Some(step) = aside(part, target, slot).await {
        return Ok(step);
    }
    let store = part.world.store_of(number).context("no store decides about this automation")?;
    let who = Claimant {
        attempt: slot.attempt,
        run: &inputs.run.name,
        now: Timestamp::now().as_millisecond(),
        ordered: ordered(part, inputs, slot.attempt).await,
    };
    let id = &target.id;
    let (runs, ended) = match store.claim(&slot.key, who).await {
        Claimed::Go if slot.drill == Drill::Dry => {
            let text = format!("a dry drill of {id}: it could do its work, and does not");
            annotate(Level::Good, id.as_str(), &text);
            (false, Ended::Fine)
        }
        Claimed::Go => (true, Ended::Fine),
        Claimed::StepAside(by) => {
            return Ok(Step::Aside(format!("{id} steps aside: its slot is done by {}", by.run)));
        }
        Claimed::CannotTell if slot.attempt == 0 && slot.is_in_time => {
            let text = "the store of the slots cannot be asked; this run is in time, so it does its work";
            annotate(Level::Warning, id.as_str(), text);
            (true, Ended::Fine)
        }
        Claimed::CannotTell => {
            let text = "whether another has done this slot cannot be told, so nothing was done";
            annotate(Level::Critical, id.as_str(), text);
            (false, Ended::Platform)
        }
    };
    if runs && slot.drill == Drill::No {
        ping(part, inputs, "/start").await;
    }
    Ok(Step::Settled { runs, ended })
}

/// Says how the work ended.
pub(crate) async fn end(inputs: &Inputs) -> Result<Ended> {
    let part = take(inputs).await?;
    let (number, target) = target(&part, inputs)?;
    let state = match inputs.status.as_deref() {
        Some("success") => SlotState::Done,
        Some("failure" | "cancelled") => SlotState::Failed,
        other => anyhow::bail!(
            "`{}` is no status of a job: write `status: ${{{{ job.status }}}}` under `with:`",
            other.unwrap_or("")
        ),
    };
    let slots = slots(inputs, &target);
    if let Some(store) = part.world.store_of(number) {
        // Only the one that this run holds is ended.
        for slot in &slots {
            store.end(&slot.key, &inputs.run.name, state).await;
        }
    }
    if slots.iter().any(|slot| slot.drill != Drill::No) {
        return Ok(Ended::Fine);
    }
    ping(&part, inputs, if state == SlotState::Done { "" } else { "/fail" }).await;
    Ok(Ended::Fine)
}

/// A backup that its own schedule has started steps aside for a primary that has worked without a claim, and for one
/// that a person has stopped.
async fn aside(part: &Part, target: &Target, slot: &Slot) -> Option<Step> {
    let at = slot.unseen.filter(|_| target.id.kind() == Kind::Workflow)?;
    let id = target.id.as_str();
    match part.world.covered(target.id.name(), at).await {
        Some(SlotSeen::Missed) => None,
        Some(SlotSeen::Covered) => {
            Some(Step::Aside(format!("{id} has a run for its slot of {at:.0}: its backup steps aside")))
        }
        Some(SlotSeen::Stopped) => Some(Step::Aside(format!(
            "a person has disabled {id}: its backup steps aside until it is enabled"
        ))),
        None => {
            let text = "whether it has run cannot be told, so its backup has done nothing";
            annotate(Level::Critical, id, text);
            Some(Step::Settled { runs: false, ended: Ended::Platform })
        }
    }
}

fn target(part: &Part, inputs: &Inputs) -> Result<(usize, Target)> {
    let id = inputs.automation()?;
    let joined = part.world.joined();
    let found = joined.setup.targets.iter().position(|target| target.target.to_string() == id.as_str());
    let target = part.repository.mesh.targets.iter().find(|target| target.id == id);
    found.zip(target.cloned()).with_context(|| {
        format!("`{id}` is not watched here: it has no schedule; `standin scan` lists what there is")
    })
}

/// The slots that this run may be for, the first that nobody has done: of its order, else the newest of the schedule
/// that started it. None if a person has started it.
fn slots(inputs: &Inputs, target: &Target) -> Vec<Slot> {
    if let Some(key) = inputs.run.event.input("standin-key") {
        let attempt = inputs.run.event.input("standin-attempt").and_then(|text| text.parse().ok());
        let at = inputs.run.event.input("standin-slot").and_then(|text| text.parse().ok());
        let cron = at.map_or_else(String::new, |at| cron_of(target, at));
        let drill = Drill::of(&key);
        let (key, attempt) = (EffectKey(key), attempt.unwrap_or(1));
        return vec![Slot { key, attempt, is_in_time: false, cron, drill, unseen: None }];
    }
    match (&inputs.run.event.schedule, &target.timing) {
        (Some(_), Timing::Slots { schedules, deadline }) if is_backup(inputs, target) => {
            stood_in(target, schedules, *deadline)
        }
        (Some(cron), Timing::Slots { schedules, deadline }) => {
            own(target, schedules, cron, *deadline).into_iter().collect()
        }
        (None, Timing::Slots { .. } | Timing::Standing) | (Some(_), Timing::Standing) => Vec::new(),
    }
}

/// The newest slots of the primary, of each of its schedules, that a backup's own schedule comes after: the newest of all,
/// and what was due within [`LATEST`]. Nobody has given it an order.
fn stood_in(target: &Target, schedules: &[ScheduleSpec], deadline: u64) -> Vec<Slot> {
    let deadline = SignedDuration::from_millis(i64::try_from(deadline).unwrap_or(i64::MAX));
    let Ok(now) = Timestamp::now().checked_sub(deadline.min(EARLIEST)) else { return Vec::new() };
    let mut due: Vec<Timestamp> = schedules.iter().filter_map(|spec| newest(spec, now)).collect();
    due.sort_unstable_by(|a, b| b.cmp(a));
    due.dedup();
    let is_late = |at: Timestamp| now.duration_since(at) > LATEST;
    let due = due.into_iter().enumerate().filter(|(nth, at)| *nth == 0 || !is_late(*at));
    due.map(|(_, at)| Slot {
        key: slot_key(&target.id, at),
        attempt: 1,
        is_in_time: false,
        cron: cron_of(target, at),
        drill: Drill::No,
        unseen: Some(at),
    })
    .collect()
}

/// The slot of an automation whose own schedule has started it.
fn own(target: &Target, schedules: &[ScheduleSpec], cron: &str, deadline: u64) -> Option<Slot> {
    let now = Timestamp::now();
    let own = schedules.iter().filter(|spec| spec.cron == cron).filter_map(|spec| newest(spec, now)).max();
    let slot = own.or_else(|| schedules.iter().filter_map(|spec| newest(spec, now)).max())?;
    let late = now.as_millisecond().saturating_sub(slot.as_millisecond());
    let is_in_time = u64::try_from(late).unwrap_or(0) <= deadline;
    let (key, cron) = (slot_key(&target.id, slot), cron.to_owned());
    Some(Slot { key, attempt: 0, is_in_time, cron, drill: Drill::No, unseen: None })
}

fn newest(spec: &ScheduleSpec, now: Timestamp) -> Option<Timestamp> {
    Schedule::parse(&spec.cron, &spec.timezone).ok()?.previous_at_or_before(now)
}

/// Whether the run is of another workflow than the one that the slot is of.
fn is_backup(inputs: &Inputs, target: &Target) -> bool {
    let own = inputs.run.workflow.as_deref();
    own.is_some_and(|own| target.id.kind() != Kind::Workflow || own != target.id.name())
}

/// The expression that has a slot at this time.
fn cron_of(target: &Target, at: Timestamp) -> String {
    let Timing::Slots { schedules, .. } = &target.timing else { return String::new() };
    let has = |spec: &&ScheduleSpec| {
        let schedule = Schedule::parse(&spec.cron, &spec.timezone).ok();
        schedule.and_then(|schedule| schedule.previous_at_or_before(at)) == Some(at)
    };
    schedules.iter().find(has).map_or_else(String::new, |spec| spec.cron.clone())
}

/// When the order was given: when GitHub made the run. Nobody else has a clock that all agree on.
async fn ordered(part: &Part, inputs: &Inputs, attempt: u8) -> Option<i64> {
    if attempt == 0 || inputs.run.event.schedule.is_some() {
        return None;
    }
    part.world.created(inputs.run.id?).await.map(|at| at.as_millisecond())
}

/// Tells the automation's own heartbeat URL. It fails open.
async fn ping(part: &Part, inputs: &Inputs, signal: &str) {
    let Some(url) = &inputs.ping_url else { return };
    let http = part.world.http();
    let url = format!("{}{signal}", url.expose_secret().trim_end_matches('/'));
    let text = match http.send(http.client().post(url), 4_096).await {
        Ok(reply) if reply.is_success() => return,
        Ok(reply) => format!("the heartbeat was refused with status {}", reply.status),
        Err(fault) => format!("the heartbeat was not taken: {fault}"),
    };
    annotate(Level::Warning, "heartbeat", &text);
}
