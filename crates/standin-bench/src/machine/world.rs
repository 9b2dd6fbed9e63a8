//! A repository, a PM2 and an agent of their own for each bench, and nothing of them left afterwards.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use nix::sys::signal::{SigSet, Signal};
use serde_json::json;
use standin_agent::state_dir::StateDir;
use standin_engine::json_v1::StatusV1;
use tempfile::TempDir;

use super::{Options, proc};

/// How long anything may take; PM2 needs minutes for hundreds of apps.
const LIMIT: Duration = Duration::from_secs(900);

/// The worlds that exist, for the end by a signal.
static WORLDS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Whether PM2 itself starts an app again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Autorestart {
    On,
    Off,
}

pub(super) struct World {
    dir: TempDir,
    standin: PathBuf,
    pm2: PathBuf,
    agent: Option<Child>,
}

impl World {
    /// An empty repository whose agent takes any free port. Sockets need short paths, so it is in `/tmp`.
    pub(super) fn new(options: &Options, settings: &str) -> anyhow::Result<Self> {
        let dir = TempDir::with_prefix_in("sb", "/tmp")?;
        for name in ["repo", "pm2"] {
            fs::create_dir(dir.path().join(name))?;
        }
        // Without this file PM2 asks its maker's server for a newer version.
        fs::write(dir.path().join("pm2/touch"), "1")?;
        WORLDS.lock().unwrap_or_else(PoisonError::into_inner).insert(dir.path().to_owned());
        let [standin, pm2] = [&options.standin, &options.pm2].map(|path| path.canonicalize());
        let world = Self { dir, standin: standin?, pm2: absolute(&options.pm2, pm2?), agent: None };
        world.write("standin.toml", &format!("[agent]\nlisten = \"127.0.0.1:0\"\n{settings}"))?;
        Ok(world)
    }

    pub(super) fn repo(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    pub(super) fn pm2_home(&self) -> PathBuf {
        self.dir.path().join("pm2")
    }

    pub(super) fn pm2_binary(&self) -> &Path {
        &self.pm2
    }

    pub(super) fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.repo().join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.repo().join(name)).unwrap_or_default()
    }

    fn command(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.repo()).env_clear().stdin(Stdio::null());
        command.envs([("TZ", "UTC"), ("LANG", "C.UTF-8"), ("PM2_DISABLE_VERSION_CHECK", "1")]);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.dir.path()).env("PM2_HOME", self.pm2_home()).env("STANDIN_PM2", &self.pm2);
        command
    }

    /// Runs `standin` to its end.
    pub(super) fn standin(&self, args: &[&str]) -> anyhow::Result<Output> {
        self.command(&self.standin, args).output().context("standin cannot be started")
    }

    /// Runs `standin` to its end, and gives the most that it had resident. What it prints is not kept.
    pub(super) fn peak_of_standin(&self, args: &[&str]) -> anyhow::Result<u64> {
        let mut command = self.command(&self.standin, args);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().context("standin cannot be started")?;
        let mut peak = 0;
        while child.try_wait()?.is_none() {
            peak = proc::peak_bytes(child.id()).max(peak);
            std::thread::sleep(Duration::from_micros(500));
        }
        Ok(peak)
    }

    /// Runs `pm2` to its end.
    pub(super) fn pm2(&self, args: &[&str]) -> anyhow::Result<Output> {
        let output = self.command(&self.pm2, args).output().context("pm2 cannot be started")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "pm2 {args:?} failed: {said}");
        Ok(output)
    }

    /// What `standin status` prints.
    pub(super) fn status(&self) -> anyhow::Result<StatusV1> {
        let output = self.standin(&["status", "--format", "json"])?;
        let said = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout).with_context(|| format!("standin status failed: {said}"))
    }

    /// Starts an agent and waits until it can be asked; gives its process.
    pub(super) fn up(&mut self) -> anyhow::Result<u32> {
        let said = File::create(self.dir.path().join("agent.out"))?;
        let mut command = self.command(&self.standin, &["up"]);
        let child =
            command.stdout(said.try_clone()?).stderr(said).spawn().context("the agent cannot be started")?;
        let pid = child.id();
        self.agent = Some(child);
        until("the agent can be asked", || {
            let file = StateDir::of(&self.repo()).read_agent_file();
            Ok(file.is_some_and(|file| file.pid == pid) || !proc::is_alive(pid))
        })?;
        let said = || fs::read_to_string(self.dir.path().join("agent.out")).unwrap_or_default();
        ensure!(proc::is_alive(pid), "the agent has ended: {}", said());
        Ok(pid)
    }

    /// The processes of this world that run.
    pub(super) fn processes(&self) -> Vec<u32> {
        proc::marked(&proc::mark(&self.pm2_home()))
    }

    /// Declares apps that note their process in `NAME.pid`, and has PM2 start them.
    pub(super) fn start_sleepers(&self, names: &[String], autorestart: Autorestart) -> anyhow::Result<()> {
        let apps = names.iter().map(|name| {
            self.write(&format!("{name}.sh"), &format!("echo $$ >{name}.pid\nexec sleep 86400\n"))?;
            Ok(json!({
                "name": name,
                "script": format!("./{name}.sh"),
                "interpreter": "/bin/sh",
                "autorestart": autorestart == Autorestart::On,
            }))
        });
        let apps = apps.collect::<anyhow::Result<Vec<_>>>()?;
        self.write("ecosystem.config.js", &format!("module.exports = {};\n", json!({ "apps": apps })))?;
        self.pm2(&["start", "ecosystem.config.js"])?;
        until("all apps run", || Ok(names.iter().all(|name| self.sleeper(name).is_some())))
    }

    /// The process of a sleeper that runs.
    pub(super) fn sleeper(&self, name: &str) -> Option<u32> {
        let pid = self.read(&format!("{name}.pid")).trim().parse().ok()?;
        proc::is_alive(pid).then_some(pid)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        proc::end_all_of(&self.pm2_home());
        if let Some(mut agent) = self.agent.take() {
            let _ = agent.wait();
        }
        WORLDS.lock().unwrap_or_else(PoisonError::into_inner).remove(self.dir.path());
    }
}

/// A command that is a link keeps the name by which it was called: it may look at it.
fn absolute(given: &Path, canonical: PathBuf) -> PathBuf {
    std::path::absolute(given).unwrap_or(canonical)
}

/// Waits for something.
pub(super) fn until(what: &str, mut look: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let deadline = Instant::now() + LIMIT;
    while !look()? {
        if Instant::now() > deadline {
            bail!("waited in vain: {what}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// An interrupted bench leaves nothing behind either. To be called before there are other threads.
pub(super) fn end_all_on_signals() -> anyhow::Result<()> {
    let mut set = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        set.add(signal);
    }
    set.thread_block()?;
    std::thread::spawn(move || {
        if set.wait().is_ok() {
            let worlds = std::mem::take(&mut *WORLDS.lock().unwrap_or_else(PoisonError::into_inner));
            for world in &worlds {
                proc::end_all_of(&world.join("pm2"));
                let _ = fs::remove_dir_all(world);
            }
            proc::kill_nine(std::process::id());
        }
    });
    Ok(())
}
