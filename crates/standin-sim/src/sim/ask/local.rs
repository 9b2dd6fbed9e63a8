//! What the agent does on its own machine, which takes no mesh: it starts processes again, and runs commands in their
//! slots.

use std::collections::BTreeMap;

use standin_core::ident::Kind;
use standin_core::watch::{CatchUp, Recovery};

use super::fate::{Fate, length};
use super::outage::{AGENT, Place, What};
use super::tally::{Ran, Up, is_local};
use super::{Asked, Outage, PeerKind, Question, Runs};
use crate::sim::scene::By;

/// How long the agent needs to see that a process is gone and to start it, in milliseconds.
const PROCESS: u64 = 1_000;
/// The same for PM2's daemon, with all that it hosts.
const DAEMON: u64 = 3_000;

/// What the agent did for one automation.
#[derive(Debug, Clone, Default)]
pub(super) struct Local {
    /// The slots that it ran, or had run, and when.
    pub(super) runs: BTreeMap<u64, Ran>,
    /// When something was started again, and how long it was gone.
    pub(super) restarts: Vec<(u64, u64)>,
    pub(super) up: Option<Up>,
}

/// Whether this takes the agent away.
pub(super) fn takes_agent(question: &Question, what: &What) -> bool {
    match what {
        What::Place(place) => *place == Place::Host,
        What::Peer(name) => match &question.mesh {
            None => name == AGENT,
            Some(mesh) => mesh.peers.iter().any(|p| p.name.as_str() == name && p.kind == PeerKind::Agent),
        },
        What::Store(_) | What::Automation(_) => false,
    }
}

/// When the agent is there again, from `at` on.
pub(super) fn agent_from(question: &Question, mut at: u64) -> u64 {
    for _ in 0..=question.outages.len() {
        let hit = |o: &&Outage| o.covers(at) && takes_agent(question, &o.what);
        let Some(outage) = question.outages.iter().find(hit) else { break };
        at = outage.ends_at();
    }
    at
}

/// Whether there is an agent on this machine at all.
pub(super) fn has_agent(question: &Question) -> bool {
    let peers = question.mesh.as_ref().map(|mesh| &mesh.peers);
    peers.is_none_or(|peers| peers.is_empty() || peers.iter().any(|p| p.kind == PeerKind::Agent))
}

pub(super) fn look_after(question: &Question, asked: &Asked, fates: &[Fate]) -> Local {
    if !is_local(asked) {
        return Local::default();
    }
    match &asked.runs {
        Runs::Always => processes(question, asked),
        Runs::Slots(_) => restarted_slots(question, asked, fates),
        Runs::ByAgent { catch_up, .. } => own_slots(question, *catch_up, fates),
    }
}

/// Whether a process is down while this is.
fn downs(asked: &Asked, what: &What) -> Option<u64> {
    match what {
        What::Automation(id) if *id == asked.id => Some(PROCESS),
        What::Place(Place::Pm2) if asked.id.kind() == Kind::Pm2 => Some(DAEMON),
        What::Place(Place::Host) => Some(u64::MAX),
        What::Place(_) | What::Store(_) | What::Peer(_) | What::Automation(_) => None,
    }
}

fn can_act(question: &Question, asked: &Asked) -> bool {
    asked.recovery == Recovery::Act && has_agent(question)
}

fn processes(question: &Question, asked: &Asked) -> Local {
    let (mut local, mut downs_with, mut downs_alone) = (Local::default(), Vec::new(), Vec::new());
    for outage in &question.outages {
        let Some(needs) = downs(asked, &outage.what) else { continue };
        let (from, until) = (outage.begins_at(), outage.ends_at());
        downs_alone.push((from, until));
        let back = if can_act(question, asked) {
            agent_from(question, from).saturating_add(needs).min(until)
        } else {
            until
        };
        downs_with.push((from, back));
        if back < until {
            local.restarts.push((back, back - from));
        }
    }
    let whole = length(question);
    local.up = Some(Up { whole, down: together(downs_with), alone: together(downs_alone) });
    local
}

/// The milliseconds in any of these.
fn together(mut spans: Vec<(u64, u64)>) -> u64 {
    spans.sort_unstable();
    let (mut sum, mut end) = (0, 0);
    for (from, until) in spans {
        sum += until.saturating_sub(from.max(end));
        end = end.max(until);
    }
    sum
}

/// Slots of PM2 itself: the agent brings PM2 and the app back, and has a missed slot run.
fn restarted_slots(question: &Question, asked: &Asked, fates: &[Fate]) -> Local {
    let mut local = Local::default();
    if !can_act(question, asked) {
        return local;
    }
    for fate in fates.iter().filter(|fate| fate.begins.is_none()) {
        let hit = |o: &&Outage| o.covers(fate.slot) && downs(asked, &o.what).is_some();
        let needs = question.outages.iter().filter(hit).filter_map(|o| downs(asked, &o.what)).max();
        let Some(needs) = needs.filter(|needs| *needs < u64::MAX) else { continue };
        let at = agent_from(question, fate.slot).saturating_add(needs);
        local.runs.insert(fate.slot, Ran { at, by: By::Backup { watcher: 0, attempt: 1 } });
    }
    local
}

/// Slots that the agent itself runs: of those that pass while it is gone the newest is caught up.
fn own_slots(question: &Question, catch_up: CatchUp, fates: &[Fate]) -> Local {
    let mut local = Local::default();
    if !has_agent(question) {
        return local;
    }
    let mut waiting: Option<(u64, u64)> = None;
    for fate in fates {
        let at = agent_from(question, fate.slot);
        if let Some((slot, back)) = waiting.filter(|(_, back)| *back != at || at == fate.slot) {
            local.runs.insert(slot, Ran { at: back, by: By::Itself });
            waiting = None;
        }
        if at == fate.slot {
            local.runs.insert(fate.slot, Ran { at, by: By::Itself });
        } else if catch_up == CatchUp::Once {
            waiting = Some((fate.slot, at));
        }
    }
    if let Some((slot, back)) = waiting {
        local.runs.insert(slot, Ran { at: back, by: By::Itself });
    }
    local
}
