//! Random histories against a tiny world, judged and planned for real.

use proptest::prelude::*;

use super::*;
use crate::assess::assess;
use crate::observation::{EventLoop, Pm2App, ProcessFact, ProcessStatus, Respawn, StopCause, View};

/// What can happen.
#[derive(Debug, Clone, Copy)]
enum Event {
    Dies(usize),
    DiesForGood(usize),
    StoppedByHand(usize),
    StartedByHand(usize),
    Replaced(usize),
    Vanishes(usize),
    Loops(usize),
    /// The oldest effect under way ends; whether it does any good is up to the process.
    EffectEnds,
    Asked(usize),
    /// Milliseconds.
    Time(u64),
    /// The clock is set forwards or back: seconds.
    ClockSet(i64),
}

const APPS: usize = 7;

fn event() -> impl Strategy<Value = Event> {
    let app = 0..APPS;
    prop_oneof![
        4 => app.clone().prop_map(Event::Dies),
        1 => app.clone().prop_map(Event::DiesForGood),
        1 => app.clone().prop_map(Event::StoppedByHand),
        1 => app.clone().prop_map(Event::StartedByHand),
        1 => app.clone().prop_map(Event::Replaced),
        1 => app.clone().prop_map(Event::Vanishes),
        1 => app.clone().prop_map(Event::Loops),
        1 => app.prop_map(Event::Asked),
        6 => Just(Event::EffectEnds),
        8 => (1_u64..9_000).prop_map(Event::Time),
        1 => (-100_000_i64..100_000).prop_map(Event::ClockSet),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Up,
    Dead,
    DeadForGood,
    Stopped,
    Foreign,
    Unseen,
    Looping,
}

struct World {
    desk: Desk,
    now: Timestamp,
    states: Vec<State>,
    lives: Vec<i64>,
    under_way: Vec<PlannedEffect>,
    used: BTreeSet<(String, u8)>,
    /// Targets whose effect under way was asked for by a person.
    asked: BTreeSet<Target>,
}

fn name(app: usize) -> String {
    format!("app{app}")
}

impl World {
    fn new() -> Self {
        let watches = (0..APPS).map(|n| app(&name(n))).map(|mut watch| {
            if let Expectation::Process(rules) = &mut watch.expectations[0] {
                rules.loop_restarts = 1;
            }
            watch
        });
        Self {
            desk: Desk::new(watches.collect()),
            now: at(0.0),
            states: vec![State::Up; APPS],
            lives: vec![0; APPS],
            under_way: Vec::new(),
            used: BTreeSet::new(),
            asked: BTreeSet::new(),
        }
    }

    fn happens(&mut self, event: Event) {
        let mut set = |app: usize, state| self.states[app] = state;
        match event {
            Event::Dies(app) => set(app, State::Dead),
            Event::DiesForGood(app) => set(app, State::DeadForGood),
            Event::StoppedByHand(app) => set(app, State::Stopped),
            Event::StartedByHand(app) => {
                set(app, State::Up);
                self.lives[app] += 1;
            }
            Event::Replaced(app) => set(app, State::Foreign),
            Event::Vanishes(app) => set(app, State::Unseen),
            Event::Loops(app) => set(app, State::Looping),
            Event::EffectEnds => self.effect_ends(),
            Event::Asked(app) => self.desk.ask(&name(app), Request::Recover),
            Event::Time(millis) => self.now = later(self.now, Duration::from_millis(millis)),
            Event::ClockSet(by) if by < 0 => self.now = earlier(self.now, secs(by.unsigned_abs())),
            Event::ClockSet(by) => self.now = later(self.now, secs(by.unsigned_abs())),
        }
    }

    fn effect_ends(&mut self) {
        if self.under_way.is_empty() {
            return;
        }
        let ended = self.under_way.remove(0);
        let Effect::RestartProcess { automation, lives } = &ended.effect else {
            panic!("nothing else is ever the remedy here: {:?}", ended.effect);
        };
        self.desk.in_flight.remove(&Target::Automation(automation.clone()));
        let [life] = lives[..] else { panic!("each app here has one process: {lives:?}") };
        let app = usize::try_from(life.pm_id).unwrap();
        if self.lives[app] == life.uptime_stamp && matches!(self.states[app], State::Dead | State::Stopped) {
            self.states[app] = State::Up;
            self.lives[app] += 1;
        }
    }

    fn fact(&self, app: usize) -> Option<Pm2App> {
        let (status, stop) = match self.states[app] {
            State::Foreign => return Some(Pm2App::Foreign { path: "/srv/other.js".into() }),
            State::Unseen => return None,
            State::Up | State::Looping => (ProcessStatus::Online, StopCause::None),
            State::Dead => (ProcessStatus::Stopped, StopCause::Exited { code: 1 }),
            State::DeadForGood => (ProcessStatus::Errored, StopCause::None),
            State::Stopped => (ProcessStatus::Stopped, StopCause::ByHand),
        };
        let recent_restarts = if self.states[app] == State::Looping { vec![self.now] } else { Vec::new() };
        let process = ProcessFact {
            pm_id: u32::try_from(app).unwrap(),
            pid: 1,
            status,
            uptime_stamp: self.lives[app],
            restarts: 0,
            memory_bytes: 0,
            respawn: Respawn::Never,
            cron_restart: String::new(),
            event_loop: EventLoop::No,
            stop,
            stopped_at: Some(self.now),
            recent_restarts,
        };
        Some(Pm2App::Listed { processes: vec![process] })
    }

    /// Looks, judges and plans, and checks what must always hold.
    fn tick(&mut self) -> Result<Timestamp, TestCaseError> {
        let now = self.now;
        self.desk.pm2.at = now;
        self.desk.pm2.apps =
            (0..APPS).filter_map(|app| self.fact(app).map(|fact| (id(&name(app)), fact))).collect();
        let (beats, runs) = (BTreeMap::new(), BTreeMap::new());
        let view = View { pm2: &self.desk.pm2, beats: &beats, runs: &runs };
        let before = std::mem::take(&mut self.desk.verdicts);
        self.desk.verdicts = assess(&self.desk.watches, &view, before, &self.desk.policy, now).verdicts;
        let asked = std::mem::take(&mut self.desk.requests);
        self.desk.requests.clone_from(&asked);
        let before = self.desk.incidents.clone();
        let plan = self.desk.look(now);
        self.check_effects(&plan, &asked)?;
        for incident in &plan.incidents {
            if let Some(old) = before.get(&incident.target) {
                prop_assert!(incident.opened >= old.opened, "incidents never go back");
                prop_assert!(incident.id != old.id || incident.attempts >= old.attempts);
            }
            prop_assert!(incident.attempts <= self.desk.policy.max_attempts);
        }
        let in_flight = plan.effects.iter().filter_map(|p| p.effect.automation().cloned());
        let in_flight: Vec<_> = in_flight.map(Target::Automation).collect();
        self.under_way.extend(plan.effects.iter().cloned());
        self.desk.incidents.extend(plan.incidents.iter().map(|i| (i.target.clone(), i.clone())));
        self.desk.brake = plan.brake.clone();
        self.desk.requests.clear();
        self.desk.in_flight.extend(in_flight);
        Ok(plan.next_wake)
    }

    fn check_effects(
        &mut self,
        plan: &Plan,
        asked: &BTreeMap<AutomationId, Request>,
    ) -> Result<(), TestCaseError> {
        // What a person asked for waits for no brake, and does not count against it.
        let (by_person, own): (Vec<_>, Vec<_>) = plan
            .effects
            .iter()
            .filter_map(|p| p.effect.automation().cloned().map(Target::Automation))
            .partition(|target| matches!(target, Target::Automation(id) if asked.contains_key(id)));
        self.asked.retain(|target| self.desk.in_flight.contains(target));
        if let Brake::On { limit, .. } = &plan.brake
            && !own.is_empty()
        {
            let before = self.desk.in_flight.difference(&self.asked).count();
            prop_assert!(own.len() + before <= *limit, "over the brake's limit");
        }
        self.asked.extend(by_person);
        for planned in &plan.effects {
            prop_assert!(self.used.insert((planned.key.0.clone(), planned.attempt)), "{planned:?} twice");
            let Effect::RestartProcess { automation, lives } = &planned.effect else {
                return Err(TestCaseError::fail("no remedy here is anything but a restart"));
            };
            let state = self.states[usize::try_from(lives[0].pm_id).unwrap()];
            let by_person = asked.contains_key(automation);
            let ours = match state {
                State::Dead | State::DeadForGood => true,
                State::Stopped | State::Looping => by_person,
                State::Up | State::Foreign | State::Unseen => false,
            };
            prop_assert!(ours, "{state:?} is not to be touched");
            prop_assert!(!self.desk.in_flight.contains(&Target::Automation(automation.clone())));
        }
        Ok(())
    }

    /// Nothing more happens than that time passes and effects end.
    fn comes_to_rest(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..400 {
            let wake = self.tick()?;
            self.now = wake.max(later(self.now, Duration::from_millis(1)));
            self.effect_ends();
        }
        for (app, state) in self.states.iter().enumerate() {
            let phase = self.desk.incidents.get(&target(&name(app))).map(|i| i.phase);
            let at_rest = match state {
                State::Dead => false,
                State::DeadForGood => phase == Some(Phase::Exhausted),
                State::Up => phase.is_none_or(|p| p == Phase::Resolved),
                // Exhausted where a person's start came to nothing.
                State::Stopped => phase.is_none_or(|p| matches!(p, Phase::Resolved | Phase::Exhausted)),
                State::Foreign | State::Unseen | State::Looping => true,
            };
            // One that died once too often while it was watched is left to a person.
            let given_up = *state == State::Dead && phase == Some(Phase::Exhausted);
            prop_assert!(at_rest || given_up, "app{app} ended as {state:?} with {phase:?}");
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_it_is_acted_on_safely_and_comes_to_rest(
        events in prop::collection::vec(event(), 0..150),
    ) {
        let mut world = World::new();
        for event in events {
            world.happens(event);
            world.tick()?;
        }
        world.comes_to_rest()?;
    }
}
