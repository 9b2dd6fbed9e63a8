//! The function: silent, deployed badly, and what it serves failing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use standin_stage::{FunctionCall, FunctionHandler, FunctionReply, Serving};
use tokio::io::AsyncWriteExt;

use super::action::binary;
use super::shop::{Address, SITE, Shop, watcher};

/// What a background function has, shortened: nothing here takes longer.
const LONGEST: Duration = Duration::from_secs(120);

/// Answers for the site's functions with the shipped binary, as the JavaScript of the site's template does.
pub(crate) fn served(folder: &Path, address: Address) -> FunctionHandler {
    let folder = folder.to_path_buf();
    Arc::new(move |call| {
        let (folder, env) = (folder.clone(), address.lock().unwrap().clone());
        Box::pin(answer(folder, env, call))
    })
}

async fn answer(folder: PathBuf, env: BTreeMap<String, String>, call: FunctionCall) -> FunctionReply {
    let kind = match call.name.as_str() {
        "standin" => "schedule",
        "standin-background" => "background",
        _ => return FunctionReply { status: 200, headers: Vec::new(), body: "well".into() },
    };
    let headers: BTreeMap<_, _> = call.headers.iter().cloned().collect();
    let deadline = Timestamp::now().as_millisecond() + i64::try_from(LONGEST.as_millis()).unwrap();
    let event = json!({
        "kind": kind, "method": call.method, "path": "/", "headers": headers,
        "body": String::from_utf8_lossy(&call.body), "deadline_ms": deadline,
    });
    let told = tell(&folder, &env, &event).await;
    let status = u16::try_from(told["status"].as_u64().unwrap_or(500)).unwrap();
    FunctionReply { status, headers: Vec::new(), body: told["body"].to_string().into() }
}

/// One event, and the function's answer.
async fn tell(folder: &Path, env: &BTreeMap<String, String>, event: &Value) -> Value {
    let mut command = tokio::process::Command::new(binary("standin-function"));
    command.env_clear().envs(env).env("STANDIN_MESH", folder.join("mesh.json")).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(event.to_string().as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// The mesh that the function carries.
pub(crate) async fn carry_mesh(shop: &Shop) {
    std::fs::write(shop.folder().join("mesh.json"), mesh_json(shop).await).unwrap();
}

/// What it says, by the command that the documentation names.
pub(crate) async fn mesh_json(shop: &Shop) -> Vec<u8> {
    let mut command = tokio::process::Command::new(binary("standin"));
    command.args(["mesh", "--format", "json"]).current_dir(shop.folder().join("repo"));
    let output = command.env_clear().env("TZ", "UTC").output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

const PEERS: &str = "[[peer]]\nkind = \"netlify\"\nevery = \"1s\"\nsilent_after = \"1s\"\nBACKUP\n\
[[peer]]\nkind = \"action\"\nname = \"second\"\nworkflow = \"second.yml\"\nevery = \"1h\"\n";

/// A site with the function, which has looked once.
async fn shop(backup: &str) -> Shop {
    let settings = PEERS.replace("BACKUP", backup);
    let files = [("standin.toml", settings), (".github/workflows/second.yml", watcher())];
    let shop = Shop::new(&files).await;
    carry_mesh(&shop).await;
    let reply = shop.stage.netlify.fire_schedule(SITE, "standin").await;
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    shop
}

/// The vendor's scheduler, from now on.
pub(crate) fn schedule(shop: &Shop) -> tokio::task::JoinHandle<()> {
    let stage = Arc::clone(&shop.stage);
    tokio::spawn(async move {
        loop {
            let _bad_deploys_answer_404 = stage.netlify.fire_schedule(SITE, "standin").await;
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_function_is_called_in_the_background() {
    let shop = shop("").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let told = shop.check("second").await;
    shop.took("function silent, called in the background by an Action");
    assert_eq!(told.alerts("peer:function"), ["peer_silent", "recovered"], "{}", told.said);
    assert_eq!(shop.phone.told("peer_silent", "peer:function"), 1, "{:?}", shop.phone.alerts());
}

async fn a_bad_deploy(backup: &str) -> Shop {
    let shop = shop(backup).await;
    shop.stage.netlify.deploy(SITE, "bad", Serving::Missing).unwrap();
    let schedule = schedule(&shop);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let told = shop.check("second").await;
    schedule.abort();
    assert_eq!(told.alerts("peer:function"), ["peer_silent", "recovered"], "{}", told.said);
    assert_eq!(shop.phone.told("peer_silent", "peer:function"), 1, "{:?}", shop.phone.alerts());
    shop
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_without_a_good_deploy_gets_its_last_good_one_back() {
    let shop = a_bad_deploy("backup = [\"restore\"]").await;
    shop.took("function gone with a bad deploy, its last good one restored by an Action");
    let deploys = shop.stage.netlify.deploys(SITE).unwrap();
    assert!(deploys.iter().all(|deploy| deploy.live == (deploy.title != "bad")), "{deploys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_without_a_good_deploy_is_built_anew_once() {
    let shop = a_bad_deploy("backup = [\"redeploy\"]").await;
    shop.took("function gone with a bad deploy, built anew by an Action");
    let deploys = shop.stage.netlify.deploys(SITE).unwrap();
    assert_eq!(deploys.len(), 3, "the first, the bad one and one new: {deploys:?}");
    assert!(deploys[2].live, "{deploys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_fails_gets_the_last_good_deploy_back() {
    let shop = shop("").await;
    let url = format!("{}/_site/{SITE}/.netlify/functions/checkout", shop.stage.netlify_url);
    shop.write("netlify.toml", "[build]\npublish = \"public\"\n");
    shop.write("netlify/functions/checkout.mjs", "export default async () => new Response('well');\n");
    let entry =
        format!("[[automation]]\nid = \"netlify:checkout\"\nurl = \"{url}\"\nbackup = [\"restore\"]\n");
    // The function itself is no part of this: it has none of what it would be silent of.
    let action = PEERS.split("[[peer]]").nth(2).unwrap();
    shop.write("standin.toml", &format!("[[peer]]{action}{entry}"));
    let told = shop.check("second").await;
    assert!(told.alerts("netlify:checkout").is_empty(), "it is well: {}", told.said);
    shop.stage.netlify.deploy(SITE, "bad", Serving::Crashes).unwrap();
    let told = shop.check("second").await;
    shop.took("served function answers 502, its last good deploy restored by an Action");
    assert_eq!(told.alerts("netlify:checkout"), ["recovered"], "{}", told.said);
    let deploys = shop.stage.netlify.deploys(SITE).unwrap();
    assert!(deploys.iter().all(|deploy| deploy.live == (deploy.title != "bad")), "{deploys:?}");
    let restores = shop.stage.netlify.plane().requests();
    let restores = restores.iter().filter(|request| request.path.ends_with("/restore")).count();
    assert_eq!(restores, 1);
}
