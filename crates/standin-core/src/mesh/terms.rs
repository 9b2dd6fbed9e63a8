//! The times of a claim, which relate to one another.

use super::clock::TOLERANCE_MS;
use crate::time::spread;

/// No lease is longer than this, in milliseconds, but that of a backup at work; a cell that says so is garbage.
pub const MAX_TTL_MS: u32 = 3_600_000;

/// No lease of a backup at work is longer than this, in milliseconds; a cell that says so is garbage.
pub const MAX_SERVING_MS: u32 = 43_200_000;

/// No watcher's tick goes on beginning things for longer than this, in milliseconds.
pub const LONGEST_TICK_MS: u64 = 150_000;

/// No wait for the next attempt is longer than this, in milliseconds.
pub const MAX_RETRY_MS: u64 = 86_400_000;

/// The times of a claim, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Terms {
    /// How long a claim holds without being renewed.
    pub ttl: u32,
    /// How much longer it holds once the holder's backup works: a holder that comes seldom renews it seldom, and
    /// before anything works there is no reason to keep others out for so long.
    pub serving: u32,
    /// How long a request to the target may take from the last look at the clock until it has arrived.
    pub send: u32,
    /// How far the readings of one store's clock by two watchers may be apart.
    pub epsilon: u32,
    /// How long after sending the target is asked whether it has recovered: its start latency.
    pub confirm: u32,
    /// The wait after the first attempt; the second is twice, the third four times as long.
    pub retry: u64,
}

impl Default for Terms {
    fn default() -> Self {
        Self { ttl: 120_000, serving: 0, send: 20_000, epsilon: TOLERANCE_MS, confirm: 30_000, retry: 60_000 }
    }
}

/// Why these times do not go together. Nothing was started; the caller changes the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// A tick with two requests does not fit into the lease, so its holder would be overtaken while at work.
    #[error("the lease of {ttl} ms is shorter than a tick and two requests ({needed} ms)")]
    Lease {
        /// The lease.
        ttl: u32,
        /// What it must hold.
        needed: u64,
    },
    /// The target would be asked what came of a request while that may still be on its way; the next attempt could
    /// then overlap with this one.
    #[error("asking after {confirm} ms what came of a request is before it has surely arrived ({needed} ms)")]
    Confirm {
        /// When the target is asked.
        confirm: u32,
        /// The earliest moment: sending, and the tolerance of the clocks.
        needed: u64,
    },
    /// A lease that outlives the limit would block its target for too long after a crash.
    #[error("the lease of {ttl} ms is longer than {most} ms")]
    TooLong {
        /// The lease.
        ttl: u32,
        /// The limit.
        most: u32,
    },
}

/// How a watcher can keep a backup at work: its lease must last from one of its ticks to the one after the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// It looks so often that an ordinary lease lasts. In milliseconds.
    Often(u32),
    /// It looks seldom: its lease lasts until the others would call it silent, and blocks the target for as long
    /// once it is gone. In milliseconds.
    Seldom(u32),
    /// No lease may be that long.
    Never,
}

impl Keeping {
    /// Of a watcher that looks each `every` milliseconds and is called silent `silent_after` milliseconds after a look
    /// that did not come.
    pub fn of(every: u64, silent_after: u64) -> Self {
        let lease = |until: u64, most: u32| {
            let lease = every.saturating_add(until).saturating_add(LONGEST_TICK_MS);
            u32::try_from(lease).ok().filter(|lease| *lease <= most)
        };
        match (lease(every, MAX_TTL_MS), lease(every.max(silent_after), MAX_SERVING_MS)) {
            (Some(often), _) => Self::Often(often),
            (None, Some(seldom)) => Self::Seldom(seldom),
            (None, None) => Self::Never,
        }
    }
}

impl Terms {
    /// For a function, whose whole life is short.
    pub fn in_a_function() -> Self {
        Self { send: 8_000, ..Self::default() }
    }

    /// The times for a target that needs this long to start.
    #[must_use]
    pub fn for_start_latency(self, ms: u64) -> Self {
        let confirm = u32::try_from(ms).unwrap_or(u32::MAX).max(self.confirm);
        Self { confirm, retry: ms.saturating_mul(2).clamp(60_000, MAX_RETRY_MS), ..self }
    }

    /// The same, with claims that hold for `lease` milliseconds once the holder's backup works.
    #[must_use]
    pub fn for_serving(self, lease: u32) -> Self {
        Self { serving: lease.saturating_sub(self.ttl), ..self }
    }

    /// How long a claim holds once the holder's backup works.
    pub fn serving_ttl(&self) -> u32 {
        self.ttl.saturating_add(self.serving)
    }

    /// Whether the times go together with a tick of this length.
    ///
    /// # Errors
    /// [`TermsError`], which relation does not hold.
    pub fn check(&self, tick: u32) -> Result<(), TermsError> {
        let needed = u64::from(tick) + 2 * u64::from(self.send);
        if u64::from(self.ttl) < needed {
            return Err(TermsError::Lease { ttl: self.ttl, needed });
        }
        let arrived = u64::from(self.send) + u64::from(self.epsilon);
        if u64::from(self.confirm) < arrived {
            return Err(TermsError::Confirm { confirm: self.confirm, needed: arrived });
        }
        for (ttl, most) in [(self.ttl, MAX_TTL_MS), (self.serving_ttl(), MAX_SERVING_MS)] {
            if ttl > most {
                return Err(TermsError::TooLong { ttl, most });
            }
        }
        Ok(())
    }

    /// The wait after attempt `number`, counted from 1: 1, 2, 4 times the first, and up to a quarter more by `seed`,
    /// so that many do not come at once.
    pub fn backoff(&self, number: u8, seed: &str) -> u64 {
        let doublings = u32::from(number.saturating_sub(1).min(2));
        let base = self.retry.saturating_mul(1 << doublings).min(MAX_RETRY_MS);
        let quarter = std::time::Duration::from_millis(base / 4);
        let jitter = u64::try_from(spread(&format!("{seed}#{number}"), quarter).as_millis()).unwrap_or(0);
        base.saturating_add(jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_go_together() {
        assert_eq!(Terms::default().check(60_000), Ok(()));
        assert_eq!(Terms::in_a_function().check(60_000), Ok(()));
        let short = Terms { ttl: 90_000, ..Terms::default() };
        assert_eq!(short.check(60_000), Err(TermsError::Lease { ttl: 90_000, needed: 100_000 }));
        let hasty = Terms { confirm: 24_999, ..Terms::default() };
        assert_eq!(hasty.check(60_000), Err(TermsError::Confirm { confirm: 24_999, needed: 25_000 }));
        let long = Terms { ttl: MAX_TTL_MS + 1, ..Terms::default() };
        let too_long = |ttl, most| Err(TermsError::TooLong { ttl, most });
        assert_eq!(long.check(60_000), too_long(MAX_TTL_MS + 1, MAX_TTL_MS));
        assert_eq!(Terms::default().for_serving(MAX_SERVING_MS).check(60_000), Ok(()));
        let served = Terms::default().for_serving(MAX_SERVING_MS + 1);
        assert_eq!(served.check(60_000), too_long(MAX_SERVING_MS + 1, MAX_SERVING_MS));
        assert_eq!(Terms::default().for_serving(1).serving_ttl(), 120_000, "it is never shorter");
    }

    #[test]
    fn a_lease_fits_the_rhythm_of_who_keeps_it() {
        let (minute, hour) = (60_000, 3_600_000);
        assert_eq!(Keeping::of(minute, 90_000), Keeping::Often(270_000));
        assert_eq!(Keeping::of(28 * minute, 6 * hour), Keeping::Often(3_510_000));
        assert_eq!(Keeping::of(hour, 6 * hour), Keeping::Seldom(7 * 3_600_000 + 150_000));
        assert_eq!(Keeping::of(5 * hour, hour), Keeping::Seldom(10 * 3_600_000 + 150_000));
        assert_eq!(Keeping::of(6 * hour, 6 * hour), Keeping::Never);
        assert_eq!(Keeping::of(u64::MAX, 0), Keeping::Never);
    }

    #[test]
    fn attempts_wait_longer_each_time_and_never_all_at_once() {
        let terms = Terms::default().for_start_latency(45_000);
        assert_eq!((terms.confirm, terms.retry), (45_000, 90_000));
        for (number, base) in [(1, 90_000), (2, 180_000), (3, 360_000), (9, 360_000)] {
            let wait = terms.backoff(number, "key");
            assert!((base..base + base / 4).contains(&wait), "{number}: {wait}");
        }
        assert_ne!(terms.backoff(1, "a"), terms.backoff(1, "b"));
    }
}
