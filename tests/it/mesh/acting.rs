//! The function and the agent as those who act, and the machine's work done elsewhere until it has it back.

use std::path::Path;

use serde_json::json;
use standin_stage::{Conclusion, RunSummary, Serving};

use super::act::{log, runner, workflow};
use super::machine::Machine;
use super::matrix::{NIGHTLY, missed};
use super::names::Names;
use super::shop::{REPO, SITE, Shop, watcher};
use super::site::Site;
use crate::stage::{all, app, command_line, until};

const WORKFLOW: &str = ".github/workflows/nightly.yml";
const SLOT: &str = "[[automation]]\nid = \"workflow:nightly.yml\"\nheartbeats = true\ngrace = \"60s\"\n";
const AGENT: &str = "[agent]\nlisten = \"127.0.0.1:0\"\n";
const NO_PM2: &str = "[pm2]\nwatch = false\n";

/// A repository whose nightly workflow has missed its slot, with the real act; what it works goes into `out`.
async fn nightly(folder: &Path, out: &Path) -> Shop {
    let cron = missed().strftime("%-M %-H * * *").to_string();
    Shop::with(&[(WORKFLOW, workflow(&cron, out))], Some(runner(folder))).await
}

/// The slot was worked once, by a dispatch, and its cron, two hours late, steps aside.
async fn worked_once(shop: &Shop, folder: &Path, out: &Path) {
    shop.quiet().await;
    let runs = shop.runs("nightly.yml");
    let of = |run: &RunSummary| log(folder, run);
    assert_eq!(std::fs::read_to_string(out).unwrap_or_default(), "workflow_dispatch\n", "{}", of(&runs[0]));
    assert_eq!((runs.len(), shop.dispatches("nightly.yml")), (1, 1), "{runs:?}");
    let late = shop.stage.github.fire_schedule(REPO, "nightly.yml", missed()).unwrap();
    let late = shop.stage.github.run_ended(REPO, late).await.unwrap();
    assert_eq!(late.conclusion, Some(Conclusion::Success), "{}", of(&late));
    assert!(of(&late).contains("steps aside: its slot is done by github/"), "{}", of(&late));
    assert_eq!(std::fs::read_to_string(out).unwrap(), "workflow_dispatch\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_function_dispatches_a_missed_slot_and_the_late_cron_steps_aside() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("worked");
    let shop = nightly(folder.path(), &out).await;
    shop.settings(&format!("[[peer]]\nkind = \"netlify\"\nevery = \"5m\"\n{SLOT}"));
    let site = Site::of(&shop, &[]).await;
    shop.begun();
    site.tick(&shop).await;
    assert_eq!(shop.phone.told("unconfirmed", NIGHTLY), 1, "{:?}", shop.phone.alerts());
    shop.quiet().await;
    // Its tick was over before the run was: the next one sees that it is well, and says so.
    site.tick(&shop).await;
    shop.took("workflow missed its slot, dispatched by the function (real act, real Netlify)");
    assert_eq!(shop.phone.told("well_again", NIGHTLY), 1, "{:?}", shop.phone.alerts());
    worked_once(&shop, folder.path(), &out).await;
    site.tick(&shop).await;
    assert_eq!(shop.phone.alerts().len(), 2, "{:?}", shop.phone.alerts());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_dispatches_a_missed_slot_and_the_late_cron_steps_aside() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("worked");
    let shop = nightly(folder.path(), &out).await;
    shop.settings(&format!("{AGENT}{NO_PM2}[[peer]]\nkind = \"agent\"\nevery = \"1h\"\n{SLOT}"));
    let mut machine = Machine::of(&shop);
    shop.begun();
    machine.up();
    shop.phone.rings("recovered", NIGHTLY).await;
    shop.took("workflow missed its slot, dispatched by the agent (real act)");
    worked_once(&shop, folder.path(), &out).await;
    let check = machine.look();
    assert_eq!(check["alerts"], json!([]), "{check:#}");
    assert_eq!(shop.phone.alerts().len(), 1, "{:?}", shop.phone.alerts());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_gives_a_failed_function_its_last_good_deploy_back() {
    let names = Names::so_that(|n| n.is_first("netlify:checkout", &n.agent, &[&n.agent, &n.function]));
    let shop = Shop::new(&[]).await;
    let url = format!("{}/_site/{SITE}/.netlify/functions/checkout", shop.stage.netlify_url);
    shop.write("netlify.toml", "[build]\npublish = \"public\"\n");
    shop.write("netlify/functions/checkout.mjs", "export default async () => new Response('sold');\n");
    let Names { agent, function } = &names;
    shop.settings(&format!(
        "{AGENT}{NO_PM2}[[peer]]\nkind = \"agent\"\nname = \"{agent}\"\nevery = \"1h\"\n\
         [[peer]]\nkind = \"netlify\"\nname = \"{function}\"\n\
         [[automation]]\nid = \"netlify:checkout\"\nurl = \"{url}\"\nbackup = [\"restore\"]\n"
    ));
    let site = Site::of(&shop, &[]).await;
    let mut machine = Machine::of(&shop);
    machine.up();
    let served =
        async || crate::http().build().unwrap().get(&url).send().await.unwrap().text().await.unwrap();
    assert_eq!(served().await, "sold");
    shop.stage.netlify.deploy(SITE, "bad", Serving::Crashes).unwrap();
    shop.begun();
    let check = machine.look();
    shop.took("served function answers 502, its last good deploy restored by the agent (real Netlify)");
    assert_eq!(shop.phone.told("recovered", "netlify:checkout"), 1, "{check:#}");
    assert_eq!(served().await, "sold");
    let deploys = shop.stage.netlify.deploys(SITE).unwrap();
    assert!(deploys.len() == 2 && deploys.iter().all(|one| one.live == (one.title != "bad")), "{deploys:?}");
    assert_eq!((shop.restores(), *site.starts.lock().unwrap()), (1, 1));
    let check = machine.look();
    assert_eq!((check["alerts"].clone(), shop.restores()), (json!([]), 1), "{check:#}");
}

/// The work of the machine's app, until somebody ends it.
fn backup(out: &Path) -> String {
    format!(
        "name: Backup\nrun-name: backup ${{{{ inputs.standin-key }}}}\non:\n  workflow_dispatch:\n    \
         inputs: {{ standin-key: {{}}, standin-attempt: {{}}, standin-slot: {{}} }}\n\
         jobs:\n  work:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo serves >> {out} && exec sleep 998877\n",
        out = out.display()
    )
}

const SERVED: &str = "[[automation]]\nid = \"pm2:shop\"\nbackup = [\"workflow:shop-backup.yml\"]\n";

/// A machine that PM2 runs an app on, an Action, and the app's backup workflow.
async fn served(out: &Path, folder: &Path) -> (Shop, Machine, Names) {
    let names = Names::so_that(|n| n.is_first("pm2:shop", "second", &[&n.agent, "second"]));
    let files =
        [(".github/workflows/second.yml", watcher()), (".github/workflows/shop-backup.yml", backup(out))];
    let shop = Shop::with(&files, Some(runner(folder))).await;
    let app = app("shop", "exec sleep 1000", &json!({}));
    shop.write(&app.0, &app.1);
    shop.write("ecosystem.config.js", &format!("module.exports = {};\n", json!({ "apps": [app.2] })));
    shop.settings(&format!(
        "{AGENT}[[peer]]\nkind = \"agent\"\nname = \"{}\"\nevery = \"1s\"\nsilent_after = \"3s\"\n\
         [[peer]]\nkind = \"action\"\nname = \"second\"\nworkflow = \"second.yml\"\nevery = \"5m\"\n{SERVED}",
        names.agent
    ));
    let mut machine = Machine::of(&shop);
    machine.stage.pm2(&["start", "ecosystem.config.js"]);
    machine.up();
    shop.beats(&names.agent, 2).await;
    (shop, machine, names)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_app_is_served_by_its_workflow_until_pm2_has_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("served");
    let (shop, mut machine, names) = served(&out, folder.path()).await;
    machine.dies();
    shop.begun();
    tokio::time::sleep(super::pairs::SILENCE).await;
    // The runner of the Action is taken away while it waits for what came of it.
    let serves = async {
        while std::fs::read_to_string(&out).unwrap_or_default().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        told = shop.check("second") => panic!("it ends before its backup works: {}", told.said),
        () = serves => {}
    }
    shop.took(
        "machine gone, its app's work done by a workflow that an Action dispatches (real act, real PM2)",
    );
    let told = |what: &str| shop.phone.told(what, "pm2:shop");
    shop.stage.github.plane().set_clock_ahead(60);
    shop.check("second").await;
    assert_eq!((told("serving"), shop.dispatches("shop-backup.yml")), (1, 1), "{:?}", shop.phone.alerts());

    machine.stage.pm2(&["start", "ecosystem.config.js"]);
    machine.up();
    for ahead in [120, 460, 800, 800, 800] {
        shop.stage.github.plane().set_clock_ahead(ahead);
        shop.beats(&names.agent, 2).await;
        let check = shop.check("second").await;
        assert!(
            told("handed_back") == 0 || ahead == 800,
            "after ten minutes, and not before: {}",
            check.said
        );
    }
    assert_eq!((told("handed_back"), told("serving")), (1, 1), "{:?}", shop.phone.alerts());
    let runs = shop.runs("shop-backup.yml");
    assert!(runs.len() == 1 && runs[0].conclusion == Some(Conclusion::Cancelled), "{runs:?}");
    let ended = || all().into_iter().all(|pid| !command_line(pid).starts_with("sleep 998877")).then_some(());
    until("has its work ended", ended, || "act's job still works".to_owned());
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "serves\n");
    assert_eq!(machine.stage.starts("shop"), 2, "before and after");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_pm2_gives_up_is_served_by_its_workflow_until_it_runs_again() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("served");
    let shop =
        Shop::with(&[(".github/workflows/shop-backup.yml", backup(&out))], Some(runner(folder.path()))).await;
    let app = app("shop", "exec sleep 1000", &json!({ "max_restarts": 1, "min_uptime": 600_000 }));
    shop.write(&app.0, &app.1);
    shop.write("ecosystem.config.js", &format!("module.exports = {};\n", json!({ "apps": [app.2] })));
    shop.settings(&format!("{AGENT}[[peer]]\nkind = \"agent\"\nevery = \"5m\"\n{SERVED}"));
    let mut machine = Machine::of(&shop);
    machine.stage.pm2(&["start", "ecosystem.config.js"]);
    machine.up();
    machine.stage.until_health("pm2:shop", "healthy");
    // From now on it does not start any more.
    machine.stage.write("shop.sh", "exit 1\n");
    crate::stage::kill_nine(machine.stage.pid("shop"));
    machine
        .stage
        .until("PM2 gives it up", |status| crate::stage::id(status, "pm2:shop")["code"] == "gave_up");
    shop.begun();
    let check = machine.look();
    shop.took(
        "app that PM2 gave up, its work done by a workflow that the agent dispatches (real act, real PM2)",
    );
    let told = |what: &str| shop.phone.told(what, "pm2:shop");
    assert_eq!((told("serving"), shop.dispatches("shop-backup.yml")), (1, 1), "{check:#}");
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "serves\n");

    machine.stage.write("shop.sh", &app.1);
    machine.stage.pm2(&["restart", "shop"]);
    machine.stage.until_health("pm2:shop", "healthy");
    for ahead in [60, 400, 740, 740, 740] {
        shop.stage.github.plane().set_clock_ahead(ahead);
        let check = machine.look();
        assert!(told("handed_back") == 0 || ahead == 740, "after ten minutes, and not before: {check:#}");
    }
    assert_eq!((told("handed_back"), told("serving")), (1, 1), "{:?}", shop.phone.alerts());
    let runs = shop.runs("shop-backup.yml");
    assert!(runs.len() == 1 && runs[0].conclusion == Some(Conclusion::Cancelled), "{runs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_has_stopped_in_pm2_nobody_starts_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let (shop, mut machine, names) = served(&folder.path().join("served"), folder.path()).await;
    machine.stage.pm2(&["stop", "shop"]);
    machine.stage.until_health("pm2:shop", "stopped");
    shop.beats(&names.agent, 2).await;
    machine.dies();
    tokio::time::sleep(super::pairs::SILENCE).await;
    let told = shop.check("second").await;
    let agent = format!("peer:{}", names.agent);
    assert_eq!(told.alerts(&agent), ["peer_silent"], "the machine is missed: {}", told.said);
    assert_eq!(shop.phone.alerts().len(), 1, "and nothing else is told: {:?}", shop.phone.alerts());
    assert_eq!(shop.dispatches("shop-backup.yml"), 0, "{}", told.said);
}
