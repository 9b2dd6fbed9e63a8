//! The agent: silent, and what it runs carried on elsewhere meanwhile.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::{Child, Command};

use super::action::binary;
use super::drill::{copy, standin};
use super::matrix::{NIGHTLY, files};
use super::shop::{REPO, Shop, watcher};

/// How long an agent may take until its first beat.
const LIMIT: Duration = Duration::from_secs(30);

const SETTINGS: &str = "[agent]\nlisten = \"127.0.0.1:0\"\n[pm2]\nwatch = false\n\
[[peer]]\nkind = \"agent\"\nevery = \"1s\"\nsilent_after = \"1s\"\n\
[[peer]]\nkind = \"action\"\nname = \"second\"\nworkflow = \"second.yml\"\nevery = \"10m\"\n";

/// The shipped agent in the checkout, once it has written its first beat.
async fn up(shop: &Shop) -> Child {
    let mut command = Command::new(binary("standin"));
    command.arg("up").current_dir(shop.folder().join("repo")).env_clear().envs(shop.env());
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("TZ", "UTC");
    command.env("HOME", shop.folder()).env("PM2_HOME", shop.folder().join("pm2"));
    command.stdin(Stdio::null()).kill_on_drop(true);
    let log = std::fs::File::create(shop.folder().join("agent.log")).unwrap();
    let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
    let record =
        |refs: std::collections::BTreeMap<String, String>| refs.get("refs/standin/peer/agent").cloned();
    let before = record(shop.stage.github.refs(REPO).unwrap());
    let begun = std::time::Instant::now();
    while record(shop.stage.github.refs(REPO).unwrap()) == before {
        let said = || std::fs::read_to_string(shop.folder().join("agent.log")).unwrap_or_default();
        assert!(begun.elapsed() < LIMIT, "no beat of the agent: {}", said());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    child
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_agent_is_told_of() {
    let files = [("standin.toml", SETTINGS.to_owned()), (".github/workflows/second.yml", watcher())];
    let shop = Shop::new(&files).await;
    let mut agent = up(&shop).await;
    let told = shop.check("second").await;
    assert!(told.alerts("peer:agent").is_empty(), "{}", told.said);
    agent.kill().await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let told = shop.check("second").await;
    shop.took("agent killed, a person told by an Action");
    assert_eq!(told.alerts("peer:agent"), ["peer_silent"], "{}", told.said);
    assert_eq!(shop.phone.told("peer_silent", "peer:agent"), 1, "{:?}", shop.phone.alerts());
    assert_eq!(told.code, Some(1), "a person is needed: {}", told.said);
}

/// Who watches the nightly workflow, as a checkout sees it in which no agent has run.
async fn watchers_elsewhere(shop: &Shop) -> String {
    let other = tempfile::tempdir_in(shop.folder()).unwrap();
    copy(&shop.folder().join("repo"), other.path());
    let (code, said, errors) = standin(shop, other.path(), &["coverage", "--format", "json"]).await;
    assert_eq!(code, 0, "{errors}");
    let coverage: Value = serde_json::from_str(&said).unwrap();
    let all = coverage["automations"].as_array().unwrap();
    let one = all.iter().find(|one| one["id"] == NIGHTLY).unwrap_or_else(|| panic!("{coverage}"));
    one["evidence"][0].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_counts_wherever_its_sign_of_life_is_found() {
    let shop = Shop::new(&files()).await;
    shop.write("standin.toml", SETTINGS);
    assert_eq!(watchers_elsewhere(&shop).await, "watched by second");
    let mut agent = up(&shop).await;
    assert_eq!(watchers_elsewhere(&shop).await, "watched by agent, second");
    agent.kill().await.unwrap();
}
