//! Who may ask for what, and what is answered.

use std::time::Duration;

use serde_json::{Value, json};
use standin_config::mesh::Remedy;
use standin_core::ident::Domain;

use crate::set::{PING_KEY, Set, TOKEN, ended, set, start, target};

fn asked(method: &str, path: &str) -> Value {
    json!({ "kind": "http", "method": method, "path": path })
}

fn shown(method: &str, path: &str, token: &str) -> Value {
    let bearer = format!("Bearer {token}");
    json!({ "kind": "http", "method": method, "path": path, "headers": { "Authorization": bearer } })
}

async fn status(set: &Set, event: &Value) -> u64 {
    set.tell(event).await.status
}

#[tokio::test]
async fn everybody_may_ask_for_a_sign_of_life_and_nobody_for_more() {
    let set = set().await;
    let health = set.tell(&asked("GET", "/standin/health")).await;
    assert_eq!((health.status, health.json()["ok"].as_bool()), (200, Some(true)));
    for (method, path) in [("GET", "/status"), ("POST", "/tick"), ("POST", "/standin/tick")] {
        assert_eq!(status(&set, &asked(method, path)).await, 401, "{path}");
        assert_eq!(status(&set, &shown(method, path, "another")).await, 401, "{path}");
    }
    let background = json!({ "kind": "background", "method": "POST", "body": r#"{"key":"k","attempt":1}"# });
    assert_eq!(status(&set, &background).await, 401);
    assert_eq!(status(&set, &shown("GET", "/tick", TOKEN)).await, 405);
    assert_eq!(status(&set, &shown("GET", "/else", TOKEN)).await, 404);
    assert_eq!(set.stage.github.plane().requests().len(), 0, "nothing was asked of anybody");
}

#[tokio::test]
async fn a_look_does_nothing_and_a_tick_helps() {
    let set = set().await;
    let look = set.tell(&shown("GET", "/status", TOKEN)).await.json();
    assert_eq!(look["targets"][0]["health"], "failed", "{look:#}");
    let writes = || set.stage.github.plane().requests().iter().filter(|r| r.method != "GET").count();
    assert_eq!((set.runs().len(), writes()), (0, 0));
    let tick = set.tell(&shown("POST", "/tick", TOKEN)).await;
    assert_eq!((tick.status, set.runs().len()), (200, 1), "{tick:?}");
    assert!(!tick.body.contains(TOKEN) && !tick.log.contains(TOKEN));
}

#[tokio::test]
async fn without_a_token_the_routes_are_closed_and_say_so() {
    let set = set().await;
    for event in [shown("POST", "/tick", ""), shown("GET", "/status", "any")] {
        let mut command = set.command();
        command.env_remove("STANDIN_TOKEN");
        let told = ended(start(&mut command, &event).await).await;
        assert_eq!(told.status, 403);
        assert!(told.body.contains("has no STANDIN_TOKEN"), "{}", told.body);
    }
}

#[tokio::test]
async fn a_function_without_its_mesh_says_how_to_make_it() {
    let set = set().await;
    std::fs::remove_file(set.folder.path().join("mesh.json")).unwrap();
    for event in [json!({ "kind": "schedule" }), asked("GET", "/health")] {
        let told = set.tell(&event).await;
        assert_eq!(told.status, 503);
        assert!(told.body.contains("standin mesh --format json > mesh.json"), "{}", told.body);
    }
    let told = set.tell(&json!({ "kind": "nonsense" })).await;
    assert_eq!(told.status, 400, "{told:?}");
}

#[tokio::test]
async fn a_heartbeat_is_kept_before_it_is_answered() {
    let set = set().await;
    let mut mesh = set.mesh();
    mesh.targets = vec![target("heartbeat:offsite", Domain::Elsewhere, Vec::<Remedy>::new())];
    set.carry(&mesh);
    assert_eq!(set.tick().await["targets"][0]["health"], "unknown");

    let ping = |rest: &str| asked("POST", &format!("/standin/ping/{PING_KEY}/{rest}"));
    assert_eq!(status(&set, &ping("nobody")).await, 404);
    assert_eq!(status(&set, &asked("GET", "/ping/another-key/offsite")).await, 404);
    assert_eq!(status(&set, &ping("offsite/256")).await, 400);
    let told = set.tell(&ping("offsite/start")).await;
    assert_eq!((told.status, told.body.as_str()), (200, "OK"));
    assert_eq!(set.tick().await["targets"][0]["health"], "healthy");
    assert_eq!(status(&set, &ping("offsite/1")).await, 200);
    assert_eq!(set.tick().await["targets"][0]["health"], "failed");
    assert_eq!(status(&set, &ping("offsite")).await, 200);
    assert_eq!(set.tick().await["targets"][0]["health"], "healthy");
}

#[tokio::test]
async fn heartbeats_that_come_at_the_same_time_are_all_kept() {
    let set = set().await;
    let mut mesh = set.mesh();
    mesh.targets = vec![target("heartbeat:offsite", Domain::Elsewhere, Vec::new())];
    set.carry(&mesh);
    let event = asked("GET", &format!("/ping/{PING_KEY}/offsite"));
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(set.start(&event).await);
    }
    for child in all {
        let told = ended(child).await;
        assert_eq!(told.status, 200, "{told:?}");
    }
    let notes: Vec<_> = set.stage.github.refs(crate::set::REPO).unwrap().into_keys().collect();
    assert!(notes.iter().any(|name| name.contains("beat")), "{notes:?}");
}

#[tokio::test]
async fn a_store_that_hangs_keeps_no_heartbeat_and_the_sender_is_told_in_time() {
    use standin_stage::{Fault, FaultKind};
    let set = set().await;
    let mut mesh = set.mesh();
    mesh.targets = vec![target("heartbeat:offsite", Domain::Elsewhere, Vec::new())];
    set.carry(&mesh);
    set.stage.github.plane().inject(Fault::always("*", FaultKind::Hang)).unwrap();
    let mut event = asked("GET", &format!("/ping/{PING_KEY}/offsite"));
    let deadline = jiff::Timestamp::now() + Duration::from_secs(5);
    event["deadline_ms"] = json!(deadline.as_millisecond());
    let told = set.tell(&event).await;
    assert_eq!((told.status, told.body.as_str()), (503, "not stored"));
    assert!(jiff::Timestamp::now() < deadline);
}

#[tokio::test]
async fn uuids_and_names_that_senders_make_take_heartbeats_and_the_last_body_is_kept() {
    let set = set().await;
    let mut mesh = set.mesh();
    mesh.targets = vec![target("heartbeat:offsite", Domain::Elsewhere, Vec::new())];
    set.carry(&mesh);
    assert_eq!(status(&set, &asked("GET", "/pings")).await, 401, "the addresses are secrets");
    let listed = set.tell(&shown("GET", "/standin/pings", TOKEN)).await.json();
    let path = listed["pings"][0]["path"].as_str().unwrap().to_owned();
    assert_eq!((listed["pings"][0]["id"].as_str(), path.len()), (Some("heartbeat:offsite"), 6 + 36));

    let mut ping = asked("POST", &format!("/standin{path}/fail"));
    ping["body"] = json!("disk full");
    let told = set.tell(&ping).await;
    assert_eq!((told.status, told.body.as_str()), (200, "OK"), "{told:?}");
    assert_eq!(set.tick().await["targets"][0]["health"], "failed");
    assert_eq!(status(&set, &asked("GET", &path)).await, 200);
    assert_eq!(set.tick().await["targets"][0]["health"], "healthy");
    let other = "/ping/2f1b0d5e-3e3c-4c5c-8d54-0d1f5c9f5a10";
    assert_eq!(status(&set, &asked("GET", other)).await, 404);
    let mut with_rid = asked("GET", &path);
    with_rid["query"] = json!("rid=x");
    assert_eq!(status(&set, &with_rid).await, 400);
    let kept = set.tell(&shown("GET", "/pings/offsite", TOKEN)).await.json();
    assert_eq!(
        (kept["kept"]["beats"]["count"].as_u64(), kept["kept"]["body"]["text"].as_str()),
        (Some(2), Some("disk full"))
    );

    let made = |query: &str| {
        let mut event = asked("GET", &format!("/ping/{PING_KEY}/made"));
        event["query"] = json!(query);
        event
    };
    for (query, expected) in
        [("", 404), ("create=1&rid=x", 400), ("", 404), ("create=1", 201), ("create=1", 200), ("", 200)]
    {
        assert_eq!(status(&set, &made(query)).await, expected, "{query}");
    }
    let listed = set.tell(&shown("GET", "/pings", TOKEN)).await.json();
    assert_eq!((listed["pings"][1]["slug"].as_str(), listed["pings"][1].get("path")), (Some("made"), None));
    let kept = set.tell(&shown("GET", "/pings/made", TOKEN)).await.json();
    assert_eq!(kept["kept"]["beats"]["count"].as_u64(), Some(3));
    assert_eq!(status(&set, &shown("GET", "/pings/nobody", TOKEN)).await, 404);
}
