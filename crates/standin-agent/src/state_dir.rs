//! The folder in which everything of one repository is kept: `.standin/`.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The folder's name, in the root of the repository.
pub const NAME: &str = ".standin";

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
    ///
    /// # Errors
    /// What the operating system says; folders that were made stay.
    pub fn create(&self) -> io::Result<()> {
        for dir in [self.root.clone(), self.logs(), self.runs(), self.spool(), self.reports()] {
            if !dir.is_dir() {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
            }
        }
        let ignore = self.root.join(".gitignore");
        if !ignore.exists() {
            fs::write(ignore, "*\n")?;
        }
        Ok(())
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
        let temporary = self.root.join("agent.json.new");
        let _ = fs::remove_file(&temporary);
        let out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        serde_json::to_writer(&out, file)?;
        out.sync_all()?;
        fs::rename(temporary, self.agent_file())
    }

    /// How the agent is found; `None` when none has left word, or nothing that can be read.
    pub fn read_agent_file(&self) -> Option<AgentFile> {
        serde_json::from_slice(&fs::read(self.agent_file()).ok()?).ok()
    }
}
