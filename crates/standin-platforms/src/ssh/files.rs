//! What the OpenSSH client takes as files: the pinned host key and the private key. They are there while it runs.

use std::fs::{OpenOptions, Permissions};
use std::io::{Error, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;

use super::SshError;

/// What the one machine is called in the list of known hosts, whatever its name and port are.
pub(super) const HOST: &str = "standin-pinned-host";

/// The longest private key, in bytes: one of 16,384 bits has 12 KB.
const MAX_KEY: usize = 32 * 1024;

/// How much of the client's log is read, in bytes.
const MAX_LOG: u64 = 64 * 1024;

/// A private key as the client wants it.
#[derive(Debug, Clone)]
pub(super) struct Secret(SecretString);

impl Secret {
    /// Variables lose line ends: the last one, or all of them to `\n`. `None` of what is no private key.
    pub(super) fn read(key: &SecretString) -> Option<Self> {
        let text = key.expose_secret().trim();
        let lines = if text.contains('\n') { text.replace('\r', "") } else { text.replace("\\n", "\n") };
        let is_key = lines.len() <= MAX_KEY
            && lines.starts_with("-----BEGIN ")
            && lines.ends_with("PRIVATE KEY-----")
            && lines.lines().count() > 2;
        is_key.then(|| Self(format!("{lines}\n").into()))
    }
}

/// The sort and the key, without what may follow them.
pub(super) fn host_key(text: &str) -> Result<String, SshError> {
    let text = text.trim();
    let mut words = text.split_ascii_whitespace();
    let (Some(sort), Some(key)) = (words.next(), words.next()) else { return Err(SshError::HostKey) };
    let is_sort = ["ssh-", "ecdsa-sha2-", "sk-"].iter().any(|begin| sort.starts_with(begin));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '@');
    let is_key = key.starts_with("AAAA")
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='));
    if text.contains('\n') || !is_sort || !sort.chars().all(is_plain) || !is_key {
        return Err(SshError::HostKey);
    }
    Ok(format!("{sort} {key}"))
}

/// A folder of our own that goes with this.
#[derive(Debug)]
pub(super) struct Files(TempDir);

impl Files {
    pub(super) fn write(secret: &Secret, host_key: &str) -> Result<Self, Error> {
        let ours = Permissions::from_mode(0o700);
        let files = Self(tempfile::Builder::new().prefix("standin-ssh-").permissions(ours).tempdir()?);
        let private = |path: PathBuf, text: &str| {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(text.as_bytes())
        };
        private(files.known_hosts_path(), &format!("{HOST} {host_key}\n"))?;
        private(files.key_path(), secret.0.expose_secret())?;
        Ok(files)
    }

    pub(super) fn key_path(&self) -> PathBuf {
        self.0.path().join("key")
    }

    pub(super) fn known_hosts_path(&self) -> PathBuf {
        self.0.path().join("known_hosts")
    }

    pub(super) fn log_path(&self) -> PathBuf {
        self.0.path().join("log")
    }

    /// What the client has said of the connection; `None` when that cannot be told.
    pub(super) fn log(&self) -> Option<String> {
        let file = match std::fs::File::open(self.log_path()) {
            Ok(file) => file,
            // It opens its log before it does anything else.
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Some(String::new()),
            Err(_) => return None,
        };
        let mut bytes = Vec::new();
        file.take(MAX_LOG).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}
