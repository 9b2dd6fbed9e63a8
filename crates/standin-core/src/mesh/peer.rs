//! Peers and what they say of themselves.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::clock::StoreTime;
use super::digest::Digest;
use super::fitness::SelfHealth;

/// The longest name of a peer, in bytes: names travel in file names and refs.
pub const MAX_PEER_BYTES: usize = 64;

/// Incarnations and sequence numbers stop here, so that one garbage record cannot use up the numbers.
pub const MAX_COUNT: u64 = 1 << 53;

/// The name of one deployment of Standin that watches and can act: the Action, the function or an agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PeerId(String);

/// The text is no name of a peer. Nothing was changed; the caller counts the record as corrupt or asks the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a peer's name is 1 to 64 letters, digits, `-`, `_` or `.`, and begins with a letter or digit")]
pub struct PeerIdError;

impl FromStr for PeerId {
    type Err = PeerIdError;

    fn from_str(text: &str) -> Result<Self, PeerIdError> {
        let fits = !text.is_empty() && text.len() <= MAX_PEER_BYTES;
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if fits && plain && begins { Ok(Self(text.to_owned())) } else { Err(PeerIdError) }
    }
}

impl TryFrom<String> for PeerId {
    type Error = PeerIdError;

    fn try_from(text: String) -> Result<Self, PeerIdError> {
        text.parse()
    }
}

impl From<PeerId> for String {
    fn from(id: PeerId) -> Self {
        id.0
    }
}

impl PeerId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Which of a peer's beats: later ones are greater. A beat without a predecessor has `seq` 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BeatNumber {
    /// +1 for each boot of an agent; a peer without memory stays at 0.
    pub incarnation: u64,
    /// +1 for each beat. A peer without memory takes the greatest that it can read, + 1.
    pub seq: u64,
}

impl BeatNumber {
    /// The number of the next beat of the same life; stops at [`MAX_COUNT`].
    #[must_use]
    pub fn next(self) -> Self {
        Self { seq: self.seq.saturating_add(1).min(MAX_COUNT), ..self }
    }
}

/// One sign of life of a peer, written by that peer alone. A heartbeat of an *automation* is
/// [`crate::beat::Beat`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PeerBeat {
    /// Who.
    pub peer: PeerId,
    /// Which one.
    pub number: BeatNumber,
    /// When it was written, on the clock of the store that it lies in.
    pub stamp: StoreTime,
    /// When the next one is expected, on the same clock.
    pub due: StoreTime,
    /// How far the peer trusts itself.
    pub self_health: SelfHealth,
    /// A hash of the configuration it runs with: peers that differ say so.
    pub config_hash: u64,
}

/// Why a beat is not taken in. The record is left as it is, counted as corrupt, and says nothing of its peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BeatError {
    /// Its incarnation or sequence number is beyond [`MAX_COUNT`].
    #[error("its incarnation or sequence number is out of range")]
    Number,
    /// It was written in the future of its own store.
    #[error("it is stamped in the future of its store")]
    Future,
}

impl PeerBeat {
    /// Whether a reader may take it in, at `now` on the clock of the store that it lies in.
    ///
    /// # Errors
    /// [`BeatError`], when it is garbage.
    pub fn check(&self, now: StoreTime) -> Result<(), BeatError> {
        if self.number.incarnation > MAX_COUNT || self.number.seq > MAX_COUNT {
            return Err(BeatError::Number);
        }
        let latest = now.plus(u64::from(super::clock::TOLERANCE_MS));
        if self.stamp > latest { Err(BeatError::Future) } else { Ok(()) }
    }

    /// Its age in milliseconds, both ends on the same store's clock.
    pub fn age(&self, now: StoreTime) -> u64 {
        now.since(self.stamp)
    }

    pub(super) fn digest(&self) -> u128 {
        Digest::new()
            .text(self.peer.as_str())
            .number(self.number.incarnation)
            .number(self.number.seq)
            .number(self.stamp.0.cast_unsigned())
            .number(self.due.0.cast_unsigned())
            .number(u64::from(self.self_health.level()))
            .number(self.config_hash)
            .whole()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        assert!("agent-1.eu_west".parse::<PeerId>().is_ok());
        for bad in ["", "-x", "a b", "a/b", "a\n", "\u{e9}", &"x".repeat(65)] {
            assert_eq!(bad.parse::<PeerId>(), Err(PeerIdError), "{bad:?}");
        }
    }

    #[test]
    fn the_next_number_is_greater_and_a_new_life_greater_still() {
        let n = BeatNumber { incarnation: 1, seq: 9 };
        assert!(n.next() > n);
        assert!(BeatNumber { incarnation: 2, seq: 1 } > n.next());
        let last = BeatNumber { incarnation: 0, seq: MAX_COUNT };
        assert_eq!(last.next(), last);
    }
}
