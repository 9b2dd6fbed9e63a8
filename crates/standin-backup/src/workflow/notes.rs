//! Where a backup is not what its primary is, and nothing in its file can make it so: what a person should know.

use super::{Note, Source, actor, around, follows, listed};
use crate::yaml::{self, Entry, Node};

mod publishers;
mod runs;

/// Keys of a workflow that its backup does not have.
const NOT_COPIED: [&str; 4] = ["name", "run-name", "on", "concurrency"];

/// Everything that is not the same, and cannot be.
pub(super) fn of(source: &Source<'_>) -> Vec<Note> {
    let mut notes: Vec<Note> =
        [dispatch_defaults(source), followers(source), run_number(source)].into_iter().flatten().collect();
    if actor::in_steps(source.root(), source.event()) {
        notes.push(Note {
            rule: "backup-actor",
            what: format!(
                "a step of {} asks in its `if` for `github.actor`, and whoever dispatches its backup is another one",
                source.primary.path
            ),
            fix: "Ask for the event instead, if the step belongs to the work.",
        });
    }
    notes.extend(publishers::of(source));
    notes.extend(runs::of(source));
    notes
}

fn dispatch_defaults(source: &Source<'_>) -> Option<Note> {
    let filled = if source.primary.is_scheduled { source.filled_by_dispatch() } else { Vec::new() };
    (!filled.is_empty()).then(|| Note {
        rule: "dispatch-defaults",
        what: format!(
            "who dispatches {} fills in the defaults of {}, and its schedule does not: \"again\" may do other work than a missed run (its backup does not)",
            source.primary.path,
            listed(&filled)
        ),
        fix: "Give the inputs defaults that do what the schedule does, or leave \"again\" out of its `backup` in standin.toml.",
    })
}

fn followers(source: &Source<'_>) -> Option<Note> {
    let names: Vec<&str> = source.primary.followers.iter().map(String::as_str).collect();
    (!names.is_empty()).then(|| Note {
        rule: "backup-followers",
        what: format!(
            "{} by its name, and not its backup, which has another",
            follows(&names, source.primary.path)
        ),
        fix: "Add the name of the backup to their `workflow_run`, if they shall follow it too.",
    })
}

/// Every workflow counts its own runs.
fn run_number(source: &Source<'_>) -> Option<Note> {
    const WORDS: [&str; 3] = ["github.run_number", "GITHUB_RUN_NUMBER", "context.runNumber"];
    let names = |text: &str| {
        let of_expression = text.to_ascii_lowercase();
        WORDS.iter().any(|word| text.contains(word)) || of_expression.contains("github.run_number")
    };
    let mut is_named = around::texts(source).iter().any(|text| names(text));
    for entry in copied(source.root()) {
        entry.value.scalars(&mut |node| is_named = is_named || node.text().is_some_and(names));
    }
    is_named.then(|| Note {
        rule: "backup-run-number",
        what: format!(
            "{} uses `github.run_number`, and its backup counts its own runs: what is numbered by it goes back, or has a number that is taken",
            source.primary.path
        ),
        fix: "Number by the date, by `github.run_id`, or by what was published last.",
    })
}

fn copied(root: &Node) -> impl Iterator<Item = &Entry> {
    root.entries().iter().filter(|entry| entry.key.text().is_some_and(|key| !NOT_COPIED.contains(&key)))
}

/// The jobs of a workflow.
fn jobs(root: &Node) -> impl Iterator<Item = &Node> {
    root.get("jobs").map(Node::entries).unwrap_or_default().iter().map(|job| &job.value)
}

/// The steps of a job.
fn steps(job: &Node) -> &[Node] {
    job.get("steps").map(Node::items).unwrap_or_default()
}

/// A workflow by its text, if it is one.
fn parsed(text: &str) -> Option<yaml::Document> {
    yaml::parse(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()
}
