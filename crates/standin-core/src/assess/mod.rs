//! Judging: from what is expected and what was seen to a verdict for each automation.

mod beats;
mod in_order;
mod process;
mod slots;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::beat::BeatState;
use crate::health::Health;
use crate::ident::AutomationId;
use crate::observation::{Pm2App, View};
use crate::policy::Policy;
use crate::run::RunState;
use crate::time::sooner;
use crate::verdict::{Life, Reason, Verdict};
use crate::watch::{Expectation, Watch};
use in_order::InOrder;

/// The verdicts, and when they may be out of date although nothing was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// One for each watch.
    pub verdicts: BTreeMap<AutomationId, Verdict>,
    /// The earliest moment at which time alone changes a verdict; `None` if it never does.
    pub recheck: Option<Timestamp>,
}

/// What one expectation comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Judgement {
    health: Health,
    reason: Reason,
    due: Option<Timestamp>,
    last_success: Option<Timestamp>,
    lives: Vec<Life>,
    /// When time alone changes this judgement.
    recheck: Option<Timestamp>,
}

impl Judgement {
    const fn new(health: Health, reason: Reason) -> Self {
        Self { health, reason, due: None, last_success: None, lives: Vec::new(), recheck: None }
    }

    /// A stop by hand outranks everything; what cannot be told gives way to everything. A process that has simply
    /// ended well hides nothing: the heartbeats that are expected of it still count.
    fn rank(&self) -> u8 {
        match self.health {
            Health::Stopped if self.reason == Reason::Finished => 1,
            Health::Stopped => 6,
            Health::Failed => 5,
            Health::Unhealthy => 4,
            Health::Late => 3,
            Health::Healthy => 2,
            Health::Unknown => 0,
        }
    }

    /// The worse of two, with the sooner times of both.
    fn worse(self, other: Self) -> Self {
        let due = sooner(self.due, other.due);
        let recheck = sooner(self.recheck, other.recheck);
        let last_success = self.last_success.max(other.last_success);
        let worst = if other.rank() > self.rank() { other } else { self };
        Self { due, recheck, last_success, ..worst }
    }
}

/// Judges each watch by what was seen, at `now`. Pure: the same arguments give the same verdicts.
pub fn assess(watches: &[Watch], view: &View<'_>, policy: &Policy, now: Timestamp) -> Assessment {
    let mut recheck = None;
    let mut seen = Seen {
        apps: InOrder::of(&view.pm2.apps),
        beats: InOrder::of(view.beats),
        runs: InOrder::of(view.runs),
        verdicts: InOrder::of(view.verdicts),
    };
    let verdicts = watches
        .iter()
        .map(|watch| {
            let judgement = judge(watch, view, &mut seen, policy, now);
            recheck = sooner(recheck, judgement.recheck);
            (watch.id.clone(), verdict(&watch.id, judgement, seen.verdicts.get(&watch.id), now))
        })
        .collect();
    Assessment { verdicts, recheck }
}

/// The maps of a view, walked along with the watches.
struct Seen<'a> {
    apps: InOrder<'a, Pm2App>,
    beats: InOrder<'a, BeatState>,
    runs: InOrder<'a, RunState>,
    verdicts: InOrder<'a, Verdict>,
}

fn judge(watch: &Watch, view: &View<'_>, seen: &mut Seen<'_>, policy: &Policy, now: Timestamp) -> Judgement {
    watch
        .expectations
        .iter()
        .map(|expectation| match expectation {
            Expectation::Nothing { hint } => {
                Judgement::new(Health::Unknown, Reason::NotWatched { hint: hint.clone() })
            }
            Expectation::NotEffective { why } => {
                Judgement::new(Health::Failed, Reason::NotEffective { why: why.clone() })
            }
            Expectation::Process(rules) => {
                process::judge((&watch.id, seen.apps.get(&watch.id)), rules, view, policy, now)
            }
            Expectation::Beats(rules) => beats::judge(seen.beats.get(&watch.id), rules, now),
            Expectation::Slots(rules) => slots::judge(&watch.id, seen.runs.get(&watch.id), rules, now),
        })
        .reduce(Judgement::worse)
        .unwrap_or_else(|| Judgement::new(Health::Unknown, Reason::NotWatched { hint: String::new() }))
}

fn verdict(id: &AutomationId, judgement: Judgement, before: Option<&Verdict>, now: Timestamp) -> Verdict {
    let since = before.filter(|b| b.health == judgement.health).map_or(now, |b| b.since);
    Verdict {
        automation: id.clone(),
        health: judgement.health,
        reason: judgement.reason,
        since,
        due: judgement.due,
        last_success: judgement.last_success.max(before.and_then(|b| b.last_success)),
        lives: judgement.lives,
    }
}
