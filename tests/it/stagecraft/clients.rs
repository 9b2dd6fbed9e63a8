//! Our own clients under the vendors' own descriptions: each request that they make, and each answer that they read.

use std::collections::BTreeMap;
use std::time::Duration;

use standin_core::effect::EffectKey;
use standin_core::mesh::claim::{Probed, Sent};
use standin_http::Http;
use standin_platforms::github::{Asleep, Dispatch, Github, GithubOptions, KeyTaken, WorkflowFile};
use standin_platforms::netlify::{Netlify, NetlifyOptions, Rebuild};
use standin_stage::{
    Conclusion, Options, RepositoryOptions, Script, Serving, SiteOptions, Stage, WorkflowState,
};
use standin_stores::shared::conformance::{self, Extent};
use standin_stores::shared::github_refs::{GithubRefs, Repository};

use super::prism::Prism;
use super::through::Through;

const REPO: &str = "octo/shop";
const TIMEOUT: Duration = Duration::from_secs(20);
const KEYED: &str = "name: Backup
run-name: backup ${{ inputs.standin-key }}
on:
  schedule: [{ cron: '*/5 * * * *' }]
  workflow_dispatch: { inputs: { standin-key: {}, standin-attempt: {}, standin-slot: {} } }
jobs: { a: { runs-on: ubuntu-latest, steps: [{ run: 'true' }] } }
";
const PLAIN: &str = "name: Plain
on: { schedule: [{ cron: '*/5 * * * *' }], workflow_dispatch: {} }
jobs: { a: { runs-on: ubuntu-latest, steps: [{ run: 'true' }] } }
";

/// GitHub on the stage, behind its own description.
struct Held {
    stage: Stage,
    through: Through,
    _prism: Prism,
}

impl Held {
    async fn github() -> Self {
        let mut options = Options::default();
        options.github.repositories = vec![
            RepositoryOptions::new(REPO)
                .with_file("README.md", "hello\n")
                .with_file(".github/workflows/keyed.yml", KEYED)
                .with_file(".github/workflows/plain.yml", PLAIN),
        ];
        let stage = Stage::start(options).await.unwrap();
        let prism = Prism::before(&stage.github_url, "github.json").await;
        Self { through: Through::to(&prism.url).await, stage, _prism: prism }
    }

    async fn netlify() -> Self {
        let mut options = Options::default();
        options.netlify.sites = vec![SiteOptions::new("shop").with_function("nightly", Some("@daily"))];
        let stage = Stage::start(options).await.unwrap();
        let description = "node_modules/@netlify/open-api/dist/swagger.json";
        let prism = Prism::before(&format!("{}/api/v1", stage.netlify_url), description).await;
        Self { through: Through::to(&prism.url).await, stage, _prism: prism }
    }

    fn adapter(&self) -> Github {
        let options = GithubOptions {
            api_url: self.through.url.clone(),
            repository: REPO.to_owned(),
            token: "token".into(),
            git_ref: None,
            timeout: TIMEOUT,
            send_within: TIMEOUT,
        };
        Github::new(&Http::new(TIMEOUT, None).unwrap(), options).unwrap()
    }
}

fn file(name: &str) -> WorkflowFile {
    name.parse().unwrap()
}

fn order() -> Dispatch {
    let key = EffectKey("0123456789abcdef".to_owned());
    Dispatch { key, attempt: 1, slot: None, inputs: BTreeMap::new(), asleep: Asleep::Enable }
}

#[tokio::test]
async fn the_client_of_github_keeps_to_what_github_describes() {
    let held = Held::github().await;
    let (github, hub) = (held.adapter(), &held.stage.github);
    assert_eq!(github.access().await.unwrap().full_name, REPO);
    // Two dispatches, of which one has to be asked for again without what its workflow does not declare.
    hub.set_workflow(REPO, "keyed.yml", WorkflowState::DisabledInactivity).unwrap();
    let done = github.dispatch(&file("keyed.yml"), &order()).await;
    assert_eq!((done.sent, done.key, done.error), (Sent::Accepted, KeyTaken::Carried, None));
    let run = done.run.unwrap();
    hub.run_ended(REPO, run).await.unwrap();
    let done = github.dispatch(&file("plain.yml"), &order()).await;
    assert_eq!((done.sent, done.key, done.error), (Sent::Accepted, KeyTaken::NotDeclared, None));

    assert!(github.created(run).await.is_ok());
    assert!(github.run(run).await.is_ok());
    assert_eq!(github.cancel(run).await.sent, Sent::Accepted, "it has ended");
    // What was dispatched so far is of no slot that is still to come.
    hub.plane().set_clock_ahead(60);
    let slot = hub.plane().now();
    hub.script(REPO, "keyed.yml", Some(Script::ends(Conclusion::Failure, Duration::ZERO))).unwrap();
    let failed = hub.fire_schedule(REPO, "keyed.yml", slot).unwrap();
    hub.run_ended(REPO, failed).await.unwrap();
    assert_eq!(github.rerun_failed(failed, 1).await.sent, Sent::Accepted);
    hub.script(REPO, "plain.yml", Some(Script::stuck_without_jobs())).unwrap();
    hub.fire_schedule(REPO, "plain.yml", slot).unwrap();
    hub.plane().set_clock_ahead(20 * 60);
    let both = ["keyed.yml", "plain.yml"].map(file);
    let seen = github.survey(&both, slot).await.unwrap();
    assert_eq!(seen.workflows.len(), 2);
    assert_eq!(github.probe(&file("plain.yml"), Some(slot.into()), None).await, Ok(Probed::Down));
    assert_eq!(github.repository_dispatch("heal", &serde_json::json!({ "a": 1 })).await.sent, Sent::Accepted);
    assert_eq!(
        held.through.calls(),
        [
            "GET /repos/octo/shop",
            "GET /repos/octo/shop/actions/runs",
            "GET /repos/octo/shop/actions/runs/*",
            "GET /repos/octo/shop/actions/runs/*/jobs",
            "GET /repos/octo/shop/actions/workflows",
            "GET /repos/octo/shop/actions/workflows/*",
            "GET /repos/octo/shop/actions/workflows/*/runs",
            "POST /repos/octo/shop/actions/runs/*/cancel",
            "POST /repos/octo/shop/actions/runs/*/rerun-failed-jobs",
            "POST /repos/octo/shop/actions/workflows/*/dispatches",
            "POST /repos/octo/shop/dispatches",
            "PUT /repos/octo/shop/actions/workflows/*/enable",
        ]
    );
}

#[tokio::test]
async fn the_store_in_refs_keeps_to_what_github_describes() {
    let held = Held::github().await;
    let repository = Repository {
        api: held.through.url.clone(),
        owner: "octo".to_owned(),
        name: "shop".to_owned(),
        token: "token".to_owned().into(),
    };
    let refs = || GithubRefs::new(Http::new(TIMEOUT, None).unwrap(), &repository).unwrap();
    let extent = Extent { request: TIMEOUT, rounds: 2, writers: 4, ..Extent::short() };
    let found = Box::pin(conformance::cells(&[refs().cells(), refs().cells()], &extent)).await;
    assert!(found.is_passed(), "{found}");
    let found = conformance::shelf(&[refs().trial_shelf(), refs().trial_shelf()], &extent).await;
    assert!(found.is_passed(), "{found}");
    refs().sweep(10).await.unwrap();
    assert_eq!(
        held.through.calls(),
        [
            "DELETE /repos/octo/shop/git/refs/*",
            "GET /repos/octo/shop/git/commits/*",
            "GET /repos/octo/shop/git/matching-refs/*",
            "GET /repos/octo/shop/git/ref/*",
            "PATCH /repos/octo/shop/git/refs/*",
            "POST /repos/octo/shop/git/commits",
            "POST /repos/octo/shop/git/refs",
            "POST /repos/octo/shop/git/trees",
        ]
    );
}

#[tokio::test]
async fn the_client_of_netlify_keeps_to_what_netlify_describes() {
    let held = Held::netlify().await;
    let options = NetlifyOptions {
        api_url: held.through.url.clone(),
        site: "shop".to_owned(),
        token: "token".into(),
        timeout: TIMEOUT,
        send_within: TIMEOUT,
    };
    let netlify = Netlify::new(&Http::new(TIMEOUT, None).unwrap(), options).unwrap();
    let seen = netlify.survey().await.unwrap();
    let first = seen.published().unwrap().id.clone();
    assert_eq!(seen.functions, ["nightly"]);
    let built = netlify.rebuild(&Rebuild::Api, &order().key, 1).await;
    assert_eq!((built.sent, built.error), (Sent::Accepted, None));
    held.stage.netlify.built("shop", "standin 0123456789abcdef, attempt 1").await.unwrap();
    let live = netlify.site().await.unwrap().published.unwrap();
    assert_eq!(netlify.restore(&first, &live).await.sent, Sent::Accepted);
    let bad = held.stage.netlify.deploy("shop", "bad", Serving::Missing).unwrap();
    assert_eq!(netlify.rollback(&bad).await.sent, Sent::Accepted);
    assert_eq!(
        held.through.calls(),
        [
            "GET /sites",
            "GET /sites/*",
            "GET /sites/*/deploys",
            "GET /sites/*/functions",
            "POST /sites/*/builds",
            "POST /sites/*/deploys/*/restore",
            "PUT /sites/*/rollback",
        ]
    );
}
