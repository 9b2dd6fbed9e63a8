//! Moments and stretches of time as values: what judging and planning both reckon with.

use std::time::Duration;

use jiff::Timestamp;

/// The sooner of two times that may be missing.
pub(crate) fn sooner(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}

/// `at + time`; the end of time itself where that lies beyond it.
pub(crate) fn later(at: Timestamp, time: Duration) -> Timestamp {
    at.checked_add(time).unwrap_or(Timestamp::MAX)
}

/// The first moment after a deadline: a deadline itself is still in time.
pub(crate) fn past(deadline: Timestamp) -> Timestamp {
    later(deadline, Duration::from_nanos(1))
}

/// `at - time`; the beginning of time where that lies before it.
pub(crate) fn earlier(at: Timestamp, time: Duration) -> Timestamp {
    at.checked_sub(time).unwrap_or(Timestamp::MIN)
}

/// The share of `within` that belongs to `name`: always the same for the same name, spread evenly over names.
pub fn spread(name: &str, within: Duration) -> Duration {
    let limit = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(hash(name).checked_rem(limit).unwrap_or(0))
}

/// FNV-1a, then a finaliser that spreads the last bytes too. Stable across versions: keys depend on it.
pub(crate) fn hash(text: &str) -> u64 {
    let mut h = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    h ^= h >> 33;
    h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
    h ^ (h >> 33)
}
