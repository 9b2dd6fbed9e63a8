//! Actions of the repository itself that are not there.

use standin_core::automation::{Fails, LocalAction, Severity};

use super::{Bar, Outcome, Remark, workflows};
use crate::asked::There;
use crate::lines::quote;
use crate::registry::Repository;
use crate::{built, files, js};

/// What makes a folder an action.
const FILES: [&str; 3] = ["action.yml", "action.yaml", "Dockerfile"];

/// Says which steps use an action that is in no folder of the repository.
pub(super) fn check(repository: &Repository<'_>, outcomes: &[Outcome], remarks: &mut Vec<Remark>) {
    for (at, _, workflow) in workflows(outcomes) {
        for action in &workflow.local_actions {
            if is_there(repository, &action.path) {
                continue;
            }
            let (message, fix) = words(action);
            let severity = match action.fails {
                Fails::Always => Severity::Error,
                Fails::Sometimes => Severity::Warning,
            };
            let (line, rule) = (action.line, "action-missing");
            remarks.push(Remark { at, rule, severity, line, message, fix, bar: Bar::None });
        }
    }
}

fn words(action: &LocalAction) -> (String, String) {
    let shown = quote(&format!("./{}", action.path));
    if action.path.ends_with(".yml") || action.path.ends_with(".yaml") {
        let message = format!("a step uses actions, and `{shown}` is a file: this step fails");
        let fix =
            "Name the folder of the action; a workflow is called by a job, with `uses` in place of `steps`.";
        return (message, fix.to_owned());
    }
    let message = format!("`{shown}` has no action.yml, action.yaml or Dockerfile: this step fails");
    (message, "Correct the path, or add the action.".to_owned())
}

/// Whether the folder holds an action, or comes from elsewhere: a submodule, or something that Git ignores.
fn is_there(repository: &Repository<'_>, path: &str) -> bool {
    let folder = js::resolve(repository.root, path);
    let has_action = FILES.iter().any(|name| repository.root.kind(&folder.join(name)) == There::File);
    has_action || is_submodule(repository, path) || built::is_ignored(repository.root, path.as_ref())
}

pub(super) fn is_submodule(repository: &Repository<'_>, path: &str) -> bool {
    let Ok(text) = files::read(repository.root, ".gitmodules") else { return false };
    let paths = text.lines().filter_map(|line| line.trim().strip_prefix("path")?.trim().strip_prefix('='));
    paths
        .map(str::trim)
        .any(|module| path == module || path.strip_prefix(module).is_some_and(|rest| rest.starts_with('/')))
}
