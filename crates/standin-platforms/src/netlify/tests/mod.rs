//! The adapter against small servers that answer like Netlify, or worse.

mod acts;

use std::time::Duration;

use serde_json::{Value, json};
use standin_core::effect::EffectKey;

use super::{Builds, DeployState, Lock, Netlify, NetlifyError, NetlifyOptions};
use crate::stub::{Asked, Said, Stub, http};

const ID: &str = "3970e0fe-8564-4903-9a55-c5f8de49fb8b";

fn options(url: &str, site: &str) -> NetlifyOptions {
    NetlifyOptions {
        api_url: format!("{url}/api/v1"),
        site: site.to_owned(),
        token: "nfp_secret".into(),
        timeout: Duration::from_millis(500),
        send_within: Duration::from_secs(5),
    }
}

fn netlify(stub: &Stub) -> Netlify {
    Netlify::new(&http(), options(&stub.url, "shop")).unwrap()
}

fn key() -> EffectKey {
    EffectKey("0123456789abcdef".to_owned())
}

fn deploy(id: &str, state: &str, time: &str, title: &str) -> Value {
    json!({
        "id": id, "state": state, "context": "production", "title": title,
        "created_at": format!("2026-11-22T{time}.123Z"),
        "published_at": (state == "ready").then(|| format!("2026-11-22T{time}.123Z")),
    })
}

/// The site `shop`, with these deploys, of which `live` is published; `more` changes what is said of the site.
fn shop(asked: &Asked, deploys: &[Value], more: &Value) -> Said {
    let host = asked.headers["host"].to_str().unwrap();
    let mut site = json!({
        "id": ID, "name": "shop", "state": "current", "url": format!("http://{host}/"), "ssl_url": "",
        "published_deploy": {
            "id": "live", "state": "ready", "locked": false,
            "function_schedules": [{ "name": "nightly", "cron": "@daily" }],
        },
        "build_settings": { "stop_builds": false },
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        site[name] = value.clone();
    }
    let path = asked.path.split('?').next().unwrap();
    match path.strip_prefix("/api/v1").unwrap_or(path) {
        "/sites" => Said::json(200, &json!([{ "id": "other", "name": "shop-2" }, site])),
        path if path == format!("/sites/{ID}") || path == "/sites/shop.example.org" => Said::json(200, &site),
        path if path == format!("/sites/{ID}/deploys") => Said::json(200, &json!(deploys)),
        path if path == format!("/sites/{ID}/functions") => Said::json(
            200,
            &json!([{ "id": "x", "provider": "aws_lambda", "functions": [{ "n": "nightly" }, { "name": "ping" }] }]),
        ),
        _ => Said::json(404, &json!({ "code": 404, "message": "Not Found" })),
    }
}

fn deploys() -> Vec<Value> {
    vec![
        deploy("older", "ready", "05:00:00", "Older"),
        deploy("live", "ready", "06:00:00", "Live"),
        deploy("bad", "error", "07:00:00", "Bad"),
    ]
}

#[tokio::test]
async fn a_survey_takes_three_requests_and_knows_the_last_good_deploy() {
    let stub = Stub::start(|asked| shop(asked, &deploys(), &json!({}))).await;
    let netlify = netlify(&stub);
    let seen = netlify.survey().await.unwrap();
    assert_eq!(seen.newest().map(|deploy| deploy.id.as_str()), Some("bad"));
    assert_eq!(seen.newest().map(|deploy| deploy.state), Some(DeployState::Failed));
    assert_eq!(seen.published().map(|deploy| deploy.id.as_str()), Some("live"));
    assert_eq!(seen.last_good().map(|deploy| deploy.id.as_str()), Some("older"));
    assert_eq!(seen.functions, ["nightly", "ping"]);
    assert_eq!(seen.site.schedules[0].cron, "@daily");
    assert_eq!((seen.site.lock, seen.site.builds), (Lock::Open, Builds::Active));
    netlify.survey().await.unwrap();
    // The first look finds the id of the name.
    assert_eq!(stub.asked().len(), 1 + 3 + 3);
    assert!(stub.asked().iter().all(|asked| asked.headers["authorization"] == "Bearer nfp_secret"));
}

#[tokio::test]
async fn a_domain_or_an_id_is_asked_for_at_once() {
    let stub = Stub::start(|asked| shop(asked, &[], &json!({}))).await;
    for site in ["shop.example.org", ID] {
        let netlify = Netlify::new(&http(), options(&stub.url, site)).unwrap();
        assert_eq!(netlify.site().await.unwrap().name, "shop");
    }
    assert_eq!(stub.asked().len(), 2);
}

#[tokio::test]
async fn each_bad_answer_is_an_error_that_says_what_to_do() {
    let cases = [
        (Said::message(401, "Access Denied"), "make a new one"),
        (Said::message(403, "Forbidden"), "role Developer"),
        (Said::message(404, "Not Found"), "shows no site `shop`"),
        (Said::text(200, "[]"), "shows no site `shop`"),
        (Said::message(502, "x"), "trouble of its own (502)"),
        (Said::text(200, "[{\"id\": \"x\""), "broken JSON"),
        (Said::text(200, "{}"), "check `api-url`"),
        (Said::text(200, &"x".repeat(10 * 1024 * 1024)), "longer than"),
        (Said::never(), "answer was lost"),
        (Said::message(422, "the token is nfp_secret"), "refused with 422: the token is ***"),
    ];
    for (answer, expected) in cases {
        let stub = Stub::start(move |_| answer.clone()).await;
        let error = netlify(&stub).survey().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("nfp_secret") && !error.contains(&stub.url), "{error}");
    }
}

#[tokio::test]
async fn after_a_limit_nothing_is_sent_until_its_reset() {
    let stub = Stub::start(|_| Said::message(429, "Too many").with("retry-after", "30")).await;
    let netlify = netlify(&stub);
    for _ in 0..2 {
        let error = netlify.site().await.unwrap_err();
        assert!(matches!(error, NetlifyError::RateLimited { .. }), "{error}");
    }
    assert_eq!(stub.asked().len(), 1);
}

#[test]
fn settings_are_checked_before_anything_is_sent() {
    let tried = |change: &dyn Fn(&mut NetlifyOptions)| {
        let mut options = options("https://api.netlify.com", "shop");
        change(&mut options);
        Netlify::new(&http(), options).map(|_| ())
    };
    assert_eq!(tried(&|_| {}), Ok(()));
    for site in ["", "a/b", "a b", "../x", "a..b"] {
        assert!(tried(&|options| site.clone_into(&mut options.site)).is_err(), "{site}");
    }
    for url in ["", "api.netlify.com", "ftp://host", "https://user:pass@host"] {
        let error = tried(&|options| url.clone_into(&mut options.api_url)).unwrap_err();
        assert!(!error.to_string().contains("pass"), "{error}");
    }
    assert!(matches!(tried(&|options| options.token = "a\nb".into()), Err(NetlifyError::Secret(_))));
}
