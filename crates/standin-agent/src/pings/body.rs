//! Reading a body: cut to what is kept, never refused for its size, and never waited for without end.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::answer::Answer;

/// Bytes that are kept of a body; the rest is cut off.
pub const MAX_BODY_BYTES: usize = 100_000;

/// Bytes that are read of a body, so that a sender can be answered who does not listen before it has sent all.
pub const MAX_READ_BYTES: usize = 4 * 1024 * 1024;

/// How long a body may take.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Bodies of more than [`SMALL_BYTES`] that are held at once; others wait for a place.
pub const MAX_BODIES_IN_FLIGHT: usize = 32;

/// A body up to this size needs no place.
const SMALL_BYTES: usize = 8 * 1024;

/// What is left of a body after reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// It was read to its end.
    Nothing,
    /// It goes on.
    Unread,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Read<'a> {
    /// At most [`MAX_BODY_BYTES`].
    pub(super) bytes: Vec<u8>,
    /// What is left.
    pub(super) rest: Rest,
    _place: Option<SemaphorePermit<'a>>,
}

/// Reads a body.
///
/// # Errors
/// [`Answer::TooSlow`] when it did not come within [`BODY_TIMEOUT`] or broke off.
pub(super) async fn read(body: Body, places: &Semaphore) -> Result<Read<'_>, Answer> {
    if body.is_end_stream() {
        return Ok(Read { bytes: Vec::new(), rest: Rest::Nothing, _place: None });
    }
    match tokio::time::timeout(BODY_TIMEOUT, frames(body, places)).await {
        Ok(read) => read,
        Err(_) => Err(Answer::TooSlow),
    }
}

async fn frames(mut body: Body, places: &Semaphore) -> Result<Read<'_>, Answer> {
    let (mut bytes, mut seen, mut place) = (Vec::new(), 0_usize, None);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Err(Answer::TooSlow) };
        let Some(data) = frame.data_ref() else { continue };
        seen = seen.saturating_add(data.len());
        if seen > SMALL_BYTES && place.is_none() {
            place = places.acquire().await.ok();
        }
        let room = MAX_BODY_BYTES.saturating_sub(bytes.len()).min(data.len());
        bytes.extend_from_slice(data.get(..room).unwrap_or_default());
        if seen > MAX_READ_BYTES {
            return Ok(Read { bytes, rest: Rest::Unread, _place: place });
        }
    }
    Ok(Read { bytes, rest: Rest::Nothing, _place: place })
}
