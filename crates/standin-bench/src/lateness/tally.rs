//! What is counted of one detector, and the figures that follow from it.

/// Seconds as a float; a trace spans decades at most, which is exact.
pub(super) fn seconds(whole: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact up to 285 million years")]
    let seconds = whole as f64;
    seconds
}

/// Counts of silences, and the delays that they would have been noticed with.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Silences, each begun by one run.
    pub runs: usize,
    /// False alarms in silences that ended before a slot was left out.
    pub late: usize,
    /// False alarms in silences in which at least one slot was left out.
    pub skipped: usize,
    /// False alarms among the first twenty silences of a trace.
    pub cold: usize,
    /// Silences that are outages.
    pub outages: usize,
    /// Outages with an alarm in them.
    pub noticed: usize,
    /// For each run the threshold past the next due slot, in seconds: the delay if nothing ever came again.
    delays_s: Vec<f32>,
    /// The same for outages that were noticed.
    noticed_delays_s: Vec<f32>,
    /// Time in silences that are no outages, and the part of it after a false alarm.
    alive_s: f64,
    accused_s: f64,
}

impl Tally {
    pub(super) fn run(&mut self, delay_s: f64) {
        self.runs += 1;
        self.delays_s.push(shortened(delay_s));
    }

    pub(super) fn outage(&mut self, is_noticed: bool, delay_s: f64) {
        self.outages += 1;
        if is_noticed {
            self.noticed += 1;
            self.noticed_delays_s.push(shortened(delay_s));
        }
    }

    pub(super) fn alive(&mut self, silence_s: f64) {
        self.alive_s += silence_s;
    }

    pub(super) fn false_alarm(&mut self, is_late: bool, is_cold: bool, accused_s: f64) {
        self.late += usize::from(is_late);
        self.skipped += usize::from(!is_late);
        self.cold += usize::from(is_cold);
        self.accused_s += accused_s;
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.late += other.late;
        self.skipped += other.skipped;
        self.cold += other.cold;
        self.outages += other.outages;
        self.noticed += other.noticed;
        self.delays_s.extend_from_slice(&other.delays_s);
        self.noticed_delays_s.extend_from_slice(&other.noticed_delays_s);
        self.alive_s += other.alive_s;
        self.accused_s += other.accused_s;
    }

    /// False alarms of one kind for 1,000 runs.
    pub fn per_1000(&self, alarms: usize) -> f64 {
        if self.runs == 0 { 0.0 } else { 1000.0 * count(alarms) / count(self.runs) }
    }

    /// All false alarms for 1,000 runs.
    pub fn false_alarms_per_1000(&self) -> f64 {
        self.per_1000(self.late + self.skipped)
    }

    /// The share of the time of living schedules in which the detector did not accuse them, 0 to 1; `None` when
    /// there was no such time.
    pub fn query_accuracy(&self) -> Option<f64> {
        (self.alive_s > 0.0).then(|| 1.0 - self.accused_s / self.alive_s)
    }

    /// Detection delays at these shares (0 to 1), in minutes, over all runs; `None` without runs.
    pub fn delays_min<const N: usize>(&self, shares: [f64; N]) -> Option<[f64; N]> {
        quantiles(&self.delays_s, shares)
    }

    /// The median detection delay of the outages that were noticed, in minutes.
    pub fn noticed_delay_min(&self) -> Option<f64> {
        quantiles(&self.noticed_delays_s, [0.5]).map(|[median]| median)
    }
}

fn shortened(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "a delay to the second is precise enough")]
    let value = value as f32;
    value
}

fn count(number: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of runs are far below 2^53")]
    let number = number as f64;
    number
}

fn quantiles<const N: usize>(seconds: &[f32], shares: [f64; N]) -> Option<[f64; N]> {
    let mut sorted = seconds.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let at = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the length"
        )]
        let index = (count(last) * share).round() as usize;
        sorted.get(index.min(last)).map_or(0.0, |seconds| f64::from(*seconds) / 60.0)
    };
    Some(shares.map(at))
}

/// The median of some numbers, the upper one of two in the middle.
pub fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}
