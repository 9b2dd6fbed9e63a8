//! The members of a JSON object and where they stand.

use std::ops::Range;

/// Nesting of a `package.json`.
const MAX_NESTING: usize = 64;

/// A member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) key: String,
    /// From the key to the end of the value.
    pub(crate) at: Range<usize>,
    pub(crate) value: Range<usize>,
}

/// The members of the object that begins at a byte, after blanks; `None` when there is none.
pub(crate) fn object(text: &str, start: usize) -> Option<Vec<Member>> {
    let whole: Result<serde_json::Value, _> = serde_json::from_str(text);
    whole.ok()?;
    let mut members = Vec::new();
    let mut at = blanks(text, start);
    if byte(text, at)? != b'{' {
        return None;
    }
    at = blanks(text, at.saturating_add(1));
    while byte(text, at)? != b'}' {
        let key_end = value_end(text, at, 0)?;
        let key: String = serde_json::from_str(text.get(at..key_end)?).ok()?;
        // The colon stands between.
        let value = blanks(text, blanks(text, key_end).saturating_add(1));
        let end = value_end(text, value, 0)?;
        members.push(Member { key, at: at..end, value: value..end });
        at = blanks(text, end);
        if byte(text, at)? == b',' {
            at = blanks(text, at.saturating_add(1));
        }
    }
    Some(members)
}

fn byte(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at).copied()
}

fn blanks(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from.saturating_add(rest.len().saturating_sub(rest.trim_start().len()))
}

/// Where a value of a valid text ends.
fn value_end(text: &str, start: usize, nesting: usize) -> Option<usize> {
    if nesting > MAX_NESTING {
        return None;
    }
    match byte(text, start)? {
        b'"' => {
            let mut at = start.saturating_add(1);
            loop {
                match byte(text, at)? {
                    b'"' => return Some(at.saturating_add(1)),
                    b'\\' => at = at.saturating_add(2),
                    _ => at = at.saturating_add(1),
                }
            }
        }
        b'{' | b'[' => {
            let mut at = blanks(text, start.saturating_add(1));
            loop {
                match byte(text, at)? {
                    b'}' | b']' => return Some(at.saturating_add(1)),
                    b',' | b':' => at = blanks(text, at.saturating_add(1)),
                    _ => at = blanks(text, value_end(text, at, nesting.saturating_add(1))?),
                }
            }
        }
        _ => {
            let rest = text.get(start..)?;
            let length = rest.find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(rest.len());
            Some(start.saturating_add(length))
        }
    }
}
