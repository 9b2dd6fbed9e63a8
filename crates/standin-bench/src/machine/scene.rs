//! A repository on the stage, and the shipped watchers that look after it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use standin_core::incident::Target;
use standin_core::mesh::peer::PeerId;
use standin_core::mesh::rank::rank;
use standin_stage::{
    Conclusion, FunctionCall, FunctionReply, Functions, Options as StageOptions, RepositoryOptions, Runner,
    SiteOptions, Stage,
};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

pub(super) const REPO: &str = "octo/shop";
pub(super) const SITE: &str = "shop";

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(90);
/// How often is looked for what is waited for: it is what a figure may be off by.
const POLL: Duration = Duration::from_millis(2);
/// What Netlify gives a scheduled function.
const FUNCTION: Duration = Duration::from_secs(29);
/// Names that are tried until the watcher that is measured is the first to try.
const NAMES: u32 = 200;

/// The watchers as they ship.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    pub(super) standin: PathBuf,
    pub(super) action: PathBuf,
    pub(super) function: PathBuf,
}

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Action,
    Function,
    Agent,
}

impl Who {
    pub(super) const ALL: [Self; 3] = [Self::Action, Self::Function, Self::Agent];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Action => "the Action",
            Self::Function => "the function",
            Self::Agent => "the agent",
        }
    }

    /// Its entry in the settings, which looks each so often.
    pub(super) fn peer(self, every: &str) -> String {
        let kind = match self {
            Self::Action => "action\"\nworkflow = \"watcher.yml",
            Self::Function => "netlify",
            Self::Agent => "agent",
        };
        format!("[[peer]]\nkind = \"{kind}\"\nname = \"{}\"\nevery = \"{every}\"\n", self.peer_name())
    }

    const fn peer_name(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Function => "function",
            Self::Agent => "agent",
        }
    }

    /// The name of another peer, such that this one is the first of both to help a target.
    pub(super) fn first_before(self, target: &str) -> anyhow::Result<String> {
        let own: PeerId = self.peer_name().parse()?;
        let target = Target::Automation(target.parse()?);
        for n in 0..NAMES {
            let other = format!("box-{n}");
            if rank(&target, &own, &[own.clone(), other.parse()?]) == Some(0) {
                return Ok(other);
            }
        }
        bail!("no name makes {own} the first")
    }
}

/// Due two hours ago, and not again today.
pub(super) fn nightly() -> String {
    let cron = (Timestamp::now() - SignedDuration::from_hours(2)).strftime("%-M %-H * * *");
    format!("on:\n  schedule:\n    - cron: '{cron}'\n{DISPATCH}")
}

/// Only dispatched.
pub(super) fn backup() -> String {
    format!("on:\n{DISPATCH}")
}

const DISPATCH: &str = "  workflow_dispatch:\n    inputs: { standin-key: {}, standin-attempt: {}, standin-slot: {} }\n\
run-name: a run ${{ inputs.standin-key }}\njobs:\n  work: { runs-on: ubuntu-latest, steps: [{ run: 'true' }] }\n";

type Shared = Arc<Mutex<BTreeMap<String, String>>>;

pub(super) struct Scene {
    pub(super) stage: Stage,
    binaries: Binaries,
    dir: TempDir,
}

impl Scene {
    /// With these files in the repository, and these settings.
    pub(super) async fn set(
        binaries: &Binaries,
        files: &[(String, String)],
        settings: &str,
    ) -> anyhow::Result<Self> {
        let dir = TempDir::with_prefix_in("sm", "/tmp")?;
        let mut repository = RepositoryOptions::new(REPO);
        for (path, text) in files {
            repository = repository.with_file(path, text);
            write(&dir.path().join("repo").join(path), text)?;
        }
        let mut options = StageOptions::default();
        options.github.repositories = vec![repository];
        options.github.runner = Runner::BuiltIn(Duration::ZERO);
        options.github.rate_limit = 100_000;
        let mut site = SiteOptions::new(SITE).with_function("standin", Some("*/5 * * * *"));
        site = site.with_function("standin-background", None).with_function("checkout", None);
        let known = Shared::default();
        site.served = served(dir.path(), &binaries.function, &known);
        options.netlify.sites = vec![site];
        let stage = Stage::start(options).await?;
        let scene = Self { stage, binaries: binaries.clone(), dir };
        *known.lock().unwrap_or_else(PoisonError::into_inner) = scene.env();
        let head = "[agent]\nlisten = \"127.0.0.1:0\"\n[pm2]\nwatch = false\n";
        write(&scene.repo().join("standin.toml"), &format!("{head}{settings}"))?;
        scene.carry().await?;
        Ok(scene)
    }

    /// Writes what the function carries.
    async fn carry(&self) -> anyhow::Result<()> {
        let mut command = Command::new(&self.binaries.standin);
        command.args(["mesh", "--format", "json"]).current_dir(self.repo()).env_clear().env("TZ", "UTC");
        let mesh = command.output().await?;
        ensure!(mesh.status.success(), "standin mesh failed: {}", String::from_utf8_lossy(&mesh.stderr));
        Ok(std::fs::write(self.dir.path().join("mesh.json"), mesh.stdout)?)
    }

    /// Adds to the settings what is known only once the stage stands.
    pub(super) async fn add(&self, settings: &str) -> anyhow::Result<()> {
        let path = self.repo().join("standin.toml");
        let before = std::fs::read_to_string(&path)?;
        write(&path, &format!("{before}{settings}"))?;
        self.carry().await
    }

    /// What the last check of the Action saw, as JSON.
    pub(super) fn said(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("standin-check.json")).unwrap_or_default()
    }

    /// The summaries that the Action has written.
    pub(super) fn summary(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("summary")).unwrap_or_default()
    }

    pub(super) fn repo(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    /// What every watcher is told of the outside.
    pub(super) fn env(&self) -> BTreeMap<String, String> {
        let netlify = format!("{}/api/v1", self.stage.netlify_url);
        let pairs = [
            ("GITHUB_REPOSITORY", REPO),
            ("GITHUB_API_URL", &self.stage.github_url),
            ("GITHUB_TOKEN", "a-token"),
            ("STANDIN_TOKEN", "a-token-of-the-mesh"),
            ("NETLIFY_API_URL", &netlify),
            ("NETLIFY_SITE_ID", SITE),
            ("NETLIFY_AUTH_TOKEN", "a-token"),
            ("TZ", "UTC"),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The Action's step in this checkout.
    pub(super) fn action(&self) -> Command {
        let mut command = Command::new(&self.binaries.action);
        let own = self.dir.path();
        command
            .env_clear()
            .envs(self.env())
            .env("STANDIN_CONFIG", self.repo())
            .env("STANDIN_COMMAND", "check");
        command.env("GITHUB_OUTPUT", own.join("output")).env("GITHUB_STEP_SUMMARY", own.join("summary"));
        command.env("RUNNER_TEMP", own).env("HOME", own).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Has a watcher look: an agent goes on looking, the others end.
    pub(super) async fn look(&self, who: Who) -> anyhow::Result<Child> {
        match who {
            Who::Action => Ok(self.action().spawn()?),
            Who::Function => {
                let event = event("schedule", &[], "");
                tell(&self.binaries.function, self.dir.path(), &self.env(), &event).await
            }
            Who::Agent => {
                let mut command = Command::new(&self.binaries.standin);
                command.arg("up").current_dir(self.repo()).env_clear().envs(self.env());
                command.env("HOME", self.dir.path()).env("PM2_HOME", self.dir.path().join("pm2"));
                command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
                Ok(command.spawn()?)
            }
        }
    }

    /// Has a watcher look until this is so, again each second where it ends before; milliseconds since `begun`.
    pub(super) async fn until(
        &self,
        who: Who,
        begun: Instant,
        is_so: impl Fn() -> anyhow::Result<bool>,
    ) -> anyhow::Result<f64> {
        let mut watcher = self.look(who).await?;
        let mut ended: Option<Instant> = None;
        while !is_so()? {
            ensure!(begun.elapsed() < LIMIT, "{} did not bring it back", who.name());
            if ended.is_none() && watcher.try_wait()?.is_some() {
                ended = Some(Instant::now());
            }
            if ended.is_some_and(|at| at.elapsed() > Duration::from_secs(1)) {
                (watcher, ended) = (self.look(who).await?, None);
            }
            tokio::time::sleep(POLL).await;
        }
        let took = begun.elapsed().as_secs_f64() * 1e3;
        watcher.kill().await?;
        Ok(took)
    }

    /// Whether a workflow has a run that went well.
    pub(super) fn has_run(&self, workflow: &str) -> anyhow::Result<bool> {
        let path = format!(".github/workflows/{workflow}");
        let runs = self.stage.github.runs(REPO)?;
        Ok(runs.iter().any(|run| run.workflow == path && run.conclusion == Some(Conclusion::Success)))
    }

    /// Whether a deploy other than this one is live.
    pub(super) fn is_replaced(&self, title: &str) -> anyhow::Result<bool> {
        let deploys = self.stage.netlify.deploys(SITE)?;
        Ok(deploys.iter().any(|deploy| deploy.live && deploy.title != title))
    }

    /// Waits for a first record of a watcher.
    pub(super) async fn is_heard(&self, peer: &str) -> anyhow::Result<()> {
        let name = format!("refs/standin/peer/{peer}");
        let begun = Instant::now();
        while !self.stage.github.refs(REPO)?.contains_key(&name) {
            ensure!(begun.elapsed() < LIMIT, "{peer} was never heard of");
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

/// Answers for the site's functions with the shipped binary, as the JavaScript of the site's template does.
fn served(folder: &Path, function: &Path, known: &Shared) -> Functions {
    let (folder, function, known) = (folder.to_path_buf(), function.to_path_buf(), Arc::clone(known));
    Functions::Handler(Arc::new(move |call| {
        let env = known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (folder, function) = (folder.clone(), function.clone());
        Box::pin(async move {
            let status = answer(&function, &folder, &env, call).await.map_or(502, |()| 200);
            FunctionReply { status, headers: Vec::new(), body: "well".into() }
        })
    }))
}

async fn answer(
    function: &Path,
    folder: &Path,
    env: &BTreeMap<String, String>,
    call: FunctionCall,
) -> anyhow::Result<()> {
    let kind = match call.name.as_str() {
        "standin" => "schedule",
        "standin-background" => "background",
        _ => return Ok(()),
    };
    let event = event(kind, &call.headers, &String::from_utf8_lossy(&call.body));
    let ended = tell(function, folder, env, &event).await?.wait().await?;
    ensure!(ended.success(), "the function failed");
    Ok(())
}

fn event(kind: &str, headers: &[(String, String)], body: &str) -> String {
    let headers: BTreeMap<_, _> = headers.iter().cloned().collect();
    let deadline = Timestamp::now().as_millisecond() + i64::try_from(FUNCTION.as_millis()).unwrap_or(0);
    json!({ "kind": kind, "method": "POST", "path": "/", "headers": headers, "body": body, "deadline_ms": deadline })
        .to_string()
}

async fn tell(
    function: &Path,
    folder: &Path,
    env: &BTreeMap<String, String>,
    event: &str,
) -> anyhow::Result<Child> {
    let mut command = Command::new(function);
    command.env_clear().envs(env).env("STANDIN_MESH", folder.join("mesh.json")).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take().context("it has a stdin")?;
    stdin.write_all(event.as_bytes()).await?;
    Ok(child)
}
