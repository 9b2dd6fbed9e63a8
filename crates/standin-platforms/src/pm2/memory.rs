//! What must survive a restart of the watcher, as small JSON without any environment.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use standin_core::observation::StopCause;

use super::proc::DaemonId;

/// The version of the format.
const VERSION: u32 = 1;
/// The longest text that is read.
const MAX_BYTES: usize = 1 << 20;
/// The most entries of each kind that are kept.
pub(super) const MAX_ENTRIES: usize = 2000;

/// How one life of a process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    /// How.
    pub(super) cause: StopCause,
    /// When it was heard or first seen.
    pub(super) at: Timestamp,
}

/// Where an app of the inventory was last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// The daemon that listed it.
    pub(super) daemon: DaemonId,
    /// Whether it was deleted, or its daemon ended, by hand.
    pub(super) by_hand: bool,
}

/// The facts that are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Memory {
    /// The daemon that last answered.
    pub(super) daemon: Option<DaemonId>,
    /// Whether that daemon was ended by hand.
    pub(super) ended_by_hand: bool,
    /// The apps of the inventory that were seen, by name.
    pub(super) apps: BTreeMap<String, Seen>,
    /// How processes ended, by the app's name and the `pm_uptime` of the life.
    pub(super) ends: BTreeMap<(String, i64), End>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    daemon: Option<DaemonId>,
    ended_by_hand: bool,
    apps: BTreeMap<String, Seen>,
    ends: Vec<StoredEnd>,
}

#[derive(Serialize, Deserialize)]
struct StoredEnd {
    name: String,
    uptime_stamp: i64,
    end: End,
}

impl Memory {
    /// Reads an earlier memory; an empty, damaged or newer text is no memory.
    pub(super) fn read(text: &str) -> Self {
        if text.is_empty() || text.len() > MAX_BYTES {
            return Self::default();
        }
        match serde_json::from_str::<Stored>(text) {
            Ok(stored) if stored.version == VERSION => Self {
                daemon: stored.daemon,
                ended_by_hand: stored.ended_by_hand,
                apps: stored.apps.into_iter().take(MAX_ENTRIES).collect(),
                ends: stored
                    .ends
                    .into_iter()
                    .take(MAX_ENTRIES)
                    .map(|e| ((e.name, e.uptime_stamp), e.end))
                    .collect(),
            },
            Ok(_) | Err(_) => {
                tracing::warn!("what was remembered of PM2 cannot be read and is not used");
                Self::default()
            }
        }
    }

    pub(super) fn write(&self) -> String {
        let ends = self.ends.iter().map(|((name, uptime_stamp), end)| StoredEnd {
            name: name.clone(),
            uptime_stamp: *uptime_stamp,
            end: end.clone(),
        });
        let stored = Stored {
            version: VERSION,
            daemon: self.daemon.clone(),
            ended_by_hand: self.ended_by_hand,
            apps: self.apps.clone(),
            ends: ends.collect(),
        };
        // Maps with text keys and plain values cannot fail to be written.
        serde_json::to_string(&stored).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_garbage_is_nothing() {
        let daemon = DaemonId { pid: 4, ticks: 9, boot: "b".to_owned() };
        let seen = Seen { daemon: daemon.clone(), by_hand: true };
        let end =
            End { cause: StopCause::Killed { signal: "SIGKILL".to_owned() }, at: Timestamp::UNIX_EPOCH };
        let memory = Memory {
            daemon: Some(daemon),
            ended_by_hand: true,
            apps: BTreeMap::from([("web".to_owned(), seen)]),
            ends: BTreeMap::from([(("web".to_owned(), 17), end)]),
        };
        let text = memory.write();
        assert_eq!(Memory::read(&text), memory);
        let newer = text.replace("\"version\":1", "\"version\":2");
        for garbage in ["", "{", "[]", "null", "{\"version\":1}", newer.as_str()] {
            assert_eq!(Memory::read(garbage), Memory::default(), "{garbage}");
        }
    }
}
