//! A repository on the stage, with a checkout, a telephone, and the shipped Action as its runs' first and last step.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use standin_stage::{
    Conclusion, Functions, Options, RepositoryOptions, RunRequest, RunSummary, Runner, SiteOptions, Stage,
};
use tempfile::TempDir;

use super::action::{Action, Told};
use super::function::served;
use super::phone::Phone;

pub(crate) const REPO: &str = "octo/shop";
pub(crate) const SITE: &str = "shop";
/// A site of the watcher alone.
pub(crate) const WATCH: &str = "watch";

/// How long anything on the stage may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A workflow that works by `beat` and `exec-result`, with a cron at this time of the day.
pub(crate) fn nightly(at: Timestamp) -> String {
    let cron = at.strftime("%-M %-H * * *");
    format!(
        "name: Nightly\nrun-name: nightly ${{{{ inputs.standin-key }}}}\non:\n  schedule:\n    - cron: '{cron}'\n{DISPATCH}{WORK}"
    )
}

const DISPATCH: &str =
    "  workflow_dispatch:\n    inputs: { standin-key: {}, standin-attempt: {}, standin-slot: {} }\n";
const WORK: &str = "jobs:\n  work: { runs-on: ubuntu-latest, steps: [{ run: 'true' }] }\n";

/// A workflow that is only dispatched.
pub(crate) fn backup() -> String {
    format!("name: Backup\nrun-name: backup ${{{{ inputs.standin-key }}}}\non:\n{DISPATCH}{WORK}")
}

/// The workflow of a watcher.
pub(crate) fn watcher() -> String {
    format!("name: Watcher\non:\n  schedule: [{{ cron: '17 * * * *' }}]\n{DISPATCH}{WORK}")
}

/// Two Actions that look after each other, and a workflow whose slot is missed after a minute.
pub(crate) const TWO_WATCHERS: &str = "[[peer]]\nkind = \"action\"\nname = \"first\"\nworkflow = \"first.yml\"\nevery = \"1s\"\nsilent_after = \"1s\"\n\
[[peer]]\nkind = \"action\"\nname = \"second\"\nworkflow = \"second.yml\"\nevery = \"1h\"\n\
[[automation]]\nid = \"workflow:nightly.yml\"\nheartbeats = true\ngrace = \"60s\"\n";

/// What a run on the stage did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Worked {
    pub(crate) workflow: String,
    pub(crate) run: u64,
    at: Instant,
}

/// What everything that runs here is told of the outside.
pub(crate) type Address = Arc<Mutex<BTreeMap<String, String>>>;

/// A run's own work, once `beat` has let it.
type Book = Arc<Mutex<Vec<Worked>>>;

pub(crate) struct Shop {
    pub(crate) stage: Arc<Stage>,
    pub(crate) phone: Phone,
    begun: Mutex<Instant>,
    dir: TempDir,
    book: Book,
}

impl Shop {
    /// With these files; runs are carried out by the shipped Action.
    pub(crate) async fn new(files: &[(&str, String)]) -> Self {
        Self::with(files, None).await
    }

    /// The same with another runner.
    pub(crate) async fn with(files: &[(&str, String)], runner: Option<Runner>) -> Self {
        let dir = TempDir::with_prefix_in("m", "/tmp").unwrap();
        let mut repository = RepositoryOptions::new(REPO);
        for (path, text) in files {
            repository = repository.with_file(path, text);
            let path = dir.path().join("repo").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let phone = Phone::new().await;
        let book = Book::default();
        // The runner has to know where the stage is, which is known once it stands.
        let address = Address::default();
        let mut options = Options::default();
        let mut site = SiteOptions::new(SITE).with_function("standin", Some("*/5 * * * *"));
        site = site.with_function("standin-background", None).with_function("checkout", None);
        site.served = Functions::Handler(served(dir.path(), Arc::clone(&address)));
        options.netlify.sites =
            vec![site, SiteOptions::new(WATCH).with_function("standin", Some("*/5 * * * *"))];
        // More than a token of a run has: some here look each second.
        options.github.rate_limit = 5_000;
        options.github.repositories = vec![repository];
        options.github.runner = runner.unwrap_or_else(|| {
            let (root, book) = (dir.path().to_path_buf(), Arc::clone(&book));
            let address = Arc::clone(&address);
            Runner::Handler(Arc::new(move |request| {
                let env = address.lock().unwrap().clone();
                Box::pin(carry(root.clone(), Arc::clone(&book), env, request))
            }))
        });
        let stage = Arc::new(Stage::start(options).await.unwrap());
        let shop = Self { stage, phone, begun: Mutex::new(Instant::now()), dir, book };
        *address.lock().unwrap() = shop.env();
        shop
    }

    pub(crate) fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// A file of the checkout, beside those of the beginning.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.dir.path().join("repo").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// `standin.toml`, with where Netlify is, for those whose environment may not say it.
    pub(crate) fn settings(&self, text: &str) {
        let netlify = format!(
            "[netlify]\nsite = \"{SITE}\"\napi_url = \"{}/api/v1\"\ntoken_env = \"SHOP_NETLIFY_TOKEN\"\n",
            self.stage.netlify_url
        );
        self.write("standin.toml", &format!("{netlify}{text}"));
    }

    /// The outage begins now.
    pub(crate) fn begun(&self) {
        *self.begun.lock().unwrap() = Instant::now();
    }

    /// Waits for so many further beats of a watcher in GitHub's refs.
    pub(crate) async fn beats(&self, peer: &str, count: usize) {
        for _ in 0..count {
            self.beats_after(peer, self.record(peer)).await;
        }
    }

    /// The newest record of a watcher in GitHub's refs, by its object.
    pub(crate) fn record(&self, peer: &str) -> Option<String> {
        self.stage.github.refs(REPO).unwrap().remove(&format!("refs/standin/peer/{peer}"))
    }

    /// Waits for a beat after this one.
    pub(crate) async fn beats_after(&self, peer: &str, last: Option<String>) {
        let beat = async {
            while self.record(peer) == last {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(tokio::time::timeout(LIMIT, beat).await.is_ok(), "no beat of {peer}");
    }

    /// What every watcher is told of the outside.
    pub(crate) fn env(&self) -> BTreeMap<String, String> {
        let pairs = [
            ("STANDIN_INPUT_API_URL", self.stage.github_url.clone()),
            ("STANDIN_INPUT_TOKEN", "a-token".to_owned()),
            ("GITHUB_REPOSITORY", REPO.to_owned()),
            ("STANDIN_ALERT_URL", self.phone.url.clone()),
            ("STANDIN_TOKEN", "a-token-of-the-mesh".to_owned()),
            ("GITHUB_API_URL", self.stage.github_url.clone()),
            ("GITHUB_TOKEN", "a-token".to_owned()),
            ("NETLIFY_API_URL", format!("{}/api/v1", self.stage.netlify_url)),
            ("SHOP_NETLIFY_TOKEN", "a-token".to_owned()),
            ("NETLIFY_SITE_ID", SITE.to_owned()),
            ("NETLIFY_AUTH_TOKEN", "a-token".to_owned()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The shipped Action as this watcher, as a runner would start it.
    pub(crate) fn watcher(&self, name: &str) -> Action {
        let action = Action::new(self.folder(), &self.env()).set("STANDIN_PEER", name);
        action.set("STANDIN_COMMAND", "check")
    }

    /// One watch cycle of this watcher.
    pub(crate) async fn check(&self, name: &str) -> Told {
        self.watcher(name).run().await
    }

    pub(crate) fn runs(&self, workflow: &str) -> Vec<RunSummary> {
        let mut runs = self.stage.github.runs(REPO).unwrap();
        runs.retain(|run| run.workflow.ends_with(&format!("/{workflow}")));
        runs
    }

    /// Waits until every run has ended.
    pub(crate) async fn quiet(&self) {
        for run in self.stage.github.runs(REPO).unwrap() {
            let ended = tokio::time::timeout(LIMIT, self.stage.github.run_ended(REPO, run.id)).await;
            ended.expect("it ends").unwrap();
        }
    }

    /// The runs that did their work, which is what may happen once.
    pub(crate) fn worked(&self) -> Vec<Worked> {
        self.book.lock().unwrap().clone()
    }

    /// How often GitHub was asked to start this workflow, whatever it answered.
    pub(crate) fn dispatches(&self, workflow: &str) -> usize {
        let path = format!("/repos/{REPO}/actions/workflows/{workflow}/dispatches");
        self.stage.github.plane().requests().iter().filter(|request| request.path == path).count()
    }

    /// How often Netlify was asked to publish an earlier deploy again.
    pub(crate) fn restores(&self) -> usize {
        let requests = self.stage.netlify.plane().requests();
        requests.iter().filter(|request| request.path.ends_with("/restore")).count()
    }

    /// Says how long a cell took, for the table of the documentation: until the work was done, where there is work, and
    /// until the watcher had seen that it was.
    pub(crate) fn took(&self, cell: &str) {
        let begun = *self.begun.lock().unwrap();
        let since = |at: Instant| format!("{:.1} s", at.saturating_duration_since(begun).as_secs_f64());
        let worked = self.worked().last().map_or_else(|| "-".to_owned(), |worked| since(worked.at));
        println!("matrix | {cell} | {worked} | {} |", since(Instant::now()));
    }
}

/// A run as a runner carries it out: watchers look, everything else works between `beat` and `exec-result`.
async fn carry(root: PathBuf, book: Book, env: BTreeMap<String, String>, request: RunRequest) -> Conclusion {
    let file = request.workflow.rsplit('/').next().unwrap_or_default().to_owned();
    let action = |command: &str| {
        let event = root.join(format!("event-{}.json", request.id));
        fs::write(&event, request.payload.to_string()).unwrap();
        let workflow = format!("{REPO}/.github/workflows/{file}@refs/heads/main");
        let action = Action::new(&root, &env).set("STANDIN_COMMAND", command);
        action
            .set("GITHUB_EVENT_PATH", &event.to_string_lossy())
            .set("GITHUB_RUN_ID", &request.id.to_string())
            .set("GITHUB_WORKFLOW_REF", &workflow)
    };
    if request.workflow.contains("/first.yml") || request.workflow.contains("/second.yml") {
        let name = file.trim_end_matches(".yml").to_owned();
        let told = action("check").set("STANDIN_PEER", &name).run().await;
        return if told.code == Some(0) { Conclusion::Success } else { Conclusion::Failure };
    }
    let id = if file.starts_with("netlify-") { "netlify:checkout" } else { "workflow:nightly.yml" };
    let begun = action("beat").set("STANDIN_ID", id).run().await;
    if begun.code != Some(0) {
        return Conclusion::Failure;
    }
    if begun.output("run") == Some("true") {
        book.lock().unwrap().push(Worked { workflow: file.clone(), run: request.id, at: Instant::now() });
        let ended = action("exec-result").set("STANDIN_ID", id);
        let ended = ended.set("STANDIN_STATUS", "success").run().await;
        assert_eq!(ended.code, Some(0), "{}", ended.said);
    }
    Conclusion::Success
}

/// What is told of a target by a check.
pub(crate) fn health(check: &Value, id: &str) -> String {
    let targets = check["targets"].as_array().cloned().unwrap_or_default();
    let found = targets.iter().find(|target| target["id"] == id);
    found.map_or_else(String::new, |target| target["health"].as_str().unwrap_or_default().to_owned())
}
