//! Judging a PM2 app by what PM2 says of its processes.

use std::time::Duration;

use jiff::Timestamp;

use super::{Judgement, Lives};
use crate::health::Health;
use crate::observation::{
    Absence, Daemon, EventLoop, Expected, Pm2App, Pm2View, ProcessFact, ProcessStatus, Respawn, StopCause,
};
use crate::policy::Policy;
use crate::run::RunEnd;
use crate::time::{earlier, later, past, sooner};
use crate::verdict::{Life, Reason, Verdict};
use crate::watch::{LongRunning, ProcessRules};

/// A timer may fire this much before its slot: such a start is the slot's.
const EARLY_START: Duration = Duration::from_secs(1);

pub(super) fn judge(
    (app, before): (Option<&Pm2App>, Option<&Verdict>),
    rules: &ProcessRules,
    pm2: &Pm2View,
    policy: &Policy,
    now: Timestamp,
) -> Judgement {
    match &pm2.daemon {
        Daemon::Unknown { why } => {
            return Judgement::new(Health::Unknown, Reason::NotReadable { why: why.clone() });
        }
        Daemon::Gone { expected, .. } => return without_daemon(before, *expected),
        Daemon::Up { .. } => {}
    }
    match app {
        None => {
            let why = "PM2 said nothing of it".to_owned();
            Judgement::new(Health::Unknown, Reason::NotReadable { why })
        }
        Some(Pm2App::Foreign { path }) => {
            Judgement::new(Health::Unknown, Reason::Foreign { path: path.clone() })
        }
        Some(Pm2App::Absent { absence }) => match absence {
            Absence::NeverStarted => Judgement::new(Health::Stopped, Reason::NeverStarted),
            Absence::DeletedByHand => Judgement::new(Health::Stopped, Reason::DeletedByHand),
            Absence::LostByDaemon => Judgement::new(Health::Failed, Reason::LostByDaemon),
            Absence::NotSeen => Judgement::new(Health::Unknown, Reason::EndNotSeen),
        },
        Some(Pm2App::Listed { processes }) => processes
            .iter()
            .map(|process| judge_one(process, rules, pm2.at, policy, now))
            .reduce(worse_process)
            .unwrap_or_else(|| Judgement::new(Health::Unknown, Reason::EndNotSeen)),
    }
}

/// Within one app a stopped process does not hide a failed one: `pm2 stop 3` of a cluster stops that one only.
/// Those that are equally bad are judged, and brought back, together.
fn worse_process(a: Judgement, b: Judgement) -> Judgement {
    match (a.health, b.health) {
        (one, other) if one == other => {
            let lives = a.lives.clone().and(&b.lives);
            Judgement { lives, ..a.worse(b) }
        }
        (Health::Stopped, _) => b,
        (_, Health::Stopped) => a,
        (_, _) => a.worse(b),
    }
}

/// What was stopped on purpose before the daemon went stays stopped.
fn without_daemon(before: Option<&Verdict>, expected: Expected) -> Judgement {
    let stopped = before.filter(|v| v.health == Health::Stopped);
    match (stopped, expected) {
        (Some(verdict), _) => Judgement::new(Health::Stopped, verdict.reason.clone()),
        (None, Expected::No) => Judgement::new(Health::Stopped, Reason::DaemonStopped),
        (None, Expected::Yes) => Judgement::new(Health::Failed, Reason::DaemonGone),
    }
}

fn judge_one(
    process: &ProcessFact,
    rules: &ProcessRules,
    seen_at: Timestamp,
    policy: &Policy,
    now: Timestamp,
) -> Judgement {
    let mut judgement = match process.status {
        ProcessStatus::Online => online(process, rules, seen_at, now),
        ProcessStatus::Launching | ProcessStatus::WaitingRestart => {
            in_loop(process, rules, now).unwrap_or_else(|| Judgement::new(Health::Late, Reason::Starting))
        }
        ProcessStatus::Stopping => Judgement::new(Health::Late, Reason::Stopping),
        ProcessStatus::Errored => {
            Judgement::new(Health::Failed, Reason::GaveUp { restarts: process.restarts })
        }
        ProcessStatus::Stopped => stopped(process, rules, policy, now),
        ProcessStatus::Unrecognised => {
            let why = "PM2 gave it a status that is not known here".to_owned();
            Judgement::new(Health::Unknown, Reason::NotReadable { why })
        }
    };
    if judgement.health != Health::Stopped {
        let next = rules.schedule.as_ref().and_then(|schedule| schedule.next_after(now));
        judgement.due = judgement.due.or(next);
        judgement.recheck = sooner(judgement.recheck, next);
    }
    judgement.lives = Lives::of(Life { pm_id: process.pm_id, uptime_stamp: process.uptime_stamp });
    judgement
}

fn online(process: &ProcessFact, rules: &ProcessRules, seen_at: Timestamp, now: Timestamp) -> Judgement {
    if let EventLoop::Yes { last_report } = process.event_loop {
        let hangs_at = later(last_report, rules.hang_after);
        // Both clocks must agree: a watcher that slept has not listened either.
        if seen_at > hangs_at && now > hangs_at {
            return Judgement::new(Health::Failed, Reason::Hung { last_report });
        }
    }
    if rules.memory_limit > 0 && process.memory_bytes > rules.memory_limit {
        let (bytes, limit) = (process.memory_bytes, rules.memory_limit);
        return Judgement::new(Health::Unhealthy, Reason::OverMemory { bytes, limit });
    }
    if let Some(judgement) = in_loop(process, rules, now).or_else(|| slot(process, rules, now)) {
        return judgement;
    }
    let hangs_at = match process.event_loop {
        EventLoop::Yes { last_report } => Some(past(later(last_report, rules.hang_after))),
        EventLoop::No => None,
    };
    Judgement {
        last_success: Some(seen_at),
        recheck: hangs_at.filter(|at| *at > now),
        ..Judgement::new(Health::Healthy, Reason::Online)
    }
}

fn in_loop(process: &ProcessFact, rules: &ProcessRules, now: Timestamp) -> Option<Judgement> {
    let from = earlier(now, rules.loop_window);
    let within = process.recent_restarts.iter().filter(|at| **at >= from);
    let restarts = u32::try_from(within.clone().count()).unwrap_or(u32::MAX);
    (rules.loop_restarts > 0 && restarts >= rules.loop_restarts).then(|| Judgement {
        recheck: within.min().map(|oldest| past(later(*oldest, rules.loop_window))),
        ..Judgement::new(
            Health::Unhealthy,
            Reason::RestartLoop { restarts, window_s: rules.loop_window.as_secs() },
        )
    })
}

/// Whether the newest slot of `cron_restart` has passed without a start.
fn slot(process: &ProcessFact, rules: &ProcessRules, now: Timestamp) -> Option<Judgement> {
    let slot = rules.schedule.as_ref()?.previous_at_or_before(now)?;
    if process.uptime_stamp >= earlier(slot, EARLY_START).as_millisecond() {
        return None;
    }
    let deadline = later(slot, rules.grace);
    Some(if now > deadline {
        Judgement::new(Health::Failed, Reason::MissedSlot { slot })
    } else {
        let late = Judgement::new(Health::Late, Reason::SlotDue { slot });
        Judgement { due: Some(slot), recheck: Some(past(deadline)), ..late }
    })
}

fn stopped(process: &ProcessFact, rules: &ProcessRules, policy: &Policy, now: Timestamp) -> Judgement {
    match &process.stop {
        StopCause::ByHand => Judgement::new(Health::Stopped, Reason::StoppedByHand),
        StopCause::None | StopCause::NotSeen => not_seen(process, rules, now),
        StopCause::Exited { .. } | StopCause::Killed { .. } => ended(process, rules, policy, now),
    }
}

/// It ended while nobody listened. What can still be told is told, the rest is unknown.
fn not_seen(process: &ProcessFact, rules: &ProcessRules, now: Timestamp) -> Judgement {
    match (process.respawn, &rules.schedule) {
        // PM2 restarts what dies, so what it left stopped was stopped by hand.
        (Respawn::ByPm2, _) => Judgement::new(Health::Stopped, Reason::StoppedByHand),
        // Between its slots a cron app is stopped by nature.
        (Respawn::Never, Some(_)) => {
            slot(process, rules, now).unwrap_or_else(|| Judgement::new(Health::Healthy, Reason::OnTime))
        }
        (Respawn::Never, None) => Judgement::new(Health::Unknown, Reason::EndNotSeen),
    }
}

fn ended(process: &ProcessFact, rules: &ProcessRules, policy: &Policy, now: Timestamp) -> Judgement {
    let well = process.stop == StopCause::Exited { code: 0 };
    if rules.schedule.is_none() {
        return match (well, rules.long_running) {
            // PM2 restarts an exit with 0 too, unless the app's `stop_exit_codes` says that 0 is the end.
            (true, LongRunning::Auto) => respawning(process, policy, now)
                .unwrap_or_else(|| Judgement::new(Health::Stopped, Reason::Finished)),
            (true | false, LongRunning::Yes) | (false, LongRunning::Auto) => died(process, policy, now),
        };
    }
    if let Some(judgement) = slot(process, rules, now) {
        return judgement;
    }
    match (well, rules.long_running, process.respawn) {
        (true, LongRunning::Auto, _) => {
            Judgement { last_success: process.stopped_at, ..Judgement::new(Health::Healthy, Reason::OnTime) }
        }
        // A job between two of its slots: the next one starts it again.
        (false, LongRunning::Auto, Respawn::Never) => job_failed(&process.stop),
        (true | false, LongRunning::Yes, _) | (false, LongRunning::Auto, Respawn::ByPm2) => {
            died(process, policy, now)
        }
    }
}

fn job_failed(cause: &StopCause) -> Judgement {
    let end = match cause {
        StopCause::Exited { code } => RunEnd::Exited { code: *code },
        StopCause::Killed { signal } => RunEnd::Killed { signal: signal.clone() },
        StopCause::None | StopCause::ByHand | StopCause::NotSeen => {
            return Judgement::new(Health::Unknown, Reason::EndNotSeen);
        }
    };
    Judgement::new(Health::Failed, Reason::RunFailed { end })
}

fn died(process: &ProcessFact, policy: &Policy, now: Timestamp) -> Judgement {
    let cause = process.stop.clone();
    respawning(process, policy, now).unwrap_or_else(|| {
        let reason = match process.respawn {
            Respawn::Never => Reason::Died { cause },
            Respawn::ByPm2 => Reason::NotRestarted { cause },
        };
        Judgement::new(Health::Failed, reason)
    })
}

/// While PM2 may still start it again by itself. An end far in the future, by a clock that went back, gets no grace:
/// it would last until the clock is there again.
fn respawning(process: &ProcessFact, policy: &Policy, now: Timestamp) -> Option<Judgement> {
    let ended = process.stopped_at.filter(|at| *at <= later(now, policy.respawn_grace))?;
    let deadline = later(ended, policy.respawn_grace);
    (process.respawn == Respawn::ByPm2 && now <= deadline).then(|| {
        let starting = Judgement::new(Health::Late, Reason::Starting);
        Judgement { recheck: Some(past(deadline)), ..starting }
    })
}
