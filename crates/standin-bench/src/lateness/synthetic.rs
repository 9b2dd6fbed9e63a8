//! Synthetic schedules from a documented distribution and a seed, for tests and benches that have no real traces.
//!
//! A slot is left out with a chance that depends on the hour. A run that is not left out starts late by a log-normal
//! time whose median depends on the hour too. Both get worse in spells of about four days, a fifth of all; what is
//! left out gets worse by less than the lateness does. From time to time the whole platform starts nothing for half
//! an hour to two and a half (an incident, not an outage): about every ten days in a spell, as trouble seldom comes
//! alone, and every 150 days otherwise. Every hundred days or so the schedule is silent for 20 to 60 hours, or for
//! five periods if that is longer (an outage).
//!
//! Real schedules are kinder to a detector: their bad days announce themselves more clearly than these do.

use super::traces::{Run, Trace, TraceSet, Troubles};

const DAY_S: f64 = 86_400.0;
/// 2024-01-01, a Monday.
const START_S: i64 = 1_704_067_200;

/// How a synthetic schedule behaves.
#[derive(Debug, Clone, Copy)]
struct Habits {
    class: &'static str,
    period_s: i64,
    slots: u32,
    /// The median lateness at a quiet hour, in seconds.
    lateness_s: f64,
    /// The share of slots that are left out at a quiet hour.
    left_out: f64,
}

/// A set of schedules from every five minutes to daily, of about 90,000 runs.
pub fn set(seed: u64) -> TraceSet {
    let habits = [
        Habits { class: "m5", period_s: 300, slots: 60_000, lateness_s: 60.0, left_out: 0.45 },
        Habits { class: "m15", period_s: 900, slots: 40_000, lateness_s: 300.0, left_out: 0.25 },
        Habits { class: "h1", period_s: 3600, slots: 25_000, lateness_s: 600.0, left_out: 0.03 },
        Habits { class: "h3", period_s: 10_800, slots: 9_000, lateness_s: 500.0, left_out: 0.01 },
        Habits { class: "d1", period_s: 86_400, slots: 1_000, lateness_s: 900.0, left_out: 0.003 },
    ];
    let traces = habits.iter().zip(seed..).map(|(habits, seed)| trace(habits, seed)).collect();
    TraceSet { traces, troubles: Troubles::default() }
}

/// One hourly schedule of about 25,000 runs.
pub fn hourly(seed: u64) -> Trace {
    trace(&Habits { class: "h1", period_s: 3600, slots: 25_000, lateness_s: 600.0, left_out: 0.03 }, seed)
}

fn trace(habits: &Habits, seed: u64) -> Trace {
    let mut dice = Dice(seed);
    let mut arrivals: Vec<Run> = Vec::new();
    let mut quiet_until = 0;
    let mut spell = 1.0;
    let chance_a_slot = |every_days: f64| super::tally::seconds(habits.period_s) / (every_days * DAY_S);
    for slot in 0..habits.slots {
        let slot_at = START_S + i64::from(slot) * habits.period_s;
        let hour = (slot_at / 3600).rem_euclid(24);
        // The European and the American morning are busy, and so is midnight UTC.
        let busy = if hour == 0 || (13..=17).contains(&hour) { 2.0 } else { 1.0 };
        if dice.chance(chance_a_slot(4.0)) {
            spell = if dice.chance(0.2) { 2.5 } else { 1.0 };
        }
        if dice.chance(chance_a_slot(if spell > 1.0 { 10.0 } else { 150.0 })) {
            quiet_until = quiet_until.max(slot_at + dice.between(1800, 9000));
        }
        if dice.chance(chance_a_slot(100.0)) {
            quiet_until = slot_at + dice.between(20 * 3600, 60 * 3600).max(5 * habits.period_s);
        }
        let lateness = habits.lateness_s * busy * spell * (0.6 * dice.normal()).exp();
        let at = slot_at + whole(lateness.min(super::tally::seconds(habits.period_s) * 0.99));
        let is_left_out = dice.chance(habits.left_out * (1.0 + (busy * spell - 1.0) / 4.0));
        let is_after = arrivals.last().is_none_or(|last| at >= last.at + 30);
        if is_left_out || at < quiet_until || !is_after {
            continue;
        }
        arrivals.push(Run { at, due: slot_at + habits.period_s });
    }
    Trace {
        id: format!("{}_{seed}", habits.class),
        class: habits.class.to_owned(),
        period_s: habits.period_s,
        arrivals,
    }
}

fn whole(seconds: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "below a period, which is a whole number itself")]
    let whole = seconds as i64;
    whole
}

/// SplitMix64: small, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1, 1 excluded.
    fn share(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
        let share = (self.next() >> 11) as f64;
        share / 9_007_199_254_740_992.0
    }

    fn chance(&mut self, of: f64) -> bool {
        self.share() < of
    }

    fn between(&mut self, least: i64, most: i64) -> i64 {
        least + whole(self.share() * super::tally::seconds(most - least))
    }

    /// Nearly normal: the sum of twelve, less six.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }
}
