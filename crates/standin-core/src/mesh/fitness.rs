//! How far a watcher trusts itself, before it accuses anyone.

use serde::{Deserialize, Serialize};

use super::clock::StoreTime;

/// The worst self-health.
pub const MAX_SELF_HEALTH: u8 = 7;

/// How far apart the two reads of a watcher that woke late must be, in milliseconds.
pub const SETTLE_MS: u64 = 20_000;

/// Signs that something is wrong with the watcher and not with what it watches. 0 is clean, 7 the worst; all of its
/// own time limits are stretched by it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SelfHealth(u8);

/// What lowers the trust of a watcher in itself by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelfFault {
    /// Its own tick came late.
    LateTick,
    /// A store could not be reached.
    StoreUnreachable,
    /// Its clock and a store's are too far apart.
    BadClock,
    /// It accused one that was alive.
    RefutedAccusation,
}

impl SelfHealth {
    /// 0 to 7. A stored number beyond that counts as 7.
    pub const fn level(self) -> u8 {
        if self.0 > MAX_SELF_HEALTH { MAX_SELF_HEALTH } else { self.0 }
    }

    /// Whether nothing is wrong.
    pub const fn is_clean(self) -> bool {
        self.0 == 0
    }

    /// After one more fault, of whatever sort.
    #[must_use]
    pub const fn fault(self, fault: SelfFault) -> Self {
        match fault {
            SelfFault::LateTick
            | SelfFault::StoreUnreachable
            | SelfFault::BadClock
            | SelfFault::RefutedAccusation => {
                let next = self.level() + 1;
                Self(if next > MAX_SELF_HEALTH { MAX_SELF_HEALTH } else { next })
            }
        }
    }

    /// After a tick without a fault.
    #[must_use]
    pub const fn clean_tick(self) -> Self {
        Self(self.level().saturating_sub(1))
    }

    /// One of its own time limits, in milliseconds, stretched by its faults.
    pub fn stretch(self, ms: u64) -> u64 {
        ms.saturating_mul(u64::from(self.level()) + 1)
    }
}

/// How a watcher woke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Woke {
    /// When it was due.
    OnTime,
    /// Late: what looks old to it may be its own sleep.
    Late,
}

/// The reads of a watcher since it woke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Settle {
    woke: Woke,
    /// The first and the last read that reached a majority of the evidence stores.
    reads: Option<(StoreTime, StoreTime)>,
}

impl Settle {
    /// Nothing read yet.
    pub const fn new(woke: Woke) -> Self {
        Self { woke, reads: None }
    }

    /// Takes in a read that reached `reached` of `all` evidence stores. Without a majority it counts for nothing.
    pub fn read(&mut self, at: StoreTime, reached: usize, all: usize) {
        if reached > all / 2 {
            let first = self.reads.map_or(at, |(first, _)| first);
            self.reads = Some((first, at));
        }
    }

    /// One read with a majority; after waking late two, far enough apart.
    pub fn is_settled(&self) -> bool {
        match (self.woke, self.reads) {
            (Woke::OnTime | Woke::Late, None) => false,
            (Woke::OnTime, Some(_)) => true,
            (Woke::Late, Some((first, last))) => last.since(first) >= SETTLE_MS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_add_up_to_seven_and_clean_ticks_take_them_back() {
        let mut h = SelfHealth::default();
        for _ in 0..20 {
            h = h.fault(SelfFault::LateTick);
        }
        assert_eq!((h.level(), h.stretch(10)), (7, 80));
        for _ in 0..7 {
            assert!(!h.is_clean());
            h = h.clean_tick();
        }
        assert!(h.is_clean());
        assert_eq!(h.stretch(10), 10);
        assert_eq!(SelfHealth(255).stretch(10), 80, "a garbage level is the worst");
    }

    #[test]
    fn one_who_woke_late_reads_twice_twenty_seconds_apart() {
        let mut s = Settle::new(Woke::Late);
        s.read(StoreTime(0), 1, 1);
        assert!(!s.is_settled());
        s.read(StoreTime(19_999), 1, 1);
        assert!(!s.is_settled());
        s.read(StoreTime(20_000), 1, 1);
        assert!(s.is_settled());
    }

    #[test]
    fn half_of_the_stores_is_no_majority() {
        let mut s = Settle::new(Woke::OnTime);
        s.read(StoreTime(0), 1, 2);
        assert!(!s.is_settled());
        s.read(StoreTime(1), 0, 0);
        assert!(!s.is_settled());
        s.read(StoreTime(2), 2, 3);
        assert!(s.is_settled());
    }
}
