//! The agent on a machine: by itself, and with the real PM2 as its host.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use standin_stage::{Options, RepositoryOptions, Stage as Hub};

use super::blocks::{block, filled, root};
use super::shell::{Shell, lines, programs};
use crate::function::shop::nightly;
use crate::stage::{FREE_PORT, Stage, alive, binary, kill_nine, parent, until};

const REPO: &str = "octo/shop";
const TOKEN: &str = "a-token-of-the-tests";

/// How long an agent may take to see what was missed, on a machine that does other things as well.
const LIMIT: Duration = Duration::from_secs(120);

/// A machine with a clone of a repository whose last slot was missed.
struct Machine {
    stage: Stage,
    hub: Hub,
    shell: Shell,
}

impl Machine {
    async fn new() -> Self {
        let workflow = nightly();
        let path = ".github/workflows/nightly.yml";
        let mut options = Options::default();
        options.github.repositories = vec![RepositoryOptions::new(REPO).with_file(path, &workflow)];
        let hub = Hub::start(options).await.unwrap();
        let stage = Stage::with(&format!(
            "[github]\nrepository = \"{REPO}\"\napi_url = \"{}\"\n[[peer]]\nkind = \"agent\"\nevery = \"1s\"\n\
             [[automation]]\nid = \"workflow:nightly.yml\"\ngrace = \"60s\"\n",
            hub.github_url
        ));
        assert!(stage.read("standin.toml").starts_with(FREE_PORT));
        stage.write(path, workflow);
        let path = programs(&stage.path("path"), &[("standin", binary()), ("pm2", stage.pm2_binary())]);
        let env = BTreeMap::from([
            ("PATH", path),
            ("HOME", stage.repo().display().to_string()),
            ("PM2_HOME", stage.pm2_home().display().to_string()),
            ("TZ", "UTC".to_owned()),
        ]);
        let shell = Shell::new(&stage.repo(), &env);
        Self { stage, hub, shell }
    }

    /// Types the lines of a block with a token in it; gives what the last said.
    fn types(&mut self, nth: usize, places: &[(&str, &str)]) -> String {
        let written = match nth {
            0 => block("README.md", "An agent on a machine", 0),
            _ => block("README.md", "An agent on a machine", 1),
        };
        let mut said = String::new();
        for line in lines(&filled(&written, places)) {
            said = self.shell.must(&line);
        }
        said
    }

    /// Waits for the agent's beat, and for the run that it asks for.
    async fn is_served(&self) {
        let begun = Instant::now();
        let beats = || self.hub.github.refs(REPO).unwrap().contains_key("refs/standin/peer/agent");
        while !beats() || self.hub.github.runs(REPO).unwrap().is_empty() {
            let logs = self.stage.run(&["logs"]).out;
            assert!(begun.elapsed() < LIMIT, "no beat or no run: {logs}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(self.hub.github.runs(REPO).unwrap().len(), 1);
    }

    fn agent(&self) -> Option<u32> {
        u32::try_from(self.stage.agent_file()?["pid"].as_u64()?).ok().filter(|pid| alive(*pid))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_started_as_the_page_says_watches_and_helps() {
    let mut machine = Machine::new().await;
    let said = machine.types(0, &[("GITHUB_TOKEN=...", &format!("GITHUB_TOKEN={TOKEN}"))]);
    machine.is_served().await;
    assert!(said.contains("Agent: process"), "{said}");
    // The watchers are shown once the first cycle is over, which waits for what it has begun.
    let begun = Instant::now();
    let mut status = String::new();
    while !(status.contains("Watchers") && status.contains("workflow:nightly.yml")) {
        assert!(begun.elapsed() < LIMIT, "{status}");
        tokio::time::sleep(Duration::from_millis(500)).await;
        status = machine.shell.must("standin status");
    }
    machine.shell.must("standin down");
    assert_eq!(machine.agent(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_under_pm2_as_the_page_says_comes_back_and_keeps_its_token_to_itself() {
    let mut machine = Machine::new().await;
    // As in a shell in which the lines before were typed.
    machine.shell.must(&format!("export GITHUB_TOKEN={TOKEN}"));
    machine.types(
        1,
        &[
            ("GITHUB_TOKEN=...", &format!("GITHUB_TOKEN={TOKEN}")),
            ("PATH/TO/standin/", &format!("{}/", root().display())),
        ],
    );
    machine.is_served().await;
    let first = machine.agent().expect("the agent runs");
    assert_eq!(parent(first), Some(machine.stage.daemon()), "PM2 is its host");
    let saved = std::fs::read_to_string(machine.stage.pm2_home().join("dump.pm2")).unwrap();
    assert!(saved.contains("exec standin up") && !saved.contains(TOKEN), "{saved}");
    kill_nine(first);
    let next = || machine.agent().filter(|pid| *pid != first);
    let next = until("does PM2 start it again", next, || machine.stage.run(&["logs"]).out);
    assert_eq!(parent(next), Some(machine.stage.daemon()));
}
