//! PM2's list of processes, as far as it is of interest. Environments are skipped while parsing, never kept.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use standin_core::observation::{ProcessStatus, Respawn};

use super::loose::Loose;

/// What PM2 waits for a process to end after SIGINT when the app does not say.
pub(super) const DEFAULT_KILL_TIMEOUT_MS: u64 = 1600;
/// The longest such wait that is believed.
const MAX_KILL_TIMEOUT_MS: u64 = 10 * 60_000;

/// An element of the list, as PM2 writes it.
#[derive(Deserialize)]
pub(super) struct RawProcess {
    #[serde(default)]
    pid: Loose,
    #[serde(default)]
    name: Loose,
    #[serde(default)]
    pm_id: Loose,
    #[serde(default)]
    monit: Monit,
    pm2_env: RawEnv,
}

#[derive(Default, Deserialize)]
struct Monit {
    #[serde(default)]
    memory: Loose,
}

/// What is of interest of an app's record: in the list, in an event, in the saved list.
#[derive(Default, Deserialize)]
pub(super) struct RawEnv {
    #[serde(default)]
    pub(super) name: Loose,
    #[serde(default)]
    pub(super) pm_id: Loose,
    #[serde(default)]
    pub(super) pm_exec_path: Loose,
    #[serde(default)]
    pub(super) pm_cwd: Loose,
    #[serde(default)]
    status: Loose,
    #[serde(default)]
    pub(super) pm_uptime: Loose,
    #[serde(default)]
    pub(super) restart_time: Loose,
    #[serde(default)]
    autorestart: Loose,
    #[serde(default)]
    stop_exit_codes: Loose,
    #[serde(default)]
    cron_restart: Loose,
    #[serde(default)]
    created_at: Loose,
    #[serde(default)]
    pub(super) exit_code: Loose,
    #[serde(default)]
    kill_timeout: Loose,
    #[serde(default)]
    axm_monitor: Option<serde_json::Value>,
}

impl RawEnv {
    pub(super) fn kill_timeout_ms(&self) -> u64 {
        let asked = self.kill_timeout.int().and_then(|ms| u64::try_from(ms).ok()).filter(|ms| *ms > 0);
        asked.unwrap_or(DEFAULT_KILL_TIMEOUT_MS).min(MAX_KILL_TIMEOUT_MS)
    }
}

/// What a process says of its event loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pulse {
    /// Nothing.
    None,
    /// Measurements, condensed: another number means that it has measured again.
    Beat(u64),
}

/// One process of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) pm_id: u32,
    pub(super) name: String,
    /// 0 when it does not run and will not be started by PM2.
    pub(super) pid: u32,
    pub(super) status: ProcessStatus,
    pub(super) uptime_stamp: i64,
    pub(super) restarts: u32,
    pub(super) memory_bytes: u64,
    pub(super) respawn: Respawn,
    pub(super) cron_restart: String,
    pub(super) pulse: Pulse,
    pub(super) exec_path: String,
    pub(super) cwd: String,
    pub(super) exit_code: Option<i32>,
    pub(super) kill_timeout_ms: u64,
}

impl Listed {
    /// Reads an element; `None` for the passing entries of a reload, whose number is a text.
    pub(super) fn read(raw: &RawProcess) -> Option<Self> {
        let env = &raw.pm2_env;
        let Loose::Int(pm_id) = raw.pm_id else { return None };
        let pid = raw.pid.int().and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0);
        let exit_code = env.exit_code.int().and_then(|code| i32::try_from(code).ok());
        let name = raw.name.text().or_else(|| env.name.text())?;
        let cron_restart = env.cron_restart.text().filter(|cron| *cron != "0").unwrap_or_default();
        Some(Self {
            pm_id: u32::try_from(pm_id).ok()?,
            name: name.to_owned(),
            pid,
            status: status(env, pid),
            uptime_stamp: env.pm_uptime.int().unwrap_or(0),
            restarts: env.restart_time.int().and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            memory_bytes: raw.monit.memory.int().and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
            respawn: respawn(env, exit_code),
            cron_restart: cron_restart.to_owned(),
            pulse: pulse(env.axm_monitor.as_ref()),
            exec_path: env.pm_exec_path.text().unwrap_or_default().to_owned(),
            cwd: env.pm_cwd.text().unwrap_or_default().to_owned(),
            exit_code,
            kill_timeout_ms: env.kill_timeout_ms(),
        })
    }

    /// Whether its process is gone; PM2 may keep its number until it starts another.
    pub(super) const fn has_ended(&self) -> bool {
        matches!(self.status, ProcessStatus::Stopped | ProcessStatus::Errored | ProcessStatus::WaitingRestart)
    }

    /// Whether it runs, or is about to without anybody's help.
    pub(super) const fn is_alive(&self) -> bool {
        matches!(
            self.status,
            ProcessStatus::Online | ProcessStatus::Launching | ProcessStatus::WaitingRestart
        )
    }
}

/// PM2's word, except where it lies: with a restart delay an app that ended for good is called `waiting restart`
/// for ever. Then its pid is 0, and where PM2 gave up on it its `created_at` is null.
fn status(env: &RawEnv, pid: u32) -> ProcessStatus {
    match env.status.text().unwrap_or_default() {
        "online" => ProcessStatus::Online,
        "launching" => ProcessStatus::Launching,
        "stopping" => ProcessStatus::Stopping,
        "stopped" => ProcessStatus::Stopped,
        "errored" => ProcessStatus::Errored,
        "waiting restart" if pid != 0 => ProcessStatus::WaitingRestart,
        "waiting restart" if env.created_at == Loose::Absent => ProcessStatus::Errored,
        "waiting restart" => ProcessStatus::Stopped,
        _ => ProcessStatus::Unrecognised,
    }
}

fn respawn(env: &RawEnv, exit_code: Option<i32>) -> Respawn {
    let final_code = exit_code.is_some_and(|code| env.stop_exit_codes.ints().contains(&i64::from(code)));
    if env.autorestart.is_false() || final_code { Respawn::Never } else { Respawn::ByPm2 }
}

/// PM2 does not publish measurements, it only keeps the newest ones in its list. An idle event loop still measures
/// other figures each second, so that figures that stand still mean that the loop does.
fn pulse(monitor: Option<&serde_json::Value>) -> Pulse {
    match monitor.and_then(serde_json::Value::as_object) {
        Some(figures) if figures.contains_key("Event Loop Latency") => {
            let mut hasher = DefaultHasher::new();
            for (name, figure) in figures {
                (name, figure.get("value").map(ToString::to_string)).hash(&mut hasher);
            }
            Pulse::Beat(hasher.finish())
        }
        Some(_) | None => Pulse::None,
    }
}

/// The list that `pm2 jlist` printed: PM2 may print notices before it.
pub(super) fn from_jlist(output: &[u8]) -> Option<Vec<Listed>> {
    let line = output.split(|byte| *byte == b'\n').rfind(|line| line.starts_with(b"["))?;
    let raw: Vec<RawProcess> = serde_json::from_slice(line).ok()?;
    Some(raw.iter().filter_map(Listed::read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &serde_json::Value) -> Option<Listed> {
        Listed::read(&serde_json::from_value(json.clone()).unwrap())
    }

    #[test]
    fn a_process_is_read_and_its_environment_is_not() {
        let process = read(&serde_json::json!({
            "pid": 12, "name": "web", "pm_id": 3, "monit": {"memory": 4096, "cpu": 1.5},
            "pm2_env": {"status": "online", "pm_uptime": 1_700_000_000_000_i64, "restart_time": 2,
                "autorestart": "false", "cron_restart": "0 1 * * *", "pm_exec_path": "/a/web.js", "pm_cwd": "/a",
                "env": {"TOKEN": "hunter2"}, "TOKEN": "hunter2", "axm_monitor": {}, "kill_timeout": "3000"}
        }))
        .unwrap();
        assert_eq!((process.pid, process.status, process.restarts), (12, ProcessStatus::Online, 2));
        assert_eq!((process.respawn, process.cron_restart.as_str()), (Respawn::Never, "0 1 * * *"));
        assert_eq!((process.memory_bytes, process.kill_timeout_ms), (4096, 3000));
        assert!(!format!("{process:?}").contains("hunter2"));
    }

    #[test]
    fn waiting_for_a_restart_that_never_comes_is_an_end() {
        let of = |pid: u32, created: serde_json::Value| {
            let env = serde_json::json!({"status": "waiting restart", "created_at": created});
            read(&serde_json::json!({"pid": pid, "name": "a", "pm_id": 0, "pm2_env": env})).unwrap().status
        };
        assert_eq!(of(9, 1.into()), ProcessStatus::WaitingRestart);
        assert_eq!(of(0, 1.into()), ProcessStatus::Stopped);
        assert_eq!(of(0, serde_json::Value::Null), ProcessStatus::Errored);
    }

    #[test]
    fn an_exit_code_that_ends_an_app_for_good_is_not_restarted() {
        let env = serde_json::json!({"status": "stopped", "exit_code": 3, "stop_exit_codes": ["0", 3]});
        let process = read(&serde_json::json!({"name": "a", "pm_id": 0, "pm2_env": env})).unwrap();
        assert_eq!(process.respawn, Respawn::Never);
    }

    #[test]
    fn measurements_that_change_are_a_pulse() {
        let of = |value: f64| {
            pulse(Some(&serde_json::json!({"Event Loop Latency": {"value": value}, "Heap": {"value": 1}})))
        };
        assert_eq!(of(0.5), of(0.5));
        assert_ne!(of(0.5), of(0.6));
        assert_eq!(pulse(Some(&serde_json::json!({"Heap": {"value": 1}}))), Pulse::None);
        assert_eq!(pulse(None), Pulse::None);
    }

    #[test]
    fn passing_entries_of_a_reload_are_left_out_and_notices_before_a_list_are_skipped() {
        let parked = serde_json::json!({"pid": 1, "name": "a", "pm_id": "_old_0", "pm2_env": {}});
        assert_eq!(read(&parked), None);
        let printed =
            b">>>> In-memory PM2 is out-of-date\n[{\"pid\":1,\"name\":\"a\",\"pm_id\":0,\"pm2_env\":{}}]\n";
        assert_eq!(from_jlist(printed).unwrap().len(), 1);
        assert_eq!(from_jlist(b"[PM2] Spawning\n[]\n").unwrap().len(), 0);
        assert!(from_jlist(b"no list").is_none());
    }
}
