//! Puts the agent itself under PM2, so that each watches the other.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use super::cli::CliError;
use super::dump::{self, DumpError};
use super::list::Listed;
use super::rpc::{READ_LIMIT, RpcError};
use super::{Pm2, Shared};
use crate::local_run::fnv1a;

/// How long the agent has to say that it is ready.
const READY_LIMIT: Duration = Duration::from_secs(10);
/// How long the agent has to end what is in flight.
const KILL_LIMIT: Duration = Duration::from_secs(10);
/// How often PM2 is asked to delete an agent that it lists again.
const REMOVALS: usize = 5;
/// How long PM2 takes to list a process again whose restart was under way when it was deleted.
const REAPPEARS_WITHIN: Duration = Duration::from_millis(300);
/// How long `pm2 start` may take.
const CLI_LIMIT: Duration = Duration::from_secs(40);
/// The wait before PM2's first restart of the agent, which it lengthens with each further one.
const FIRST_RESTART_DELAY: Duration = Duration::from_millis(100);

/// How PM2 is to run the agent.
#[derive(Debug, Clone)]
pub struct HostedAgent {
    /// PM2's name for it.
    pub name: String,
    /// The agent's binary, absolute.
    pub exe: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its working directory, absolute: with the name it tells this agent from those of other repositories.
    pub cwd: PathBuf,
    /// Where PM2 writes its standard output.
    pub out_log: PathBuf,
    /// Where PM2 writes its standard error.
    pub err_log: PathBuf,
    /// Variables beside PATH, HOME, USER, LANG and SHELL. PM2 stores them in clear: no secrets.
    pub env: Vec<(String, String)>,
}

/// Why the agent was not put under PM2, or not taken out.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// PM2 runs another program by this name, or the agent of another folder; what PM2 runs is as it was. The user
    /// renames or deletes the other.
    #[error("PM2 runs another program by the name {name}: {path}, in {cwd}")]
    Foreign {
        /// The name.
        name: String,
        /// The other program.
        path: String,
        /// Its working directory.
        cwd: String,
    },
    /// The command could not be run or failed. The agent may or may not be listed: `pm2 ls` says.
    #[error(transparent)]
    Cli(#[from] CliError),
    /// The daemon could not be asked, or refused; nothing was done beyond what the text says.
    #[error("PM2 was asked and did not do it: {0}")]
    Daemon(String),
    /// The agent runs under PM2, but not in its saved list: it will not be back after a reboot.
    #[error("the agent runs under PM2, but could not be saved: {0}")]
    NotSaved(#[from] DumpError),
    /// A file for PM2 could not be written; nothing was done.
    #[error("{path} could not be written: {1}", path = .0.display())]
    File(PathBuf, std::io::Error),
}

impl From<RpcError> for HostError {
    fn from(why: RpcError) -> Self {
        Self::Daemon(why.to_string())
    }
}

/// An agent in PM2's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostedProcess {
    /// Its process; `None` while none runs.
    pub pid: Option<u32>,
    /// How often PM2 has restarted it since it was put there.
    pub restarts: u32,
}

/// What taking the agent out of PM2 came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unhosted {
    /// It was in the list or in the saved list, and is in neither now.
    Released,
    /// It was in neither.
    NotThere,
}

/// PM2's name for the agent of the repository in this folder: the folder's own name for people, and a part that keeps
/// it from being that of another folder of the same name. `root` is absolute and without links.
pub fn hosted_name(root: &Path) -> String {
    let folder = root.file_name().unwrap_or_default().to_string_lossy();
    let clean: String = folder
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '-' })
        .collect();
    let hash = fnv1a(root.as_os_str().as_encoded_bytes());
    // Half of it is enough to tell the folders of one machine apart.
    format!("standin-{clean}-{:08x}", (hash >> 32) ^ (hash & 0xffff_ffff))
}

impl Pm2 {
    /// Starts the agent as an app of PM2 and adds it to the saved list, of which the rest stays as it is; an agent of
    /// an earlier time is replaced. Answers when the agent has called [`notify_ready`], or after ten seconds, also
    /// where the agent fails: [`Pm2::hosted_agent`] tells.
    ///
    /// # Errors
    /// [`HostError`] says what was done.
    pub async fn host_agent(&self, app: HostedAgent) -> Result<(), HostError> {
        let shared = &self.shared;
        self.remove_listed(&app.name, &app.exe, &app.cwd).await?;
        let file = shared.home.join(format!("standin-{}.json", std::process::id()));
        let started = self.start_from(&file, &app).await;
        // Only for `pm2 start` to read; a file that stays is in nobody's way.
        let _ = std::fs::remove_file(&file);
        started?;
        save(shared, &app).await
    }

    async fn start_from(&self, file: &Path, app: &HostedAgent) -> Result<(), HostError> {
        let failed = |why| HostError::File(file.to_owned(), why);
        std::fs::create_dir_all(&self.shared.home).map_err(failed)?;
        std::fs::write(file, ecosystem(app).to_string()).map_err(failed)?;
        self.shared.cli.run(&["start", &file.display().to_string()], CLI_LIMIT).await?;
        Ok(())
    }

    /// The agent that PM2 lists by this name for this folder; `None` when there is none, or no daemon.
    ///
    /// # Errors
    /// [`HostError::Daemon`].
    pub async fn hosted_agent(&self, name: &str, cwd: &Path) -> Result<Option<HostedProcess>, HostError> {
        let listed = self.listed_as(name).await?.into_iter().find(|p| same_place(&p.cwd, cwd));
        Ok(listed.map(|process| HostedProcess {
            pid: Some(process.pid).filter(|pid| *pid != 0 && !process.has_ended()),
            restarts: process.restarts,
        }))
    }

    /// Takes the agent of this folder out of PM2's list and out of its saved list. PM2 ends it first, so that an agent
    /// that calls this for itself does not see the answer.
    ///
    /// # Errors
    /// [`HostError`] says what was done.
    pub async fn unhost_agent(&self, name: &str, exe: &Path, cwd: &Path) -> Result<Unhosted, HostError> {
        let saved = dump::replace(&self.shared.home, is_mine(name, cwd), Vec::new())?;
        let listed = self.remove_listed(name, exe, cwd).await?;
        Ok(if saved + listed > 0 { Unhosted::Released } else { Unhosted::NotThere })
    }

    /// Ends the agent of this folder; answers how many processes it had.
    ///
    /// PM2 lists a process again that was deleted in the middle of its restart, as is likely with an agent that fails
    /// at each start. So it is looked whether it stays away.
    async fn remove_listed(&self, name: &str, exe: &Path, cwd: &Path) -> Result<usize, HostError> {
        let mut removed = 0;
        for _ in 0..REMOVALS {
            let listed = self.listed_as(name).await?;
            if listed.is_empty() {
                return Ok(removed);
            }
            let other = |p: &&Listed| !same_place(&p.exec_path, exe) || !same_place(&p.cwd, cwd);
            if let Some(other) = listed.iter().find(other) {
                let (path, cwd) = (other.exec_path.clone(), other.cwd.clone());
                return Err(HostError::Foreign { name: name.to_owned(), path, cwd });
            }
            for process in &listed {
                let limit = KILL_LIMIT + Duration::from_millis(process.kill_timeout_ms);
                self.shared.rpc.tell("deleteProcessId", &json!(process.pm_id), limit).await?;
            }
            removed += listed.len();
            tokio::time::sleep(REAPPEARS_WITHIN).await;
        }
        Err(HostError::Daemon(format!("it lists {name} again each time that it is deleted")))
    }

    async fn listed_as(&self, name: &str) -> Result<Vec<Listed>, HostError> {
        match self.shared.list().await {
            Ok(list) => Ok(list.processes.into_iter().filter(|p| p.name == name).collect()),
            Err(RpcError::NobodyThere) => Ok(Vec::new()),
            Err(why) => Err(why.into()),
        }
    }
}

/// Whether an entry of this name and working directory is the agent of this folder.
fn is_mine(name: &str, cwd: &Path) -> impl Fn(&str, &str) -> bool {
    move |entry, dir| entry == name && same_place(dir, cwd)
}

/// Whether both lead to the same place. A binary that was replaced by a newer one in its place is the same program.
fn same_place(path: &str, other: &Path) -> bool {
    Path::new(path) == other
        || std::fs::canonicalize(path).is_ok_and(|path| std::fs::canonicalize(other).is_ok_and(|o| o == path))
}

fn ecosystem(app: &HostedAgent) -> Value {
    let env: serde_json::Map<String, Value> =
        app.env.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect();
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    // PM2 takes a script with a blank in its path for a shell command; one that is relative to `cwd` has none of those
    // of the folder that it is in.
    let script =
        app.exe.strip_prefix(&app.cwd).map_or_else(|_| app.exe.clone(), |below| Path::new(".").join(below));
    json!({ "apps": [{
        "name": app.name,
        "script": script,
        "interpreter": "none",
        "args": app.args,
        "cwd": app.cwd,
        "autorestart": true,
        "exp_backoff_restart_delay": ms(FIRST_RESTART_DELAY),
        "kill_timeout": ms(KILL_LIMIT),
        "wait_ready": true,
        "listen_timeout": ms(READY_LIMIT),
        "out_file": app.out_log,
        "error_file": app.err_log,
        "merge_logs": true,
        "env": env,
    }]})
}

/// Adds the agent to the saved list. Never the whole list, as `pm2 save` would: what else runs is not ours to save, and
/// what is saved and does not run would be lost.
async fn save(shared: &Shared, app: &HostedAgent) -> Result<(), HostError> {
    let listed = shared.rpc.call::<Vec<Value>>("getMonitorData", &json!({}), READ_LIMIT).await?.result;
    let named = |entry: &Value| entry.get("name").and_then(Value::as_str) == Some(app.name.as_str());
    let mine = listed.into_iter().filter(named).filter_map(entry).collect();
    dump::replace(&shared.home, is_mine(&app.name, &app.cwd), mine)?;
    Ok(())
}

/// What `pm2 save` would write of a listed process.
fn entry(mut process: Value) -> Option<Value> {
    let mut env = process.get_mut("pm2_env")?.take();
    let fields = env.as_object_mut()?;
    for passing in ["instances", "pm_id", "prev_restart_delay"] {
        fields.remove(passing);
    }
    Some(env)
}

/// Tells PM2 that this process, started with `wait_ready`, is ready. Does nothing where PM2 is not the parent.
///
/// PM2 passes the number of an open channel in `NODE_CHANNEL_FD`. A shell writes to it, because only unsafe code can
/// use a bare number of a file in this process; it is done once, at the start.
pub async fn notify_ready() {
    let channel = std::env::var("NODE_CHANNEL_FD").ok().and_then(|text| text.parse::<u16>().ok());
    let Some(channel) = channel else { return };
    let script = format!(r#"printf '"ready"\n' >&{channel}"#);
    let said = Command::new("/bin/sh")
        .args(["-c", &script])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !said.await.is_ok_and(|status| status.success()) {
        tracing::debug!("PM2's channel does not take the word that the agent is ready");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_is_declared_with_what_keeps_it_up() {
        let app = HostedAgent {
            name: "standin".to_owned(),
            exe: PathBuf::from("/bin/standin"),
            args: vec!["up".to_owned()],
            cwd: PathBuf::from("/repo"),
            out_log: PathBuf::from("/l/out"),
            err_log: PathBuf::from("/l/err"),
            env: vec![("A".to_owned(), "1".to_owned())],
        };
        let declared = ecosystem(&app);
        let app = &declared["apps"][0];
        assert_eq!((&app["interpreter"], &app["autorestart"]), (&json!("none"), &json!(true)));
        assert_eq!((&app["kill_timeout"], &app["wait_ready"]), (&json!(10_000), &json!(true)));
        assert_eq!((&app["exp_backoff_restart_delay"], &app["env"]), (&json!(100), &json!({"A": "1"})));
    }

    #[test]
    fn folders_of_the_same_name_have_agents_of_different_names_that_never_change() {
        assert_eq!(hosted_name(Path::new("/a/my shop")), "standin-my-shop-b065a3b6");
        assert_ne!(hosted_name(Path::new("/a/my shop")), hosted_name(Path::new("/b/my shop")));
    }

    #[test]
    fn an_entry_is_what_pm2_would_save() {
        let process = json!({"name": "a", "pm2_env": {"name": "a", "pm_id": 3, "instances": 1, "env": {}}});
        assert_eq!(entry(process), Some(json!({"name": "a", "env": {}})));
        assert_eq!(entry(json!({"name": "a"})), None);
    }
}
