//! Runs the `pm2` command where its sockets do not do: to start a daemon, to start an app of an ecosystem file, and to
//! read the list when the socket's protocol is not understood.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::sync::Mutex;

/// The variables that PM2 gets, and that every app it starts inherits and PM2 then stores: no secret is among them.
pub const PASSED_ON: [&str; 5] = ["PATH", "HOME", "USER", "LANG", "SHELL"];
/// How long the command that starts a daemon keeps others waiting.
const PING_LIMIT: Duration = Duration::from_secs(60);
/// The longest output that is read.
const MAX_OUTPUT_BYTES: u64 = 64 << 20;
/// How much of PM2's own words is passed on.
const MAX_WORDS: usize = 200;

/// Where the `pm2` command is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pm2Binary {
    /// Here, as the settings say.
    At(PathBuf),
    /// In the tools or the dependencies of this folder, or else in PATH.
    Search(PathBuf),
}

impl Pm2Binary {
    /// The command's path; `None` when there is none.
    pub fn find(&self) -> Option<PathBuf> {
        match self {
            Self::At(path) => path.is_file().then(|| path.clone()),
            Self::Search(folder) => {
                let near = ["node_modules/.bin/pm2", ".tools/node/node_modules/.bin/pm2"];
                let near = near.iter().map(|place| folder.join(place));
                let path = std::env::var_os("PATH").unwrap_or_default();
                let far: Vec<PathBuf> = std::env::split_paths(&path).map(|dir| dir.join("pm2")).collect();
                near.chain(far).find(|place| place.is_file())
            }
        }
    }
}

/// Why a run of the command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// There is none; nothing was done. The user installs PM2 or names it in the settings.
    #[error("the pm2 command was not found; install PM2, or say where it is in standin.toml")]
    NotFound,
    /// It could not be started; nothing was done.
    #[error("pm2 could not be started: {0}")]
    NotStarted(std::io::Error),
    /// It ended with an error; what it did until then is not known, mostly nothing.
    #[error("pm2 failed: {0}")]
    Failed(String),
    /// It took too long and was ended; what it did is not known.
    #[error("pm2 did not end within {0} s")]
    TimedOut(u64),
}

/// The command, with the home that it works on.
#[derive(Debug)]
pub(super) struct Cli {
    pub(super) home: PathBuf,
    pub(super) binary: Pm2Binary,
    /// One at a time: two commands that find no daemon would each start one.
    pub(super) turn: Arc<Mutex<()>>,
}

impl Cli {
    fn command(&self, args: &[&str]) -> Result<Command, CliError> {
        let mut command = Command::new(self.binary.find().ok_or(CliError::NotFound)?);
        let kept: Vec<(&str, OsString)> =
            PASSED_ON.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))).collect();
        command.args(args).env_clear().envs(kept).env("PM2_HOME", &self.home).stdin(Stdio::null());
        // Away from the terminal's Ctrl-C and from whatever ends the agent's group: the daemon it may start stays.
        command.current_dir(Path::new("/")).process_group(0);
        Ok(command)
    }

    /// Runs the command to its end and gives what it printed.
    pub(super) async fn run(&self, args: &[&str], limit: Duration) -> Result<Vec<u8>, CliError> {
        self.run_in(Path::new("/"), args, limit).await
    }

    /// The same in a folder: PM2 looks there for programs whose path is relative and that have no `cwd`.
    pub(super) async fn run_in(
        &self,
        dir: &Path,
        args: &[&str],
        limit: Duration,
    ) -> Result<Vec<u8>, CliError> {
        let _turn = self.turn.lock().await;
        let mut command = self.command(args)?;
        command.current_dir(dir);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(CliError::NotStarted)?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let work = async {
            // The daemon that it may start does not hold these pipes open: PM2 gives it files of its own.
            let (out, err) = tokio::join!(drain(out), drain(err));
            (child.wait().await, out, err)
        };
        match tokio::time::timeout(limit, work).await {
            Err(_) => Err(CliError::TimedOut(limit.as_secs())),
            Ok((Err(why), _, _)) => Err(CliError::NotStarted(why)),
            Ok((Ok(status), out, _)) if status.success() => Ok(out),
            Ok((Ok(_), out, err)) => Err(CliError::Failed(words(if err.is_empty() { &out } else { &err }))),
        }
    }

    /// Starts a daemon. It lives on without the command and without us; readiness is seen by connecting to it.
    pub(super) async fn start_daemon(&self) -> Result<(), CliError> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let mut command = self.command(&["ping"])?;
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(CliError::NotStarted)?;
        tokio::spawn(async move {
            // Only so that it does not stay as a zombie; whether a daemon came of it is seen at its socket.
            let _ = tokio::time::timeout(PING_LIMIT, child.wait()).await;
            drop(turn);
        });
        Ok(())
    }
}

async fn drain(pipe: Option<impl tokio::io::AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What was read until an error is used.
        let _ = pipe.take(MAX_OUTPUT_BYTES).read_to_end(&mut bytes).await;
    }
    bytes
}

/// The first line of PM2's words that says what went wrong, without colours.
fn words(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let line = text.lines().find(|line| line.contains("ERROR")).or_else(|| text.lines().next());
    let mut plain = String::new();
    let mut chars = line.unwrap_or("no reason given").chars();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => {
                chars.by_ref().take(8).find(|c| *c == 'm');
            }
            char if char.is_control() => {}
            char => plain.push(char),
        }
    }
    plain.trim().chars().take(MAX_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_error_line_without_colours() {
        let output = "[PM2] Applying\n\u{1b}[31m[PM2][ERROR] \u{1b}[39mFile x not found\nat y\n";
        assert_eq!(words(output.as_bytes()), "[PM2][ERROR] File x not found");
        assert_eq!(words(b""), "no reason given");
    }

    #[test]
    fn the_command_is_looked_for_near_and_a_wrong_setting_finds_none() {
        let dir = tempfile::tempdir().unwrap();
        let near = dir.path().join("node_modules/.bin");
        std::fs::create_dir_all(&near).unwrap();
        std::fs::write(near.join("pm2"), "").unwrap();
        assert_eq!(Pm2Binary::Search(dir.path().to_owned()).find(), Some(near.join("pm2")));
        assert_eq!(Pm2Binary::At(dir.path().join("none")).find(), None);
    }

    #[tokio::test]
    async fn the_environment_is_scrubbed_and_a_command_that_hangs_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("pm2");
        std::fs::write(&script, "#!/bin/sh\n[ \"$1\" = hang ] && exec sleep 60\nenv\n").unwrap();
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let cli = Cli { home: dir.path().to_owned(), binary: Pm2Binary::At(script), turn: Arc::default() };
        let seen = String::from_utf8(cli.run(&["x"], Duration::from_secs(10)).await.unwrap()).unwrap();
        // The test runner's own variables stand for secrets.
        assert!(seen.contains("PM2_HOME=") && !seen.contains("CARGO"), "{seen}");
        let hung = cli.run(&["hang"], Duration::from_millis(200)).await;
        assert!(matches!(hung, Err(CliError::TimedOut(_))));
    }
}
