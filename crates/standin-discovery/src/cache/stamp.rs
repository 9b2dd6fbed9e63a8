//! By what a changed file or folder is known.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

/// The clock of a file system that counts parts of a second moves on at least as often.
const FINE: Duration = Duration::from_millis(50);
/// The clock of any other moves on at least as often.
const COARSE: Duration = Duration::from_millis(2_500);

/// Size, times, and number on its disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(super) size: u64,
    /// Seconds and nanoseconds.
    pub(super) modified: (i64, i64),
    pub(super) changed: (i64, i64),
    pub(super) inode: u64,
    pub(super) device: u64,
    pub(super) mode: u32,
}

impl Stamp {
    pub(crate) fn new(about: &Metadata) -> Self {
        Self {
            size: about.len(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
            inode: about.ino(),
            device: about.dev(),
            mode: about.mode(),
        }
    }

    /// Whether it is a file's, and no folder's.
    pub(crate) const fn is_file(&self) -> bool {
        const SORT: u32 = 0o170_000;
        const FILE: u32 = 0o100_000;
        self.mode & SORT == FILE
    }

    /// Whether whatever is written from this moment on gives another stamp. What was written just before may be written
    /// again before the clock of the disk moves on. `now` counts from 1970.
    pub(crate) fn is_settled(&self, now: Duration) -> bool {
        let (seconds, parts) = self.modified.max(self.changed);
        let slack = if self.modified.1 == 0 && self.changed.1 == 0 { COARSE } else { FINE };
        let (Ok(seconds), Ok(parts)) = (u64::try_from(seconds), u32::try_from(parts)) else { return false };
        Duration::from_secs(seconds)
            .checked_add(Duration::from_nanos(parts.into()))
            .and_then(|written| written.checked_add(slack))
            .is_some_and(|settled| settled < now)
    }
}
