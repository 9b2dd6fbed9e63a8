//! Actions of the repository itself: `uses: ./…`. Their folder is looked for in what a step before has checked out, so
//! only where that is this repository can anything be said.

use standin_core::automation::{Fails, LocalAction};

use super::job_steps;
use crate::value::{Data, Value};

/// Commands that may put another tree in the place of what was checked out.
const MAKERS: [&str; 8] = [
    "git clone",
    "git checkout",
    "git switch",
    "git worktree",
    "git subtree",
    "git pull",
    "submodule",
    "repo clone",
];

/// What the steps so far have put where.
#[derive(Default)]
struct Workspace<'v> {
    /// Folders that hold this repository; the empty one is the workspace itself.
    own: Vec<&'v str>,
    /// Folders that hold something else.
    others: Vec<&'v str>,
    /// Scripts that have run, which may have made anything.
    scripts: Vec<&'v str>,
}

/// The actions of the repository that the steps of a job use.
pub(super) fn of(job: &Value) -> Vec<LocalAction> {
    let mut workspace = Workspace::default();
    let mut found = Vec::new();
    for step in job_steps::of(job) {
        workspace.scripts.extend(step.get("run").and_then(Value::text));
        let Some(uses) = step.get("uses") else { continue };
        let Some(name) = uses.text() else { continue };
        if let Some(path) = name.strip_prefix("./") {
            let is_sure = step.get("if").is_none() && step.get("continue-on-error").is_none();
            let fails = if is_sure { Fails::Always } else { Fails::Sometimes };
            let path = path.trim_end_matches('/');
            found.extend(workspace.find(path).map(|path| LocalAction {
                path: path.to_owned(),
                line: uses.line,
                fails,
            }));
        } else if name.split('@').next().is_some_and(|name| name.ends_with("checkout")) {
            workspace.check_out(step);
        }
    }
    found
}

impl<'v> Workspace<'v> {
    fn check_out(&mut self, step: &'v Value) {
        let with = |name: &str| step.get("with").and_then(|with| with.get(name));
        let into = match with("path").map(|path| &path.data) {
            None | Some(Data::Null) => "",
            Some(Data::Text(path)) => path.trim_start_matches("./").trim_end_matches('/'),
            Some(_) => return self.others.push(""),
        };
        let is_own = |text: &str| text.contains("github.repository") || text.contains("github.event");
        let is_this = with("repository").is_none_or(|name| name.text().is_some_and(is_own));
        // Another branch may have other actions.
        let is_here = with("ref").is_none_or(|name| name.text().is_some_and(|text| text.contains("${{")));
        let into = if into == "." { "" } else { into };
        match (is_this && is_here, into.contains("${{")) {
            (_, true) => self.others.push(""),
            (true, false) => self.own.push(into),
            (false, false) => self.others.push(into),
        }
    }

    /// The folder in the repository that a path of the workspace is; `None` where that is not certain.
    fn find<'p>(&self, path: &'p str) -> Option<&'p str> {
        let is_made = |script: &&str| {
            (!path.is_empty() && script.contains(path))
                || MAKERS.iter().any(|command| script.contains(command))
        };
        if path.contains("${{")
            || path.split('/').any(|part| part == "..")
            || self.scripts.iter().any(is_made)
        {
            return None;
        }
        let within = |folder: &str| match folder {
            "" => Some(path),
            folder => path.strip_prefix(folder)?.strip_prefix('/'),
        };
        if self.others.iter().any(|folder| within(folder).is_some()) {
            return None;
        }
        // The deepest folder is the one that a path is in.
        let mut own: Vec<&str> = self.own.clone();
        own.sort_by_key(|folder| std::cmp::Reverse(folder.len()));
        own.into_iter().find_map(within)
    }
}
