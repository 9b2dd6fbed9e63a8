//! What happened to each slot, with Standin and without.

use std::collections::BTreeMap;

use standin_core::ident::Domain;

use super::fate::{Fate, epoch, fates, length, stops};
use super::local::{self, Local};
use super::outage::ms;
use super::stage::{self, Stage};
use super::tale::{self, Moment};
use super::{AskError, Asked, Outage, Question, Runs};
use crate::sim::scene::{self, By, Story, Told};

/// One run of a slot, in milliseconds from the first moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ran {
    pub(super) at: u64,
    pub(super) by: By,
}

/// One slot: what becomes of it by itself, and what ran it with Standin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) fate: Fate,
    pub(super) ran: Vec<Ran>,
    /// What becomes of it when nothing is gone; `None` when nothing is.
    pub(super) usual: Option<Usual>,
    /// Whether its moment lies in an outage that keeps it from beginning.
    pub(super) is_within: bool,
}

/// What becomes of a slot when nothing is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usual {
    pub(super) is_in_time: bool,
    /// Whether its own run is in time.
    pub(super) is_punctual: bool,
    pub(super) is_by_backup: bool,
}

/// How many slots came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) slots: u32,
    pub(super) in_time: u32,
    pub(super) late: u32,
    pub(super) lost: u32,
    pub(super) twice: u32,
    pub(super) by_backup: u32,
}

/// How long something that is always there was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Up {
    /// Milliseconds of the whole.
    pub(super) whole: u64,
    /// Milliseconds down with Standin.
    pub(super) down: u64,
    /// Milliseconds down without it.
    pub(super) alone: u64,
}

/// One automation.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) slots: Vec<Slot>,
    pub(super) with: Count,
    /// `None` when nothing would run it without Standin.
    pub(super) without: Option<Count>,
    pub(super) up: Option<Up>,
}

/// Everything that happened.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub(super) rows: Vec<Row>,
    pub(super) moments: Vec<Moment>,
    /// Automations that nobody may decide for, and why.
    pub(super) held: Vec<(usize, String)>,
    /// Broken laws of the protocol: a fault of Standin.
    pub(super) broken: Vec<String>,
}

/// How long after its slot a run is in time, in milliseconds.
pub(super) fn allowed(asked: &Asked) -> u64 {
    ms(asked.in_time)
}

/// Plays the question, and the same without its outages to tell what they cost.
pub(super) fn tell(question: &Question) -> Result<Tally, AskError> {
    if question.outages.is_empty() {
        return played(question, None);
    }
    let usual = played(&Question { outages: Vec::new(), ..question.clone() }, None)?;
    played(question, Some(&usual))
}

fn played(question: &Question, usual: Option<&Tally>) -> Result<Tally, AskError> {
    let fates: Vec<Vec<Fate>> = question.automations.iter().map(|asked| fates(question, asked)).collect();
    let locals: Vec<Local> = question
        .automations
        .iter()
        .zip(&fates)
        .map(|(asked, fates)| local::look_after(question, asked, fates))
        .collect();
    let stage = stage::stage(question, &fates, &locals)?;
    let story = stage.as_ref().map(|stage| scene::play(&stage.scene)).unwrap_or_default();
    let runs = runs(question, stage.as_ref(), &story);
    let mut rows = Vec::new();
    for (number, (asked, fates)) in question.automations.iter().zip(&fates).enumerate() {
        let Some(local) = locals.get(number) else { continue };
        let is_played = stage.as_ref().is_some_and(|stage| stage.targets.contains(&number));
        let usual = usual.and_then(|usual| usual.rows.get(number));
        let slots = fates.iter().enumerate().map(|(place, fate)| {
            let ran = if is_played {
                runs.get(&(number, fate.slot)).cloned().unwrap_or_default()
            } else {
                by_itself(fate, local)
            };
            let usual = usual.and_then(|row| row.slots.get(place)).map(|slot| slot.usual(asked));
            let stops = |o: &Outage| o.covers(fate.slot) && stops(&o.what, asked);
            Slot { fate: *fate, ran, usual, is_within: question.outages.iter().any(stops) }
        });
        rows.push(row(question, asked, slots.collect(), local.up));
    }
    let held = stage.as_ref().map(|stage| &stage.held).into_iter().flatten();
    let held: Vec<(usize, String)> = held.map(|(number, why)| (*number, why.to_string())).collect();
    let moments = tale::tell(question, &rows, &locals, stage.as_ref(), &story);
    // A law about executions is about targets that know keys; those that do not are counted as run twice.
    let broken = story.broken.iter().filter(|b| b.law != "I3" && b.law != "liveness");
    let broken = broken.map(|b| format!("{}: {}", b.law, b.what)).collect();
    Ok(Tally { rows, moments, held, broken })
}

fn by_itself(fate: &Fate, local: &Local) -> Vec<Ran> {
    let helped = local.runs.get(&fate.slot).copied();
    helped.or(fate.begins.map(|at| Ran { at, by: By::Itself })).into_iter().collect()
}

/// The runs of each slot of each automation.
type SlotRuns = BTreeMap<(usize, u64), Vec<Ran>>;

fn runs(question: &Question, stage: Option<&Stage>, story: &Story) -> SlotRuns {
    let mut runs = SlotRuns::new();
    for (at, told) in &story.told {
        if let Told::Runs { target, slot, by } = told
            && let Some(automation) = stage.and_then(|stage| stage.targets.get(*target))
        {
            let key = (*automation, slot.saturating_sub(epoch(question)));
            runs.entry(key).or_default().push(Ran { at: *at, by: *by });
        }
    }
    runs
}

fn row(question: &Question, asked: &Asked, slots: Vec<Slot>, up: Option<Up>) -> Row {
    let (mut with, mut without) = (Count::default(), Count::default());
    for slot in slots.iter().filter(|slot| slot.fate.slot < length(question)) {
        with.add(asked, slot.fate.slot, slot.first());
        without.add(asked, slot.fate.slot, slot.fate.begins);
        with.twice += u32::from(slot.ran.len() > 1);
        with.by_backup += u32::from(slot.is_by_backup());
    }
    let needs_agent = matches!(asked.runs, Runs::ByAgent { .. });
    Row { slots, with, without: (!needs_agent).then_some(without), up }
}

impl Count {
    fn add(&mut self, asked: &Asked, slot: u64, first: Option<u64>) {
        self.slots += 1;
        match first {
            Some(at) if at <= slot.saturating_add(allowed(asked)) => self.in_time += 1,
            Some(_) => self.late += 1,
            None => self.lost += 1,
        }
    }
}

impl Row {
    /// How many slots an outage cost that Standin did not make good.
    pub(super) fn hurt(&self, asked: &Asked) -> usize {
        self.slots.iter().filter(|slot| slot.is_hurt(asked)).count()
    }

    /// Whether it was down for longer than it takes to start it again.
    pub(super) fn is_down(&self) -> bool {
        self.up.is_some_and(|up| up.down > HARDLY)
    }
}

/// A process that is down for less than this, in milliseconds, has been made good.
const HARDLY: u64 = 60_000;

impl Slot {
    pub(super) fn first(&self) -> Option<u64> {
        self.ran.iter().map(|ran| ran.at).min()
    }

    fn is_by_backup(&self) -> bool {
        self.ran.iter().any(|ran| matches!(ran.by, By::Backup { .. }))
    }

    fn usual(&self, asked: &Asked) -> Usual {
        Usual {
            is_in_time: self.is_in_time(asked, self.first()),
            is_punctual: self.is_in_time(asked, self.fate.begins),
            is_by_backup: self.is_by_backup(),
        }
    }

    pub(super) fn is_in_time(&self, asked: &Asked, at: Option<u64>) -> bool {
        at.is_some_and(|at| at <= self.fate.slot.saturating_add(allowed(asked)))
    }

    /// Whether it would be in time if nothing were gone, and is not.
    pub(super) fn is_hurt(&self, asked: &Asked) -> bool {
        self.usual.is_some_and(|usual| usual.is_in_time) && !self.is_in_time(asked, self.first())
    }

    /// Whether an outage has changed what becomes of it; without any outage, whether something went wrong.
    pub(super) fn is_struck(&self, asked: &Asked) -> bool {
        let is_punctual = self.is_in_time(asked, self.fate.begins);
        match self.usual {
            None => !is_punctual,
            Some(usual) => {
                self.is_within
                    || usual.is_punctual != is_punctual
                    || usual.is_by_backup != self.is_by_backup()
                    || self.is_hurt(asked)
            }
        }
    }
}

/// Whether it is nobody's business but its own machine's.
pub(super) fn is_local(asked: &Asked) -> bool {
    asked.domain == Domain::Host
}
