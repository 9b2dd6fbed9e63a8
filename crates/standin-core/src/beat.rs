//! Heartbeats: signals that an automation sends of its own runs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a heartbeat says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// A run has begun.
    Start,
    /// A run has ended well.
    Success,
    /// A run has ended badly.
    Fail,
    /// Something to keep; never changes the health.
    Log,
}

impl std::fmt::Display for Signal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Start => "start",
            Self::Success => "success",
            Self::Fail => "fail",
            Self::Log => "log",
        })
    }
}

/// One heartbeat, as it arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// When it arrived (or, out of the spool, when it was sent).
    pub at: Timestamp,
    /// What it says.
    pub signal: Signal,
    /// The run that it belongs to; empty when the sender did not say.
    pub rid: String,
    /// The exit status that it reported, for [`Signal::Fail`] and [`Signal::Success`].
    pub exit: Option<u8>,
}

/// What all heartbeats of one automation so far come to: enough to judge it, constant in size.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeatState {
    /// Beats that count for the health (all but `log`).
    pub count: u64,
    /// The first beat of all.
    pub first: Option<Timestamp>,
    /// The last success.
    pub last_success: Option<Timestamp>,
    /// The last failure, if no success came after it.
    pub failed: Option<Timestamp>,
    /// The exit status of that failure.
    pub exit: Option<u8>,
    /// When the run that has not ended yet began.
    pub started: Option<Timestamp>,
    /// Its run id; empty when the sender did not say.
    pub started_rid: String,
}

impl BeatState {
    /// Takes in one beat. A late arrival of an old beat (out of a spool) never moves anything back.
    pub fn record(&mut self, beat: &Beat) {
        if beat.signal == Signal::Log {
            return;
        }
        self.count = self.count.saturating_add(1);
        self.first = Some(self.first.map_or(beat.at, |first| first.min(beat.at)));
        match beat.signal {
            Signal::Log => {}
            Signal::Start => {
                if self.started.is_none_or(|s| s <= beat.at) && self.newest_end().is_none_or(|e| e <= beat.at)
                {
                    self.started = Some(beat.at);
                    self.started_rid.clone_from(&beat.rid);
                }
            }
            Signal::Success => {
                self.end(beat);
                if self.last_success.is_none_or(|s| s <= beat.at) {
                    self.last_success = Some(beat.at);
                }
                if self.failed.is_some_and(|f| f <= beat.at) {
                    self.failed = None;
                    self.exit = None;
                }
            }
            Signal::Fail => {
                self.end(beat);
                if self.newest_end().is_none_or(|e| e <= beat.at) {
                    self.failed = Some(beat.at);
                    self.exit = beat.exit;
                }
            }
        }
    }

    /// A success or failure ends the open run: without a run id any, with one only its own.
    fn end(&mut self, beat: &Beat) {
        let matches = beat.rid.is_empty() || self.started_rid.is_empty() || beat.rid == self.started_rid;
        if matches && self.started.is_some_and(|s| s <= beat.at) {
            self.started = None;
            self.started_rid.clear();
        }
    }

    fn newest_end(&self) -> Option<Timestamp> {
        self.last_success.max(self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn beat(second: i64, signal: Signal, rid: &str) -> Beat {
        Beat { at: at(second), signal, rid: rid.into(), exit: None }
    }

    fn after(beats: &[Beat]) -> BeatState {
        let mut state = BeatState::default();
        for b in beats {
            state.record(b);
        }
        state
    }

    #[test]
    fn a_success_with_another_run_id_leaves_the_run_open() {
        let s = after(&[beat(0, Signal::Start, "a"), beat(1, Signal::Success, "b")]);
        assert_eq!((s.started, s.last_success), (Some(at(0)), Some(at(1))));
        let s = after(&[beat(0, Signal::Start, "a"), beat(1, Signal::Success, "a")]);
        assert_eq!(s.started, None);
        let s = after(&[beat(0, Signal::Start, "a"), beat(1, Signal::Success, "")]);
        assert_eq!(s.started, None);
    }

    #[test]
    fn a_failure_stands_until_a_later_success() {
        let s = after(&[beat(0, Signal::Success, ""), beat(5, Signal::Fail, "")]);
        assert_eq!((s.failed, s.last_success), (Some(at(5)), Some(at(0))));
        let s = after(&[beat(5, Signal::Fail, ""), beat(6, Signal::Success, "")]);
        assert_eq!((s.failed, s.last_success), (None, Some(at(6))));
    }

    #[test]
    fn an_old_beat_out_of_a_spool_moves_nothing_back() {
        let s =
            after(&[beat(10, Signal::Success, ""), beat(3, Signal::Fail, ""), beat(2, Signal::Start, "")]);
        assert_eq!((s.failed, s.last_success, s.started), (None, Some(at(10)), None));
    }

    #[test]
    fn a_log_changes_nothing() {
        assert_eq!(after(&[beat(1, Signal::Log, "")]), BeatState::default());
    }
}
