//! Whether the daemon is there, and the apps in its list.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use standin_core::observation::{Absence, Expected};

use super::super::list::Listed;
use super::super::memory::{MAX_ENTRIES, Seen};
use super::super::proc::DaemonId;
use super::{Tracker, after, since};

/// How long an app must be gone from the list of the same daemon before it counts as deleted: a reload takes it out.
const ABSENT_SETTLE: Duration = Duration::from_millis(600);
/// How long a new daemon is given to be told to resurrect its apps before one that is missing counts as lost.
const RESURRECT_GRACE: Duration = Duration::from_secs(5);
/// How long after a start another one of the same resurrection may follow.
const BETWEEN_STARTS: Duration = Duration::from_secs(3);
/// How soon a daemon that lives and does not listen is looked at again: first, and at the most, for it doubles.
const UNCLEAR_WAITS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(10));

/// Whether the daemon left neither socket nor pid file behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pm2) enum Tidied {
    Yes,
    No,
}

/// Whether the saved list names any app of the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pm2) enum SavedApps {
    Some,
    None,
}

/// What the saved list says of one app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pm2) enum SavedFact {
    /// It names it, and was written then.
    Named { at: Option<Timestamp> },
    /// It does not.
    Unnamed,
}

impl Tracker {
    /// The daemon answers.
    pub(in crate::pm2) fn daemon_up(&mut self, daemon: &DaemonId) {
        self.gone_since = None;
        self.unclear_since = None;
        if self.memory.daemon.as_ref() != Some(daemon) {
            self.memory.daemon = Some(daemon.clone());
            self.memory.ended_by_hand = false;
            self.ending = false;
            self.lives.clear();
            self.absent_since.clear();
            self.dropped_cron.clear();
        }
    }

    /// No daemon runs. `tidied` says that its socket and pid file are gone too, which only `pm2 kill` leaves behind.
    pub(in crate::pm2) fn daemon_gone(
        &mut self,
        tidied: Tidied,
        saved: SavedApps,
        now: Timestamp,
    ) -> (Timestamp, Expected) {
        let since = *self.gone_since.get_or_insert(now);
        self.unclear_since = None;
        self.ending = false;
        let known = self.memory.daemon.as_ref().is_some_and(|daemon| daemon.boot == self.boot);
        if known && tidied == Tidied::Yes && !self.memory.ended_by_hand {
            self.ended_by_hand();
        }
        let expected = match (known, self.memory.ended_by_hand, saved) {
            (true, true, _) | (false, _, SavedApps::None) => Expected::No,
            (true, false, _) | (false, _, SavedApps::Some) => Expected::Yes,
        };
        (since, expected)
    }

    /// The daemon lives and does not listen, which passes one way or the other.
    pub(in crate::pm2) fn unclear(&mut self, now: Timestamp) {
        let since_when = *self.unclear_since.get_or_insert(now);
        let wait = since(since_when, now).clamp(UNCLEAR_WAITS.0, UNCLEAR_WAITS.1);
        self.recheck_at(after(now, wait));
    }

    /// Whether the daemon has said that it ends, so that what it lists is no longer of any account.
    pub(in crate::pm2) const fn is_ending(&self) -> bool {
        self.ending
    }

    /// An app of the inventory is listed by this daemon.
    pub(in crate::pm2) fn listed(&mut self, name: &str, daemon: &DaemonId) {
        self.absent_since.remove(name);
        if self.memory.apps.len() < MAX_ENTRIES || self.memory.apps.contains_key(name) {
            self.memory.apps.insert(name.to_owned(), Seen { daemon: daemon.clone(), by_hand: false });
        }
    }

    /// Forgets what nothing in this list needs any more.
    pub(in crate::pm2) fn prune(&mut self, list: &[Listed]) {
        let ended: BTreeSet<(String, i64)> =
            list.iter().filter(|p| !p.is_alive()).map(|p| (p.name.clone(), p.uptime_stamp)).collect();
        let names: BTreeSet<&str> = list.iter().map(|p| p.name.as_str()).collect();
        self.memory.ends.retain(|key, _| ended.contains(key) || !names.contains(key.0.as_str()));
        let ids: BTreeSet<(&str, u32)> = list.iter().map(|p| (p.name.as_str(), p.pm_id)).collect();
        self.lives.retain(|(name, pm_id), _| ids.contains(&(name.as_str(), *pm_id)));
    }

    /// Whether an app that is not listed now was listed since the machine started, and not deleted by hand.
    pub(in crate::pm2) fn was_running(&self, name: &str) -> bool {
        self.memory.apps.get(name).is_some_and(|seen| seen.daemon.boot == self.boot && !seen.by_hand)
    }

    /// Why an app of the inventory is not listed; `None` while that is still to be seen.
    pub(in crate::pm2) fn absence(
        &mut self,
        name: &str,
        daemon: &DaemonId,
        started: Timestamp,
        saved: &SavedFact,
        now: Timestamp,
    ) -> Option<Absence> {
        let seen = self.memory.apps.get(name).cloned();
        let here = seen.as_ref().is_some_and(|seen| seen.daemon.boot == self.boot);
        match (seen, saved) {
            (Some(seen), _) if seen.by_hand && here => Some(Absence::DeletedByHand),
            (Some(seen), _) if seen.daemon == *daemon => self.deleted(name, now),
            (Some(_), SavedFact::Named { .. }) => self.lost(started, now),
            // It ran before this daemon, and nobody had saved the list.
            (Some(_), SavedFact::Unnamed) if here => self.lost(started, now),
            (None, SavedFact::Named { at: Some(at) }) if *at > started => Some(Absence::NotSeen),
            (None, SavedFact::Named { .. }) => self.lost(started, now),
            (Some(_) | None, SavedFact::Unnamed) => Some(Absence::NeverStarted),
        }
    }

    fn deleted(&mut self, name: &str, now: Timestamp) -> Option<Absence> {
        let absent_since = *self.absent_since.entry(name.to_owned()).or_insert(now);
        if since(absent_since, now) < ABSENT_SETTLE {
            self.recheck_at(after(absent_since, ABSENT_SETTLE));
            return None;
        }
        if let Some(seen) = self.memory.apps.get_mut(name) {
            seen.by_hand = true;
        }
        Some(Absence::DeletedByHand)
    }

    fn lost(&mut self, started: Timestamp, now: Timestamp) -> Option<Absence> {
        let by_start = self.last_start.map_or(started, |at| after(at, BETWEEN_STARTS));
        let until = after(started, RESURRECT_GRACE).max(by_start);
        if now < until {
            self.recheck_at(until);
            return None;
        }
        Some(Absence::LostByDaemon)
    }
}
