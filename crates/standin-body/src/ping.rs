//! The addresses of heartbeats, as healthchecks has them: the agent and the functions read them alike.
//!
//! ```text
//! [/ping]/<uuid>[/start|/fail|/log|/<exit status>][/]
//! [/ping]/<ping key>/<slug>[/start|/fail|/log|/<exit status>][/]      ?create=1   ?rid=<uuid>
//! ```

use standin_core::beat::Signal;
use standin_stores::checks::is_slug;
use uuid::Uuid;

/// Parameters of a query that are looked at.
const MAX_PARAMETERS: usize = 32;

/// Whom a heartbeat is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address<'a> {
    /// By the secret uuid of a check.
    Uuid(Uuid),
    /// By the name of a check.
    Slug {
        /// The secret that all names share.
        key: &'a str,
        /// The name.
        slug: &'a str,
    },
}

/// Whether a check is made for a slug that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Create {
    /// It is not.
    Never,
    /// It is.
    IfMissing,
}

/// What an address says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping<'a> {
    /// Whom it is for.
    pub address: Address<'a>,
    /// What it says.
    pub signal: Signal,
    /// The exit status, if the address names one.
    pub exit: Option<u8>,
    /// The run, if the query names one; an error if what it names is no uuid.
    pub rid: Result<Option<Uuid>, BadRid>,
    /// Whether the check is to be made.
    pub create: Create,
}

/// The run id of a query is no uuid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadRid;

/// Why a request is no heartbeat. Nothing was kept; the sender is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPing {
    /// The address is none: 404.
    #[error("not found")]
    NotFound,
    /// The exit status or the slug is out of bounds: 400.
    #[error("invalid url format")]
    BadUrl,
}

/// Reads the path and the query of a request.
///
/// # Errors
/// [`NoPing`].
pub fn parse<'a>(path: &'a str, query: &str) -> Result<Ping<'a>, NoPing> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_prefix("ping/").unwrap_or(path);
    let mut parts = path.strip_suffix('/').unwrap_or(path).split('/');
    let first = parts.next().unwrap_or_default();
    let (address, action) = match uuid(first) {
        Some(uuid) => (Address::Uuid(uuid), parts.next()),
        None => (by_slug(first, parts.next().unwrap_or_default())?, parts.next()),
    };
    if parts.next().is_some() {
        return Err(NoPing::NotFound);
    }
    let (signal, exit) = action.map_or(Ok((Signal::Success, None)), said)?;
    let (rid, create) = asked(query);
    Ok(Ping { address, signal, exit, rid, create })
}

/// Only the usual form with hyphens: another might be somebody's key.
fn uuid(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

fn by_slug<'a>(key: &'a str, slug: &'a str) -> Result<Address<'a>, NoPing> {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if key.is_empty() || slug.is_empty() || !slug.bytes().all(is_word) {
        return Err(NoPing::NotFound);
    }
    if is_slug(slug) { Ok(Address::Slug { key, slug }) } else { Err(NoPing::BadUrl) }
}

fn said(action: &str) -> Result<(Signal, Option<u8>), NoPing> {
    match action {
        "start" => Ok((Signal::Start, None)),
        "fail" => Ok((Signal::Fail, None)),
        "log" => Ok((Signal::Log, None)),
        _ if action.is_empty() || !action.bytes().all(|b| b.is_ascii_digit()) => Err(NoPing::NotFound),
        _ => match action.trim_start_matches('0') {
            "" => Ok((Signal::Success, Some(0))),
            digits => digits.parse().map(|code| (Signal::Fail, Some(code))).map_err(|_| NoPing::BadUrl),
        },
    }
}

fn asked(query: &str) -> (Result<Option<Uuid>, BadRid>, Create) {
    let (mut rid, mut create) = (Ok(None), Create::Never);
    if query.is_empty() {
        return (rid, create);
    }
    for parameter in query.split('&').take(MAX_PARAMETERS) {
        match parameter.split_once('=').unwrap_or((parameter, "")) {
            ("rid", text) => rid = Uuid::try_parse(text).map(Some).map_err(|_| BadRid),
            ("create", "1") => create = Create::IfMissing,
            _ => {}
        }
    }
    (rid, create)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_path_and_no_query_panics(path in "\\PC{0,80}", query in "\\PC{0,80}") {
            let _ = parse(&path, &query);
        }

        #[test]
        fn what_looks_like_an_address_never_panics(
            path in "/?(ping/)?([0-9a-fA-F-]{30,40}|[a-zA-Z0-9_%-]{0,9})(/[a-z0-9A-Z%é-]{0,12}){0,4}/?",
            query in "(rid|create)?=?[0-9a-f-]{0,36}(&[a-z=1]{0,9}){0,40}",
        ) {
            if let Ok(ping) = parse(&path, &query) {
                prop_assert_eq!(ping.exit.is_some_and(|code| code == 0), ping.exit.is_some() && ping.signal == Signal::Success);
            }
        }

        #[test]
        fn every_exit_status_is_read(code in 0_u32..400, zeros in "0{0,5}") {
            let path = format!("/ping/00000000-0000-4000-8000-000000000000/{zeros}{code}");
            match parse(&path, "") {
                Ok(ping) => prop_assert_eq!(ping.exit.map(u32::from), Some(code)),
                Err(answer) => prop_assert!(code > 255 && answer == NoPing::BadUrl),
            }
        }
    }
}
