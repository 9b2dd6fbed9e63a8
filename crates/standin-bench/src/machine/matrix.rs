//! The cells of the mesh's matrix: from an outage on the stage to the work being done again, for each watcher that acts.

use std::time::Instant;

use standin_stage::{Serving, WorkflowState};

use super::Options;
use super::report::{Goal, Part, Row, times};
use super::scene::{Binaries, REPO, SITE, Scene, Who, backup, nightly};

/// Outages of each cell that a platform tells of at once, and of each that is a silence.
const SEEN: usize = 10;
const SILENT: usize = 5;

/// One that looks each second counts as silent so soon: three seconds after its last look, as nobody seconds it.
const SOON: &str = "every = \"1s\"\nsilent_after = \"1s\"\n";

const NEVER: &str = "never, without Standin";

pub(super) fn measure(options: &Options) -> anyhow::Result<Part> {
    let Some(binaries) = options.binaries() else {
        let notes = vec!["matrix: STANDIN_ACTION and STANDIN_FUNCTION name no binaries".to_owned()];
        return Ok(Part { notes, ..Part::default() });
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut part = Part::default();
    for who in Who::ALL {
        let cell = format!("a missed slot, dispatched by {}", who.name());
        part.rows.push(row(&cell, runtime.block_on(repeat(SEEN, || missed(&binaries, who)))?));
    }
    for who in Who::ALL {
        let cell = format!("a served function that answers 502, restored by {}", who.name());
        part.rows.push(row(&cell, runtime.block_on(repeat(SEEN, || broken(&binaries, who)))?));
    }
    for who in [Who::Function, Who::Agent] {
        let cell = format!("an Action asleep, enabled and dispatched by {}", who.name());
        part.rows.push(row(&cell, runtime.block_on(repeat(SILENT, || asleep(&binaries, who)))?));
    }
    for who in [Who::Action, Who::Agent] {
        let cell = format!("the function gone, its last good deploy restored by {}", who.name());
        part.rows.push(row(&cell, runtime.block_on(repeat(SILENT, || gone(&binaries, who)))?));
    }
    for who in [Who::Action, Who::Function] {
        let cell = format!("a machine gone, its app's backup dispatched by {}", who.name());
        part.rows.push(row(&cell, runtime.block_on(repeat(SILENT, || lost(&binaries, who)))?));
    }
    part.notes.push(
        "matrix: until the work is done again on the stage, whose runs begin at once; a watcher looks at the moment of the outage, \
         or each second; what is silent counts as such after 3 s, where its settings say 3 min to 12 h"
            .to_owned(),
    );
    Ok(part)
}

fn row(cell: &str, all: Vec<f64>) -> Row {
    Row {
        what: format!("matrix: {cell} (p50)"),
        standin: times(all, 50),
        peer_name: NEVER,
        peer: None,
        goal: Goal::None,
    }
}

async fn repeat<F: Future<Output = anyhow::Result<f64>>>(
    turns: usize,
    mut turn: impl FnMut() -> F,
) -> anyhow::Result<Vec<f64>> {
    let mut all = Vec::with_capacity(turns);
    for _ in 0..turns {
        all.push(turn().await?);
    }
    Ok(all)
}

fn workflow(name: &str, text: String) -> (String, String) {
    (format!(".github/workflows/{name}"), text)
}

async fn missed(binaries: &Binaries, who: Who) -> anyhow::Result<f64> {
    let slot = "[[automation]]\nid = \"workflow:nightly.yml\"\ngrace = \"60s\"\n";
    let files = [workflow("nightly.yml", nightly()), workflow("watcher.yml", backup())];
    let scene = Scene::set(binaries, &files, &format!("{}{slot}", who.peer("1h"))).await?;
    scene.until(who, Instant::now(), || scene.has_run("nightly.yml")).await
}

const CHECKOUT: [(&str, &str); 2] = [
    ("netlify.toml", "[build]\npublish = \"public\"\n"),
    ("netlify/functions/checkout.mjs", "export default async () => new Response('well');\n"),
];

async fn broken(binaries: &Binaries, who: Who) -> anyhow::Result<f64> {
    let mut files: Vec<_> =
        CHECKOUT.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    files.push(workflow("watcher.yml", backup()));
    let scene = Scene::set(binaries, &files, &who.peer("1h")).await?;
    let url = format!("{}/_site/{SITE}/.netlify/functions/checkout", scene.stage.netlify_url);
    let entry =
        format!("[[automation]]\nid = \"netlify:checkout\"\nurl = \"{url}\"\nbackup = [\"restore\"]\n");
    scene.add(&entry).await?;
    scene.stage.netlify.deploy(SITE, "bad", Serving::Crashes)?;
    scene.until(who, Instant::now(), || scene.is_replaced("bad")).await
}

async fn asleep(binaries: &Binaries, who: Who) -> anyhow::Result<f64> {
    let action = format!("[[peer]]\nkind = \"action\"\nname = \"second\"\nworkflow = \"second.yml\"\n{SOON}");
    let files = [workflow("second.yml", backup())];
    let scene = Scene::set(binaries, &files, &format!("{action}{}", who.peer("1s"))).await?;
    let looked = scene.action().env("STANDIN_PEER", "second").status().await?;
    anyhow::ensure!(looked.success(), "the Action could not look");
    scene.stage.github.set_workflow(REPO, "second.yml", WorkflowState::DisabledInactivity)?;
    scene.until(who, Instant::now(), || scene.has_run("second.yml")).await
}

async fn gone(binaries: &Binaries, who: Who) -> anyhow::Result<f64> {
    let function = format!("[[peer]]\nkind = \"netlify\"\n{SOON}backup = [\"restore\"]\n");
    let files = [workflow("watcher.yml", backup())];
    let scene = Scene::set(binaries, &files, &format!("{function}{}", who.peer("1s"))).await?;
    let looked = scene.stage.netlify.fire_schedule(SITE, "standin").await;
    anyhow::ensure!(looked.status == 200, "the function could not look");
    scene.stage.netlify.deploy(SITE, "bad", Serving::Missing)?;
    scene.until(who, Instant::now(), || scene.is_replaced("bad")).await
}

async fn lost(binaries: &Binaries, who: Who) -> anyhow::Result<f64> {
    let machine = who.first_before("pm2:shop")?;
    let app = "module.exports = { apps: [{ name: 'shop', script: './shop.sh', interpreter: '/bin/sh' }] };\n";
    let mut files = vec![workflow("shop-backup.yml", backup()), workflow("watcher.yml", backup())];
    files.push(("ecosystem.config.js".to_owned(), app.to_owned()));
    files.push(("shop.sh".to_owned(), "exec sleep 86400\n".to_owned()));
    let settings = format!(
        "[[peer]]\nkind = \"agent\"\nname = \"{machine}\"\n{SOON}{}\
         [[automation]]\nid = \"pm2:shop\"\nbackup = [\"workflow:shop-backup.yml\"]\n",
        who.peer("5m")
    );
    let scene = Scene::set(binaries, &files, &settings).await?;
    let mut agent = scene.look(Who::Agent).await?;
    scene.is_heard(&machine).await?;
    agent.kill().await?;
    scene.until(who, Instant::now(), || scene.has_run("shop-backup.yml")).await
}
