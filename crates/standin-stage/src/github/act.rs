//! Runs a workflow with the real `act`, in a copy of the commit's files, and says how it and its jobs ended.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::Hub;
use super::runner::RunRequest;
use super::runs::Conclusion;
use crate::plane::lock;

/// More output of one run than this is not read.
const MAX_OUTPUT: u64 = 64 * 1024 * 1024;

/// Where `act` is, and with what it runs workflows. Its `Debug` does not show the secrets.
#[derive(Clone)]
pub struct Act {
    /// The program.
    pub program: PathBuf,
    /// Secrets of the repository, by name. They reach `act` in a file that is removed with the copy.
    pub secrets: BTreeMap<String, String>,
    /// Variables of the repository, by name.
    pub variables: BTreeMap<String, String>,
    /// More environment for every step, by name.
    pub environment: BTreeMap<String, String>,
    /// Actions that lie on this machine, each as `OWNER/NAME@REF=FOLDER`.
    pub local_repositories: Vec<String>,
    /// Labels of runners that mean this machine.
    pub labels: Vec<String>,
    /// After so long a run is ended as timed out.
    pub limit: Duration,
    /// Where each run's output is kept, as `run-ID.log`.
    pub logs: Option<PathBuf>,
}

impl Act {
    /// With this program, without secrets or variables, and a limit of five minutes.
    #[must_use]
    pub fn new(program: &Path) -> Self {
        Self {
            program: program.to_path_buf(),
            secrets: BTreeMap::new(),
            variables: BTreeMap::new(),
            environment: BTreeMap::new(),
            local_repositories: Vec::new(),
            labels: ["ubuntu-latest", "ubuntu-24.04", "ubuntu-22.04"].map(str::to_owned).to_vec(),
            limit: Duration::from_secs(300),
            logs: None,
        }
    }
}

impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Act").field("program", &self.program).finish_non_exhaustive()
    }
}

/// What of a commit is written out.
struct Copy {
    files: Vec<(String, String, Bytes)>,
    sha: String,
    branch: String,
    number: u64,
    attempt: u64,
}

/// The processes of one run; they end with it, whoever ends it.
struct Group(Pid);

impl Drop for Group {
    fn drop(&mut self) {
        // Most groups are empty by now, which is the error that there is.
        let _gone = killpg(self.0, Signal::SIGKILL);
    }
}

pub(crate) async fn carry(hub: &Hub, act: &Act, repository: &str, request: &RunRequest) -> Conclusion {
    let Some(copy) = copy_of(hub, repository, request.id) else { return Conclusion::StartupFailure };
    let prepared = {
        let (act, request) = (act.clone(), request.clone());
        let base = hub.base.clone();
        tokio::task::spawn_blocking(move || prepare(&act, &request, &copy, &base)).await
    };
    let Ok(Ok((folder, command))) = prepared else { return Conclusion::StartupFailure };
    let watched = watch(hub, act, repository, request, command);
    let conclusion = match tokio::time::timeout(act.limit, watched).await {
        Ok(conclusion) => conclusion,
        Err(_) => Conclusion::TimedOut,
    };
    drop(folder);
    conclusion
}

fn copy_of(hub: &Hub, repository: &str, id: u64) -> Option<Copy> {
    let world = lock(&hub.world);
    let repo = world.repos.get(repository)?;
    let run = repo.runs.get(&id)?;
    let mut files = Vec::new();
    for (path, entry) in repo.objects.files(run.head) {
        let data = repo.objects.blob(entry.oid)?.clone();
        files.push((path, entry.mode, data));
    }
    let (sha, branch) = (run.head.to_string(), run.branch.clone());
    Some(Copy { files, sha, branch, number: run.number, attempt: run.attempt })
}

/// Writes the files, the event and the secrets below a folder of the run's own.
fn prepare(
    act: &Act,
    request: &RunRequest,
    copy: &Copy,
    base: &str,
) -> std::io::Result<(tempfile::TempDir, tokio::process::Command)> {
    // Only its owner can look into a folder that this makes.
    let folder = tempfile::tempdir()?;
    let checkout = folder.path().join("repository");
    for (path, mode, data) in &copy.files {
        // A tree has no such names; a client may have made one that has.
        if Path::new(path).components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
            continue;
        }
        let file = checkout.join(path);
        std::fs::create_dir_all(file.parent().unwrap_or(&checkout))?;
        std::fs::write(&file, data)?;
        if mode == "100755" {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))?;
        }
    }
    let event = folder.path().join("event.json");
    std::fs::write(&event, request.payload.to_string())?;
    // As YAML: act reads quotation marks wrongly in a file of lines NAME=value.
    let secrets = folder.path().join("secrets.yml");
    let mut file = std::fs::File::create(&secrets)?;
    for (name, value) in &act.secrets {
        writeln!(file, "{name}: {}", Value::from(value.as_str()))?;
    }
    let mut command = tokio::process::Command::new(&act.program);
    command.current_dir(&checkout).env_clear().env("HOME", folder.path());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command.args([request.event.as_str(), "-W", &request.workflow, "--json", "--no-cache-server"]);
    command
        .args(["--artifact-server-addr", "127.0.0.1"])
        .arg("-e")
        .arg(&event)
        .arg("--secret-file")
        .arg(&secrets);
    for label in &act.labels {
        command.arg("-P").arg(format!("{label}=-self-hosted"));
    }
    for repository in &act.local_repositories {
        command.arg("--local-repository").arg(repository);
    }
    for (name, value) in &act.variables {
        command.arg("--var").arg(format!("{name}={value}"));
    }
    let workflow = format!("{}/{}@refs/heads/{}", request.repository, request.workflow, copy.branch);
    let own = [
        ("GITHUB_API_URL", base.to_owned()),
        ("GITHUB_SERVER_URL", base.to_owned()),
        ("GITHUB_GRAPHQL_URL", format!("{base}/graphql")),
        ("GITHUB_REPOSITORY", request.repository.clone()),
        ("GITHUB_RUN_ID", request.id.to_string()),
        ("GITHUB_RUN_NUMBER", copy.number.to_string()),
        ("GITHUB_RUN_ATTEMPT", copy.attempt.to_string()),
        ("GITHUB_SHA", copy.sha.clone()),
        ("GITHUB_REF", format!("refs/heads/{}", copy.branch)),
        ("GITHUB_REF_NAME", copy.branch.clone()),
        ("GITHUB_WORKFLOW_REF", workflow),
    ];
    let more = act.environment.iter().map(|(name, value)| (name.as_str(), value.clone()));
    for (name, value) in own.into_iter().chain(more) {
        command.arg("--env").arg(format!("{name}={value}"));
    }
    Ok((folder, command))
}

async fn watch(
    hub: &Hub,
    act: &Act,
    repository: &str,
    request: &RunRequest,
    mut command: tokio::process::Command,
) -> Conclusion {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    let Ok(mut child) = command.spawn() else { return Conclusion::StartupFailure };
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let (Some(pid), Some(output)) = (pid, child.stdout.take()) else { return Conclusion::StartupFailure };
    let _group = Group(pid);
    let log = act.logs.as_ref().map(|folder| folder.join(format!("run-{}.log", request.id)));
    let mut log = log.and_then(|path| std::fs::File::create(path).ok());
    let mut lines = BufReader::new(output.take(MAX_OUTPUT)).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(log) = &mut log {
            // A log that cannot be written is no reason to end the run.
            let _unkept = writeln!(log, "{line}");
        }
        note_job(hub, repository, request.id, &line);
    }
    match child.wait().await {
        Ok(status) if status.success() => Conclusion::Success,
        Ok(_) | Err(_) => Conclusion::Failure,
    }
}

/// A line of `act` may say how a job ended.
fn note_job(hub: &Hub, repository: &str, id: u64, line: &str) {
    let Ok(line) = serde_json::from_str::<Value>(line) else { return };
    let text = |name: &str| line.get(name).and_then(Value::as_str);
    let (Some(job), Some(result)) = (text("jobID"), text("jobResult")) else { return };
    let conclusion = match result {
        "success" => Conclusion::Success,
        "skipped" => Conclusion::Skipped,
        "cancelled" => Conclusion::Cancelled,
        _ => Conclusion::Failure,
    };
    let now = hub.plane.now();
    if let Some(repo) = lock(&hub.world).repos.get_mut(repository) {
        repo.job_ended(id, job, conclusion, now);
    }
    hub.changed.notify_waiters();
}
