//! A PM2 in memory: processes that can be killed, and that a restart brings back.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::Timestamp;
use standin_core::effect::{Effect, Outcome};
use standin_core::ident::AutomationId;
use standin_core::observation::{
    Daemon, EventLoop, OwnedApp, Pm2App, Pm2View, ProcessFact, ProcessStatus, Respawn, StopCause,
};
use standin_engine::ports::Processes;

/// One process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) number: i64,
    pub(crate) alive: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Pm2 {
    lives: Mutex<BTreeMap<AutomationId, Life>>,
    applied: Mutex<Vec<Effect>>,
    memory: Mutex<String>,
}

impl Pm2 {
    pub(crate) fn with(names: &[&str]) -> Self {
        let pm2 = Self::default();
        for name in names {
            pm2.lives.lock().unwrap().insert(super::stage::id(name), Life { number: 1, alive: true });
        }
        pm2
    }

    pub(crate) fn kill(&self, name: &str) {
        self.lives.lock().unwrap().get_mut(&super::stage::id(name)).unwrap().alive = false;
    }

    pub(crate) fn life(&self, name: &str) -> Life {
        self.lives.lock().unwrap()[&super::stage::id(name)]
    }

    pub(crate) fn applied(&self) -> usize {
        self.applied.lock().unwrap().len()
    }

    pub(crate) fn remember(&self, text: &str) {
        *self.memory.lock().unwrap() = text.to_owned();
    }
}

fn fact(life: Life) -> Pm2App {
    let (status, stop) = match life.alive {
        true => (ProcessStatus::Online, StopCause::None),
        false => (ProcessStatus::Errored, StopCause::Exited { code: 1 }),
    };
    let process = ProcessFact {
        pm_id: 0,
        pid: 1,
        status,
        uptime_stamp: life.number,
        restarts: 0,
        memory_bytes: 0,
        respawn: Respawn::ByPm2,
        cron_restart: String::new(),
        event_loop: EventLoop::No,
        stop,
        stopped_at: None,
        recent_restarts: Vec::new(),
    };
    Pm2App::Listed { processes: vec![process] }
}

impl Processes for Pm2 {
    async fn look(&self, apps: &[OwnedApp]) -> Pm2View {
        let lives = self.lives.lock().unwrap();
        let apps = apps.iter().filter_map(|app| Some((app.id.clone(), fact(*lives.get(&app.id)?)))).collect();
        let daemon = Daemon::Up { pid: 1, started: Timestamp::UNIX_EPOCH };
        Pm2View { at: super::stage::at(0), daemon, apps }
    }

    async fn apply(&self, effect: &Effect, _apps: &[OwnedApp]) -> Outcome {
        let Effect::RestartProcess { automation, lives: seen } = effect else {
            panic!("only restarts are asked for here: {effect}");
        };
        let mut lives = self.lives.lock().unwrap();
        let life = lives.get_mut(automation).unwrap();
        if seen.first().map(|life| life.uptime_stamp) != Some(life.number) {
            return Outcome::NotNeeded { why: "another life".into() };
        }
        *life = Life { number: life.number + 1, alive: true };
        self.applied.lock().unwrap().push(effect.clone());
        Outcome::Done
    }

    async fn changed(&self) {}

    fn memory(&self) -> String {
        self.memory.lock().unwrap().clone()
    }
}
