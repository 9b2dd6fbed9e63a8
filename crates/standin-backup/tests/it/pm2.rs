//! What PM2 itself makes of its configuration of backups.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use standin_backup::{Mode, PM2_FILE};

use crate::fixtures::Repository;
use crate::oracles::{every_fixture, run, tool};

/// PM2's own loader, and what it would start of each app.
const LOAD: &str = "
const [pm2, file] = process.argv.slice(1);
const Common = require(pm2 + '/lib/Common.js');
if (Common.isConfigFile(file) !== 'js') throw new Error('PM2 takes it for a script');
const config = Common.parseConfig(require('fs').readFileSync(file, 'utf8'), file);
const apps = Common.verifyConfs(config.apps);
if (apps instanceof Error) throw apps;
process.stdout.write('\\n' + JSON.stringify(apps));
";

fn loaded(repository: &Repository) -> Vec<Value> {
    let pm2 = tool("STANDIN_PM2", "node/node_modules/.bin/pm2").canonicalize().unwrap();
    let pm2 = pm2.ancestors().find(|dir| dir.join("lib/Common.js").is_file()).unwrap();
    let file = repository.root().join(PM2_FILE);
    let home = repository.root().join("home");
    let output = run(Command::new("node").args(["-e", LOAD]).arg(pm2).arg(&file).env("PM2_HOME", home));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // PM2 has its own things to say first.
    let said = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}

fn named<'a>(apps: &'a [Value], name: &str) -> &'a Value {
    apps.iter().find(|app| app["name"] == name).unwrap_or_else(|| panic!("no {name} in {apps:#?}"))
}

#[test]
fn what_stands_by_is_the_same_work_and_off() {
    let shop = Repository::of("shop");
    shop.apply(&shop.generate());
    let apps = loaded(&shop);
    let web = named(&apps, "web-backup");
    assert_eq!((&web["script"], &web["env"]["SECRET"]), (&"ops/web.js".into(), &"not-to-be-copied".into()));
    // PM2 never starts an app without `autostart`, not even by its name.
    assert!(apps.iter().all(|app| app["autostart"] == true), "{apps:#?}");
    assert_eq!(web["autorestart"], true);
    assert_eq!(web["exp_backoff_restart_delay"], 100);
    assert_eq!(Path::new(web["cwd"].as_str().unwrap()), shop.root());
    let queue = named(&apps, "queue-backup");
    assert_eq!(queue["args"], serde_json::json!(["--queue", "3"]));
    assert_eq!(Path::new(queue["cwd"].as_str().unwrap()), shop.root().join("ops"));
    assert_eq!(queue["env"], serde_json::json!({ "EMPTY": "", "LEVEL": 3 }));
    let nightly = named(&apps, "workflow-nightly-backup");
    assert_eq!((&nightly["script"], &nightly["autorestart"]), (&"standin".into(), &false.into()));
    assert_eq!(nightly["args"], serde_json::json!(["run", "workflow:nightly.yml"]));
    assert!(nightly.get("cron_restart").is_none(), "{nightly}");
    assert_eq!(named(&apps, "mailer-backup")["cron_restart"], "*/5 * * * *", "the same work");
    assert!(!shop.read(PM2_FILE).contains("not-to-be-copied"), "values stay in their own file");
}

#[test]
fn what_is_active_runs_beside_its_primary_at_other_times() {
    let mut shop = Repository::of("shop");
    shop.mode = Mode::Active;
    shop.apply(&shop.generate());
    let apps = loaded(&shop);
    assert_eq!(named(&apps, "mailer-backup")["cron_restart"], "*/5 * * * *");
    let nightly = named(&apps, "workflow-nightly-backup")["cron_restart"].as_str().unwrap();
    assert!(nightly.ends_with(" 9 * * *"), "{nightly}");
}

#[test]
fn an_app_that_is_gone_is_said_and_takes_no_other_with_it() {
    let shop = Repository::of("shop");
    shop.apply(&shop.generate());
    shop.write("ecosystem.config.js", "module.exports = { apps: [{ name: 'web', script: 'x.js' }] };\n");
    let before = loaded(&shop);
    assert!(before.iter().all(|app| app["name"] != "mailer-backup"), "{before:#?}");
    assert_eq!(named(&before, "web-backup")["script"], "x.js");
    std::fs::remove_file(shop.root().join("ecosystem.config.js")).unwrap();
    named(&loaded(&shop), "workflow-nightly-backup");
    let load = format!("require({:?})", shop.root().join(PM2_FILE));
    let output = Command::new("node").args(["-e", &load]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("no backup of mailer in ecosystem.config.js: Cannot find module"), "{said}");
}

#[test]
fn pm2_would_load_the_backups_of_every_fixture() {
    let mut seen = 0;
    for repository in every_fixture() {
        let generated = repository.generate();
        repository.apply(&generated);
        if !repository.root().join(PM2_FILE).exists() {
            continue;
        }
        let apps = loaded(&repository);
        let wanted = generated.backups.keys().filter(|path| path.starts_with(PM2_FILE)).count();
        assert_eq!(apps.len(), wanted, "{}", repository.read(PM2_FILE));
        seen += apps.len();
    }
    assert!(seen > 10, "{seen}");
}
