//! Choosing the adapters: the one place where a repository's settings become PM2, SQLite and a runner of commands.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use standin_agent::api::RecoverRequest;
use standin_agent::lock::Lock;
use standin_config::{Pm2Watching, Settings};
use standin_core::ident::{AutomationId, Kind};
use standin_core::watch::Watch;
use standin_engine::carry::carry_out;
use standin_engine::json_v1::{EffectV1, RecoverV1};
use standin_engine::ports::Journal;
use standin_engine::recover;
use standin_engine::tick::{Engine, PM2_MEMORY, Setup};
use standin_platforms::local_run::{LocalRunner, RunFolder, RunSpec};
use standin_platforms::pm2::{Pm2, Pm2Binary, Pm2Options};
use standin_stores::Sqlite;

use crate::exit::Failure;
use crate::project::{Project, Root};

/// The ports of an agent, and what it watches.
pub(crate) struct Chosen {
    /// Where it remembers.
    pub journal: Arc<Sqlite>,
    /// PM2.
    pub pm2: Arc<Pm2>,
    /// The runner.
    pub runner: Arc<LocalRunner>,
    /// What it watches.
    pub setup: Setup,
}

/// Opens the state and chooses the adapters. The caller holds the lock.
pub(crate) async fn choose(project: &Project, agent_app: Option<String>) -> Result<Chosen, Failure> {
    let state = &project.root.state;
    let opened = Sqlite::open(&state.database())?;
    for notice in &opened.notices {
        tracing::warn!(target: "agent", "{notice}");
        eprintln!("warning: {notice}");
    }
    let journal = Arc::new(opened.store);
    let memory = journal.load().await?.marks.remove(PM2_MEMORY).unwrap_or_default();
    let pm2 = Arc::new(pm2_of(&project.root, &project.settings, memory, agent_app));
    let what = || format!("{} cannot be used", state.runs().display());
    let folder = RunFolder::open(state.runs()).map_err(Failure::io(what()))?;
    let runner = Arc::new(LocalRunner::new(folder, commands(project)));
    let apps = match project.settings.pm2.watch {
        Pm2Watching::On => project.apps(),
        Pm2Watching::Off => Vec::new(),
    };
    let resolved = &project.resolved;
    let mut watches = resolved.watches.clone();
    let is_new = |id: &AutomationId| id.kind() == Kind::Heartbeat && !watches.iter().any(|w| &w.id == id);
    let senders: Vec<_> = journal.checks().await?.into_iter().map(|check| check.id).filter(is_new).collect();
    watches.extend(senders.into_iter().map(Watch::of_sender));
    let setup = Setup { watches, policy: resolved.policy.clone(), apps };
    Ok(Chosen { journal, pm2, runner, setup })
}

/// PM2 as the settings name it, else as its own variables do.
pub(crate) fn pm2_of(root: &Root, settings: &Settings, memory: String, agent_app: Option<String>) -> Pm2 {
    Pm2::new(Pm2Options {
        home: pm2_home(root, settings),
        binary: pm2_binary(root, settings),
        memory,
        agent_app,
    })
}

/// PM2's folder: the settings', else `$PM2_HOME`, else `~/.pm2`.
pub(crate) fn pm2_home(root: &Root, settings: &Settings) -> PathBuf {
    let from_env = || std::env::var_os("PM2_HOME").filter(|v| !v.is_empty()).map(PathBuf::from);
    let said = settings.pm2.home.as_deref().map(|path| at_home(root, path));
    said.or_else(from_env).unwrap_or_else(|| home().join(".pm2"))
}

/// PM2's command: the settings', else `$STANDIN_PM2`, else the repository's own, else the one on the path.
pub(crate) fn pm2_binary(root: &Root, settings: &Settings) -> Pm2Binary {
    let from_env = || std::env::var_os("STANDIN_PM2").filter(|v| !v.is_empty()).map(PathBuf::from);
    let said = settings.pm2.binary.as_deref().map(|path| at_home(root, path));
    said.or_else(from_env).map_or_else(|| Pm2Binary::Search(root.path.clone()), Pm2Binary::At)
}

/// `~/x` is in the user's home, `x` in the repository.
fn at_home(root: &Root, path: &str) -> PathBuf {
    path.strip_prefix("~/").map_or_else(|| root.path.join(path), |rest| home().join(rest))
}

fn home() -> PathBuf {
    std::env::home_dir().unwrap_or_else(|| PathBuf::from("/"))
}

fn commands(project: &Project) -> BTreeMap<AutomationId, RunSpec> {
    let list = project.resolved.commands.iter();
    let program = std::env::current_exe().ok().map(|path| path.to_string_lossy().into_owned());
    list.map(|(id, spec)| {
        let mut env = spec.env.clone();
        if let Some(program) = &program {
            env.entry(standin_config::PROGRAM.to_owned()).or_insert_with(|| program.clone().into());
        }
        let run = RunSpec {
            command: spec.command.clone(),
            dir: PathBuf::from(&spec.dir),
            env,
            env_from: spec.env_from.clone(),
            time_limit: spec.time_limit,
        };
        (id.clone(), run)
    })
    .collect()
}

/// One tick of this process's own, for when no agent runs: the same engine on the same state, under the same lock.
pub(crate) async fn recover_here(project: Project, asked: RecoverRequest) -> Result<RecoverV1, Failure> {
    let known = |id: &&AutomationId| project.resolved.watches.iter().any(|w| &w.id == *id);
    if let Some(id) = asked.ids.iter().find(|id| !known(id)) {
        return Err(Failure::Usage(format!(
            "`{id}` is not in this repository: `standin scan` lists what is"
        )));
    }
    let state = &project.root.state;
    state.create().map_err(Failure::io(format!("{} cannot be made", state.root().display())))?;
    let _lock = Lock::take(&state.lock(), Duration::ZERO)?;
    let chosen = choose(&project, None).await?;
    let apps = chosen.setup.apps.clone();
    let start =
        Engine::start(Arc::clone(&chosen.pm2), Arc::clone(&chosen.journal), chosen.setup, Timestamp::now());
    // Runs that an agent left behind are the next agent's.
    let (mut engine, _left) = start.await?;
    let beats = engine.beats().clone();
    // Nothing is asked yet: this look says what fails.
    let (verdicts, _) = engine.rehearse(Timestamp::now(), &BTreeMap::new()).await;
    let requests = recover::requests(&asked.ids, &verdicts);
    if asked.dry_run {
        let (_, plan) = engine.rehearse(Timestamp::now(), &requests).await;
        return Ok(recover::rehearsed(&plan, &requests));
    }
    let step = engine.tick_as_asked(Timestamp::now(), beats, &requests).await?;
    let mut answer = recover::decided(&step.decisions, &requests);
    for planned in step.effects {
        let finished = carry_out(&*chosen.pm2, &*chosen.runner, &apps, planned).await;
        answer.effects.push(EffectV1::ended(&finished));
        engine.finish(finished, Timestamp::now()).await?;
    }
    chosen.journal.close().await;
    Ok(answer)
}
