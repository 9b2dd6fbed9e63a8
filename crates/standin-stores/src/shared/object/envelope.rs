//! What is around the bytes: a first line that makes every write another one.
//!
//! The ETag of a store may be a sum of the bytes alone; the same bytes written again would be the same version, and who
//! saw the first would take the second for it. The nonce also says whose write it is, when an answer was lost.
//! The object stays readable: it is two lines of JSON.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::shared::MAX_RECORD_BYTES;

/// The version of the envelope.
const VERSION: u32 = 1;

/// The longest first line, in bytes.
const MAX_LINE: usize = 256;

/// The largest object that is read, in bytes.
pub(super) const MAX_OBJECT_BYTES: usize = MAX_RECORD_BYTES + MAX_LINE;

#[derive(Serialize, Deserialize)]
struct Line {
    standin: u32,
    nonce: String,
}

/// A word that no other write has.
pub(super) fn nonce() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

pub(super) fn seal(nonce: &str, bytes: &Bytes) -> Option<Bytes> {
    let line = serde_json::to_vec(&Line { standin: VERSION, nonce: nonce.to_owned() }).ok()?;
    let mut sealed = BytesMut::with_capacity(line.len() + 1 + bytes.len());
    sealed.extend_from_slice(&line);
    sealed.extend_from_slice(b"\n");
    sealed.extend_from_slice(bytes);
    Some(sealed.freeze())
}

/// The nonce and the bytes; `None` for what was not written by [`seal`].
pub(super) fn open(sealed: &Bytes) -> Option<(String, Bytes)> {
    let end = sealed.iter().take(MAX_LINE).position(|byte| *byte == b'\n')?;
    let line: Line = serde_json::from_slice(sealed.get(..end)?).ok()?;
    (line.standin == VERSION).then(|| (line.nonce, sealed.slice(end + 1..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_and_nothing_else() {
        let sealed = seal("n", &Bytes::from_static(b"{}\n")).unwrap();
        assert_eq!(sealed, "{\"standin\":1,\"nonce\":\"n\"}\n{}\n");
        assert_eq!(open(&sealed), Some(("n".to_owned(), Bytes::from_static(b"{}\n"))));
        for other in ["", "{}", "{}\n{}", "{\"standin\":2,\"nonce\":\"n\"}\n{}", "no\n{}"] {
            assert_eq!(open(&Bytes::from_static(other.as_bytes())), None, "{other}");
        }
    }
}
