//! A repository, a PM2 and agents of their own for each test, and nothing of them left afterwards.

mod ask;
mod pm2;
mod process;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) use ask::{id, incident, is_quiet, normalised};
pub(crate) use pm2::app;
pub(crate) use process::{alive, all, command_line, kill_nine, parent, signal};

/// How long anything may take on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(40);
/// How often is looked for what is waited for.
const POLL: Duration = Duration::from_millis(50);

/// The settings of most tests: any free port.
pub(crate) const FREE_PORT: &str = "[agent]\nlisten = \"127.0.0.1:0\"\n";

/// The binary that is tested.
pub(crate) fn binary() -> PathBuf {
    let beside = || {
        let me = std::env::current_exe().unwrap();
        me.parent().and_then(Path::parent).unwrap().join("standin")
    };
    let path = std::env::var_os("STANDIN_BIN").map_or_else(beside, PathBuf::from);
    assert!(
        path.is_file(),
        "no standin at {}: run the tests of the whole workspace, or `cargo build -p standin --bin standin` first, or set STANDIN_BIN",
        path.display()
    );
    path
}

/// Waits for something, and fails with the last words of `why` when it does not come.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>, why: impl FnOnce() -> String) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "never {what}: {}", why());
        std::thread::sleep(POLL);
    }
}

/// One test's own world.
pub(crate) struct Stage {
    dir: TempDir,
    agent: Option<Child>,
}

impl Stage {
    /// An empty repository; sockets need short paths.
    pub(crate) fn empty() -> Self {
        let dir = TempDir::with_prefix_in("s", "/tmp").unwrap();
        for name in ["repo", "pm2"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        // Without this file PM2 asks its maker's server for a newer version.
        fs::write(dir.path().join("pm2/touch"), "1").unwrap();
        Self { dir, agent: None }
    }

    /// A repository whose agent takes any free port, with these settings beside.
    pub(crate) fn with(settings: &str) -> Self {
        let stage = Self::empty();
        stage.write("standin.toml", format!("{FREE_PORT}{settings}"));
        stage
    }

    pub(crate) fn repo(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.repo().join(name)
    }

    /// A file of the repository, with the folders that it needs.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The text of a file of the repository; empty when there is none.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The lines of a file of the repository.
    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        self.read(name).lines().map(ToOwned::to_owned).collect()
    }

    /// The binary in an environment of its own.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(args).current_dir(self.repo()).env_clear().stdin(Stdio::null());
        command.envs([("TZ", "UTC"), ("LANG", "C.UTF-8")]);
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.dir.path()).env("PM2_HOME", self.pm2_home());
        command.env("STANDIN_PM2", self.pm2_binary());
        command
    }

    /// Starts an agent and waits until it can be asked; gives its process.
    pub(crate) fn up(&mut self, args: &[&str]) -> u32 {
        self.up_in(args, &[])
    }

    /// The same with further variables.
    pub(crate) fn up_in(&mut self, args: &[&str], env: &[(&str, &str)]) -> u32 {
        let pid = self.launch(args, env);
        let mut agent = self.agent.take().expect("it was launched");
        let ready = || {
            assert!(agent.try_wait().unwrap().is_none(), "the agent has ended: {}", self.said());
            self.agent_file().filter(|file| file["pid"] == pid)
        };
        until("could the agent be asked", ready, || self.said());
        self.agent = Some(agent);
        pid
    }

    /// Starts an agent, whatever becomes of it.
    pub(crate) fn launch(&mut self, args: &[&str], env: &[(&str, &str)]) -> u32 {
        let said = fs::File::create(self.dir.path().join("agent.out")).unwrap();
        let mut command = self.command(&["up"]);
        command.args(args).envs(env.iter().copied());
        let child = command.stdout(said.try_clone().unwrap()).stderr(said).spawn().unwrap();
        let pid = child.id();
        assert!(self.agent.replace(child).is_none(), "end the agent before you start the next");
        pid
    }

    /// What the agent has said on its terminal.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.dir.path().join("agent.out")).unwrap_or_default()
    }

    /// What the running agent has left for those who look for it.
    pub(crate) fn agent_file(&self) -> Option<Value> {
        serde_json::from_str(&self.read(".standin/agent.json")).ok()
    }

    /// The end of the agent, which something else has brought about; `None` for a signal.
    pub(crate) fn agent_ended(&mut self) -> Option<i32> {
        let mut agent = self.agent.take().expect("an agent was started");
        let end = until("did the agent end", || agent.try_wait().unwrap(), || self.said());
        end.code()
    }

    /// Kills the agent as the kernel would.
    pub(crate) fn kill_agent(&mut self) {
        let mut agent = self.agent.take().expect("an agent was started");
        agent.kill().unwrap();
        agent.wait().unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(mut agent) = self.agent.take() {
            let _ = agent.kill();
            let _ = agent.wait();
        }
        self.end_pm2();
        // Agents in the background, runs that outlived theirs, apps that outlived PM2: all stand in this folder.
        for pid in process::of_folder(self.dir.path()) {
            kill_nine(pid);
        }
    }
}
