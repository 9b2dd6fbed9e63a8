#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod beats;
mod join;
mod process;
mod slots;

use std::time::Duration;

use super::*;
use crate::beat::BeatState;
use crate::health::Priority;
use crate::observation::{
    Daemon, EventLoop, Pm2App, Pm2View, ProcessFact, ProcessStatus, Respawn, StopCause,
};
use crate::run::RunState;
use crate::schedule::Schedule;
use crate::watch::{BeatRules, Cadence, CatchUp, LongRunning, Overlap, ProcessRules, Recovery, SlotRules};

/// A moment of 17 November 2026, a Tuesday, in UTC.
fn at(time: &str) -> Timestamp {
    format!("2026-11-17T{time}Z").parse().unwrap()
}

fn id() -> AutomationId {
    "pm2:web".parse().unwrap()
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn cron(text: &str) -> Schedule {
    Schedule::parse(text, "UTC").unwrap()
}

fn rules() -> ProcessRules {
    ProcessRules {
        long_running: LongRunning::Auto,
        schedule: None,
        grace: secs(90),
        memory_limit: 100 << 20,
        hang_after: secs(30),
        loop_restarts: 3,
        loop_window: secs(60),
    }
}

/// An app with a nightly or hourly `cron_restart`.
fn on_schedule(text: &str) -> ProcessRules {
    ProcessRules { schedule: Some(cron(text)), ..rules() }
}

/// A process that runs since 11:00 and is well.
fn process() -> ProcessFact {
    ProcessFact {
        pm_id: 3,
        pid: 77,
        status: ProcessStatus::Online,
        uptime_stamp: at("11:00:00").as_millisecond(),
        restarts: 0,
        memory_bytes: 50 << 20,
        respawn: Respawn::ByPm2,
        cron_restart: String::new(),
        event_loop: EventLoop::No,
        stop: StopCause::None,
        stopped_at: None,
        recent_restarts: Vec::new(),
    }
}

fn exited(code: i32) -> StopCause {
    StopCause::Exited { code }
}

fn killed() -> StopCause {
    StopCause::Killed { signal: "SIGKILL".into() }
}

/// A process that ended at 11:59:00, so that PM2's grace is over at noon.
fn ended(stop: StopCause, respawn: Respawn) -> ProcessFact {
    let stopped_at = Some(at("11:59:00"));
    ProcessFact { status: ProcessStatus::Stopped, pid: 0, stop, respawn, stopped_at, ..process() }
}

fn up(app: Pm2App) -> Pm2View {
    let daemon = Daemon::Up { pid: 1, started: at("09:00:00") };
    Pm2View { at: at("12:00:00"), daemon, apps: [(id(), app)].into() }
}

fn listed(processes: &[ProcessFact]) -> Pm2View {
    up(Pm2App::Listed { processes: processes.to_vec() })
}

fn watch(expectations: Vec<Expectation>) -> Watch {
    Watch { id: id(), priority: Priority::Normal, recovery: Recovery::Act, expectations }
}

fn beat_rules(cadence: Cadence) -> BeatRules {
    BeatRules { cadence, grace: secs(300), early: secs(60), max_run: secs(3_600) }
}

fn slot_rules(text: &str) -> SlotRules {
    SlotRules {
        schedule: cron(text),
        grace: secs(60),
        jitter: Duration::ZERO,
        catch_up: CatchUp::Once,
        overlap: Overlap::Forbid,
        retries: 0,
    }
}

/// What there is to see.
struct Seen {
    pm2: Pm2View,
    beats: BTreeMap<AutomationId, BeatState>,
    runs: BTreeMap<AutomationId, RunState>,
    verdicts: BTreeMap<AutomationId, Verdict>,
}

impl Seen {
    fn nothing() -> Self {
        let pm2 = Pm2View::unknown(at("12:00:00"), "no PM2 here");
        Self { pm2, beats: BTreeMap::new(), runs: BTreeMap::new(), verdicts: BTreeMap::new() }
    }

    fn pm2(pm2: Pm2View) -> Self {
        Self { pm2, ..Self::nothing() }
    }

    fn beats(state: BeatState) -> Self {
        Self { beats: [(id(), state)].into(), ..Self::nothing() }
    }

    fn runs(state: RunState) -> Self {
        Self { runs: [(id(), state)].into(), ..Self::nothing() }
    }

    fn assess(&self, watch: &Watch, now: Timestamp) -> Assessment {
        let Self { pm2, beats, runs, verdicts } = self;
        let view = View { pm2, beats, runs };
        assess(std::slice::from_ref(watch), &view, verdicts.clone(), &Policy::default(), now)
    }

    fn verdict(&self, watch: &Watch, now: Timestamp) -> Verdict {
        self.assess(watch, now).verdicts[&id()].clone()
    }
}

/// Asserts what an expectation comes to, and that the verdict holds until its recheck and no further.
#[track_caller]
fn judged(seen: &Seen, expectation: &Expectation, now: Timestamp) -> (Health, Reason) {
    let watch = watch(vec![expectation.clone()]);
    let assessment = seen.assess(&watch, now);
    let verdict = &assessment.verdicts[&id()];
    if let Some(recheck) = assessment.recheck {
        assert!(recheck > now, "a recheck lies ahead");
        let just_before = recheck.checked_sub(Duration::from_nanos(1)).unwrap();
        for still in [now, just_before] {
            let later = seen.verdict(&watch, still);
            assert_eq!((later.health, &later.reason), (verdict.health, &verdict.reason), "until the recheck");
        }
    }
    (verdict.health, verdict.reason.clone())
}
