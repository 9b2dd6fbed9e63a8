//! One agent for each state: a lock that the kernel lets go when its holder ends, however it ends.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often a waiting agent looks whether the lock is free.
const POLL: Duration = Duration::from_millis(100);

/// Held as long as it lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why the lock was not taken. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another agent runs on this state.
    #[error(
        "an agent runs already for this repository, as process {pid}: `standin status` asks it, `standin down` ends it"
    )]
    Held {
        /// Its process.
        pid: u32,
    },
    /// The operating system refused.
    #[error("the lock {path} cannot be taken: {source}")]
    Io {
        /// The lock file.
        path: String,
        /// What it said.
        source: std::io::Error,
    },
}

impl Lock {
    /// Takes the lock, or waits up to `patience` for its holder to end.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take(path: &Path, patience: Duration) -> Result<Self, LockError> {
        let io = |source| LockError::Io { path: path.display().to_string(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(io)?;
        let deadline = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(std::fs::TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(POLL)
                }
                Err(std::fs::TryLockError::WouldBlock) => {
                    return Err(LockError::Held { pid: holder(&mut file) });
                }
                Err(std::fs::TryLockError::Error(source)) => return Err(io(source)),
            }
        }
        file.set_len(0).map_err(io)?;
        file.rewind().map_err(io)?;
        write!(file, "{}", std::process::id()).map_err(io)?;
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> u32 {
    let mut text = String::new();
    let _ = file.rewind();
    let _ = file.take(16).read_to_string(&mut text);
    text.trim().parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_second_agent_is_refused_with_the_pid_of_the_first_and_may_come_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent.lock");
        let first = Lock::take(&path, Duration::ZERO).unwrap();
        match Lock::take(&path, Duration::ZERO) {
            Err(LockError::Held { pid }) => assert_eq!(pid, std::process::id()),
            other => panic!("{other:?}"),
        }
        drop(first);
        Lock::take(&path, Duration::ZERO).unwrap();
    }
}
