//! The site template on Netlify's own command line.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};

use super::shop::{PING_KEY, Shop, TOKEN, place};

const PEERS: &str = "[[store]]\nkind = \"github\"\n[[peer]]\nkind = \"netlify\"\n";

/// How long Netlify's command line may take to start, on a machine that does other things as well.
const START: Duration = Duration::from_secs(120);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Netlify's command line in this site, without a login and without a home.
fn netlify(site: &Path, env: &BTreeMap<String, String>) -> Command {
    let tool = std::env::var_os("STANDIN_NETLIFY")
        .map_or_else(|| root().join(".tools/netlify/node_modules/.bin/netlify"), PathBuf::from);
    assert!(tool.exists(), "no {}: run bin/test, which installs it", tool.display());
    let mut command = Command::new(tool);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", site.parent().unwrap())
        .env("CI", "1")
        .env("NO_UPDATE_NOTIFIER", "1")
        .envs(env)
        .current_dir(site)
        .stdin(Stdio::null());
    command
}

/// The template's own files, and beside them what the guide says to put there, but for `mesh.json`.
pub(crate) fn template(site: &Path) {
    let template = root().join("netlify");
    let copied = Command::new("cp").arg("-r").arg(template.join(".")).arg(site).status().unwrap();
    assert!(copied.success());
    fs::create_dir_all(site.join("bin")).unwrap();
    place(&site.join("bin/standin-function"));
}

fn site(shop: &Shop) -> PathBuf {
    let site = shop.folder("site");
    template(&site);
    shop.carry(&site.join("mesh.json"));
    site
}

fn secrets() -> BTreeMap<String, String> {
    Shop::secrets().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// `netlify functions:serve`, ended with the test.
pub(crate) struct Serving {
    child: Child,
    pub(crate) port: u16,
}

impl Serving {
    pub(crate) async fn of(site: &Path, env: &BTreeMap<String, String>, http: &Client) -> Self {
        // Free now; whoever takes it in between makes the test fail, and not pass.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let child = netlify(site, env)
            .args(["functions:serve", "--offline", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let serving = Self { child, port };
        // It listens before it has loaded its functions.
        let is_ready = async || {
            let answer = http.get(serving.url("/standin/health")).send().await;
            answer.is_ok_and(|answer| answer.status() == 200)
        };
        let ready = async {
            while !is_ready().await {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(START, ready).await.expect("netlify functions:serve answers");
        serving
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let group = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

fn function<'v>(manifest: &'v Value, name: &str) -> &'v Value {
    let functions = manifest["functions"].as_array().unwrap();
    functions.iter().find(|f| f["name"] == name).unwrap_or_else(|| panic!("no {name}: {manifest:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_template_builds_with_its_schedule_in_effect_and_carries_the_watcher() {
    let shop = Shop::new(PEERS).await;
    let site = site(&shop);
    let built =
        netlify(&site, &secrets()).args(["build", "--offline", "--context", "production"]).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stdout));
    let manifest = fs::read_to_string(site.join(".netlify/functions/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(function(&manifest, "standin")["schedule"], "*/5 * * * *");
    assert_eq!(function(&manifest, "standin-background")["invocationMode"], "background");
    assert_eq!(function(&manifest, "standin-http")["routes"][0]["pattern"], "/standin/*");
    for name in ["standin", "standin-background", "standin-http"] {
        let bundle = site.join(format!(".netlify/functions/{name}.zip"));
        // Modes and names, as the archive's own directory has them.
        let listing = Command::new("python3").args(["-c", LIST]).arg(&bundle).output().unwrap();
        let listing = String::from_utf8(listing.stdout).unwrap();
        assert!(listing.contains("755 bin/standin-function\n"), "{name}: {listing}");
        assert!(listing.contains(" mesh.json\n"), "{name}: {listing}");
    }
}

const LIST: &str = "import sys, zipfile
for file in zipfile.ZipFile(sys.argv[1]).infolist():
    print(f'{file.external_attr >> 16 & 0o777:o}', file.filename)";

#[tokio::test(flavor = "multi_thread")]
async fn a_served_site_dispatches_a_missed_workflow_once_and_takes_heartbeats() {
    let shop = Shop::new(PEERS).await;
    let site = site(&shop);
    let http = crate::http().timeout(Duration::from_secs(60)).build().unwrap();
    let serving = Serving::of(&site, &secrets(), &http).await;
    let health: Value = http.get(serving.url("/standin/health")).send().await.unwrap().json().await.unwrap();
    assert_eq!(health["peer"], "function", "{health}");

    let invoked = netlify(&site, &secrets())
        .args(["functions:invoke", "standin", "--no-identity", "--port", &serving.port.to_string()])
        .output()
        .unwrap();
    assert!(invoked.status.success(), "{}", String::from_utf8_lossy(&invoked.stderr));
    assert_eq!(shop.runs().len(), 1, "{}", String::from_utf8_lossy(&invoked.stdout));

    let status = |path: &str, token: &str| {
        let request = http.post(serving.url(path)).bearer_auth(token);
        let body = json!({ "key": "wake-function", "attempt": 0, "slot": null });
        async move { request.json(&body).send().await.unwrap().status().as_u16() }
    };
    assert_eq!(status("/standin/tick", "another").await, 401);
    assert_eq!(status("/standin/tick", TOKEN).await, 200);
    assert_eq!(shop.runs().len(), 1, "the slot has its run");

    // What other watchers call to wake this one: it looks in the background.
    shop.stage.github.plane().clear_requests();
    assert_eq!(status("/.netlify/functions/standin-background", TOKEN).await, 202);
    let looked = async {
        while shop.stage.github.plane().requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(START, looked).await.expect("the background function looks");

    let ping = |key: &str| http.get(serving.url(&format!("/standin/ping/{key}/offsite"))).send();
    assert_eq!(ping("another-key").await.unwrap().status(), 404);
    assert_eq!(ping(PING_KEY).await.unwrap().text().await.unwrap(), "OK");
    let seen = http.get(serving.url("/standin/status")).bearer_auth(TOKEN).send().await.unwrap();
    let seen: Value = seen.json().await.unwrap();
    let offsite = seen["targets"].as_array().unwrap().iter().find(|t| t["id"] == "heartbeat:offsite");
    assert_eq!(offsite.unwrap()["health"], "healthy", "{seen:#}");
}
