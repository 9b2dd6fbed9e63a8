//! The names and files of runs.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use nix::sys::signal::Signal;
use serde::Deserialize;
use standin_core::run::RunEnd;

/// Longest name of a run, in bytes: with its endings it must fit a file name.
pub const MAX_NAME_BYTES: usize = 200;

/// Longest record that is read, in bytes.
const MAX_RECORD_BYTES: u64 = 256;

/// A shell says the end by a signal as 128 and its number.
const BY_SIGNAL: i32 = 128;

/// The name of a run: letters, digits and `.`, `_`, `-`, and no dot first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunName(String);

/// This is not the name of a run; take [`RunName::of`] for texts that may hold anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of a run is 1 to {MAX_NAME_BYTES} letters, digits, `.`, `_` or `-`, and does not begin with a dot"
)]
pub struct NameError;

impl RunName {
    /// A name for any key: the same key and attempt always give the same name, different ones different names.
    pub fn of(key: &str, attempt: u8) -> Self {
        let readable: String = key
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
            .take(120)
            .collect();
        // The readable part alone could be the same for two keys.
        Self(format!("{readable}.{:016x}.{attempt}", fnv1a(key.as_bytes())))
    }
}

impl FromStr for RunName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let fits = (1..=MAX_NAME_BYTES).contains(&text.len());
        if fits && text.bytes().all(plain) && !text.starts_with('.') {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError)
        }
    }
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// 64-bit FNV-1a: it must never change, since names outlive versions.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

/// Who a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Identity {
    /// The wrapper's process id, which is also its group's.
    pub(super) pid: i32,
    /// When it started, in ticks since the start of the machine.
    pub(super) start: u64,
}

/// Whether a process of a run is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Liveness {
    /// It has no output file, so it was never started.
    NoSuchRun,
    /// One is.
    Alive,
    /// None is.
    Dead,
}

/// Why a run was ended from outside, as it is recorded.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stopped {
    TimedOut,
    Asked,
}

/// The files of one run.
#[derive(Debug, Clone)]
pub(super) struct Files {
    base: PathBuf,
}

impl Files {
    pub(super) fn new(dir: &Path, name: &RunName) -> Self {
        Self { base: dir.join(&name.0) }
    }

    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    pub(super) fn out(&self) -> PathBuf {
        self.ending(".out")
    }

    fn ending(&self, ending: &str) -> PathBuf {
        let mut path = self.base.clone().into_os_string();
        path.push(ending);
        path.into()
    }

    /// Who the run is, once the wrapper has said so.
    pub(super) fn identity(&self) -> Option<Identity> {
        serde_json::from_str(&read_record(&self.ending(".pid"))?).ok()
    }

    /// How it ended, if that is recorded.
    pub(super) fn end(&self) -> Option<RunEnd> {
        let record = read_record(&self.ending(".exit"))?;
        match record.trim() {
            "timeout" => Some(RunEnd::TimedOut),
            "stopped" => Some(RunEnd::Killed { signal: Signal::SIGTERM.as_str().into() }),
            code => Some(end_of(code.parse().ok()?)),
        }
    }

    /// Records that the run is about to be ended from outside, unless it has recorded its own end already.
    pub(super) fn record_stop(&self, why: Stopped) -> io::Result<()> {
        let text: &[u8] = match why {
            Stopped::TimedOut => b"timeout\n",
            Stopped::Asked => b"stopped\n",
        };
        match File::create_new(self.ending(".exit")) {
            Ok(mut file) => file.write_all(text),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(e) => Err(e),
        }
    }

    pub(super) fn liveness(&self) -> Liveness {
        let file = match File::open(self.out()) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Liveness::NoSuchRun,
            // Cannot be told; a run that is taken for alive is at least not run twice.
            Err(_) => return Liveness::Alive,
        };
        match file.try_lock_shared() {
            Ok(()) => Liveness::Dead,
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => Liveness::Alive,
        }
    }

    /// Removes all of them, the output last: as long as it is there, the name is taken.
    pub(super) fn remove(&self) {
        for ending in [".pid.new", ".exit.new", ".pid", ".exit", ".out"] {
            // What is not there need not go; what cannot go is taken by the next prune.
            let _ = fs::remove_file(self.ending(ending));
        }
    }
}

fn read_record(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(MAX_RECORD_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

/// What a shell's exit code says.
pub(super) fn end_of(code: i32) -> RunEnd {
    match code.checked_sub(BY_SIGNAL).map(Signal::try_from) {
        Some(Ok(signal)) => RunEnd::Killed { signal: signal.as_str().into() },
        Some(Err(_)) | None => RunEnd::Exited { code },
    }
}

/// When a process started, in ticks since the start of the machine; `None` when there is no such process.
pub(super) fn start_of(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything; the start is the twentieth field after it.
    stat.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()
}
