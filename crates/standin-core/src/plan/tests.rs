#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod braking;
mod incidents;
mod platform;
mod requests;
mod slots;
mod world;

use std::time::Duration;

use super::*;
use crate::effect::Effect;
use crate::health::{Health, Priority};
use crate::incident::Phase;
use crate::observation::{Daemon, Expected};
use crate::run::RunEnd;
use crate::schedule::Schedule;
use crate::time::{earlier, later, spread};
use crate::verdict::{Life, Reason};
use crate::watch::{CatchUp, Expectation, LongRunning, Overlap, ProcessRules, Recovery, SlotRules};

fn at(seconds: f64) -> Timestamp {
    let start: Timestamp = "2026-11-17T12:00:00Z".parse().unwrap();
    later(start, Duration::from_secs_f64(seconds))
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn id(name: &str) -> AutomationId {
    format!("pm2:{name}").parse().unwrap()
}

fn target(name: &str) -> Target {
    Target::Automation(id(name))
}

fn process() -> Expectation {
    Expectation::Process(ProcessRules {
        long_running: LongRunning::Auto,
        schedule: None,
        grace: secs(90),
        memory_limit: 0,
        hang_after: secs(30),
        loop_restarts: 0,
        loop_window: secs(60),
    })
}

fn app(name: &str) -> Watch {
    Watch { id: id(name), priority: Priority::Normal, recovery: Recovery::Act, expectations: vec![process()] }
}

fn verdict(name: &str, health: Health, reason: Reason) -> Verdict {
    let lives = vec![Life { pm_id: 3, uptime_stamp: 5 }];
    Verdict { automation: id(name), health, reason, since: at(0.0), due: None, last_success: None, lives }
}

fn down(name: &str) -> Verdict {
    verdict(name, Health::Failed, Reason::GaveUp { restarts: 16 })
}

fn fine(name: &str) -> Verdict {
    verdict(name, Health::Healthy, Reason::Online)
}

/// All that planning needs, and what it remembers between two plans.
struct Desk {
    policy: Policy,
    watches: Vec<Watch>,
    verdicts: BTreeMap<AutomationId, Verdict>,
    incidents: BTreeMap<Target, Incident>,
    pm2: Pm2View,
    runs: BTreeMap<AutomationId, RunState>,
    brake: Brake,
    in_flight: BTreeSet<Target>,
    requests: BTreeMap<AutomationId, Request>,
}

impl Desk {
    fn new(watches: Vec<Watch>) -> Self {
        let daemon = Daemon::Up { pid: 1, started: at(0.0) };
        Self {
            policy: Policy::default(),
            watches,
            verdicts: BTreeMap::new(),
            incidents: BTreeMap::new(),
            pm2: Pm2View { at: at(0.0), daemon, apps: BTreeMap::new() },
            runs: BTreeMap::new(),
            brake: Brake::Off,
            in_flight: BTreeSet::new(),
            requests: BTreeMap::new(),
        }
    }

    /// A desk with one app that is down.
    fn one_down() -> Self {
        let mut desk = Self::new(vec![app("web")]);
        desk.judge(down("web"));
        desk
    }

    fn judge(&mut self, verdict: Verdict) {
        self.verdicts.insert(verdict.automation.clone(), verdict);
    }

    fn ask(&mut self, name: &str, request: Request) {
        self.requests = [(id(name), request)].into();
    }

    fn look(&self, now: Timestamp) -> Plan {
        let situation = Situation {
            watches: &self.watches,
            verdicts: &self.verdicts,
            incidents: &self.incidents,
            pm2: &self.pm2,
            runs: &self.runs,
            brake: &self.brake,
            in_flight: &self.in_flight,
            requests: &self.requests,
        };
        let made = plan(&situation, &self.policy, None, now);
        assert_eq!(made, plan(&situation, &self.policy, None, now), "the same arguments give the same plan");
        assert!(made.next_wake >= now, "nothing wakes in the past");
        made
    }

    /// Plans, and remembers what was planned; effects count as carried out at once.
    fn step(&mut self, seconds: f64) -> Plan {
        let plan = self.look(at(seconds));
        self.incidents.extend(plan.incidents.iter().map(|i| (i.target.clone(), i.clone())));
        self.runs.extend(plan.runs.iter().cloned());
        self.brake = plan.brake.clone();
        self.requests.clear();
        plan
    }

    fn incident(&self, name: &str) -> &Incident {
        &self.incidents[&target(name)]
    }
}

/// What was chosen, without the targets.
fn choices(plan: &Plan) -> Vec<Choice> {
    plan.decisions.iter().map(|d| d.choice.clone()).collect()
}

/// What was chosen for one target.
#[track_caller]
fn choice(plan: &Plan, target: &Target) -> Choice {
    let of: Vec<_> = plan.decisions.iter().filter(|d| &d.target == target).collect();
    assert_eq!(of.len(), 1, "one decision about {target} in {:?}", plan.decisions);
    of[0].choice.clone()
}
