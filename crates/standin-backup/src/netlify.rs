//! The backup of a Netlify function: a function beside it that calls the original, and the list of all functions.

use serde_json::{Map, Value, json};
use standin_core::automation::{Automation, Detail, Flavour, ScheduleSpec};
use standin_core::ident::AutomationId;
use standin_core::ownership;

use crate::generate::Mode;
use crate::workflow::Refused;

/// The list of a functions folder.
const MANIFEST: &str = "functions-manifest.json";

/// What ends the names of functions that answer at once and work on.
const BACKGROUND: &str = "-background";

/// Calls the original, whichever way Netlify would.
const CALL: &str = include_str!("netlify/call.js");

/// Where the files of a function are, relative to the repository.
pub(crate) struct Paths {
    /// The functions folder; empty for the root.
    pub(crate) folder: String,
    /// The original, relative to that folder.
    pub(crate) original: String,
    /// The backup, relative to the repository.
    pub(crate) backup: String,
    /// The backup's name.
    pub(crate) name: String,
}

/// Where the backup of a function belongs.
pub(crate) fn paths(function: &Automation) -> Paths {
    let path = function.source.path.as_str();
    let name = function.id.name();
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    // A function may be a folder with its main file in it.
    let (folder, original) = match folder.rsplit_once('/').unwrap_or(("", folder)) {
        (outer, inner) if inner == name => (outer, format!("{inner}/{file}")),
        _ => (folder, file.to_owned()),
    };
    let backup_name = match name.strip_suffix(BACKGROUND) {
        Some(stem) => format!("{stem}-backup{BACKGROUND}"),
        None => format!("{name}-backup"),
    };
    let is_typed = [".ts", ".tsx", ".mts", ".cts"].iter().any(|ending| file.ends_with(ending));
    let ending = if is_typed { "mts" } else { "mjs" };
    Paths {
        folder: folder.to_owned(),
        original,
        backup: below(folder, &format!("{backup_name}.{ending}")),
        name: backup_name,
    }
}

/// What a function of this name is the backup of, by its name.
pub(crate) fn original(name: &str) -> Option<String> {
    match name.strip_suffix(BACKGROUND) {
        Some(stem) => stem.strip_suffix("-backup").map(|stem| format!("{stem}{BACKGROUND}")),
        None => name.strip_suffix("-backup").map(str::to_owned),
    }
}

/// The workflow that runs a function elsewhere.
pub(crate) fn workflow_name(id: &AutomationId) -> String {
    format!("netlify-{}-backup.yml", id.name())
}

/// The list of a functions folder, relative to the repository.
pub(crate) fn manifest_path(folder: &str) -> String {
    below(folder, MANIFEST)
}

fn below(folder: &str, file: &str) -> String {
    if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") }
}

/// The text of the backup.
pub(crate) fn backup(
    function: &Automation,
    schedule: Option<&ScheduleSpec>,
    mode: Mode,
) -> Result<String, Refused> {
    if let Detail::NetlifyFunction { flavour: Flavour::Go, .. } = &function.detail {
        return Err(Refused::new(
            "it is a Go program, which no function can call",
            "Run it from a workflow.",
        ));
    }
    let paths = paths(function);
    let text = CALL
        .strip_prefix("/* eslint-disable */\n")
        .unwrap_or(CALL)
        .replace("'./ORIGINAL'", &js_text(&format!("./{}", paths.original)))
        .replace("'ID'", &js_text(function.id.as_str()))
        .replace("BESIDE", if mode == Mode::Active { "true" } else { "false" });
    let config = match schedule {
        Some(schedule) => format!("\nexport const config = {{ schedule: {} }};\n", js_text(&schedule.cron)),
        None => String::new(),
    };
    let path = &function.source.path;
    Ok(format!(
        "// {}\n// The backup of {path}: `standin backup` writes it anew, and what is changed here by hand is lost.\n{text}{config}",
        ownership::mark(Some(&function.id))
    ))
}

/// A text in the single quotes that JavaScript reads.
fn js_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
}

/// The list of a folder's functions: the same for the same repository, so that it has no differences to look at.
pub(crate) fn manifest(functions: &[(&Automation, Option<String>)]) -> String {
    let list: Vec<Value> =
        functions.iter().map(|(function, backup)| entry(function, backup.as_deref())).collect();
    let text = serde_json::to_string_pretty(&json!({ "version": 1, "functions": list })).unwrap_or_default();
    // The mark is the first member, whatever order a map has.
    let body = text.strip_prefix('{').unwrap_or(&text);
    format!("{{\n  \"//\": \"{}\",{body}\n", ownership::mark(None))
}

fn entry(function: &Automation, backup: Option<&str>) -> Value {
    let mut entry = Map::new();
    entry.insert("name".into(), function.id.name().into());
    entry.insert("file".into(), function.source.path.clone().into());
    entry.insert("state".into(), function.state.to_string().into());
    if let Detail::NetlifyFunction { flavour, background, .. } = &function.detail {
        entry.insert("flavour".into(), serde_json::to_value(flavour).unwrap_or(Value::Null));
        entry.insert("background".into(), (*background).into());
    }
    if let Some(schedule) = function.schedules.first() {
        entry.insert("schedule".into(), schedule.cron.clone().into());
    }
    if let Some(backup) = backup {
        entry.insert("backup".into(), backup.into());
    }
    Value::Object(entry)
}
