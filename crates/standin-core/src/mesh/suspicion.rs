//! Suspicions: evidence against a peer that is not yet enough to act.

use serde::{Deserialize, Serialize};

use super::clock::StoreTime;
use super::fitness::{SelfHealth, Settle};
use super::peer::{BeatNumber, PeerBeat, PeerId};

/// "I have heard nothing of `target` since its beat `about`."
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Suspicion {
    /// Who says so.
    pub accuser: PeerId,
    /// Of whom.
    pub target: PeerId,
    /// The newest beat that the accuser had seen; the default when it had seen none.
    pub about: BeatNumber,
    /// When the accuser first said so of that beat, on the clock of the store that it lies in.
    pub since: StoreTime,
}

impl Suspicion {
    /// A beat newer than what the suspicion is about refutes it.
    pub fn is_refuted_by(&self, newest: Option<&PeerBeat>) -> bool {
        newest.is_some_and(|beat| beat.peer == self.target && beat.number > self.about)
    }

    /// Of two suspicions by the same accuser of the same target: the one about the newer beat, and its first moment.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        match self.about.cmp(&other.about) {
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Greater => self,
            std::cmp::Ordering::Equal => self.min(other),
        }
    }
}

/// Why a watcher must not open an accusation now. Nothing was written; it watches on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It does not trust itself: it may second what another says, and opens nothing.
    #[error("this watcher has faults of its own (self-health {})", .0.level())]
    SelfHealth(SelfHealth),
    /// It has not yet read enough since it woke.
    #[error("this watcher has not settled yet")]
    NotSettled,
    /// The target was heard of since.
    #[error("a newer beat refutes it")]
    Refuted,
}

/// Whether a watcher may open this accusation: it trusts itself, has settled, and nothing refutes it.
///
/// # Errors
/// [`Unfit`], the first reason why not.
pub fn may_open(
    suspicion: &Suspicion,
    newest: Option<&PeerBeat>,
    own: SelfHealth,
    settle: &Settle,
) -> Result<(), Unfit> {
    if !own.is_clean() {
        return Err(Unfit::SelfHealth(own));
    }
    may_second(suspicion, newest, settle)
}

/// Whether a watcher may second an accusation that another has opened.
///
/// # Errors
/// [`Unfit`], never for its self-health.
pub fn may_second(suspicion: &Suspicion, newest: Option<&PeerBeat>, settle: &Settle) -> Result<(), Unfit> {
    if !settle.is_settled() {
        return Err(Unfit::NotSettled);
    }
    if suspicion.is_refuted_by(newest) { Err(Unfit::Refuted) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::super::fitness::{SelfFault, Woke};
    use super::*;

    fn suspicion(seq: u64) -> Suspicion {
        let about = BeatNumber { incarnation: 1, seq };
        Suspicion { accuser: "a".parse().unwrap(), target: "b".parse().unwrap(), about, since: StoreTime(0) }
    }

    fn beat(peer: &str, incarnation: u64, seq: u64) -> PeerBeat {
        PeerBeat {
            peer: peer.parse().unwrap(),
            number: BeatNumber { incarnation, seq },
            stamp: StoreTime(0),
            due: StoreTime(0),
            self_health: SelfHealth::default(),
            config_hash: 0,
        }
    }

    #[test]
    fn only_a_newer_beat_of_the_target_refutes() {
        let s = suspicion(4);
        assert!(!s.is_refuted_by(None));
        assert!(!s.is_refuted_by(Some(&beat("b", 1, 4))));
        assert!(!s.is_refuted_by(Some(&beat("c", 1, 5))));
        assert!(s.is_refuted_by(Some(&beat("b", 1, 5))));
        assert!(s.is_refuted_by(Some(&beat("b", 2, 1))), "a new life");
    }

    #[test]
    fn who_does_not_trust_itself_seconds_and_never_opens() {
        let mut settle = Settle::new(Woke::OnTime);
        let ill = SelfHealth::default().fault(SelfFault::StoreUnreachable);
        let s = suspicion(1);
        assert_eq!(may_open(&s, None, SelfHealth::default(), &settle), Err(Unfit::NotSettled));
        settle.read(StoreTime(0), 2, 3);
        assert_eq!(may_open(&s, None, SelfHealth::default(), &settle), Ok(()));
        assert_eq!(may_open(&s, None, ill, &settle), Err(Unfit::SelfHealth(ill)));
        assert_eq!(may_second(&s, None, &settle), Ok(()));
        assert_eq!(may_second(&s, Some(&beat("b", 1, 2)), &settle), Err(Unfit::Refuted));
    }
}
