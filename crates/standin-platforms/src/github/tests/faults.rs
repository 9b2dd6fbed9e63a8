//! Servers that are not as they should be.

use std::net::TcpListener as StdListener;

use jiff::Timestamp;
use standin_core::mesh::claim::Sent;

use super::*;
use crate::github::GithubError;

async fn looked(answer: Said) -> GithubError {
    let stub = Stub::start(move |_| answer.clone()).await;
    let github = github(&stub);
    let error = github.survey(&[file("nightly.yml")], Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert!(!error.to_string().contains("ghp_secret"), "{error}");
    assert!(!error.to_string().contains(&stub.url), "{error}");
    error
}

#[tokio::test]
async fn each_bad_answer_is_an_error_that_says_what_to_do() {
    let cases = [
        (Said::message(401, "Bad credentials"), "give a new one"),
        (Said::message(403, "Resource not accessible by integration"), "needs `metadata: read`"),
        (Said::message(404, "Not Found"), "shows no repository `acme/shop`"),
        (Said::message(500, "x"), "trouble of its own (500)"),
        (Said::text(200, "{\"full_name\": \"ac"), "broken JSON"),
        (Said::text(200, "[]"), "check `api-url`"),
        (Said::text(200, "<html>"), "check `api-url`"),
        (Said::text(200, &"x".repeat(10 * 1024 * 1024)), "longer than"),
        (Said::never(), "answer was lost"),
        (Said::message(418, "the token is ghp_secret"), "refused with 418: the token is ***"),
    ];
    for (answer, expected) in cases {
        let error = looked(answer).await.to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_was_sent_nothing() {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let github = Github::new(&http(), options(&url)).unwrap();
    let done = github.dispatch(&file("nightly.yml"), &dispatch()).await;
    assert_eq!(done.sent, Sent::Refused);
    assert!(done.error.unwrap().to_string().contains("cannot be reached"));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_and_tls_that_does_not_answer_name_the_fix() {
    let github = Github::new(&http(), options("http://no-such-host.invalid")).unwrap();
    let error = github.access().await.unwrap_err();
    assert!(matches!(error, GithubError::Unreachable { .. }), "{error}");
    let stub = Stub::start(|_| repository()).await;
    let github = Github::new(&http(), options(&stub.url.replace("http:", "https:"))).unwrap();
    let error = github.access().await.unwrap_err();
    assert!(matches!(error, GithubError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn after_a_limit_nothing_is_sent_until_its_reset() {
    for (status, headers) in [
        (
            403,
            vec![
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-limit", "1000"),
                ("x-ratelimit-reset", "1795338000"),
            ],
        ),
        (429, vec![("retry-after", "30")]),
    ] {
        let stub = Stub::start(move |_| {
            let said = Said::message(status, "API rate limit exceeded").with("date", NOW);
            headers.iter().fold(said, |said, (name, value)| said.with(name, value))
        })
        .await;
        let github = github(&stub);
        let error = github.access().await.unwrap_err();
        assert!(matches!(error, GithubError::RateLimited { .. }), "{error}");
        let done = github.dispatch(&file("nightly.yml"), &dispatch()).await;
        assert_eq!(done.sent, Sent::Refused);
        // A clone knows it too.
        assert!(github.clone().access().await.is_err());
        assert_eq!(stub.asked().len(), 1);
    }
}

#[tokio::test]
async fn every_request_is_counted_with_what_the_server_allows() {
    let stub =
        Stub::start(|_| repository().with("x-ratelimit-remaining", "990").with("x-ratelimit-limit", "1000"))
            .await;
    let http = http();
    let github = Github::new(&http, options(&stub.url)).unwrap();
    github.access().await.unwrap();
    let counts = http.meter().counts();
    let count = counts["127.0.0.1"];
    assert_eq!(count.requests, 1);
    assert_eq!(count.allowance.unwrap().remaining, 990);
}

#[tokio::test]
async fn a_redirected_dispatch_is_not_taken_for_done() {
    let stub = Stub::start(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("POST", _) => Said::text(302, "").with("location", "/login"),
        (_, "/login") => Said::text(200, "{}"),
        _ => shop(asked, &[], &[]),
    })
    .await;
    let done = github(&stub).dispatch(&file("nightly.yml"), &dispatch()).await;
    assert_eq!(done.sent, Sent::Unknown);
}
