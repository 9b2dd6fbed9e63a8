//! Folds what the bus says and what the list shows into facts. Pure: the time is a value.

mod facts;
mod hear;
mod presence;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use standin_core::observation::StopCause;

use super::memory::{End, MAX_ENTRIES, Memory};

pub(super) use hear::Heard;
pub(super) use presence::{SavedApps, SavedFact, Tidied};

/// How many restarts are remembered for each process.
const MAX_RESTARTS: usize = 32;
/// How long they are remembered.
const RESTART_WINDOW: Duration = Duration::from_secs(3600);

/// Who asked PM2 to end a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nobody,
    /// A person, or a program on a person's behalf.
    ByHand,
    /// We did, PM2 itself did, or it is the first half of a restart: no sign that it should stay down.
    ForRestart,
}

/// What an event loop last measured.
#[derive(Debug)]
struct SeenPulse {
    beat: u64,
    /// When the measurements were first seen to be these.
    changed: Timestamp,
    /// When they were last looked at.
    looked: Timestamp,
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
    pulse: Option<SeenPulse>,
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
    /// The process, by its name and `pm_uptime`, that was just found to have ended without anybody having heard.
    unheard: Option<(String, i64)>,
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
            unheard: None,
            recheck: None,
        }
    }

    pub(super) const fn memory(&self) -> &Memory {
        &self.memory
    }

    fn life(&mut self, name: &str, pm_id: u32) -> Option<&mut Life> {
        let key = (name.to_owned(), pm_id);
        if self.lives.len() >= MAX_ENTRIES && !self.lives.contains_key(&key) {
            return None;
        }
        Some(self.lives.entry(key).or_insert_with(|| Life::new(0, 0)))
    }

    fn remember_end(&mut self, key: (String, i64), cause: StopCause, now: Timestamp) {
        if self.memory.ends.len() < MAX_ENTRIES || self.memory.ends.contains_key(&key) {
            let at = self.memory.ends.get(&key).map_or(now, |end| end.at);
            self.memory.ends.insert(key, End { cause, at });
        }
    }

    /// The soonest moment at which another look says more; asking forgets it.
    pub(super) fn take_recheck(&mut self) -> Option<Timestamp> {
        self.recheck.take()
    }

    fn recheck_at(&mut self, at: Timestamp) {
        self.recheck = Some(self.recheck.map_or(at, |sooner| sooner.min(at)));
    }
}

#[cfg(test)]
mod tests;
