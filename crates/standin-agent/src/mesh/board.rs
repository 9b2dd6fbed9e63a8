//! What the mesh came to, where the API sees it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use standin_body::alerts::{Alert, Level};
use standin_body::check::{CheckV1, PeerSeenV1};
use standin_engine::json_v1::{AlertV1, PeerV1, StatusV1};
use tokio::sync::{mpsc, oneshot};

/// So long an alert is shown.
const SHOWN: SignedDuration = SignedDuration::from_hours(24);
/// Most alerts that are kept.
const MAX_ALERTS: usize = 64;

/// Asks the loop for a cycle now.
pub(crate) type Asked = oneshot::Sender<CheckV1>;

/// The last cycle, and what people were told within a day.
#[derive(Debug)]
pub struct Board {
    state: Mutex<State>,
    ask: mpsc::Sender<Asked>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<CheckV1>,
    /// Oldest first.
    alerts: VecDeque<Alert>,
}

impl Board {
    pub(crate) fn new(ask: mpsc::Sender<Asked>) -> Self {
        Self { state: Mutex::default(), ask }
    }

    /// A state is put up whole, so a poisoned lock is as good as a sound one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in alerts, the newest last. What was told again is shown once.
    pub(crate) fn tell(&self, alerts: &[Alert]) {
        let mut state = self.lock();
        for alert in alerts {
            let is_same =
                |old: &Alert| (&old.what, &old.about, &old.key) == (&alert.what, &alert.about, &alert.key);
            state.alerts.retain(|old| !is_same(old));
            state.alerts.push_back(alert.clone());
        }
        let oldest = Timestamp::now().checked_sub(SHOWN).unwrap_or(Timestamp::UNIX_EPOCH);
        state.alerts.retain(|alert| alert.at >= oldest);
        let beyond = state.alerts.len().saturating_sub(MAX_ALERTS);
        state.alerts.drain(..beyond);
    }

    pub(crate) fn set(&self, check: CheckV1) {
        self.lock().last = Some(check);
    }

    pub(crate) fn alerts(&self) -> Vec<Alert> {
        self.lock().alerts.iter().cloned().collect()
    }

    /// Adds to a status what the mesh knows.
    pub fn fill(&self, status: &mut StatusV1) {
        let state = self.lock();
        status.peers = state.last.iter().flat_map(|check| &check.peers).map(peer).collect();
        status.alerts = state.alerts.iter().rev().map(alert).collect();
    }

    /// Runs a cycle now; `None` when the agent is ending.
    pub async fn check(&self) -> Option<CheckV1> {
        let (reply, answered) = oneshot::channel();
        self.ask.send(reply).await.ok()?;
        answered.await.ok()
    }
}

fn peer(peer: &PeerSeenV1) -> PeerV1 {
    let PeerSeenV1 { id, kind, health, overdue, last } = peer.clone();
    PeerV1 { id, health, kind, last, overdue }
}

fn alert(alert: &Alert) -> AlertV1 {
    let Alert { at, by, level, what, about, text, .. } = alert.clone();
    let level = match level {
        Level::Good => "good",
        Level::Warning => "warning",
        Level::Critical => "critical",
    };
    AlertV1 { at, by, level: level.to_owned(), what, about, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(about: &str, key: &str, at: Timestamp) -> Alert {
        let text = String::new;
        let (about, key) = (about.to_owned(), key.to_owned());
        Alert { version: 1, at, by: text(), level: Level::Good, what: text(), about, key, text: text() }
    }

    #[test]
    fn what_is_told_again_is_shown_once_and_what_is_old_not_at_all() {
        let board = Board::new(mpsc::channel(1).0);
        let now = Timestamp::now();
        let old = now - SHOWN - SHOWN;
        board.tell(&[told("a", "1", old), told("b", "1", now), told("c", "1", now)]);
        board.tell(&[told("b", "1", now), told("b", "2", now)]);
        let shown: Vec<_> = board.alerts().into_iter().map(|a| format!("{}{}", a.about, a.key)).collect();
        assert_eq!(shown, ["c1", "b1", "b2"]);
        let many: Vec<_> = (0..200).map(|n| told("d", &n.to_string(), now)).collect();
        board.tell(&many);
        assert_eq!(board.alerts().len(), MAX_ALERTS);
    }
}
