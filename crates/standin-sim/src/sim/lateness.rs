//! How late GitHub starts a schedule, and how often not at all: a table, or real traces.

#[cfg(feature = "proof")]
mod traces;

use super::rng::Rng;

#[cfg(feature = "proof")]
pub use traces::TracesError;

/// The runs of hourly schedules since the beginning of 2026, in seconds at thousandths. A trace cannot show a run that
/// is later than the next slot, so the last 15 are the hours that silences of the same schedules show.
const TABLE: [(u64, u64); 8] =
    [(0, 5), (100, 155), (250, 678), (500, 1_525), (750, 2_322), (900, 3_080), (985, 3_599), (1_000, 14_400)];

/// How many of a hundred slots of the same schedules had no run.
const SKIPPED: u64 = 27;

/// The runs of schedules with slots hours or a day apart, of the same time: they are hardly ever left out.
const SPARSE: [(u64, u64); 8] = [
    (0, 60),
    (100, 720),
    (250, 1_200),
    (500, 2_160),
    (750, 3_480),
    (900, 4_560),
    (985, 6_300),
    (1_000, 8_220),
];

/// How many of a hundred slots of those had no run.
const SPARSE_SKIPPED: u64 = 2;

/// The lateness to draw from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lateness {
    /// Milliseconds, sorted.
    late: Vec<u64>,
    /// In percent.
    skipped: u64,
}

impl Default for Lateness {
    fn default() -> Self {
        Self::of(&TABLE, SKIPPED)
    }
}

impl Lateness {
    /// Of schedules with slots more than an hour apart.
    pub(super) fn sparse() -> Self {
        Self::of(&SPARSE, SPARSE_SKIPPED)
    }

    fn of(table: &[(u64, u64)], skipped: u64) -> Self {
        let mut late = Vec::with_capacity(1_000);
        for pair in table.windows(2) {
            if let [(from, low), (to, high)] = pair {
                late.extend((*from..*to).map(|n| (low + (high - low) * (n - from) / (to - from)) * 1_000));
            }
        }
        Self { late, skipped }
    }

    pub(super) fn draw(&self, rng: &mut Rng) -> u64 {
        self.late.get(rng.below(self.late.len())).copied().unwrap_or(0)
    }

    pub(super) fn skips(&self, rng: &mut Rng) -> bool {
        rng.percent(self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_what_it_says() {
        let table = Lateness::default();
        assert_eq!((table.late.len(), table.late[500], table.late[900]), (1_000, 1_525_000, 3_080_000));
    }
}
