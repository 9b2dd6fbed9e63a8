//! Puts the agent itself under PM2, so that each watches the other.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use super::cli::CliError;
use super::dump::{self, DumpError};
use super::rpc::{READ_LIMIT, RpcError};
use super::{Pm2, Shared};

/// How long the agent has to say that it is ready.
const READY_LIMIT: Duration = Duration::from_secs(10);
/// How long the agent has to end what is in flight.
const KILL_LIMIT: Duration = Duration::from_secs(10);
/// How long `pm2 start` and `pm2 save` may take.
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
    /// Its working directory, absolute.
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
    /// PM2 runs another program by this name; nothing was done. The user renames one of them.
    #[error("PM2 runs another program by the name {name}: {path}")]
    Foreign {
        /// The name.
        name: String,
        /// The other program.
        path: String,
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

impl Pm2 {
    /// Starts the agent as an app of PM2 and saves it; one of an earlier time is replaced. Answers when the agent has
    /// called [`notify_ready`], or after ten seconds.
    ///
    /// The whole list is saved, as `pm2 save` does, unless that would drop saved apps that do not run right now: then
    /// only the agent is added.
    ///
    /// # Errors
    /// [`HostError`] says what was done.
    pub async fn host_agent(&self, app: HostedAgent) -> Result<(), HostError> {
        let shared = &self.shared;
        self.remove_listed(&app.name, &app.exe).await?;
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

    /// Takes the agent out of PM2's list and out of its saved list; does nothing where it is in neither. PM2 ends it
    /// first, so that an agent that calls this for itself does not see the answer.
    ///
    /// # Errors
    /// [`HostError`] says what was done.
    pub async fn unhost_agent(&self, name: &str, exe: &Path) -> Result<(), HostError> {
        dump::replace(&self.shared.home, name, Vec::new())?;
        self.remove_listed(name, exe).await
    }

    async fn remove_listed(&self, name: &str, exe: &Path) -> Result<(), HostError> {
        let list = match self.shared.list().await {
            Ok(list) => list,
            Err(RpcError::NobodyThere) => return Ok(()),
            Err(why) => return Err(why.into()),
        };
        for process in list.processes.iter().filter(|p| p.name == name) {
            if !same_program(&process.exec_path, exe) {
                let (name, path) = (name.to_owned(), process.exec_path.clone());
                return Err(HostError::Foreign { name, path });
            }
            let limit = KILL_LIMIT + Duration::from_millis(process.kill_timeout_ms);
            self.shared.rpc.tell("deleteProcessId", &json!(process.pm_id), limit).await?;
        }
        Ok(())
    }
}

/// A binary that was replaced by a newer one in the same place is the same program.
fn same_program(path: &str, exe: &Path) -> bool {
    Path::new(path) == exe
        || std::fs::canonicalize(path).ok().is_some_and(|path| std::fs::canonicalize(exe).ok() == Some(path))
}

fn ecosystem(app: &HostedAgent) -> Value {
    let env: serde_json::Map<String, Value> =
        app.env.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect();
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    json!({ "apps": [{
        "name": app.name,
        "script": app.exe,
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

async fn save(shared: &Shared, app: &HostedAgent) -> Result<(), HostError> {
    let call = shared.rpc.call::<Vec<Value>>("getMonitorData", &json!({}), READ_LIMIT).await?;
    let listed = call.result;
    let name_of = |process: &Value| process.get("name").and_then(Value::as_str).map(ToOwned::to_owned);
    let names: Vec<String> = listed.iter().filter_map(name_of).collect();
    let missing = shared.state().dump.apps(&shared.home).iter().any(|saved| !names.contains(&saved.name));
    if !missing {
        shared.cli.run(&["save"], CLI_LIMIT).await?;
        return Ok(());
    }
    let mine = listed.into_iter().filter(|process| name_of(process).as_deref() == Some(app.name.as_str()));
    Ok(dump::replace(&shared.home, &app.name, mine.filter_map(entry).collect())?)
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
    fn an_entry_is_what_pm2_would_save() {
        let process = json!({"name": "a", "pm2_env": {"name": "a", "pm_id": 3, "instances": 1, "env": {}}});
        assert_eq!(entry(process), Some(json!({"name": "a", "env": {}})));
        assert_eq!(entry(json!({"name": "a"})), None);
    }
}
