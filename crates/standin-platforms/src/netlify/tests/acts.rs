//! Builds, restores, roll-backs and calls.

use standin_core::mesh::claim::Sent;

use super::*;
use crate::netlify::{Acted, Invocation, Mode, Rebuild};

fn hook(stub: &Stub) -> Rebuild {
    Rebuild::Hook(format!("{}/build_hooks/5f0c?trigger_branch=main", stub.url).into())
}

/// A server whose writes answer this.
async fn server(answer: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Stub {
    Stub::start(
        move |asked| {
            if asked.method == "GET" { shop(asked, &deploys(), &json!({})) } else { answer(asked) }
        },
    )
    .await
}

#[tokio::test]
async fn a_build_is_titled_with_its_key_and_keeps_the_token_from_the_hook() {
    let stub = server(|_| Said::text(200, "")).await;
    let done = netlify(&stub).rebuild(&hook(&stub), &key(), 2).await;
    assert_eq!(done, Acted { sent: Sent::Accepted, deploy: None, error: None });
    let expected =
        "POST /build_hooks/5f0c?trigger_branch=main&trigger_title=standin+0123456789abcdef%2C+attempt+2";
    assert_eq!(stub.writes(), [expected]);
    assert!(!stub.asked().last().unwrap().headers.contains_key("authorization"));
    let stub = server(|_| Said::json(200, &json!({ "id": "b1", "deploy_id": "d1" }))).await;
    let done = netlify(&stub).rebuild(&Rebuild::Api, &key(), 1).await;
    assert_eq!((done.sent, done.deploy.as_deref()), (Sent::Accepted, Some("d1")));
}

#[tokio::test]
async fn a_build_that_is_under_way_under_the_key_is_not_asked_for_again() {
    for (state, writes) in [("building", 0), ("ready", 0), ("error", 1)] {
        let titled = deploy("mine", state, "07:30:00", "standin 0123456789abcdef, attempt 1");
        let stub = Stub::start(move |asked| match asked.method.as_str() {
            "GET" => shop(asked, std::slice::from_ref(&titled), &json!({})),
            _ => Said::text(200, ""),
        })
        .await;
        let done = netlify(&stub).rebuild(&hook(&stub), &key(), 2).await;
        assert_eq!(done.sent, Sent::Accepted);
        assert_eq!(stub.writes().len(), writes, "{state}");
    }
}

#[tokio::test]
async fn what_a_person_stopped_is_left_alone() {
    for (more, expected) in [
        (json!({ "build_settings": { "stop_builds": true } }), NetlifyError::BuildsStopped),
        (json!({ "published_deploy": { "id": "live", "locked": true } }), NetlifyError::Locked),
    ] {
        let stub = Stub::start(move |asked| shop(asked, &[], &more)).await;
        let done = netlify(&stub).rebuild(&hook(&stub), &key(), 1).await;
        assert_eq!((done.sent, done.error.as_ref()), (Sent::Refused, Some(&expected)));
        if expected == NetlifyError::Locked {
            let restored = netlify(&stub).restore("older", "live").await;
            assert_eq!((restored.sent, restored.error), (Sent::Refused, Some(NetlifyError::Locked)));
        }
        assert_eq!(stub.writes(), [""; 0]);
    }
}

#[tokio::test]
async fn a_deploy_is_put_back_only_over_the_one_that_was_seen() {
    let stub = server(|asked| match asked.method.as_str() {
        "POST" => Said::json(201, &deploy("older", "ready", "05:00:00", "Older")),
        _ => Said::text(204, ""),
    })
    .await;
    let netlify = netlify(&stub);
    let moved = netlify.restore("older", "another").await;
    assert_eq!((moved.sent, moved.error), (Sent::Refused, Some(NetlifyError::Moved)));
    assert_eq!(netlify.rollback("another").await.error, Some(NetlifyError::Moved));
    assert_eq!(stub.writes(), [""; 0]);
    let done = netlify.restore("older", "live").await;
    assert_eq!((done.sent, done.deploy.as_deref()), (Sent::Accepted, Some("older")));
    assert_eq!(netlify.rollback("live").await.sent, Sent::Accepted);
    let expected = [
        format!("POST /api/v1/sites/{ID}/deploys/older/restore"),
        format!("PUT /api/v1/sites/{ID}/rollback"),
    ];
    assert_eq!(stub.writes(), expected);
}

#[tokio::test]
async fn what_may_have_been_done_is_unknown_and_sent_once() {
    let big = "x".repeat(10 * 1024 * 1024);
    for answer in [
        Said::message(500, "x"),
        Said::text(200, "<html>log in</html>"),
        Said::text(200, &big),
        Said::never(),
    ] {
        let stub = server(move |_| answer.clone()).await;
        let netlify = netlify(&stub);
        for done in [netlify.rebuild(&hook(&stub), &key(), 1).await, netlify.restore("older", "live").await] {
            assert_eq!(done.sent, Sent::Unknown, "{:?}", done.error);
        }
        assert_eq!(stub.writes().len(), 2);
    }
}

#[tokio::test]
async fn a_hook_or_a_deploy_that_is_gone_says_so() {
    let stub = server(|_| Said::message(404, "Not Found")).await;
    let netlify = netlify(&stub);
    let done = netlify.rebuild(&hook(&stub), &key(), 1).await;
    assert_eq!((done.sent, done.error), (Sent::Refused, Some(NetlifyError::NoHook)));
    let done = netlify.restore("older", "live").await;
    assert_eq!((done.sent, done.error), (Sent::Refused, Some(NetlifyError::NoDeploy("older".to_owned()))));
    let wrong = netlify.rebuild(&Rebuild::Hook("nonsense".into()), &key(), 1).await;
    assert!(!wrong.error.unwrap().to_string().contains("nonsense"));
}

fn invocation(mode: Mode) -> Invocation {
    Invocation {
        function: "ping".to_owned(),
        mode,
        bearer: Some("function-secret".into()),
        key: key(),
        attempt: 1,
        slot: Some(standin_core::mesh::clock::StoreTime(1_795_334_400_000)),
        timeout: Duration::from_millis(500),
    }
}

#[tokio::test]
async fn a_function_is_called_with_its_key_and_its_own_token() {
    for (mode, status) in [(Mode::Synchronous, 200), (Mode::Background, 202)] {
        let stub = server(move |_| Said::text(status, "anything")).await;
        let done = netlify(&stub).invoke(&invocation(mode)).await;
        assert_eq!(done.sent, Sent::Accepted, "{:?}", done.error);
        assert_eq!(stub.writes(), ["POST /.netlify/functions/ping"]);
        let asked = stub.asked().pop().unwrap();
        assert_eq!(asked.headers["authorization"], "Bearer function-secret");
        assert_eq!(asked.headers["x-standin-key"], "0123456789abcdef");
        let expected =
            json!({ "standin": { "key": "0123456789abcdef", "attempt": 1, "slot": "2026-11-22T08:00:00Z" } });
        assert_eq!(asked.json(), expected);
    }
}

#[tokio::test]
async fn what_a_function_answers_says_whether_it_ran() {
    for (mode, status, expected) in [
        (Mode::Synchronous, 404, Sent::Refused),
        (Mode::Synchronous, 401, Sent::Refused),
        (Mode::Synchronous, 400, Sent::Refused),
        (Mode::Synchronous, 500, Sent::Unknown),
        (Mode::Synchronous, 504, Sent::Unknown),
        (Mode::Background, 200, Sent::Unknown),
    ] {
        let stub = server(move |_| Said::text(status, "its own words")).await;
        let done = netlify(&stub).invoke(&invocation(mode)).await;
        assert_eq!(done.sent, expected, "{status}");
        assert!(!done.error.unwrap().to_string().contains("its own words"));
        assert_eq!(stub.writes().len(), 1);
    }
}

#[tokio::test]
async fn nothing_is_sent_that_comes_too_late() {
    let stub = server(|_| Said::text(200, "")).await;
    let mut options = options(&stub.url, "shop");
    options.send_within = Duration::ZERO;
    let netlify = Netlify::new(&http(), options).unwrap();
    for done in [
        netlify.rebuild(&hook(&stub), &key(), 1).await,
        netlify.restore("older", "live").await,
        netlify.rollback("live").await,
        netlify.invoke(&invocation(Mode::Synchronous)).await,
    ] {
        assert_eq!((done.sent, done.error), (Sent::Refused, Some(NetlifyError::TooLate { seconds: 0 })));
    }
    assert_eq!(stub.writes(), [""; 0]);
}
