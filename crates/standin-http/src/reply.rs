//! One answer.

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::fault::Fault;
use crate::meter::Allowance;

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
}

impl Reply {
    /// Whether the status is one of success.
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// A header's text; `None` when it is not there or no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The server's clock when it answered, to the second, from its `Date` header.
    pub fn date(&self) -> Option<Timestamp> {
        let text = self.header("date")?;
        jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
    }

    /// How many seconds the server wants to be left alone.
    pub fn retry_after(&self) -> Option<u64> {
        self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
    }

    /// What the server says it still allows.
    pub fn allowance(&self) -> Option<Allowance> {
        let number = |name: &str| self.header(name)?.trim().parse::<u64>().ok();
        Some(Allowance {
            remaining: number("x-ratelimit-remaining")?,
            limit: number("x-ratelimit-limit")?,
            reset: number("x-ratelimit-reset").unwrap_or(0),
        })
    }
}

pub(crate) async fn read(mut answer: reqwest::Response, limit: usize) -> Result<Reply, Fault> {
    let (status, headers) = (answer.status().as_u16(), std::mem::take(answer.headers_mut()));
    if answer.content_length().is_some_and(|length| length > limit as u64) {
        return Err(Fault::TooLong(limit));
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| Fault::Lost(crate::fault::words(error)))? {
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(Fault::TooLong(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, headers, body: body.freeze() })
}
