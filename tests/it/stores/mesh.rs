//! A bucket as the store that decides, in a mesh as `standin.toml` writes it, with the shipped function as its watchers. It
//! decides about what is on Netlify and AWS: about workflows the refs of their own repository do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use standin_stage::{FunctionReply, Functions, Options, Serving, SiteOptions, Stage};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use super::ministack::MiniStack;
use super::{environment, http};
use crate::stage::binary;

/// How long two watchers that have not heard of each other before may take to believe what they see, and agree.
const LIMIT: Duration = Duration::from_secs(60);

/// Two watchers that share a bucket at another address than Amazon's; `MORE` is what the store says besides.
const SETTINGS: &str = "[netlify]\nsite = \"shop\"\napi_url = \"API\"\n\
[[store]]\nkind = \"s3\"\nbucket = \"standin\"\nprefix = \"shop\"\nregion = \"us-east-1\"\n\
endpoint = \"URL\"\nMORE[[peer]]\nkind = \"lambda\"\nname = \"one\"\nevery = \"1m\"\n\
[[peer]]\nkind = \"lambda\"\nname = \"other\"\nfunction = \"other\"\nevery = \"1m\"\n\
[[automation]]\nid = \"netlify:checkout\"\nurl = \"SITE/.netlify/functions/checkout\"\nbackup = [\"restore\"]\n";

/// A site whose newest deploy crashes, its repository, and a bucket.
struct World {
    stage: Stage,
    bucket: MiniStack,
    dir: TempDir,
}

impl World {
    async fn new(more: &str) -> Self {
        let bucket = MiniStack::start();
        let made = http().client().put(format!("{}/standin", bucket.url())).send().await.unwrap();
        made.error_for_status().unwrap();
        let mut site = SiteOptions::new("shop").with_function("checkout", None);
        site.served = Functions::Handler(Arc::new(|_| {
            Box::pin(async { FunctionReply { status: 200, headers: Vec::new(), body: "well".into() } })
        }));
        let mut options = Options::default();
        options.netlify.sites = vec![site];
        let stage = Stage::start(options).await.unwrap();
        stage.netlify.deploy("shop", "bad", Serving::Crashes).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let world = Self { stage, bucket, dir };
        let api = format!("{}/api/v1", world.stage.netlify_url);
        let served = format!("{}/_site/shop", world.stage.netlify_url);
        let settings = SETTINGS.replace("API", &api).replace("URL", &world.bucket.url());
        world.write("standin.toml", &settings.replace("MORE", more).replace("SITE", &served));
        world.write("netlify.toml", "[build]\npublish = \"public\"\n");
        let function = "export default async () => new Response('well');\n";
        world.write("netlify/functions/checkout.mjs", function);
        world
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// What the watchers carry, or why there is nothing to carry.
    fn carried(&self) -> Result<PathBuf, String> {
        let mut command = Command::new(binary());
        command.args(["mesh", "--format", "json"]).current_dir(self.dir.path()).env_clear();
        let told = command.output().unwrap();
        if !told.status.success() {
            return Err(String::from_utf8_lossy(&told.stderr).into_owned());
        }
        let path = self.dir.path().join("mesh.json");
        std::fs::write(&path, told.stdout).unwrap();
        Ok(path)
    }

    /// One watch cycle of this watcher, and what it saw.
    async fn cycle(&self, mesh: &Path, peer: &str) -> Value {
        let deadline = Timestamp::now() + SignedDuration::from_secs(60);
        let event = json!({ "kind": "schedule", "deadline_ms": deadline.as_millisecond() }).to_string();
        let mut command = tokio::process::Command::new(binary().with_file_name("standin-function"));
        command.env_clear().envs(environment()).env("NETLIFY_AUTH_TOKEN", "any").current_dir(self.dir.path());
        command.env("STANDIN_MESH", mesh).env("STANDIN_PEER", peer);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        child.stdin.take().unwrap().write_all(event.as_bytes()).await.unwrap();
        let output = child.wait_with_output().await.unwrap();
        let said: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        assert_eq!(said["status"], 200, "{said:#}");
        serde_json::from_str(said["body"].as_str().unwrap()).unwrap()
    }

    /// How often a deploy was put back.
    fn restores(&self) -> usize {
        let asked = self.stage.netlify.plane().requests();
        asked.iter().filter(|request| request.path.ends_with("/restore")).count()
    }

    /// The names of what the bucket holds.
    async fn kept(&self) -> String {
        let url = format!("{}/standin?list-type=2", self.bucket.url());
        http().client().get(url).send().await.unwrap().text().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_watchers_agree_in_a_bucket_and_one_of_them_acts() {
    let world = World::new("decides = true\n").await;
    let mesh = world.carried().unwrap();
    let both = async || {
        let (one, other) = tokio::join!(world.cycle(&mesh, "one"), world.cycle(&mesh, "other"));
        [one, other]
    };
    let begun = Instant::now();
    while world.restores() == 0 {
        let said = both().await;
        assert!(begun.elapsed() < LIMIT, "{said:#?}");
    }
    let said = [both().await, both().await];
    assert_eq!(world.restores(), 1, "{said:#?}");
    let health: BTreeMap<_, _> = said[1][0]["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| (target["id"].to_string(), target["health"].to_string()))
        .collect();
    assert_eq!(health["\"netlify:checkout\""], "\"healthy\"", "{said:#?}");
    let kept = world.kept().await;
    assert!(kept.contains("<Key>shop/cells/"), "the decision is in the bucket: {kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_was_not_tried_decides_nothing() {
    let said = World::new("").await.carried().unwrap_err();
    assert!(said.contains("no store that may hold decisions"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_bucket_is_away_nothing_is_done_and_that_is_said() {
    let mut world = World::new("decides = true\n").await;
    let mesh = world.carried().unwrap();
    world.bucket.end();
    let seen = world.cycle(&mesh, "one").await;
    assert_eq!(world.restores(), 0, "{seen:#}");
    let troubles = seen["troubles"].to_string();
    let is_told =
        troubles.contains("the store `s3` does not answer") && troubles.contains("check its region");
    assert!(is_told, "{seen:#}");
}
