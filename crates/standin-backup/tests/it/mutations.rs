//! Workflows with something else at every place: a backup parses and is stable, or there is a reason.

use proptest::prelude::*;

use crate::fixtures::{Repository, fixtures};

/// What is put in the place of something, or before it.
const PIECES: [&str; 24] = [
    "\n",
    "  ",
    "\t",
    "#",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "'",
    "\"",
    "&a ",
    "*a",
    "|\n",
    ">-\n",
    "${{ ",
    " }}",
    "!!str ",
    "github.event.schedule",
    "if: always()\n",
    "needs: []\n",
    "? ",
    "é",
];

fn mutated(text: &str, changes: &[(usize, usize, usize)]) -> String {
    let mut text = text.to_owned();
    for (at, length, piece) in changes {
        let at = (0..=at % (text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let end = (at..=text.len().min(at + length)).rev().find(|end| text.is_char_boundary(*end)).unwrap();
        text.replace_range(at..end, PIECES[piece % PIECES.len()]);
    }
    text
}

fn check(name: &str, text: &str) -> Result<(), TestCaseError> {
    let repository = Repository::empty();
    repository.write(&format!(".github/workflows/{name}"), text);
    let generated = repository.generate();
    repository.apply(&generated);
    let backups = repository.scan();
    for backup in generated.backups.keys().filter(|path| path.starts_with(".github/")) {
        let found = backups.automations.iter().find(|automation| automation.source.path == *backup).unwrap();
        prop_assert!(
            found.state == standin_core::automation::Standing::Effective,
            "{}: {}\n=== from\n{text}\n=== to\n{}",
            backup,
            found.reason,
            repository.read(backup)
        );
    }
    prop_assert_eq!(repository.generate().patches, []);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn a_mutated_workflow_has_a_good_backup_or_none(
        which in 0_usize..3,
        changes in proptest::collection::vec((any::<u16>().prop_map(usize::from), 0_usize..12, 0_usize..PIECES.len()), 1..4),
        is_windows: bool,
    ) {
        let name = ["nightly.yml", "sweep.yml", "index.yaml"][which];
        let text = std::fs::read_to_string(fixtures().join("shop/.github/workflows").join(name)).unwrap();
        let text = mutated(&text, &changes);
        let text = if is_windows { text.replace('\n', "\r\n") } else { text };
        check(name, &text)?;
    }
}
