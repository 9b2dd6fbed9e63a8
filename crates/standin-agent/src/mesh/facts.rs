//! What this machine says of what it watches, in the words of the mesh.

use std::collections::BTreeMap;

use jiff::Timestamp;
use standin_core::beat::BeatState;
use standin_core::health::Health;
use standin_core::ident::AutomationId;
use standin_core::mesh::clock::StoreTime;
use standin_core::run::RunState;
use standin_core::schedule::Schedule;
use standin_core::verdict::{Reason, Verdict};
use standin_core::watch::{BeatRules, Cadence, Expectation, Watch};
use standin_engine::ports::mesh::Fact;
use standin_engine::ports::{Journal, Processes};
use standin_engine::tick::Engine;

/// No slot was ever run.
const NEVER: Fact = Fact::Covered(StoreTime(0));

/// How everything is, as of the engine's last tick.
pub fn facts<P: Processes, J: Journal>(
    engine: &Engine<P, J>,
    now: Timestamp,
) -> BTreeMap<AutomationId, Fact> {
    let fact = |watch: &Watch| {
        let id = &watch.id;
        of(watch, engine.verdicts().get(id), engine.runs().get(id), engine.beats().get(id), now)
    };
    engine.setup().watches.iter().map(|watch| (watch.id.clone(), fact(watch))).collect()
}

/// How one automation is.
pub(crate) fn of(
    watch: &Watch,
    verdict: Option<&Verdict>,
    runs: Option<&RunState>,
    beats: Option<&BeatState>,
    now: Timestamp,
) -> Fact {
    let mut by_beats = Fact::Unknown;
    for expectation in &watch.expectations {
        match expectation {
            Expectation::Process(_) => return verdict.map_or(Fact::Unknown, of_process),
            Expectation::Slots(rules) => {
                return runs.map_or(Fact::Unknown, |runs| of_runs(&rules.schedule, runs));
            }
            Expectation::Beats(rules) => {
                by_beats = beats.map_or(Fact::Unknown, |beats| of_beats(rules, beats, now));
            }
            Expectation::Nothing { .. } | Expectation::NotEffective { .. } => {}
        }
    }
    by_beats
}

/// Down is only what was seen to be down. What a person has ended is said to the others, so that they leave it alone also
/// when this machine is gone.
fn of_process(verdict: &Verdict) -> Fact {
    match (verdict.health, &verdict.reason) {
        (Health::Healthy | Health::Late, _) => Fact::Well,
        (Health::Stopped, Reason::StoppedByHand | Reason::DeletedByHand) => Fact::Stopped,
        (Health::Stopped | Health::Unknown, _) => Fact::Unknown,
        (Health::Unhealthy | Health::Failed, reason) => of_reason(reason),
    }
}

fn of_reason(reason: &Reason) -> Fact {
    match reason {
        Reason::Died { .. }
        | Reason::GaveUp { .. }
        | Reason::NotRestarted { .. }
        | Reason::RestartLoop { .. }
        | Reason::OverMemory { .. }
        | Reason::Hung { .. }
        | Reason::LostByDaemon
        | Reason::DaemonGone => Fact::Down,
        // These say nothing of the process itself, or a person stands behind them.
        Reason::Online
        | Reason::Starting
        | Reason::Finished
        | Reason::OnTime
        | Reason::Running
        | Reason::NotDueYet
        | Reason::StoppedByHand
        | Reason::DeletedByHand
        | Reason::NeverStarted
        | Reason::MissedSlot { .. }
        | Reason::SlotDue { .. }
        | Reason::DaemonStopped
        | Reason::Stopping
        | Reason::NoBeatYet
        | Reason::EndNotSeen
        | Reason::Foreign { .. }
        | Reason::RunFailed { .. }
        | Reason::ReportedFailure { .. }
        | Reason::RunTooLong { .. }
        | Reason::Silent { .. }
        | Reason::NotWatched { .. }
        | Reason::NotReadable { .. }
        | Reason::NotEffective { .. } => Fact::Unknown,
    }
}

/// The newest slot whose run has not failed. Slots from before the agent knew of the schedule are not owed.
fn of_runs(schedule: &Schedule, runs: &RunState) -> Fact {
    let Some(known_since) = runs.known_since else { return Fact::Unknown };
    let not_owed = before(schedule, known_since);
    let running = runs.running_since.and(runs.running_slot);
    let ended = match &runs.last_end {
        // The slot that is settled is that of the last run, unless it was left out.
        Some((_, end)) if runs.attempt > 0 && end.is_success() => runs.settled_slot,
        Some(_) | None => None,
    };
    // A run counts for the slot that it ended in, but never for one that has failed or was left out since.
    let earlier = runs.last_success.and_then(|at| schedule.previous_at_or_before(at));
    let earlier = match (earlier, runs.settled_slot) {
        (Some(earlier), Some(settled)) if ended.is_none() && earlier >= settled => before(schedule, settled),
        (earlier, _) => earlier,
    };
    let newest = [not_owed, running, ended, earlier].into_iter().flatten().max();
    newest.map_or(NEVER, |slot| Fact::Covered(slot.into()))
}

/// A time and so much more; the time itself where that is beyond the calendar.
fn later(at: Timestamp, time: std::time::Duration) -> Timestamp {
    at.checked_add(time).unwrap_or(at)
}

/// The last slot before a time.
fn before(schedule: &Schedule, at: Timestamp) -> Option<Timestamp> {
    schedule.previous_at_or_before(at.checked_sub(std::time::Duration::from_millis(1)).ok()?)
}

/// The newest slot with a success, or with a run that has begun and still may end well.
fn of_beats(rules: &BeatRules, beats: &BeatState, now: Timestamp) -> Fact {
    let Cadence::Slots(schedule) = &rules.cadence else { return Fact::Unknown };
    if beats.count == 0 {
        return Fact::Unknown;
    }
    let runs = beats.started.filter(|begun| now <= later(*begun, rules.max_run));
    let newest = runs.max(beats.last_success);
    let slot = newest.and_then(|at| schedule.previous_at_or_before(later(at, rules.early)));
    slot.map_or(NEVER, |slot| Fact::Covered(slot.into()))
}

#[cfg(test)]
#[path = "facts/tests.rs"]
mod tests;
