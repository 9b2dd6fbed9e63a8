//! What runs of a workflow leave for others, who ask for it by the workflow.

use super::super::{Note, Source, listed};
use super::{jobs, parsed, steps};
use crate::WORKFLOWS;
use crate::yaml::Node;

/// The action that fetches artifacts of runs of a workflow; of its own one where none is named.
const FETCHER: &str = "dawidd6/action-download-artifact@";

/// Workflows that take what runs of the primary have left.
pub(super) fn of(source: &Source<'_>) -> Option<Note> {
    let primary = source.primary;
    let mut readers: Vec<&str> = Vec::new();
    if takes(source.root(), primary.path, source) {
        readers.push(primary.path);
    }
    for (path, text) in primary.files.below(WORKFLOWS).filter(|(path, _)| *path != primary.path) {
        // Few ask, so that few are read.
        if (text.contains(FETCHER) || text.contains("gh run ") || text.contains("/runs"))
            && parsed(text).is_some_and(|document| takes(&document.root, path, source))
        {
            readers.push(path);
        }
    }
    (!readers.is_empty()).then(|| Note {
        rule: "backup-artifacts",
        what: format!(
            "{} asks for runs of {} and what they have left, and runs of its backup are not among them",
            listed(&readers),
            primary.path
        ),
        fix: "Ask for runs of both workflows, or keep what must last in a branch, a release or a cache.",
    })
}

/// Whether a step of the workflow at `path` asks for runs of the primary.
fn takes(root: &Node, path: &str, source: &Source<'_>) -> bool {
    let is_own = path == source.primary.path;
    let file = source.primary.path.rsplit('/').next().unwrap_or_default();
    let is_it = |name: &str| {
        let last = name.trim().rsplit('/').next().unwrap_or_default();
        last == file || name.trim() == source.name()
    };
    let fetches = |step: &Node| {
        let is_fetcher = step.get_text("uses").is_some_and(|uses| uses.starts_with(FETCHER));
        let with = step.get("with");
        let given = |key: &str| with.and_then(|with| with.get_text(key));
        // One of another repository is another's.
        is_fetcher
            && given("repo").is_none()
            && match given("workflow") {
                Some(name) => is_it(name),
                None => is_own && ["run_id", "commit", "pr"].iter().all(|key| given(key).is_none()),
            }
    };
    let lists = |step: &Node| {
        let lines = step.get_text("run").unwrap_or_default().replace("\\\n", " ");
        lines.lines().any(|line| {
            let asks =
                line.contains("gh run list") || line.contains("gh run download") || line.contains("/runs");
            asks && line.split(|c: char| c.is_whitespace() || "\"'=/".contains(c)).any(|word| word == file)
        })
    };
    jobs(root).flat_map(steps).any(|step| fetches(step) || lists(step))
}
