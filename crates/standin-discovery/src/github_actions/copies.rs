//! Copies of workflows that lie beside them under names that GitHub does not load: `nightly.yml.backup`.
//!
//! Such a copy is no automation of its own: what it says runs already, out of the file that it was copied from.

use std::collections::BTreeSet;

use super::Outcome;

/// The rule of a file that GitHub passes over.
const NOT_LOADED: &str = "workflow-not-loaded";

/// Takes the copies of workflows that are there out of what is found, and says of each whose copy it is.
pub(super) fn fold(outcomes: &mut [Outcome]) {
    let names: BTreeSet<String> = outcomes
        .iter()
        .filter_map(|outcome| Some(outcome.automation.as_ref()?.id.name().to_owned()))
        .collect();
    for outcome in outcomes {
        let Some(found) = outcome.findings.iter_mut().find(|found| found.rule == NOT_LOADED) else {
            continue;
        };
        let Some(name) = outcome.automation.as_ref().map(|copy| copy.id.name()) else { continue };
        let original = original(name).filter(|original| *original != name && names.contains(*original));
        if let Some(original) = original {
            found.fix = format!("Delete it: {original} is there, and the older states of it are in git.");
            outcome.automation = None;
        }
    }
}

/// `nightly.yml` of `nightly.yml.backup`.
fn original(name: &str) -> Option<&str> {
    let ends = [".yml", ".yaml"].iter().filter_map(|ending| {
        let at = name.find(&format!("{ending}."))?;
        name.get(..at.saturating_add(ending.len()))
    });
    ends.min_by_key(|found| found.len())
}

#[cfg(test)]
mod tests {
    use crate::tests::{rules, scan_of};

    #[test]
    fn a_copy_beside_its_workflow_is_none_of_its_own() {
        let text = "on: push\njobs: {a: {runs-on: x, steps: [{run: y}]}}\n";
        let folder = |name: &str| format!(".github/workflows/{name}");
        let names =
            ["a.yml", "a.yml.backup", "a.yml.backup.175", "b.yml.disabled", "c.yaml", "c.yaml.old.yml.bak"];
        let paths: Vec<String> =
            names.iter().map(|name| folder(name)).chain([folder(".d.yml.swp")]).collect();
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), text)).collect();
        let inventory = scan_of(&files);
        let found: Vec<&str> = inventory.automations.iter().map(|one| one.id.name()).collect();
        assert_eq!(found, ["a.yml", "b.yml.disabled", "c.yaml"]);
        for path in paths.iter().filter(|path| path.contains(".yml.") || path.contains("yaml.")) {
            assert_eq!(rules(&inventory, path), [("workflow-not-loaded", 1)], "{path}");
        }
        let fix =
            |path: &str| &inventory.findings.iter().find(|found| found.path == folder(path)).unwrap().fix;
        assert!(fix("a.yml.backup").starts_with("Delete it: a.yml is there"), "{}", fix("a.yml.backup"));
        assert!(fix("b.yml.disabled").starts_with("Move it"), "{}", fix("b.yml.disabled"));
    }
}
