//! One run: an event heap, the watchers, and what answers them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use standin_core::effect::EffectKey;
use standin_core::mesh::cell::{ClaimPhase, Holder};
use standin_core::mesh::claim::{Probed, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::BeatNumber;
use standin_core::mesh::rank::slot_key;
use standin_engine::mesh::record::Carry;
use standin_engine::mesh::{Heartbeats, Input, Now, Setup, Tick, Watching};
use standin_engine::ports::mesh::{
    Answer, Decision, Notice, ReadError, Request, Stamped, Survey, SwapAnswer, Ticket, Version, WriteError,
};

use super::fault::{self, Fault, Kind};
use super::laws::{Broken, Laws, Sending};
use super::rng::Rng;
use super::truth::{EPOCH_MS, Truth};
use super::world::{self, ACTION, AGENT, BLOBS, HOUR, MINUTE, SQLITE, STORES, TARGETS, Tamper, WATCHERS};

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
}

/// So many faults strike in one run.
const FAULTS: usize = 40;

impl Plan {
    /// The plan of a seed, with faults of these kinds.
    pub fn of(seed: u64, hours: u64, kinds: &[Kind]) -> Self {
        let mut rng = Rng::new(seed ^ 0x00fa_0175);
        let faults = fault::draw(&mut rng, kinds, FAULTS, hours * HOUR * 3 / 4);
        Self { seed, hours, faults, tamper: Tamper::Nothing }
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
    /// Broken invariants, the first few.
    pub broken: Vec<Broken>,
}

#[derive(Debug)]
enum Event {
    Begin { watcher: usize, is_extra: bool },
    Arrive { watcher: usize, life: u64, ticket: Ticket, request: Request, back: Option<u64> },
    Answer { watcher: usize, life: u64, ticket: Ticket, answer: Answer },
    Slot { target: usize, slot: u64 },
    Primary { target: usize, slot: u64 },
    Stop { target: usize },
    Settle { target: usize },
}

struct Queued(u64, u64, Event);

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}
impl Eq for Queued {}
impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Queued {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        Reverse((self.0, self.1)).cmp(&Reverse((other.0, other.1)))
    }
}

/// One run of one watcher that is going on.
struct Life {
    number: u64,
    begun: u64,
    tick: Tick,
    /// Nothing happens to it before this: it stands still.
    paused: u64,
    /// Probes that are under way, and targets that were seen down by one.
    asked: Vec<(Ticket, usize)>,
    probed: Vec<usize>,
}

#[derive(Default)]
struct Watcher {
    lives: Vec<Life>,
    memory: Option<(Carry, BeatNumber)>,
    incarnation: u64,
}

struct Sim {
    rng: Rng,
    now: u64,
    sequence: u64,
    lives: u64,
    heap: BinaryHeap<Queued>,
    setups: Vec<Arc<Setup>>,
    watchers: Vec<Watcher>,
    truth: Truth,
    laws: Laws,
    faults: Vec<Fault>,
    calm: u64,
    tamper: Tamper,
    requests: Vec<(Ticket, Request)>,
    outcome: Outcome,
}

/// Runs a plan.
///
/// # Errors
/// [`world::WorldError`], when what ships refuses the simulated configuration.
pub fn run(plan: &Plan) -> Result<Outcome, world::WorldError> {
    let mut sim = Sim {
        rng: Rng::new(plan.seed),
        now: 0,
        sequence: 0,
        lives: 0,
        heap: BinaryHeap::with_capacity(256),
        setups: world::setups(plan.tamper)?,
        watchers: (0..WATCHERS).map(|_| Watcher::default()).collect(),
        truth: Truth::new(),
        laws: Laws::default(),
        faults: plan.faults.clone(),
        calm: plan.faults.iter().map(|fault| fault.until).max().unwrap_or(0),
        tamper: plan.tamper,
        requests: Vec::new(),
        outcome: Outcome { hash: 0xcbf2_9ce4_8422_2325, ..Outcome::default() },
    };
    sim.populate();
    let end = plan.hours * HOUR;
    while let Some(Queued(at, _, event)) = sim.heap.pop() {
        if at > end || !sim.laws.broken.is_empty() {
            break;
        }
        sim.now = at;
        sim.outcome.events += 1;
        sim.happen(event);
    }
    sim.now = end;
    if sim.laws.broken.is_empty() {
        sim.converged();
    }
    sim.outcome.executions = sim.laws.executions();
    sim.outcome.broken = sim.laws.broken;
    Ok(sim.outcome)
}

impl Sim {
    fn populate(&mut self) {
        for watcher in 0..WATCHERS {
            let at = self.rng.between(0, 60_000);
            self.push(at, Event::Begin { watcher, is_extra: false });
        }
        for target in 0..TARGETS {
            if let Some(Watching::Slots { offset, .. }) = self.watching(target) {
                self.push(offset, Event::Slot { target, slot: EPOCH_MS + offset });
            }
        }
        for fault in self.faults.clone() {
            match fault.kind {
                Kind::TargetDown => self.push(fault.from, Event::Stop { target: fault.at }),
                Kind::Overlap => self.push(fault.from, Event::Begin { watcher: fault.at, is_extra: true }),
                _ => {}
            }
        }
    }

    fn watching(&self, target: usize) -> Option<Watching> {
        self.setups.first()?.targets.get(target).map(|t| t.watching)
    }

    fn push(&mut self, at: u64, event: Event) {
        self.sequence += 1;
        self.heap.push(Queued(at.max(self.now), self.sequence, event));
    }

    fn mark(&mut self, code: u64, a: u64) {
        for word in [self.now, code, a] {
            self.outcome.hash =
                (self.outcome.hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(17);
        }
    }

    /// Whether a fault of this kind strikes this now.
    fn strikes(&self, kind: Kind, at: usize) -> bool {
        self.now <= self.calm
            && self
                .faults
                .iter()
                .any(|f| f.kind == kind && f.at == at && f.from <= self.now && self.now < f.until)
    }

    fn is_cut(&self, watcher: usize, edge: usize) -> bool {
        self.now <= self.calm
            && self.faults.iter().any(|f| {
                f.kind == Kind::Partition
                    && f.at == watcher
                    && f.edge == edge
                    && f.from <= self.now
                    && self.now < f.until
            })
    }

    fn store_is_down(&self, store: usize) -> bool {
        self.strikes(Kind::StoreDown, store) || (store == 0 && self.strikes(Kind::CommonCause, 0))
    }

    fn platform_is_down(&self, platform: usize) -> bool {
        self.strikes(Kind::PlatformDown, platform) || (platform == 0 && self.strikes(Kind::CommonCause, 0))
    }

    fn clock(&self, watcher: usize) -> Now {
        let skew = if self.strikes(Kind::ClockStep, watcher) { 60_000 } else { 0 };
        Now { mono: self.now, wall: StoreTime(0).plus(EPOCH_MS + self.now + skew) }
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
        let cannot_start = watcher == ACTION && self.platform_is_down(0)
            || watcher == world::FUNCTION && self.platform_is_down(1);
        if !is_extra {
            // GitHub's cron is hours late; what wakes the Action in time is the others.
            let late = if watcher == ACTION { self.lateness() } else { self.rng.between(0, 2_000) };
            let next = self.now + u64::from(setup.body.period) + late;
            self.push(next, Event::Begin { watcher, is_extra: false });
        }
        let is_busy = self.watchers.get(watcher).is_some_and(|w| !w.lives.is_empty());
        if cannot_start || (is_busy && watcher == AGENT) {
            return;
        }
        let run = self.rng.bits() >> 8;
        let now = self.clock(watcher);
        let Some(state) = self.watchers.get_mut(watcher) else { return };
        if watcher != AGENT {
            state.memory = None;
        }
        let tick = Tick::new(setup, run, state.memory.clone(), now);
        self.lives += 1;
        let life = Life { number: self.lives, begun: self.now, tick, paused: 0, asked: Vec::new(), probed: Vec::new() };
        state.lives.push(life);
        self.drive(watcher, self.lives, Input::Begin);
    }

    fn answer(&mut self, watcher: usize, number: u64, ticket: Ticket, answer: Answer) {
        self.mark(3, u64::from(ticket.0));
        let crash = self.strikes(Kind::Crash, watcher) && self.rng.percent(10);
        let pause = self.strikes(Kind::Pause, watcher) && self.rng.percent(10);
        let pause = if pause { self.rng.between(1_000, 300_000) } else { 0 };
        let Some(state) = self.watchers.get_mut(watcher) else { return };
        let Some(life) = state.lives.iter_mut().find(|life| life.number == number) else { return };
        if self.now < life.paused {
            let until = life.paused;
            return self.push(until, Event::Answer { watcher, life: number, ticket, answer });
        }
        let too_old = self.now - life.begun > world::life(watcher);
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
        let now = self.clock(watcher);
        let mut requests = std::mem::take(&mut self.requests);
        let Some(state) = self.watchers.get_mut(watcher) else { return };
        let Some(life) = state.lives.iter_mut().find(|life| life.number == number) else { return };
        if let Input::Answer(ticket, Answer::Probed(Probed::Down)) = &input {
            let asked = life.asked.iter().filter(|(asked, _)| asked == ticket);
            life.probed.extend(asked.map(|(_, target)| *target));
        }
        life.tick.step(input, now, &mut requests);
        let report = life.tick.report();
        let probes = requests.iter().filter_map(|(ticket, request)| match request {
            Request::Probe { target, .. } => Some((*ticket, *target)),
            _ => None,
        });
        life.asked.extend(probes);
        let (paused, probed) = (life.paused, life.probed.clone());
        for (ticket, request) in requests.drain(..) {
            let is_probed = matches!(&request, Request::Send { target, .. } if probed.contains(target));
            self.send_off(watcher, (number, paused, is_probed), ticket, request);
        }
        self.requests = requests;
        if let (Some(report), Some(state)) = (report, self.watchers.get_mut(watcher)) {
            state.lives.retain(|life| life.number != number);
            if watcher == AGENT {
                state.memory = Some((report.carry, report.number));
            }
        }
    }

    /// Sends a request on its way: looks at the laws, and draws how long it takes.
    fn send_off(
        &mut self,
        watcher: usize,
        (life, paused, probed): (u64, u64, bool),
        ticket: Ticket,
        request: Request,
    ) {
        let limit = u64::from(world::body(watcher).request);
        let (mut there, mut back) = (self.rng.between(5, 80), self.rng.between(5, 80));
        match &request {
            Request::Sleep(time) => {
                let wait = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                return self
                    .push(self.now + wait, Event::Answer { watcher, life, ticket, answer: Answer::Over });
            }
            Request::Send { target, order, .. } => self.look_at_send(watcher, *target, order.epoch, probed),
            Request::WriteEvidence(_, record) => {
                let accuses = !record.suspicions.is_empty() && !record.beat.self_health.is_clean();
                if accuses && !self.is_seconded(watcher, record) {
                    self.laws.breach(
                        "I8",
                        self.now,
                        format!("watcher {watcher} accuses with faults of its own"),
                    );
                }
                if watcher == AGENT {
                    self.laws.beats(self.now, watcher, record.beat.number);
                }
            }
            Request::ReadDecision { store: BLOBS, .. } | Request::SwapDecision { store: BLOBS, .. }
                if self.tamper != Tamper::BlindArbiter =>
            {
                self.laws.breach("I9", self.now, "a decision at a store that has not passed".to_owned());
            }
            _ => {}
        }
        there += paused.saturating_sub(self.now);
        let edge = edge_of(&request);
        let lost = edge.is_some_and(|edge| {
            self.is_cut(watcher, edge)
                || (edge < STORES && self.store_is_down(edge))
                || (edge >= STORES
                    && self.platform_is_down(edge - STORES)
                    && !is_foreign(&self.setups, &request))
                || (edge == SQLITE && watcher != AGENT)
        });
        if lost {
            let answer = request.unanswered();
            return self.push(self.now + limit, Event::Answer { watcher, life, ticket, answer });
        }
        let Some(store) = edge.filter(|edge| *edge < STORES) else {
            return self
                .push(self.now + there, Event::Arrive { watcher, life, ticket, request, back: Some(back) });
        };
        if self.strikes(Kind::Throttle, store) && self.rng.percent(50) {
            let answer = refused(&request);
            return self.push(self.now + there + back, Event::Answer { watcher, life, ticket, answer });
        }
        if self.strikes(Kind::StoreSlow, store) {
            there += self.rng.between(0, 8_000);
            back += self.rng.between(0, 4_000);
        }
        let is_write = matches!(request, Request::SwapDecision { .. } | Request::WriteEvidence(..));
        let mut answers = true;
        if is_write && self.strikes(Kind::LostReply, store) && self.rng.percent(50) {
            answers = false;
        }
        if is_write && self.strikes(Kind::LateCommit, store) && self.rng.percent(50) {
            there += self.rng.between(5_000, 300_000);
        }
        if !answers || there + back > limit {
            let answer = request.unanswered();
            self.push(self.now + limit, Event::Answer { watcher, life, ticket, answer });
            return self.push(self.now + there, Event::Arrive { watcher, life, ticket, request, back: None });
        }
        self.push(self.now + there, Event::Arrive { watcher, life, ticket, request, back: Some(back) });
    }

    fn is_seconded(&self, watcher: usize, record: &standin_engine::mesh::record::Record) -> bool {
        let others =
            self.truth.stores.iter().flat_map(|s| s.records.iter().chain(&s.stale_records)).flatten();
        let others: Vec<_> = others.filter(|r| r.beat.peer != record.beat.peer).collect();
        let _ = watcher;
        record
            .suspicions
            .iter()
            .all(|s| others.iter().any(|o| o.suspicions.iter().any(|x| x.target == s.target)))
    }

    fn look_at_send(&mut self, watcher: usize, target: usize, epoch: u64, is_probed: bool) {
        let Some(setup) = self.setups.get(watcher).cloned() else { return };
        let (Some(peer), Some(t)) = (setup.own_id(), setup.targets.get(target)) else { return };
        let clocks = t.decider.stores().iter().filter_map(|s| self.truth.stores.get(*s));
        let Some(time) = clocks.map(|s| s.clock(self.now)).min() else { return };
        let holder = Holder { peer: peer.clone(), run: 0 };
        let send = setup.body.send.max(t.terms.send);
        self.laws.sends(self.now, &Sending { target, epoch, holder: &holder, is_probed, time, send });
    }

    fn arrive(&mut self, watcher: usize, request: &Request) -> Answer {
        match request {
            Request::ReadEvidence(store) => {
                let is_stale = self.strikes(Kind::StaleRead, *store);
                let Some(s) = self.truth.stores.get(*store) else { return request.unanswered() };
                let (at, value) = (s.clock(self.now), s.evidence(is_stale));
                if self.outcome.events.is_multiple_of(64) {
                    self.laws.joins(self.now, &value);
                }
                Answer::Evidence(Ok(Stamped { at, value }))
            }
            Request::WriteEvidence(store, record) => {
                let Some(s) = self.truth.stores.get_mut(*store) else { return request.unanswered() };
                s.put(watcher, Arc::clone(record));
                Answer::Written(Ok(s.clock(self.now)))
            }
            Request::ReadDecision { store, cell } => {
                if self.strikes(Kind::Garbage, *store) && self.rng.percent(30) {
                    return Answer::Decision(Err(ReadError::Garbage));
                }
                let is_stale = self.strikes(Kind::StaleRead, *store);
                let Some(s) = self.truth.stores.get(*store) else { return request.unanswered() };
                Answer::Decision(Ok(Stamped { at: s.clock(self.now), value: s.decision(*cell, is_stale) }))
            }
            Request::SwapDecision { store, cell, expect, next } => {
                self.swap(*store, *cell, expect.as_ref(), Arc::clone(next))
            }
            Request::Survey(platform) => Answer::Surveyed(Some(self.survey(*platform))),
            Request::Probe { target, slot } => Answer::Probed(self.probe(*target, *slot)),
            Request::Send { target, slot, order } => Answer::Sent(self.carry_out(*target, *slot, &order.key)),
            Request::Wake(peer) => {
                let at = self.now + self.rng.between(5_000, 60_000);
                self.push(at, Event::Begin { watcher: *peer, is_extra: true });
                Answer::Over
            }
            Request::Notify(notice) => {
                self.outcome.notices += 1;
                let _: &Notice = notice;
                Answer::Over
            }
            Request::Sleep(_) => Answer::Over,
        }
    }

    fn swap(&mut self, store: usize, cell: usize, expect: Option<&Version>, next: Arc<Decision>) -> Answer {
        let (now, setup) = (self.now, self.setups.first().cloned());
        let Some(s) = self.truth.stores.get_mut(store) else { return Answer::Swapped(SwapAnswer::Unknown) };
        let (at, is_blind) = (s.clock(now), store == BLOBS);
        let Some(version) = s.swap(cell, expect, next, is_blind) else {
            return Answer::Swapped(SwapAnswer::Lost);
        };
        self.mark(4, a_number(cell));
        if let Some(decided) = setup.as_ref().and_then(|setup| self.truth.decided(setup, cell)) {
            let is_well = self.was_well(cell);
            self.laws.decided(now, cell, &decided, at, is_well);
        }
        Answer::Swapped(SwapAnswer::Won(Stamped { at, value: version }))
    }

    /// Whether `Done` is right by the truth alone. A slot that has run is; a process that is up, or was a moment ago,
    /// is: it may stop again between the probe and the record.
    fn was_well(&self, target: usize) -> bool {
        let stops = self.faults.iter().any(|f| {
            f.kind == Kind::TargetDown
                && f.at == target
                && f.from <= self.now
                && self.now < f.from + 10 * MINUTE
        });
        match self.watching(target) {
            Some(Watching::Slots { .. }) => true,
            Some(Watching::Standing) => {
                stops || self.truth.automations.get(target).is_some_and(|a| !a.is_down)
            }
            None => true,
        }
    }

    fn survey(&mut self, platform: usize) -> Survey {
        let is_stale = self.strikes(Kind::StaleSurvey, platform);
        let Some(setup) = self.setups.first() else { return Vec::new() };
        let targets = setup.targets.iter().enumerate().filter(|(_, t)| t.platform == platform);
        let fact = |(n, t): (usize, &standin_engine::mesh::TargetSetup)| {
            Some((n, self.truth.automations.get(n)?.fact(t.watching, is_stale)))
        };
        targets.filter_map(fact).collect()
    }

    fn probe(&self, target: usize, slot: Option<StoreTime>) -> Probed {
        let Some(a) = self.truth.automations.get(target) else { return Probed::Unknown };
        match slot {
            Some(slot) if StoreTime(0).plus(a.covered) >= slot => Probed::Well,
            None if !a.is_down => Probed::Well,
            Some(_) | None => Probed::Down,
        }
    }

    fn carry_out(&mut self, target: usize, slot: Option<StoreTime>, key: &EffectKey) -> Sent {
        self.mark(5, a_number(target));
        let fails = self.strikes(Kind::RunFails, target)
            || (self.strikes(Kind::TargetDown, target) && self.rng.percent(30));
        let (now, tamper) = (self.now, self.tamper);
        let Some(a) = self.truth.automations.get_mut(target) else { return Sent::Refused };
        if fails || !a.admits(key, tamper) {
            return Sent::Accepted;
        }
        let occurrence = slot.map_or(a.outage, |slot| slot.0.unsigned_abs());
        match slot {
            Some(_) => a.cover(occurrence),
            None => (a.was_down, a.is_down) = (true, false),
        }
        self.laws.executed(now, target, occurrence, key);
        self.outcome.recoveries += 1;
        let at = now + self.rng.between(MINUTE, 10 * MINUTE);
        self.push(at, Event::Settle { target });
        Sent::Accepted
    }

    fn lateness(&mut self) -> u64 {
        /// Seconds, at the quantiles 0, 50, 90, 99, 99.9 and 100 %: hourly schedules of 2026.
        const TABLE: [(u64, u64); 6] =
            [(0, 20), (500, 970), (900, 2_441), (990, 7_200), (999, 14_400), (1000, 28_800)];
        let draw = self.rng.between(0, 1_000);
        for pair in TABLE.windows(2) {
            if let [(from, low), (to, high)] = pair
                && draw < *to
            {
                return (low + (high - low) * (draw - from) / (to - from)) * 1_000;
            }
        }
        0
    }

    fn slot(&mut self, target: usize, slot: u64) {
        let period = match self.watching(target) {
            Some(Watching::Slots { period, .. }) => period,
            Some(Watching::Standing) | None => return,
        };
        self.push(self.now + period, Event::Slot { target, slot: slot + period });
        let is_cron = target < 8;
        let is_skipped = self.strikes(Kind::CronSkip, target) || (is_cron && self.rng.percent(12));
        if is_skipped {
            return;
        }
        let late = if is_cron { self.lateness() } else { self.rng.between(100, 5_000) };
        self.push(self.now + late, Event::Primary { target, slot });
        if self.strikes(Kind::CronTwice, target) {
            let again = late + self.rng.between(0, HOUR);
            self.push(self.now + again, Event::Primary { target, slot });
        }
    }

    /// The primary of a slot starts, perhaps hours late: its first step claims the slot's key.
    fn primary(&mut self, target: usize, slot: u64) {
        let platform = usize::from(target >= 8);
        if self.platform_is_down(platform) {
            let late = self.rng.between(MINUTE, HOUR);
            return self.push(self.now + late, Event::Primary { target, slot });
        }
        self.mark(8, slot);
        let id = self.setups.first().and_then(|s| s.targets.get(target)).map(|t| t.target.clone());
        let Some(standin_core::incident::Target::Automation(id)) = id else { return };
        let Ok(at) = jiff::Timestamp::from_millisecond(i64::try_from(slot).unwrap_or(0)) else { return };
        let key = slot_key(&id, at);
        let fails = self.strikes(Kind::RunFails, target);
        let (now, tamper) = (self.now, self.tamper);
        let Some(a) = self.truth.automations.get_mut(target) else { return };
        if !fails && a.admits(&key, tamper) {
            a.cover(slot);
            self.laws.executed(now, target, slot, &key);
        }
    }

    /// The faults are long over: everything that can be is well again.
    fn converged(&mut self) {
        let Some(setup) = self.setups.first().cloned() else { return };
        for (number, target) in setup.targets.iter().enumerate() {
            let Some(a) = self.truth.automations.get(number) else { continue };
            let exhausted = self
                .truth
                .decided(&setup, number)
                .is_some_and(|c| c.phase == ClaimPhase::Exhausted || c.attempt >= 3);
            let is_well = match target.watching {
                Watching::Standing => !a.is_down,
                Watching::Slots { period, deadline, .. } => {
                    a.covered + period + deadline + HOUR >= EPOCH_MS + self.now
                }
            };
            if !is_well && !exhausted {
                let what = format!("target {number} is not well hours after the last fault");
                self.laws.breach("liveness", self.now, what);
            }
        }
    }
}

fn a_number(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// What a request goes to: a store, or a platform after the stores.
fn edge_of(request: &Request) -> Option<usize> {
    match request {
        Request::ReadEvidence(store)
        | Request::WriteEvidence(store, _)
        | Request::ReadDecision { store, .. }
        | Request::SwapDecision { store, .. } => Some(*store),
        Request::Survey(platform) => Some(STORES + platform),
        Request::Probe { target, .. } | Request::Send { target, .. } => Some(match target {
            0..8 => STORES,
            8..14 => STORES + 1,
            _ => STORES + 2,
        }),
        Request::Wake(peer) => Some(if *peer == ACTION { STORES } else { STORES + 1 }),
        Request::Notify(_) | Request::Sleep(_) => None,
    }
}

/// Whether a request is about a target whose backup and heartbeats are elsewhere than its platform.
fn is_foreign(setups: &[Arc<Setup>], request: &Request) -> bool {
    let (Request::Probe { target, .. } | Request::Send { target, .. }) = request else { return false };
    let target = setups.first().and_then(|setup| setup.targets.get(*target));
    target.is_some_and(|target| target.heartbeats == Heartbeats::Elsewhere)
}

/// The definite no of a store that has not even looked.
fn refused(request: &Request) -> Answer {
    match request {
        Request::SwapDecision { .. } => Answer::Swapped(SwapAnswer::Lost),
        Request::WriteEvidence(..) => Answer::Written(Err(WriteError::Refused)),
        other => other.unanswered(),
    }
}
