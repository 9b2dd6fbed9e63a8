//! What is kept of the heartbeats of one automation: their sum, and the body of the last one that had one.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use standin_core::beat::{Beat, BeatState};
use standin_core::ident::AutomationId;
use standin_stores::checks::slug_of;

/// Bytes that are kept of a body; the rest is cut off. Senders read it in the header `ping-body-limit`.
pub(super) const MAX_KEPT: usize = 10_000;

/// One note.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) beats: BeatState,
    /// The last body that was not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Body>,
}

/// What a sender has said in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Body {
    /// When.
    pub(crate) at: Timestamp,
    /// At most [`MAX_KEPT`] bytes; what is no text is replaced.
    pub(crate) text: String,
}

/// The note that the heartbeats of an automation are kept in.
pub(super) fn name(id: &AutomationId) -> String {
    format!("beat/{}/{}", id.kind(), slug_of(id.name()))
}

impl Note {
    /// Reads one; also one of the time when only the sum was kept.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let sum = || serde_json::from_slice(bytes).ok().map(|beats| Self { beats, body: None });
        serde_json::from_slice(bytes).ok().or_else(sum)
    }

    /// The note after one more heartbeat. What cannot be read is nobody's heartbeat any more: it begins anew.
    pub(super) fn after(held: Option<&[u8]>, beat: &Beat, body: &str) -> Option<Bytes> {
        let mut note = held.and_then(Self::read).unwrap_or_default();
        note.beats.record(beat);
        if !body.is_empty() {
            note.body = Some(Body { at: beat.at, text: body.to_owned() });
        }
        serde_json::to_vec(&note).ok().map(Bytes::from)
    }
}

/// A body as it is kept.
pub(super) fn cut(body: &[u8]) -> String {
    let kept = body.get(..MAX_KEPT).unwrap_or(body);
    let mut text = String::from_utf8_lossy(kept).into_owned();
    // A character that was cut in two, or what is no text, is longer once it is replaced.
    while text.len() > MAX_KEPT {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use standin_core::beat::Signal;

    use super::*;

    fn beat(at: i64) -> Beat {
        let at = Timestamp::from_second(at).unwrap();
        Beat { at, signal: Signal::Success, rid: String::new(), exit: None }
    }

    #[test]
    fn the_last_body_stays_until_another_comes() {
        let first = Note::after(None, &beat(1), "12 files").unwrap();
        let second = Note::after(Some(&first), &beat(2), "").unwrap();
        let note = Note::read(&second).unwrap();
        assert_eq!((note.beats.count, note.body.unwrap().text.as_str()), (2, "12 files"));
        let third = Note::after(Some(&second), &beat(3), "13 files").unwrap();
        assert_eq!(Note::read(&third).unwrap().body.unwrap().text, "13 files");
    }

    #[test]
    fn a_note_of_before_bodies_is_read_and_garbage_begins_anew() {
        let mut sum = BeatState::default();
        sum.record(&beat(1));
        let old = serde_json::to_vec(&sum).unwrap();
        let next = Note::after(Some(&old), &beat(2), "").unwrap();
        assert_eq!(Note::read(&next).unwrap().beats.count, 2);
        let anew = Note::after(Some(b"{"), &beat(2), "").unwrap();
        assert_eq!(Note::read(&anew).unwrap().beats.count, 1);
    }

    #[test]
    fn a_body_is_cut_to_its_limit_whatever_it_is() {
        assert_eq!(cut(b"ok"), "ok");
        assert_eq!(cut(&[b'a'; 2 * MAX_KEPT]).len(), MAX_KEPT);
        assert!(cut(&[0xff; 2 * MAX_KEPT]).len() <= MAX_KEPT);
        let euros = "\u{20ac}".repeat(MAX_KEPT);
        assert!(cut(euros.as_bytes()).len() <= MAX_KEPT);
    }
}
