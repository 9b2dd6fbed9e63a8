//! GitHub.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use standin_core::effect::EffectKey;
use standin_core::mesh::claim::{Probed, Sent};
use standin_core::mesh::clock::StoreTime;
use standin_http::Http;
use standin_platforms::github::{
    Asleep, Covered, Dispatch, Github, GithubError, GithubOptions, KeyTaken, Phase, WorkflowFile,
};
use standin_stage::{
    Access, Conclusion, Fault, Grant, Lists, Options, RepositoryOptions, Right, Script, Stage, WorkflowState,
};

use super::{TIMEOUT, faults, http};

const REPO: &str = "octo/shop";
const BACKUP: &str = "name: Backup
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

fn options() -> Options {
    let mut options = Options::default();
    options.github.repositories = vec![
        RepositoryOptions::new(REPO)
            .with_file(".github/workflows/backup.yml", BACKUP)
            .with_file(".github/workflows/plain.yml", PLAIN)
            .with_file(".github/workflows/push.yml", "on: push\njobs: { a: {} }\n"),
    ];
    options
}

fn adapter(stage: &Stage, http: &Http) -> Github {
    let options = GithubOptions {
        api_url: stage.github_url.clone(),
        repository: REPO.to_owned(),
        token: "token".into(),
        git_ref: None,
        timeout: TIMEOUT,
        send_within: Duration::from_secs(5),
    };
    Github::new(http, options).unwrap()
}

async fn set() -> (Stage, Github) {
    let stage = Stage::start(options()).await.unwrap();
    let github = adapter(&stage, &http());
    (stage, github)
}

fn file(name: &str) -> WorkflowFile {
    name.parse().unwrap()
}

fn dispatch() -> Dispatch {
    Dispatch {
        key: EffectKey("0123456789abcdef".to_owned()),
        attempt: 1,
        slot: None,
        inputs: BTreeMap::new(),
        asleep: Asleep::Refuse,
    }
}

#[tokio::test]
async fn a_dispatch_starts_one_run_that_carries_its_key() {
    let (stage, github) = set().await;
    let slot = StoreTime::from(stage.github.plane().now());
    let done = github.dispatch(&file("backup.yml"), &Dispatch { slot: Some(slot), ..dispatch() }).await;
    assert_eq!((done.sent, done.key, done.error), (Sent::Accepted, KeyTaken::Carried, None));
    let run = stage.github.run_ended(REPO, done.run.unwrap()).await.unwrap();
    assert_eq!(run.title, "backup 0123456789abcdef");
    assert_eq!(run.payload["inputs"]["standin-attempt"], "1");
    let probed = github.probe(&file("backup.yml"), Some(slot), Some(&dispatch().key)).await;
    assert_eq!(probed, Ok(Probed::Well));
    let bare = github.dispatch(&file("plain.yml"), &dispatch()).await;
    assert_eq!((bare.sent, bare.key), (Sent::Accepted, KeyTaken::NotDeclared));
    assert_eq!(stage.github.runs(REPO).unwrap().len(), 2);
}

#[tokio::test]
async fn whatever_goes_wrong_a_dispatch_runs_once_at_most_and_says_so_honestly() {
    for fault in faults() {
        let (stage, github) = set().await;
        let plane = stage.github.plane();
        plane.inject(Fault::once("/repos/*/dispatches", fault.clone())).unwrap();
        let done = github.dispatch(&file("backup.yml"), &dispatch()).await;
        let runs = stage.github.runs(REPO).unwrap().len();
        let posts = plane.requests().iter().filter(|request| request.method == "POST").count();
        assert_eq!(posts, 1, "{fault:?}");
        assert!(done.error.is_some(), "{fault:?}");
        match done.sent {
            Sent::Accepted => panic!("{fault:?} was taken for done"),
            Sent::Refused => assert_eq!(runs, 0, "{fault:?}"),
            Sent::Unknown => assert!(runs <= 1, "{fault:?}"),
        }
    }
}

#[tokio::test]
async fn whatever_goes_wrong_with_a_look_is_an_error_and_changes_nothing() {
    for fault in faults() {
        for path in ["/repos/octo/shop", "/repos/*/actions/workflows", "/repos/*/actions/runs"] {
            let (stage, github) = set().await;
            stage.github.plane().inject(Fault::once(path, fault.clone())).unwrap();
            let since = stage.github.plane().now();
            let seen = github.survey(&[file("backup.yml")], since).await;
            assert!(seen.is_err(), "{path} {fault:?}");
        }
        for path in ["/repos/octo/shop", "/repos/*/actions/workflows/*"] {
            let (stage, github) = set().await;
            stage.github.plane().inject(Fault::once(path, fault.clone())).unwrap();
            let done = github.dispatch(&file("backup.yml"), &dispatch()).await;
            assert_eq!(done.sent, Sent::Refused, "{path} {fault:?}");
            assert_eq!(stage.github.runs(REPO).unwrap().len(), 0, "{path} {fault:?}");
        }
    }
}

#[tokio::test]
async fn filtered_lists_that_lie_do_not_make_a_slot_missed() {
    let (stage, github) = set().await;
    for lists in [Lists::Frozen, Lists::Empty] {
        stage.github.filtered_lists(REPO, lists).unwrap();
        let slot = stage.github.plane().now();
        assert_eq!(github.probe(&file("backup.yml"), Some(slot.into()), None).await, Ok(Probed::Down));
        let run = stage.github.fire_schedule(REPO, "backup.yml", slot).unwrap();
        stage.github.run_ended(REPO, run).await.unwrap();
        assert_eq!(github.probe(&file("backup.yml"), Some(slot.into()), None).await, Ok(Probed::Well));
        stage.github.plane().set_clock_ahead(3_600);
    }
}

#[tokio::test]
async fn a_run_that_fails_or_hangs_covers_no_slot() {
    let (stage, github) = set().await;
    let slot = stage.github.plane().now();
    stage.github.script(REPO, "backup.yml", Some(Script::ends(Conclusion::Failure, Duration::ZERO))).unwrap();
    let failed = stage.github.fire_schedule(REPO, "backup.yml", slot).unwrap();
    stage.github.run_ended(REPO, failed).await.unwrap();
    stage.github.script(REPO, "plain.yml", Some(Script::stuck_without_jobs())).unwrap();
    stage.github.fire_schedule(REPO, "plain.yml", slot).unwrap();
    let probe = |name: &'static str| {
        let github = github.clone();
        async move { github.probe(&file(name), Some(slot.into()), None).await }
    };
    assert_eq!(probe("backup.yml").await, Ok(Probed::Down));
    // It waits, as far as anybody knows.
    assert_eq!(probe("plain.yml").await, Ok(Probed::Well));
    stage.github.plane().set_clock_ahead(16 * 60);
    assert_eq!(probe("plain.yml").await, Ok(Probed::Down));
    let survey = github.survey(&["backup.yml", "plain.yml"].map(file), slot).await.unwrap();
    assert_eq!(survey.workflows[&file("plain.yml")].runs[0].phase, Phase::Stuck);
    assert_eq!(survey.covers(&file("backup.yml"), slot.into()), Some(Covered::No));
    // Repeated, it runs well.
    stage.github.script(REPO, "backup.yml", None).unwrap();
    assert_eq!(github.rerun_failed(failed, 1).await.sent, Sent::Accepted);
    assert_eq!(github.rerun_failed(failed, 1).await.error, Some(GithubError::RunMoved(failed)));
    stage.github.run_ended(REPO, failed).await.unwrap();
    assert_eq!(probe("backup.yml").await, Ok(Probed::Well));
}

#[tokio::test]
async fn what_github_put_to_sleep_is_woken_and_what_a_person_stopped_is_not() {
    let (stage, github) = set().await;
    let order = Dispatch { asleep: Asleep::Enable, ..dispatch() };
    stage.github.set_workflow(REPO, "backup.yml", WorkflowState::DisabledInactivity).unwrap();
    assert_eq!(github.dispatch(&file("backup.yml"), &order).await.sent, Sent::Accepted);
    stage.github.set_workflow(REPO, "backup.yml", WorkflowState::DisabledManually).unwrap();
    let refused = github.dispatch(&file("backup.yml"), &order).await;
    assert_eq!(
        (refused.sent, refused.error),
        (Sent::Refused, Some(GithubError::DisabledManually(file("backup.yml"))))
    );
    assert_eq!(github.enable(&file("backup.yml")).await.sent, Sent::Refused);
    assert_eq!(stage.github.runs(REPO).unwrap().len(), 1);
    stage.github.plane().set_clock_ahead(60);
    let slot = stage.github.plane().now();
    assert_eq!(github.probe(&file("backup.yml"), Some(slot.into()), None).await, Ok(Probed::Unknown));
}

#[tokio::test]
async fn names_and_rights_that_do_not_fit_are_said() {
    let (stage, github) = set().await;
    let why = |done: standin_platforms::github::Dispatched| done.error.unwrap().to_string();
    let error = why(github.dispatch(&file("push.yml"), &dispatch()).await);
    assert!(error.contains("add `workflow_dispatch:`"), "{error}");
    stage.github.commit(REPO, ".github/workflows/renamed.yml", Some(BACKUP)).unwrap();
    stage.github.commit(REPO, ".github/workflows/backup.yml", None).unwrap();
    let error = why(github.dispatch(&file("backup.yml"), &dispatch()).await);
    assert!(error.contains("no workflow `backup.yml`"), "{error}");
    stage.github.remove_repository(REPO);
    let error = why(github.dispatch(&file("plain.yml"), &dispatch()).await);
    assert!(error.contains("shows no repository `octo/shop`"), "{error}");

    let mut options = options();
    let rights = BTreeSet::from([Right::ReadContents, Right::ReadActions]);
    options.github.access = Access::Tokens(vec![Grant { token: "token".to_owned(), rights }]);
    let stage = Stage::start(options).await.unwrap();
    let done = adapter(&stage, &http()).dispatch(&file("plain.yml"), &dispatch()).await;
    assert_eq!(done.sent, Sent::Refused);
    let error = why(done);
    assert!(error.contains("may not dispatch workflows: it needs `actions: write`"), "{error}");
    assert!(error.contains("accepted: actions=write"), "{error}");
}

#[tokio::test]
async fn the_last_requests_of_the_hour_are_for_recoveries() {
    let (stage, github) = set().await;
    github.access().await.unwrap();
    stage.github.leave_requests(20);
    let since = stage.github.plane().now();
    github.access().await.unwrap();
    let limited = github.survey(&[file("backup.yml")], since).await;
    assert!(matches!(limited, Err(GithubError::RateLimited { .. })), "{limited:?}");
    assert_eq!(github.dispatch(&file("backup.yml"), &dispatch()).await.sent, Sent::Accepted);
    stage.github.leave_requests(0);
    let before = stage.github.plane().requests().len();
    for _ in 0..3 {
        assert!(github.access().await.is_err());
    }
    assert_eq!(stage.github.plane().requests().len(), before + 1);
}

#[tokio::test]
async fn a_check_of_five_hundred_workflows_takes_fifteen_requests_at_most() {
    let mut options = Options::default();
    let mut repository = RepositoryOptions::new(REPO);
    let names: Vec<String> = (0..500).map(|n| format!("w{n:03}.yml")).collect();
    for name in &names {
        repository = repository.with_file(&format!(".github/workflows/{name}"), PLAIN);
    }
    options.github.repositories = vec![repository];
    let stage = Stage::start(options).await.unwrap();
    let slot = stage.github.plane().now();
    for name in &names {
        stage.github.fire_schedule(REPO, name, slot).unwrap();
    }
    let http = http();
    let github = Github::new(
        &http,
        GithubOptions {
            api_url: stage.github_url.clone(),
            repository: REPO.to_owned(),
            token: "token".into(),
            git_ref: None,
            timeout: Duration::from_secs(10),
            send_within: Duration::from_secs(5),
        },
    )
    .unwrap();
    let wanted: Vec<WorkflowFile> = names.iter().map(|name| file(name)).collect();
    let begun = Instant::now();
    let survey = github.survey(&wanted, slot).await.unwrap();
    let count = http.meter().counts()["127.0.0.1"];
    println!("500 workflows: {} requests, {} bytes, {:?}", count.requests, count.received, begun.elapsed());
    assert!(wanted.iter().all(|name| survey.covers(name, slot.into()) == Some(Covered::Yes)));
    assert_eq!(u64::from(survey.requests), count.requests);
    assert!(count.requests <= 15, "{}", count.requests);
}
