//! The words of the mesh on top of a store's bytes, each version decoded once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use standin_core::mesh::clock::StoreTime;
use standin_engine::mesh::record::Record;
use standin_engine::ports::mesh::{
    Decision, DecisionStore, EvidenceStore, Held, ReadError, Stamped, SwapAnswer, Version, WriteError,
};

use super::{Cells, Shelf};

/// The largest record or decision that is believed, in bytes.
pub const MAX_RECORD_BYTES: usize = 256 * 1024;

/// Decisions in the cells of a store.
#[derive(Debug)]
pub struct Decisions<C> {
    cells: C,
}

impl<C: Cells> Decisions<C> {
    /// On these cells, which have passed the conformance suite.
    pub const fn new(cells: C) -> Self {
        Self { cells }
    }

    /// The cells themselves.
    pub const fn cells(&self) -> &C {
        &self.cells
    }
}

impl<C: Cells> DecisionStore for Decisions<C> {
    async fn read(&self, cell: &str) -> Result<Stamped<Option<Held>>, ReadError> {
        let read = self.cells.read(cell).await?;
        let value = match read.value {
            None => None,
            Some(object) if object.bytes.len() > MAX_RECORD_BYTES => return Err(ReadError::Garbage),
            Some(object) => {
                let decision: Decision =
                    serde_json::from_slice(&object.bytes).map_err(|_| ReadError::Garbage)?;
                Some(Held { version: object.version, decision: Arc::new(decision) })
            }
        };
        Ok(Stamped { at: read.at, value })
    }

    async fn swap(&self, cell: &str, expect: Option<&Version>, next: &Decision) -> SwapAnswer {
        // What cannot be written as JSON was not sent.
        let Ok(bytes) = serde_json::to_vec(next) else { return SwapAnswer::Lost };
        self.cells.swap(cell, expect, Bytes::from(bytes)).await
    }
}

/// What was decoded of each record's newest version; `None` of one that cannot be read.
type Known = BTreeMap<String, (Version, Option<Arc<Record>>)>;

/// Records of peers on the shelf of a store.
#[derive(Debug)]
pub struct Records<S> {
    shelf: S,
    decoded: Mutex<Known>,
}

impl<S: Shelf> Records<S> {
    /// On this shelf.
    pub const fn new(shelf: S) -> Self {
        Self { shelf, decoded: Mutex::new(BTreeMap::new()) }
    }

    /// The shelf itself.
    pub const fn shelf(&self) -> &S {
        &self.shelf
    }
}

impl<S: Shelf> EvidenceStore for Records<S> {
    async fn read(&self) -> Result<Stamped<Vec<Arc<Record>>>, ReadError> {
        let read = self.shelf.read_all().await?;
        let mut decoded = self.decoded.lock().unwrap_or_else(PoisonError::into_inner);
        decoded.retain(|name, _| read.value.iter().any(|(read, _)| read == name));
        let mut records = Vec::with_capacity(read.value.len());
        for (name, object) in read.value {
            let known = decoded.get(&name).filter(|(version, _)| *version == object.version);
            let record = known.map_or_else(|| decode(&name, &object.bytes), |(_, record)| record.clone());
            records.extend(record.clone());
            decoded.insert(name, (object.version, record));
        }
        Ok(Stamped { at: read.at, value: records })
    }

    async fn write(&self, record: &Record) -> Result<StoreTime, WriteError> {
        let bytes = serde_json::to_vec(record).map_err(|_| WriteError::Refused)?;
        self.shelf.write(record.beat.peer.as_str(), Bytes::from(bytes)).await
    }
}

/// A record that cannot be read, or that says another name than it is kept under, is left out: its peer is then
/// silent, which is unknown.
fn decode(name: &str, bytes: &[u8]) -> Option<Arc<Record>> {
    let record: Option<Record> =
        (bytes.len() <= MAX_RECORD_BYTES).then(|| serde_json::from_slice(bytes).ok()).flatten();
    if record.is_none() {
        tracing::warn!(target: "mesh", peer = name, "a peer's record cannot be read, and is left out");
    }
    record.filter(|record| record.beat.peer.as_str() == name).map(Arc::new)
}
