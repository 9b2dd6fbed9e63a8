//! One store as the bodies use it, whatever it is: records, decisions, slots.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use standin_core::effect::EffectKey;
use standin_core::mesh::clock::StoreTime;
use standin_engine::mesh::record::Record;
use standin_engine::ports::mesh::{
    Decision, DecisionStore, EvidenceStore, Held, ReadError, Stamped, SwapAnswer, Version, WriteError,
};
#[cfg(feature = "prove")]
use standin_stores::shared::conformance::{self, Conformance, Extent};
use standin_stores::shared::{Cells, Decisions, Records, Shelf};

use crate::slot::{self, Claimant, Claimed, SlotState};

/// A future of a store's own.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A store, whatever its sort. What a store does not say otherwise it does not do: it is silent, decides nothing, and says so
/// without having looked.
pub trait Store: Send + Sync {
    /// Why the last request failed, while none has gone well since. For a person; no secret is in it.
    fn fault(&self) -> Option<String> {
        None
    }
    /// The records of all peers.
    fn records(&self) -> Later<'_, Result<Stamped<Vec<Arc<Record>>>, ReadError>> {
        now(Err(ReadError::Unreachable))
    }
    /// Writes the own record.
    fn write<'a>(&'a self, _: &'a Record) -> Later<'a, Result<StoreTime, WriteError>> {
        now(Err(WriteError::Refused))
    }
    /// What is decided.
    fn decision<'a>(&'a self, _: &'a str) -> Later<'a, Result<Stamped<Option<Held>>, ReadError>> {
        now(Err(ReadError::Unreachable))
    }
    /// Decides, if what is expected is still there.
    fn swap<'a>(&'a self, _: &'a str, _: Option<&'a Version>, _: &'a Decision) -> Later<'a, SwapAnswer> {
        now(SwapAnswer::Lost)
    }
    /// Claims a slot.
    fn claim<'a>(&'a self, _: &'a EffectKey, _: Claimant<'a>) -> Later<'a, Claimed> {
        now(Claimed::CannotTell)
    }
    /// Says how the run that holds a slot has ended.
    fn end<'a>(&'a self, _: &'a EffectKey, _: &'a str, _: SlotState) -> Later<'a, ()> {
        now(())
    }
    /// Says that the run that holds a slot works on, at this time in milliseconds since 1970.
    fn go_on<'a>(&'a self, _: &'a EffectKey, _: &'a str, _: i64) -> Later<'a, ()> {
        now(())
    }
    /// Who holds a slot; `None` when nobody does, or nobody can tell.
    fn holder<'a>(&'a self, _: &'a EffectKey) -> Later<'a, Option<slot::SlotClaim>> {
        now(None)
    }
    /// A small text that all watchers can read, such as a pause; `Ok(None)` when there is none.
    fn note<'a>(&'a self, _: &'a str) -> Later<'a, Result<Option<Bytes>, ReadError>> {
        now(Err(ReadError::Unreachable))
    }
    /// Writes such a text over the last one.
    fn set_note<'a>(&'a self, _: &'a str, _: Bytes) -> Later<'a, Result<(), WriteError>> {
        now(Err(WriteError::Refused))
    }
    /// Changes such a text from what it is, so that of two who do so at the same time neither is lost. `None` of the
    /// change leaves it as it is.
    fn change_note<'a>(&'a self, _: &'a str, _: &'a Change) -> Later<'a, Result<(), WriteError>> {
        now(Err(WriteError::Refused))
    }
    /// Tries on the store itself whether it may hold decisions; `None` of one that never may, or is out of reach.
    #[cfg(feature = "prove")]
    fn prove<'a>(&'a self, _: &'a Extent) -> Later<'a, Option<Conformance>> {
        now(None)
    }
}

/// An answer that is there already.
fn now<'a, T: Send + 'a>(answer: T) -> Later<'a, T> {
    Box::pin(std::future::ready(answer))
}

/// From the text of a note, if there is one, to its next.
pub type Change = dyn Fn(Option<&[u8]>) -> Option<Bytes> + Send + Sync;

/// How often a note is written again when somebody else has written it in between.
const NOTE_TRIES: usize = 4;

/// Where the slots are among a store's cells.
#[derive(Debug)]
pub enum Slots<C> {
    /// In cells of their own, by their keys.
    Apart(C),
    /// Among the others.
    Among,
}

/// A store with cells and a shelf.
pub struct Whole<C, S> {
    decisions: Decisions<C>,
    records: Records<S>,
    slots: Slots<C>,
    fault: Option<Fault>,
}

/// What says why a store does not answer.
pub type Fault = Box<dyn Fn() -> Option<String> + Send + Sync>;

impl<C: Cells, S: Shelf> Whole<C, S> {
    /// Of its two halves.
    pub const fn new(cells: C, shelf: S, slots: Slots<C>) -> Self {
        Self { decisions: Decisions::new(cells), records: Records::new(shelf), slots, fault: None }
    }

    /// With what says why it does not answer.
    #[must_use]
    pub fn with_fault(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }

    fn slot(&self, key: &EffectKey) -> (&C, String) {
        match &self.slots {
            Slots::Apart(cells) => (cells, key.0.clone()),
            Slots::Among => (self.decisions.cells(), format!("slot/{key}")),
        }
    }
}

impl<C: Cells, S: Shelf> Store for Whole<C, S> {
    fn fault(&self) -> Option<String> {
        self.fault.as_ref()?()
    }

    fn records(&self) -> Later<'_, Result<Stamped<Vec<Arc<Record>>>, ReadError>> {
        Box::pin(self.records.read())
    }

    fn write<'a>(&'a self, record: &'a Record) -> Later<'a, Result<StoreTime, WriteError>> {
        Box::pin(self.records.write(record))
    }

    fn decision<'a>(&'a self, cell: &'a str) -> Later<'a, Result<Stamped<Option<Held>>, ReadError>> {
        Box::pin(self.decisions.read(cell))
    }

    fn swap<'a>(
        &'a self,
        cell: &'a str,
        expect: Option<&'a Version>,
        next: &'a Decision,
    ) -> Later<'a, SwapAnswer> {
        Box::pin(self.decisions.swap(cell, expect, next))
    }

    fn claim<'a>(&'a self, key: &'a EffectKey, who: Claimant<'a>) -> Later<'a, Claimed> {
        Box::pin(async move {
            let (cells, name) = self.slot(key);
            slot::claim(cells, &name, who).await
        })
    }

    fn end<'a>(&'a self, key: &'a EffectKey, run: &'a str, state: SlotState) -> Later<'a, ()> {
        Box::pin(async move {
            let (cells, name) = self.slot(key);
            slot::end(cells, &name, run, state).await;
        })
    }

    fn go_on<'a>(&'a self, key: &'a EffectKey, run: &'a str, now: i64) -> Later<'a, ()> {
        Box::pin(async move {
            let (cells, name) = self.slot(key);
            slot::go_on(cells, &name, run, now).await;
        })
    }

    fn holder<'a>(&'a self, key: &'a EffectKey) -> Later<'a, Option<slot::SlotClaim>> {
        Box::pin(async move {
            let (cells, name) = self.slot(key);
            let read = cells.read(&name).await.ok()?.value?;
            serde_json::from_slice(&read.bytes).ok()
        })
    }

    fn note<'a>(&'a self, name: &'a str) -> Later<'a, Result<Option<Bytes>, ReadError>> {
        Box::pin(async move {
            let read = self.decisions.cells().read(&format!("note/{name}")).await?;
            Ok(read.value.map(|object| object.bytes))
        })
    }

    fn set_note<'a>(&'a self, name: &'a str, bytes: Bytes) -> Later<'a, Result<(), WriteError>> {
        Box::pin(async move {
            let over = move |_: Option<&[u8]>| Some(bytes.clone());
            self.change_note(name, &over).await
        })
    }

    #[cfg(feature = "prove")]
    fn prove<'a>(&'a self, extent: &'a Extent) -> Later<'a, Option<Conformance>> {
        let cells = std::slice::from_ref(self.decisions.cells());
        Box::pin(async move { Some(conformance::cells(cells, extent).await) })
    }

    fn change_note<'a>(&'a self, name: &'a str, change: &'a Change) -> Later<'a, Result<(), WriteError>> {
        Box::pin(async move {
            let (cells, name) = (self.decisions.cells(), format!("note/{name}"));
            for _ in 0..NOTE_TRIES {
                let held = cells.read(&name).await.map_err(|_| WriteError::Refused)?.value;
                let Some(next) = change(held.as_ref().map(|object| &*object.bytes)) else { return Ok(()) };
                match cells.swap(&name, held.as_ref().map(|object| &object.version), next).await {
                    SwapAnswer::Won(_) => return Ok(()),
                    SwapAnswer::Unknown => return Err(WriteError::Unknown),
                    SwapAnswer::Lost => {}
                }
            }
            Err(WriteError::Refused)
        })
    }
}

/// A store that only takes evidence: it decides nothing, and says so without having looked.
#[derive(Debug)]
pub struct EvidenceOnly<S> {
    records: Records<S>,
}

impl<S: Shelf> EvidenceOnly<S> {
    /// On this shelf.
    pub const fn new(shelf: S) -> Self {
        Self { records: Records::new(shelf) }
    }
}

impl<S: Shelf> Store for EvidenceOnly<S> {
    fn records(&self) -> Later<'_, Result<Stamped<Vec<Arc<Record>>>, ReadError>> {
        Box::pin(self.records.read())
    }

    fn write<'a>(&'a self, record: &'a Record) -> Later<'a, Result<StoreTime, WriteError>> {
        Box::pin(self.records.write(record))
    }
}

/// A store that this body cannot reach at all: another machine's database, or one whose secret is not here.
#[derive(Debug, Clone, Copy)]
pub struct OutOfReach;

impl Store for OutOfReach {}
