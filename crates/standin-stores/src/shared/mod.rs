//! The stores that several watchers share.
//!
//! A store itself moves bytes only: [`Cells`] with a compare-and-swap, [`Shelf`] for records with one writer each.
//! [`Decisions`] and [`Records`] put the words of the mesh on top and are the engine's ports.

pub mod conformance;
#[cfg(any(feature = "object", feature = "dynamodb"))]
mod dial;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(any(feature = "github", feature = "netlify"))]
mod escape;
#[cfg(any(feature = "object", feature = "dynamodb"))]
mod fault;
pub mod flaky;
#[cfg(any(feature = "github", feature = "netlify"))]
mod gate;
#[cfg(feature = "github")]
pub mod github_refs;
pub mod memory;
#[cfg(feature = "netlify")]
pub mod netlify_blobs;
#[cfg(feature = "object")]
pub mod object;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod typed;

use bytes::Bytes;
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::{ReadError, Stamped, SwapAnswer, Version, WriteError};

#[cfg(any(feature = "object", feature = "dynamodb"))]
pub use fault::StoreFault;
pub use typed::{Decisions, MAX_RECORD_BYTES, Records};

/// The longest name of a cell or a record, in bytes. Names are printable ASCII; each store writes them as it must.
pub const MAX_NAME_BYTES: usize = 220;

/// Most cells or records that are listed at once. A store that holds more is full of something else.
pub const MAX_LISTED: usize = 10_000;

/// What a store holds under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Which state of it.
    pub version: Version,
    /// The bytes: JSON text. A store need not be able to keep others.
    pub bytes: Bytes,
}

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Which state of it.
    pub version: Version,
}

/// Named cells with a true compare-and-swap. Adapters try once.
///
/// An error *before* the request has left, and one that the store gives without having looked (401, 403, 429, a refused
/// connection), is [`SwapAnswer::Lost`]; every other one, a 5xx included, is [`SwapAnswer::Unknown`]. Whoever is not sure says unknown.
pub trait Cells: Send + Sync {
    /// What is there now. Never an answer from a cache: a stale read costs an attempt, but one that goes back in time
    /// after a won swap would break promises.
    fn read(&self, name: &str) -> impl Future<Output = Result<Stamped<Option<Object>>, ReadError>> + Send;

    /// Writes `bytes` if `expect` is still there; `None` for nothing (create if absent).
    fn swap(
        &self,
        name: &str,
        expect: Option<&Version>,
        bytes: Bytes,
    ) -> impl Future<Output = SwapAnswer> + Send;

    /// The cells whose names begin with `prefix`, all pages, at most [`MAX_LISTED`].
    fn list(&self, prefix: &str) -> impl Future<Output = Result<Stamped<Vec<Listed>>, ReadError>> + Send;

    /// Removes a cell if this version is still there. For sweeping up old keys; a claim is never removed.
    fn remove(
        &self,
        name: &str,
        expect: &Version,
    ) -> impl Future<Output = Result<StoreTime, WriteError>> + Send;
}

/// Records with one writer each: the last write wins.
pub trait Shelf: Send + Sync {
    /// All records, by name. What has not changed since the last call need not be fetched again.
    fn read_all(&self) -> impl Future<Output = Result<Stamped<Vec<(String, Object)>>, ReadError>> + Send;

    /// Writes the record of this name over the last one.
    fn write(&self, name: &str, bytes: Bytes) -> impl Future<Output = Result<StoreTime, WriteError>> + Send;
}
