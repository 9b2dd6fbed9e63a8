//! One watch cycle of a body, and what it came to: [`CheckV1`] is what the Action, the function and `standin check` say.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use standin_config::mesh::{PeerKind, Remedy, Timing};
use standin_core::health::{Health, Priority, score};
use standin_core::mesh::claim::End;
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::BeatNumber;
use standin_engine::mesh::record::{Carry, Record};
use standin_engine::mesh::{Deed, Report};
use standin_engine::ports::mesh::{Fact, Number};
use standin_engine::render::{Cell, Doc, Part, Tone};

use crate::alerts::{Alert, Level};
use crate::drive::drive;
use crate::host::Host;
use crate::setup::Subject;
use crate::world::World;

/// What one watch cycle saw and did. Times are RFC 3339, durations seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckV1 {
    /// Always 1.
    pub version: u32,
    /// When it ended, by this machine's clock.
    pub at: Timestamp,
    /// Which watcher looked.
    pub by: String,
    /// The score over what is watched, 0 to 100; `None` when nothing is known.
    pub score: Option<u32>,
    /// The worst that is known.
    pub state: Health,
    /// The watchers.
    pub peers: Vec<PeerSeenV1>,
    /// What they watch, ordered by id.
    pub targets: Vec<TargetSeenV1>,
    /// What people were told.
    pub alerts: Vec<Alert>,
    /// What this watcher has no address or no secret for.
    pub missing: Vec<String>,
    /// What platforms refused and stores did not answer, each with what to do about it.
    pub troubles: Vec<String>,
    /// Requests over the network.
    pub requests: u64,
}

/// One watcher, as this one sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerSeenV1 {
    /// Its name.
    pub id: String,
    /// What it is: `action`, `netlify`, `lambda` or `agent`.
    pub kind: String,
    /// How it is: healthy, unhealthy when its beat is overdue, unknown when none was ever read.
    pub health: Health,
    /// For how many seconds its next beat is overdue, by the clock of the store that it was read from.
    pub overdue: u64,
    /// When it last gave a sign of life, by that clock.
    pub last: Option<Timestamp>,
}

/// One automation, as this watcher sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetSeenV1 {
    /// Its id.
    pub id: String,
    /// How it is.
    pub health: Health,
    /// Its weight.
    pub priority: Priority,
    /// Why, in a few words.
    pub reason: String,
    /// What helps when it is not well, in order; empty when only a person can.
    pub backup: Vec<String>,
}

/// What a world has seen in one cycle.
#[derive(Debug, Default)]
pub struct Seen {
    facts: Mutex<BTreeMap<Number, Fact>>,
    records: Mutex<BTreeMap<String, (Arc<Record>, StoreTime)>>,
}

impl Seen {
    pub(crate) fn facts(&self, facts: &[(Number, Fact)]) {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).extend(facts.iter().copied());
    }

    /// Records as one store has them, when its clock said `at`. Of several the newest counts.
    pub(crate) fn records(&self, records: &[Arc<Record>], at: StoreTime) {
        let mut known = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        for record in records {
            let name = record.beat.peer.as_str();
            let is_newer = known.get(name).is_none_or(|(held, _)| held.beat.number < record.beat.number);
            if is_newer {
                known.insert(name.to_owned(), (Arc::clone(record), at));
            }
        }
    }
}

/// What a cycle left to a body with memory, and what it says.
#[derive(Debug, Clone)]
pub struct Checked {
    /// For the next cycle.
    pub brought: Option<(Carry, BeatNumber)>,
    /// For people and programs.
    pub said: CheckV1,
}

/// Runs one cycle.
pub async fn check<H: Host>(world: &Arc<World<H>>, brought: Option<(Carry, BeatNumber)>) -> Checked {
    let setup = Arc::new(world.joined().setup.clone());
    let report = Box::pin(drive(setup, brought, Arc::clone(world))).await;
    if let Some(report) = &report {
        world.tell(report).await;
    }
    let mut said = said(world);
    if let Some(report) = &report {
        note_helped(world, report, &mut said);
    }
    Checked { said, brought: report.map(|report| (report.carry, report.number)) }
}

/// What was seen before it was helped, and is well since, is said as it is now.
fn note_helped<H: Host>(world: &World<H>, report: &Report, said: &mut CheckV1) {
    for deed in &report.deeds {
        let Deed::Tried { target, end: End::Executed | End::Recovered, .. } = deed else { continue };
        let name = world.joined().target(*target);
        if let Some(target) = said.targets.iter_mut().find(|target| target.id == name) {
            target.health = Health::Healthy;
            target.reason = "it was not well, and is now".to_owned();
        }
    }
    let whole = score(said.targets.iter().map(|target| (target.health, target.priority)));
    (said.score, said.state) = (whole.score, whole.state);
}

/// What a world has seen so far.
pub(crate) fn said<H>(world: &World<H>) -> CheckV1
where
    H: Host,
{
    let targets = targets(world);
    let whole = score(targets.iter().map(|target| (target.health, target.priority)));
    CheckV1 {
        version: 1,
        at: Timestamp::now(),
        by: world.joined().setup.own_id().map(ToString::to_string).unwrap_or_default(),
        score: whole.score,
        state: whole.state,
        peers: peers(world),
        targets,
        alerts: world.alerts().take(),
        missing: world.missing().to_vec(),
        troubles: world.troubles(),
        requests: world.requests(),
    }
}

fn peers<H: Host>(world: &World<H>) -> Vec<PeerSeenV1> {
    let records = world.seen().records.lock().unwrap_or_else(PoisonError::into_inner);
    let peer = |peer: &standin_config::mesh::PeerSettings| {
        let known = records.get(peer.name.as_str());
        let overdue = known.map_or(0, |(record, at)| at.since(record.beat.due));
        let silent_after = u64::try_from(peer.silent_after.as_millis()).unwrap_or(u64::MAX);
        PeerSeenV1 {
            id: peer.name.to_string(),
            kind: match peer.kind {
                PeerKind::Action { .. } => "action",
                PeerKind::Netlify { .. } => "netlify",
                PeerKind::Lambda { .. } => "lambda",
                PeerKind::Agent { .. } => "agent",
            }
            .to_owned(),
            health: match known {
                None => Health::Unknown,
                Some(_) if overdue > silent_after => Health::Failed,
                Some(_) if overdue > 0 => Health::Late,
                Some(_) => Health::Healthy,
            },
            overdue: overdue / 1_000,
            last: known.and_then(|(record, _)| Timestamp::from_millisecond(record.beat.stamp.0).ok()),
        }
    };
    world.mesh().peers.iter().map(peer).collect()
}

fn targets<H: Host>(world: &World<H>) -> Vec<TargetSeenV1> {
    let facts = world.seen().facts.lock().unwrap_or_else(PoisonError::into_inner);
    let mut targets = Vec::new();
    for (number, subject) in world.joined().subjects.iter().enumerate() {
        let Subject::Automation(place) = subject else { continue };
        let Some(target) = world.mesh().targets.get(*place) else { continue };
        let (health, reason) = judged(facts.get(&number).copied(), &target.timing);
        targets.push(TargetSeenV1 {
            id: target.id.to_string(),
            health,
            priority: target.priority,
            reason,
            backup: target.backup.iter().map(Remedy::to_string).collect(),
        });
    }
    targets
}

fn judged(fact: Option<Fact>, timing: &Timing) -> (Health, String) {
    match (fact, timing) {
        (None | Some(Fact::Unknown), _) => (Health::Unknown, "nothing is known of it here".to_owned()),
        (Some(Fact::Stopped), _) => (Health::Stopped, "somebody has stopped it".to_owned()),
        (Some(Fact::Well), _) => (Health::Healthy, "it is well".to_owned()),
        (Some(Fact::Down), _) => (Health::Failed, "it is down".to_owned()),
        (Some(Fact::Covered(slot)), _) if slot.0 <= 0 => {
            (Health::Failed, "its newest due slot has no run that has not failed".to_owned())
        }
        (Some(Fact::Covered(slot)), _) => (Health::Healthy, format!("its slot of {slot} has a run")),
    }
}

/// The page of a cycle.
pub fn page(check: &CheckV1) -> Doc {
    let whole = match check.score {
        Some(score) => format!("Health {score} of 100; the worst is {}.", check.state),
        None => "Nothing is known yet.".to_owned(),
    };
    let mut parts = vec![Part::Line(whole)];
    parts.push(Part::Heading("Watchers".to_owned()));
    parts.push(Part::Table {
        head: vec!["watcher", "kind", "health", "last sign of life"],
        rows: check.peers.iter().map(peer_row).collect(),
    });
    if !check.targets.is_empty() {
        parts.push(Part::Heading("Automations".to_owned()));
        parts.push(Part::Table {
            head: vec!["automation", "health", "reason", "what helps"],
            rows: check.targets.iter().map(target_row).collect(),
        });
    }
    if !check.alerts.is_empty() {
        parts.push(Part::Heading("What happened".to_owned()));
        let row = |alert: &Alert| {
            vec![
                Cell::plain(&alert.about),
                Cell::toned(&alert.what, tone(alert.level)),
                Cell::plain(&alert.text),
            ]
        };
        parts.push(Part::Table {
            head: vec!["about", "what", "in words"],
            rows: check.alerts.iter().map(row).collect(),
        });
    }
    parts.extend(check.missing.iter().chain(&check.troubles).map(|text| Part::Line(text.clone())));
    Doc { title: format!("Standin: what `{}` sees", check.by), parts }
}

fn peer_row(peer: &PeerSeenV1) -> Vec<Cell> {
    let last = match peer.last {
        Some(last) if peer.overdue > 0 => format!("{last:.0} (overdue for {} s)", peer.overdue),
        Some(last) => format!("{last:.0}"),
        None => "never".to_owned(),
    };
    vec![Cell::plain(&peer.id), Cell::plain(&peer.kind), health(peer.health), Cell::plain(last)]
}

fn target_row(target: &TargetSeenV1) -> Vec<Cell> {
    let backup =
        if target.backup.is_empty() { "nothing: a person".to_owned() } else { target.backup.join(", ") };
    vec![Cell::plain(&target.id), health(target.health), Cell::plain(&target.reason), Cell::plain(backup)]
}

fn health(health: Health) -> Cell {
    let tone = match health {
        Health::Healthy => Tone::Good,
        Health::Late | Health::Stopped => Tone::Warn,
        Health::Unhealthy | Health::Failed => Tone::Bad,
        Health::Unknown => Tone::Dim,
    };
    Cell::toned(health.to_string(), tone)
}

const fn tone(level: Level) -> Tone {
    match level {
        Level::Good => Tone::Good,
        Level::Warning => Tone::Warn,
        Level::Critical => Tone::Bad,
    }
}
