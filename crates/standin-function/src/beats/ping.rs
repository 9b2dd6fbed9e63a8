//! The addresses of heartbeats, as healthchecks has them: `/ping/KEY/SLUG[/start|/fail|/log|/EXIT STATUS]?rid=UUID`.

use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use standin_core::beat::Signal;
use standin_stores::checks::is_slug;
use uuid::Uuid;

use crate::event::Reply;

/// Parameters of a query that are looked at.
const MAX_PARAMETERS: usize = 32;

/// One heartbeat.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ping<'a> {
    /// Whose.
    pub(super) slug: &'a str,
    /// What it says.
    pub(super) signal: Signal,
    /// The exit status, if the address names one.
    pub(super) exit: Option<u8>,
    /// The run, if the query names one.
    pub(super) rid: Option<Uuid>,
}

/// What a sender is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was kept.
    Ok,
    /// No automation has this address, or the key is wrong. A function makes no checks for `?create=1`.
    NotFound,
    /// The exit status or the slug is out of bounds.
    BadUrl,
    /// The run id is none.
    BadUuid,
    /// Several automations have this slug.
    Ambiguous,
    /// Heartbeats come by other methods.
    BadMethod,
    /// The store failed: nothing was kept, or nobody knows.
    NotKept,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        let (status, text) = match answer {
            Answer::Ok => (200, "OK"),
            Answer::NotFound => (404, "not found"),
            Answer::BadUrl => (400, "invalid url format"),
            Answer::BadUuid => (400, "invalid uuid format"),
            Answer::Ambiguous => (409, "ambiguous slug"),
            Answer::BadMethod => (405, "method not allowed"),
            Answer::NotKept => (503, "not stored"),
        };
        let mut reply = Self::of(status, "text/plain; charset=utf-8", text.to_owned());
        let limit = crate::event::MAX_BODY.to_string();
        let more = [("ping-body-limit", limit.as_str()), ("access-control-allow-origin", "*")];
        reply.headers.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
        reply
    }
}

/// Reads a request to `/ping/…`.
///
/// # Errors
/// What the sender is told instead.
pub(super) fn read<'a>(
    method: &str,
    path: &'a str,
    query: &str,
    key: Option<&SecretString>,
) -> Result<Ping<'a>, Answer> {
    if !matches!(method, "GET" | "HEAD" | "POST" | "PUT") {
        return Err(Answer::BadMethod);
    }
    let path = path.strip_prefix("/ping/").ok_or(Answer::NotFound)?;
    let mut parts = path.strip_suffix('/').unwrap_or(path).split('/');
    let (shown, slug) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let action = parts.next();
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if parts.next().is_some() || slug.is_empty() || !slug.bytes().all(is_word) {
        return Err(Answer::NotFound);
    }
    if !key.is_some_and(|key| same(key, shown)) {
        return Err(Answer::NotFound);
    }
    if !is_slug(slug) {
        return Err(Answer::BadUrl);
    }
    let (signal, exit) = action.map_or(Ok((Signal::Success, None)), said)?;
    Ok(Ping { slug, signal, exit, rid: rid(query)? })
}

/// Compares in constant time, whatever the length is.
fn same(key: &SecretString, shown: &str) -> bool {
    let secret = key.expose_secret().as_bytes();
    let hashed = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::verify(&hashed, secret, hmac::sign(&hashed, shown.as_bytes()).as_ref()).is_ok()
}

fn said(action: &str) -> Result<(Signal, Option<u8>), Answer> {
    match action {
        "start" => Ok((Signal::Start, None)),
        "fail" => Ok((Signal::Fail, None)),
        "log" => Ok((Signal::Log, None)),
        _ if action.is_empty() || !action.bytes().all(|b| b.is_ascii_digit()) => Err(Answer::NotFound),
        _ => match action.trim_start_matches('0') {
            "" => Ok((Signal::Success, Some(0))),
            digits => digits.parse().map(|code| (Signal::Fail, Some(code))).map_err(|_| Answer::BadUrl),
        },
    }
}

fn rid(query: &str) -> Result<Option<Uuid>, Answer> {
    let parameters = query.splitn(MAX_PARAMETERS, '&');
    let found = parameters.filter_map(|parameter| parameter.strip_prefix("rid=")).last();
    found.map(|text| Uuid::try_parse(text).map_err(|_| Answer::BadUuid)).transpose()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ping<'a>(path: &'a str, query: &str) -> Result<Ping<'a>, Answer> {
        read("GET", path, query, Some(&SecretString::from("key")))
    }

    #[test]
    fn every_address_of_healthchecks_is_read() {
        let said = |path: &str| ping(path, "").map(|ping| (ping.signal, ping.exit));
        assert_eq!(said("/ping/key/nightly"), Ok((Signal::Success, None)));
        assert_eq!(said("/ping/key/nightly/"), Ok((Signal::Success, None)));
        assert_eq!(said("/ping/key/nightly/start"), Ok((Signal::Start, None)));
        assert_eq!(said("/ping/key/nightly/fail"), Ok((Signal::Fail, None)));
        assert_eq!(said("/ping/key/nightly/log"), Ok((Signal::Log, None)));
        assert_eq!(said("/ping/key/nightly/0"), Ok((Signal::Success, Some(0))));
        assert_eq!(said("/ping/key/nightly/255"), Ok((Signal::Fail, Some(255))));
        let rid = "2f1b0d5e-3e3c-4c5c-8d54-0d1f5c9f5a10";
        assert_eq!(
            ping("/ping/key/n", &format!("create=1&rid={rid}")).unwrap().rid.unwrap().to_string(),
            rid
        );
    }

    #[test]
    fn what_is_none_is_told_as_healthchecks_tells_it() {
        let cases = [
            ("/ping/key/nightly/256", "", Answer::BadUrl),
            ("/ping/key/Nightly", "", Answer::BadUrl),
            ("/ping/key/nightly", "rid=x", Answer::BadUuid),
            ("/ping/wrong/nightly", "", Answer::NotFound),
            ("/ping/key", "", Answer::NotFound),
            ("/ping/", "", Answer::NotFound),
            ("/ping//nightly", "", Answer::NotFound),
            ("/ping/key/nightly/bogus", "", Answer::NotFound),
            ("/ping/key/nightly/-1", "", Answer::NotFound),
            ("/ping/key/nightly/start/x", "", Answer::NotFound),
            ("/ping/key/n%00", "", Answer::NotFound),
        ];
        for (path, query, expected) in cases {
            assert_eq!(ping(path, query), Err(expected), "{path}?{query}");
        }
        assert_eq!(read("GET", "/ping/key/nightly", "", None), Err(Answer::NotFound), "no key opens nothing");
        assert_eq!(
            read("DELETE", "/ping/key/n", "", Some(&SecretString::from("key"))),
            Err(Answer::BadMethod)
        );
    }
}
