//! The times of a claim, which relate to one another.

use super::clock::TOLERANCE_MS;
use crate::time::spread;

/// No lease is longer than this, in milliseconds; a cell that says so is garbage.
pub const MAX_TTL_MS: u32 = 3_600_000;

/// No wait for the next attempt is longer than this, in milliseconds.
pub const MAX_RETRY_MS: u64 = 86_400_000;

/// The times of a claim, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Terms {
    /// How long a claim holds without being renewed.
    pub ttl: u32,
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
        Self { ttl: 120_000, send: 20_000, epsilon: TOLERANCE_MS, confirm: 30_000, retry: 60_000 }
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
    #[error("the lease of {ttl} ms is longer than {MAX_TTL_MS} ms")]
    TooLong {
        /// The lease.
        ttl: u32,
    },
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
        if self.ttl > MAX_TTL_MS { Err(TermsError::TooLong { ttl: self.ttl }) } else { Ok(()) }
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
        assert_eq!(long.check(60_000), Err(TermsError::TooLong { ttl: MAX_TTL_MS + 1 }));
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
