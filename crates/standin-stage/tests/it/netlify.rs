//! Netlify: deploys, builds, functions, blobs.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};
use standin_stage::{
    Access, Atomicity, Build, Fault, FaultKind, FunctionReply, Functions, Grant, Options, Serving,
    SiteOptions, Stage,
};

use crate::set::client;

const CALL: &str = "/.netlify/functions/hello";

struct Set {
    stage: Stage,
    client: reqwest::Client,
    id: String,
}

fn hello() -> Functions {
    Functions::Handler(Arc::new(|call| {
        Box::pin(async move {
            let body = format!("{} {} {}", call.method, call.query, String::from_utf8_lossy(&call.body));
            FunctionReply {
                status: 200,
                headers: vec![("x-own".into(), "1".into())],
                body: Bytes::from(body),
            }
        })
    }))
}

fn options() -> Options {
    let mut options = Options::default();
    let mut site =
        SiteOptions::new("shop").with_function("hello", None).with_function("nightly", Some("@daily"));
    site.served = hello();
    options.netlify.sites = vec![site];
    options
}

async fn set() -> Set {
    set_with(options()).await
}

async fn set_with(options: Options) -> Set {
    let stage = Stage::start(options).await.unwrap();
    let id = stage.netlify.site_id("shop").unwrap();
    Set { stage, client: client(), id }
}

impl Set {
    async fn send(&self, method: Method, path: &str) -> reqwest::Response {
        self.client.request(method, format!("{}{path}", self.stage.netlify_url)).send().await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, &format!("/api/v1/sites/{}{path}", self.id)).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }
}

#[tokio::test]
async fn a_build_hook_builds_and_its_deploy_goes_live_under_its_title() {
    let set = set().await;
    let hook = set.stage.netlify.build_hook("shop").unwrap();
    let answer = set.client.post(format!("{hook}?trigger_title=key%2D1")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap()), (200, String::new()));
    let built = set.stage.netlify.built("shop", "key-1").await.unwrap();
    assert_eq!((built.state.as_str(), built.live), ("ready", true));
    let deploys = set.get("/deploys").await;
    assert_eq!(deploys[0]["title"], "key-1");
    assert_eq!(set.get("").await["published_deploy"]["id"], json!(built.id));
    assert_eq!(set.get("").await["published_deploy"]["function_schedules"][0]["name"], "nightly");
    assert_eq!(set.get("/functions").await[0]["functions"][0]["name"], "hello");
    assert_eq!(set.send(Method::POST, "/build_hooks/none").await.status(), 404);
}

#[tokio::test]
async fn a_build_runs_its_command_and_fails_with_it() {
    let set = set().await;
    let folder = tempfile::tempdir().unwrap();
    let command = |script: &str| Build::Command {
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        folder: folder.path().to_path_buf(),
    };
    set.stage.netlify.build_with("shop", command("echo \"$INCOMING_HOOK_TITLE\" > built")).unwrap();
    let build = set.send(Method::POST, &format!("/api/v1/sites/{}/builds?title=good", set.id)).await;
    assert!(build.json::<Value>().await.unwrap()["deploy_id"].is_string());
    assert!(set.stage.netlify.built("shop", "good").await.unwrap().live);
    assert_eq!(std::fs::read_to_string(folder.path().join("built")).unwrap(), "good\n");
    set.stage.netlify.build_with("shop", command("echo broken >&2; exit 3")).unwrap();
    set.send(Method::POST, &format!("/api/v1/sites/{}/builds?title=bad", set.id)).await;
    let bad = set.stage.netlify.built("shop", "bad").await.unwrap();
    assert_eq!((bad.state.as_str(), bad.live), ("error", false));
    let shape = set.get(&format!("/deploys/{}", bad.id)).await;
    assert!(shape["error_message"].as_str().unwrap().contains("broken"), "{shape}");
}

#[tokio::test]
async fn a_bad_deploy_breaks_its_functions_until_it_is_put_back() {
    let set = set().await;
    let answer =
        set.client.post(format!("{}{CALL}?a=1", set.stage.netlify_url)).body("x").send().await.unwrap();
    assert_eq!(answer.headers()["x-own"], "1");
    assert_eq!(answer.text().await.unwrap(), "POST a=1 x");
    assert_eq!(set.send(Method::GET, "/.netlify/functions/nightly").await.status(), 404);
    assert_eq!(set.stage.netlify.fire_schedule("shop", "nightly").await.status, 200);
    let good = set.stage.netlify.deploys("shop").unwrap()[0].id.clone();
    set.stage.netlify.deploy("shop", "bad", Serving::Crashes).unwrap();
    assert_eq!(set.send(Method::GET, CALL).await.status(), 502);
    let restored = set.send(Method::POST, &format!("/api/v1/sites/{}/deploys/{good}/restore", set.id)).await;
    assert_eq!(restored.status(), 201);
    assert_eq!(set.send(Method::GET, CALL).await.status(), 200);
    set.stage.netlify.deploy("shop", "worse", Serving::Missing).unwrap();
    assert_eq!(set.send(Method::GET, CALL).await.status(), 404);
    assert_eq!(set.send(Method::PUT, &format!("/api/v1/sites/{}/rollback", set.id)).await.status(), 204);
    assert_eq!(set.get("").await["published_deploy"]["title"], "bad");
}

#[tokio::test]
async fn functions_are_proxied_to_their_server() {
    let behind = set().await;
    let mut options = options();
    options.netlify.sites[0].served = Functions::Proxy(behind.stage.netlify_url.replace("http://", ""));
    let front = set_with(options).await;
    let answer =
        front.client.post(format!("{}{CALL}?q=2", front.stage.netlify_url)).body("y").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap()), (200, "POST q=2 y".into()));
    drop(behind);
    assert_eq!(front.send(Method::GET, CALL).await.status(), 502);
}

/// Writes the same key from eight writers at once, each on condition; how many were told that they won.
async fn race(set: &Set, key: &str) -> usize {
    let url = format!("{}/{}/site:standin/{key}", set.stage.netlify_url, set.id);
    let mut asked = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let request = set.client.put(&url).header("if-none-match", "*").body(format!("w{writer}"));
        asked.spawn(async move { request.send().await.unwrap().status() });
    }
    asked.join_all().await.into_iter().filter(|status| status.as_u16() == 200).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_eight_writers_makes_a_blob_unless_the_store_is_blind() {
    let set = set().await;
    for round in 0..25 {
        assert_eq!(race(&set, &format!("k{round}")).await, 1);
    }
    set.stage.netlify.set_atomicity(Atomicity::Blind);
    assert!(race(&set, "blind").await > 1);
}

#[tokio::test]
async fn blobs_are_read_listed_and_signed() {
    let set = set().await;
    let path = format!("/api/v1/blobs/{}/site:standin/a%2Fb", set.id);
    assert_eq!(set.send(Method::GET, &path).await.status(), 404);
    let url = format!("{}{path}", set.stage.netlify_url);
    let signed =
        set.client.put(&url).header("accept", "application/json;type=signed-url").send().await.unwrap();
    let signed = signed.json::<Value>().await.unwrap()["url"].as_str().unwrap().to_owned();
    let put = set.client.put(signed).body("one").send().await.unwrap();
    let tag = put.headers()["etag"].clone();
    let stale = set.client.put(&url).header("if-match", "\"other\"").body("two").send().await.unwrap();
    assert_eq!(stale.status(), 412);
    let swapped = set.client.put(&url).header("if-match", &tag).body("two").send().await.unwrap();
    assert_eq!(swapped.status(), 200);
    assert_eq!(set.client.get(&url).send().await.unwrap().text().await.unwrap(), "two");
    let list = set.send(Method::GET, &format!("/api/v1/blobs/{}/site:standin", set.id)).await;
    assert_eq!(list.json::<Value>().await.unwrap()["blobs"][0]["key"], "a/b");
}

#[tokio::test]
async fn a_token_is_needed_but_not_for_hooks_and_functions() {
    let mut options = options();
    options.netlify.access = Access::Tokens(vec![Grant::full("right")]);
    options.netlify.sites[0].build = Build::BuiltIn(Duration::ZERO);
    let set = set_with(options).await;
    let site = format!("{}/api/v1/sites/shop", set.stage.netlify_url);
    assert_eq!(set.client.get(&site).send().await.unwrap().status(), 401);
    assert_eq!(set.client.get(&site).bearer_auth("wrong").send().await.unwrap().status(), 401);
    let answer = set.client.get(&site).bearer_auth("right").send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["x-ratelimit-limit"]),
        (200, &"500".parse().unwrap())
    );
    assert_eq!(set.send(Method::GET, CALL).await.status(), 200);
    let hook = set.stage.netlify.build_hook("shop").unwrap();
    set.stage.netlify.plane().inject(Fault::once("/build_hooks/*", FaultKind::LostReply)).unwrap();
    assert!(set.client.post(format!("{hook}?trigger_title=t")).send().await.is_err());
    assert!(set.stage.netlify.built("shop", "t").await.unwrap().live);
}
