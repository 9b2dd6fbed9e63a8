//! Object stores: S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage.
//!
//! ```text
//! <prefix>/cells/<name>   one decision, written by conditional puts only
//! <prefix>/peers/<peer>   the record of one peer
//! <prefix>/trial/<name>   what trying the bucket out has left
//! ```
//!
//! The clock is the `Date` header of the answers, to the second.

mod cells;
mod config;
mod envelope;
mod name;
mod shelf;
mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{GetOptions, ObjectMeta, ObjectStore};
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::{ReadError, Version};
use standin_http::Http;

pub use cells::ObjectCells;
pub use config::{Environment, ObjectError, Place};
pub use shelf::ObjectShelf;

use super::MAX_LISTED;
use super::dial::Dial;
use super::fault::Last;
use envelope::MAX_OBJECT_BYTES;
use transport::{Note, noted};

/// How many requests of a listing or a reading are under way at once.
const AT_ONCE: usize = 16;

/// How long the right to one removal lasts, where it is given by a signed address.
const SIGNED_FOR: Duration = Duration::from_secs(60);

/// Which words a store has for its conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    S3,
    Gcs,
    Azure,
}

/// One bucket, as cells and as a shelf.
#[derive(Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    /// Where a removal on condition has to be signed for: Azure's comes in batches otherwise.
    signer: Option<Arc<dyn Signer>>,
    http: Http,
    dialect: Dialect,
    prefix: Arc<str>,
    dial: Arc<Dial>,
    last: Arc<Last>,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Stores print more of themselves than anybody should read.
        f.debug_struct("Objects").field("dialect", &self.dialect).field("prefix", &self.prefix).finish()
    }
}

/// One object as it was fetched.
struct Fetched {
    version: Version,
    nonce: String,
    bytes: Bytes,
}

impl Objects {
    /// The name of a state: what a conditional write names to be put in its place.
    fn version(&self, e_tag: Option<&str>, generation: Option<&str>) -> Option<Version> {
        match self.dialect {
            // Listings of Azure's leave the quotes out that its headers have.
            Dialect::S3 | Dialect::Azure => e_tag.map(|e_tag| e_tag.trim_matches('"')),
            Dialect::Gcs => generation,
        }
        .map(|version| Version(version.into()))
    }

    /// What a condition says for a version.
    fn condition(&self, version: &Version) -> String {
        match self.dialect {
            Dialect::S3 | Dialect::Azure => format!("\"{}\"", version.0),
            Dialect::Gcs => version.0.to_string(),
        }
    }

    /// The store's clock after a call; `None` when no answer ever told it.
    fn at(&self, note: &Note) -> Option<StoreTime> {
        self.dial.stamp(note.date)
    }

    /// One object; `None` when there is none.
    async fn fetch(&self, key: &Path) -> (Result<Option<Fetched>, ReadError>, Note) {
        let get = async {
            let got = match self.store.get_opts(key, GetOptions::default()).await {
                Ok(got) => got,
                Err(error) if is_absent(&error) => return Ok(None),
                Err(_) => return Err(ReadError::Unreachable),
            };
            let version = self.version(got.meta.e_tag.as_deref(), got.meta.version.as_deref());
            if got.meta.size > MAX_OBJECT_BYTES as u64 {
                return Err(ReadError::Garbage);
            }
            let sealed = got.bytes().await.map_err(|_| ReadError::Unreachable)?;
            let (nonce, bytes) = envelope::open(&sealed).ok_or(ReadError::Garbage)?;
            Ok(Some(Fetched { version: version.ok_or(ReadError::Garbage)?, nonce, bytes }))
        };
        noted(get).await
    }

    /// What is in a folder, all pages.
    async fn browse(&self, folder: &Path) -> (Result<Vec<ObjectMeta>, ReadError>, Note) {
        let list = async {
            let mut found = Vec::new();
            let mut pages = self.store.list(Some(folder));
            while let Some(next) = pages.next().await {
                found.push(next.map_err(|_| ReadError::Unreachable)?);
                if found.len() >= MAX_LISTED {
                    break;
                }
            }
            Ok(found)
        };
        noted(list).await
    }
}

/// Whether there is certainly no such object. A bucket that is not there says nothing about what was in it.
fn is_absent(error: &object_store::Error) -> bool {
    let object_store::Error::NotFound { .. } = error else { return false };
    let said = error.to_string();
    !["NoSuchBucket", "ContainerNotFound", "bucket does not exist"].iter().any(|none| said.contains(none))
}
