//! The sums of the heartbeats, where the loop sees them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use standin_core::beat::BeatState;
use standin_core::ident::AutomationId;
use tokio::sync::Notify;

/// The newest sums of the heartbeats, shared between those who take heartbeats in and the one loop that judges.
#[derive(Debug, Default)]
pub struct BeatBoard {
    sums: Mutex<BTreeMap<AutomationId, BeatState>>,
    changed: Notify,
}

impl BeatBoard {
    /// A board that begins with these sums.
    pub fn new(sums: BTreeMap<AutomationId, BeatState>) -> Self {
        Self { sums: Mutex::new(sums), changed: Notify::new() }
    }

    /// Puts up a sum. Two heartbeats may come here in another order than they were kept in: the sum of more stays.
    pub fn set(&self, id: AutomationId, sum: BeatState) {
        let mut sums = self.lock();
        if sums.get(&id).is_some_and(|old| old.count >= sum.count) {
            return;
        }
        sums.insert(id, sum);
        drop(sums);
        self.changed.notify_one();
    }

    /// Whether a heartbeat of this automation was ever kept.
    pub fn knows(&self, id: &AutomationId) -> bool {
        self.lock().contains_key(id)
    }

    /// All sums.
    pub fn snapshot(&self) -> BTreeMap<AutomationId, BeatState> {
        self.lock().clone()
    }

    /// Resolves when a sum has changed since it last resolved. Meant for one waiter.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// A sum is put up whole, so a poisoned lock is as good as a sound one.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<AutomationId, BeatState>> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn the_sum_of_more_heartbeats_stays() {
        let board = BeatBoard::default();
        let id: AutomationId = "pm2:web".parse().unwrap();
        board.set(id.clone(), BeatState { count: 2, ..BeatState::default() });
        board.set(id.clone(), BeatState { count: 1, ..BeatState::default() });
        assert_eq!(board.snapshot().get(&id).map(|s| s.count), Some(2));
        board.changed().await;
        let mut again = std::pin::pin!(board.changed());
        let waits =
            std::future::poll_fn(|cx| std::task::Poll::Ready(again.as_mut().poll(cx).is_pending())).await;
        assert!(waits, "two changes wake once");
        board.set(id.clone(), BeatState { count: 2, ..BeatState::default() });
        let waits =
            std::future::poll_fn(|cx| std::task::Poll::Ready(again.as_mut().poll(cx).is_pending())).await;
        assert!(waits, "a heartbeat that counts for nothing wakes nobody");
        board.set(id, BeatState { count: 3, ..BeatState::default() });
        again.await;
    }
}
