//! What the bus says.

use std::time::Duration;

use jiff::Timestamp;
use standin_core::observation::StopCause;

use super::super::event::{Ending, Event, Happened, ProcessEvent};
use super::super::lines::{self, Line};
use super::super::memory::MAX_ENTRIES;
use super::{Asked, Tracker, since};

/// How long a restart of our own may take until PM2's words about it no longer are counted as ours.
const OWN_LIMIT: Duration = Duration::from_secs(60);

/// What hearing something amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pm2) enum Heard {
    /// Nothing that another look would show.
    Nothing,
    /// Something worth another look.
    News,
    /// A process has ended.
    Exit { name: String, pm_id: u32 },
}

impl Tracker {
    /// Takes in one thing that the bus said, of whatever app.
    pub(in crate::pm2) fn hear(&mut self, event: &Event, now: Timestamp) -> Heard {
        match event {
            Event::Process(event) => self.hear_process(event, now),
            Event::Line(line) => self.hear_line(line, now),
            Event::DaemonEnds(ending) => {
                self.ending = true;
                if *ending == Ending::ByCommand {
                    self.ended_by_hand();
                }
                Heard::News
            }
        }
    }

    /// Everything that the daemon minded was ended by hand with it.
    pub(super) fn ended_by_hand(&mut self) {
        self.memory.ended_by_hand = true;
        let daemon = self.memory.daemon.clone();
        for seen in self.memory.apps.values_mut().filter(|seen| Some(&seen.daemon) == daemon.as_ref()) {
            seen.by_hand = true;
        }
    }

    fn hear_line(&mut self, line: &Line, now: Timestamp) -> Heard {
        match line {
            Line::Exited { name, pm_id, code, signal } => {
                if let Some(life) = self.life(name, *pm_id) {
                    life.told = Some(lines::cause(*code, signal));
                }
                Heard::Nothing
            }
            Line::Starting { name, pm_id } => {
                self.dropped_cron.remove(pm_id);
                self.own_restarts.remove(pm_id);
                if let Some(life) = self.life(name, *pm_id) {
                    life.asked = Asked::Nobody;
                    life.told = None;
                }
                Heard::Nothing
            }
            Line::Stopping { name, pm_id } => {
                let ours = self.own_restarts.get(pm_id).is_some_and(|at| since(*at, now) < OWN_LIMIT);
                let restart = self.dropped_cron.remove(pm_id) || ours;
                if let Some(life) = self.life(name, *pm_id)
                    && life.asked != Asked::ForRestart
                {
                    life.asked = if restart { Asked::ForRestart } else { Asked::ByHand };
                }
                Heard::News
            }
            Line::CronDropped { pm_id } => {
                if self.dropped_cron.len() < MAX_ENTRIES {
                    self.dropped_cron.insert(*pm_id);
                }
                Heard::Nothing
            }
            Line::MemoryRestart { pm_id } => {
                self.restarts_itself(|_, id| id == *pm_id);
                Heard::Nothing
            }
            Line::WatchRestart { name } => {
                self.restarts_itself(|of, _| of == name);
                Heard::Nothing
            }
        }
    }

    fn restarts_itself(&mut self, which: impl Fn(&str, u32) -> bool) {
        for (_, life) in self.lives.iter_mut().filter(|((name, pm_id), _)| which(name, *pm_id)) {
            life.asked = Asked::ForRestart;
        }
    }

    fn hear_process(&mut self, event: &ProcessEvent, now: Timestamp) -> Heard {
        if event.happened == Happened::Start {
            self.last_start = Some(now);
        }
        let Some(life) = self.life(&event.name, event.pm_id) else { return Heard::News };
        match event.happened {
            Happened::Exit => self.hear_exit(event, now),
            Happened::Online => {
                if life.uptime_stamp == 0 {
                    // Not in a list yet: what came before is not known.
                    life.restarts = event.restarts;
                }
                life.count(event.restarts, now);
                life.asked = Asked::Nobody;
                life.uptime_stamp = event.uptime_stamp;
                life.was_alive = true;
                life.ended_since = None;
                Heard::News
            }
            Happened::StopByHand => {
                life.asked = Asked::ByHand;
                let key = (event.name.clone(), event.uptime_stamp);
                self.remember_end(key, StopCause::ByHand, now);
                Heard::News
            }
            Happened::Start | Happened::Other => Heard::News,
        }
    }

    fn hear_exit(&mut self, event: &ProcessEvent, now: Timestamp) -> Heard {
        let Some(life) = self.life(&event.name, event.pm_id) else { return Heard::News };
        let (asked, told) = (life.asked, life.told.take());
        life.ended_since = Some(now);
        let key = (event.name.clone(), event.uptime_stamp);
        let cause = match (asked, told) {
            (Asked::ByHand, _) => StopCause::ByHand,
            (Asked::ForRestart, _) => StopCause::NotSeen,
            (Asked::Nobody, Some(cause)) => cause,
            // PM2 says a second time that a process ended when it was asked to end it; only the first has a cause.
            (Asked::Nobody, None) if self.memory.ends.contains_key(&key) => return Heard::News,
            (Asked::Nobody, None) => StopCause::Exited { code: event.exit_code },
        };
        self.remember_end(key, cause, now);
        Heard::Exit { name: event.name.clone(), pm_id: event.pm_id }
    }

    /// Says that we are about to ask PM2 to restart a process.
    pub(in crate::pm2) fn about_to_restart(&mut self, pm_id: u32, now: Timestamp) {
        self.own_restarts.insert(pm_id, now);
    }

    /// The bus is gone: what it said is as true as before, what it would have said is not known.
    pub(in crate::pm2) fn bus_lost(&mut self) {
        self.dropped_cron.clear();
        for life in self.lives.values_mut() {
            life.told = None;
            life.was_alive = false;
        }
    }
}
