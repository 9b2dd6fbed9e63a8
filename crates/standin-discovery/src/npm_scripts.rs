//! Scripts of every `package.json` outside `node_modules`.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use standin_core::automation::{Automation, Detail, Severity, Source, Standing};
use standin_core::ident::{AutomationId, Domain, Kind};

use crate::files;
use crate::findings::{Gathered, finding};
use crate::lines::{Lines, quote};
use crate::registry::Repository;
use crate::walk::{Entry, Nature};

/// Why no script is effective by itself.
const REASON: &str = "runs only when something starts it: give it a schedule in standin.toml";

/// Scripts that npm itself starts, when it installs, packs or publishes.
const HOOKS: [&str; 11] = [
    "preinstall",
    "install",
    "postinstall",
    "prepare",
    "prepublish",
    "prepublishOnly",
    "publish",
    "postpublish",
    "prepack",
    "postpack",
    "dependencies",
];

/// Adds the scripts of every `package.json`.
pub(crate) fn detect(repository: &Repository<'_>, gathered: &mut Gathered) {
    for entry in repository.entries.iter().filter(|entry| entry.name() == "package.json") {
        let read = match entry.nature {
            Nature::File => files::read(repository.root, &entry.path),
            Nature::Other => Err(files::not_a_file(&entry.path)),
        };
        match read {
            Ok(text) => package(repository, entry, &text, gathered),
            Err(problem) => gathered.find(problem),
        }
    }
}

fn package(repository: &Repository<'_>, entry: &Entry, text: &str, gathered: &mut Gathered) {
    let lines = Lines::new(text);
    // Kept as raw text: its place in the file gives the lines.
    let scripts = match serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
        Ok(package) => package.get("scripts").copied().filter(|raw| raw.get() != "null"),
        Err(error) => {
            let message = format!("this is not a package.json: {}", quote(&error.to_string()));
            let line = lines.clamp(error.line());
            let fix = "Correct the JSON at this line.";
            gathered.find(finding("json-unparsable", Severity::Error, &entry.path, line, message, fix));
            return;
        }
    };
    let Some(raw) = scripts else { return };
    match serde_json::from_str::<BTreeMap<String, &RawValue>>(raw.get()) {
        Ok(scripts) => {
            for (name, value) in scripts {
                let line = lines.at(offset_in(text, value.get()));
                script(repository, entry, &name, (value, line), gathered);
            }
        }
        Err(_) => {
            let line = lines.at(offset_in(text, raw.get()));
            let fix = "Write it as `\"name\": \"command\"` pairs.";
            gathered.find(finding(
                "scripts-invalid",
                Severity::Error,
                &entry.path,
                line,
                "`scripts` is no map",
                fix,
            ));
        }
    }
}

/// Where a part of a text begins in it.
fn offset_in(text: &str, part: &str) -> usize {
    part.as_ptr().addr().saturating_sub(text.as_ptr().addr())
}

fn script(
    repository: &Repository<'_>,
    entry: &Entry,
    name: &str,
    (value, line): (&RawValue, u32),
    gathered: &mut Gathered,
) {
    let path = entry.path.as_str();
    let Ok(command) = serde_json::from_str::<String>(value.get()) else {
        let message = format!("the script `{}` is no text", quote(name));
        let fix = "Write the command as a text.";
        gathered.find(finding("scripts-invalid", Severity::Error, path, line, message, fix));
        return;
    };
    let folder = entry.folder();
    let place = if folder.is_empty() { "." } else { folder };
    let id = match AutomationId::new(Kind::Npm, &format!("{place}#{name}")) {
        Ok(id) => id,
        Err(error) => {
            let fix = "Give the script a shorter name.";
            gathered.find(finding("bad-name", Severity::Error, path, line, error.to_string(), fix));
            return;
        }
    };
    let trigger = if HOOKS.contains(&name) { format!("npm {name}") } else { "manual".to_owned() };
    gathered.automation(Automation {
        id,
        name: name.to_owned(),
        domain: Domain::Host,
        source: Source { path: path.to_owned(), line },
        schedules: Vec::new(),
        triggers: vec![trigger],
        state: Standing::Loadable,
        reason: REASON.to_owned(),
        detail: Detail::NpmScript {
            dir: repository.absolute(folder).to_string_lossy().into_owned(),
            script: name.to_owned(),
            command,
        },
        backup_of: None,
    });
}

#[cfg(test)]
mod tests;
