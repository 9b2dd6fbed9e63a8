//! Surveys and probes.

use jiff::Timestamp;
use serde_json::{Value, json};
use standin_core::effect::EffectKey;
use standin_core::mesh::claim::Probed;
use standin_core::mesh::clock::StoreTime;

use super::*;
use crate::github::{Covered, GithubError, MAX_SURVEY_REQUESTS, Phase, WorkflowState};

fn slot(time: &str) -> StoreTime {
    StoreTime::from(format!("2026-11-22T{time}Z").parse::<Timestamp>().unwrap())
}

fn since(time: &str) -> Timestamp {
    format!("2026-11-22T{time}Z").parse().unwrap()
}

async fn probed(own: Vec<Value>, all: Vec<Value>, slot: Option<StoreTime>) -> Probed {
    let stub = Stub::start(move |asked| shop(asked, &own, &all)).await;
    let probed = github(&stub).probe(&file("nightly.yml"), slot, None).await.unwrap();
    assert_eq!(stub.writes(), [""; 0]);
    probed
}

#[tokio::test]
async fn a_run_of_the_slot_is_proof_of_life_whoever_started_it() {
    for event in ["schedule", "workflow_dispatch", "repository_dispatch"] {
        for (status, conclusion) in [("queued", None), ("in_progress", None), ("completed", Some("success"))]
        {
            let own = vec![run(2, event, "07:59:00", status, conclusion)];
            assert_eq!(probed(own, vec![], Some(slot("07:30:00"))).await, Probed::Well, "{event} {status}");
        }
    }
}

#[tokio::test]
async fn absence_takes_the_list_of_all_runs() {
    // The filtered list is stale, the other one is not.
    let all = vec![run(2, "schedule", "07:40:00", "completed", Some("success"))];
    assert_eq!(probed(vec![], all, Some(slot("07:30:00"))).await, Probed::Well);
    let old = vec![run(1, "schedule", "06:40:00", "completed", Some("success"))];
    assert_eq!(probed(old.clone(), old, Some(slot("07:30:00"))).await, Probed::Down);
}

#[tokio::test]
async fn a_failed_or_cancelled_run_or_a_push_or_another_branch_covers_nothing() {
    for conclusion in ["failure", "cancelled", "timed_out", "startup_failure"] {
        let own = vec![run(2, "schedule", "07:40:00", "completed", Some(conclusion))];
        assert_eq!(probed(own.clone(), own, Some(slot("07:30:00"))).await, Probed::Down, "{conclusion}");
    }
    let push = vec![run(2, "push", "07:40:00", "completed", Some("success"))];
    assert_eq!(probed(push.clone(), push, Some(slot("07:30:00"))).await, Probed::Down);
    let mut branch = run(2, "workflow_dispatch", "07:40:00", "completed", Some("success"));
    branch["head_branch"] = "try-it".into();
    assert_eq!(probed(vec![branch.clone()], vec![branch], Some(slot("07:30:00"))).await, Probed::Down);
}

#[tokio::test]
async fn a_list_that_does_not_reach_back_to_the_slot_says_nothing() {
    let stub = Stub::start(|asked| {
        let many: Vec<Value> =
            (0..100).map(|n| run(1_000 + n, "push", "07:50:00", "completed", Some("success"))).collect();
        shop(asked, &[], &many)
    })
    .await;
    let probed = github(&stub).probe(&file("nightly.yml"), Some(slot("07:30:00")), None).await;
    assert_eq!(probed, Ok(Probed::Unknown));
}

#[tokio::test]
async fn a_run_that_carries_the_key_counts_unless_it_failed() {
    let key = EffectKey("0123456789abcdef".to_owned());
    for (conclusion, expected) in [("success", Probed::Well), ("failure", Probed::Down)] {
        let stub = Stub::start(move |asked| {
            let mut early = run(2, "workflow_dispatch", "07:29:58", "completed", Some(conclusion));
            early["display_title"] = "Nightly (0123456789abcdef)".into();
            shop(asked, &[early.clone()], &[early])
        })
        .await;
        let probed = github(&stub).probe(&file("nightly.yml"), Some(slot("07:30:00")), Some(&key)).await;
        assert_eq!(probed, Ok(expected));
    }
}

#[tokio::test]
async fn a_run_that_hangs_without_a_job_is_not_alive() {
    for (jobs, expected) in [(0, Probed::Down), (1, Probed::Well)] {
        let stub = Stub::start(move |asked| {
            if asked.path.contains("/jobs") {
                return Said::json(200, &json!({ "total_count": jobs, "jobs": [] }));
            }
            let queued = [run(2, "schedule", "07:30:05", "queued", None)];
            shop(asked, &queued, &queued)
        })
        .await;
        let probed = github(&stub).probe(&file("nightly.yml"), Some(slot("07:30:00")), None).await;
        assert_eq!(probed, Ok(expected), "{jobs} jobs");
    }
}

#[tokio::test]
async fn what_a_person_disabled_needs_no_help() {
    for (state, expected) in [("disabled_manually", Probed::Unknown), ("disabled_inactivity", Probed::Down)] {
        let stub = Stub::start(move |asked| match asked.path.as_str() {
            "/repos/acme/shop/actions/workflows/nightly.yml" => {
                Said::json(200, &workflow("nightly.yml", state))
            }
            _ => shop(asked, &[], &[]),
        })
        .await;
        let probed = github(&stub).probe(&file("nightly.yml"), Some(slot("07:30:00")), None).await;
        assert_eq!(probed, Ok(expected), "{state}");
    }
}

#[tokio::test]
async fn without_a_slot_the_newest_run_says_how_it_is() {
    let good = run(2, "schedule", "07:40:00", "completed", Some("success"));
    let bad = run(3, "schedule", "07:50:00", "completed", Some("failure"));
    assert_eq!(probed(vec![good.clone()], vec![], None).await, Probed::Well);
    assert_eq!(probed(vec![bad.clone(), good.clone()], vec![bad.clone(), good], None).await, Probed::Down);
    // Repeated or started again meanwhile: it is being helped.
    let again = run(4, "workflow_dispatch", "07:55:00", "in_progress", None);
    assert_eq!(probed(vec![bad.clone()], vec![again, bad], None).await, Probed::Well);
    assert_eq!(probed(vec![], vec![], None).await, Probed::Unknown);
}

#[tokio::test]
async fn a_workflow_that_was_renamed_is_an_error_that_names_the_others() {
    let stub = Stub::start(|asked| shop(asked, &[], &[])).await;
    let github = github(&stub);
    github.survey(&[file("nightly.yml")], since("00:00:00")).await.unwrap();
    let error = github.probe(&file("old.yml"), Some(slot("07:30:00")), None).await.unwrap_err();
    assert!(error.to_string().contains("no workflow `old.yml`"), "{error}");
    assert!(error.to_string().ends_with("it has nightly.yml"), "{error}");
}

#[tokio::test]
async fn a_survey_tells_states_schedules_and_manual_runs_apart() {
    let stub = Stub::start(|asked| {
        let all = [
            run(5, "workflow_dispatch", "07:50:00", "completed", Some("success")),
            run(4, "schedule", "06:50:00", "completed", Some("failure")),
        ];
        match asked.path.as_str() {
            "/repos/acme/shop/actions/workflows?per_page=100&page=1" => Said::json(
                200,
                &json!({ "total_count": 3, "workflows": [
                    workflow("nightly.yml", "active"), workflow("asleep.yml", "disabled_inactivity"),
                    workflow("off.yml", "disabled_manually"),
                ] }),
            ),
            _ => shop(asked, &[], &all),
        }
    })
    .await;
    let wanted = ["nightly.yml", "asleep.yml", "off.yml", "gone.yml"].map(file);
    let survey = github(&stub).survey(&wanted, since("00:00:00")).await.unwrap();
    let state = |name: &str| survey.workflows[&file(name)].state.clone();
    assert_eq!(state("asleep.yml"), WorkflowState::DisabledInactivity);
    assert_eq!(state("off.yml"), WorkflowState::DisabledManually);
    assert_eq!(state("gone.yml"), WorkflowState::Gone);
    let seen = &survey.workflows[&file("nightly.yml")];
    assert_eq!(seen.newest_alive().unwrap().id, 5);
    assert_eq!(seen.newest_scheduled().unwrap().id, 4);
    assert_eq!(seen.newest_in(Phase::Failed).unwrap().id, 4);
    assert_eq!(survey.covers(&file("nightly.yml"), slot("07:30:00")), Some(Covered::Yes));
    assert_eq!(survey.covers(&file("nightly.yml"), slot("07:55:00")), Some(Covered::No));
    assert_eq!(survey.covers(&file("other.yml"), slot("07:55:00")), None);
    assert_eq!(survey.requests, 3);
}

#[tokio::test]
async fn five_hundred_workflows_take_few_requests() {
    let stub = Stub::start(|asked| {
        let query = asked.path.split_once('?').map_or("", |(_, query)| query);
        let page: usize = query.rsplit_once("&page=").map_or(1, |(_, page)| page.parse().unwrap());
        let names = ((page - 1) * 100..page * 100).map(|n| format!("w{n:03}.yml"));
        if asked.path.contains("/actions/workflows?") {
            let list: Vec<Value> = names.map(|name| workflow(&name, "active")).collect();
            return Said::json(200, &json!({ "total_count": 500, "workflows": list }));
        }
        if asked.path.contains("/actions/runs?") {
            let list: Vec<Value> = names
                .enumerate()
                .map(|(n, name)| {
                    let time = format!("{:02}:{:02}:00", 7 - page.min(7), 59 - n / 2);
                    let mut run = run(
                        (10_000 - page * 100 - n) as u64,
                        "schedule",
                        &time,
                        "completed",
                        Some("success"),
                    );
                    run["path"] = format!(".github/workflows/{name}").into();
                    run
                })
                .collect();
            return runs(&list);
        }
        shop(asked, &[], &[])
    })
    .await;
    let wanted: Vec<_> = (0..500).map(|n| file(&format!("w{n:03}.yml"))).collect();
    let survey = github(&stub).survey(&wanted, since("02:05:00")).await.unwrap();
    assert_eq!(survey.workflows.len(), 500);
    assert!(survey.workflows.values().all(|seen| seen.newest_alive().is_some()));
    assert_eq!(survey.requests as usize, stub.asked().len());
    assert!(survey.requests <= MAX_SURVEY_REQUESTS, "{}", survey.requests);
}

#[tokio::test]
async fn an_order_that_was_skipped_covers_no_slot_and_a_schedule_that_was_does() {
    for (event, covered) in [("workflow_dispatch", Covered::No), ("schedule", Covered::Yes)] {
        let stub = Stub::start(move |asked| {
            let all = [run(9, event, "07:50:00", "completed", Some("skipped"))];
            shop(asked, &all, &all)
        })
        .await;
        let survey = github(&stub).survey(&[file("nightly.yml")], since("00:00:00")).await.unwrap();
        assert_eq!(survey.covers(&file("nightly.yml"), slot("07:30:00")), Some(covered), "{event}");
    }
}

#[tokio::test]
async fn a_survey_of_a_busy_repository_is_bounded_and_says_how_far_it_saw() {
    let stub = Stub::start(|asked| {
        let many: Vec<Value> =
            (0..100).map(|n| run(1_000 + n, "push", "07:50:00", "completed", Some("success"))).collect();
        let own = [run(7, "schedule", "03:00:00", "completed", Some("success"))];
        shop(asked, &own, &many)
    })
    .await;
    let survey = github(&stub).survey(&[file("nightly.yml")], since("00:00:00")).await.unwrap();
    assert!(survey.requests <= MAX_SURVEY_REQUESTS);
    assert_eq!(survey.workflows[&file("nightly.yml")].newest_alive().unwrap().id, 7);
    assert_eq!(survey.covers(&file("nightly.yml"), slot("02:00:00")), Some(Covered::Yes));
    // Older than what was seen, and not covered by what was: nothing can be said.
    assert_eq!(survey.covers(&file("nightly.yml"), slot("05:00:00")), None);
}

#[tokio::test]
async fn a_run_that_hangs_is_found_by_a_survey_and_asked_for_once() {
    let stub = Stub::start(|asked| {
        if asked.path.contains("/jobs") {
            return Said::json(200, &json!({ "total_count": 0, "jobs": [] }));
        }
        shop(asked, &[], &[run(2, "schedule", "07:30:05", "queued", None)])
    })
    .await;
    let github = github(&stub);
    for _ in 0..2 {
        let survey = github.survey(&[file("nightly.yml")], since("00:00:00")).await.unwrap();
        assert_eq!(survey.workflows[&file("nightly.yml")].runs[0].phase, Phase::Stuck);
    }
    assert_eq!(stub.lines().iter().filter(|line| line.contains("/jobs")).count(), 1);
}

#[tokio::test]
async fn an_enterprise_server_has_a_path_of_its_own() {
    let stub = Stub::start(|asked| {
        assert!(asked.path.starts_with("/api/v3/repos/acme/shop"), "{}", asked.path);
        repository().with("date", NOW).with("x-ratelimit-remaining", "990").with("x-ratelimit-limit", "1000")
    })
    .await;
    let github = Github::new(&http(), options(&format!("{}/api/v3/", stub.url))).unwrap();
    let access = github.access().await.unwrap();
    assert_eq!((access.full_name.as_str(), access.requests), ("acme/shop", Some((990, 1000))));
    assert_eq!(access.clock, Some(since("08:00:00")));
    let headers = &stub.asked()[0].headers;
    assert_eq!(headers["authorization"], "Bearer ghp_secret");
    assert_eq!(headers.get_all("authorization").iter().count(), 1);
    assert!(headers["user-agent"].to_str().unwrap().starts_with("standin/"));
}

#[test]
fn outside_of_a_runtime_it_is_an_error() {
    assert!(matches!(Github::new(&http(), options("https://h")), Err(GithubError::Setting { .. })));
}

#[test]
fn settings_are_checked_before_anything_is_sent() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let tried = |change: &dyn Fn(&mut GithubOptions)| {
        let mut options = options("https://api.github.com");
        change(&mut options);
        Github::new(&http(), options).map(|_| ())
    };
    assert_eq!(tried(&|_| {}), Ok(()));
    for url in ["", "api.github.com", "ftp://host", "https://user:pass@host", "https://host?x=1", "https://"]
    {
        let error = tried(&|options| url.clone_into(&mut options.api_url)).unwrap_err();
        assert!(error.to_string().contains("`api-url`"), "{url}: {error}");
        assert!(!error.to_string().contains("pass"), "{error}");
    }
    assert!(matches!(
        tried(&|options| options.repository = "shop".to_owned()),
        Err(GithubError::Setting { .. })
    ));
    assert_eq!(tried(&|options| options.token = "a\nb".into()), Err(GithubError::TokenText));
    assert_eq!(tried(&|options| options.token = "".into()), Err(GithubError::TokenText));
}
