//! A workflow that runs a Netlify function's own bundle: its backup in another failure domain.

use std::collections::BTreeSet;

use standin_core::automation::ScheduleSpec;
use standin_core::ident::AutomationId;

use super::slot::{self, Names};
use super::{ACTION, drill, errand, header, on, quoted};
use crate::host::Checkout;
use crate::host::node::Node;

/// GitHub's own, pinned by the commit of v5.0.0.
pub(super) const SETUP_NODE: &str = "actions/setup-node@a0853c24544627f65ddf259abe73b1d18a591444 # v5.0.0";

/// Variables that Netlify sets itself, or that say nothing of the function.
const NETLIFYS_OWN: [&str; 14] = [
    "AWS_LAMBDA_FUNCTION_NAME",
    "BRANCH",
    "BUILD_ID",
    "COMMIT_REF",
    "CONTEXT",
    "DEPLOY_ID",
    "DEPLOY_PRIME_URL",
    "DEPLOY_URL",
    "NETLIFY",
    "NETLIFY_DEV",
    "NODE_ENV",
    "PATH",
    "SITE_ID",
    "URL",
];

/// Variables that are passed on.
const MAX_VARIABLES: usize = 64;

/// The workflow for a function with this source, started by these schedules.
pub(crate) fn of_function(
    id: &AutomationId,
    (path, source): (&str, &str),
    (checkout, node): (Checkout, Option<&Node>),
    schedules: &[ScheduleSpec],
) -> String {
    let names = Names::beside(&["run"]);
    let plain = Node { version: "node-version: 22".to_owned(), install: None, dir: String::new() };
    let title = format!("{} on GitHub (backup)", id.name());
    let mut out = header(id, path);
    out.push_str(&format!(
        "name: {}\nrun-name: {}\non:\n{}{}",
        quoted(&title),
        quoted(&format!("{title} ${{{{ inputs.standin-key }}}}")),
        on::schedules(schedules),
        on::dispatch()
    ));
    out.push_str(&format!(
        "permissions: {{}}\nconcurrency:\n  group: {}\n  cancel-in-progress: false\n{}jobs:\n",
        quoted(&format!("standin-backup-netlify-{}", id.name())),
        drill::block()
    ));
    out.push_str(&slot::indented(&slot::first(id, &names, slot::Told::NOTHING), "  "));
    let job = format!(
        "run:\n  needs: {}\n  if: {}\n  runs-on: ubuntu-latest\n  timeout-minutes: 30\n  permissions:\n    contents: read\n  steps:\n{}{}    # Netlify's own bundler makes the bundle, and Node calls it with the event of a schedule.\n    - uses: {ACTION}@v1 # zizmor: ignore[unpinned-uses]\n      with:\n        command: run\n        id: {}\n{}",
        names.slot,
        names.goes(),
        slot::checked_out(checkout),
        errand::of_node(node.unwrap_or(&plain)),
        quoted(id.as_str()),
        environment(source)
    );
    out.push_str(&format!("\n{}\n", slot::indented(&job, "  ").trim_end()));
    out.push_str(&format!("\n{}", slot::indented(&slot::last(id, &names, &["run"]), "  ")));
    out
}

/// The variables that the function's own file reads, as secrets of the same names.
fn environment(source: &str) -> String {
    let lines = secrets(&variables(source), "        ");
    if lines.is_empty() { lines } else { format!("      env:\n{lines}") }
}

/// Variables as secrets of the same names, a line each.
pub(super) fn secrets(names: &BTreeSet<String>, by: &str) -> String {
    let line = |name: &String| format!("{by}{name}: ${{{{ secrets.{name} }}}}\n");
    names.iter().take(MAX_VARIABLES).map(line).collect()
}

/// The variables that a program reads, beside those that its platform sets itself.
pub(crate) fn variables(source: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (opening, closing) in [
        ("process.env.", ""),
        ("process.env['", "'"),
        ("process.env[\"", "\""),
        ("env.get('", "'"),
        ("env.get(\"", "\""),
    ] {
        for (at, found) in source.match_indices(opening) {
            let rest = source.get(at.saturating_add(found.len())..).unwrap_or_default();
            let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let is_closed = rest.get(name.len()..).is_some_and(|after| after.starts_with(closing));
            let is_variable =
                name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.starts_with("GITHUB_");
            if is_closed && is_variable && !is_set(&name) {
                names.insert(name);
            }
        }
    }
    names
}

/// Whether a backup, or its platform, sets the variable itself.
fn is_set(name: &str) -> bool {
    NETLIFYS_OWN.contains(&name) || name == drill::FLAG
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_a_function_become_secrets() {
        let source = "process.env.API_KEY; process.env['B_2']; Netlify.env.get(\"C\"); process.env.URL; process.env[x]; process.env.STANDIN_DRILL";
        let found = environment(source);
        assert_eq!(found.matches("secrets.").count(), 3, "{found}");
        assert!(found.contains("        API_KEY: ${{ secrets.API_KEY }}\n"));
        assert_eq!(environment("nothing"), "");
    }
}
