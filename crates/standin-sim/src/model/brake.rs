//! The brake: a mass failure, and the planner that ships.
//!
//! The model keeps what a watcher remembers between two plans, and decides which recovery succeeds, which does not and
//! what fails meanwhile. How many may be under way is counted by a rule of its own, not by the planner's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use standin_core::health::{Health, Priority};
use standin_core::ident::AutomationId;
use standin_core::incident::{Incident, IncidentId, Phase, Target};
use standin_core::observation::Pm2View;
use standin_core::plan::{self, Brake, Situation};
use standin_core::policy::Policy;
use standin_core::verdict::{Life, Reason, Verdict};
use standin_core::watch::{Expectation, Recovery, Watch};
use stateright::{Model, Property};

/// What the watcher carries from one plan to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// The brake, and what is under way.
    Kept,
    /// Nothing.
    Lost,
}

/// So many automations, all of them down at first.
#[derive(Debug, Clone)]
pub struct Braking {
    /// How many.
    pub automations: usize,
    /// How often one that was recovered fails again, in all.
    pub relapses: u8,
    /// Attempts at each.
    pub attempts: u8,
    /// The share under which the brake is on, in percent.
    pub percent: u32,
    /// See [`Memory`].
    pub memory: Memory,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Step {
    Open,
    Exhausted,
    Settling,
    Resolved,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Automation {
    well: bool,
    under_way: bool,
    incident: Option<(Step, u8)>,
}

/// A state of all automations and the watcher's memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    all: Vec<Automation>,
    /// The brake's limit and its canaries; `None` while it is off.
    brake: Option<(usize, Vec<usize>)>,
    relapses: u8,
    /// Recoveries that succeeded.
    recovered: usize,
    /// More were under way after a plan than the rule allows.
    too_many: bool,
    widest: usize,
}

/// What may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The watcher plans, and begins what the plan says.
    Plan,
    /// A recovery succeeds.
    Succeed(usize),
    /// A recovery changes nothing.
    Fizzle(usize),
    /// One that was well fails.
    Relapse(usize),
}

const NOW: i64 = 1_700_000_000;

fn id(n: usize) -> AutomationId {
    format!("pm2:app{n}").parse().unwrap_or_else(|_| unreachable!("a plain name"))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or_default()
}

fn verdict(n: usize, automation: Automation) -> Verdict {
    let (health, reason) = if automation.well {
        (Health::Healthy, Reason::Online)
    } else {
        (Health::Failed, Reason::GaveUp { restarts: 16 })
    };
    Verdict {
        automation: id(n),
        health,
        reason,
        since: at(NOW),
        due: None,
        last_success: None,
        lives: vec![Life { pm_id: 0, uptime_stamp: 0 }],
    }
}

fn incident(n: usize, automation: Automation) -> Option<Incident> {
    let (step, attempts) = automation.incident?;
    let target = Target::Automation(id(n));
    let phase = match step {
        Step::Open => Phase::Open,
        Step::Exhausted => Phase::Exhausted,
        Step::Settling => Phase::Settling,
        Step::Resolved => Phase::Resolved,
    };
    Some(Incident {
        id: IncidentId::of(&target, at(NOW)),
        phase,
        attempts,
        well_since: (phase == Phase::Settling).then(|| at(NOW)),
        resolved: (phase == Phase::Resolved).then(|| at(NOW)),
        ..Incident::open(target, Reason::GaveUp { restarts: 16 }, at(NOW))
    })
}

impl Braking {
    fn policy(&self) -> Policy {
        // Time stands still here: only the order of events counts.
        let (max_attempts, settle) = (self.attempts, Duration::ZERO);
        Policy { brake_percent: self.percent, max_attempts, settle, ..Policy::default() }
    }

    fn plan(&self, s: &mut State) -> Option<()> {
        let number = |target: &Target| (0..s.all.len()).find(|n| *target == Target::Automation(id(*n)));
        let each = || s.all.iter().copied().enumerate();
        let watches: Vec<Watch> = each()
            .map(|(n, _)| Watch {
                id: id(n),
                priority: Priority::default(),
                recovery: Recovery::Act,
                expectations: vec![Expectation::Nothing { hint: String::new() }],
            })
            .collect();
        let verdicts: BTreeMap<_, _> = each().map(|(n, a)| (id(n), verdict(n, a))).collect();
        let incidents: BTreeMap<_, _> =
            each().filter_map(|(n, a)| incident(n, a)).map(|i| (i.target.clone(), i)).collect();
        let (brake, in_flight) = match self.memory {
            Memory::Lost => (Brake::Off, BTreeSet::new()),
            Memory::Kept => {
                let targets = |all: &[usize]| all.iter().map(|n| Target::Automation(id(*n))).collect();
                let brake = s.brake.as_ref().map_or(Brake::Off, |(limit, canaries)| Brake::On {
                    limit: *limit,
                    canaries: targets(canaries),
                });
                let under_way = each().filter(|(_, a)| a.under_way).map(|(n, _)| Target::Automation(id(n)));
                (brake, under_way.collect())
            }
        };
        let situation = Situation {
            watches: &watches,
            verdicts: &verdicts,
            incidents: &incidents,
            pm2: &Pm2View::unknown(at(NOW), ""),
            runs: &BTreeMap::new(),
            brake: &brake,
            in_flight: &in_flight,
            requests: &BTreeMap::new(),
        };
        let plan = plan::plan(&situation, &self.policy(), None, at(NOW));
        let brake = match &plan.brake {
            Brake::Off => None,
            Brake::On { limit, canaries } => Some((*limit, canaries.iter().filter_map(number).collect())),
        };
        let changed: Vec<(usize, Incident)> =
            plan.incidents.into_iter().filter_map(|i| number(&i.target).map(|n| (n, i))).collect();
        let begun: Vec<usize> = plan
            .effects
            .iter()
            .filter_map(|e| e.effect.automation().cloned())
            .filter_map(|id| number(&Target::Automation(id)))
            .collect();
        for (n, incident) in changed {
            let step = match incident.phase {
                Phase::Open => Step::Open,
                Phase::Exhausted => Step::Exhausted,
                Phase::Settling => Step::Settling,
                Phase::Resolved => Step::Resolved,
            };
            s.all.get_mut(n)?.incident = Some((step, incident.attempts));
        }
        let well = s.all.iter().filter(|a| a.well).count();
        let is_mass = well * 2 < s.all.len();
        for n in begun {
            s.all.get_mut(n)?.under_way = true;
        }
        s.brake = brake;
        let under_way = s.all.iter().filter(|a| a.under_way).count();
        s.widest = s.widest.max(under_way);
        s.too_many |= is_mass && under_way > allowed(s.recovered);
        Some(())
    }
}

/// One until one has recovered, two until three have, then four.
const fn allowed(recovered: usize) -> usize {
    match recovered {
        0 => 1,
        1 | 2 => 2,
        _ => 4,
    }
}

impl Model for Braking {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let down = Automation { well: false, under_way: false, incident: None };
        vec![State {
            all: vec![down; self.automations],
            brake: None,
            relapses: self.relapses,
            recovered: 0,
            too_many: false,
            widest: 0,
        }]
    }

    fn actions(&self, s: &State, actions: &mut Vec<Action>) {
        actions.push(Action::Plan);
        for (n, automation) in s.all.iter().enumerate() {
            if automation.under_way {
                actions.extend([Action::Succeed(n), Action::Fizzle(n)]);
            } else if automation.well && s.relapses > 0 {
                actions.push(Action::Relapse(n));
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut s = last.clone();
        match action {
            Action::Plan => self.plan(&mut s)?,
            Action::Succeed(n) => {
                let automation = s.all.get_mut(n)?;
                automation.under_way = false;
                automation.well = true;
                s.recovered = (s.recovered + 1).min(3);
            }
            Action::Fizzle(n) => s.all.get_mut(n)?.under_way = false,
            Action::Relapse(n) => {
                s.relapses -= 1;
                s.all.get_mut(n)?.well = false;
            }
        }
        Some(s)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(FEW_AT_A_TIME, |_, s: &State| !s.too_many),
            Property::sometimes("all are well again", |_, s: &State| s.all.iter().all(|a| a.well)),
            Property::sometimes("four are recovered at once", |_, s: &State| s.widest >= 4),
            Property::sometimes("one is given up and others go on", |_, s: &State| {
                let given_up = s.all.iter().any(|a| matches!(a.incident, Some((Step::Exhausted, _))));
                given_up && s.recovered >= 2
            }),
        ]
    }
}

/// In a mass failure no more are recovered at once than have earned it.
pub const FEW_AT_A_TIME: &str = "I12 recoveries under way";
