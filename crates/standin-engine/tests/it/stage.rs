//! An engine on its twins, with hands for the tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use jiff::Timestamp;
use standin_core::effect::PlannedEffect;
use standin_core::health::{Health, Priority};
use standin_core::ident::AutomationId;
use standin_core::observation::OwnedApp;
use standin_core::plan::Request;
use standin_core::policy::Policy;
use standin_core::run::RunEnd;
use standin_core::schedule::Schedule;
use standin_core::watch::{
    CatchUp, Expectation, LongRunning, Overlap, ProcessRules, Recovery, SlotRules, Watch,
};
use standin_engine::carry::carry_out;
use standin_engine::ports::JournalError;
use standin_engine::tick::{Engine, Setup, Step};
use standin_stores::memory::Memory;

use super::journal::Fickle;
use super::pm2::Pm2;
use super::runner::Ends;

pub(crate) fn id(name: &str) -> AutomationId {
    format!("pm2:{name}").parse().unwrap()
}

/// `seconds` after a full minute.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn watch(name: &str, expectation: Expectation) -> Watch {
    let expectations = vec![expectation];
    Watch { id: id(name), priority: Priority::Normal, recovery: Recovery::Act, expectations }
}

fn process() -> Expectation {
    Expectation::Process(ProcessRules {
        long_running: LongRunning::Auto,
        schedule: None,
        grace: Duration::from_secs(90),
        memory_limit: 0,
        hang_after: Duration::from_secs(30),
        loop_restarts: 0,
        loop_window: Duration::from_secs(60),
    })
}

fn command() -> Expectation {
    Expectation::Slots(SlotRules {
        schedule: Schedule::parse("* * * * *", "UTC").unwrap(),
        grace: Duration::from_secs(30),
        jitter: Duration::ZERO,
        catch_up: CatchUp::Once,
        overlap: Overlap::Forbid,
        retries: 1,
    })
}

/// What is watched: apps by these names, and a command `job` that runs each minute if it is named.
pub(crate) fn setup(names: &[&str]) -> Setup {
    let owned = |name: &&str| OwnedApp {
        id: id(name),
        name: (*name).into(),
        script: String::new(),
        file: String::new(),
    };
    let of = |name: &&str| watch(name, if *name == "job" { command() } else { process() });
    let apps = names.iter().filter(|name| **name != "job").map(owned).collect();
    Setup { watches: names.iter().map(of).collect(), policy: Policy::default(), apps }
}

/// One life of an agent, on a world that outlives it.
pub(crate) struct Stage {
    pub(crate) pm2: Arc<Pm2>,
    pub(crate) journal: Arc<Fickle>,
    pub(crate) runner: Arc<Ends>,
    pub(crate) engine: Engine<Pm2, Fickle>,
    pub(crate) left: Vec<PlannedEffect>,
}

impl Stage {
    pub(crate) async fn new(names: &[&str]) -> Self {
        let runner = Arc::new(Ends::with(RunEnd::Exited { code: 0 }));
        Self::on(Arc::new(Pm2::with(names)), Memory::new(), runner, setup(names), 0).await
    }

    pub(crate) async fn on(pm2: Arc<Pm2>, memory: Memory, runner: Arc<Ends>, setup: Setup, now: i64) -> Self {
        let journal = Arc::new(Fickle::over(memory));
        let started = Engine::start(Arc::clone(&pm2), Arc::clone(&journal), setup, at(now)).await;
        let (engine, left) = started.unwrap_or_else(|error| panic!("it starts: {error}"));
        Self { pm2, journal, runner, engine, left }
    }

    /// Kills the agent and starts it again: all that it did not write is lost.
    pub(crate) async fn restart(self, now: i64) -> Self {
        let setup = self.engine.setup().clone();
        self.restart_with(setup, now).await
    }

    pub(crate) async fn restart_with(self, setup: Setup, now: i64) -> Self {
        Self::on(self.pm2, self.journal.memory.clone(), self.runner, setup, now).await
    }

    pub(crate) async fn try_tick(&mut self, now: i64) -> Result<Step, JournalError> {
        self.engine.tick(at(now), BTreeMap::new(), &BTreeMap::new()).await
    }

    pub(crate) async fn tick(&mut self, now: i64) -> Step {
        self.try_tick(now).await.unwrap()
    }

    pub(crate) async fn ask(&mut self, name: &str, now: i64) -> Step {
        let requests = [(id(name), Request::Recover)].into();
        self.engine.tick(at(now), BTreeMap::new(), &requests).await.unwrap()
    }

    /// Carries out an effect, and lets the engine know of it.
    pub(crate) async fn carry(&mut self, planned: PlannedEffect, now: i64) -> Result<(), JournalError> {
        let apps = self.engine.setup().apps.clone();
        let finished = carry_out(&*self.pm2, &*self.runner, &apps, planned).await;
        self.engine.finish(finished, at(now)).await
    }

    /// Carries out an effect and dies before anybody hears of it.
    pub(crate) async fn carry_and_die(&self, planned: PlannedEffect) {
        carry_out(&*self.pm2, &*self.runner, &self.engine.setup().apps, planned).await;
    }

    pub(crate) fn health(&self, name: &str) -> Health {
        self.engine.verdicts()[&id(name)].health
    }

    pub(crate) fn written(&self) -> usize {
        self.journal.written.load(SeqCst)
    }

    pub(crate) fn refuse(&self, commits: usize) {
        self.journal.refuse.store(commits, SeqCst);
    }
}
