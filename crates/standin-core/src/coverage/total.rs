//! All automations: percentages, and what to do first.

use std::collections::BTreeMap;

use super::{Covered, Level, Step};
use crate::health::Priority;
use crate::ident::{AutomationId, Kind};

/// How many automations have reached a level, or a higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The level.
    pub level: Level,
    /// How many.
    pub count: usize,
    /// Tenths of a percent of all, each automation with its weight; never rounded up to the whole.
    pub permille: u32,
}

/// The same for one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// The kind.
    pub kind: Kind,
    /// How many automations it has.
    pub count: usize,
    /// From the lowest level, which all have reached, to the highest.
    pub shares: Vec<Share>,
}

/// The figures of a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// How many automations were counted.
    pub count: usize,
    /// From the lowest level, which all have reached, to the highest. Empty where nothing is counted: no percentage of
    /// nothing is claimed.
    pub shares: Vec<Share>,
    /// Each platform that has one, in the order of reports.
    pub platforms: Vec<Platform>,
}

impl Totals {
    /// Tenths of a percent that have reached `level`; `None` where nothing is counted.
    pub fn reached(&self, level: Level) -> Option<u32> {
        self.shares.iter().find(|share| share.level == level).map(|share| share.permille)
    }
}

/// The figures of all. An automation stands in them once: ids are unique.
pub fn totals(covered: &[Covered]) -> Totals {
    let of = |kind: Kind| {
        let list: Vec<&Covered> = covered.iter().filter(|one| one.id.kind() == kind).collect();
        (!list.is_empty()).then(|| Platform { kind, count: list.len(), shares: shares(&list) })
    };
    let all: Vec<&Covered> = covered.iter().collect();
    Totals {
        count: covered.len(),
        shares: shares(&all),
        platforms: Kind::ALL.into_iter().filter_map(of).collect(),
    }
}

fn shares(covered: &[&Covered]) -> Vec<Share> {
    let whole: u64 = covered.iter().map(|one| weight(one.priority)).sum();
    if whole == 0 {
        return Vec::new();
    }
    let of = |level: Level| {
        let reached = covered.iter().filter(|one| one.level >= level);
        let part: u64 = reached.clone().map(|one| weight(one.priority)).sum();
        let permille = part.saturating_mul(1000).checked_div(whole).unwrap_or(0);
        Share { level, count: reached.count(), permille: u32::try_from(permille).unwrap_or(1000) }
    };
    Level::ALL.into_iter().map(of).collect()
}

/// What to do, the most valuable first: a step that many automations share counts for all of them, and between equals
/// the one that starts lower goes first.
pub fn steps(covered: &[Covered]) -> Vec<(Step, Vec<AutomationId>)> {
    let mut gathered: BTreeMap<(Level, &Step), (u64, Vec<AutomationId>)> = BTreeMap::new();
    for one in covered {
        let Some(next) = &one.next else { continue };
        let (value, ids) = gathered.entry((next.to, &next.step)).or_default();
        *value = value.saturating_add(weight(one.priority));
        ids.push(one.id.clone());
    }
    let mut list: Vec<_> = gathered.into_iter().collect();
    list.sort_by(|((to, step), (value, _)), ((other_to, other_step), (other, _))| {
        other.cmp(value).then(to.cmp(other_to)).then(step.cmp(other_step))
    });
    list.into_iter().map(|((_, step), (_, ids))| (step.clone(), ids)).collect()
}

fn weight(priority: Priority) -> u64 {
    u64::from(priority.weight())
}
