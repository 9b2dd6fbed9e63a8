//! The folder in which everything of one repository is kept: `.standin/`.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The folder's name, in the root of the repository.
pub const NAME: &str = ".standin";

/// Most entries of one folder that are looked at: far more than all the bounds of what is kept there together.
const MAX_ENTRIES: usize = 200_000;

/// The folder, and the names in it.
#[derive(Debug, Clone)]
pub struct StateDir {
    root: PathBuf,
}

/// How the command line finds the agent. Only its owner may read it: whoever has the token may command the agent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgentFile {
    /// Always 1.
    pub version: u32,
    /// The agent's process.
    pub pid: u32,
    /// Where it listens.
    pub listen: String,
    /// What it asks of those who command it.
    pub token: String,
    /// When it started.
    pub started: Timestamp,
    /// The app's name, when PM2 hosts it; else empty.
    pub pm2_app: String,
}

impl StateDir {
    /// The folder of the repository at `repository`; nothing is made yet.
    pub fn of(repository: &Path) -> Self {
        Self { root: repository.join(NAME) }
    }

    /// Makes the folder and those in it, for the owner alone, with a `.gitignore` so that none of it is committed.
    /// Folders that are there already become the owner's alone.
    ///
    /// A repository that somebody else wrote may hold links in the place of any of them, by which files elsewhere would
    /// be written. Nothing of Standin's is ever a link, so one is refused, and nothing is written then.
    ///
    /// # Errors
    /// What the operating system says, or which link is in the way; folders that were made stay.
    pub fn create(&self) -> io::Result<()> {
        for dir in [self.root.clone(), self.logs(), self.runs(), self.spool(), self.reports()] {
            create_own(&dir)?;
            refuse_links_in(&dir)?;
        }
        let ignore = self.root.join(".gitignore");
        match fs::OpenOptions::new().write(true).create_new(true).open(ignore) {
            Ok(mut file) => file.write_all(b"*\n"),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.root.join("state.db")
    }

    /// Held by the one agent that runs.
    pub fn lock(&self) -> PathBuf {
        self.root.join("agent.lock")
    }

    /// See [`AgentFile`].
    pub fn agent_file(&self) -> PathBuf {
        self.root.join("agent.json")
    }

    /// The logs.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// The runs in flight.
    pub fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// Heartbeats that wait for an agent.
    pub fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// The reports.
    pub fn reports(&self) -> PathBuf {
        self.root.join("reports")
    }

    /// Writes how the agent is found, readable for its owner alone.
    ///
    /// # Errors
    /// What the operating system says; an older file stays as it was then.
    pub fn write_agent_file(&self, file: &AgentFile) -> io::Result<()> {
        write_whole(&self.agent_file(), &serde_json::to_vec(file)?)
    }

    /// How the agent is found; `None` when none has left word, or nothing that can be read.
    pub fn read_agent_file(&self) -> Option<AgentFile> {
        serde_json::from_slice(&fs::read(self.agent_file()).ok()?).ok()
    }
}

/// Writes a file, readable for its owner alone, so that whoever reads it never sees half of it. A link in its place is
/// replaced, not followed.
///
/// # Errors
/// What the operating system says; an older file stays as it was then.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.new", std::process::id()));
    // What a process of the same number left when it was killed.
    let _ = fs::remove_file(&temporary);
    let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let written =
        out.write_all(bytes).and_then(|()| out.sync_all()).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Makes a folder for its owner alone, or makes the one that is there so.
pub(crate) fn create_own(dir: &Path) -> io::Result<()> {
    match fs::symlink_metadata(dir) {
        Ok(found) if found.is_symlink() => Err(link(dir)),
        Ok(found) if found.permissions().mode() & 0o077 != 0 && found.is_dir() => {
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
        }
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => {
            let why = format!("{} is in the way: it is no folder", dir.display());
            Err(io::Error::new(io::ErrorKind::NotADirectory, why))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
        }
        Err(error) => Err(error),
    }
}

fn refuse_links_in(dir: &Path) -> io::Result<()> {
    for (number, entry) in fs::read_dir(dir)?.enumerate() {
        let entry = entry?;
        if entry.file_type()?.is_symlink() {
            return Err(link(&entry.path()));
        }
        if number >= MAX_ENTRIES {
            return Err(io::Error::other(format!("{} holds more than {MAX_ENTRIES} entries", dir.display())));
        }
    }
    Ok(())
}

/// What is said of a link where a file or folder of Standin's should be.
pub(crate) fn link(path: &Path) -> io::Error {
    let why = format!("{} is a symbolic link, and Standin writes through none: remove it", path.display());
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn links_in_a_repository_are_refused_by_name_and_nothing_is_written_through_them() {
        for place in [
            ".standin",
            ".standin/logs",
            ".standin/runs",
            ".standin/agent.lock",
            ".standin/.gitignore",
            ".standin/state.db",
            ".standin/logs/background.log",
            ".standin/reports/pm2-redundancy-report.json",
        ] {
            let dir = tempfile::tempdir().unwrap();
            let (repository, elsewhere) = (dir.path().join("repository"), dir.path().join("elsewhere"));
            let path = repository.join(place);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            // One leads to a folder, one to nothing.
            fs::create_dir(&elsewhere).unwrap();
            symlink(
                if place.ends_with("gitignore") { dir.path().join("new") } else { elsewhere.clone() },
                &path,
            )
            .unwrap();
            let said = StateDir::of(&repository).create().unwrap_err().to_string();
            assert!(said.contains(&format!("{place} is a symbolic link")), "{said}");
            assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0, "{place}");
            assert!(!dir.path().join("new").exists(), "{place}");
        }
    }

    #[test]
    fn folders_that_are_there_become_the_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::of(dir.path());
        fs::create_dir_all(state.logs()).unwrap();
        for open in [state.root().to_owned(), state.logs()] {
            fs::set_permissions(open, fs::Permissions::from_mode(0o755)).unwrap();
        }
        state.create().unwrap();
        state.create().unwrap();
        for own in [state.root().to_owned(), state.logs(), state.runs(), state.spool(), state.reports()] {
            assert_eq!(mode(&own), 0o700, "{}", own.display());
        }
        assert_eq!(fs::read_to_string(state.root().join(".gitignore")).unwrap(), "*\n");
    }

    #[test]
    fn a_whole_file_replaces_a_link_and_leaves_what_it_led_to() {
        let dir = tempfile::tempdir().unwrap();
        let (victim, path) = (dir.path().join("victim"), dir.path().join("report.json"));
        fs::write(&victim, "dear").unwrap();
        symlink(&victim, &path).unwrap();
        let temporary = dir.path().join(format!("report.json.{}.new", std::process::id()));
        symlink(&victim, &temporary).unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "dear");
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(mode(&path), 0o600);
        assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
        assert!(fs::symlink_metadata(&temporary).is_err());
    }
}
