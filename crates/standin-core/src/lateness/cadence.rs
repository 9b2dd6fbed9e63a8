//! What the caller says about a schedule, and the bounds that follow from it.

use std::time::Duration;

/// Faster schedules are judged by the gap since the last arrival: most slots of `*/5` never run.
const GAP_PERIOD: Duration = Duration::from_mins(15);

/// From this period on a schedule runs too seldom to learn how often its slots are left out.
const SPARSE_PERIOD: Duration = Duration::from_hours(6);

/// A silence is an outage when it is longer than this and than this many periods.
const OUTAGE: Duration = Duration::from_hours(12);
const OUTAGE_PERIODS: u32 = 3;

/// Periods outside of these are a mistake of the caller.
const SHORTEST_PERIOD: Duration = Duration::from_secs(1);
pub(super) const LONGEST_PERIOD: Duration = Duration::from_hours(24 * 400);

/// So many arrivals are needed before the cold-start wait is given up.
const COLD_RUNS: u32 = 5;

/// SUSPECT may come this much sooner than the floor of ACT.
const SUSPECT_FLOOR: f64 = 3.0;

/// Why a cadence was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LatenessError {
    /// Nothing was built; give the schedule's usual time between two slots.
    #[error("the period is {0:?}; it has to lie between one second and 400 days")]
    Period(Duration),
    /// Nothing was built; the floor and the slack have to be more than nothing.
    #[error(
        "a floor of {floor:?} with a slack of {slack:?} would accuse at once; both have to be at least a second"
    )]
    Tolerance {
        /// What was given as the floor.
        floor: Duration,
        /// What was given as the slack.
        slack: Duration,
    },
}

/// How much lateness a platform shows on a good day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// ACT never comes sooner than this after the start of the wait.
    pub floor: Duration,
    /// The lateness that says nothing: waits are compared after it is added to them, so that a rise from 10 to 40
    /// seconds counts for little and one from an hour to four counts in full.
    pub slack: Duration,
    /// ACT never comes sooner than this while fewer than five arrivals are known.
    pub cold: Duration,
}

impl Tolerance {
    /// GitHub's cron. The floor is an hour and a quarter: shorter silences happen to healthy schedules too often,
    /// whatever was seen before.
    pub const GITHUB: Self = Self {
        floor: Duration::from_mins(75),
        slack: Duration::from_mins(15),
        cold: Duration::from_hours(6),
    };
    /// Scheduled functions (Netlify, AWS), which start within seconds.
    pub const FUNCTION: Self =
        Self { floor: Duration::from_mins(5), slack: Duration::from_mins(2), cold: Duration::from_mins(5) };
    /// What runs on the host itself (PM2's cron, a crontab).
    pub const PROCESS: Self = Self {
        floor: Duration::from_secs(90),
        slack: Duration::from_secs(30),
        cold: Duration::from_secs(90),
    };
}

/// What a schedule's waits count from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// From the next due slot.
    BySlot,
    /// From the last arrival: the schedule is faster than 15 minutes.
    ByGap,
}

/// The bounds of one wait, in seconds from its start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) suspect_floor_s: f64,
    pub(super) act_floor_s: f64,
    pub(super) cap_s: f64,
}

/// A schedule as far as its lateness depends on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cadence {
    period: Duration,
    tolerance: Tolerance,
}

impl Cadence {
    /// A schedule by its usual period, on a platform of this tolerance.
    ///
    /// # Errors
    ///
    /// A period outside of a second to 400 days, and a tolerance that would accuse at once.
    pub fn new(period: Duration, tolerance: Tolerance) -> Result<Self, LatenessError> {
        if !(SHORTEST_PERIOD..=LONGEST_PERIOD).contains(&period) {
            return Err(LatenessError::Period(period));
        }
        let Tolerance { floor, slack, .. } = tolerance;
        if floor < Duration::from_secs(1) || slack < Duration::from_secs(1) {
            return Err(LatenessError::Tolerance { floor, slack });
        }
        Ok(Self { period, tolerance })
    }

    /// What its waits count from.
    pub fn judged(&self) -> Judged {
        if self.period < GAP_PERIOD { Judged::ByGap } else { Judged::BySlot }
    }

    /// A silence longer than this is an outage: twelve hours or three periods, whichever is longer. Where the next
    /// slot lies `ahead` of the last arrival by more than a period, as over a weekend, it is two periods after that
    /// slot.
    pub fn outage(&self, ahead: Duration) -> Duration {
        let usual = self.period.saturating_mul(OUTAGE_PERIODS).max(OUTAGE);
        usual.max(ahead.saturating_add(self.period.saturating_mul(OUTAGE_PERIODS - 1)))
    }

    pub(super) fn outage_s(&self, ahead_s: i64) -> i64 {
        self.outage(Duration::from_secs(ahead_s.max(0).unsigned_abs())).as_secs().cast_signed()
    }

    pub(super) fn period_s(&self) -> f64 {
        self.period.as_secs_f64()
    }

    /// Half of the slack where gaps are judged: a gap is never near nothing, so less is needed to keep its
    /// logarithm from falling there.
    pub(super) fn slack_s(&self) -> f64 {
        match self.judged() {
            Judged::BySlot => self.tolerance.slack.as_secs_f64(),
            Judged::ByGap => self.tolerance.slack.as_secs_f64() / 2.0,
        }
    }

    /// What a wait is taken to be before any was seen.
    pub(super) fn first_guess_s(&self) -> f64 {
        match self.judged() {
            Judged::BySlot => self.period_s().min(self.slack_s() * 3.0),
            Judged::ByGap => self.period_s() * 4.0,
        }
    }

    pub(super) fn is_sparse(&self) -> bool {
        self.period >= SPARSE_PERIOD
    }

    /// Whether the hour of the day can matter: a daily schedule only ever sees one.
    pub(super) fn sees_hours(&self) -> bool {
        self.period < Duration::from_hours(24)
    }

    /// The bounds of a wait whose slot lies `ahead` seconds after the last arrival.
    pub(super) fn limits(&self, ahead: i64, arrivals: u32) -> Limits {
        let to_start = match self.judged() {
            Judged::BySlot => ahead,
            Judged::ByGap => 0,
        };
        // One second before the silence would count as an outage: none can be missed, however much was learned.
        let cap = self.outage_s(ahead).saturating_sub(to_start).saturating_sub(1);
        let cap_s = super::model::seconds(cap).max(1.0);
        // What is judged by the gap has its floor after the next slot all the same.
        let before_due = match self.judged() {
            Judged::BySlot => 0.0,
            Judged::ByGap => super::model::seconds(ahead),
        };
        let mut act = self.tolerance.floor;
        if arrivals < COLD_RUNS {
            act = act.max(self.tolerance.cold);
        }
        Limits {
            suspect_floor_s: (before_due + self.tolerance.floor.as_secs_f64() / SUSPECT_FLOOR).min(cap_s),
            act_floor_s: (before_due + act.as_secs_f64()).min(cap_s),
            cap_s,
        }
    }
}
