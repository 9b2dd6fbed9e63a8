//! The answer as it is printed and kept: a frozen shape, of which fields are only ever added.

use jiff::Timestamp;
use serde::Serialize;

use super::fate::{epoch, length};
use super::tale::Moment;
use super::tally::{Count, Row, Tally, allowed};
use super::{Asked, Question};

/// The version of the shape.
pub const VERSION: u32 = 1;

/// What an outage would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AnswerV1 {
    /// [`VERSION`].
    pub version: u32,
    /// The first moment.
    pub from: Timestamp,
    /// How many days from there.
    pub days: u32,
    /// The seed that gives this answer again.
    pub seed: u64,
    /// The watchers, by name.
    pub watchers: Vec<String>,
    /// What was asked to be gone.
    pub outages: Vec<OutageV1>,
    /// What happens, in order: in the outages and eight hours after each, or the whole time when there is none.
    pub timeline: Vec<MomentV1>,
    /// What becomes of each automation, ordered by id.
    pub automations: Vec<ServedV1>,
    /// What is not simulated.
    pub left_out: Vec<LeftOutV1>,
    /// What would make good what an outage costs; empty when nothing is missing.
    pub advice: Vec<AdviceV1>,
    /// Broken laws of the protocol, which are a fault of Standin.
    pub faults: Vec<String>,
}

/// Something that is not simulated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOutV1 {
    /// Its id.
    pub id: String,
    /// Why.
    pub why: String,
}

/// One outage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutageV1 {
    /// What is gone.
    pub what: String,
    /// When it goes.
    pub from: Timestamp,
    /// When it is back.
    pub until: Timestamp,
    /// Who notices first; `null` when nobody does.
    pub noticed: Option<NoticedV1>,
}

/// Who notices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticedV1 {
    /// Which watcher.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Seconds after the outage began.
    pub after: u64,
}

/// What sort of moment it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MomentKind {
    /// Something goes.
    Gone,
    /// It is back.
    Back,
    /// A slot does not start by itself, not in time, or not at all.
    DoesNotStart,
    /// A watcher suspects another.
    Suspects,
    /// The agent sees that something is missing, and cannot act.
    Notices,
    /// A person is told.
    Tells,
    /// A watcher asks another to act.
    Asks,
    /// An attempt that cannot work while something is gone.
    TriesInVain,
    /// A backup runs a slot.
    RunsInstead,
    /// The agent brings something back on its machine.
    Restarts,
    /// A slot runs by itself, and late.
    RunsLate,
    /// A late run sees that its slot was served.
    StepsAside,
    /// A slot runs again although it was served.
    RunsTwice,
}

/// One moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MomentV1 {
    /// When.
    pub at: Timestamp,
    /// What sort of moment.
    pub kind: MomentKind,
    /// Who does it, or to whom it happens.
    pub who: String,
    /// What, for people.
    pub what: String,
    /// The automation that it is about; `null` when it is about none.
    pub automation: Option<String>,
    /// The slot that it is about; `null` when it is about none.
    pub slot: Option<Timestamp>,
}

/// What becomes of one automation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServedV1 {
    /// Its id.
    pub id: String,
    /// Its slots in the simulated days; 0 for what is there all the time.
    pub slots: u32,
    /// Seconds after its slot within which a run is in time.
    pub in_time_within: u64,
    /// With Standin as it is configured.
    pub with: AvailabilityV1,
    /// Without; `null` when nothing else would run it.
    pub without: Option<AvailabilityV1>,
}

/// How available it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AvailabilityV1 {
    /// Slots in time of all slots, or the time that it is there of the whole, in percent, rounded down to a tenth;
    /// `null` when it has no slot.
    pub percent: Option<f64>,
    /// Slots that were run in time.
    pub in_time: u32,
    /// Slots that were run too late.
    pub late: u32,
    /// Slots that were never run.
    pub lost: u32,
    /// Slots that were run more than once.
    pub twice: u32,
    /// Slots that a backup ran.
    pub by_backup: u32,
    /// Seconds that something which is always there was not.
    pub down: u64,
}

/// What to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdviceV1 {
    /// Why.
    pub because: String,
    /// The file, relative to the repository; empty when no line of a file would help.
    pub file: String,
    /// The lines.
    pub lines: Vec<String>,
    /// What it would change; empty when that was not simulated.
    pub then: String,
}

pub(super) fn write(question: &Question, tally: &Tally, advice: Vec<AdviceV1>) -> AnswerV1 {
    let watchers = match &question.mesh {
        Some(mesh) if !mesh.peers.is_empty() => mesh.peers.iter().map(|p| p.name.to_string()).collect(),
        Some(_) | None => vec![super::outage::AGENT.to_owned()],
    };
    let left_out = question.left_out.iter().map(|(id, why)| LeftOutV1 { id: id.clone(), why: why.clone() });
    let rows = question.automations.iter().zip(&tally.rows);
    AnswerV1 {
        version: VERSION,
        from: question.from,
        days: question.days,
        seed: question.seed,
        watchers,
        outages: question.outages.iter().map(|o| outage(question, tally, o)).collect(),
        timeline: tally.moments.iter().map(|m| moment(question, m)).collect(),
        automations: rows.map(|(asked, row)| served(question, asked, row)).collect(),
        left_out: left_out.collect(),
        advice,
        faults: tally.broken.clone(),
    }
}

fn at(question: &Question, ms: u64) -> Timestamp {
    let ms = i64::try_from(epoch(question).saturating_add(ms)).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

fn outage(question: &Question, tally: &Tally, outage: &super::Outage) -> OutageV1 {
    let (from, until) = (outage.begins_at(), outage.ends_at());
    let sees = |m: &&Moment| {
        let is_seen = match m.kind {
            MomentKind::Suspects
            | MomentKind::Notices
            | MomentKind::Tells
            | MomentKind::Asks
            | MomentKind::TriesInVain
            | MomentKind::RunsInstead
            | MomentKind::Restarts => true,
            MomentKind::Gone
            | MomentKind::Back
            | MomentKind::DoesNotStart
            | MomentKind::RunsLate
            | MomentKind::StepsAside
            | MomentKind::RunsTwice => false,
        };
        is_seen && from <= m.at && m.at <= until
    };
    let noticed = tally.moments.iter().find(sees).map(|m| NoticedV1 {
        by: m.who.clone(),
        at: at(question, m.at),
        after: (m.at - from) / 1_000,
    });
    OutageV1 { what: outage.what.to_string(), from: at(question, from), until: at(question, until), noticed }
}

fn moment(question: &Question, moment: &Moment) -> MomentV1 {
    let automation = moment.automation.and_then(|number| question.automations.get(number));
    MomentV1 {
        at: at(question, moment.at),
        kind: moment.kind,
        who: moment.who.clone(),
        what: moment.what.clone(),
        automation: automation.map(|asked| asked.id.to_string()),
        slot: moment.slot.map(|slot| at(question, slot)),
    }
}

fn served(question: &Question, asked: &Asked, row: &Row) -> ServedV1 {
    let down = |down: u64| AvailabilityV1 {
        percent: tenths(length(question).saturating_sub(down), length(question)),
        down: down.div_ceil(1_000),
        ..counted(&Count::default())
    };
    let (with, without) = match row.up {
        Some(up) => (down(up.down), Some(down(up.alone))),
        None => (counted(&row.with), row.without.as_ref().map(counted)),
    };
    ServedV1 {
        id: asked.id.to_string(),
        slots: row.with.slots,
        in_time_within: if row.up.is_some() { 0 } else { allowed(asked) / 1_000 },
        with,
        without,
    }
}

fn counted(count: &Count) -> AvailabilityV1 {
    let Count { slots, in_time, late, lost, twice, by_backup } = *count;
    let percent = tenths(u64::from(in_time), u64::from(slots));
    AvailabilityV1 { percent, in_time, late, lost, twice, by_backup, down: 0 }
}

/// A share in percent, rounded down to a tenth: what is not all is never 100.
pub(super) fn tenths(part: u64, whole: u64) -> Option<f64> {
    let tenths = part.saturating_mul(1_000).checked_div(whole)?;
    Some(f64::from(u32::try_from(tenths).unwrap_or(u32::MAX)) / 10.0)
}
