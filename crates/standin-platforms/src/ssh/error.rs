//! What can go wrong on the way to a machine, in words that name the fix.

use std::path::PathBuf;

use standin_core::mesh::claim::Sent;

/// Why a command was not run on a machine, or may have been. No text holds the private key.
///
/// [`SshError::sent`] says which of the two it is.
#[derive(Debug, thiserror::Error)]
pub enum SshError {
    /// A setting is unusable. Nothing was sent; the user corrects it.
    #[error("{what} of the machine cannot be used: {fix}")]
    Setting {
        /// Which one.
        what: &'static str,
        /// What it has to be.
        fix: &'static str,
    },
    /// The private key is none. Nothing was sent; the user gives another.
    #[error(
        "the variable {0} holds no private key that can be used: it has to hold the whole file that `ssh-keygen -t ed25519 -N ''` writes, with its line ends and without a passphrase"
    )]
    Secret(String),
    /// The pinned host key is none. Nothing was sent; the user corrects it.
    #[error(
        "`ssh_host_key` is no public key: write the line that `ssh-keyscan -t ed25519 HOST` prints, without the name, and compare it there"
    )]
    HostKey,
    /// The files for the client could not be written. Nothing was sent.
    #[error("the files for ssh cannot be written: {0}; TMPDIR has to name a folder that is writable")]
    Files(std::io::Error),
    /// There is no client. Nothing was sent; the user installs it.
    #[error("{} cannot be started: {why}; install the OpenSSH client on the machine that watches", program.display())]
    Client {
        /// What was looked for.
        program: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// Somebody else answers. Nothing was sent: it may be another machine, or somebody in between.
    #[error(
        "{0} has another host key than the pinned one, so nothing was sent: if the machine was set up anew, compare its key there and write it into `ssh_host_key`"
    )]
    OtherHost(String),
    /// The machine does not take the key. Nothing was run.
    #[error(
        "{host} does not let {user} in with the key of {variable}: its public half has to stand in the authorized_keys of that user, whose account must not be locked"
    )]
    Denied {
        /// The user.
        user: String,
        /// The machine.
        host: String,
        /// Where the key came from.
        variable: String,
    },
    /// The machine's name is not known. Nothing was sent.
    #[error("{0} cannot be resolved: check the name, and the name servers of the machine that watches")]
    NoHost(String),
    /// No connection came about. Nothing was run.
    #[error(
        "{host} cannot be reached on port {port}: {why}; check that it is up, that sshd runs, and what stands between"
    )]
    Unreachable {
        /// The machine.
        host: String,
        /// Its port.
        port: u16,
        /// What the client said.
        why: String,
    },
    /// Nobody was let in within the time. Nothing was run.
    #[error(
        "{host} has not let us in within {seconds} s: check that it is up, that sshd runs, and what stands between"
    )]
    Silent {
        /// The machine.
        host: String,
        /// The time that there was.
        seconds: u64,
    },
    /// The machine does not know the command. Nothing was done.
    #[error(
        "the machine does not know the command ({0}): a shell without a login has a short PATH, so write the command's whole path into `ssh_command`"
    )]
    NoCommand(String),
    /// The command ran, and says that it failed. The next attempt may be another remedy.
    #[error("the command ended with {code}: {words}; run it there by hand to see why")]
    Failed {
        /// Its exit code.
        code: i32,
        /// Its last line, shortened and without what may be a secret.
        words: String,
    },
    /// The command began and did not end in time. It may go on there.
    #[error(
        "the command did not end within {seconds} s and may go on: let it start things in the background"
    )]
    TimedOut {
        /// The time that there was.
        seconds: u64,
    },
    /// The connection ended in the middle. The command may have run, and may go on.
    #[error("what came of the command is not known: {0}")]
    Lost(String),
}

impl SshError {
    /// What a command that failed like this has done.
    pub const fn sent(&self) -> Sent {
        match self {
            Self::TimedOut { .. } | Self::Lost(_) => Sent::Unknown,
            Self::Setting { .. }
            | Self::Secret(_)
            | Self::HostKey
            | Self::Files(_)
            | Self::Client { .. }
            | Self::OtherHost(_)
            | Self::Denied { .. }
            | Self::NoHost(_)
            | Self::Unreachable { .. }
            | Self::Silent { .. }
            | Self::NoCommand(_)
            | Self::Failed { .. } => Sent::Refused,
        }
    }
}
