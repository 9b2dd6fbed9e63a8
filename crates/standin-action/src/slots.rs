//! The first and the last step of an automation's own workflow: the slot is claimed, and its end is said.

use anyhow::{Context, Result};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use standin_body::alerts::Level;
use standin_body::drill::{DRY_KEY, KEY};
use standin_body::slot::{Claimant, Claimed, SlotState};
use standin_config::mesh::{Target, Timing};
use standin_core::automation::ScheduleSpec;
use standin_core::effect::EffectKey;
use standin_core::ident::Kind;
use standin_core::mesh::rank::slot_key;
use standin_core::schedule::Schedule;
use standin_platforms::github::Covered;

use crate::Ended;
use crate::inputs::Inputs;
use crate::output::{annotate, output};
use crate::part::{Part, take};

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

/// Claims the slot, and says that the work begins. The output `run` says whether it may.
pub(crate) async fn begin(inputs: &Inputs) -> Result<Ended> {
    let part = take(inputs).await?;
    let (number, target) = target(&part, inputs)?;
    let Some(slot) = slot(inputs, &target) else {
        // Started by hand: there is no slot, and nothing to be done twice.
        ping(&part, inputs, "/start").await;
        output(&inputs.env, "run", "true")?;
        return Ok(Ended::Fine);
    };
    output(&inputs.env, "cron", &slot.cron)?;
    if let Some(ended) = aside(&part, inputs, &target, &slot).await? {
        return Ok(ended);
    }
    let store = part.world.store_of(number).context("no store decides about this automation")?;
    let who = Claimant {
        attempt: slot.attempt,
        run: &inputs.run.name,
        now: Timestamp::now().as_millisecond(),
        ordered: ordered(&part, inputs, slot.attempt).await,
    };
    let claimed = store.claim(&slot.key, who).await;
    output(&inputs.env, "key", &slot.key.0)?;
    let id = &target.id;
    let (goes, ended) = match claimed {
        Claimed::Go if slot.drill == Drill::Dry => {
            let text = format!("a dry drill of {id}: it could do its work, and does not");
            annotate(Level::Good, id.as_str(), &text);
            (false, Ended::Fine)
        }
        Claimed::Go => (true, Ended::Fine),
        Claimed::StepAside(by) => {
            annotate(Level::Good, id.as_str(), &format!("{id} steps aside: its slot is done by {}", by.run));
            (false, Ended::Fine)
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
    if goes && slot.drill == Drill::No {
        ping(&part, inputs, "/start").await;
    }
    output(&inputs.env, "run", if goes { "true" } else { "false" })?;
    Ok(ended)
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
    let slot = slot(inputs, &target);
    if let (Some(slot), Some(store)) = (&slot, part.world.store_of(number)) {
        store.end(&slot.key, &inputs.run.name, state).await;
    }
    if slot.is_some_and(|slot| slot.drill != Drill::No) {
        return Ok(Ended::Fine);
    }
    ping(&part, inputs, if state == SlotState::Done { "" } else { "/fail" }).await;
    Ok(Ended::Fine)
}

/// A backup that its own schedule has started steps aside for a primary that has worked without a claim.
async fn aside(part: &Part, inputs: &Inputs, target: &Target, slot: &Slot) -> Result<Option<Ended>> {
    let Some(at) = slot.unseen.filter(|_| target.id.kind() == Kind::Workflow) else { return Ok(None) };
    let id = target.id.as_str();
    let ended = match part.world.covered(target.id.name(), at).await {
        Some(Covered::No) => return Ok(None),
        Some(Covered::Yes) => {
            annotate(
                Level::Good,
                id,
                &format!("{id} has a run for its slot of {at:.0}: its backup steps aside"),
            );
            Ended::Fine
        }
        None => {
            let text = "whether it has run cannot be told, so its backup has done nothing";
            annotate(Level::Critical, id, text);
            Ended::Platform
        }
    };
    output(&inputs.env, "run", "false")?;
    Ok(Some(ended))
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

/// The slot that this run is for: of its order, else the newest of the schedule that started it.
fn slot(inputs: &Inputs, target: &Target) -> Option<Slot> {
    if let Some(key) = inputs.run.event.input("standin-key") {
        let attempt = inputs.run.event.input("standin-attempt").and_then(|text| text.parse().ok());
        let at = inputs.run.event.input("standin-slot").and_then(|text| text.parse().ok());
        let cron = at.map_or_else(String::new, |at| cron_of(target, at));
        let drill = Drill::of(&key);
        let (key, attempt) = (EffectKey(key), attempt.unwrap_or(1));
        return Some(Slot { key, attempt, is_in_time: false, cron, drill, unseen: None });
    }
    let cron = inputs.run.event.schedule.as_deref()?;
    let Timing::Slots { schedules, deadline } = &target.timing else { return None };
    let now = Timestamp::now();
    let newest =
        |spec: &ScheduleSpec| Schedule::parse(&spec.cron, &spec.timezone).ok()?.previous_at_or_before(now);
    if is_backup(inputs, target) {
        // It comes after its primary, so that the newest slot of all is meant; nobody has given it an order.
        let slot = schedules.iter().filter_map(newest).max()?;
        let (key, cron) = (slot_key(&target.id, slot), cron_of(target, slot));
        let drill = Drill::No;
        return Some(Slot { key, attempt: 1, is_in_time: false, cron, drill, unseen: Some(slot) });
    }
    let own = schedules.iter().filter(|spec| spec.cron == cron).filter_map(newest).max();
    let slot = own.or_else(|| schedules.iter().filter_map(newest).max())?;
    let late = now.as_millisecond().saturating_sub(slot.as_millisecond());
    let is_in_time = u64::try_from(late).unwrap_or(0) <= *deadline;
    let (key, cron) = (slot_key(&target.id, slot), cron.to_owned());
    Some(Slot { key, attempt: 0, is_in_time, cron, drill: Drill::No, unseen: None })
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
