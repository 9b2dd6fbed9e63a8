//! Counting: what was sent, and what the servers say is still allowed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::reply::Reply;

/// What a server still allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests until the reset.
    pub remaining: u64,
    /// Of so many.
    pub limit: u64,
    /// When it starts anew, in seconds since 1970; some servers say in how many seconds instead.
    pub reset: u64,
}

/// What one host was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Requests sent.
    pub requests: u64,
    /// Bytes of their bodies.
    pub sent: u64,
    /// Bytes of the answers' bodies.
    pub received: u64,
    /// What it last said that it allows.
    pub allowance: Option<Allowance>,
}

/// The counts of all hosts.
#[derive(Debug, Default)]
pub struct Meter {
    hosts: Mutex<BTreeMap<String, Count>>,
}

impl Meter {
    /// The counts by host, as they are now.
    pub fn counts(&self) -> BTreeMap<String, Count> {
        self.hosts().clone()
    }

    /// Requests to all hosts together.
    pub fn requests(&self) -> u64 {
        self.hosts().values().map(|count| count.requests).sum()
    }

    /// Counts a request that a library sends by itself.
    pub fn asked(&self, host: &str, bytes: usize) {
        let mut hosts = self.hosts();
        let count = hosts.entry(host.to_owned()).or_default();
        count.requests = count.requests.saturating_add(1);
        count.sent = count.sent.saturating_add(bytes as u64);
    }

    pub(crate) fn answered(&self, host: &str, reply: &Reply) {
        let mut hosts = self.hosts();
        let count = hosts.entry(host.to_owned()).or_default();
        count.received = count.received.saturating_add(reply.body.len() as u64);
        count.allowance = reply.allowance().or(count.allowance);
    }

    fn hosts(&self) -> MutexGuard<'_, BTreeMap<String, Count>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
