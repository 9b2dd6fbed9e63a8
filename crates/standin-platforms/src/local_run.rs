//! Runs of commands on this machine, that outlive the agent.
//!
//! A run is a small `sh` that writes down who it is, runs the command, and writes down how that ended. Its output goes
//! straight into a file. So an agent that is killed takes nothing with it: the command goes on, nothing breaks its
//! output, and the next agent learns from the files how it went. The files of the run NAME, in one folder:
//!
//! | file | written by | says |
//! |---|---|---|
//! | `NAME.out` | the command | its output; while the run lives, it holds a lock on this file |
//! | `NAME.pid` | the wrapper, before the command | process id and start time, as JSON |
//! | `NAME.exit` | the wrapper, or whoever stopped the run | the exit code, or `timeout` or `stopped` |
//!
//! The lock is what tells a live run from a dead one: it belongs to the open file that all processes of the run
//! inherit, so it ends with the last of them and no reused process id can be taken for the run.

mod files;
mod output;
mod runner;
mod running;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};
use standin_core::run::RunEnd;
use tokio::process::Command;

pub(crate) use files::fnv1a;
pub use files::{MAX_NAME_BYTES, NameError, RunName};
pub use output::{KEPT_OUTPUT_BYTES, MAX_OUTPUT_BYTES};
pub use runner::LocalRunner;
pub use running::{Running, TERM_GRACE};

use files::{Files, Liveness};

/// Variables that every command gets from the agent's environment, where they are set there.
pub const PASSED_ON: [&str; 6] = ["PATH", "HOME", "LANG", "USER", "SHELL", "TZ"];

/// Most runs that [`RunFolder::known`] lists.
pub const MAX_KNOWN_RUNS: usize = 10_000;

/// Runs the command and records who and how. `$1` is the path of the run's files without their endings, `$2` the
/// command. The traps keep the wrapper alive to record the end of a command that was sent a signal with its group;
/// the command itself gets the signals as usual. Nobody's record is overwritten.
const WRAPPER: &str = r#"
run=$1; command=$2
trap : HUP INT TERM
read -r stat </proc/$$/stat && set -- ${stat##*) } &&
    printf '{"pid":%d,"start":%d}\n' $$ "${20}" >"$run.pid.new" && command -p mv -f -- "$run.pid.new" "$run.pid" || {
    echo "standin: the run could not be recorded, so the command was not started" >&2
    exit 125
}
/bin/sh -c "$command"
code=$?
if [ ! -e "$run.exit" ]; then
    printf '%d\n' "$code" >"$run.exit.new" && command -p mv -f -- "$run.exit.new" "$run.exit"
fi
exit "$code"
"#;

/// What to run, and how.
#[derive(Debug, Clone)]
pub struct RunSpec {
    /// For `sh -c`.
    pub command: String,
    /// Where it runs, absolute.
    pub dir: PathBuf,
    /// Variables that are set for it.
    pub env: BTreeMap<String, SecretString>,
    /// Variables that it gets from the agent's environment, beside [`PASSED_ON`].
    pub env_from: Vec<String>,
    /// How long it may take until it is stopped.
    pub time_limit: Duration,
}

/// Why a run was not started. Nothing runs, and unless the name is taken no file is left.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A run of this name was started before: ask [`RunFolder::adopt`] what became of it.
    #[error("a run of the name {0} exists already")]
    Known(RunName),
    /// The working directory is not there; the user corrects `dir`.
    #[error("the directory {} is not there", .0.display())]
    NoDirectory(PathBuf),
    /// A variable of `env_from` is not set for the agent; the user sets it, or takes it out.
    #[error("the variable {0} of `env_from` is not set in the agent's environment")]
    NoVariable(String),
    /// The system refused: no space, no rights, too many processes. It may work later.
    #[error("the command could not be started: {0}")]
    System(#[from] io::Error),
}

/// What became of a run that an earlier life of the agent started.
#[allow(clippy::large_enum_variant, reason = "made once for a run, and taken apart at once")]
#[derive(Debug)]
pub enum Adopted {
    /// It still runs.
    Running(Running),
    /// It has ended.
    Ended(RunEnd),
    /// No run of this name was ever started.
    Unknown,
}

/// The folder with the files of runs.
#[derive(Debug, Clone)]
pub struct RunFolder {
    dir: PathBuf,
}

impl RunFolder {
    /// The folder at this path, made if it is not there, and readable for its owner only: outputs may hold secrets.
    ///
    /// # Errors
    /// What the system says, or that the path is a symbolic link: outputs would be written elsewhere.
    pub fn open(dir: impl Into<PathBuf>) -> io::Result<Self> {
        let dir = dir.into();
        if dir.is_symlink() {
            let why = format!("{} is a symbolic link, and runs write through none: remove it", dir.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        if std::fs::metadata(&dir)?.permissions().mode() & 0o077 != 0 {
            std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700))?;
        }
        // Commands run elsewhere, so the wrapper needs the whole path.
        Ok(Self { dir: std::path::absolute(dir)? })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Starts a run. The same name never starts a second one, whatever happens in between.
    ///
    /// The command gets an environment of [`PASSED_ON`], `env_from` and `env`, an empty standard input, and a process
    /// group of its own. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(&self, spec: &RunSpec, name: &RunName) -> Result<Running, StartError> {
        if !spec.dir.is_dir() {
            return Err(StartError::NoDirectory(spec.dir.clone()));
        }
        let passed = passed_on(&spec.env_from)?;
        let files = self.files(name);
        let out = match OpenOptions::new().append(true).create_new(true).mode(0o600).open(files.out()) {
            Ok(out) => out,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                return Err(StartError::Known(name.clone()));
            }
            Err(e) => return Err(StartError::System(e)),
        };
        let spawned = out.lock().and_then(|()| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", WRAPPER, "standin-run"]).arg(files.base()).arg(&spec.command);
            command.current_dir(&spec.dir).env_clear().envs(passed);
            command.envs(spec.env.iter().map(|(name, value)| (name, value.expose_secret())));
            command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
            command.process_group(0).kill_on_drop(false).spawn()
        });
        match spawned {
            Ok(child) => Ok(Running::started(files, child)),
            Err(e) => {
                files.remove();
                Err(StartError::System(e))
            }
        }
    }

    /// What became of a run, whoever started it.
    pub fn adopt(&self, name: &RunName) -> Adopted {
        let files = self.files(name);
        // The order matters: a run records its end before it lets go of the lock.
        match files.liveness() {
            Liveness::NoSuchRun => Adopted::Unknown,
            Liveness::Alive => match files.end() {
                Some(end) => Adopted::Ended(end),
                None => Adopted::Running(Running::adopted(files)),
            },
            Liveness::Dead => Adopted::Ended(files.end().unwrap_or(RunEnd::Lost)),
        }
    }

    /// The last part of a run's output, at most `max` bytes of it; empty when there is none.
    pub fn read_output(&self, name: &RunName, max: usize) -> String {
        output::tail(&self.files(name).out(), max)
    }

    /// Removes the files of a run that has ended. Its name could be started again after this.
    pub fn forget(&self, name: &RunName) {
        self.files(name).remove();
    }

    /// The runs that have files here, ordered by name, at most [`MAX_KNOWN_RUNS`].
    pub fn known(&self) -> Vec<RunName> {
        let Ok(entries) = std::fs::read_dir(&self.dir) else { return Vec::new() };
        let mut names: Vec<RunName> = entries
            .filter_map(|entry| {
                entry.ok()?.file_name().into_string().ok()?.strip_suffix(".out")?.parse().ok()
            })
            .take(MAX_KNOWN_RUNS)
            .collect();
        names.sort();
        names
    }

    /// Forgets runs that have ended and whose files nobody has touched for this long.
    pub fn prune(&self, age: Duration, now: SystemTime) {
        for name in self.known() {
            let files = self.files(&name);
            let touched = std::fs::metadata(files.out()).and_then(|m| m.modified());
            let old = touched.is_ok_and(|t| now.duration_since(t).is_ok_and(|passed| passed > age));
            if old && !matches!(files.liveness(), Liveness::Alive) {
                files.remove();
            }
        }
    }

    fn files(&self, name: &RunName) -> Files {
        Files::new(&self.dir, name)
    }
}

/// The variables that the command gets from the agent's environment.
fn passed_on(env_from: &[String]) -> Result<Vec<(String, std::ffi::OsString)>, StartError> {
    let mut passed: Vec<_> =
        PASSED_ON.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var_os(name)?))).collect();
    for name in env_from {
        let value = std::env::var_os(name).ok_or_else(|| StartError::NoVariable(name.clone()))?;
        passed.push((name.clone(), value));
    }
    Ok(passed)
}
