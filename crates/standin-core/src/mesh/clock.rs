//! Time on one store's clock.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How far two readings of the same store's clock may be apart, in milliseconds, without anything being wrong.
pub const TOLERANCE_MS: u32 = 5_000;

/// A peer whose own clock is further than this from the store's counts that as a fault of its own, in milliseconds.
pub const CLOCK_FAULT_MS: u64 = 30_000;

/// An instant on the clock of one store, in milliseconds since 1970. Instants of two stores are never compared: the
/// age of a record is what its own store says it is, so that the clocks of writer and reader both cancel out.
///
/// All arithmetic saturates, because these numbers come out of stores that may hold anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoreTime(pub i64);

impl StoreTime {
    /// This long after it, in milliseconds.
    #[must_use]
    pub const fn plus(self, ms: u64) -> Self {
        Self(self.0.saturating_add_unsigned(ms))
    }

    /// How long ago `earlier` was, in milliseconds; 0 when it was not earlier.
    pub const fn since(self, earlier: Self) -> u64 {
        if self.0 > earlier.0 { self.0.abs_diff(earlier.0) } else { 0 }
    }

    /// Whether two readings are further apart than a peer's clock may be from a store's.
    pub const fn is_clock_fault(self, own: Self) -> bool {
        self.0.abs_diff(own.0) > CLOCK_FAULT_MS
    }
}

impl From<Timestamp> for StoreTime {
    fn from(at: Timestamp) -> Self {
        Self(at.as_millisecond())
    }
}

impl fmt::Display for StoreTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at:.0}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_time_saturate() {
        assert_eq!(StoreTime(i64::MAX).plus(5), StoreTime(i64::MAX));
        assert_eq!(StoreTime(i64::MAX).since(StoreTime(i64::MIN)), u64::MAX);
        assert_eq!(StoreTime(3).since(StoreTime(4)), 0);
        assert_eq!(StoreTime(i64::MAX).to_string(), format!("{} ms", i64::MAX));
    }

    #[test]
    fn a_clock_fault_begins_past_thirty_seconds_either_way() {
        assert!(!StoreTime(30_000).is_clock_fault(StoreTime(0)));
        assert!(StoreTime(30_001).is_clock_fault(StoreTime(0)));
        assert!(StoreTime(0).is_clock_fault(StoreTime(30_001)));
    }
}
