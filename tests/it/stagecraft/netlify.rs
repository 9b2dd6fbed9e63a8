//! Netlify's side of the stage under Netlify's own description.

use reqwest::Method;
use serde_json::{Value, json};
use standin_stage::{Fault, FaultKind, Options, Serving, SiteOptions, Stage};

use super::prism::{Prism, is_complaint};

#[tokio::test]
async fn netlify_is_as_netlify_describes_it() {
    let mut options = Options::default();
    options.netlify.sites = vec![SiteOptions::new("shop").with_function("nightly", Some("@daily"))];
    let stage = Stage::start(options).await.unwrap();
    let description = "node_modules/@netlify/open-api/dist/swagger.json";
    let prism = Prism::before(&format!("{}/api/v1", stage.netlify_url), description).await;
    let ask = async |expected: u16, method: Method, path: &str, body: Option<Value>| {
        let (status, answer) = prism.ask(method.clone(), path, body).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
        answer
    };

    let found = ask(200, Method::GET, "/sites?name=shop&filter=all&page=1&per_page=100", None).await;
    let site = format!("/sites/{}", found[0]["id"].as_str().unwrap());
    let first = ask(200, Method::GET, &site, None).await["published_deploy"]["id"].clone();
    let first = first.as_str().unwrap();
    ask(404, Method::GET, "/sites/none", None).await;
    let built = ask(200, Method::POST, &format!("{site}/builds?title=key-1"), None).await;
    let second = stage.netlify.built("shop", "key-1").await.unwrap();
    assert_eq!(built["deploy_id"], json!(second.id));
    let deploys = ask(200, Method::GET, &format!("{site}/deploys?page=1&per_page=50"), None).await;
    assert_eq!(deploys[0]["title"], "key-1");
    ask(200, Method::GET, &format!("{site}/deploys/{first}"), None).await;
    ask(200, Method::GET, &format!("/deploys/{first}"), None).await;
    ask(201, Method::POST, &format!("{site}/deploys/{first}/restore"), None).await;
    ask(204, Method::PUT, &format!("{site}/rollback"), None).await;
    stage.netlify.deploy("shop", "bad", Serving::Crashes).unwrap();
    ask(200, Method::GET, &format!("{site}/functions"), None).await;
    ask(200, Method::GET, &format!("{site}/build_hooks"), None).await;
    let hook = ask(
        201,
        Method::POST,
        &format!("{site}/build_hooks"),
        Some(json!({ "title": "a", "branch": "main" })),
    )
    .await;
    ask(200, Method::GET, &format!("{site}/build_hooks/{}", hook["id"].as_str().unwrap()), None).await;
    ask(200, Method::POST, &format!("/deploys/{first}/lock"), None).await;
    ask(200, Method::POST, &format!("/deploys/{first}/unlock"), None).await;

    // What is not as described is found, else all of this would mean nothing.
    stage.netlify.plane().inject(Fault::once("*/deploys", FaultKind::Huge)).unwrap();
    let (status, answer) = prism.unchecked(Method::GET, &format!("{site}/deploys"), None).await;
    assert!(status == 500 && is_complaint(&answer), "an object in place of a list: {status}");
}
