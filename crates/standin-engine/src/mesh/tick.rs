//! The tick.

mod acting;
mod asks;
mod braking;
mod facts;
mod keeping;
mod look;
mod self_health;
mod suspects;
mod telling;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::fitness::{SETTLE_MS, Settle, Woke};
use standin_core::mesh::peer::{BeatNumber, PeerBeat, PeerId};
use standin_core::mesh::suspicion::Suspicion;

use super::brake::{Gate, Pass, View};
use super::clocks::{Clocks, Now};
use super::errand::{Asks, Errand, Part};
use super::favor::{Favor, FavorPart};
use super::gather::Gathered;
use super::judge::Case;
use super::outcome::{Deed, Report};
use super::record::{Carry, Record};
use super::register::Place;
use super::serving::{Keep, KeepPart};
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
    /// A look at the stores in place of a probe, and the store; `None` for what comes after the stores.
    Look(usize, Option<Number>),
    /// The record that says what was taken up.
    Persisted,
    Favor(usize, FavorPart),
    Gate(usize, Place),
    Keep(usize, KeepPart),
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Gathering,
    Settling,
    Acting,
}

/// What the watcher hears of a peer. The order is that in which it would ask one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Silence {
    /// It is itself, or its beats come.
    Heard,
    /// They do not, for longer than can be by chance.
    Suspected,
    /// There has never been one.
    Never,
    /// They have not come for so long that something is to be done.
    Confirmed,
}

/// Where the body keeps what it learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    /// It remembers.
    Own,
    /// In its record.
    Record,
}

/// Whether something was learned since the record was last written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unwritten {
    Nothing,
    Something,
}

/// One bounded watch cycle of one watcher.
#[derive(Debug, Clone)]
pub struct Tick {
    setup: Arc<Setup>,
    run: u64,
    begun: Now,
    memory: Memory,
    unwritten: Unwritten,
    /// What a body with memory brought along.
    brought: Option<(Carry, BeatNumber)>,
    phase: Phase,
    settle: Settle,
    /// So many evidence stores have answered.
    reached: usize,
    /// So many platforms have.
    seen: usize,
    clocks: Clocks,
    gathered: Gathered,
    facts: Vec<Fact>,
    /// When the platforms were last asked, by the watcher's own clock that never goes back.
    surveyed: u64,
    /// Targets that only another peer can see, which says nothing of them.
    blind: BTreeSet<Number>,
    silence: Vec<Silence>,
    carry: Carry,
    number: BeatNumber,
    suspicions: Vec<Suspicion>,
    errands: Vec<Errand>,
    looks: Vec<look::Look>,
    posted: Vec<asks::Posted>,
    favors: Vec<Favor>,
    /// So many stores have the record that says what was taken up.
    written: usize,
    gates: Vec<Gate>,
    /// How each platform looks.
    views: Vec<View>,
    keeps: Vec<Keep>,
    /// Of targets whose claim is looked at first.
    held_back: Vec<Case>,
    /// Seen well in this tick.
    well: Vec<Number>,
    queue: VecDeque<(Case, Pass)>,
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
            memory: if brought.is_some() { Memory::Own } else { Memory::Record },
            unwritten: Unwritten::Nothing,
            brought,
            phase: Phase::Gathering,
            settle: Settle::new(Woke::OnTime),
            reached: 0,
            seen: 0,
            clocks,
            gathered,
            facts,
            surveyed: now.mono,
            blind: BTreeSet::new(),
            silence: Vec::new(),
            carry: Carry::default(),
            number: BeatNumber::default(),
            suspicions: Vec::new(),
            errands: Vec::new(),
            looks: Vec::new(),
            posted: Vec::new(),
            favors: Vec::new(),
            written: 0,
            gates: Vec::new(),
            views: Vec::new(),
            keeps: Vec::new(),
            held_back: Vec::new(),
            well: Vec::new(),
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
        (self.reached, self.seen, self.surveyed) = (0, 0, now.mono);
        let setup = Arc::clone(&self.setup);
        for store in &setup.evidence {
            self.ask(Purpose::Evidence(*store), Request::ReadEvidence(*store), now, out);
        }
        for platform in (0..setup.platforms.len()).filter(|platform| setup.sees(*platform)) {
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
                self.gathered.take(&self.setup, store, read.at, &read.value);
            }
            (Purpose::Survey(_), Answer::Surveyed(Some(survey))) => {
                self.seen = self.seen.saturating_add(1);
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
                let store = self.errands.get(index).and_then(|errand| errand.store_at(part));
                self.hear_clock(store, &answer, asked, now);
                self.answer_errand(index, part, answer, now, out);
            }
            (Purpose::Keep(index, part), answer) => {
                self.answer_keep((index, part), answer, asked, now, out);
            }
            (Purpose::Gate(index, place), answer) => {
                self.answer_gate((index, place), answer, asked, now, out);
            }
            (Purpose::Look(index, store), answer) => self.looked((index, store), answer, asked, now, out),
            (Purpose::Persisted, Answer::Written(Ok(_))) => self.persisted(now, out),
            (Purpose::Favor(index, part), answer) => {
                self.answer_favor((index, part), answer, asked, now, out);
            }
            (Purpose::Evidence(_) | Purpose::Survey(_) | Purpose::Persisted | Purpose::Nothing, _) => {}
        }
        if self.phase == Phase::Gathering && self.open.is_empty() {
            self.gathered_all(now, out);
        }
        if self.phase == Phase::Acting && self.open.is_empty() {
            self.close(now, out);
        }
    }

    fn answer_errand(
        &mut self,
        index: usize,
        part: Part,
        answer: Answer,
        now: Now,
        out: &mut Vec<(Ticket, Request)>,
    ) {
        let mut asks = Asks::new();
        if let Some(errand) = self.errands.get_mut(index) {
            errand.answer(part, answer, &self.clocks, now, &mut asks);
        }
        self.follow(index, asks, now, out);
    }

    /// Every answer of a store says what time it is there.
    fn hear_clock(&mut self, store: Option<Number>, answer: &Answer, asked: u64, now: Now) {
        use crate::ports::mesh::SwapAnswer;
        let at = if let Answer::Decision(Ok(read)) = answer {
            read.at
        } else if let Answer::Swapped(SwapAnswer::Won(won)) = answer {
            won.at
        } else {
            return;
        };
        if let Some(store) = store {
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
        let is_cut_off = self.reached == 0 && self.seen == 0;
        if is_first && (is_cut_off || self.settle == Settle::new(Woke::Late)) {
            // Nothing answers at all, or nothing was read by a majority: there is nothing to settle on in this tick.
        } else if !self.settle.is_settled() && is_first && self.budget_left(now) > SETTLE_MS {
            self.phase = Phase::Settling;
            self.ask(Purpose::Settled, Request::Sleep(Duration::from_millis(SETTLE_MS)), now, out);
            return;
        }
        self.phase = Phase::Acting;
        self.suspicions = self.suspect(now, out);
        self.hear_told();
        if self.settle.is_settled() {
            self.judge(now);
            self.hear_asks(now);
        }
        self.write(Purpose::Persisted, now, out);
        if self.settle.is_settled() {
            let well = std::mem::take(&mut self.well);
            self.end_alerts(&well, now, out);
            self.open_gates(now, out);
            self.keep(now, out);
        }
    }

    fn budget_left(&self, now: Now) -> u64 {
        u64::from(self.setup.body.tick).saturating_sub(now.mono.saturating_sub(self.begun.mono))
    }

    /// Writes its record to every store.
    fn write(&mut self, purpose: Purpose, now: Now, out: &mut Vec<(Ticket, Request)>) {
        let setup = Arc::clone(&self.setup);
        self.unwritten = Unwritten::Nothing;
        self.carry.due = Some(self.begun.wall.plus(u64::from(setup.body.period)));
        let carry = Arc::new(self.carry.clone());
        let facts = self.telling();
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
                asks: self.asks_at(stamp, now),
                facts: Arc::clone(&facts),
                facts_at: StoreTime(stamp.0.saturating_sub_unsigned(now.mono.saturating_sub(self.surveyed))),
            };
            self.ask(purpose, Request::WriteEvidence(*store, Arc::new(record)), now, out);
        }
    }
}
