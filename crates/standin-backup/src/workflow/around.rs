//! What runs in the jobs of a workflow and is written elsewhere in the repository: called workflows, actions, scripts.
//!
//! It runs under the event of the backup and cannot be rewritten, so that what tells a schedule from an order is refused.

use std::collections::{BTreeMap, BTreeSet};

use super::{Refused, Source, images, words};
use crate::file::Files;
use crate::host::{join_inside, scripts};
use crate::yaml::{self, Node};

/// Files that are followed from one workflow.
const MAX_FILES: usize = 64;

/// Folders that steps go to first, of one file.
const MAX_FOLDERS: usize = 16;

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// A workflow or an action.
    Yaml,
    /// A program.
    Script,
}

/// Every path that a workflow may run, as far as `files` has what names them.
pub(crate) fn wanted(path: &str, files: &Files) -> BTreeSet<String> {
    follow(path, files).into_keys().collect()
}

/// Refuses what would do something else when it is dispatched.
pub(super) fn check(source: &Source<'_>) -> Result<(), Refused> {
    let files = source.primary.files;
    for (path, part) in follow(source.primary.path, files) {
        let Some(text) = files.text(&path) else { continue };
        let read = match part {
            Part::Yaml => spoken(text),
            Part::Script => text.to_owned(),
        };
        let named =
            (part == Part::Yaml && source.primary.is_scheduled).then(|| images::in_file(text)).flatten();
        if let Some(named) = named {
            return Err(Refused::new(format!("{path} {}", named.what()), named.fix()));
        }
        if words::asks(&read) {
            return Err(Refused::new(
                format!("{path} asks which event has started the run, and a backup is dispatched"),
                "Hand it the event from the workflow, as an input or a variable with `${{ github.event_name }}`: that is rewritten.",
            ));
        }
        if words::compares_name(&read) && read.contains(source.name()) {
            return Err(Refused::new(
                format!("{path} asks for the name of the workflow, and a backup has another one"),
                "Hand it the name from the workflow, as an input or a variable with `${{ github.workflow }}`: that is rewritten.",
            ));
        }
    }
    Ok(())
}

/// Whether a step or a job goes on in another file of this repository.
fn follow(path: &str, files: &Files) -> BTreeMap<String, Part> {
    let mut found: BTreeMap<String, Part> = BTreeMap::new();
    let mut open = vec![path.to_owned()];
    let mut read: BTreeSet<String> = BTreeSet::new();
    while let Some(next) = open.pop() {
        if read.len() >= MAX_FILES || !read.insert(next.clone()) {
            continue;
        }
        let Some(text) = files.text(&next) else { continue };
        for (path, part) in named(&next, text) {
            if part == Part::Yaml {
                open.push(path.clone());
            }
            found.insert(path, part);
        }
    }
    found.remove(path);
    found
}

/// The files that a workflow or an action names.
fn named(path: &str, text: &str) -> Vec<(String, Part)> {
    let mut found = Vec::new();
    let own = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut folders = vec![String::new()];
    if let Ok(document) = yaml::parse(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        keys(&document.root, &mut |key, value| match key {
            "uses" => found.extend(value.strip_prefix("./").map(used).unwrap_or_default()),
            "working-directory" if folders.len() < MAX_FOLDERS => folders.push(value.to_owned()),
            _ => {}
        });
    }
    let at_action = [
        "${{ github.action_path }}",
        "${{github.action_path}}",
        "$GITHUB_ACTION_PATH",
        "${GITHUB_ACTION_PATH}",
    ];
    let here = at_action.iter().fold(text.to_owned(), |text, form| text.replace(form, "./"));
    if here != text {
        folders.push(own.to_owned());
    }
    for script in scripts(&here) {
        let paths = folders.iter().filter_map(|folder| join_inside(folder, script));
        found.extend(paths.map(|path| (path, Part::Script)));
    }
    found
}

/// The files of what is used from this repository.
fn used(path: &str) -> Vec<(String, Part)> {
    let path = path.trim_end_matches('/');
    if path.ends_with(".yml") || path.ends_with(".yaml") {
        return vec![(path.to_owned(), Part::Yaml)];
    }
    let paths = ["action.yml", "action.yaml"].iter().filter_map(|name| join_inside(path, name));
    paths.map(|path| (path, Part::Yaml)).collect()
}

/// Calls `visit` with every key that has a text.
fn keys(node: &Node, visit: &mut impl FnMut(&str, &str)) {
    for entry in node.entries() {
        if let (Some(key), Some(value)) = (entry.key.text(), entry.value.text()) {
            visit(key, value);
        }
        keys(&entry.value, visit);
    }
    node.items().iter().for_each(|item| keys(item, visit));
}

/// The values of a workflow or an action, without what starts it.
fn spoken(text: &str) -> String {
    let mut out = String::new();
    let Ok(document) = yaml::parse(text.strip_prefix('\u{feff}').unwrap_or(text)) else { return out };
    for entry in document.root.entries().iter().filter(|entry| entry.key.text() != Some("on")) {
        entry.value.scalars(&mut |node| {
            out.push_str(node.text().unwrap_or_default());
            out.push('\n');
        });
    }
    out
}
