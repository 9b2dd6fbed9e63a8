//! Judging: from what is expected and what was seen to a verdict for each automation.

mod beats;
mod in_order;
mod process;
mod slots;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

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
use in_order::Along;
pub(crate) use in_order::InOrder;

/// The verdicts, and when they may be out of date although nothing was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// One for each watch.
    pub verdicts: BTreeMap<AutomationId, Verdict>,
    /// Those whose health, or the kind of whose reason, is another than before.
    pub flips: Vec<AutomationId>,
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
    lives: Lives,
    /// When time alone changes this judgement.
    recheck: Option<Timestamp>,
}

impl Judgement {
    const fn new(health: Health, reason: Reason) -> Self {
        Self { health, reason, due: None, last_success: None, lives: Lives::none(), recheck: None }
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

/// The processes that a judgement is about. One of them, as nearly always, needs no memory of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lives {
    first: Option<Life>,
    others: Vec<Life>,
}

impl Lives {
    const fn none() -> Self {
        Self { first: None, others: Vec::new() }
    }

    const fn of(life: Life) -> Self {
        Self { first: Some(life), others: Vec::new() }
    }

    fn iter(&self) -> impl Iterator<Item = &Life> {
        self.first.iter().chain(&self.others)
    }

    fn and(mut self, more: &Self) -> Self {
        match self.first {
            None => more.clone(),
            Some(_) => {
                self.others.extend(more.iter());
                self
            }
        }
    }
}

/// Judges each watch by what was seen, at `now`. `before` are the last verdicts, which become the new ones: where
/// nothing has changed, nothing is copied. Pure: the same arguments give the same verdicts.
pub fn assess(
    watches: &[Watch],
    view: &View<'_>,
    before: BTreeMap<AutomationId, Verdict>,
    policy: &Policy,
    now: Timestamp,
) -> Assessment {
    let mut assessment = Assessment { verdicts: before, flips: Vec::new(), recheck: None };
    let mut judge = Judge {
        view,
        apps: InOrder::of(&view.pm2.apps),
        beats: InOrder::of(view.beats),
        runs: InOrder::of(view.runs),
        policy,
        now,
        flips: &mut assessment.flips,
        recheck: None,
    };
    let mut known = Along::of(&mut assessment.verdicts);
    let mut others = Vec::new();
    for watch in watches {
        match known.get(&watch.id) {
            Some(verdict) => judge.judge_again(watch, verdict),
            None => others.push(watch),
        }
    }
    let left_out = known.left_out();
    // What is new, and what does not come in the order of the map.
    for watch in others {
        match assessment.verdicts.get_mut(&watch.id) {
            Some(verdict) => judge.judge_again(watch, verdict),
            None => drop(assessment.verdicts.insert(watch.id.clone(), judge.judge_anew(watch))),
        }
    }
    assessment.recheck = judge.recheck;
    if left_out > 0 {
        let watched: BTreeSet<&AutomationId> = watches.iter().map(|watch| &watch.id).collect();
        assessment.verdicts.retain(|id, _| watched.contains(id));
    }
    assessment
}

/// What watches are judged by, and what comes of it besides the verdicts.
struct Judge<'a> {
    view: &'a View<'a>,
    apps: InOrder<'a, Pm2App>,
    beats: InOrder<'a, BeatState>,
    runs: InOrder<'a, RunState>,
    policy: &'a Policy,
    now: Timestamp,
    flips: &'a mut Vec<AutomationId>,
    recheck: Option<Timestamp>,
}

impl Judge<'_> {
    fn judge_again(&mut self, watch: &Watch, verdict: &mut Verdict) {
        let judgement = self.judge(watch, Some(verdict));
        let kind = std::mem::discriminant::<Reason>;
        if verdict.health != judgement.health || kind(&verdict.reason) != kind(&judgement.reason) {
            self.flips.push(watch.id.clone());
        }
        if verdict.health != judgement.health {
            verdict.health = judgement.health;
            verdict.since = self.now;
        }
        if verdict.reason != judgement.reason {
            verdict.reason = judgement.reason;
        }
        verdict.due = judgement.due;
        verdict.last_success = judgement.last_success.max(verdict.last_success);
        if !verdict.lives.iter().eq(judgement.lives.iter()) {
            verdict.lives = judgement.lives.iter().copied().collect();
        }
    }

    fn judge_anew(&mut self, watch: &Watch) -> Verdict {
        let judgement = self.judge(watch, None);
        self.flips.push(watch.id.clone());
        Verdict {
            automation: watch.id.clone(),
            health: judgement.health,
            since: self.now,
            due: judgement.due,
            last_success: judgement.last_success,
            lives: judgement.lives.iter().copied().collect(),
            reason: judgement.reason,
        }
    }

    fn judge(&mut self, watch: &Watch, before: Option<&Verdict>) -> Judgement {
        let each = watch.expectations.iter().map(|expectation| self.one(&watch.id, expectation, before));
        let judgement = each
            .reduce(Judgement::worse)
            .unwrap_or_else(|| Judgement::new(Health::Unknown, Reason::NotWatched { hint: String::new() }));
        self.recheck = sooner(self.recheck, judgement.recheck);
        judgement
    }

    fn one(&mut self, id: &AutomationId, expectation: &Expectation, before: Option<&Verdict>) -> Judgement {
        match expectation {
            Expectation::Nothing { hint } => {
                Judgement::new(Health::Unknown, Reason::NotWatched { hint: hint.clone() })
            }
            Expectation::NotEffective { why } => {
                Judgement::new(Health::Failed, Reason::NotEffective { why: why.clone() })
            }
            Expectation::Process(rules) => {
                process::judge((self.apps.get(id), before), rules, self.view.pm2, self.policy, self.now)
            }
            Expectation::Beats(rules) => beats::judge(self.beats.get(id), rules, self.now),
            Expectation::Slots(rules) => slots::judge(id, self.runs.get(id), rules, self.now),
        }
    }
}
