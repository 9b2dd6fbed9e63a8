//! What is run and drilled on this host, each thing for itself.

use serde_json::Value;

use super::Repository;
use super::shop::level;

const NIGHTLY: &str = "name: nightly prices
on:
  schedule: [{ cron: '17 3 * * *' }]
  workflow_dispatch: { inputs: { WHO: { default: nobody }, loud: { type: boolean } } }
jobs:
  reprice:
    runs-on: ubuntu-latest
    steps:
      - run: echo \"$WHO ${STANDIN_DRILL:-for real}\" >> \"$HOME/prices.txt\"
        env: { WHO: \"${{ inputs.WHO || 'nobody' }}\" }
";
const ID: &str = "workflow:nightly.yml";

/// A workflow with backups, and an agent that is named, with what else `standin.toml` says of the workflow.
fn shop(said: &str) -> Repository {
    let shop = Repository::empty();
    shop.write(".github/workflows/nightly.yml", NIGHTLY);
    let agent = "[[peer]]\nkind = \"agent\"\nname = \"box\"\n";
    shop.write("standin.toml", &format!("{agent}[[automation]]\nid = \"{ID}\"\n{said}"));
    shop.write("own.sh", "echo \"own ${STANDIN_DRILL:-for real}\" >> \"$HOME/prices.txt\"\n");
    let app = "{ name: 'own', script: 'own.sh', autorestart: false }";
    shop.write("ecosystem.config.cjs", &format!("module.exports = {{ apps: [{app}] }};\n"));
    shop.said(&["init"], 0);
    shop.agent_has_run();
    shop
}

fn prices(shop: &Repository) -> String {
    std::fs::read_to_string(shop.dir.path().join("home/prices.txt")).unwrap_or_default()
}

fn coverage(shop: &Repository) -> Value {
    shop.json(&["coverage", "--format", "json"], 0)
}

/// How it ended, and what it said of errors.
fn told(shop: &Repository, args: &[&str]) -> (Option<i32>, String) {
    let output = shop.standin(args);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn an_app_that_stands_by_is_drilled_by_the_run_that_it_is() {
    let shop = shop("backup = [\"pm2:workflow-nightly-backup\"]\n");
    let before = level(&coverage(&shop), ID);
    assert_eq!(before, ("cross-domain".to_owned(), "its backup was never run".to_owned()));
    let (code, said) = told(&shop, &["drill", ID]);
    assert_eq!((code, prices(&shop).as_str()), (Some(0), "nobody 1\n"), "{said}");
    assert!(said.contains("drilling workflow:nightly.yml here\n"), "{said}");
    let after = coverage(&shop);
    assert_eq!(level(&after, ID).0, "drilled", "{after}");
    assert!(after.to_string().contains("pm2:workflow-nightly-backup was drilled on"), "{after}");
}

#[test]
fn an_app_of_another_name_is_run_as_the_backup_that_it_is() {
    let shop = shop("backup = [\"pm2:own\"]\n");
    let page = shop.json(&["drill", ID, "--format", "json"], 0);
    assert_eq!((&page["drills"][0]["backup"], prices(&shop).as_str()), (&"pm2:own".into(), "own 1\n"));
    assert_eq!(level(&coverage(&shop), ID).0, "drilled");
}

#[test]
fn a_drill_that_fails_leaves_the_level_and_says_why() {
    let shop = shop("backup = [\"pm2:own\"]\n");
    let before = level(&coverage(&shop), ID).0;
    shop.write("own.sh", "date >> \"$HOME/prices.txt\"\necho the till is locked\nexit 3\n");
    assert_eq!(told(&shop, &["drill", ID]).0, Some(1));
    let because = "the last drill of pm2:own failed: the backup exited with 3: the till is locked";
    assert_eq!(level(&coverage(&shop), ID), (before, because.to_owned()));
}

#[test]
fn a_wrong_file_of_secrets_is_no_failed_drill() {
    let shop = shop("backup = [\"pm2:own\"]\n");
    assert_eq!(told(&shop, &["drill", ID]).0, Some(0));
    for ids in [ID, "--all"] {
        let (code, said) = told(&shop, &["drill", ids, "--secrets", "gone.env"]);
        assert!(code == Some(2) && said.contains("gone.env"), "{code:?} {said}");
    }
    assert_eq!(level(&coverage(&shop), ID).0, "drilled");
}

#[test]
fn inputs_reach_a_workflow_and_what_it_does_not_declare_is_refused() {
    let shop = shop("");
    let run = |args: &[&str]| told(&shop, &[&["run"], args].concat());
    let (code, said) = run(&[ID, "--input", "WHO=a b=c"]);
    assert_eq!((code, prices(&shop).as_str()), (Some(0), "a b=c for real\n"), "{said}");
    for (args, wanted) in [
        (&[ID, "--input", "HOW=x"][..], "nightly.yml has no input `HOW`; it has: WHO, loud"),
        (&[ID, "--input", "WHO"], "--input takes NAME=VALUE"),
        (&["pm2:own", "--input", "WHO=x"], "--input is for workflows only"),
    ] {
        let (code, said) = run(args);
        assert!(code == Some(2) && said.contains(wanted), "{code:?} {said}");
    }
    shop.write(".github/workflows/nightly.yml", &NIGHTLY.replace("  workflow_dispatch:", "  # "));
    let (code, said) = run(&[ID, "--input", "WHO=x"]);
    assert!(code == Some(2) && said.contains("nightly.yml declares no inputs"), "{code:?} {said}");
    assert_eq!(prices(&shop).lines().count(), 1, "nothing of it was run");
}
