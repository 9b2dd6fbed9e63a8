//! The tick.

mod acting;
mod self_health;
mod suspects;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use standin_core::mesh::fitness::{SETTLE_MS, Settle, Woke};
use standin_core::mesh::peer::{BeatNumber, PeerBeat, PeerId};
use standin_core::mesh::suspicion::Suspicion;

use super::clocks::{Clocks, Now};
use super::errand::{Asks, Errand, Part};
use super::gather::Gathered;
use super::judge::Case;
use super::outcome::{Deed, Report};
use super::record::{Carry, Record};
use super::setup::Setup;
use crate::ports::mesh::{Answer, Fact, Number, Request, Ticket};

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
                config_hash: setup.config_hash,
            };
            let record = Record {
                beat,
                suspicions: self.suspicions.clone(),
                carry: Arc::clone(&carry),
                asks: Vec::new(),
                facts: Arc::default(),
            };
            self.ask(Purpose::Nothing, Request::WriteEvidence(*store, Arc::new(record)), now, out);
        }
    }
}
