//! One run: an event heap, the watchers, and what answers them.

use std::sync::Arc;

use standin_core::mesh::claim::Probed;
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::{BeatNumber, PeerId};
use standin_engine::mesh::record::Carry;
use standin_engine::mesh::{Input, Setup, TargetSetup, Tick, Watching};
use standin_engine::ports::mesh::{Answer, Request, Ticket};

use super::asking::Asking;
use super::braking::Braking;
use super::fault::{self, Fault, Kind};
use super::lateness::Lateness;
use super::laws::{Broken, Laws};
use super::queue::Queue;
use super::rng::Rng;
use super::scene::{Acting, Struck};
use super::serving::Serving;
use super::truth::Truth;
use super::world::{self, AUTOMATIONS, HOUR, Memory, Start, Tamper, World};

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where all chance comes from.
    pub seed: u64,
    /// How long, in simulated hours; the last quarter is without faults.
    pub hours: u64,
    /// The faults.
    pub faults: Vec<Fault>,
    /// What is broken on purpose.
    pub tamper: Tamper,
    /// How late GitHub's schedules are.
    pub lateness: Arc<Lateness>,
}

/// A probe of what no platform can be asked about is a read of so many stores: most of them.
const LOOK: usize = 2;

/// So many faults strike in one run.
const FAULTS: usize = 40;

impl Plan {
    /// The plan of a seed, with faults of these kinds.
    pub fn of(seed: u64, hours: u64, kinds: &[Kind]) -> Self {
        let mut rng = Rng::new(seed ^ 0x00fa_0175);
        let faults = fault::draw(&mut rng, kinds, FAULTS, hours * HOUR * 3 / 4);
        Self { seed, hours, faults, tamper: Tamper::Nothing, lateness: Arc::default() }
    }
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// A hash of everything that happened, in order.
    pub hash: u64,
    /// Events.
    pub events: u64,
    /// Executions that had an effect.
    pub executions: u64,
    /// Of them, by a backup.
    pub recoveries: u64,
    /// What was told to a person.
    pub notices: u64,
    /// Recoveries that one watcher asked another for.
    pub asks: u64,
    /// Recoveries elsewhere of what only a silent watcher could see.
    pub elsewhere: u64,
    /// How often a watcher was started by another one.
    pub revivals: u64,
    /// How often a brake was put on.
    pub brakes: u64,
    /// How often the work of a primary was given back to it.
    pub handbacks: u64,
    /// Broken invariants, the first few.
    pub broken: Vec<Broken>,
}

#[derive(Debug)]
pub(super) enum Event {
    Begin {
        watcher: usize,
        is_extra: bool,
    },
    Arrive {
        watcher: usize,
        life: u64,
        ticket: Ticket,
        request: Request,
        back: Option<u64>,
    },
    Answer {
        watcher: usize,
        life: u64,
        ticket: Ticket,
        answer: Answer,
    },
    Slot {
        target: usize,
        slot: u64,
    },
    Primary {
        target: usize,
        slot: u64,
    },
    Stop {
        target: usize,
    },
    /// Primary and backup of a target look at its claim.
    Work {
        target: usize,
    },
    /// A person has started what was stopped.
    Start {
        target: usize,
    },
    Settle {
        target: usize,
    },
}

/// One run of one watcher that is going on.
pub(super) struct Life {
    pub(super) number: u64,
    pub(super) begun: u64,
    tick: Tick,
    /// Nothing happens to it before this: it stands still.
    paused: u64,
    /// Probes that are under way, and targets that were seen down by one.
    asked: Vec<(Ticket, usize)>,
    /// Who was accused by another in what it was answered.
    accused: Vec<PeerId>,
    probed: Vec<usize>,
    /// What it has claimed that no platform can be asked about, and how many stores it has read since.
    looked: Vec<(usize, usize)>,
}

#[derive(Default)]
pub(super) struct Watcher {
    pub(super) lives: Vec<Life>,
    pub(super) memory: Option<(Carry, BeatNumber)>,
    incarnation: u64,
}

pub(super) struct Sim {
    pub(super) rng: Rng,
    pub(super) now: u64,
    pub(super) lives: u64,
    pub(super) queue: Queue,
    pub(super) world: World,
    pub(super) setups: Vec<Arc<Setup>>,
    pub(super) watchers: Vec<Watcher>,
    pub(super) truth: Truth,
    pub(super) laws: Laws,
    pub(super) asking: Asking,
    pub(super) braking: Braking,
    pub(super) serving: Serving,
    pub(super) faults: Vec<Fault>,
    /// The same, by sort.
    pub(super) sorted: Vec<Vec<Fault>>,
    pub(super) calm: u64,
    pub(super) tamper: Tamper,
    pub(super) lateness: Arc<Lateness>,
    /// What the watcher whose requests leave has read of accusations.
    pub(super) accused: Vec<PeerId>,
    pub(super) requests: Vec<(Ticket, Request)>,
    pub(super) outcome: Outcome,
    /// The question that is asked, if it is one.
    pub(super) acting: Option<Acting>,
}

/// Runs a plan.
///
/// # Errors
/// [`world::WorldError`], when what ships refuses the simulated configuration.
pub fn run(plan: &Plan) -> Result<Outcome, world::WorldError> {
    let mut sim = Sim::new(&World::standard(plan.tamper)?, plan.seed, Arc::clone(&plan.lateness));
    sim.faults.clone_from(&plan.faults);
    sim.sorted = Kind::ALL
        .iter()
        .map(|kind| plan.faults.iter().filter(|fault| fault.kind == *kind).copied().collect())
        .collect();
    sim.calm = plan.faults.iter().map(|fault| fault.until).max().unwrap_or(0);
    sim.tamper = plan.tamper;
    sim.populate();
    sim.go_on(plan.hours * HOUR);
    if sim.laws.broken.is_empty() {
        sim.converged();
    }
    sim.outcome.executions = sim.laws.executions();
    sim.outcome.asks = sim.asking.carried_out;
    sim.outcome.brakes = sim.braking.put_on;
    sim.outcome.broken = sim.laws.broken;
    Ok(sim.outcome)
}

impl Sim {
    /// Before its first event, without faults.
    pub(super) fn new(world: &World, seed: u64, lateness: Arc<Lateness>) -> Self {
        Self {
            rng: Rng::new(seed),
            now: 0,
            lives: 0,
            queue: Queue::default(),
            setups: world.setups.clone(),
            watchers: world.setups.iter().map(|_| Watcher::default()).collect(),
            truth: Truth::new(world),
            world: world.clone(),
            laws: Laws::default(),
            asking: Asking::default(),
            braking: Braking::default(),
            serving: Serving::default(),
            faults: Vec::new(),
            sorted: Vec::new(),
            calm: 0,
            tamper: Tamper::Nothing,
            lateness,
            accused: Vec::new(),
            requests: Vec::new(),
            outcome: Outcome { hash: 0xcbf2_9ce4_8422_2325, ..Outcome::default() },
            acting: None,
        }
    }

    /// Lets everything happen until `end`, in milliseconds; a proof stops where a law is broken.
    pub(super) fn go_on(&mut self, end: u64) {
        while let Some((at, event)) = self.queue.pop() {
            if at > end || (self.acting.is_none() && !self.laws.broken.is_empty()) {
                break;
            }
            self.now = at;
            self.outcome.events += 1;
            self.happen(event);
        }
        self.now = end;
    }

    pub(super) fn populate(&mut self) {
        for watcher in 0..self.setups.len() {
            let at = self.rng.between(0, 60_000);
            self.push(at, Event::Begin { watcher, is_extra: false });
        }
        if self.begin_scene() {
            return;
        }
        for target in 0..self.world.primaries.len() {
            if let Some(Watching::Slots { slots, .. }) = self.watching(target)
                && let Some(first) = slots.next(StoreTime(0).plus(self.world.epoch - 1))
            {
                let slot = first.0.unsigned_abs();
                self.push(slot - self.world.epoch, Event::Slot { target, slot });
            }
        }
        self.populate_served();
        for fault in self.faults.clone() {
            if fault.kind == Kind::TargetDown {
                self.push(fault.from, Event::Stop { target: fault.at });
            } else if fault.kind == Kind::MassDown {
                for target in self.standing_on(fault.at) {
                    let at = fault.from + self.rng.between(0, 60_000);
                    self.push(at, Event::Stop { target });
                }
            } else if fault.kind == Kind::WatcherDown {
                let target = AUTOMATIONS + fault.at;
                self.push(fault.from, Event::Stop { target });
                self.push(fault.until, Event::Start { target });
            } else if fault.kind == Kind::Overlap {
                self.push(fault.from, Event::Begin { watcher: fault.at, is_extra: true });
            }
        }
    }

    pub(super) fn watching(&self, target: usize) -> Option<Watching> {
        self.setups.first()?.targets.get(target).map(|t| t.watching.clone())
    }

    fn standing_on(&self, platform: usize) -> Vec<usize> {
        let Some(setup) = self.setups.first() else { return Vec::new() };
        let all = setup.targets.iter().enumerate();
        let stands = |n: usize, t: &TargetSetup| n < AUTOMATIONS && t.watching == Watching::Standing;
        all.filter(|(n, t)| t.platform == platform && stands(*n, t)).map(|(n, _)| n).collect()
    }

    pub(super) fn push(&mut self, at: u64, event: Event) {
        self.queue.push(at.max(self.now), event);
    }

    pub(super) fn mark(&mut self, code: u64, a: u64) {
        for word in [self.now, code, a] {
            self.outcome.hash =
                (self.outcome.hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(17);
        }
    }

    /// The faults of this kind that strike now.
    pub(super) fn now_of(&self, kind: Kind) -> impl Iterator<Item = &Fault> {
        let of = if self.now <= self.calm { self.sorted.get(kind as usize) } else { None };
        of.into_iter().flatten().filter(|f| f.from <= self.now && self.now < f.until)
    }

    /// Whether a fault of this kind strikes this now.
    pub(super) fn strikes(&self, kind: Kind, at: usize) -> bool {
        self.now_of(kind).any(|f| f.at == at)
    }

    pub(super) fn is_cut(&self, watcher: usize, edge: usize) -> bool {
        self.now_of(Kind::Partition).any(|f| f.at == watcher && f.edge == edge)
    }

    pub(super) fn store_is_down(&self, store: usize) -> bool {
        self.strikes(Kind::StoreDown, store)
            || (store == 0 && self.strikes(Kind::CommonCause, 0))
            || self.is_gone(Struck::Store(store))
    }

    pub(super) fn platform_is_down(&self, platform: usize) -> bool {
        self.strikes(Kind::PlatformDown, platform)
            || (platform == 0 && self.strikes(Kind::CommonCause, 0))
            || self.is_gone(Struck::Platform(platform))
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Begin { watcher, is_extra } => self.begin(watcher, is_extra),
            Event::Arrive { watcher, life, ticket, request, back } => {
                self.mark(2, u64::from(ticket.0));
                let answer = self.arrive(watcher, &request);
                if let Some(back) = back {
                    self.push(self.now + back, Event::Answer { watcher, life, ticket, answer });
                }
            }
            Event::Answer { watcher, life, ticket, answer } => self.answer(watcher, life, ticket, answer),
            Event::Slot { target, slot } => self.slot(target, slot),
            Event::Primary { target, slot } => self.primary(target, slot),
            Event::Stop { target } => {
                if let Some(a) = self.truth.automations.get_mut(target).filter(|a| !a.is_down) {
                    (a.was_down, a.is_down) = (false, true);
                    a.outage += 1;
                    self.mark(6, a_number(target));
                    // A stale list lags some minutes behind, both when something stops and when it is back.
                    let at = self.now + self.rng.between(60_000, 600_000);
                    self.push(at, Event::Settle { target });
                }
                self.primary_stops(target);
                if let Some(state) = target.checked_sub(AUTOMATIONS).and_then(|w| self.watchers.get_mut(w)) {
                    state.lives.clear();
                }
            }
            Event::Work { target } => self.work(target),
            Event::Start { target } => {
                if let Some(a) = self.truth.automations.get_mut(target) {
                    a.is_down = false;
                }
            }
            Event::Settle { target } => {
                if let Some(a) = self.truth.automations.get_mut(target) {
                    a.was_down = a.is_down;
                }
            }
        }
    }

    fn begin(&mut self, watcher: usize, is_extra: bool) {
        self.mark(1, a_number(watcher));
        let Some(setup) = self.setups.get(watcher).cloned() else { return };
        let Some(being) = self.world.watchers.get(watcher).copied() else { return };
        let cannot_start = being.platform.is_some_and(|platform| self.platform_is_down(platform))
            || self.is_gone(Struck::Peer(watcher))
            || self.truth.automations.get(self.world.primaries.len() + watcher).is_some_and(|a| a.is_down);
        if !is_extra {
            // GitHub's cron is hours late; what wakes the Action in time is the others.
            let late = if being.start == Start::Cron { self.lateness() } else { self.rng.between(0, 2_000) };
            let next = self.now + u64::from(setup.body.period) + late;
            self.push(next, Event::Begin { watcher, is_extra: false });
        }
        let is_busy = self.watchers.get(watcher).is_some_and(|w| !w.lives.is_empty());
        if cannot_start || (is_busy && being.memory == Memory::Kept) {
            return;
        }
        let run = self.rng.bits() >> 8;
        let now = self.clock(watcher, self.now);
        let Some(state) = self.watchers.get_mut(watcher) else { return };
        if being.memory == Memory::None {
            state.memory = None;
        }
        let tick = Tick::new(setup, run, state.memory.clone(), now);
        self.lives += 1;
        let life = Life {
            number: self.lives,
            begun: self.now,
            tick,
            paused: 0,
            asked: Vec::new(),
            accused: Vec::new(),
            probed: Vec::new(),
            looked: Vec::new(),
        };
        state.lives.push(life);
        self.drive(watcher, self.lives, Input::Begin);
    }

    fn answer(&mut self, watcher: usize, number: u64, ticket: Ticket, answer: Answer) {
        self.mark(3, u64::from(ticket.0));
        let crash = (self.strikes(Kind::Crash, watcher) && self.rng.percent(10))
            || self.is_gone(Struck::Peer(watcher));
        let pause = self.strikes(Kind::Pause, watcher) && self.rng.percent(10);
        let pause = if pause { self.rng.between(1_000, 300_000) } else { 0 };
        let Some(state) = self.watchers.get_mut(watcher) else { return };
        let Some(life) = state.lives.iter_mut().find(|life| life.number == number) else { return };
        if self.now < life.paused {
            let until = life.paused;
            return self.push(until, Event::Answer { watcher, life: number, ticket, answer });
        }
        let too_old = self.now - life.begun > self.world.watchers.get(watcher).map_or(0, |being| being.life);
        if crash || too_old {
            state.lives.retain(|life| life.number != number);
            if let Some((_, beat)) = &mut state.memory
                && crash
            {
                state.incarnation += 1;
                *beat = BeatNumber { incarnation: state.incarnation, seq: 0 };
            }
            return self.mark(7, a_number(watcher));
        }
        life.paused = self.now + pause;
        self.drive(watcher, number, Input::Answer(ticket, answer));
    }

    fn drive(&mut self, watcher: usize, number: u64, input: Input) {
        let begun = self.begun(watcher, number).unwrap_or(self.now);
        let now = self.clock(watcher, begun);
        let mut requests = std::mem::take(&mut self.requests);
        let Some(state) = self.watchers.get_mut(watcher) else { return };
        let Some(life) = state.lives.iter_mut().find(|life| life.number == number) else { return };
        if let Input::Answer(ticket, Answer::Probed(Probed::Down)) = &input {
            let asked = life.asked.iter().filter(|(asked, _)| asked == ticket);
            life.probed.extend(asked.map(|(_, target)| *target));
        }
        if let Input::Answer(_, Answer::Evidence(Ok(read))) = &input {
            let own = life.tick.own_id();
            let others = read.value.iter().filter(|record| Some(&record.beat.peer) != own);
            life.accused.extend(others.flat_map(|record| &record.suspicions).map(|s| s.target.clone()));
        }
        if let Input::Answer(_, Answer::Evidence(Ok(_))) = &input {
            for (target, many) in &mut life.looked {
                *many += 1;
                if *many == LOOK {
                    life.probed.push(*target);
                }
            }
        }
        life.tick.step(input, now, &mut requests);
        let report = life.tick.report();
        if requests.is_empty() && report.is_none() {
            self.requests = requests;
            return;
        }
        let probes = requests.iter().filter_map(|(ticket, request)| {
            if let Request::Probe { target, .. } = request { Some((*ticket, *target)) } else { None }
        });
        life.asked.extend(probes);
        let claims = requests.iter().filter_map(|(_, request)| {
            if let Request::SwapDecision { cell, .. } = request { Some((*cell, 0)) } else { None }
        });
        let setup = self.setups.get(watcher);
        life.looked.extend(claims.filter(|(cell, _)| setup.is_some_and(|s| world::is_looked_at(s, *cell))));
        let (paused, probed) = (life.paused, life.probed.clone());
        if requests.iter().any(|(_, request)| matches!(request, Request::WriteEvidence(..))) {
            self.accused.clone_from(&life.accused);
        }
        for (ticket, request) in requests.drain(..) {
            let is_probed = matches!(&request, Request::Send { target, .. } if probed.contains(target));
            if let Request::WriteEvidence(_, record) = &request {
                self.posts(watcher, record, &probed);
            }
            self.send_off(watcher, (number, paused, is_probed), ticket, request);
        }
        self.requests = requests;
        if let Some(report) = &report {
            self.tell_deeds(watcher, &report.deeds);
        }
        if let (Some(report), Some(state)) = (report, self.watchers.get_mut(watcher)) {
            state.lives.retain(|life| life.number != number);
            if self.world.remembers(watcher) {
                state.memory = Some((report.carry, report.number));
            }
        }
    }
}

pub(super) fn a_number(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
