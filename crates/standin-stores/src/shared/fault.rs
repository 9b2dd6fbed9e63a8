//! Why a table or a bucket did not do what was asked, in words that name the fix.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The longest name of a refusal that is repeated, in characters.
const MAX_CODE: usize = 60;

/// Refusals that are answers: of a condition that was not met.
const UNMET: [&str; 1] = ["ConditionalCheckFailedException"];

/// 404 of the place itself, not of something in it.
const NO_PLACE: [&str; 2] = ["NoSuchBucket", "ContainerNotFound"];

/// Why the last request to a store did not do what it should. What a write did is said elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// The store refused. Nothing was done; the user corrects the name, the region or the rights.
    #[error("it refuses ({0}): check its name, its region, and what its keys may do")]
    Refused(String),
    /// It is in trouble, or asked too much. A write may have been done.
    #[error("it is in trouble of its own (status {0}); it is asked again at the next check")]
    Failed(u16),
    /// There was no answer. A write may have been done.
    #[error("it cannot be reached: {0}; check its region, `endpoint` and the network")]
    Unanswered(String),
}

/// The last fault of a store; its clones know of it together.
#[derive(Debug, Default)]
pub(super) struct Last(Mutex<Option<StoreFault>>);

impl Last {
    /// A fault is put in whole, so a poisoned lock is as good as a sound one.
    fn lock(&self) -> MutexGuard<'_, Option<StoreFault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There was an answer.
    pub(super) fn saw(&self, status: u16, body: &[u8]) {
        let code = code(body);
        let is_one_of = |names: &[&str]| names.contains(&code.as_str());
        let refused = || Some(StoreFault::Refused(format!("{status} {code}").trim_end().to_owned()));
        *self.lock() = match status {
            429 | 500.. => Some(StoreFault::Failed(status)),
            404 if is_one_of(&NO_PLACE) => refused(),
            0..=399 | 404 | 409 | 412 => None,
            _ if is_one_of(&UNMET) => None,
            _ => refused(),
        };
    }

    /// There was none.
    pub(super) fn lost(&self, why: impl Into<String>) {
        *self.lock() = Some(StoreFault::Unanswered(why.into()));
    }

    pub(super) fn get(&self) -> Option<StoreFault> {
        self.lock().clone()
    }
}

/// What the store calls its refusal: `<Code>` of XML, `__type` of JSON. Empty when it has no name.
fn code(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..body.len().min(4_096)).unwrap_or_default());
    let xml = text.split_once("<Code>").map(|(_, rest)| rest);
    let json =
        || text.split_once("\"__type\"").and_then(|(_, rest)| rest.split_once('"')).map(|(_, rest)| rest);
    let named = xml.or_else(json).unwrap_or_default();
    let named = named.split(['<', '"']).next().unwrap_or_default();
    let named = named.rsplit('#').next().unwrap_or_default();
    named.chars().filter(char::is_ascii_alphanumeric).take(MAX_CODE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_named_and_answers_are_none() {
        let last = Last::default();
        let said = |status, body: &str| {
            last.saw(status, body.as_bytes());
            last.get().map(|fault| fault.to_string()).unwrap_or_default()
        };
        assert!(said(403, "<Error><Code>AccessDenied</Code></Error>").contains("(403 AccessDenied)"));
        assert!(said(404, "<Error><Code>NoSuchBucket</Code></Error>").contains("(404 NoSuchBucket)"));
        let missing = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}"#;
        assert!(said(400, missing).contains("(400 ResourceNotFoundException)"));
        assert!(said(503, "").contains("next check") && said(429, "").contains("next check"));
        let unmet = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}"#;
        for (status, body) in [(200, ""), (304, ""), (404, "<Code>NoSuchKey</Code>"), (412, ""), (400, unmet)]
        {
            last.lost("gone");
            assert_eq!(said(status, body), "", "{status} {body}");
        }
    }
}
