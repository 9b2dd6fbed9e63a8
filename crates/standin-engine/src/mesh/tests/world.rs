//! Several watchers, one store, and platforms that answer what a test says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use standin_core::effect::EffectKey;
use standin_core::incident::IncidentId;
use standin_core::incident::Target;
use standin_core::mesh::arbiter::{Conformance, StoreKind};
use standin_core::mesh::cell::{Bid, Cell, ClaimPhase, Holder, acquire};
use standin_core::mesh::claim::{Order, Probed, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::BeatNumber;
use standin_core::mesh::ruling::Ruling;
use standin_core::mesh::terms::Terms;

use crate::mesh::record::{Carry, Record};
use crate::mesh::*;
use crate::ports::mesh::{
    Answer, Decision, Fact, Held, Notice, Request, Stamped, SwapAnswer, Ticket, Version, WriteError,
};

pub(super) const AGENT: usize = 0;
pub(super) const FUNCTION: usize = 1;
pub(super) const ACTION: usize = 2;

/// A Thursday, 12:00 UTC.
const START: u64 = 1_780_574_400_000;

pub(super) fn standing(name: &str, rungs: &[&[usize]]) -> TargetSetup {
    TargetSetup {
        target: Target::Automation(format!("pm2:{name}").parse().unwrap()),
        platform: 0,
        priority: standin_core::health::Priority::default(),
        watching: Watching::Standing,
        heartbeats: Heartbeats::None,
        rungs: rungs.iter().map(|able| Rung { able: able.to_vec() }).collect(),
        decider: Decider::Home(0),
        backup: Backup::Recovers,
        terms: Terms::default(),
    }
}

/// What happens next.
pub(super) type Then = Box<dyn FnOnce(&mut Mesh)>;

pub(super) struct Mesh {
    pub(super) now: u64,
    pub(super) setup: Setup,
    pub(super) facts: Vec<Fact>,
    pub(super) probes: Vec<Probed>,
    /// Whether sending helps.
    pub(super) helps: bool,
    pub(super) can_write: bool,
    pub(super) records: Vec<Arc<Record>>,
    pub(super) cells: BTreeMap<usize, (u32, Arc<Decision>)>,
    pub(super) memory: [Option<(Carry, BeatNumber)>; 3],
    pub(super) sent: Vec<(usize, usize, Order)>,
    /// Targets whose backup works.
    pub(super) backups: BTreeSet<usize>,
    /// Who stopped the backup of which, at which epoch.
    pub(super) stops: Vec<(usize, usize, u64)>,
    pub(super) notices: Vec<(usize, Notice)>,
    pub(super) asked_for: Vec<(usize, &'static str)>,
    /// Done right after a watcher has won a swap.
    pub(super) after_swap: Option<Then>,
}

impl Mesh {
    pub(super) fn new(targets: Vec<TargetSetup>) -> Self {
        let peer = |name: &str, reach| PeerSetup {
            id: name.parse().unwrap(),
            suspect: 90_000,
            act: 180_000,
            reach,
            target: None,
        };
        let store = StoreSetup { name: "s".into(), kind: StoreKind::S3, conformance: Conformance::Passed };
        let many = targets.len();
        let setup = Setup {
            own: AGENT,
            body: Body { tick: 50_000, request: 5_000, period: 60_000, punctual: 600_000, send: 20_000 },
            stores: vec![store],
            evidence: vec![0],
            peers: vec![
                peer("agent", Reach::Alert),
                peer("function", Reach::Wake),
                peer("action", Reach::Wake),
            ],
            platforms: vec![PlatformSetup { brake: Decider::Home(0), seen: SeenBy::Anyone }],
            targets,
            brake: BrakeSetup { minimum: 4, percent: 50 },
            config_hash: 1,
        };
        Self {
            now: 0,
            setup,
            facts: vec![Fact::Well; many],
            probes: vec![Probed::Well; many],
            helps: true,
            can_write: true,
            records: Vec::new(),
            cells: BTreeMap::new(),
            memory: [None, None, None],
            sent: Vec::new(),
            backups: BTreeSet::new(),
            stops: Vec::new(),
            notices: Vec::new(),
            asked_for: Vec::new(),
            after_swap: None,
        }
    }

    pub(super) fn down(&mut self, target: usize) {
        (self.facts[target], self.probes[target]) = (Fact::Down, Probed::Down);
    }

    pub(super) fn up(&mut self, target: usize) {
        (self.facts[target], self.probes[target]) = (Fact::Well, Probed::Well);
    }

    pub(super) fn phase(&self, target: usize) -> ClaimPhase {
        self.cell(target).phase
    }

    /// A decision of the wrong sort.
    pub(super) fn garbage(&self) -> Arc<Decision> {
        let holder = Holder { peer: "agent".parse().unwrap(), run: 1 };
        let (incident, key) = (IncidentId("i".into()), EffectKey("k".into()));
        let bid = Bid { incident, key, opened: self.time(), well_at: None, holder };
        let cell = acquire(None, &bid, &Terms::default(), self.time()).unwrap();
        Arc::new(Decision { value: Some(Ruling::Claim(cell)), ..Decision::default() })
    }

    pub(super) fn time(&self) -> StoreTime {
        StoreTime(0).plus(START + self.now)
    }

    pub(super) fn cell(&self, target: usize) -> Cell {
        match self.cells[&target].1.value.clone().unwrap() {
            Ruling::Claim(cell) => cell,
            Ruling::Brake(brake) => panic!("{brake:?}"),
        }
    }

    pub(super) fn decide(&mut self, target: usize, change: impl FnOnce(&mut Cell)) {
        let mut cell = self.cell(target);
        change(&mut cell);
        let decision = Decision { value: Some(Ruling::Claim(cell)), ..Decision::default() };
        self.cells.get_mut(&target).unwrap().1 = Arc::new(decision);
    }

    pub(super) fn record(&self, peer: usize) -> &Arc<Record> {
        let id = &self.setup.peers[peer].id;
        self.records.iter().find(|record| record.beat.peer == *id).unwrap()
    }

    /// Writes over a peer's record, under its next number.
    pub(super) fn rewrite(&mut self, peer: usize, change: impl FnOnce(&mut Record)) {
        let mut record = (**self.record(peer)).clone();
        (record.beat.number, record.beat.stamp) = (record.beat.number.next(), self.time());
        (record.beat.due, record.facts_at) = (self.time().plus(60_000), self.time());
        change(&mut record);
        self.records.retain(|old| old.beat.peer != record.beat.peer);
        self.records.push(Arc::new(record));
    }

    fn answer(&mut self, own: usize, request: &Request) -> Answer {
        match request {
            Request::ReadEvidence(_) => {
                Answer::Evidence(Ok(Stamped { at: self.time(), value: self.records.clone() }))
            }
            Request::WriteEvidence(_, record) if self.can_write => {
                self.records.retain(|old| old.beat.peer != record.beat.peer);
                self.records.push(Arc::clone(record));
                Answer::Written(Ok(self.time()))
            }
            Request::WriteEvidence(..) => Answer::Written(Err(WriteError::Unknown)),
            Request::ReadDecision { cell, .. } => {
                let held = self.cells.get(cell).map(|(version, decision)| Held {
                    version: Version(version.to_string().into()),
                    decision: Arc::clone(decision),
                });
                Answer::Decision(Ok(Stamped { at: self.time(), value: held }))
            }
            Request::SwapDecision { cell, expect, next, .. } => {
                let there = self.cells.get(cell).map_or(0, |(version, _)| *version);
                let expected = expect.as_ref().map_or(0, |version| version.0.parse().unwrap());
                if there != expected {
                    return Answer::Swapped(SwapAnswer::Lost);
                }
                self.cells.insert(*cell, (there + 1, Arc::clone(next)));
                if let Some(then) = self.after_swap.take() {
                    then(self);
                }
                let value = Version((there + 1).to_string().into());
                Answer::Swapped(SwapAnswer::Won(Stamped { at: self.time(), value }))
            }
            Request::Survey(platform) => {
                self.asked_for.push((own, "survey"));
                let all = self.setup.targets.iter().enumerate();
                let of = all.filter(|(_, target)| target.platform == *platform);
                Answer::Surveyed(Some(of.map(|(number, _)| (number, self.facts[number])).collect()))
            }
            Request::Probe { target, .. } => {
                self.asked_for.push((own, "probe"));
                Answer::Probed(self.probes[*target])
            }
            Request::ProbeBackup(target) => {
                Answer::Probed(if self.backups.contains(target) { Probed::Well } else { Probed::Down })
            }
            Request::Stop { target, epoch } => {
                self.stops.push((own, *target, *epoch));
                self.backups.remove(target);
                Answer::Sent(Sent::Accepted)
            }
            Request::Send { target, order, .. } if self.setup.targets[*target].serving().is_some() => {
                self.sent.push((own, *target, order.clone()));
                self.backups.insert(*target);
                Answer::Sent(Sent::Accepted)
            }
            Request::Send { target, order, .. } => {
                self.sent.push((own, *target, order.clone()));
                if self.helps {
                    (self.facts[*target], self.probes[*target]) = (Fact::Well, Probed::Well);
                }
                Answer::Sent(Sent::Accepted)
            }
            Request::Notify(notice) => {
                self.notices.push((own, notice.clone()));
                Answer::Over
            }
            Request::Wake(_) => Answer::Over,
            Request::Sleep(time) => {
                self.now += u64::try_from(time.as_millis()).unwrap();
                Answer::Over
            }
        }
    }

    /// One tick of a watcher that remembers its last one.
    pub(super) fn tick(&mut self, own: usize) -> Report {
        let brought = self.memory[own].take();
        let report = self.tick_with(own, brought);
        self.memory[own] = Some((report.carry.clone(), report.number));
        report
    }

    /// One tick of a watcher that remembers only what its record says.
    pub(super) fn tick_with(&mut self, own: usize, brought: Option<(Carry, BeatNumber)>) -> Report {
        let setup = Arc::new(Setup { own, ..self.setup.clone() });
        assert_eq!(setup.check(), Ok(()));
        let run = self.now * 10 + u64::try_from(own).unwrap();
        let clock = |mesh: &Self| Now { mono: mesh.now, wall: mesh.time() };
        let mut tick = Tick::new(setup, run, brought, clock(self));
        let mut open: Vec<(Ticket, Request)> = Vec::new();
        tick.step(Input::Begin, clock(self), &mut open);
        for _ in 0..1_000 {
            let Some((ticket, request)) = (!open.is_empty()).then(|| open.remove(0)) else { break };
            self.now += 5;
            let answer = self.answer(own, &request);
            tick.step(Input::Answer(ticket, answer), clock(self), &mut open);
        }
        tick.report().expect("the tick has ended")
    }

    /// Who sent what, and as which attempt.
    pub(super) fn sends(&self) -> Vec<(usize, usize, u8)> {
        self.sent.iter().map(|(own, target, order)| (*own, *target, order.attempt)).collect()
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now += seconds * 1_000;
    }
}
