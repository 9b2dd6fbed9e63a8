//! A store whose answers get lost, for tests: of the suite, and of whoever uses a store.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::{ReadError, Stamped, SwapAnswer, Version, WriteError};

use super::{Cells, Listed, Object};

/// What becomes of one swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing: it is passed on, and so is its answer.
    None,
    /// It is written, and the answer gets lost: a 500 after the commit, a connection that ends.
    LostAfter,
    /// It is not written, and nobody can know.
    LostBefore,
    /// It is refused before anybody looked: a 429.
    Refused,
    /// A lie: it is written, and said not to be. What a client does that takes a 500 for a no.
    FalseLost,
    /// A lie: it is not written, and said to be. What a client does that reads no status.
    FalseWon,
}

/// A store with mishaps, which take turns.
#[derive(Debug)]
pub struct Flaky<C> {
    inner: C,
    mishaps: Vec<Mishap>,
    swaps: AtomicUsize,
}

impl<C: Cells> Flaky<C> {
    /// On these cells. The first swap meets the first mishap, and after the last one the first comes again.
    pub fn new(inner: C, mishaps: impl Into<Vec<Mishap>>) -> Self {
        Self { inner, mishaps: mishaps.into(), swaps: AtomicUsize::new(0) }
    }

    fn next(&self) -> Mishap {
        let turn = self.swaps.fetch_add(1, Ordering::Relaxed).checked_rem(self.mishaps.len());
        turn.and_then(|turn| self.mishaps.get(turn)).copied().unwrap_or(Mishap::None)
    }
}

impl<C: Cells> Cells for Flaky<C> {
    async fn read(&self, name: &str) -> Result<Stamped<Option<Object>>, ReadError> {
        self.inner.read(name).await
    }

    async fn swap(&self, name: &str, expect: Option<&Version>, bytes: Bytes) -> SwapAnswer {
        match self.next() {
            Mishap::None => self.inner.swap(name, expect, bytes).await,
            Mishap::LostAfter => {
                self.inner.swap(name, expect, bytes).await;
                SwapAnswer::Unknown
            }
            Mishap::LostBefore => SwapAnswer::Unknown,
            Mishap::Refused => SwapAnswer::Lost,
            Mishap::FalseLost => {
                self.inner.swap(name, expect, bytes).await;
                SwapAnswer::Lost
            }
            Mishap::FalseWon => {
                SwapAnswer::Won(Stamped { at: StoreTime::default(), value: Version("made up".into()) })
            }
        }
    }

    async fn list(&self, prefix: &str) -> Result<Stamped<Vec<Listed>>, ReadError> {
        self.inner.list(prefix).await
    }

    async fn remove(&self, name: &str, expect: &Version) -> Result<StoreTime, WriteError> {
        self.inner.remove(name, expect).await
    }
}
