//! A machine that is up while its agent is not: one command there, through the system's own OpenSSH client.
//!
//! The client is a child process without a shell, in a process group of its own that is gone when the answer is there.
//! It talks to the one host whose key is pinned, and asks nobody anything. The private key is a file that only this user
//! can read, for as long as the client runs. The first line of the command's input is the order's key and attempt; a
//! command that wants to do things once reads it, the others do not look.
//!
//! What came of it is told from the client's own log, which the machine cannot write to: a command is sent only after
//! the client has written there that the machine let it in.

mod error;
mod files;
mod said;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use secrecy::SecretString;
use standin_core::effect::EffectKey;
use standin_core::mesh::claim::Sent;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

pub use error::SshError;

use files::{Files, HOST, Secret, host_key};
use said::{Door, door, last_line};

/// Where a machine is, and what is run there.
#[derive(Debug, Clone)]
pub struct SshOptions {
    /// The user there.
    pub user: String,
    /// The machine's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its public host key, as in `known_hosts` without the name: `ssh-ed25519 AAAA…`.
    pub host_key: String,
    /// The private key, as `ssh-keygen` writes it, without a passphrase.
    pub key: SecretString,
    /// The name of the variable that the key came from, for errors.
    pub key_env: String,
    /// What is run there, by the user's shell.
    pub command: String,
    /// The OpenSSH client; by its name it is looked for in `PATH`.
    pub program: PathBuf,
    /// How long all of it may take, from the connection to the command's end.
    pub timeout: Duration,
}

/// One command on one machine.
#[derive(Debug, Clone)]
pub struct Ssh {
    options: SshOptions,
    secret: Secret,
    host_key: String,
}

/// What came of it.
#[derive(Debug)]
pub struct Ran {
    /// What is known of it.
    pub sent: Sent,
    /// Why not, or why it is unknown.
    pub error: Option<SshError>,
}

impl Ran {
    const fn failed(error: SshError) -> Self {
        Self { sent: error.sent(), error: Some(error) }
    }
}

impl Ssh {
    /// A machine behind these options. Connects to nothing.
    ///
    /// # Errors
    /// [`SshError::Setting`], [`SshError::Secret`] or [`SshError::HostKey`] when one of them is unusable.
    pub fn new(options: SshOptions) -> Result<Self, SshError> {
        for (what, text) in [("the user", &options.user), ("the host", &options.host)] {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
            let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            if !begins || !text.chars().all(plain) {
                return Err(SshError::Setting { what, fix: "write it as USER@HOST or USER@HOST:PORT" });
            }
        }
        if options.command.trim().is_empty() || options.command.contains(['\n', '\0']) {
            return Err(SshError::Setting { what: "the command", fix: "write one line" });
        }
        let host_key = host_key(&options.host_key)?;
        let secret = Secret::read(&options.key).ok_or_else(|| SshError::Secret(options.key_env.clone()))?;
        Ok(Self { options, secret, host_key })
    }

    /// Runs the command once.
    ///
    /// [`Sent::Accepted`]: it ended well. [`Sent::Refused`]: it did not start, or it ended and said that it failed.
    /// [`Sent::Unknown`]: it may have started, and its end was not seen. It goes on there then, if it ever began.
    pub async fn run(&self, key: &EffectKey, attempt: u8) -> Ran {
        let files = match Files::write(&self.secret, &self.host_key) {
            Ok(files) => files,
            Err(why) => return Ran::failed(SshError::Files(why)),
        };
        let mut child = match self.command(&files).spawn() {
            Ok(child) => child,
            Err(why) => return Ran::failed(SshError::Client { program: self.options.program.clone(), why }),
        };
        let mut group = Group(child.id().and_then(|pid| i32::try_from(pid).ok()));
        let work = spoken(&mut child, format!("{key} {attempt}\n"));
        let ended = tokio::time::timeout(self.options.timeout, work).await;
        if ended.is_ok() {
            // It has ended by itself, and its number may be another's by now.
            group.0 = None;
        }
        drop(group);
        // Its log stays as it is only when it is gone.
        let _ = child.wait().await;
        let door = door(&files.log());
        match ended {
            Ok(Ok((status, words))) => self.ended(status, &words, door),
            Ok(Err(why)) => self.lost(&why.to_string(), door),
            Err(_) => self.late(&door),
        }
    }

    /// Every setting that could come from a file of the user's or the machine's is said here instead.
    fn command(&self, files: &Files) -> Command {
        let mut command = Command::new(&self.options.program);
        let seconds = self.options.timeout.as_secs().clamp(1, 30);
        command.args(["-F", "none", "-T", "-a", "-x"]);
        command.arg("-E").arg(files.log_path()).arg("-i").arg(files.key_path());
        let known = format!("UserKnownHostsFile={}", files.known_hosts_path().display());
        let own = [
            known,
            format!("HostKeyAlias={HOST}"),
            format!("ConnectTimeout={seconds}"),
            "LogLevel=VERBOSE".to_owned(),
        ];
        for option in own.iter().map(String::as_str).chain(FIXED) {
            command.arg("-o").arg(option);
        }
        command.arg("-l").arg(&self.options.user).arg("-p").arg(self.options.port.to_string());
        command.arg("--").arg(&self.options.host).arg(&self.options.command);
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.current_dir("/").process_group(0).kill_on_drop(true);
        command
    }

    fn ended(&self, status: ExitStatus, words: &Words, door: Door) -> Ran {
        match (status.code(), door) {
            (Some(0), _) => Ran { sent: Sent::Accepted, error: None },
            // The client's own code, which a command may use as well.
            (Some(255) | None, door) => self.lost("the connection ended before the command did", door),
            (Some(127), _) => Ran::failed(SshError::NoCommand(words.last())),
            (Some(code), _) => Ran::failed(SshError::Failed { code, words: words.last() }),
        }
    }

    fn lost(&self, why: &str, door: Door) -> Ran {
        match door {
            Door::Open => Ran::failed(SshError::Lost(why.to_owned())),
            Door::Shut(log) => Ran::failed(said::refusal(&log, &self.options)),
        }
    }

    fn late(&self, door: &Door) -> Ran {
        let seconds = self.options.timeout.as_secs();
        match door {
            Door::Open => Ran::failed(SshError::TimedOut { seconds }),
            Door::Shut(_) => Ran::failed(SshError::Silent { host: self.options.host.clone(), seconds }),
        }
    }
}

/// What is never otherwise: nobody is asked, nothing is forwarded, kept or taken from elsewhere.
const FIXED: [&str; 22] = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "GlobalKnownHostsFile=/dev/null",
    "UpdateHostKeys=no",
    "VerifyHostKeyDNS=no",
    "CheckHostIP=no",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "PreferredAuthentications=publickey",
    "ConnectionAttempts=1",
    "NumberOfPasswordPrompts=0",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "ControlMaster=no",
    "ControlPath=none",
    "ProxyCommand=none",
    "CanonicalizeHostname=no",
    "EscapeChar=none",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=2",
];

/// How much of a command's output is kept, in bytes. The rest is read and thrown away.
const KEPT_BYTES: usize = 8 * 1024;

/// The ends of what a command has said.
struct Words {
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Words {
    fn last(&self) -> String {
        let said = last_line(&self.err);
        if said.is_empty() { last_line(&self.out) } else { said }
    }
}

/// Gives the client its input, and reads what comes until it has ended.
async fn spoken(child: &mut Child, line: String) -> std::io::Result<(ExitStatus, Words)> {
    let (input, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let tell = async {
        if let Some(mut input) = input {
            // A command that reads nothing has closed it, which is no fault.
            let _ = input.write_all(line.as_bytes()).await;
        }
    };
    let ((), out, err, status) = tokio::join!(tell, tail(out), tail(err), child.wait());
    Ok((status?, Words { out, err }))
}

/// The end of a stream, up to [`KEPT_BYTES`].
async fn tail(stream: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut stream) = stream else { return kept };
    let mut piece = vec![0; KEPT_BYTES];
    while let Ok(read) = stream.read(&mut piece).await {
        if read == 0 {
            break;
        }
        kept.extend_from_slice(piece.get(..read).unwrap_or_default());
        let beyond = kept.len().saturating_sub(KEPT_BYTES);
        kept.drain(..beyond);
    }
    kept
}

/// The client's process group, which ends with this.
struct Group(Option<i32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // It may be gone already, which is what is wanted. The number is still the child's, who is its group's first.
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}
