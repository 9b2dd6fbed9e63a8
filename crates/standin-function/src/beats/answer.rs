//! What senders of heartbeats are told, as healthchecks tells it.

use standin_body::ping::NoPing;

use super::note::MAX_KEPT;
use crate::event::Reply;

/// What a sender is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was kept.
    Ok,
    /// It was kept, and the check is new.
    Created,
    /// No automation has this address, or the key is wrong.
    NotFound,
    /// The exit status or the slug is out of bounds.
    BadUrl,
    /// The run id is none.
    BadUuid,
    /// Several automations have this slug.
    Ambiguous,
    /// Senders have made as many checks as they may.
    TooMany,
    /// Heartbeats come by other methods.
    BadMethod,
    /// The store failed: nothing was kept, or nobody knows.
    NotKept,
}

impl From<NoPing> for Answer {
    fn from(why: NoPing) -> Self {
        match why {
            NoPing::NotFound => Self::NotFound,
            NoPing::BadUrl => Self::BadUrl,
        }
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        let (status, text) = match answer {
            Answer::Ok => (200, "OK"),
            Answer::Created => (201, "Created"),
            Answer::NotFound => (404, "not found"),
            Answer::BadUrl => (400, "invalid url format"),
            Answer::BadUuid => (400, "invalid uuid format"),
            Answer::Ambiguous => (409, "ambiguous slug"),
            Answer::TooMany => (403, "check limit reached"),
            Answer::BadMethod => (405, "method not allowed"),
            Answer::NotKept => (503, "not stored"),
        };
        let mut reply = Self::of(status, "text/plain; charset=utf-8", text.to_owned());
        let limit = MAX_KEPT.to_string();
        let more = [("ping-body-limit", limit.as_str()), ("access-control-allow-origin", "*")];
        reply.headers.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
        reply
    }
}
