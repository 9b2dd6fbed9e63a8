//! The agent among several watchers: it gives signs of life, dispatches what missed its slot, and does on its machine
//! what is to be done there; once, whoever dies in between. The binary that ships and the real PM2, on the stage.

use standin_stage::{Options, RepositoryOptions, Stage as Planes};

use crate::stage::{Stage, app, id, until};

const REPO: &str = "octo/shop";

/// A workflow whose one slot of the day was a moment ago, and that GitHub has not started.
fn missed(name: &str) -> String {
    let slot = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    format!(
        "name: {name}\nrun-name: {name} ${{{{ inputs.standin-key }}}}\non:\n  schedule: [{{ cron: '{} {} * * *' }}]\n  \
         workflow_dispatch: {{ inputs: {{ standin-key: {{}}, standin-attempt: {{}}, standin-slot: {{}} }} }}\n\
         jobs: {{ a: {{ runs-on: ubuntu-latest, steps: [{{ run: 'true' }}] }} }}\n",
        slot.minute(),
        slot.hour()
    )
}

fn settings(url: &str) -> String {
    format!(
        "[github]\nrepository = \"{REPO}\"\napi_url = \"{url}\"\n\
         [[peer]]\nkind = \"action\"\n[[peer]]\nkind = \"agent\"\nevery = \"2s\"\n\
         [[automation]]\nid = \"workflow:weekly.yml\"\ngrace = \"1s\"\n\
         [[automation]]\nid = \"workflow:nightly.yml\"\ngrace = \"1s\"\nbackup = [\"command:nightly-here\"]\n\
         [[automation]]\nname = \"nightly-here\"\ncommand = \"echo begun >>begun; sleep 4; echo ran >>ran\"\n"
    )
}

/// How often a workflow was started.
fn runs(planes: &Planes, workflow: &str) -> usize {
    let runs = planes.github.runs(REPO).unwrap();
    runs.iter().filter(|run| run.workflow.ends_with(workflow)).count()
}

/// Waits until the agent of this life has said something.
#[track_caller]
fn says(stage: &Stage, words: &str) {
    until(words, || stage.said().contains(words).then_some(()), || stage.said());
}

fn own_record(planes: &Planes) -> Option<String> {
    planes.github.refs(REPO).unwrap().get("refs/standin/peer/agent").map(ToString::to_string)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_killed_while_it_helps_others_does_nothing_twice() {
    let mut options = Options::default();
    let mut repository = RepositoryOptions::new(REPO);
    let files = ["weekly", "nightly"].map(|name| (format!(".github/workflows/{name}.yml"), missed(name)));
    for (path, text) in &files {
        repository = repository.with_file(path, text);
    }
    options.github.repositories = vec![repository];
    let planes = Planes::start(options).await.unwrap();
    let mut stage = Stage::with(&settings(&planes.github_url));
    for (path, text) in &files {
        stage.write(path, text);
    }
    stage.start(&[app("web", crate::pm2::RUNS, &serde_json::json!({ "autorestart": false }))]);
    let env = [("GITHUB_TOKEN", "token")];

    stage.up_in(&[], &env);
    says(&stage, "incarnation=1");
    stage.until_health("pm2:web", "healthy");
    stage.until_lines("begun", 1);
    let before = own_record(&planes).expect("it has given a sign of life");
    stage.kill_agent();

    stage.up_in(&[], &env);
    says(&stage, "incarnation=2");
    stage.until_lines("ran", 1);
    until("is a new beat", || own_record(&planes).filter(|now| *now != before), || stage.said());
    // Its end is said: whoever asks for the slot from now on hears that it is done.
    says(&stage, "a run for the mesh has ended");
    // Another watcher may have the first turn, and does not come.
    until("is weekly dispatched", || (runs(&planes, "weekly.yml") == 1).then_some(()), || stage.said());
    stage.kill_agent();

    stage.up_in(&[], &env);
    says(&stage, "incarnation=3");
    let status = stage.until("the agent among the watchers", |status| {
        let peers = status["peers"].as_array().unwrap();
        peers.iter().any(|peer| peer["id"] == "agent" && peer["health"] == "healthy")
    });
    assert_eq!(id(&status, "pm2:web")["health"], "healthy");
    let check = stage.run(&["check", "--format", "json"]);
    assert!(check.code <= 1, "{check:?}");
    assert_eq!((stage.lines("begun").len(), stage.lines("ran").len()), (1, 1), "{}", stage.said());
    assert_eq!((runs(&planes, "weekly.yml"), runs(&planes, "nightly.yml")), (1, 0), "{}", stage.said());
}
