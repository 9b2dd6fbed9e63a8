//! One agent for each state: a lock that the kernel lets go when its holder ends, however it ends.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::state_dir::link;

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
        let mut file = open(path).map_err(io)?;
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

/// Opens the file of the lock, and nothing that it could lead to: it is emptied later.
fn open(path: &Path) -> std::io::Result<File> {
    if let Some(dir) = path.parent()
        && dir.is_symlink()
    {
        return Err(link(dir));
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let opened = options.custom_flags(OFlag::O_NOFOLLOW.bits()).open(path);
    opened.map_err(|e| if e.raw_os_error() == Some(Errno::ELOOP as i32) { link(path) } else { e })
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

    #[test]
    fn a_lock_that_is_a_link_is_refused_and_what_it_leads_to_stays() {
        let dir = tempfile::tempdir().unwrap();
        let victim = dir.path().join("victim");
        std::fs::write(&victim, "dear").unwrap();
        std::fs::create_dir(dir.path().join("state")).unwrap();
        std::os::unix::fs::symlink(&victim, dir.path().join("state/agent.lock")).unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("linked")).unwrap();
        for (path, named) in [("state/agent.lock", "state/agent.lock"), ("linked/victim", "linked")] {
            let refused = Lock::take(&dir.path().join(path), Duration::ZERO).unwrap_err().to_string();
            assert!(refused.contains(&format!("{named} is a symbolic link")), "{refused}");
            assert_eq!(std::fs::read_to_string(&victim).unwrap(), "dear");
        }
    }
}
