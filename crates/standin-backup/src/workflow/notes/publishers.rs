//! Registries that trust a workflow by the name of its file.

use super::super::{Note, Source};
use super::{jobs, steps};
use crate::yaml::Node;

/// Actions that publish, or get the right to, with the input that gives them a token of another kind.
const ACTIONS: [(&str, &str, &str); 5] = [
    ("pypa/gh-action-pypi-publish@", "password", "PyPI"),
    ("rust-lang/crates-io-auth-action@", "", "Cargo's registry"),
    ("rubygems/release-gem@", "", "RubyGems"),
    ("rubygems/configure-rubygems-credentials@", "role-to-assume", "RubyGems"),
    ("nuget/login@", "", "NuGet"),
];

/// Commands that publish, with the words of a file that has a token for them.
const COMMANDS: [(&str, &[&str], &str); 6] = [
    ("npm publish", &["NODE_AUTH_TOKEN", "NPM_TOKEN", "_authToken"], "npm"),
    ("pnpm publish", &["NODE_AUTH_TOKEN", "NPM_TOKEN", "_authToken"], "npm"),
    ("changeset publish", &["NODE_AUTH_TOKEN", "NPM_TOKEN", "_authToken"], "npm"),
    ("semantic-release", &["NODE_AUTH_TOKEN", "NPM_TOKEN", "_authToken"], "npm"),
    ("uv publish", &["UV_PUBLISH_TOKEN", "UV_PUBLISH_PASSWORD", "--token", "--password"], "PyPI"),
    (
        "poetry publish",
        &["POETRY_PYPI_TOKEN", "POETRY_HTTP_BASIC", "--password", "config pypi-token"],
        "PyPI",
    ),
];

/// Where a job publishes without a token.
pub(super) fn of(source: &Source<'_>) -> Option<Note> {
    let root = source.root();
    let top = root.get("permissions");
    let may = |job: &&Node| job.get("permissions").or(top).is_some_and(has_identity);
    let registry =
        jobs(root).filter(may).flat_map(steps).find_map(|step| registry(step, source.primary.text))?;
    Some(Note {
        rule: "backup-trusted-publisher",
        what: format!(
            "{} publishes to {registry} without a token: a trusted publisher names the file of the workflow, and the backup's is another",
            source.primary.path
        ),
        fix: "Name the backup's file as a trusted publisher there too, or publish with a token where the registry takes only one.",
    })
}

fn has_identity(permissions: &Node) -> bool {
    permissions.text() == Some("write-all") || permissions.get_text("id-token") == Some("write")
}

fn registry(step: &Node, text: &str) -> Option<&'static str> {
    let uses = step.get_text("uses").unwrap_or_default().to_ascii_lowercase();
    let run = step.get_text("run").unwrap_or_default();
    let with = step.get("with");
    let by_action = ACTIONS.iter().find(|(action, token, _)| {
        uses.starts_with(action) && with.is_none_or(|with| with.get(token).is_none())
    });
    let by_command = || {
        COMMANDS.iter().find(|(command, tokens, _)| {
            let lines = run.lines().filter(|line| !line.trim_start().starts_with('#'));
            lines.into_iter().any(|line| has(line, command))
                && !tokens.iter().any(|token| text.contains(token))
        })
    };
    by_action.map(|(_, _, registry)| *registry).or_else(|| by_command().map(|(_, _, registry)| *registry))
}

/// Whether a line has a command, and not the end of another's name.
fn has(line: &str, command: &str) -> bool {
    let is_own = |at: usize| !line.get(..at).is_some_and(|before| before.ends_with(['-', '_', '/']));
    line.match_indices(command).any(|(at, _)| is_own(at))
}
