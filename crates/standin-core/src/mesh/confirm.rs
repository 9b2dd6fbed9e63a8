//! From suspicion to confirmation: others who say the same shorten the wait, and nobody's silence stops it.

use super::clock::StoreTime;

/// How many independent accusers bring the wait down to its minimum.
pub const ACCUSERS: u32 = 1;

/// What speaks against a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// The platform itself says so: the run failed, PM2 has given it up, its URL answers 500.
    Direct,
    /// Nothing was heard of it since it was due, and this many others say the same.
    Silence {
        /// When it was due, on the store's clock.
        due: StoreTime,
        /// Independent accusers beside the watcher itself.
        accusers: u32,
    },
}

/// How long to wait past the due instant, in milliseconds: `max − (max − min) · ln(n+1) / ln(k+1)`, which is `max`
/// for a lone watcher and `min` from `k` accusers on.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
pub fn wait(min: u64, max: u64, accusers: u32, k: u32) -> u64 {
    let k = k.max(1);
    if accusers == 0 || max <= min {
        return max.max(min);
    }
    if accusers >= k {
        return min;
    }
    let share = (f64::from(accusers) + 1.0).ln() / (f64::from(k) + 1.0).ln();
    let off = ((max - min) as f64 * share).floor() as u64;
    max.saturating_sub(off).clamp(min, max)
}

/// When the case is confirmed. `act_ms` is the learned threshold past the due instant under which nothing is ever
/// done; alone, a watcher waits for twice that.
pub fn confirmed_from(case: Case, act_ms: u64, now: StoreTime) -> StoreTime {
    match case {
        Case::Direct => now,
        Case::Silence { due, accusers } => {
            due.plus(wait(act_ms, act_ms.saturating_mul(2), accusers, ACCUSERS))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_agrees_halves_the_wait_and_none_is_needed() {
        let silence = |accusers| Case::Silence { due: StoreTime(1_000), accusers };
        assert_eq!(confirmed_from(silence(0), 60, StoreTime(0)), StoreTime(1_120));
        assert_eq!(confirmed_from(silence(1), 60, StoreTime(0)), StoreTime(1_060));
        assert_eq!(confirmed_from(silence(9), 60, StoreTime(0)), StoreTime(1_060));
        assert_eq!(confirmed_from(Case::Direct, 60, StoreTime(7)), StoreTime(7));
    }

    #[test]
    fn with_three_wanted_each_takes_off_less_than_the_one_before() {
        let waits: Vec<u64> = (0..4).map(|n| wait(100, 200, n, 3)).collect();
        assert_eq!(waits, [200, 150, 121, 100]);
    }
}
