//! What runs in the jobs of a workflow and is written elsewhere in the repository: called workflows, actions, scripts.
//!
//! It runs under the event of the backup and cannot be rewritten, so that what tells a schedule from an order is refused.

use std::collections::BTreeSet;

use super::programs::{self, Run};
use super::{Refused, Source, actor, images, make, words};
use crate::file::Files;
use crate::host::{folder_of, join_inside};
use crate::yaml::{self, Node};

/// Files that are followed from one workflow.
const MAX_FILES: usize = 128;

/// Folders that steps go to first, of one file.
const MAX_FOLDERS: usize = 16;

/// What a path is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// A workflow or an action.
    Yaml,
    /// A program.
    Script,
    /// A script of a package, by its name.
    Npm(String),
    /// A target of a makefile, by its name.
    Target(String),
}

/// A file, and what of it runs.
type Piece = (String, Part);

/// Keys of steps, and of actions that run commands, under which lines of a shell stand.
const LINES: [&str; 4] = ["run", "command", "cmd", "script"];

/// How the folder of an action is named in it.
const AT_ACTION: [&str; 4] =
    ["${{ github.action_path }}", "${{github.action_path}}", "$GITHUB_ACTION_PATH", "${GITHUB_ACTION_PATH}"];

/// Every path that a workflow may run, as far as `files` has what names them.
pub(crate) fn wanted(path: &str, files: &Files) -> BTreeSet<String> {
    follow(path, files).into_iter().map(|(path, _)| path).collect()
}

/// Refuses what would do something else when it is dispatched.
pub(super) fn check(source: &Source<'_>) -> Result<(), Refused> {
    let files = source.primary.files;
    for piece in follow(source.primary.path, files) {
        let Some(text) = text_of(&piece, files) else { continue };
        let (path, part) = &piece;
        let (place, read) = match part {
            Part::Yaml => (path.clone(), spoken(&text)),
            Part::Script => (path.clone(), text.clone()),
            Part::Npm(name) | Part::Target(name) if !name.is_empty() => {
                (format!("`{name}` of {path}"), text.clone())
            }
            Part::Npm(_) | Part::Target(_) => (path.clone(), text.clone()),
        };
        let is_named = is_called(part) && source.primary.is_scheduled;
        if let Some(named) = is_named.then(|| images::in_file(&text)).flatten() {
            return Err(Refused::new(format!("{place} {}", named.what()), named.fix()));
        }
        if let Some(job) = is_called(part).then(|| actor::in_file(&text, source.event())).flatten() {
            return Err(actor::refusal(&format!("{place}: the job `{job}`")));
        }
        if words::asks(&read) {
            return Err(Refused::new(
                format!("{place} asks which event has started the run, and a backup is dispatched"),
                "Hand it the event from the workflow, as an input or a variable with `${{ github.event_name }}`: that is rewritten.",
            ));
        }
        if words::compares_name(&read) && read.contains(source.name()) {
            return Err(Refused::new(
                format!("{place} asks for the name of the workflow, and a backup has another one"),
                "Hand it the name from the workflow, as an input or a variable with `${{ github.workflow }}`: that is rewritten.",
            ));
        }
    }
    Ok(())
}

fn is_called(part: &Part) -> bool {
    *part == Part::Yaml
}

/// What runs in the jobs of a workflow beyond its own file, in words: of a workflow or action all that it says.
pub(super) fn texts(source: &Source<'_>) -> Vec<String> {
    let files = source.primary.files;
    let pieces = follow(source.primary.path, files);
    pieces.iter().filter_map(|piece| text_of(piece, files)).collect()
}

/// What a workflow runs of other files, and what those run.
fn follow(path: &str, files: &Files) -> BTreeSet<Piece> {
    let first = (path.to_owned(), Part::Yaml);
    let mut found: BTreeSet<Piece> = BTreeSet::new();
    let mut open = vec![first.clone()];
    let mut read: usize = 0;
    while let Some(next) = open.pop().filter(|_| read < MAX_FILES) {
        let Some(text) = text_of(&next, files) else { continue };
        read = read.saturating_add(1);
        for piece in named(&next, &text) {
            if piece != first && found.insert(piece.clone()) {
                open.push(piece);
            }
        }
    }
    found
}

/// What of a file runs; `None` where nothing of it is known.
fn text_of((path, part): &Piece, files: &Files) -> Option<String> {
    let text = files.text(path)?;
    match part {
        Part::Yaml | Part::Script => Some(text.to_owned()),
        Part::Npm(name) => package_script(text, name),
        Part::Target(name) => make::said(text, name),
    }
}

/// The lines of a script of a package, with those before and after it.
fn package_script(text: &str, name: &str) -> Option<String> {
    let package: serde_json::Value = serde_json::from_str(text).ok()?;
    let scripts = package.get("scripts")?;
    scripts.get(name)?;
    let names = [format!("pre{name}"), name.to_owned(), format!("post{name}")];
    let lines: Vec<&str> = names.iter().filter_map(|name| scripts.get(name)?.as_str()).collect();
    Some(lines.join("\n"))
}

/// The files that a piece names.
fn named((path, part): &Piece, text: &str) -> Vec<Piece> {
    let own = folder_of(path).to_owned();
    match part {
        Part::Yaml => of_yaml(text, own),
        Part::Script if is_shell(path, text) => pieces(programs::of(text, &[String::new(), own])),
        Part::Script => Vec::new(),
        Part::Npm(_) | Part::Target(_) => pieces(programs::of(text, &[own])),
    }
}

fn of_yaml(text: &str, own: String) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    let mut lines: Vec<String> = Vec::new();
    let here = AT_ACTION.iter().fold(text.to_owned(), |text, form| text.replace(form, "./"));
    if let Ok(document) = yaml::parse(here.strip_prefix('\u{feff}').unwrap_or(&here)) {
        keys(&document.root, &mut |key, value| match key {
            "uses" => found.extend(value.strip_prefix("./").map(used).unwrap_or_default()),
            "working-directory" if folders.len() < MAX_FOLDERS => {
                folders.extend(programs::folder(value));
            }
            key if LINES.contains(&key) => lines.push(value.to_owned()),
            _ => {}
        });
    }
    if here != text {
        folders.push(own);
    }
    found.extend(pieces(programs::by_ending(&here, &folders)));
    found.extend(lines.iter().flat_map(|lines| pieces(programs::of(lines, &folders))));
    found
}

fn pieces(runs: BTreeSet<Run>) -> Vec<Piece> {
    let piece = |run| match run {
        Run::File(path) => (path, Part::Script),
        Run::Npm(path, name) => (path, Part::Npm(name)),
        Run::Target(path, name) => (path, Part::Target(name)),
    };
    runs.into_iter().map(piece).collect()
}

/// Whether a program is lines of a shell.
fn is_shell(path: &str, text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or(path);
    match first.strip_prefix("#!") {
        Some(program) => program.split_whitespace().any(|word| word.ends_with("sh")),
        None => [".sh", ".bash", ".zsh"].iter().any(|end| name.ends_with(end)) || !name.contains('.'),
    }
}

/// The files of what is used from this repository.
fn used(path: &str) -> Vec<Piece> {
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
