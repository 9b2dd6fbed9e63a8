//! `standin demo`: an outage, the failover and the handback, played on this machine alone.
//!
//! The watchers are the bodies that ship, in one process; GitHub is the stage of the tests. Their clocks go faster than
//! time does, and that is all that is different: no wait of the protocol is left out.

mod log;
mod player;
mod scene;

use std::time::Duration;

use standin_body::drive::Clocks;

use crate::exit::{Exit, Failure};
use crate::output;
use log::{Log, What, Who};
use scene::{MINUTE, NIGHTLY, REPO, Scene};

/// What does not happen within so long, by the demo's clock, does not happen.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// How many watchers there are.
const WATCHERS: usize = 3;

/// What came of it, by the demo's clock.
struct Story {
    missed: Duration,
    recovered: Duration,
    died: Duration,
    noticed: Duration,
    serving: Duration,
    returned: Duration,
    handed_back: Duration,
}

/// Plays it.
pub(crate) async fn demo(pace: u32) -> Result<Exit, Failure> {
    let clocks = Clocks::faster(pace);
    let log = Log::new(clocks);
    output::write(&format!(
        "Three watchers look after a repository and after each other: an agent on a server, a function, and a GitHub Action.\n\
         The server also runs the app pm2:shop under PM2. Everything here is on this machine; GitHub is stood in for.\n\
         One second here is {pace} seconds there: all waits are those of the real thing, only the clock goes faster. Ctrl-C ends it.\n"
    ))?;
    let scene = Scene::set(&log, pace).await?;
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => {
            output::write("\nEnded before the end of the story.\n")?;
            Ok(Exit::Fine)
        }
        played = play(&scene, &log) => match played {
            Ok(story) => {
                output::write(&summary(&story, &scene, &log, pace))?;
                Ok(if is_once(&scene, &log) { Exit::Fine } else { Exit::Internal })
            }
            Err(missing) => {
                output::write(&format!("\nThe story stops here: {missing} did not happen within {} minutes.\n", PATIENCE.as_secs() / 60))?;
                Ok(Exit::Internal)
            }
        },
    }
}

async fn play(scene: &Scene, log: &Log) -> Result<Story, &'static str> {
    let mut agent = tokio::spawn(std::sync::Arc::clone(&scene.agent).watch(MINUTE));
    let function = tokio::spawn(std::sync::Arc::clone(&scene.function).watch(MINUTE));
    let story = tokio::select! {
        story = tell(scene, log, &mut agent) => story,
        () = scene.start_the_action(log) => Err("the end"),
    };
    agent.abort();
    function.abort();
    story
}

async fn tell(
    scene: &Scene,
    log: &Log,
    agent: &mut tokio::task::JoinHandle<()>,
) -> Result<Story, &'static str> {
    log.say(Who::Story, What::Other, "1. All three watch, and all is well.");
    scene.slot_comes(log).await;
    if log.count(What::Looked) < WATCHERS {
        return Err("a first look of all watchers");
    }
    log.say(
        Who::Story,
        What::Other,
        "2. GitHub's cron of nightly.yml is due now, and does not come. It has a minute of grace.",
    );
    let missed = log.elapsed();
    let recovered = happens(log, What::Recovered, missed, "the recovery of nightly.yml").await?;

    log.say(Who::Story, What::Other, "3. Minutes late, GitHub's cron comes after all.");
    let late = log.elapsed();
    scene.stage.github.fire_schedule(REPO, NIGHTLY, scene.slot).map_err(|_| "the late cron")?;
    happens(log, What::SteppedAside, late, "the step aside").await?;

    log.say(Who::Story, What::Other, "4. The server loses its power: the agent and pm2:shop are gone.");
    agent.abort();
    scene.agent.forget();
    let died = log.elapsed();
    let noticed = happens(log, What::Sent, died, "the failover").await?;
    let serving = happens(log, What::Serving, died, "the failover").await?;

    log.say(
        Who::Story,
        What::Other,
        "5. The server is back, and pm2:shop with it. The backup goes on until that lasts.",
    );
    *agent = tokio::spawn(std::sync::Arc::clone(&scene.agent).watch(MINUTE));
    let returned = log.elapsed();
    let handed_back = happens(log, What::HandedBack, returned, "the handback").await?;
    log.wait(Duration::from_secs(5)).await;
    Ok(Story { missed, recovered, died, noticed, serving, returned, handed_back })
}

async fn happens(
    log: &Log,
    what: What,
    since: Duration,
    name: &'static str,
) -> Result<Duration, &'static str> {
    let limit = log.clocks.wait(PATIENCE);
    tokio::time::timeout(limit, log.first(what, since)).await.map(|event| event.at).map_err(|_| name)
}

/// Whether everything was done once.
fn is_once(scene: &Scene, log: &Log) -> bool {
    let runs = scene.stage.github.runs(REPO).unwrap_or_default();
    let of = |file: &str| runs.iter().filter(|run| run.workflow.ends_with(file)).count();
    log.count(What::Worked) == 1 && of("shop-backup.yml") == 1 && log.count(What::Stopped) == 1
}

fn summary(story: &Story, scene: &Scene, log: &Log, pace: u32) -> String {
    let minutes = |from: Duration, to: Duration| {
        let seconds = to.saturating_sub(from).as_secs();
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    };
    let requests = [Some(&scene.agent), Some(&scene.function), scene.action()];
    let requests: u64 = requests.into_iter().flatten().map(|player| player.world.requests()).sum();
    let real = log.clocks.wait(log.elapsed()).as_secs();
    format!(
        "\nWhat happened, in {real} s played {pace} times as fast\n\
         \x20 nightly.yml missed its slot      recovered after {} and done {} time; the late cron stepped aside\n\
         \x20 the server lost its power        help was sent after {}, the backup worked after {}, started {} time\n\
         \x20 the server came back             its work was handed back after {}: a backup stops when the primary lasts\n\
         \x20 requests to GitHub               {requests} by three watchers\n\
         Next: `standin scan` lists what runs by itself in your repository, `standin up` watches it.\n",
        minutes(story.missed, story.recovered),
        log.count(What::Worked),
        minutes(story.died, story.noticed),
        minutes(story.died, story.serving),
        log.count(What::Stopped),
        minutes(story.returned, story.handed_back),
    )
}
