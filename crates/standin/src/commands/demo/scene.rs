//! The world of the demo: a repository in a folder of its own, GitHub on loopback, and what its workflows do.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::{Timestamp, ToSpan, Unit};
use standin_body::env::Env;
use standin_body::reach::{Times, client, reach};
use standin_body::repository::{Repository, load};
use standin_body::setup::join;
use standin_body::slot::{Claimant, Claimed, SlotState};
use standin_body::world::World;
use standin_core::effect::EffectKey;
use standin_core::ident::AutomationId;
use standin_core::mesh::rank::slot_key;
use standin_engine::mesh::Body;
use standin_stage::{Conclusion, Options, RepositoryOptions, RunRequest, Runner, Script, Stage, StageError};
use tempfile::TempDir;

use super::log::{Log, What, Who};
use super::player::{Machine, Player};
use crate::exit::Failure;

/// The repository on the stage.
pub(super) const REPO: &str = "octo/shop";
/// The workflow whose cron does not come.
pub(super) const NIGHTLY: &str = "nightly.yml";
/// How often the agent and the function look.
pub(super) const MINUTE: Duration = Duration::from_secs(60);
/// How often the Action does.
pub(super) const FIVE_MINUTES: Duration = Duration::from_secs(300);
/// How long the work of a night takes.
const WORK: Duration = Duration::from_secs(20);
/// More than anybody asks for here.
const RATE_LIMIT: u32 = 50_000;

const SETTINGS: &str = "[[peer]]
kind = \"agent\"
every = \"1m\"
[[peer]]
kind = \"netlify\"
every = \"1m\"
[[peer]]
kind = \"action\"
every = \"5m\"
[[automation]]
id = \"workflow:nightly.yml\"
heartbeats = true
grace = \"1m\"
[[automation]]
id = \"pm2:shop\"
backup = [\"workflow:shop-backup.yml\"]
";

const INPUTS: &str = "  workflow_dispatch:\n    inputs: { standin-key: {}, standin-attempt: {}, standin-slot: {} }\njobs: { work: { runs-on: ubuntu-latest, steps: [{ run: ./work }] } }\n";

/// The world.
pub(super) struct Scene {
    pub(super) stage: Stage,
    pub(super) slot: Timestamp,
    pub(super) agent: Arc<Player>,
    pub(super) function: Arc<Player>,
    action: Arc<OnceLock<Arc<Player>>>,
    _folder: TempDir,
}

impl Scene {
    /// Sets it: nothing of it outlives this value, and nothing outside this machine is asked.
    pub(super) async fn set(log: &Log, pace: u32) -> Result<Self, Failure> {
        let slot = minute_after_next(log)?;
        let files = files(slot);
        let folder = tempfile::tempdir().map_err(Failure::io("no folder for the demo could be made"))?;
        let mut repository = RepositoryOptions::new(REPO);
        for (path, text) in &files {
            repository = repository.with_file(path, text);
            write(&folder, path, text).map_err(Failure::io("the demo's repository could not be written"))?;
        }
        let action = Arc::new(OnceLock::new());
        let mut options = Options::default();
        options.github.repositories = vec![repository];
        options.github.rate_limit = RATE_LIMIT;
        options.github.runner = runner(Arc::clone(&action), slot, log.clone());
        let stage = Stage::start(options).await.map_err(anyhow::Error::from)?;
        stage.github.plane().set_pace(pace);
        stage.netlify.plane().set_pace(pace);
        yesterday(&stage).await.map_err(anyhow::Error::from)?;
        let repository = load(folder.path()).map_err(anyhow::Error::from)?;
        let app: AutomationId = "pm2:shop".parse()?;
        let player =
            async |who: Who, every, machine| player(&repository, &stage, log, (who, every), machine).await;
        let agent = player(Who::Agent, MINUTE, Machine::With(app)).await?;
        let function = player(Who::Function, MINUTE, Machine::None).await?;
        let _first = action.set(player(Who::Action, FIVE_MINUTES, Machine::None).await?);
        Ok(Self { stage, slot, agent, function, action, _folder: folder })
    }

    /// GitHub starts the Action's workflow each five minutes. Here it is punctual.
    pub(super) async fn start_the_action(&self, log: &Log) {
        loop {
            let at = Timestamp::from_millisecond(log.now().0).unwrap_or_default();
            // A stage that does not take it is looked at in the summary: nothing is recovered then.
            let _run = self.stage.github.fire_schedule(REPO, "standin.yml", at);
            log.wait(FIVE_MINUTES).await;
        }
    }

    /// Until the slot of the night is due.
    pub(super) async fn slot_comes(&self, log: &Log) {
        let due = standin_core::mesh::clock::StoreTime::from(self.slot);
        log.wait(Duration::from_millis(due.since(log.now()))).await;
    }

    /// The Action, for its numbers.
    pub(super) fn action(&self) -> Option<&Arc<Player>> {
        self.action.get()
    }
}

/// The run of yesterday's slot, which nobody has to do again.
async fn yesterday(stage: &Stage) -> Result<(), StageError> {
    let github = &stage.github;
    github.script(REPO, NIGHTLY, Some(Script::ends(Conclusion::Success, Duration::ZERO)))?;
    let run = github.fire_schedule(REPO, NIGHTLY, github.plane().now())?;
    github.run_ended(REPO, run).await?;
    github.script(REPO, NIGHTLY, None)
}

/// The minute after the next one, so that all is well for a while.
fn minute_after_next(log: &Log) -> Result<Timestamp, Failure> {
    let now = Timestamp::from_millisecond(log.now().0).map_err(anyhow::Error::from)?;
    let round = jiff::TimestampRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Floor);
    let minute = now.round(round).map_err(anyhow::Error::from)?;
    Ok(minute.checked_add(2.minutes()).map_err(anyhow::Error::from)?)
}

fn files(slot: Timestamp) -> Vec<(&'static str, String)> {
    let cron = slot.strftime("%-M %-H * * *");
    let workflow = |title: &str, on: &str| {
        format!("name: {title}\nrun-name: {title} ${{{{ inputs.standin-key }}}}\non:\n{on}{INPUTS}")
    };
    vec![
        ("standin.toml", SETTINGS.to_owned()),
        ("shop.js", "setInterval(() => {}, 1000);\n".to_owned()),
        (
            "ecosystem.config.js",
            "module.exports = { apps: [{ name: \"shop\", script: \"./shop.js\" }] };\n".to_owned(),
        ),
        (
            ".github/workflows/nightly.yml",
            workflow("nightly", &format!("  schedule: [{{ cron: '{cron}' }}]\n")),
        ),
        (".github/workflows/shop-backup.yml", workflow("shop-backup", "")),
        (".github/workflows/standin.yml", workflow("standin", "  schedule: [{ cron: '*/5 * * * *' }]\n")),
    ]
}

fn write(folder: &TempDir, path: &str, text: &str) -> std::io::Result<()> {
    let path = folder.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap_or(folder.path()))?;
    std::fs::write(path, text)
}

async fn player(
    repository: &Repository,
    stage: &Stage,
    log: &Log,
    (who, every): (Who, Duration),
    machine: Machine,
) -> Result<Arc<Player>, Failure> {
    let env =
        [("GITHUB_REPOSITORY", REPO), ("GITHUB_API_URL", &stage.github_url), ("GITHUB_TOKEN", "of-the-demo")];
    let env = Env::of(env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
    let period = u32::try_from(every.as_millis()).unwrap_or(u32::MAX);
    let body = Body { tick: 75_000, request: 10_000, period, punctual: 90_000, send: 20_000 };
    let name = who.name().parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    let joined = join(&repository.mesh, &name, body).map_err(anyhow::Error::from)?;
    let times = Times { request: Duration::from_secs(10), send_within: Duration::from_secs(20) };
    let http = client(&env, times).map_err(anyhow::Error::from)?;
    let reached = reach(&repository.mesh, &env, http, times, None).await;
    Ok(Player::new(who, World::new(repository.mesh.clone(), joined, reached, machine), log.clone()))
}

fn runner(action: Arc<OnceLock<Arc<Player>>>, slot: Timestamp, log: Log) -> Runner {
    Runner::Handler(Arc::new(move |request| {
        let (action, log) = (action.get().cloned(), log.clone());
        Box::pin(async move {
            let Some(action) = action else { return Conclusion::Failure };
            match request.workflow.rsplit('/').next() {
                Some(NIGHTLY) => Box::pin(night(&action, slot, &log, &request)).await,
                Some("shop-backup.yml") => serve(&log).await,
                _ => {
                    action.tick().await;
                    Conclusion::Success
                }
            }
        })
    }))
}

/// What the Action's steps `beat` and `exec-result` do around the work of a workflow.
async fn night(action: &Arc<Player>, slot: Timestamp, log: &Log, request: &RunRequest) -> Conclusion {
    let Ok(id) = "workflow:nightly.yml".parse::<AutomationId>() else { return Conclusion::Failure };
    let joined = action.world.joined();
    let number = joined.setup.targets.iter().position(|target| target.target.to_string() == id.as_str());
    let Some(store) = number.and_then(|number| action.world.store_of(number)) else {
        return Conclusion::Failure;
    };
    let input = |name: &str| request.payload.get("inputs")?.get(name)?.as_str().map(str::to_owned);
    let key = input("standin-key").map_or_else(|| slot_key(&id, slot), EffectKey);
    let attempt = input("standin-attempt").and_then(|text| text.parse().ok()).unwrap_or(0);
    let run = format!("github/{}/1", request.id);
    let who = Claimant { attempt, run: &run, now: log.now().0, ordered: Some(log.now().0) };
    match store.claim(&key, who).await {
        Claimed::Go => {
            log.say(Who::Github, What::Worked, "nightly.yml runs: its slot is free, so it works");
            log.wait(WORK).await;
            store.end(&key, &run, SlotState::Done).await;
            Conclusion::Success
        }
        Claimed::StepAside(_) => {
            let text = "nightly.yml runs: its slot is done by another run, so it STEPS ASIDE without working";
            log.say(Who::Github, What::SteppedAside, text);
            Conclusion::Success
        }
        Claimed::CannotTell => Conclusion::Failure,
    }
}

/// Says that the backup has stopped, whoever stops it.
struct Serving(Log);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.say(Who::Github, What::Stopped, "shop-backup.yml was cancelled: the backup has stopped");
    }
}

async fn serve(log: &Log) -> Conclusion {
    log.say(Who::Github, What::Other, "shop-backup.yml runs, and does the shop's work from here on");
    let _serving = Serving(log.clone());
    std::future::pending().await
}
