//! What the watchers' own clocks say, and what watchers know.

use standin_core::mesh::clock::StoreTime;
use standin_engine::mesh::Now;

use super::fault::Kind;
use super::run::{Sim, Watcher};

/// A clock that drifts gains a second in so many: a second a minute.
const WALL_DRIFT: u64 = 60;

/// The clock that never goes back drifts less: half a second in a quarter of an hour.
const MONO_DRIFT: u64 = 2_000;

impl Sim {
    /// The clocks of a watcher in a run that began then.
    pub(super) fn clock(&self, watcher: usize, begun: u64) -> Now {
        let skew = if self.strikes(Kind::ClockStep, watcher) { 60_000 } else { 0 };
        let drifts = self.now_of(Kind::ClockDrift).filter(|f| f.at == watcher);
        let gained = drifts.map(|f| (self.now - f.from) / WALL_DRIFT).max().unwrap_or(0);
        // A run that began in the fault keeps what it has gained: this clock never goes back.
        let all = self.sorted.get(Kind::ClockDrift as usize).into_iter().flatten();
        let mut fast = all.filter(|f| f.at == watcher && f.from <= begun && begun < f.until);
        let ahead = if fast.next().is_some() { (self.now - begun) / MONO_DRIFT } else { 0 };
        let wall = StoreTime(0).plus(self.world.epoch + self.now + skew + gained);
        Now { mono: self.now + ahead, wall }
    }

    /// When a run of a watcher began.
    pub(super) fn begun(&self, watcher: usize, number: u64) -> Option<u64> {
        let lives = &self.watchers.get(watcher)?.lives;
        lives.iter().find(|life| life.number == number).map(|life| life.begun)
    }
}

impl Watcher {
    /// Whether its last whole tick has seen that somebody stopped a target.
    pub(super) fn knows_stopped(&self, target: usize) -> bool {
        let seen = self.memory.as_ref().and_then(|(carry, _)| carry.seen.get(target));
        seen.is_some_and(|seen| seen.stopped.is_some())
    }
}
