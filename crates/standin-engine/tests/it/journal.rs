//! A journal that refuses when it is told to, and counts.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use standin_core::beat::BeatState;
use standin_engine::ports::{Arrival, Change, Journal, JournalError, Remembered};
use standin_stores::memory::Memory;

#[derive(Debug, Default)]
pub(crate) struct Fickle {
    pub(crate) memory: Memory,
    /// So many commits are refused.
    pub(crate) refuse: AtomicUsize,
    /// So many were written.
    pub(crate) written: AtomicUsize,
}

impl Fickle {
    pub(crate) fn over(memory: Memory) -> Self {
        Self { memory, ..Self::default() }
    }
}

impl Journal for Fickle {
    async fn load(&self) -> Result<Remembered, JournalError> {
        self.memory.load().await
    }

    async fn arrive(&self, arrival: Arrival) -> Result<BeatState, JournalError> {
        self.memory.arrive(arrival).await
    }

    async fn commit(&self, change: Change) -> Result<(), JournalError> {
        if self.refuse.load(SeqCst) > 0 {
            self.refuse.fetch_sub(1, SeqCst);
            return Err(JournalError::Storage("the disk is full".into()));
        }
        self.memory.commit(change).await?;
        self.written.fetch_add(1, SeqCst);
        Ok(())
    }
}
