//! A store's clock, read off the answers that it gives.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use standin_core::mesh::clock::StoreTime;

/// The last reading of a store's clock. An answer without one is stamped by what has passed since.
#[derive(Debug, Default)]
pub(super) struct Dial {
    last: Mutex<Option<(Instant, StoreTime)>>,
}

impl Dial {
    /// The store's clock, when an answer said this. `None` when no answer ever said.
    pub(super) fn stamp(&self, said: Option<StoreTime>) -> Option<StoreTime> {
        self.stamp_at(Instant::now(), said)
    }

    fn stamp_at(&self, now: Instant, said: Option<StoreTime>) -> Option<StoreTime> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(said) = said {
            *last = Some((now, said));
        }
        last.map(|(then, said)| said.plus(millis(now.saturating_duration_since(then))))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_does_not_say_is_counted_on() {
        let (dial, then) = (Dial::default(), Instant::now());
        assert_eq!(dial.stamp_at(then, None), None);
        assert_eq!(dial.stamp_at(then, Some(StoreTime(1_000))), Some(StoreTime(1_000)));
        assert_eq!(dial.stamp_at(then + Duration::from_secs(2), None), Some(StoreTime(3_000)));
    }
}
