//! Folds what the bus says and what the list shows into facts. Pure: the time is a value.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use standin_core::observation::{Absence, EventLoop, Expected, ProcessFact, ProcessStatus, StopCause};

use super::event::{Ending, Event, Happened, ProcessEvent};
use super::lines::Line;
use super::list::{Listed, Pulse};
use super::memory::{End, MAX_ENTRIES, Memory, Seen};
use super::proc::DaemonId;

/// How many restarts are remembered for each process.
const MAX_RESTARTS: usize = 32;
/// How long they are remembered.
const RESTART_WINDOW: Duration = Duration::from_secs(3600);
/// How long a stop must last before it is judged: in the middle of a restart PM2 calls a process stopped too, and the
/// bus may say how it ended only after the list has shown that it did.
const SETTLE: Duration = Duration::from_millis(400);
/// How long an app must be gone from the list of the same daemon before it counts as deleted: a reload takes it out.
const ABSENT_SETTLE: Duration = Duration::from_millis(600);
/// How long a new daemon is given to be told to resurrect its apps before one that is missing counts as lost.
const RESURRECT_GRACE: Duration = Duration::from_secs(5);
/// How long after a start another one of the same resurrection may follow.
const BETWEEN_STARTS: Duration = Duration::from_secs(3);
/// How soon a daemon that lives and does not listen is looked at again: first, and at the most, for it doubles.
const UNCLEAR_WAITS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(10));
/// How long a restart of our own may take until PM2's words about it no longer are counted as ours.
const OWN_LIMIT: Duration = Duration::from_secs(60);

/// What hearing something amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing that another look would show.
    Nothing,
    /// Something worth another look.
    News,
    /// A process has ended.
    Exit { name: String, pm_id: u32 },
}

/// Who asked PM2 to end a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nobody,
    /// A person, or a program on a person's behalf.
    ByHand,
    /// We did, PM2 itself did, or it is the first half of a restart: no sign that it should stay down.
    ForRestart,
}

/// One process of the list, over its lives.
#[derive(Debug)]
struct Life {
    uptime_stamp: i64,
    restarts: u32,
    asked: Asked,
    /// The exit code and signal that the log told just before the event.
    told: Option<StopCause>,
    restarted_at: VecDeque<Timestamp>,
    pulse: Option<(u64, Timestamp)>,
    was_alive: bool,
    ended_since: Option<Timestamp>,
}

impl Life {
    const fn new(uptime_stamp: i64, restarts: u32) -> Self {
        Self {
            uptime_stamp,
            restarts,
            asked: Asked::Nobody,
            told: None,
            restarted_at: VecDeque::new(),
            pulse: None,
            was_alive: false,
            ended_since: None,
        }
    }

    /// Takes in PM2's count of restarts, which starts anew after a `pm2 reset`.
    fn count(&mut self, restarts: u32, now: Timestamp) {
        let more = restarts.saturating_sub(self.restarts);
        for _ in 0..more.min(32) {
            self.restarted_at.push_back(now);
        }
        while self.restarted_at.len() > MAX_RESTARTS
            || self.restarted_at.front().is_some_and(|at| since(*at, now) > RESTART_WINDOW)
        {
            self.restarted_at.pop_front();
        }
        self.restarts = restarts;
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Tracker {
    boot: String,
    memory: Memory,
    lives: BTreeMap<(String, u32), Life>,
    dropped_cron: BTreeSet<u32>,
    own_restarts: BTreeMap<u32, Timestamp>,
    ending: bool,
    gone_since: Option<Timestamp>,
    unclear_since: Option<Timestamp>,
    absent_since: BTreeMap<String, Timestamp>,
    last_start: Option<Timestamp>,
    /// The soonest moment at which another look says more than this one.
    recheck: Option<Timestamp>,
}

fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

fn after(then: Timestamp, wait: Duration) -> Timestamp {
    then.checked_add(wait).unwrap_or(Timestamp::MAX)
}

impl Tracker {
    pub(super) fn new(boot: String, memory: Memory) -> Self {
        Self {
            boot,
            memory,
            lives: BTreeMap::new(),
            dropped_cron: BTreeSet::new(),
            own_restarts: BTreeMap::new(),
            ending: false,
            gone_since: None,
            unclear_since: None,
            absent_since: BTreeMap::new(),
            last_start: None,
            recheck: None,
        }
    }

    pub(super) const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Takes in one thing that the bus said, of whatever app.
    pub(super) fn hear(&mut self, event: &Event, now: Timestamp) -> Heard {
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
    fn ended_by_hand(&mut self) {
        self.memory.ended_by_hand = true;
        let daemon = self.memory.daemon.clone();
        for seen in self.memory.apps.values_mut().filter(|seen| Some(&seen.daemon) == daemon.as_ref()) {
            seen.by_hand = true;
        }
    }

    fn life(&mut self, name: &str, pm_id: u32) -> Option<&mut Life> {
        let key = (name.to_owned(), pm_id);
        if self.lives.len() >= MAX_ENTRIES && !self.lives.contains_key(&key) {
            return None;
        }
        Some(self.lives.entry(key).or_insert_with(|| Life::new(0, 0)))
    }

    fn hear_line(&mut self, line: &Line, now: Timestamp) -> Heard {
        match line {
            Line::Exited { name, pm_id, code, signal } => {
                // PM2 writes SIGINT where there was none; a death by SIGINT and an exit with 0 look the same.
                let cause = if signal == "SIGINT" || *code != 0 {
                    StopCause::Exited { code: *code }
                } else {
                    StopCause::Killed { signal: signal.clone() }
                };
                if let Some(life) = self.life(name, *pm_id) {
                    life.told = Some(cause);
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

    fn remember_end(&mut self, key: (String, i64), cause: StopCause, now: Timestamp) {
        if self.memory.ends.len() < MAX_ENTRIES || self.memory.ends.contains_key(&key) {
            let at = self.memory.ends.get(&key).map_or(now, |end| end.at);
            self.memory.ends.insert(key, End { cause, at });
        }
    }

    /// Says that we are about to ask PM2 to restart a process.
    pub(super) fn about_to_restart(&mut self, pm_id: u32, now: Timestamp) {
        self.own_restarts.insert(pm_id, now);
    }

    /// The bus is gone: what it said is as true as before, what it would have said is not known.
    pub(super) fn bus_lost(&mut self) {
        self.dropped_cron.clear();
        for life in self.lives.values_mut() {
            life.told = None;
            life.was_alive = false;
        }
    }

    /// The daemon answers.
    pub(super) fn daemon_up(&mut self, daemon: &DaemonId) {
        self.gone_since = None;
        self.unclear_since = None;
        if self.memory.daemon.as_ref() != Some(daemon) {
            self.memory.daemon = Some(daemon.clone());
            self.memory.ended_by_hand = false;
            self.ending = false;
            self.lives.clear();
            self.absent_since.clear();
            self.dropped_cron.clear();
        }
    }

    /// No daemon runs. `tidied` says that its socket and pid file are gone too, which only `pm2 kill` leaves behind.
    pub(super) fn daemon_gone(
        &mut self,
        tidied: Tidied,
        saved: SavedApps,
        now: Timestamp,
    ) -> (Timestamp, Expected) {
        let since = *self.gone_since.get_or_insert(now);
        self.unclear_since = None;
        self.ending = false;
        let known = self.memory.daemon.as_ref().is_some_and(|daemon| daemon.boot == self.boot);
        if known && tidied == Tidied::Yes && !self.memory.ended_by_hand {
            self.ended_by_hand();
        }
        let expected = match (known, self.memory.ended_by_hand, saved) {
            (true, true, _) | (false, _, SavedApps::None) => Expected::No,
            (true, false, _) | (false, _, SavedApps::Some) => Expected::Yes,
        };
        (since, expected)
    }

    /// The daemon lives and does not listen, which passes one way or the other.
    pub(super) fn unclear(&mut self, now: Timestamp) {
        let since_when = *self.unclear_since.get_or_insert(now);
        let wait = since(since_when, now).clamp(UNCLEAR_WAITS.0, UNCLEAR_WAITS.1);
        self.recheck_at(after(now, wait));
    }

    /// Whether the daemon has said that it ends, so that what it lists is no longer of any account.
    pub(super) const fn is_ending(&self) -> bool {
        self.ending
    }

    /// The soonest moment at which another look says more; asking forgets it.
    pub(super) fn take_recheck(&mut self) -> Option<Timestamp> {
        self.recheck.take()
    }

    fn recheck_at(&mut self, at: Timestamp) {
        self.recheck = Some(self.recheck.map_or(at, |sooner| sooner.min(at)));
    }

    /// An app of the inventory is listed by this daemon.
    pub(super) fn listed(&mut self, name: &str, daemon: &DaemonId) {
        self.absent_since.remove(name);
        if self.memory.apps.len() < MAX_ENTRIES || self.memory.apps.contains_key(name) {
            self.memory.apps.insert(name.to_owned(), Seen { daemon: daemon.clone(), by_hand: false });
        }
    }

    /// Forgets what nothing in this list needs any more.
    pub(super) fn prune(&mut self, list: &[Listed]) {
        let ended: BTreeSet<(String, i64)> =
            list.iter().filter(|p| !p.is_alive()).map(|p| (p.name.clone(), p.uptime_stamp)).collect();
        let names: BTreeSet<&str> = list.iter().map(|p| p.name.as_str()).collect();
        self.memory.ends.retain(|key, _| ended.contains(key) || !names.contains(key.0.as_str()));
        let ids: BTreeSet<(&str, u32)> = list.iter().map(|p| (p.name.as_str(), p.pm_id)).collect();
        self.lives.retain(|(name, pm_id), _| ids.contains(&(name.as_str(), *pm_id)));
    }

    /// Whether an app that is not listed now was listed since the machine started, and not deleted by hand.
    pub(super) fn was_running(&self, name: &str) -> bool {
        self.memory.apps.get(name).is_some_and(|seen| seen.daemon.boot == self.boot && !seen.by_hand)
    }

    /// Why an app of the inventory is not listed; `None` while that is still to be seen.
    pub(super) fn absence(
        &mut self,
        name: &str,
        daemon: &DaemonId,
        started: Timestamp,
        saved: &SavedFact,
        now: Timestamp,
    ) -> Option<Absence> {
        let seen = self.memory.apps.get(name).cloned();
        let here = seen.as_ref().is_some_and(|seen| seen.daemon.boot == self.boot);
        match (seen, saved) {
            (Some(seen), _) if seen.by_hand && here => Some(Absence::DeletedByHand),
            (Some(seen), _) if seen.daemon == *daemon => self.deleted(name, now),
            (Some(_), SavedFact::Named { .. }) => self.lost(started, now),
            // It ran before this daemon, and nobody had saved the list.
            (Some(_), SavedFact::Unnamed) if here => self.lost(started, now),
            (None, SavedFact::Named { at: Some(at) }) if *at > started => Some(Absence::NotSeen),
            (None, SavedFact::Named { .. }) => self.lost(started, now),
            (Some(_) | None, SavedFact::Unnamed) => Some(Absence::NeverStarted),
        }
    }

    fn deleted(&mut self, name: &str, now: Timestamp) -> Option<Absence> {
        let absent_since = *self.absent_since.entry(name.to_owned()).or_insert(now);
        if since(absent_since, now) < ABSENT_SETTLE {
            self.recheck_at(after(absent_since, ABSENT_SETTLE));
            return None;
        }
        if let Some(seen) = self.memory.apps.get_mut(name) {
            seen.by_hand = true;
        }
        Some(Absence::DeletedByHand)
    }

    fn lost(&mut self, started: Timestamp, now: Timestamp) -> Option<Absence> {
        let by_start = self.last_start.map_or(started, |at| after(at, BETWEEN_STARTS));
        let until = after(started, RESURRECT_GRACE).max(by_start);
        if now < until {
            self.recheck_at(until);
            return None;
        }
        Some(Absence::LostByDaemon)
    }

    /// The facts of one listed process of the inventory.
    pub(super) fn fact(&mut self, process: &Listed, now: Timestamp) -> ProcessFact {
        let key = (process.name.clone(), process.pm_id);
        let life = self.lives.entry(key).or_insert_with(|| Life::new(0, process.restarts));
        if life.uptime_stamp == 0 {
            // Heard of before it was first listed: PM2's count so far is where counting begins.
            life.restarts = process.restarts;
        }
        life.count(process.restarts, now);
        if life.uptime_stamp != process.uptime_stamp {
            life.uptime_stamp = process.uptime_stamp;
            life.pulse = None;
            life.ended_since = None;
        }
        let event_loop = event_loop(life, process.pulse, now);
        let recent_restarts = life.restarted_at.iter().copied().collect();
        let (status, stop, stopped_at) = self.end_of(process, now);
        ProcessFact {
            pm_id: process.pm_id,
            pid: if process.has_ended() { 0 } else { process.pid },
            status,
            uptime_stamp: process.uptime_stamp,
            restarts: process.restarts,
            memory_bytes: process.memory_bytes,
            respawn: process.respawn,
            cron_restart: process.cron_restart.clone(),
            event_loop,
            stop,
            stopped_at,
            recent_restarts,
        }
    }

    /// The status of a process, how it ended and when, as far as that is settled.
    fn end_of(&mut self, process: &Listed, now: Timestamp) -> (ProcessStatus, StopCause, Option<Timestamp>) {
        let key = (process.name.clone(), process.uptime_stamp);
        let end = self.memory.ends.get(&key).cloned();
        let Some(life) = self.lives.get_mut(&(process.name.clone(), process.pm_id)) else {
            return (process.status, StopCause::None, None);
        };
        match process.status {
            ProcessStatus::Stopped | ProcessStatus::Errored => {}
            ProcessStatus::WaitingRestart => {
                let (cause, at) = end.map_or((StopCause::None, None), |end| (end.cause, Some(end.at)));
                return (process.status, cause, at);
            }
            ProcessStatus::Online | ProcessStatus::Launching => {
                life.was_alive = true;
                return (process.status, StopCause::None, None);
            }
            ProcessStatus::Stopping | ProcessStatus::Unrecognised => {
                return (process.status, StopCause::None, None);
            }
        }
        let ended_since = *life.ended_since.get_or_insert(now);
        let asked = if life.asked == Asked::ByHand { Some(StopCause::ByHand) } else { None };
        let cause = asked.or_else(|| end.as_ref().map(|end| end.cause.clone()));
        let told = matches!(cause, Some(StopCause::Exited { .. } | StopCause::Killed { .. }));
        if !told && life.was_alive && since(ended_since, now) < SETTLE {
            self.recheck_at(after(ended_since, SETTLE));
            return (ProcessStatus::Stopping, StopCause::None, None);
        }
        let cause = cause.unwrap_or_else(|| not_heard(process));
        if end.is_none() || asked_now(&cause, end.as_ref()) {
            self.remember_end(key.clone(), cause.clone(), ended_since);
        }
        let at = self.memory.ends.get(&key).map_or(ended_since, |end| end.at);
        (process.status, cause, Some(at))
    }
}

fn asked_now(cause: &StopCause, end: Option<&End>) -> bool {
    *cause == StopCause::ByHand && end.is_some_and(|end| end.cause != StopCause::ByHand)
}

/// What the list alone tells of an end: PM2 gives up only on what ended by itself.
fn not_heard(process: &Listed) -> StopCause {
    match (process.status, process.exit_code) {
        (ProcessStatus::Errored, Some(code)) if code != 0 => StopCause::Exited { code },
        (_, _) => StopCause::NotSeen,
    }
}

fn event_loop(life: &mut Life, pulse: Pulse, now: Timestamp) -> EventLoop {
    match pulse {
        Pulse::None => {
            life.pulse = None;
            EventLoop::No
        }
        Pulse::Beat(beat) => {
            let last_report = match life.pulse {
                Some((same, at)) if same == beat => at,
                Some(_) | None => now,
            };
            life.pulse = Some((beat, last_report));
            EventLoop::Yes { last_report }
        }
    }
}

/// Whether the daemon left neither socket nor pid file behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tidied {
    Yes,
    No,
}

/// Whether the saved list names any app of the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SavedApps {
    Some,
    None,
}

/// What the saved list says of one app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SavedFact {
    /// It names it, and was written then.
    Named { at: Option<Timestamp> },
    /// It does not.
    Unnamed,
}

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
