//! Judging and planning over many automations of which none needs anything: what a quiet tick costs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};
use standin_core::assess::assess;
use standin_core::beat::BeatState;
use standin_core::health::Priority;
use standin_core::ident::AutomationId;
use standin_core::incident::{Incident, Target};
use standin_core::observation::{
    Daemon, EventLoop, Pm2App, Pm2View, ProcessFact, ProcessStatus, Respawn, StopCause, View,
};
use standin_core::plan::{Brake, Plan, Situation, plan};
use standin_core::policy::Policy;
use standin_core::run::{RunEnd, RunState};
use standin_core::schedule::Schedule;
use standin_core::verdict::Verdict;
use standin_core::watch::{
    BeatRules, Cadence, CatchUp, Expectation, LongRunning, Overlap, ProcessRules, Recovery, SlotRules, Watch,
};

use super::proc;
use super::report::{Goal, Growth, Part, Quantity, Row, Unit, percentile};

/// The sizes of the table.
const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];
/// The size that has a goal, and its milliseconds.
const JUDGED: usize = 10_000;
const GOAL: f64 = 5.0;
/// How long each size is ticked, and how often at least and at most.
const TIME: Duration = Duration::from_secs(3);
const TURNS: std::ops::RangeInclusive<usize> = 20..=2_000;
/// Below this a page more or less would tell nothing of one automation.
const TELLING: usize = 10_000;
const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn measure() -> anyhow::Result<Part> {
    let mut part = Part::default();
    for size in SIZES {
        let before = proc::pss_bytes(std::process::id());
        let mut desk = Desk::new(size)?;
        let mut times = desk.tick_for_a_while()?;
        let after = proc::pss_bytes(std::process::id());
        times.sort_by(f64::total_cmp);
        let [p50_ms, p99_ms] = [50, 99].map(|percent| percentile(&times, percent));
        let bytes_each = if size < TELLING { 0 } else { after.saturating_sub(before) / size as u64 };
        part.growth.push(Growth { automations: size, p50_ms, p99_ms, bytes_each });
        if size == JUDGED {
            let detail = format!("p99 {p99_ms:.2}, {bytes_each} bytes each");
            part.rows.push(Row {
                what: format!("tick over {size} automations, nothing due (p50)"),
                standin: Quantity::new(p50_ms, Unit::Milliseconds).with(detail),
                peer_name: "",
                peer: None,
                goal: Goal::AtMost(GOAL),
            });
        }
    }
    Ok(part)
}

/// All that a tick needs: a third each of PM2 apps, heartbeats and commands with a schedule.
struct Desk {
    now: Timestamp,
    policy: Policy,
    watches: Vec<Watch>,
    pm2: Pm2View,
    beats: BTreeMap<AutomationId, BeatState>,
    runs: BTreeMap<AutomationId, RunState>,
    verdicts: BTreeMap<AutomationId, Verdict>,
    incidents: BTreeMap<Target, Incident>,
    brake: Brake,
}

impl Desk {
    fn new(size: usize) -> anyhow::Result<Self> {
        // Half past twelve: all slots are on other minutes.
        let now: Timestamp = "2026-11-17T12:30:00Z".parse()?;
        let started = now - HOUR;
        let daemon = Daemon::Up { pid: 1, started };
        let mut desk = Self {
            now,
            policy: Policy::default(),
            watches: Vec::with_capacity(size),
            pm2: Pm2View { at: now, daemon, apps: BTreeMap::new() },
            beats: BTreeMap::new(),
            runs: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            incidents: BTreeMap::new(),
            brake: Brake::Off,
        };
        for n in 0..size {
            desk.add(n)?;
        }
        // As a repository's settings give them.
        desk.watches.sort_by(|a, b| a.id.cmp(&b.id));
        // The first tick is not quiet: everything is new.
        let plan = desk.tick();
        ensure!(
            plan.effects.is_empty() && plan.decisions.is_empty(),
            "something is due: {:?}",
            plan.decisions.first()
        );
        Ok(desk)
    }

    fn add(&mut self, n: usize) -> anyhow::Result<()> {
        let earlier = self.now - HOUR;
        let expression = format!("{} {} * * *", n % 30, n % 11);
        let schedule = Schedule::parse(&expression, "UTC").with_context(|| expression.clone())?;
        let (id, expectation) = match n % 3 {
            0 => {
                let id: AutomationId = format!("pm2:app-{n}").parse()?;
                self.pm2.apps.insert(id.clone(), Pm2App::Listed { processes: vec![process(n, earlier)?] });
                (id, Expectation::Process(process_rules()))
            }
            1 => {
                let id: AutomationId = format!("heartbeat:beat-{n}").parse()?;
                let state = BeatState {
                    count: 9,
                    first: Some(earlier),
                    last_success: Some(earlier),
                    ..BeatState::default()
                };
                self.beats.insert(id.clone(), state);
                (id, Expectation::Beats(beat_rules(schedule)))
            }
            _ => {
                let id: AutomationId = format!("command:job-{n}").parse()?;
                let state = RunState {
                    known_since: Some(earlier),
                    settled_slot: Some(earlier),
                    attempt: 1,
                    last_end: Some((earlier, RunEnd::Exited { code: 0 })),
                    last_success: Some(earlier),
                    ..RunState::default()
                };
                self.runs.insert(id.clone(), state);
                (id, Expectation::Slots(slot_rules(schedule)))
            }
        };
        let expectations = vec![expectation];
        self.watches.push(Watch { id, priority: Priority::Normal, recovery: Recovery::Act, expectations });
        Ok(())
    }

    fn tick(&mut self) -> Plan {
        let view = View { pm2: &self.pm2, beats: &self.beats, runs: &self.runs };
        let before = std::mem::take(&mut self.verdicts);
        let assessment = assess(&self.watches, &view, before, &self.policy, self.now);
        let (in_flight, requests) = (BTreeSet::new(), BTreeMap::new());
        let situation = Situation {
            watches: &self.watches,
            verdicts: &assessment.verdicts,
            incidents: &self.incidents,
            pm2: &self.pm2,
            runs: &self.runs,
            brake: &self.brake,
            in_flight: &in_flight,
            requests: &requests,
        };
        let plan = plan(&situation, &self.policy, assessment.recheck, self.now);
        self.verdicts = assessment.verdicts;
        plan
    }

    /// Milliseconds of processor of each tick; half a second apart by the clock that they are told.
    fn tick_for_a_while(&mut self) -> anyhow::Result<Vec<f64>> {
        let (mut times, start) = (Vec::new(), Instant::now());
        while times.len() < *TURNS.end() && (times.len() < *TURNS.start() || start.elapsed() < TIME) {
            self.now += Duration::from_millis(500);
            self.pm2.at = self.now;
            let begun = ThreadTime::now()?;
            let plan = self.tick();
            times.push(begun.elapsed()?.as_secs_f64() * 1e3);
            ensure!(plan.effects.is_empty(), "something is due: {:?}", plan.effects.first());
        }
        Ok(times)
    }
}

/// The processor time of this thread: a tick waits for nothing, and what else a machine does is no cost of it.
struct ThreadTime(TimeSpec);

impl ThreadTime {
    fn now() -> nix::Result<Self> {
        clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Self)
    }

    fn elapsed(&self) -> nix::Result<Duration> {
        Ok(Duration::from(Self::now()?.0 - self.0))
    }
}

fn process(n: usize, started: Timestamp) -> anyhow::Result<ProcessFact> {
    let number = u32::try_from(n)?;
    Ok(ProcessFact {
        pm_id: number,
        pid: number + 2,
        status: ProcessStatus::Online,
        uptime_stamp: started.as_millisecond(),
        restarts: 0,
        memory_bytes: 50 << 20,
        respawn: Respawn::ByPm2,
        cron_restart: String::new(),
        event_loop: EventLoop::No,
        stop: StopCause::None,
        stopped_at: None,
        recent_restarts: Vec::new(),
    })
}

fn process_rules() -> ProcessRules {
    ProcessRules {
        long_running: LongRunning::Auto,
        schedule: None,
        grace: Duration::from_secs(90),
        memory_limit: 0,
        hang_after: Duration::from_secs(30),
        loop_restarts: 5,
        loop_window: Duration::from_secs(60),
    }
}

fn beat_rules(schedule: Schedule) -> BeatRules {
    let grace = Duration::from_secs(300);
    BeatRules { cadence: Cadence::Slots(schedule), grace, early: Duration::ZERO, max_run: HOUR }
}

fn slot_rules(schedule: Schedule) -> SlotRules {
    SlotRules {
        schedule,
        grace: Duration::from_secs(60),
        jitter: Duration::ZERO,
        catch_up: CatchUp::Once,
        overlap: Overlap::Forbid,
        retries: 0,
    }
}
