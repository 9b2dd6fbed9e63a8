//! One repository in which everything really runs: its workflow in act, its function out of Netlify's own bundle.

use serde_json::Value;

use super::Repository;

const NIGHTLY: &str = "# How the prices come about: see docs.
name: nightly prices
on:
  schedule:
    - cron: '17 3 * * *'
  workflow_dispatch:
permissions:
  contents: read
jobs:
  reprice:
    runs-on: ubuntu-latest
    steps:
      # In the folder of whoever runs it.
      - run: echo \"price ${STANDIN_DRILL:-for real}\" >> \"$HOME/prices.txt\"
";

const DIGEST: &str = "import { appendFileSync } from 'node:fs';
export default async function digest(request) {
  const { next_run: next } = await request.json();
  appendFileSync(`${process.env.HOME}/digests.txt`, `${request.headers.get('x-nf-event')} ${typeof next}\\n`);
  return new Response('sent');
}
export const config = { schedule: '30 6 * * *' };
";

fn shop() -> Repository {
    let shop = Repository::empty();
    shop.write(".github/workflows/nightly.yml", NIGHTLY);
    shop.write("netlify/functions/digest.mjs", DIGEST);
    shop.write(
        "package.json",
        "{\n  \"name\": \"shop\",\n  \"scripts\": { \"tidy\": \"echo tidy >> tidy.txt\" }\n}\n",
    );
    shop
}

/// The level and the reason for none higher.
pub(super) fn level(coverage: &Value, id: &str) -> (String, String) {
    let all = coverage["automations"].as_array().unwrap();
    let found = all.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{id} is not in {coverage}"));
    let text = |name: &str| found[name].as_str().unwrap().to_owned();
    (text("level"), text("because"))
}

fn levels(shop: &Repository) -> [String; 2] {
    let coverage = shop.json(&["coverage", "--format", "json"], 0);
    ["workflow:nightly.yml", "netlify:digest"].map(|id| level(&coverage, id).0)
}

#[test]
fn from_nothing_to_a_drilled_backup_in_another_failure_domain_and_back() {
    let shop = shop();
    let files = shop.files();
    assert_eq!(levels(&shop), ["unwatched", "unwatched"]);
    shop.said(&["coverage", "--fail-under", "1", "--level", "watched"], 1);

    assert!(shop.said(&["init"], 0).contains("\nNext: look at the files"));
    assert_eq!(shop.said(&["init"], 0), "nothing to change\n", "what comes next was said");
    shop.agent_has_run();
    let covered = levels(&shop);
    assert_eq!(covered[0], "cross-domain");
    // A run is what proves it; the primary is left alone.
    shop.said(&["run", "workflow:nightly.yml"], 0);
    let home =
        |name: &str| std::fs::read_to_string(shop.dir.path().join("home").join(name)).unwrap_or_default();
    assert_eq!(home("prices.txt"), "price for real\n");
    shop.said(&["run", "netlify:digest"], 0);
    assert_eq!(home("digests.txt"), "schedule string\n");
    shop.said(&["run", "npm:.#tidy"], 0);
    assert_eq!(shop.read("tidy.txt"), "tidy\n");
    std::fs::remove_file(shop.root().join("tidy.txt")).unwrap();
    assert_eq!(levels(&shop), covered, "a run is no drill");

    shop.said(&["drill", "workflow:nightly.yml"], 0);
    assert_eq!(home("prices.txt"), "price for real\nprice 1\n");
    assert_eq!(levels(&shop)[0], "drilled");

    // Its primary changes: the backup that was written from it counts no more, and everything says so.
    shop.write(".github/workflows/nightly.yml", &NIGHTLY.replace("price ", "new price "));
    let drift = shop.said(&["backup", "--check"], 1);
    assert!(drift.contains("new price"), "{drift}");
    shop.said(&["init"], 0);
    shop.said(&["backup", "--check"], 0);
    shop.write(".github/workflows/nightly.yml", NIGHTLY);

    // A drill that fails takes the level back.
    shop.write(".github/workflows/nightly.yml", &NIGHTLY.replace("echo", "exit 3; echo"));
    shop.said(&["drill", "workflow:nightly.yml"], 1);
    let coverage = shop.json(&["coverage", "--format", "json"], 0);
    let (after, because) = level(&coverage, "workflow:nightly.yml");
    assert_eq!(after, "cross-domain");
    assert!(because.contains("failed"), "{because}");
    shop.write(".github/workflows/nightly.yml", NIGHTLY);

    let output = shop.standin(&["backup", "--remove", "."]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && errors.contains("-C ."), "{errors}");
    shop.said(&["init", "--remove"], 0);
    assert_eq!(shop.files(), files, "no trace is left");
}
