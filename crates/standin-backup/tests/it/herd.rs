//! Many workflows that all start at the full hour: their backups do not, and stay where they are when one more comes.

use std::collections::BTreeMap;

use crate::fixtures::Repository;

const MANY: usize = 300;

fn add(repository: &Repository, name: &str, cron: &str) {
    let text = format!(
        "on:\n  schedule:\n    - cron: '{cron}'\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{{ run: make {name} }}]\n"
    );
    repository.write(&format!(".github/workflows/{name}.yml"), &text);
}

/// The cron expression of each backup.
fn crons(repository: &Repository) -> BTreeMap<String, String> {
    let inventory = repository.scan();
    let backups = inventory.automations.iter().filter(|a| a.backup_of.is_some() && !a.schedules.is_empty());
    backups.map(|backup| (backup.id.to_string(), backup.schedules[0].cron.clone())).collect()
}

#[test]
fn three_hundred_backups_have_minutes_of_their_own_and_one_more_moves_none() {
    let repository = Repository::empty();
    (0..MANY).for_each(|nth| add(&repository, &format!("w{nth}"), "0 * * * *"));
    let generated = repository.generate();
    assert!(
        generated.findings.iter().all(|finding| finding.rule == "schedule-herd"),
        "{:?}",
        generated.findings
    );
    repository.apply(&generated);
    let before = crons(&repository);
    assert_eq!(before.len(), MANY);
    let mut minutes: Vec<&String> = before.values().collect();
    minutes.sort();
    minutes.dedup();
    assert_eq!(minutes.len(), MANY, "two backups start together");
    assert_eq!(repository.generate().patches, [], "a second run changes nothing");

    // It comes first in every order, and wants the same minutes.
    add(&repository, "a", "0 * * * *");
    let generated = repository.generate();
    let paths: Vec<&str> = generated.patches.iter().map(|patch| patch.path.as_str()).collect();
    assert_eq!(paths, [".github/workflows/a-backup.yml", "standin.backup.config.cjs"]);
    repository.apply(&generated);

    // A workflow of somebody's that starts with a backup moves that one.
    let taken = before["workflow:w7-backup.yml"].clone();
    add(&repository, "b", &taken);
    repository.apply(&repository.generate());
    let moved: Vec<String> = crons(&repository)
        .into_iter()
        .filter(|(id, cron)| before.get(id).is_some_and(|was| was != cron))
        .map(|(id, _)| id)
        .collect();
    assert_eq!(moved, ["workflow:w7-backup.yml"]);
    assert_eq!(repository.generate().patches, []);
}

#[test]
fn where_minutes_must_be_shared_a_second_run_still_changes_nothing() {
    let repository = Repository::empty();
    // Two hours with a backup each have 118 minutes that are free.
    (0..150).for_each(|nth| add(&repository, &format!("w{nth}"), "0 21 * * 1-5"));
    repository.apply(&repository.generate());
    assert_eq!(repository.generate().patches, []);
    add(&repository, "a", "0 21 * * 1-5");
    let generated = repository.generate();
    assert_eq!(
        generated.patches.len(),
        2,
        "{:?}",
        generated.patches.iter().map(|p| &p.path).collect::<Vec<_>>()
    );
}
