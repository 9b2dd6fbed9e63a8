//! What a function is told, from whichever platform, and what it answers.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a function is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// Its time has come, or another watcher whom the platform knows has woken it: one watch cycle.
    Tick,
    /// Somebody whom the platform does not know asks for one watch cycle, and shows why that may be.
    Woken(Asked),
    /// A request over HTTP.
    Http(Asked),
}

/// A request over HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// In capitals.
    pub(crate) method: String,
    /// From its first slash, decoded by nobody.
    pub(crate) path: String,
    /// Without its question mark.
    pub(crate) query: String,
    /// By names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// As it was sent.
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What is answered over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// Text.
    pub(crate) body: String,
}

impl Reply {
    /// A page of JSON that nobody keeps.
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_string(body).unwrap_or_else(|_| "{}".to_owned());
        Self::of(status, "application/json", body)
    }

    /// What went wrong, in one sentence.
    pub(crate) fn error(status: u16, why: &str) -> Self {
        Self::json(status, &serde_json::json!({ "error": why }))
    }

    pub(crate) fn of(status: u16, kind: &str, body: String) -> Self {
        let headers = [("content-type", kind), ("cache-control", "no-store")];
        Self { status, headers: headers.map(|(k, v)| (k.to_owned(), v.to_owned())).into(), body }
    }
}

/// An event that is none of those that are understood. Nothing was done.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum EventError {
    /// It is not even of the shape of one.
    #[error("this event cannot be read: {0}")]
    Shape(String),
    /// Nobody here knows what to do with it.
    #[error(
        "this event is neither a schedule's nor a request over HTTP, so nothing was done: point an EventBridge schedule, a function URL or an HTTP API (payload 2.0) at this function"
    )]
    Unknown,
}

/// What Lambda hands over.
#[derive(Debug, Deserialize)]
struct OfLambda {
    source: Option<String>,
    #[serde(rename = "detail-type")]
    detail_type: Option<String>,
    version: Option<String>,
    #[serde(rename = "rawPath")]
    raw_path: Option<String>,
    #[serde(rename = "rawQueryString")]
    raw_query: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    body: Option<String>,
    #[serde(rename = "isBase64Encoded")]
    is_base64: Option<bool>,
    #[serde(rename = "requestContext")]
    context: Option<Context>,
    key: Option<String>,
    attempt: Option<u8>,
}

#[derive(Debug, Deserialize)]
struct Context {
    http: Option<HttpContext>,
}

#[derive(Debug, Deserialize)]
struct HttpContext {
    method: String,
}

/// What the JavaScript function hands over.
#[derive(Debug, Deserialize)]
struct OfNetlify {
    kind: Kind,
    #[serde(default)]
    method: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    base64: bool,
    /// In milliseconds since 1970.
    deadline_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Schedule,
    Http,
    Background,
}

impl Event {
    /// An event of Lambda.
    ///
    /// # Errors
    /// [`EventError`].
    pub(crate) fn of_lambda(value: Value) -> Result<Self, EventError> {
        let event: OfLambda =
            serde_json::from_value(value).map_err(|error| EventError::Shape(error.to_string()))?;
        let is_scheduled = matches!(event.source.as_deref(), Some("aws.events" | "aws.scheduler"))
            && event.detail_type.as_deref() == Some("Scheduled Event");
        if is_scheduled {
            return Ok(Self::Tick);
        }
        if let Some(http) = event.context.and_then(|context| context.http) {
            if event.version.as_deref() != Some("2.0") {
                return Err(EventError::Unknown);
            }
            let is_base64 = event.is_base64.unwrap_or(false);
            return Ok(Self::Http(Asked {
                method: http.method.to_ascii_uppercase(),
                path: event.raw_path.unwrap_or_else(|| "/".to_owned()),
                query: event.raw_query.unwrap_or_default(),
                headers: lower(event.headers.unwrap_or_default()),
                body: bytes(event.body.unwrap_or_default(), is_base64)?,
            }));
        }
        // Another watcher, by the platform's own call: whoever may make that, may wake.
        match (event.key, event.attempt) {
            (Some(_), Some(_)) => Ok(Self::Tick),
            _ => Err(EventError::Unknown),
        }
    }

    /// An event of the JavaScript function, and its deadline in milliseconds since 1970.
    ///
    /// # Errors
    /// [`EventError`].
    pub(crate) fn of_netlify(text: &[u8]) -> Result<(Self, Option<u64>), EventError> {
        let event: OfNetlify =
            serde_json::from_slice(text).map_err(|error| EventError::Shape(error.to_string()))?;
        let asked = Asked {
            method: event.method.to_ascii_uppercase(),
            path: event.path,
            query: event.query,
            headers: lower(event.headers),
            body: bytes(event.body, event.base64)?,
        };
        let event = match event.kind {
            Kind::Schedule => (Self::Tick, event.deadline_ms),
            Kind::Http => (Self::Http(asked), event.deadline_ms),
            Kind::Background => (Self::Woken(asked), event.deadline_ms),
        };
        Ok(event)
    }
}

fn lower(headers: BTreeMap<String, String>) -> BTreeMap<String, String> {
    headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

fn bytes(body: String, is_base64: bool) -> Result<Vec<u8>, EventError> {
    if !is_base64 {
        return Ok(body.into_bytes());
    }
    BASE64_STANDARD.decode(body).map_err(|_| EventError::Shape("its body is not base64".to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schedule_of_either_sort_is_a_tick() {
        for source in ["aws.events", "aws.scheduler"] {
            let event =
                json!({ "version": "0", "id": "1", "source": source, "detail-type": "Scheduled Event" });
            assert_eq!(Event::of_lambda(event), Ok(Event::Tick));
        }
    }

    #[test]
    fn a_request_of_a_function_url_is_read_as_it_was_sent() {
        let event = json!({
            "version": "2.0", "rawPath": "/tick", "rawQueryString": "a=1", "headers": { "Authorization": "Bearer x" },
            "requestContext": { "http": { "method": "post", "path": "/tick" } }, "body": "aGk=", "isBase64Encoded": true,
        });
        let Event::Http(asked) = Event::of_lambda(event).unwrap() else { panic!() };
        assert_eq!(
            (asked.method.as_str(), asked.path.as_str(), asked.query.as_str()),
            ("POST", "/tick", "a=1")
        );
        assert_eq!((asked.header("authorization"), asked.body.as_slice()), (Some("Bearer x"), &b"hi"[..]));
    }

    #[test]
    fn what_is_neither_is_refused_with_a_fix() {
        let others = [
            json!({}),
            json!({ "Records": [{ "eventSource": "aws:sqs" }] }),
            json!({ "source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification" }),
            json!({ "version": "1.0", "httpMethod": "GET", "path": "/", "requestContext": {} }),
            json!({ "version": "3.0", "requestContext": { "http": { "method": "GET" } } }),
            json!({ "key": "k" }),
        ];
        for other in others {
            assert_eq!(Event::of_lambda(other.clone()), Err(EventError::Unknown), "{other}");
        }
        for wrong in [json!(3), json!(null), json!([1]), json!("x"), json!({ "headers": 3 })] {
            assert!(matches!(Event::of_lambda(wrong.clone()), Err(EventError::Shape(_))), "{wrong}");
        }
        let body = json!({ "version": "2.0", "requestContext": { "http": { "method": "GET" } }, "body": "%", "isBase64Encoded": true });
        assert!(matches!(Event::of_lambda(body), Err(EventError::Shape(_))));
    }

    #[test]
    fn the_three_events_of_netlify_are_told_apart() {
        let (event, deadline) = Event::of_netlify(br#"{"kind":"schedule","deadline_ms":5}"#).unwrap();
        assert_eq!((event, deadline), (Event::Tick, Some(5)));
        let asked = br#"{"kind":"background","method":"post","headers":{"X":"y"},"body":"{}"}"#;
        let (Event::Woken(asked), None) = Event::of_netlify(asked).unwrap() else { panic!() };
        assert_eq!((asked.header("x"), asked.body.as_slice()), (Some("y"), &b"{}"[..]));
        for wrong in [&b""[..], b"{", b"{}", br#"{"kind":"else"}"#, b"[]", &[0xff]] {
            assert!(matches!(Event::of_netlify(wrong), Err(EventError::Shape(_))), "{wrong:?}");
        }
    }
}
