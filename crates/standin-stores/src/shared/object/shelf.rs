//! Records of peers as objects.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, PutMode, PutOptions, PutPayload};
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::{ReadError, Stamped, Version, WriteError};

use super::transport::{Fate, noted};
use super::{AT_ONCE, Objects, envelope, name};
use crate::shared::{Object, Shelf};

/// The shelf of a bucket: one listing, and what has changed since the last one.
#[derive(Debug, Clone)]
pub struct ObjectShelf {
    objects: Objects,
    folder: Path,
    /// What was fetched, by name.
    fetched: Arc<Mutex<BTreeMap<String, Object>>>,
}

impl ObjectShelf {
    pub(super) fn new(objects: Objects, folder: Path) -> Self {
        Self { objects, folder, fetched: Arc::default() }
    }

    /// The record of one entry of a listing. One that cannot be read is empty, which is no record.
    async fn record(&self, meta: ObjectMeta) -> Result<Option<(String, Object)>, ReadError> {
        let Some(name) = name::name(&self.folder, &meta.location) else { return Ok(None) };
        // All three list ETags, which change with each write, since no two of ours are the same.
        let version = Version(meta.e_tag.as_deref().unwrap_or_default().into());
        let known = self.fetched.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if let Some(known) = known.filter(|known| known.version == version && !version.0.is_empty()) {
            return Ok(Some((name, known)));
        }
        let bytes = match self.objects.fetch(&meta.location).await.0 {
            Ok(Some(there)) => there.bytes,
            Ok(None) => return Ok(None),
            Err(ReadError::Garbage) => Bytes::new(),
            Err(ReadError::Unreachable) => return Err(ReadError::Unreachable),
        };
        Ok(Some((name, Object { version, bytes })))
    }
}

impl Shelf for ObjectShelf {
    async fn read_all(&self) -> Result<Stamped<Vec<(String, Object)>>, ReadError> {
        let (found, note) = self.objects.browse(&self.folder).await;
        let at = self.objects.at(&note).ok_or(ReadError::Unreachable)?;
        let (found, mut value) = (found?, Vec::new());
        let mut records =
            futures_util::stream::iter(found.into_iter().map(|meta| self.record(meta))).buffered(AT_ONCE);
        while let Some(record) = records.next().await {
            value.extend(record?);
        }
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        *fetched = value.iter().cloned().collect();
        Ok(Stamped { at, value })
    }

    async fn write(&self, name: &str, bytes: Bytes) -> Result<StoreTime, WriteError> {
        let (Some(key), Some(sealed)) =
            (name::key(&self.folder, name), envelope::seal(&envelope::nonce(), &bytes))
        else {
            return Err(WriteError::Refused);
        };
        let options = PutOptions { mode: PutMode::Overwrite, ..PutOptions::default() };
        let put = self.objects.store.put_opts(&key, PutPayload::from(sealed), options);
        let (put, note) = noted(put).await;
        match (put, note.fate) {
            (Ok(_), _) => self.objects.at(&note).ok_or(WriteError::Unknown),
            (Err(_), Fate::Unsent | Fate::Answered(400..=407 | 409..=499)) => Err(WriteError::Refused),
            (Err(_), Fate::Answered(_) | Fate::Lost) => Err(WriteError::Unknown),
        }
    }
}
