//! Two of the three watchers die together: the one that is left brings both back, each once, or says what it cannot.

use std::time::Duration;

use serde_json::{Value, json};
use standin_stage::{Conclusion, Script, WorkflowState};

use super::action::binary;
use super::function::schedule;
use super::machine::Machine;
use super::names::Names;
use super::shop::{REPO, SITE, Shop, backup, watcher};
use super::site::Site;
use crate::ssh::server::Sshd;
use crate::stage::app;

/// So long nothing may be heard of a peer that writes each second and is silent after three, until it counts as gone:
/// twice that, since nobody seconds it, and a second for the store's clock, which counts whole ones.
pub(crate) const SILENCE: Duration = Duration::from_secs(1 + 2 * 3 + 1);

const SECOND: &str = ".github/workflows/second.yml";

fn what(check: &Value, about: &str) -> Vec<String> {
    let all = check["alerts"].as_array().cloned().unwrap_or_default();
    let of = all.iter().filter(|alert| alert["about"] == about);
    of.filter_map(|alert| alert["what"].as_str().map(str::to_owned)).collect()
}

fn listed(check: &Value, list: &str, id: &str) -> Value {
    let all = check[list].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|one| one["id"] == id).unwrap_or_default()
}

/// The settings of the three, each with its own.
fn three(names: &Names, agent: &str, action: &str, function: &str) -> String {
    let Names { agent: a, function: f } = names;
    format!(
        "[agent]\nlisten = \"127.0.0.1:0\"\n\
         [[peer]]\nkind = \"agent\"\nname = \"{a}\"\n{agent}\n\
         [[peer]]\nkind = \"action\"\nname = \"second\"\nworkflow = \"second.yml\"\n{action}\n\
         [[peer]]\nkind = \"netlify\"\nname = \"{f}\"\n{function}\n"
    )
}

const SOON: &str = "every = \"1s\"\nsilent_after = \"3s\"";
const NO_PM2: &str = "[pm2]\nwatch = false\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_alone_brings_back_the_action_and_the_function() {
    let names = Names::so_that(|n| {
        n.is_first("peer:second", &n.agent, &[&n.agent, &n.function])
            && n.is_first(&format!("peer:{}", n.function), &n.agent, &[&n.agent, "second"])
    });
    let shop = Shop::new(&[(SECOND, watcher())]).await;
    let function = format!("{SOON}\nbackup = [\"redeploy\"]");
    shop.settings(&format!("{NO_PM2}{}", three(&names, "every = \"1h\"", SOON, &function)));
    let mut machine = Machine::of(&shop);
    // It looks at its start, when there is nobody yet who could be missed.
    machine.up();
    let site = Site::of(&shop, &[]).await;
    site.tick(&shop).await;
    assert_eq!(shop.check("second").await.code, Some(0));

    shop.stage.github.set_workflow(REPO, "second.yml", WorkflowState::DisabledInactivity).unwrap();
    site.kill();
    shop.begun();
    let scheduler = schedule(&shop);
    tokio::time::sleep(SILENCE).await;
    let check = machine.look();
    shop.took("Action asleep and function gone, both brought back by the agent");
    scheduler.abort();
    let (second, function) = ("peer:second".to_owned(), format!("peer:{}", names.function));
    for peer in [&second, &function] {
        assert_eq!(what(&check, peer), ["peer_silent", "recovered"], "{check:#}");
        assert_eq!(shop.phone.told("peer_silent", peer), 1, "{:?}", shop.phone.alerts());
        assert_eq!(shop.phone.told("recovered", peer), 1, "{:?}", shop.phone.alerts());
    }
    let deploys = shop.stage.netlify.deploys(SITE).unwrap();
    assert_eq!((deploys.len(), *site.starts.lock().unwrap()), (2, 2), "built anew once: {deploys:?}");
    shop.quiet().await;
    let runs = shop.runs("second.yml");
    assert!(
        !runs.is_empty() && runs.iter().all(|run| run.conclusion == Some(Conclusion::Success)),
        "{runs:?}"
    );

    // Both work by themselves again: the function looks, and sees the Action's next run by its own schedule.
    let run = shop.stage.github.fire_schedule(REPO, "second.yml", jiff::Timestamp::now()).unwrap();
    let ended = shop.stage.github.run_ended(REPO, run).await.unwrap();
    assert_eq!(ended.conclusion, Some(Conclusion::Success));
    let seen = site.look().await;
    assert_ne!(listed(&seen, "peers", "second")["health"], "failed", "{seen:#}");
    assert_eq!(shop.stage.netlify.deploys(SITE).unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_function_alone_wakes_the_action_and_tells_of_the_machine_whose_backup_it_starts() {
    let names = Names::so_that(|n| {
        let all = [n.agent.as_str(), "second", &n.function];
        n.is_first("peer:second", &n.function, &[&n.agent, &n.function])
            && n.is_first("pm2:shop", &n.function, &all)
    });
    let shop = Shop::new(&[(SECOND, watcher()), (".github/workflows/shop-backup.yml", backup())]).await;
    let app = app("shop", "exec sleep 1000", &json!({}));
    shop.write(&app.0, &app.1);
    shop.write("ecosystem.config.js", &format!("module.exports = {};\n", json!({ "apps": [app.2] })));
    let automation = "[[automation]]\nid = \"pm2:shop\"\nbackup = [\"workflow:shop-backup.yml\"]\n";
    shop.settings(&format!("{}{automation}", three(&names, SOON, SOON, "every = \"5m\"")));
    // Its work goes on until somebody ends it.
    let works = Script::ends(Conclusion::Success, Duration::from_secs(3_600));
    shop.stage.github.script(REPO, "shop-backup.yml", Some(works)).unwrap();
    let mut machine = Machine::of(&shop);
    machine.stage.pm2(&["start", "ecosystem.config.js"]);
    machine.up();
    let site = Site::of(&shop, &[]).await;
    let tick = async || {
        site.tick(&shop).await;
        site.look().await
    };
    shop.beats(&names.agent, 1).await;
    let seen = tick().await;
    assert_eq!(listed(&seen, "targets", "pm2:shop")["health"], "unknown", "only the agent sees it: {seen:#}");
    assert_eq!(shop.check("second").await.code, Some(0));

    machine.dies();
    shop.stage.github.set_workflow(REPO, "second.yml", WorkflowState::DisabledInactivity).unwrap();
    shop.begun();
    tokio::time::sleep(SILENCE).await;
    let last = shop.record("second");
    tick().await;
    let agent = format!("peer:{}", names.agent);
    let told = |what: &str, about: &str| shop.phone.told(what, about);
    assert!(told("peer_silent", &agent) > 0, "nothing reaches the machine: a person is told");
    assert_eq!(
        (told("peer_silent", "peer:second"), told("unconfirmed", "peer:second")),
        (1, 1),
        "{:?}",
        shop.phone.alerts()
    );
    assert_eq!(
        (told("unconfirmed", "pm2:shop"), shop.dispatches("shop-backup.yml")),
        (1, 1),
        "{:?}",
        shop.phone.alerts()
    );
    shop.beats_after("second", last).await;
    shop.took(
        "Action asleep and machine gone: the Action woken, the machine's backup started by the function",
    );

    // Its tick was too short to see the backup begin: the next one does.
    shop.stage.github.plane().set_clock_ahead(60);
    tick().await;
    assert_eq!(
        (told("serving", "pm2:shop"), shop.dispatches("shop-backup.yml")),
        (1, 1),
        "{:?}",
        shop.phone.alerts()
    );

    // The machine is back. After ten minutes of the store's clock in which it lasts, it has its work again.
    machine.stage.pm2(&["start", "ecosystem.config.js"]);
    machine.up();
    for ahead in [120, 460, 800] {
        shop.stage.github.plane().set_clock_ahead(ahead);
        shop.beats(&names.agent, 2).await;
        tick().await;
    }
    assert_eq!(told("handed_back", "pm2:shop"), 0, "not before the primary has agreed");
    shop.beats(&names.agent, 2).await;
    tick().await;
    shop.beats(&names.agent, 2).await;
    tick().await;
    assert_eq!(
        (told("handed_back", "pm2:shop"), told("serving", "pm2:shop")),
        (1, 1),
        "{:?}",
        shop.phone.alerts()
    );
    let runs = shop.runs("shop-backup.yml");
    assert!(runs.len() == 1 && runs[0].conclusion == Some(Conclusion::Cancelled), "{runs:?}");
    assert_eq!(machine.stage.starts("shop"), 2, "before and after: the agent has restarted nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_action_alone_brings_back_the_function_and_starts_the_agent_over_ssh() {
    let names =
        Names::so_that(|n| n.is_first(&format!("peer:{}", n.function), "second", &[&n.agent, "second"]));
    let sshd = Sshd::start();
    let shop = Shop::new(&[(SECOND, watcher())]).await;
    let Sshd { user, port, host_key, .. } = &sshd;
    let start = sshd.folder().join("start");
    let agent = format!(
        "{SOON}\nssh = \"{user}@127.0.0.1:{port}\"\nssh_host_key = \"{host_key}\"\nssh_command = \"sh {}\"",
        start.display()
    );
    let function = format!("{SOON}\nbackup = [\"redeploy\"]");
    shop.settings(&format!("{NO_PM2}{}", three(&names, &agent, "every = \"1h\"", &function)));
    let mut machine = Machine::of(&shop);
    std::fs::write(&start, machine.start_script(&binary("standin"))).unwrap();
    machine.up();
    let site = Site::of(&shop, &[]).await;
    site.tick(&shop).await;
    shop.beats(&names.agent, 1).await;

    machine.stage.kill_agent();
    site.kill();
    shop.begun();
    let scheduler = schedule(&shop);
    tokio::time::sleep(SILENCE).await;
    let told = shop.watcher("second").set("STANDIN_SSH_KEY", &sshd.key).run().await;
    shop.took("agent and function gone, both brought back by an Action");
    scheduler.abort();
    for peer in [format!("peer:{}", names.agent), format!("peer:{}", names.function)] {
        assert_eq!(told.alerts(&peer), ["peer_silent", "recovered"], "{}", told.said);
        assert_eq!(shop.phone.told("recovered", &peer), 1, "{:?}", shop.phone.alerts());
    }
    assert_eq!((sshd.served(), *site.starts.lock().unwrap()), (1, 2), "{}", told.said);
    assert_eq!(shop.stage.netlify.deploys(SITE).unwrap().len(), 2);
    // What ssh has started is the agent, and it goes on.
    shop.beats(&names.agent, 2).await;
    let seen = site.look().await;
    assert_eq!(listed(&seen, "peers", &names.agent)["kind"], "agent", "{seen:#}");
    assert_ne!(listed(&seen, "peers", &names.agent)["health"], "failed", "{seen:#}");
}
