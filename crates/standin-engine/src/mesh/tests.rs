#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod asks;
mod braking;
mod facts;
mod quorum;
mod serving;
mod telling;
mod world;

use std::sync::Arc;

use standin_core::health::Priority;
use standin_core::incident::Target;
use standin_core::mesh::arbiter::{Conformance, StoreKind};
use standin_core::mesh::cell::ClaimPhase;
use standin_core::mesh::claim::{End, Probed, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::peer::BeatNumber;
use standin_core::mesh::terms::Terms;

use super::record::{Carry, Record};
use super::*;
use crate::ports::mesh::{
    Answer, Decision, Fact, Held, ReadError, Request, Stamped, SwapAnswer, Ticket, Version, WriteError,
};

const START: u64 = 1_780_000_000_000;

fn setup() -> Setup {
    let store = StoreSetup { name: "s".into(), kind: StoreKind::S3, conformance: Conformance::Passed };
    let peer = |name: &str| PeerSetup {
        id: name.parse().unwrap(),
        suspect: 60_000,
        act: 120_000,
        reach: Reach::Wake,
        target: None,
    };
    let target = TargetSetup {
        target: Target::Automation("pm2:web".parse().unwrap()),
        platform: 0,
        priority: Priority::Normal,
        watching: Watching::Standing,
        heartbeats: Heartbeats::None,
        rungs: vec![Rung { able: vec![0] }],
        decider: Decider::Home(0),
        backup: Backup::Recovers,
        terms: Terms::default(),
    };
    Setup {
        own: 0,
        body: Body { tick: 50_000, request: 5_000, period: 60_000, punctual: 30_000, send: 20_000 },
        stores: vec![store],
        evidence: vec![0],
        peers: vec![peer("agent"), peer("action")],
        platforms: vec![PlatformSetup { brake: Decider::Home(0), seen: SeenBy::Anyone }],
        targets: vec![target],
        brake: BrakeSetup { minimum: 4, percent: 50 },
        config_hash: 1,
    }
}

/// One store, one platform, one target, and a log of what was asked.
struct World {
    now: u64,
    wall_ahead: u64,
    is_down: bool,
    recovers: Recovers,
    decision: Option<Arc<Decision>>,
    version: u32,
    read: Result<(), ReadError>,
    records: Vec<Arc<Record>>,
    log: Vec<&'static str>,
}

#[derive(PartialEq)]
enum Recovers {
    WhenSent,
    BeforeTheProbe,
}

impl World {
    fn new(recovers: Recovers) -> Self {
        let (decision, records, log) = (None, Vec::new(), Vec::new());
        Self {
            now: 0,
            wall_ahead: 0,
            is_down: true,
            recovers,
            decision,
            version: 0,
            read: Ok(()),
            records,
            log,
        }
    }

    fn time(&self) -> StoreTime {
        StoreTime(0).plus(START + self.now)
    }

    fn clock(&self) -> Now {
        Now { mono: self.now, wall: self.time().plus(self.wall_ahead) }
    }

    fn answer(&mut self, request: &Request) -> Answer {
        let (name, answer) = match request {
            Request::ReadEvidence(_) => {
                let value = self.records.clone();
                ("read", Answer::Evidence(Ok(Stamped { at: self.time(), value })))
            }
            Request::WriteEvidence(_, record) => {
                self.records.retain(|old| old.beat.peer != record.beat.peer);
                self.records.push(Arc::clone(record));
                ("beat", Answer::Written(Err(WriteError::Unknown)))
            }
            Request::ReadDecision { cell: 1, .. } => {
                ("brake", Answer::Decision(Ok(Stamped { at: self.time(), value: None })))
            }
            Request::ReadDecision { .. } => {
                let version = Version(self.version.to_string().into());
                let value = self.decision.clone().map(|decision| Held { version, decision });
                ("cell", Answer::Decision(self.read.map(|()| Stamped { at: self.time(), value })))
            }
            Request::SwapDecision { expect, next, .. } => {
                let there = self.decision.as_ref().map(|_| self.version.to_string());
                assert_eq!(there.as_deref(), expect.as_ref().map(|v| &*v.0), "it knows what is there");
                self.version += 1;
                self.decision = Some(Arc::clone(next));
                let value = Version(self.version.to_string().into());
                ("swap", Answer::Swapped(SwapAnswer::Won(Stamped { at: self.time(), value })))
            }
            Request::Survey(_) => {
                let fact = if self.is_down { Fact::Down } else { Fact::Well };
                ("survey", Answer::Surveyed(Some(vec![(0, fact)])))
            }
            Request::Probe { .. } => {
                self.is_down &= self.recovers != Recovers::BeforeTheProbe;
                ("probe", Answer::Probed(if self.is_down { Probed::Down } else { Probed::Well }))
            }
            Request::Send { .. } => {
                self.is_down = false;
                ("send", Answer::Sent(Sent::Accepted))
            }
            Request::ProbeBackup(_) => ("backup", Answer::Probed(Probed::Unknown)),
            Request::Stop { .. } => ("stop", Answer::Sent(Sent::Unknown)),
            Request::Wake(_) => ("wake", Answer::Over),
            Request::Notify(_) => ("notify", Answer::Over),
            Request::Sleep(time) => {
                self.now += u64::try_from(time.as_millis()).unwrap();
                ("sleep", Answer::Over)
            }
        };
        self.log.push(name);
        answer
    }

    fn tick(&mut self, brought: Option<(Carry, BeatNumber)>) -> Report {
        let mut tick = Tick::new(Arc::new(setup()), 9, brought, self.clock());
        let mut open: Vec<(Ticket, Request)> = Vec::new();
        tick.step(Input::Begin, self.clock(), &mut open);
        for _ in 0..100 {
            let Some((ticket, request)) = (!open.is_empty()).then(|| open.remove(0)) else { break };
            self.now += 50;
            let answer = self.answer(&request);
            tick.step(Input::Answer(ticket, answer), self.clock(), &mut open);
        }
        tick.report().expect("the tick has ended")
    }

    fn phase(&self) -> Option<ClaimPhase> {
        Some(self.decision.as_ref()?.value.as_ref()?.claim()?.phase)
    }
}

fn ends(report: &Report) -> Vec<End> {
    let end = |deed: &Deed| if let Deed::Tried { end, .. } = deed { Some(*end) } else { None };
    report.deeds.iter().filter_map(end).collect()
}

#[test]
fn a_target_that_is_down_is_claimed_probed_sent_for_once_and_confirmed() {
    let mut world = World::new(Recovers::WhenSent);
    let report = world.tick(None);
    assert_eq!(ends(&report), [End::Executed]);
    assert_eq!(world.phase(), Some(ClaimPhase::Done));
    let acts: Vec<_> = world.log.iter().filter(|name| !["read", "survey", "beat"].contains(*name)).collect();
    assert_eq!(acts, [&"brake", &"cell", &"swap", &"probe", &"brake", &"send", &"sleep", &"probe", &"swap"]);
}

#[test]
fn a_target_that_recovered_by_itself_is_left_alone() {
    let mut world = World::new(Recovers::BeforeTheProbe);
    assert_eq!(ends(&world.tick(None)), [End::Recovered]);
    assert!(!world.log.contains(&"send"));
    assert_eq!(world.phase(), Some(ClaimPhase::Done));
}

#[test]
fn a_decision_that_cannot_be_read_is_told_and_never_overwritten() {
    let mut world = World::new(Recovers::WhenSent);
    world.read = Err(ReadError::Garbage);
    world.tick(None);
    assert!(world.log.contains(&"notify"));
    assert!(!world.log.contains(&"swap") && !world.log.contains(&"send"));
}

#[test]
fn an_arbiter_out_of_reach_means_hands_off() {
    let mut world = World::new(Recovers::WhenSent);
    world.read = Err(ReadError::Unreachable);
    assert_eq!(world.tick(None).deeds, [Deed::Blocked { target: 0 }]);
    assert!(world.log.contains(&"notify") && !world.log.contains(&"send"));
}

#[test]
fn a_watcher_that_woke_late_reads_twice_before_it_acts() {
    let mut world = World::new(Recovers::WhenSent);
    world.is_down = false;
    let first = world.tick(None);
    (world.is_down, world.now) = (true, world.now + 600_000);
    world.log.clear();
    let late = world.tick(Some((first.carry, first.number)));
    assert_eq!(world.log[..5], ["read", "survey", "sleep", "read", "survey"]);
    assert!(!late.carry.health.is_clean());
    assert!(late.number > first.number);
}

#[test]
fn a_body_without_memory_takes_up_what_it_wrote() {
    let mut world = World::new(Recovers::WhenSent);
    world.is_down = false;
    let first = world.tick(None);
    world.now += 60_000;
    let second = world.tick(None);
    assert_eq!(second.number, first.number.next());
    assert!(second.carry.seen[0].well_at > first.carry.seen[0].well_at);
}

#[test]
fn a_store_that_has_not_passed_may_not_decide() {
    let mut setup = setup();
    assert_eq!(setup.check(), Ok(()));
    setup.stores[0].conformance = Conformance::NotPassed;
    assert_eq!(setup.check(), Err(SetupError::Unproved("s".into())));
}

/// The requests of a tick whose reads are answered like this.
fn asked_after(reads: impl Fn(&Request) -> Answer) -> Vec<Request> {
    let now = Now { mono: 0, wall: StoreTime(0).plus(START) };
    let mut tick = Tick::new(Arc::new(setup()), 1, None, now);
    let mut asked = Vec::new();
    tick.step(Input::Begin, now, &mut asked);
    let mut more = Vec::new();
    for (ticket, request) in &asked {
        tick.step(Input::Answer(*ticket, reads(request)), now, &mut more);
    }
    more.into_iter().map(|(_, request)| request).collect()
}

#[test]
fn one_who_is_cut_off_ends_at_once_and_one_whose_store_alone_is_silent_asks_again() {
    assert_eq!(asked_after(Request::unanswered), []);
    let again = asked_after(|request| {
        let is_survey = matches!(request, Request::Survey(_));
        if is_survey { Answer::Surveyed(Some(Vec::new())) } else { request.unanswered() }
    });
    assert!(matches!(again.as_slice(), [Request::Sleep(_)]), "{again:?}");
}
