//! The slots around the last instant that was asked about. A watcher asks about one instant after another, thousands of
//! times between two slots, and the answer stays the same until the next slot comes.
//!
//! *Invariant:* the answers are those of the search, whatever was asked before; only their cost differs.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// What earlier searches have shown.
#[derive(Default)]
pub(super) struct Window {
    known: Mutex<Known>,
}

#[derive(Default, Clone, Copy)]
struct Known {
    /// There is no slot after the first of these and before the second, which is one.
    next: Option<(Timestamp, Timestamp)>,
    /// The first of these is a slot, and there is none after it up to the second.
    previous: Option<(Timestamp, Timestamp)>,
}

impl Window {
    /// The first slot after an instant, from what is known or by `search`.
    pub(super) fn next(
        &self,
        after: Timestamp,
        search: impl FnOnce() -> Option<Timestamp>,
    ) -> Option<Timestamp> {
        if let Some((from, slot)) = self.known().next
            && from <= after
            && after < slot
        {
            return Some(slot);
        }
        let slot = search()?;
        self.learn(|known| known.next = Some((after, slot)));
        Some(slot)
    }

    /// The last slot that is not after an instant, from what is known or by `search`.
    pub(super) fn previous(
        &self,
        at: Timestamp,
        search: impl FnOnce() -> Option<Timestamp>,
    ) -> Option<Timestamp> {
        let known = self.known();
        if let Some((slot, until)) = known.previous
            && slot <= at
        {
            // What is known of the next slot goes on where what is known of this one ends.
            let empty = known.next.is_some_and(|(from, next)| from <= until && at < next);
            if at <= until || empty {
                return Some(slot);
            }
        }
        let slot = search()?;
        self.learn(|known| known.previous = Some((slot, at)));
        Some(slot)
    }

    fn known(&self) -> Known {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, fact: impl FnOnce(&mut Known)) {
        fact(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::schedule::Schedule;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// A schedule that has been asked many things answers as one that was never asked before.
        #[test]
        fn what_was_asked_before_changes_no_answer(
            (cron, zone) in prop::sample::select(vec![
                ("* * * * *", "UTC"),
                ("30 * * * *", "Europe/Zurich"),
                ("*/20 1-3 * * *", "America/New_York"),
                ("30 1,2 * * *", "America/New_York"),
                ("30 2 * * 0", "Australia/Lord_Howe"),
                ("0 0 1 1 *", "UTC"),
            ]),
            // Around both clock changes of 2026 in New York: close enough together to meet again and again.
            start in prop::sample::select(vec![1_772_946_000_i64, 1_793_500_000, 1_800_000_000]),
            questions in prop::collection::vec((0_i64..20_000, 0_i32..3, prop::bool::ANY), 1..60),
        ) {
            let asked = Schedule::parse(cron, zone).unwrap();
            for (second, nanosecond, back) in questions {
                let at = jiff::Timestamp::new(start + second, nanosecond * 499_999_999).unwrap();
                let fresh = Schedule::parse(cron, zone).unwrap();
                if back {
                    prop_assert_eq!(asked.previous_at_or_before(at), fresh.previous_at_or_before(at), "{}", at);
                } else {
                    prop_assert_eq!(asked.next_after(at), fresh.next_after(at), "{}", at);
                }
            }
        }
    }
}
