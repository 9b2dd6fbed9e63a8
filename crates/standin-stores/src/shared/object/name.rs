//! Names as parts of an object's key: readable, and the same for every store.

use object_store::path::Path;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::shared::MAX_NAME_BYTES;

/// What is written as it is; everything else as `%XX`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'=');

/// Where the objects of a kind are: `<prefix>/cells`.
pub(super) fn folder(prefix: &str, kind: &str) -> Result<Path, object_store::path::Error> {
    Path::parse(format!("{}/{kind}", prefix.trim_matches('/')))
}

/// The key of a name; `None` for a name that no store takes.
pub(super) fn key(folder: &Path, name: &str) -> Option<Path> {
    let is_fit =
        !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.split('/').all(|part| !part.is_empty());
    if !is_fit {
        return None;
    }
    let parts: Vec<String> = name.split('/').map(part).collect();
    Path::parse(format!("{folder}/{}", parts.join("/"))).ok()
}

/// One part. A dot at its beginning or end means something to some stores and tools.
fn part(text: &str) -> String {
    let mut part = utf8_percent_encode(text, ENCODED).to_string();
    if let Some(rest) = part.strip_suffix('.') {
        part = format!("{rest}%2E");
    }
    match part.strip_prefix('.') {
        Some(rest) => format!("%2E{rest}"),
        None => part,
    }
}

/// The name of a key; `None` for a key that was not made here.
pub(super) fn name(folder: &Path, key: &Path) -> Option<String> {
    let rest = key.as_ref().strip_prefix(folder.as_ref())?.strip_prefix('/')?;
    percent_decode_str(rest).decode_utf8().ok().map(|name| name.into_owned())
}

/// The folder below which all names with this prefix are.
pub(super) fn above(folder: &Path, prefix: &str) -> Path {
    let parts = prefix.rsplit_once('/').map_or("", |(parts, _)| parts);
    key(folder, parts).unwrap_or_else(|| folder.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_stay_apart() {
        let cells = folder("/a/b/", "cells").unwrap();
        assert_eq!(cells.as_ref(), "a/b/cells");
        let mut keys = std::collections::BTreeSet::new();
        for text in
            ["a", "A", ".", "..", "...", "a/b", "a%2Fb", ".a.", "a b", "a+b", "ä", "a=b", "github:acme/x@1"]
        {
            let key = key(&cells, text).unwrap();
            assert_eq!(name(&cells, &key).as_deref(), Some(text), "{key}");
            assert!(keys.insert(key), "{text}");
        }
        assert_eq!(key(&cells, "github:acme/x@1").unwrap().as_ref(), "a/b/cells/github%3Aacme/x%401");
        for text in ["", "/", "a//b", "/a", "a/", &"n".repeat(MAX_NAME_BYTES + 1)] {
            assert_eq!(key(&cells, text), None, "{text}");
        }
    }

    #[test]
    fn a_prefix_is_looked_for_below_its_last_slash() {
        let cells = folder("a", "cells").unwrap();
        assert_eq!(above(&cells, "x/y/z").as_ref(), "a/cells/x/y");
        assert_eq!(above(&cells, "x").as_ref(), "a/cells");
        assert_eq!(above(&cells, "").as_ref(), "a/cells");
    }
}
