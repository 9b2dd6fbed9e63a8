//! The store on the bench: every request within its time, every answer's clock looked at.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use standin_core::mesh::clock::{StoreTime, TOLERANCE_MS};
use standin_engine::ports::mesh::{SwapAnswer, Version, WriteError};
use tokio::time::timeout;

use super::{Extent, Finding, Seen, broken, unclear};
use crate::shared::{Cells, Listed, Object};

/// Reads are harmless, so one that fails is repeated before a check gives up.
const MAX_READS: u32 = 3;

/// How often what is left over is looked for again.
const MAX_SWEEPS: u32 = 5;

pub(super) struct Bench<'a, C> {
    clients: &'a [C],
    pub(super) extent: &'a Extent,
    prefix: String,
    started: Instant,
    clock: Mutex<Clock>,
}

/// What the store's clock was seen to do, in milliseconds.
#[derive(Default)]
struct Clock {
    readings: u32,
    /// The first reading.
    first: Option<(Instant, StoreTime)>,
    /// The largest and the smallest difference to the own clock, against the first reading.
    ahead: i64,
    behind: i64,
}

impl<'a, C: Cells> Bench<'a, C> {
    /// `None` without a client.
    pub(super) fn new(clients: &'a [C], extent: &'a Extent) -> Option<Self> {
        let prefix = format!("conformance/{}/", extent.run);
        let clock = Mutex::new(Clock::default());
        (!clients.is_empty()).then(|| Self { clients, extent, prefix, started: Instant::now(), clock })
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The client of this number; there are as many numbers as one likes.
    #[allow(clippy::indexing_slicing)] // there is one client at least
    pub(super) fn client(&self, number: usize) -> &C {
        &self.clients[number % self.clients.len()]
    }

    pub(super) const fn clients(&self) -> usize {
        self.clients.len()
    }

    pub(super) fn is_in_time(&self) -> bool {
        self.started.elapsed() < self.extent.total
    }

    /// `None` when the time of the whole run is over before.
    pub(super) async fn in_time<T>(&self, check: impl Future<Output = T>) -> Option<T> {
        timeout(self.extent.total.saturating_sub(self.started.elapsed()), check).await.ok()
    }

    pub(super) async fn read(&self, number: usize, name: &str) -> Result<Option<Object>, Finding> {
        for _ in 0..MAX_READS {
            let asked = Instant::now();
            if let Ok(Ok(read)) = timeout(self.extent.request, self.client(number).read(name)).await {
                self.tick(asked, read.at);
                return Ok(read.value);
            }
        }
        unclear("a read was not answered")
    }

    pub(super) async fn swap(
        &self,
        number: usize,
        name: &str,
        expect: Option<&Version>,
        bytes: Bytes,
    ) -> Answer {
        let asked = Instant::now();
        match timeout(self.extent.request, self.client(number).swap(name, expect, bytes)).await {
            Ok(SwapAnswer::Won(won)) => {
                self.tick(asked, won.at);
                Answer::Won(won.value)
            }
            Ok(SwapAnswer::Lost) => Answer::Lost,
            Ok(SwapAnswer::Unknown) | Err(_) => Answer::Unknown,
        }
    }

    /// A swap that has nobody against it.
    pub(super) async fn put(
        &self,
        number: usize,
        name: &str,
        expect: Option<&Version>,
        bytes: &Bytes,
    ) -> Result<Version, Finding> {
        match self.swap(number, name, expect, bytes.clone()).await {
            Answer::Won(version) => Ok(version),
            Answer::Unknown => unclear("a swap was not answered"),
            // A store that wants to be left alone says the same; then it is the same again.
            Answer::Lost => match self.read(number, name).await? {
                Some(object) if object.bytes == *bytes => {
                    broken("a swap was written that was said to be lost")
                }
                _ => unclear("a swap that nobody stood against was refused"),
            },
        }
    }

    pub(super) async fn list(&self, number: usize, prefix: &str) -> Result<Vec<Listed>, Finding> {
        for _ in 0..MAX_READS {
            let asked = Instant::now();
            let pages = self.extent.request.saturating_mul(4);
            if let Ok(Ok(read)) = timeout(pages, self.client(number).list(prefix)).await {
                self.tick(asked, read.at);
                return Ok(read.value);
            }
        }
        unclear("a listing was not answered")
    }

    pub(super) async fn remove(&self, number: usize, name: &str, expect: &Version) -> Removal {
        match timeout(self.extent.request, self.client(number).remove(name, expect)).await {
            Ok(Ok(_)) => Removal::Removed,
            Ok(Err(WriteError::Refused)) => Removal::Refused,
            Ok(Err(WriteError::Unknown)) | Err(_) => Removal::Unknown,
        }
    }

    /// Looks at the store's clock. The answer was given at some time since `asked`, so a slow answer counts for nothing.
    fn tick(&self, asked: Instant, at: StoreTime) {
        let now = Instant::now();
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        clock.readings = clock.readings.saturating_add(1);
        let (then, first) = *clock.first.get_or_insert((now, at));
        let store = at.0.saturating_sub(first.0);
        clock.ahead = clock.ahead.max(store.saturating_sub(millis(now.saturating_duration_since(then))));
        clock.behind = clock.behind.max(millis(asked.saturating_duration_since(then)).saturating_sub(store));
    }

    /// Whether the store's clock ran as the own one did, within what two readings may differ.
    pub(super) fn clock(&self) -> Seen {
        let clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        if clock.readings < 2 {
            return unclear("the store's clock was not seen twice");
        }
        if clock.ahead > i64::from(TOLERANCE_MS) || clock.behind > i64::from(TOLERANCE_MS) {
            return broken(format!(
                "the store's clock leapt: {} ms ahead and {} ms behind in {} readings",
                clock.ahead, clock.behind, clock.readings
            ));
        }
        Ok(format!("{} readings, at most {} ms apart", clock.readings, clock.ahead.max(clock.behind)))
    }

    /// Removes what the run wrote. A store that removes nothing leaves it to whatever makes old keys expire there.
    pub(super) async fn clean(&self, within: Duration) -> Seen {
        timeout(within, self.sweep())
            .await
            .unwrap_or_else(|_| unclear(self.left("cleaning up took too long")))
    }

    async fn sweep(&self) -> Seen {
        let mut removed = 0_usize;
        for _ in 0..MAX_SWEEPS {
            let listed = self.list(0, &self.prefix).await?;
            if listed.is_empty() {
                return Ok(format!("{removed} cells were removed again"));
            }
            let before = removed;
            for batch in listed.chunks(self.extent.writers.max(1)) {
                let removals = batch.iter().map(|cell| self.remove(0, &cell.name, &cell.version));
                let removals = futures_util::future::join_all(removals).await;
                removed += removals.iter().filter(|removal| **removal == Removal::Removed).count();
            }
            if removed == before {
                return Ok(self.left("the store removes nothing by itself"));
            }
        }
        unclear(self.left("not everything could be removed"))
    }

    fn left(&self, why: &str) -> String {
        format!("{why}: remove what begins with {} by hand, or let it expire", self.prefix)
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Won(Version),
    Lost,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    Removed,
    Refused,
    Unknown,
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// What a writer writes in a round: like what is really kept, and no two the same.
pub(super) fn value(check: &str, writer: usize, round: u32) -> Bytes {
    Bytes::from(format!("{{\"conformance\":\"{check}\",\"writer\":{writer},\"round\":{round}}}"))
}
