//! What is kept, as the message of a commit.
//!
//! ```text
//! standin 1 text 3 18 2f1c… <- format, how the rest is written, which link of the chain, bytes, a word of its own
//!
//! {"epoch":1,"by":2}
//! ```
//! The word makes every commit another one: the same bytes, written twice in the same second, are two versions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// What a commit keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// Which commit of its chain it is, from 1; 1 where there is no chain.
    pub(super) link: u64,
    /// The bytes; `None` once the cell was removed.
    pub(super) bytes: Option<Bytes>,
}

impl Note {
    /// The message, different each time.
    pub(super) fn message(&self) -> String {
        let word = uuid::Uuid::new_v4().simple();
        let (link, bytes) = (self.link, self.bytes.as_deref().unwrap_or_default());
        let length = bytes.len();
        let (kind, body) = match (&self.bytes, plain(bytes)) {
            (None, _) => ("removed", String::new()),
            (Some(_), Some(text)) => ("text", text.to_owned()),
            (Some(_), None) => ("base64", STANDARD.encode(bytes)),
        };
        let gap = if body.is_empty() { "" } else { "\n\n" };
        format!("standin 1 {kind} {link} {length} {word}{gap}{body}")
    }

    /// Reads a message; `None` when it is not such a one, or not whole.
    pub(super) fn parse(message: &str) -> Option<Self> {
        let (head, body) = message.split_once('\n').unwrap_or((message, ""));
        let body = body.strip_prefix('\n').unwrap_or(body);
        let words: Vec<&str> = head.split(' ').collect();
        let ["standin", "1", kind, link, length, _] = words.as_slice() else { return None };
        let bytes = match *kind {
            "removed" => None,
            "text" => Some(Bytes::copy_from_slice(body.as_bytes())),
            "base64" => Some(Bytes::from(STANDARD.decode(body).ok()?)),
            _ => return None,
        };
        let is_whole = bytes.as_ref().map_or(0, Bytes::len) == length.parse::<usize>().ok()?;
        is_whole.then_some(Self { link: link.parse().ok()?, bytes })
    }
}

/// The bytes as text, when a server that tidies messages up would leave it as it is.
fn plain(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.chars().any(char::is_control) && text.trim() == text).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_come_back() {
        let all: Vec<u8> = (0..=255).collect();
        for bytes in [&b""[..], b"{\"a\":1}", "{\"a\":\"\u{e4}\"}".as_bytes(), b" a", b"a\n", b"\0", &all] {
            let note = Note { link: 7, bytes: Some(Bytes::copy_from_slice(bytes)) };
            assert_eq!(Note::parse(&note.message()), Some(note));
        }
        let removed = Note { link: u64::MAX, bytes: None };
        assert_eq!(Note::parse(&removed.message()), Some(removed));
    }

    #[test]
    fn the_same_is_never_the_same_message() {
        let note = Note { link: 1, bytes: Some(Bytes::from_static(b"{}")) };
        assert_ne!(note.message(), note.message());
        assert!(note.message().ends_with("\n\n{}"));
    }

    #[test]
    fn what_is_cut_off_or_not_ours_is_refused() {
        let note = Note { link: 1, bytes: Some(Bytes::from_static(b"{\"abc\":1}")) };
        let message = note.message();
        for message in [
            &message[..message.len() - 1],
            "",
            "Merge pull request",
            "standin 2 text 1 0 w",
            "standin 1 text 1 0",
            "standin 1 text x 0 w",
            "standin 1 else 1 0 w",
            "standin 1 base64 1 2 w\n\n!!",
        ] {
            assert_eq!(Note::parse(message), None, "{message}");
        }
    }
}
