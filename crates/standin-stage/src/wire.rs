//! What both planes read and answer: a request that was read whole, and a reply that is not yet bytes.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::Method;
use hyper::header::HeaderMap;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// A request, read whole and taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The path's parts, each decoded; `%2F` within a part stays within it.
    pub(crate) segments: Vec<String>,
    /// Whether the path ended with a slash, which the parts do not show.
    pub(crate) ends_with_slash: bool,
    pub(crate) query: BTreeMap<String, String>,
    /// The query as it came, without the question mark.
    pub(crate) raw_query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn new(method: Method, uri: &hyper::Uri, headers: HeaderMap, body: Bytes) -> Self {
        let segments = uri.path().split('/').filter(|part| !part.is_empty()).map(decode).collect();
        let raw_query = uri.query().unwrap_or_default().to_owned();
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
        };
        let query = raw_query.split('&').filter(|part| !part.is_empty()).map(pair).collect();
        let ends_with_slash = uri.path().ends_with('/');
        Self { method, segments, ends_with_slash, query, raw_query, headers, body }
    }

    /// Stands for a request where the stage itself acts.
    pub(crate) fn none() -> Self {
        Self::new(Method::GET, &hyper::Uri::default(), HeaderMap::new(), Bytes::new())
    }

    /// The decoded path, with its leading slash.
    pub(crate) fn path(&self) -> String {
        format!("/{}", self.segments.join("/"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A number in the query: the default where it is absent, and none where it is no number.
    pub(crate) fn number(&self, name: &str, default: usize) -> Option<usize> {
        self.query(name).map_or(Some(default), |text| text.parse().ok())
    }

    /// The body as JSON; an empty body is an empty object, as both vendors read it.
    pub(crate) fn json(&self) -> Result<Value, serde_json::Error> {
        if self.body.is_empty() { Ok(json!({})) } else { serde_json::from_slice(&self.body) }
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// What is answered, before any fault touches it.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn json(status: u16, value: &Value) -> Self {
        let kind = "application/json; charset=utf-8";
        Self { status, headers: Vec::new(), body: Bytes::from(value.to_string()) }.with("content-type", kind)
    }

    pub(crate) fn bytes(status: u16, kind: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }.with("content-type", kind)
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same, to be asked again after so many seconds, if any.
    pub(crate) fn again_after(self, seconds: Option<u32>) -> Self {
        match seconds {
            Some(seconds) => self.with("retry-after", seconds.to_string()),
            None => self,
        }
    }
}

/// Finds a pattern in which `*` stands for any characters, none and slashes included.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    let mut rest = rest;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        assert!(matches("/repos/*/dispatches", "/repos/o/r/actions/workflows/1/dispatches"));
        assert!(matches("*", "/x"));
        assert!(matches("/x", "/x"));
        assert!(!matches("/x", "/xy"));
        assert!(!matches("/x*z", "/xy"));
        assert!(!matches("*ab*ab", "/ab"));
    }
}
