//! Secrets for a run: out of the environment, or out of a file that nobody else can read.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;
use secrecy::SecretString;

/// Longest file, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;

/// Most secrets.
pub const MAX_SECRETS: usize = 500;

/// Why a file of secrets was not read. Nothing was run, and the text shows nothing of what is in it.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// It cannot be read.
    #[error("{} cannot be read: {source}; name a file of your own with lines NAME=value", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// It is no plain file.
    #[error("{} is no plain file: name one with lines NAME=value", .0.display())]
    NotAFile(PathBuf),
    /// Others can read or change it.
    #[error("others can read {} (mode {mode:03o}): `chmod 600` it, and think of its secrets as known", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its rights.
        mode: u32,
    },
    /// It is somebody else's.
    #[error("{} belongs to another user: copy it, and `chmod 600` the copy", .0.display())]
    OfOthers(PathBuf),
    /// A line is no secret.
    #[error("line {line} of {} is not NAME=value: {why}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What to write.
        why: &'static str,
    },
    /// It is too long.
    #[error("{} is longer than 1 MiB or has more than {MAX_SECRETS} secrets: keep what the automation needs", .0.display())]
    TooLong(PathBuf),
}

/// Reads lines `NAME=value`. A value in double quotes is read as in JSON, so that it can hold line breaks; blank lines and
/// lines that begin with `#` are left out. An empty value is one.
///
/// # Errors
/// [`SecretsError`].
pub fn read(path: &Path) -> Result<BTreeMap<String, SecretString>, SecretsError> {
    let failed = |source| SecretsError::Io { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    // Of the opened file: the name may lead elsewhere a moment later.
    let meta = file.metadata().map_err(failed)?;
    if !meta.is_file() {
        return Err(SecretsError::NotAFile(path.to_owned()));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(SecretsError::Open { path: path.to_owned(), mode: meta.mode() & 0o777 });
    }
    if meta.uid() != Uid::effective().as_raw() {
        return Err(SecretsError::OfOthers(path.to_owned()));
    }
    let mut text = String::new();
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(SecretsError::TooLong(path.to_owned()));
    }
    let found =
        parse(&text).map_err(|(line, why)| SecretsError::Line { path: path.to_owned(), line, why })?;
    if found.len() > MAX_SECRETS { Err(SecretsError::TooLong(path.to_owned())) } else { Ok(found) }
}

fn parse(text: &str) -> Result<BTreeMap<String, SecretString>, (usize, &'static str)> {
    let mut found = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or((number, "there is no `=`"))?;
        let (name, value) = (name.trim(), value.trim());
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err((number, "a name has letters, digits and _ only, and no digit first"));
        }
        let value = if value.starts_with('"') {
            serde_json::from_str(value).map_err(|_| (number, "a value in quotes is written as in JSON"))?
        } else {
            let single = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            single.unwrap_or(value).to_owned()
        };
        found.insert(name.to_owned(), SecretString::from(value));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn lines_are_read_as_they_are_meant() {
        let text = "# mine\nA=1=2\n\nexport B = 'two words' \nC=\"line\\nbreak\"\nEMPTY=\n";
        let found = parse(text).unwrap();
        let of = |name: &str| found.get(name).map(|s| s.expose_secret().to_owned());
        assert_eq!(of("A").as_deref(), Some("1=2"));
        assert_eq!(of("B").as_deref(), Some("two words"));
        assert_eq!(of("C").as_deref(), Some("line\nbreak"));
        assert_eq!(of("EMPTY").as_deref(), Some(""));
        assert_eq!(parse("A=1\nhunter2").unwrap_err().0, 2);
        assert_eq!(parse("1A=x").unwrap_err().0, 1);
        assert_eq!(parse("A=\"x").unwrap_err().0, 1);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_and_nothing_of_it_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets");
        std::fs::write(&path, "A=hunter2\nhunter3").unwrap();
        for mode in [0o644, 0o640, 0o660, 0o604] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(read(&path), Err(SecretsError::Open { .. })), "{mode:o}");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let error = read(&path).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter"), "{error:?}");
        std::fs::write(&path, "A=hunter2").unwrap();
        assert_eq!(read(&path).unwrap().len(), 1);
        assert!(!format!("{:?}", read(&path).unwrap()).contains("hunter"));
        assert!(matches!(read(folder.path()), Err(SecretsError::NotAFile(_))));
    }
}
