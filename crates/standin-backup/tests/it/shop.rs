//! One repository of everything.

use std::collections::BTreeMap;

use standin_backup::{NpmScripts, PM2_FILE};

use crate::fixtures::{Repository, tree};

const NIGHTLY: &str = ".github/workflows/nightly-backup.yml";

fn texts(repository: &Repository) -> BTreeMap<String, String> {
    tree(repository.root()).into_iter().map(|path| (path.clone(), repository.read(&path))).collect()
}

#[test]
fn everything_is_written_once_no_primary_is_touched_and_all_goes_without_a_trace() {
    let mut shop = Repository::of("shop");
    shop.npm_scripts = NpmScripts::Add;
    let before = texts(&shop);
    shop.apply(&shop.generate());
    let after = texts(&shop);
    let changed: Vec<&String> = before.keys().filter(|path| before[*path] != after[*path]).collect();
    assert_eq!(changed, ["package.json"], "only what was asked for");
    let new: Vec<&str> =
        after.keys().filter(|path| !before.contains_key(*path)).map(String::as_str).collect();
    assert_eq!(
        new,
        [
            ".github/workflows/index-backup.yaml",
            ".github/workflows/netlify-digest-backup.yml",
            ".github/workflows/netlify-weekly-backup.yml",
            NIGHTLY,
            ".github/workflows/pm2-mailer-backup.yml",
            ".github/workflows/sweep-backup.yml",
            "netlify/functions/digest-backup.mjs",
            "netlify/functions/functions-manifest.json",
            "netlify/functions/weekly-backup.mjs",
            PM2_FILE,
            "standin.toml",
        ]
    );
    assert_eq!(shop.generate().patches, []);
    shop.apply(&shop.remove());
    assert_eq!(texts(&shop), before);
}

#[test]
fn comments_and_order_of_a_copied_workflow_stay() {
    let shop = Repository::of("shop");
    shop.apply(&shop.generate());
    let backup = shop.read(NIGHTLY);
    let primary = shop.read(".github/workflows/nightly.yml");
    let changed = ["on:", "needs:", "if:", "name:", "concurrency:"];
    let mut rest = backup.as_str();
    for line in primary.lines().skip_while(|line| *line != "permissions:") {
        let is_changed = changed.iter().any(|key| line.trim_start().starts_with(key))
            || line.contains("github.event_name");
        if is_changed
            || line.starts_with("  group: nightly")
            || line.starts_with("  cancel-in-progress: true")
        {
            continue;
        }
        let at = rest.find(line).unwrap_or_else(|| panic!("{line:?} is not in order in\n{backup}"));
        rest = &rest[at..];
    }
    assert!(backup.contains("# Licence: the shop's own.") && backup.contains("- name: Gather # slow"));
    assert!(!backup.contains("cancel-in-progress: true") && !backup.contains("required: true"), "{backup}");
    assert!(backup.contains("run-name: \"Nightly numbers (backup) ${{ inputs.standin-key }}\""));
}

#[test]
fn what_asks_for_its_schedule_is_told_the_one_of_the_slot() {
    let shop = Repository::of("shop");
    shop.apply(&shop.generate());
    let sweep = shop.read(".github/workflows/sweep-backup.yml");
    assert!(!sweep.contains("github.event.schedule"), "{sweep}");
    assert!(sweep.contains("cron: ${{ steps.slot.outputs.cron }}"));
    assert!(sweep.contains("(needs.standin-slot.outputs.cron == '0 4 * * 1-5')"));
    let index = shop.read(".github/workflows/index-backup.yaml");
    assert!(index.contains("uses: ./.github/workflows/index.yaml") && index.contains("secrets: inherit"));
    assert!(
        index.contains("      contents: write\n      issues: read\n"),
        "as much as its jobs may: {index}"
    );
}

#[test]
fn a_file_of_somebody_else_stays_and_is_named() {
    let shop = Repository::of("shop");
    shop.write(
        NIGHTLY,
        "name: Mine\non: workflow_dispatch\njobs: {a: {runs-on: x, steps: [{run: 'true'}]}}\n",
    );
    shop.write(PM2_FILE, "module.exports = {};\n");
    let generated = shop.generate();
    assert!(generated.patches.iter().all(|patch| patch.path != NIGHTLY && patch.path != PM2_FILE));
    let refused =
        generated.refused.iter().find(|refusal| refusal.id.as_str() == "workflow:nightly.yml").unwrap();
    assert!(refused.why.contains("nightly-backup.yml is there already"), "{refused:?}");
    assert!(generated.advice.iter().any(|advice| advice.contains(PM2_FILE)), "{:?}", generated.advice);
    shop.apply(&generated);
    assert!(shop.remove().patches.iter().all(|patch| patch.path != NIGHTLY));
}

#[test]
fn what_cannot_be_backed_up_is_refused_with_its_reason() {
    let mut shop = Repository::of("shop");
    shop.asked = ["workflow:broken.yml", "workflow:ci.yml", "workflow:standin.yml", "workflow:no.yml"]
        .iter()
        .map(|id| id.parse().unwrap())
        .collect();
    let refused: Vec<(String, String)> =
        shop.generate().refused.into_iter().map(|refusal| (refusal.id.to_string(), refusal.why)).collect();
    for ((id, why), (wanted, part)) in refused.iter().zip([
        ("workflow:broken.yml", "never run itself"),
        ("workflow:ci.yml", "github.event.pull_request"),
        ("workflow:no.yml", "no such automation"),
        ("workflow:standin.yml", "a watcher itself"),
    ]) {
        assert_eq!(id, wanted);
        assert!(why.contains(part), "{id}: {why}");
    }
    assert_eq!(refused.len(), 4, "{refused:?}");
}

#[test]
fn a_backup_goes_with_its_primary_and_changes_with_it() {
    let shop = Repository::of("shop");
    shop.apply(&shop.generate());
    std::fs::remove_file(shop.root().join(".github/workflows/sweep.yml")).unwrap();
    let nightly =
        shop.read(".github/workflows/nightly.yml").replace("timeout-minutes: 20", "timeout-minutes: 21");
    shop.write(".github/workflows/nightly.yml", &nightly);
    let paths: Vec<(String, bool)> =
        shop.generate().patches.into_iter().map(|patch| (patch.path, patch.after.is_some())).collect();
    let sweep = ".github/workflows/sweep-backup.yml".to_owned();
    assert_eq!(paths, [(NIGHTLY.to_owned(), true), (sweep, false), (PM2_FILE.to_owned(), true)]);
}

#[test]
fn what_somebody_has_written_under_the_name_of_a_backup_gets_none_itself() {
    let repository = Repository::empty();
    let text = "on:\n  schedule: [{ cron: '17 3 * * *' }]\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ run: make }]\n";
    let function = "export default () => fetch('x');\nexport const config = { schedule: '@daily' };\n";
    repository.write("netlify.toml", "[functions]\n");
    for name in ["n.yml", "n-backup.yml", "n.yaml", "alone-backup.yml"] {
        repository.write(&format!(".github/workflows/{name}"), text);
    }
    for name in ["d.mjs", "d-backup.mjs"] {
        repository.write(&format!("netlify/functions/{name}"), function);
    }
    let generated = repository.generate();
    let paths: Vec<&str> = generated.patches.iter().map(|patch| patch.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            ".github/workflows/alone-backup-backup.yml",
            ".github/workflows/n-backup.yaml",
            ".github/workflows/netlify-d-backup.yml",
            PM2_FILE,
            "standin.toml"
        ]
    );
}

#[test]
fn two_workflows_of_one_name_are_two_apps() {
    let repository = Repository::empty();
    let text = "on:\n  schedule: [{ cron: '17 3 * * *' }]\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ run: make }]\n";
    repository.write(".github/workflows/n.yml", text);
    repository.write(".github/workflows/n.yaml", text);
    repository.apply(&repository.generate());
    let apps = repository.read(PM2_FILE);
    assert!(apps.contains("\"workflow-n-backup\"") && apps.contains("\"workflow-n-backup-2\""), "{apps}");
    for ending in ["yml", "yaml"] {
        let backup = repository.read(&format!(".github/workflows/n-backup.{ending}"));
        assert!(
            backup.contains(&format!("group: \"standin-backup-n.{ending}\"")),
            "a group of its own: {backup}"
        );
    }
}
