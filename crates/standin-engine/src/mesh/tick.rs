//! The tick.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use standin_core::mesh::cell::{Holder, Refusal};
use standin_core::mesh::claim::End;
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::confirm::{Case as Ground, confirmed_from};
use standin_core::mesh::fitness::{SETTLE_MS, SelfFault, SelfHealth, Settle, Woke};
use standin_core::mesh::peer::{BeatNumber, PeerBeat, PeerId};
use standin_core::mesh::suspicion::{Suspicion, may_open, may_second};

use super::clocks::{Clocks, Now};
use super::errand::{Asks, Errand, Part};
use super::gather::Gathered;
use super::judge::{self, Case, Judged};
use super::outcome::{Deed, Report};
use super::record::{Carry, Record, Seen};
use super::setup::{Reach, Setup};
use crate::ports::mesh::{Answer, Fact, Notice, Number, Request, Ticket};

/// So many targets are recovered at a time in one tick.
const MAX_ERRANDS: usize = 8;

/// What a tick is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Begin.
    Begin,
    /// This is the answer to that request. An answer to anything else is inert.
    Answer(Ticket, Answer),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Evidence(Number),
    Survey(Number),
    Settled,
    Errand(usize, Part),
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Gathering,
    Settling,
    Acting,
}

/// One bounded watch cycle of one watcher.
#[derive(Debug, Clone)]
pub struct Tick {
    setup: Arc<Setup>,
    run: u64,
    begun: Now,
    /// What a body with memory brought along.
    brought: Option<(Carry, BeatNumber)>,
    phase: Phase,
    settle: Settle,
    reached: usize,
    clocks: Clocks,
    gathered: Gathered,
    facts: Vec<Fact>,
    carry: Carry,
    number: BeatNumber,
    suspicions: Vec<Suspicion>,
    errands: Vec<Errand>,
    queue: VecDeque<Case>,
    open: Vec<(Ticket, Purpose, u64)>,
    tickets: u32,
    deeds: Vec<Deed>,
}

impl Tick {
    /// At its beginning. `run` was drawn anew for it; a body with memory brings what its last report gave it.
    pub fn new(setup: Arc<Setup>, run: u64, brought: Option<(Carry, BeatNumber)>, now: Now) -> Self {
        let (clocks, gathered) = (Clocks::new(setup.stores.len()), Gathered::new(setup.peers.len()));
        let facts = vec![Fact::Unknown; setup.targets.len()];
        Self {
            run,
            begun: now,
            brought,
            phase: Phase::Gathering,
            settle: Settle::new(Woke::OnTime),
            reached: 0,
            clocks,
            gathered,
            facts,
            carry: Carry::default(),
            number: BeatNumber::default(),
            suspicions: Vec::new(),
            errands: Vec::new(),
            queue: VecDeque::new(),
            open: Vec::with_capacity(8),
            tickets: 0,
            deeds: Vec::new(),
            setup,
        }
    }

    /// Takes in one input and adds what is to be done to `out`. Asked for the same, at any time, it gives nothing new.
    pub fn step(&mut self, input: Input, now: Now, out: &mut Vec<(Ticket, Request)>) {
        match input {
            Input::Begin => self.gather(now, out),
            Input::Answer(ticket, answer) => {
                let Some(place) = self.open.iter().position(|(open, ..)| *open == ticket) else { return };
                let (_, purpose, asked) = self.open.swap_remove(place);
                self.answered(purpose, answer, asked, now, out);
            }
        }
    }

    /// What it came to; `None` while answers are awaited.
    pub fn report(&self) -> Option<Report> {
        let is_over = self.phase == Phase::Acting && self.open.is_empty();
        is_over.then(|| Report {
            carry: self.carry.clone(),
            number: self.number,
            deeds: self.deeds.clone(),
            garbage: self.gathered.garbage,
        })
    }

    /// The name of the watcher.
    pub fn own_id(&self) -> Option<&PeerId> {
        self.setup.own_id()
    }

    /// Whether it awaits no answer any more.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Acting && self.open.is_empty()
    }

    fn ask(&mut self, purpose: Purpose, request: Request, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let ticket = Ticket(self.tickets);
        self.tickets = self.tickets.saturating_add(1);
        self.open.push((ticket, purpose, now.mono));
        out.push((ticket, request));
    }

    fn gather(&mut self, now: Now, out: &mut Vec<(Ticket, Request)>) {
        self.reached = 0;
        let setup = Arc::clone(&self.setup);
        for store in &setup.evidence {
            self.ask(Purpose::Evidence(*store), Request::ReadEvidence(*store), now, out);
        }
        for platform in 0..setup.platforms.len() {
            self.ask(Purpose::Survey(platform), Request::Survey(platform), now, out);
        }
    }

    fn answered(
        &mut self,
        purpose: Purpose,
        answer: Answer,
        asked: u64,
        now: Now,
        out: &mut Vec<(Ticket, Request)>,
    ) {
        match (purpose, answer) {
            (Purpose::Evidence(store), Answer::Evidence(Ok(read))) => {
                self.clocks.heard(store, read.at, asked, now.mono);
                self.reached = self.reached.saturating_add(1);
                self.gathered.take(&self.setup, read.at, &read.value);
            }
            (Purpose::Survey(_), Answer::Surveyed(Some(survey))) => {
                for (target, fact) in survey {
                    if let Some(place) = self.facts.get_mut(target) {
                        *place = fact;
                    }
                }
            }
            (Purpose::Settled, _) => {
                self.phase = Phase::Gathering;
                self.facts.fill(Fact::Unknown);
                self.gather(now, out);
            }
            (Purpose::Errand(index, part), answer) => {
                self.hear_clock(index, part, &answer, asked, now);
                let mut asks = Asks::new();
                if let Some(errand) = self.errands.get_mut(index) {
                    errand.answer(part, answer, &self.clocks, now, &mut asks);
                }
                self.follow(index, asks, now, out);
            }
            (Purpose::Evidence(_) | Purpose::Survey(_) | Purpose::Nothing, _) => {}
        }
        if self.phase == Phase::Gathering && self.open.is_empty() {
            self.gathered_all(now, out);
        }
    }

    /// Every answer of a store says what time it is there.
    fn hear_clock(&mut self, index: usize, part: Part, answer: &Answer, asked: u64, now: Now) {
        use crate::ports::mesh::SwapAnswer;
        let at = if let Answer::Decision(Ok(read)) = answer {
            read.at
        } else if let Answer::Swapped(SwapAnswer::Won(won)) = answer {
            won.at
        } else {
            return;
        };
        if let (Part::Register(place), Some(errand)) = (part, self.errands.get(index))
            && let Some(store) = errand.store_at(place)
        {
            self.clocks.heard(store, at, asked, now.mono);
        }
    }

    /// All reads are in: judge oneself, settle, and go on.
    fn gathered_all(&mut self, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let setup = Arc::clone(&self.setup);
        let time = self.clocks.earliest(&setup.evidence, now).unwrap_or(now.wall);
        let is_first = self.carry.seen.is_empty();
        if is_first {
            self.remember(now);
        }
        self.settle.read(time, self.reached, setup.evidence.len());
        if is_first && self.settle == Settle::new(Woke::Late) {
            // Nothing was read by a majority: there is nothing to settle on in this tick.
        } else if !self.settle.is_settled() && is_first && self.budget_left(now) > SETTLE_MS {
            self.phase = Phase::Settling;
            self.ask(Purpose::Settled, Request::Sleep(Duration::from_millis(SETTLE_MS)), now, out);
            return;
        }
        self.phase = Phase::Acting;
        if self.settle.is_settled() {
            self.judge(now);
        }
        self.beat(now, out);
        if self.settle.is_settled() {
            self.fill(now, out);
        }
    }

    fn budget_left(&self, now: Now) -> u64 {
        u64::from(self.setup.body.tick).saturating_sub(now.mono.saturating_sub(self.begun.mono))
    }

    /// Takes up what the last tick left, from memory or from the own newest record, and judges the own health.
    fn remember(&mut self, now: Now) {
        let setup = Arc::clone(&self.setup);
        let own = self.gathered.peers.get(setup.own).and_then(|view| view.newest.clone());
        let readable = self.gathered.next_number(setup.own);
        let (mut carry, number) = match self.brought.take() {
            Some((carry, number)) => (carry, number.next().max(readable)),
            None => (own.as_ref().map(|record| (*record.carry).clone()).unwrap_or_default(), readable),
        };
        let is_foreign = own.as_ref().is_some_and(|record| record.beat.config_hash != setup.config_hash);
        if is_foreign || carry.seen.len() != setup.targets.len() {
            carry.seen = vec![Seen::default(); setup.targets.len()];
        }
        let is_late = carry.due.is_some_and(|due| now.wall.since(due) > u64::from(setup.body.punctual));
        self.settle = Settle::new(if is_late { Woke::Late } else { Woke::OnTime });
        carry.health = self.health(carry.health, is_late.then_some(SelfFault::LateTick), own.as_deref(), now);
        self.carry = carry;
        self.number = number;
    }

    fn health(
        &self,
        before: SelfHealth,
        late: Option<SelfFault>,
        own: Option<&Record>,
        now: Now,
    ) -> SelfHealth {
        let mut faults: Vec<SelfFault> = late.into_iter().collect();
        // One store that is down is the store's fault; so many that nothing can be told is this watcher's.
        if self.reached <= self.setup.evidence.len() / 2 {
            faults.push(SelfFault::StoreUnreachable);
        }
        let clock = self.clocks.earliest(&self.setup.evidence, now);
        if clock.is_some_and(|clock| clock.is_clock_fault(now.wall)) {
            faults.push(SelfFault::BadClock);
        }
        let newest = |s: &Suspicion| {
            let place = self.setup.peers.iter().position(|peer| peer.id == s.target)?;
            self.gathered.peers.get(place)?.newest.clone()
        };
        let mut accused = own.iter().flat_map(|record| &record.suspicions);
        if accused.any(|s| s.is_refuted_by(newest(s).as_ref().map(|record| &record.beat))) {
            faults.push(SelfFault::RefutedAccusation);
        }
        match faults.as_slice() {
            [] => before.clean_tick(),
            faults => faults.iter().fold(before, |health, fault| health.fault(*fault)),
        }
    }

    /// Says what it suspects, helps the peers that can be helped, and writes its record to every store.
    fn beat(&mut self, now: Now, out: &mut Vec<(Ticket, Request)>) {
        self.suspicions = self.suspect(now, out);
        self.write(now, out);
    }

    fn write(&mut self, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let setup = Arc::clone(&self.setup);
        self.carry.due = Some(self.begun.wall.plus(u64::from(setup.body.period)));
        let carry = Arc::new(self.carry.clone());
        let Some(peer) = setup.own_id() else { return };
        for store in &setup.evidence {
            let Some(stamp) = self.clocks.earliest(&[*store], now) else { continue };
            let beat = PeerBeat {
                peer: peer.clone(),
                number: self.number,
                stamp,
                due: stamp.plus(u64::from(setup.body.period)),
                self_health: self.carry.health,
                ack_epoch: 0,
                config_hash: setup.config_hash,
            };
            let record = Record { beat, suspicions: self.suspicions.clone(), carry: Arc::clone(&carry) };
            self.ask(Purpose::Nothing, Request::WriteEvidence(*store, Arc::new(record)), now, out);
        }
    }

    fn suspect(&mut self, now: Now, out: &mut Vec<(Ticket, Request)>) -> Vec<Suspicion> {
        let setup = Arc::clone(&self.setup);
        let Some(accuser) = setup.own_id() else { return Vec::new() };
        let time = self.clocks.earliest(&setup.evidence, now).unwrap_or(now.wall);
        let mut suspicions = Vec::new();
        for (number, peer) in setup.peers.iter().enumerate() {
            let Some(view) = self.gathered.peers.get(number).filter(|_| number != setup.own) else {
                continue;
            };
            let newest = view.newest.as_ref().map(|record| &record.beat);
            let overdue = view.overdue;
            let is_unknown = newest.is_none();
            if is_unknown || overdue < self.carry.health.stretch(peer.suspect) {
                continue;
            }
            if self.settle.is_settled() && peer.reach == Reach::Wake {
                self.deeds.push(Deed::Woke(number));
                self.ask(Purpose::Nothing, Request::Wake(number), now, out);
            }
            let newest = view_beat(&self.gathered, number);
            let about = newest.map_or_else(BeatNumber::default, |beat| beat.number);
            let suspicion =
                Suspicion { accuser: accuser.clone(), target: peer.id.clone(), about, since: time };
            let accusers = self.gathered.accusers(&setup, number);
            let own = self.carry.health;
            let allowed = match accusers {
                0 => may_open(&suspicion, newest, own, &self.settle),
                _ => may_second(&suspicion, newest, &self.settle),
            };
            if allowed.is_err() {
                continue;
            }
            let due = StoreTime(time.0.saturating_sub_unsigned(overdue));
            if confirmed_from(Ground::Silence { due, accusers }, peer.act, time) <= time {
                self.ask(Purpose::Nothing, Request::Notify(Notice::PeerSilent(number)), now, out);
            }
            self.deeds.push(Deed::Suspects(number));
            suspicions.push(suspicion);
        }
        suspicions
    }

    /// What needs help, and whose turn it is.
    fn judge(&mut self, now: Now) {
        let setup = Arc::clone(&self.setup);
        for (number, target) in setup.targets.iter().enumerate() {
            let Some(seen) = self.carry.seen.get_mut(number) else { continue };
            let clock = self.clocks.earliest(target.decider.stores(), now);
            let Some(time) = clock.or_else(|| self.clocks.earliest(&setup.evidence, now)) else { continue };
            let fact = self.facts.get(number).copied().unwrap_or(Fact::Unknown);
            if let Judged::Down { since, slot } = judge::judge(target, fact, seen, time)
                && let Some(case) = judge::case(&setup, number, since, slot, seen, time)
            {
                self.queue.push_back(case);
            }
        }
    }

    /// Begins as many of the waiting cases as there is room for.
    fn fill(&mut self, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let setup = Arc::clone(&self.setup);
        let Some(peer) = setup.own_id() else { return };
        while self.errands.iter().filter(|errand| errand.over().is_none()).count() < MAX_ERRANDS
            && self.budget_left(now) > 0
        {
            let Some(case) = self.queue.pop_front() else { return };
            let Some(target) = setup.targets.get(case.target) else { continue };
            // Two tries of one run at two targets are two holders, so that no two cells are alike.
            let run = self.run.wrapping_add(u64::try_from(self.errands.len()).unwrap_or(0));
            let holder = Holder { peer: peer.clone(), run };
            let mut errand = Errand::new(case, target, holder, setup.body.send.max(target.terms.send));
            let mut asks = Asks::new();
            errand.go_on(&self.clocks, now, &mut asks);
            self.errands.push(errand);
            self.follow(self.errands.len().saturating_sub(1), asks, now, out);
        }
    }

    /// Passes on what an errand asks for, and notes its end.
    fn follow(&mut self, index: usize, asks: Asks, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let budget = self.budget_left(now);
        for (part, request) in asks {
            // A wait that does not end within the tick is not begun: the lease runs out by itself.
            let is_too_long =
                matches!(&request, Request::Sleep(wait) if wait.as_millis() > u128::from(budget));
            if !is_too_long {
                self.ask(Purpose::Errand(index, part), request, now, out);
            }
        }
        let Some(deed) = self.errands.get(index).and_then(|errand| errand.over().cloned()) else { return };
        if self.deeds.contains(&deed) {
            return;
        }
        if let Some(notice) = self.learn(&deed) {
            self.ask(Purpose::Nothing, Request::Notify(notice), now, out);
        }
        if matches!(deed, Deed::Tried { end: End::Refused(Refusal::Over), .. }) {
            // A body without memory reads at its next tick what it has written in this one.
            self.number = self.number.next();
            self.write(now, out);
        }
        self.deeds.push(deed);
        self.fill(now, out);
    }

    fn learn(&mut self, deed: &Deed) -> Option<Notice> {
        match deed {
            Deed::Blocked { target } => Some(Notice::NoArbiter(*target)),
            Deed::Tried { target, end: End::Refused(Refusal::Over), .. } => {
                // What this watcher knew is older than the cell: if the target is still down, that is news.
                if let Some(seen) = self.carry.seen.get_mut(*target) {
                    seen.down_since = None;
                }
                None
            }
            Deed::Tried { target, end: End::Refused(Refusal::AttemptsUsed), .. } => {
                Some(Notice::Exhausted(*target))
            }
            Deed::Tried { target, end: End::Refused(Refusal::Garbage(_)), .. } => {
                Some(Notice::Garbage(*target))
            }
            Deed::Tried { .. } | Deed::Woke(_) | Deed::Suspects(_) => None,
        }
    }
}

fn view_beat(gathered: &Gathered, number: Number) -> Option<&PeerBeat> {
    gathered.peers.get(number)?.newest.as_ref().map(|record| &record.beat)
}
