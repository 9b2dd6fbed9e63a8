//! The hours of the day, and waiting counted in weighted time.

/// Hours of a UTC day.
pub(super) const HOURS: usize = 24;
const HOUR_S: i64 = 3600;

/// The weights are kept in steps of this, so that the stored form is exact.
const STEP: f32 = 1.0 / 4096.0;

/// How much one wait moves the hours that it lay in.
const RATE: f32 = 0.05;

/// A wait of more than this many usual ones counts as that many.
const LONGEST_RATIO: f32 = 8.0;

/// The bounds of a weight.
const LIGHTEST: f64 = 0.3;
const HEAVIEST: f64 = 4.0;

/// No wait is followed for more hours than this; the rest of it counts at the weight of its last hour.
const MAX_HOURS: usize = 96;

/// How slow each hour of the UTC day is beside the others, 1 being usual.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hours {
    /// In steps of 1/4096.
    raw: [u16; HOURS],
}

impl Hours {
    pub(super) fn new() -> Self {
        Self { raw: [4096; HOURS] }
    }

    pub(super) fn from_raw(raw: [u16; HOURS]) -> Self {
        Self { raw }
    }

    pub(super) fn raw(&self) -> &[u16; HOURS] {
        &self.raw
    }

    /// The weights, scaled so that a whole day has the mean 1.
    pub(super) fn weights(&self) -> Weights {
        let sum: f64 = self.raw.iter().map(|raw| f64::from(*raw)).sum();
        let mean = (sum / 24.0).max(1.0);
        Weights { of: self.raw.map(|raw| (f64::from(raw) / mean).clamp(LIGHTEST, HEAVIEST)) }
    }

    /// Learns that a wait from `start` lasted `wait_s`, `ratio` times as long as usual.
    pub(super) fn learn(&mut self, start: i64, wait_s: f64, ratio: f64) {
        let ratio = f32_of(ratio).clamp(0.0, LONGEST_RATIO);
        let whole = wait_s.max(1.0);
        for (hour, part_s) in Parts::of(start, whole) {
            if let Some(raw) = self.raw.get_mut(hour) {
                let old = f32::from(*raw) * STEP;
                let new = old + RATE * f32_of(part_s / whole) * (ratio - old);
                *raw = steps(new);
            }
        }
    }
}

/// The nearest step, within what fits.
fn steps(weight: f32) -> u16 {
    let steps = (weight / STEP).round().clamp(1.0, f32::from(u16::MAX));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the range just above"
    )]
    let steps = steps as u16;
    steps
}

pub(super) fn f32_of(value: f64) -> f32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "less precision is meant; too large becomes infinite"
    )]
    let value = value as f32;
    value
}

/// The weights of all hours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights {
    of: [f64; HOURS],
}

impl Weights {
    /// All hours alike, for schedules that never see more than one.
    pub(super) const EVEN: Self = Self { of: [1.0; HOURS] };

    fn at(&self, hour: usize) -> f64 {
        self.of.get(hour).copied().unwrap_or(1.0)
    }

    /// How long a wait of `wait_s` from `start` is in weighted time.
    pub(super) fn weigh(&self, start: i64, wait_s: f64) -> f64 {
        Parts::of(start, wait_s).map(|(hour, part_s)| part_s / self.at(hour)).sum()
    }

    /// The wait from `start` that is `weighted_s` long in weighted time: the inverse of [`Weights::weigh`].
    pub(super) fn unweigh(&self, start: i64, weighted_s: f64) -> f64 {
        let mut left = weighted_s;
        let mut wait_s = 0.0;
        for (hour, part_s) in Parts::of(start, f64::INFINITY) {
            let weight = self.at(hour);
            if left * weight <= part_s {
                return wait_s + left * weight;
            }
            left -= part_s / weight;
            wait_s += part_s;
        }
        wait_s + left
    }
}

/// A stretch of time cut at the full hours: the hour of the day, and the seconds in it.
struct Parts {
    hour: i64,
    to_full_hour_s: f64,
    left_s: f64,
    count: usize,
}

impl Parts {
    fn of(start: i64, length_s: f64) -> Self {
        let into = start.rem_euclid(HOUR_S);
        Self {
            hour: start.div_euclid(HOUR_S),
            to_full_hour_s: super::model::seconds(HOUR_S - into),
            left_s: length_s,
            count: 0,
        }
    }
}

impl Iterator for Parts {
    type Item = (usize, f64);

    fn next(&mut self) -> Option<Self::Item> {
        if self.left_s <= 0.0 || self.count >= MAX_HOURS {
            return None;
        }
        self.count += 1;
        // The last part takes all that is left, except of an endless stretch.
        let is_last = self.count == MAX_HOURS && self.left_s.is_finite();
        let part_s = if is_last { self.left_s } else { self.left_s.min(self.to_full_hour_s) };
        let hour = usize::try_from(self.hour.rem_euclid(24)).unwrap_or(0);
        self.hour = self.hour.saturating_add(1);
        self.to_full_hour_s = super::model::seconds(HOUR_S);
        self.left_s -= part_s;
        Some((hour, part_s))
    }
}
