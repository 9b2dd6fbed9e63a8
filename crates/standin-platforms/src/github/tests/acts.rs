//! Dispatches, and what else changes something.

use serde_json::json;
use standin_core::mesh::claim::Sent;

use super::*;
use crate::github::{GithubError, KeyTaken};

const POST: &str = "POST /repos/acme/shop/actions/workflows/nightly.yml/dispatches";
const ENABLE: &str = "PUT /repos/acme/shop/actions/workflows/nightly.yml/enable";

/// A server whose dispatch answers this.
async fn server(answer: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Stub {
    Stub::start(move |asked| if asked.method == "GET" { shop(asked, &[], &[]) } else { answer(asked) }).await
}

#[tokio::test]
async fn a_dispatch_carries_its_key_and_tells_the_run() {
    let stub = server(|_| {
        Said::json(200, &json!({ "workflow_run_id": 77, "run_url": "http://x", "html_url": "http://x" }))
    })
    .await;
    let mut order = dispatch();
    order.slot = Some(standin_core::mesh::clock::StoreTime(1_795_334_400_000));
    order.inputs.insert("target".to_owned(), "prod".to_owned());
    let done = github(&stub).dispatch(&file("nightly.yml"), &order).await;
    assert_eq!(
        (done.sent, done.run, done.key, done.error),
        (Sent::Accepted, Some(77), KeyTaken::Carried, None)
    );
    assert_eq!(stub.writes(), [POST]);
    let expected = json!({
        "ref": "main",
        "inputs": {
            "standin-key": "0123456789abcdef", "standin-attempt": "1", "standin-slot": "2026-11-22T08:00:00Z",
            "target": "prod",
        },
        "return_run_details": true,
    });
    assert_eq!(stub.asked().last().unwrap().json(), expected);
}

#[tokio::test]
async fn an_old_server_is_asked_without_the_run() {
    let stub = server(|asked| {
        if asked.body.contains("return_run_details") {
            return Said::message(422, "Invalid request.\n\n\"return_run_details\" is not a permitted key.");
        }
        Said::text(204, "")
    })
    .await;
    let github = github(&stub);
    for _ in 0..2 {
        let done = github.dispatch(&file("nightly.yml"), &dispatch()).await;
        assert_eq!((done.sent, done.run, done.key), (Sent::Accepted, None, KeyTaken::Carried));
    }
    // The second time it is known.
    assert_eq!(stub.writes(), [POST; 3]);
}

#[tokio::test]
async fn a_workflow_without_the_inputs_is_started_without_and_that_is_said() {
    let stub = server(|asked| {
        if asked.body.contains("standin-key") {
            return Said::message(422, "Unexpected inputs provided: [\"standin-attempt\", \"standin-key\"]");
        }
        Said::text(204, "")
    })
    .await;
    let done = github(&stub).dispatch(&file("nightly.yml"), &dispatch()).await;
    assert_eq!((done.sent, done.key), (Sent::Accepted, KeyTaken::NotDeclared));
    assert_eq!(stub.writes(), [POST; 2]);
}

#[tokio::test]
async fn refusals_name_what_to_change() {
    let cases = [
        (422, "Workflow does not have 'workflow_dispatch' trigger", "add `workflow_dispatch:`"),
        (422, "No ref found for: main", "no branch or tag `main`"),
        (422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow", "disabled by hand"),
        (422, "Unexpected inputs provided: [\"colour\"]", "does not declare these inputs"),
        (403, "Resource not accessible by integration", "needs `actions: write` on acme/shop"),
        (401, "Bad credentials", "wrong, expired or revoked"),
        (409, "Conflict", "at the same time"),
        (404, "Not Found", "no workflow `nightly.yml`"),
    ];
    for (status, message, expected) in cases {
        let stub = server(move |_| Said::message(status, message)).await;
        let done = github(&stub).dispatch(&file("nightly.yml"), &dispatch()).await;
        let error = done.error.unwrap().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(done.sent, Sent::Refused, "{message}");
        assert_eq!(stub.writes(), [POST], "{message}");
    }
}

#[tokio::test]
async fn what_may_have_been_done_is_unknown_and_sent_once() {
    let big = "x".repeat(10 * 1024 * 1024);
    let answers = [
        Said::message(500, "oops"),
        Said::message(502, "oops"),
        Said::text(503, ""),
        Said::text(200, "<html>log in</html>"),
        Said::text(200, "{\"workflow_run_id\": 7"),
        Said::text(200, &big),
        Said::never(),
    ];
    for answer in answers {
        let stub = server(move |_| answer.clone()).await;
        let done = github(&stub).dispatch(&file("nightly.yml"), &dispatch()).await;
        assert_eq!((done.sent, done.run), (Sent::Unknown, None), "{:?}", done.error);
        assert!(done.error.is_some());
        assert_eq!(stub.writes(), [POST]);
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_workflow_that_is_not_active() {
    for (state, expected) in [
        ("disabled_manually", GithubError::DisabledManually(file("nightly.yml"))),
        ("disabled_inactivity", GithubError::Asleep(file("nightly.yml"))),
        ("odd", GithubError::State { workflow: file("nightly.yml"), state: "odd".to_owned() }),
    ] {
        let stub = Stub::start(move |asked| match asked.path.as_str() {
            "/repos/acme/shop" => repository(),
            _ => Said::json(200, &workflow("nightly.yml", state)),
        })
        .await;
        let github = github(&stub);
        let done = github.dispatch(&file("nightly.yml"), &dispatch()).await;
        assert_eq!((done.sent, done.error), (Sent::Refused, Some(expected)));
        if state == "disabled_manually" {
            assert_eq!(github.enable(&file("nightly.yml")).await.sent, Sent::Refused);
        }
        assert_eq!(stub.writes(), [""; 0], "{state}");
    }
}

#[tokio::test]
async fn a_workflow_that_github_put_to_sleep_is_woken_first() {
    let stub = Stub::start(move |asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/repos/acme/shop") => repository(),
        ("GET", _) => Said::json(200, &workflow("nightly.yml", "disabled_inactivity")),
        _ => Said::text(204, ""),
    })
    .await;
    let github = github(&stub);
    let order = Dispatch { asleep: Asleep::Enable, ..dispatch() };
    assert_eq!(github.dispatch(&file("nightly.yml"), &order).await.sent, Sent::Accepted);
    assert_eq!(stub.writes(), [ENABLE, POST]);
    assert_eq!(github.enable(&file("nightly.yml")).await.sent, Sent::Accepted);
    assert_eq!(stub.writes(), [ENABLE, POST, ENABLE]);
}

#[tokio::test]
async fn a_dispatch_that_comes_too_late_is_not_sent() {
    let stub = server(|_| Said::text(204, "")).await;
    let mut options = options(&stub.url);
    options.send_within = Duration::ZERO;
    let done = Github::new(&http(), options).unwrap().dispatch(&file("nightly.yml"), &dispatch()).await;
    assert_eq!((done.sent, done.error), (Sent::Refused, Some(GithubError::TooLate { seconds: 0 })));
    assert_eq!(stub.writes(), [""; 0]);
}

#[tokio::test]
async fn a_run_is_repeated_only_while_it_is_as_it_was_seen() {
    for (status, attempt, expected) in
        [("completed", 1, Sent::Accepted), ("completed", 2, Sent::Refused), ("in_progress", 1, Sent::Refused)]
    {
        let stub = Stub::start(move |asked| match asked.method.as_str() {
            "GET" => {
                let mut run =
                    run(7, "schedule", "07:00:00", status, (status == "completed").then_some("failure"));
                run["run_attempt"] = attempt.into();
                Said::json(200, &run)
            }
            _ => Said::text(201, "{}"),
        })
        .await;
        let done = github(&stub).rerun_failed(7, 1).await;
        assert_eq!(done.sent, expected, "{status} {attempt}");
        assert_eq!(stub.writes().len(), usize::from(expected == Sent::Accepted));
    }
}

#[tokio::test]
async fn an_event_is_sent_once_and_says_which_right_it_needs() {
    let stub = server(|_| Said::text(204, "")).await;
    let sent = github(&stub).repository_dispatch("standin-wake", &json!({ "key": "k" })).await;
    assert_eq!(sent.sent, Sent::Accepted);
    assert_eq!(
        stub.asked()[0].json(),
        json!({ "event_type": "standin-wake", "client_payload": { "key": "k" } })
    );
    let stub = server(|_| Said::message(403, "Resource not accessible by personal access token")).await;
    let sent = github(&stub).repository_dispatch("standin-wake", &json!({})).await;
    assert!(sent.error.unwrap().to_string().contains("`contents: write`"));
}
