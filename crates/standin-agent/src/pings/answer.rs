//! What senders are told.

use axum::body::Body;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use standin_body::ping::NoPing;

use super::body::Rest;

const BODY_LIMIT: HeaderName = HeaderName::from_static("ping-body-limit");

/// What a sender is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was kept.
    Ok,
    /// It was kept, and the check is new.
    Created,
    /// It was kept, but the sender still sends: the connection cannot be used again.
    OkAndClose,
    /// No check has this address.
    NotFound,
    /// The exit status or the slug is out of bounds.
    BadUrl,
    /// The run id is none.
    BadUuid,
    /// Several checks have this slug.
    AmbiguousSlug,
    /// Senders have made as many checks as they may.
    TooManyChecks,
    /// The body did not come in time, or broke off.
    TooSlow,
    /// Too many heartbeats at once.
    Busy,
    /// The journal failed: nothing was kept.
    NotKept,
}

impl Answer {
    /// The answer after a body: what was left unread spoils the connection.
    pub(super) const fn after(self, rest: Rest) -> Self {
        match rest {
            Rest::Nothing => self,
            Rest::Unread => Self::OkAndClose,
        }
    }

    const fn status(self) -> (StatusCode, &'static str) {
        match self {
            Self::Ok | Self::OkAndClose => (StatusCode::OK, "OK"),
            Self::Created => (StatusCode::CREATED, "Created"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not found"),
            Self::BadUrl => (StatusCode::BAD_REQUEST, "invalid url format"),
            Self::BadUuid => (StatusCode::BAD_REQUEST, "invalid uuid format"),
            Self::AmbiguousSlug => (StatusCode::CONFLICT, "ambiguous slug"),
            Self::TooManyChecks => (StatusCode::FORBIDDEN, "check limit reached"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "body not received"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too many pings at once"),
            Self::NotKept => (StatusCode::SERVICE_UNAVAILABLE, "not stored"),
        }
    }
}

impl From<NoPing> for Answer {
    fn from(why: NoPing) -> Self {
        match why {
            NoPing::NotFound => Self::NotFound,
            NoPing::BadUrl => Self::BadUrl,
        }
    }
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Self {
        let (status, text) = answer.status();
        let mut response = Self::new(Body::from(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(BODY_LIMIT, HeaderValue::from_static("100000"));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match answer {
            Answer::Busy | Answer::NotKept => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Answer::OkAndClose | Answer::TooSlow => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Answer::Ok
            | Answer::Created
            | Answer::NotFound
            | Answer::BadUrl
            | Answer::BadUuid
            | Answer::AmbiguousSlug
            | Answer::TooManyChecks => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_header_tells_the_limit() {
        let response = axum::response::Response::from(super::Answer::Ok);
        assert_eq!(response.headers()[super::BODY_LIMIT], crate::pings::MAX_BODY_BYTES.to_string());
    }
}
