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

/// Names that begin like hooks and are none: words, and what Git hooks of older tools are called.
const NO_HOOKS: [&str; 17] = [
    "prettier",
    "pretty",
    "preview",
    "present",
    "preset",
    "prefix",
    "preload",
    "prefetch",
    "predict",
    "press",
    "precommit",
    "prepush",
    "postgres",
    "postman",
    "postcss",
    "poster",
    "postmerge",
];

/// Adds the scripts of every `package.json`.
pub(crate) fn detect(repository: &Repository<'_>, gathered: &mut Gathered) {
    let bins = bins::Bins::new(repository);
    let others = others::Others::new(repository);
    for entry in repository.entries.iter().filter(|entry| entry.name() == "package.json") {
        let read = match entry.nature {
            Nature::File => files::read(repository.root, &entry.path),
            Nature::Other => Err(files::not_a_file(&entry.path)),
        };
        match read {
            Ok(text) => package(repository, (entry, &bins, &others), &text, gathered),
            Err(problem) => gathered.find(problem),
        }
    }
}

fn package(
    repository: &Repository<'_>,
    (entry, bins, others): (&Entry, &bins::Bins, &others::Others),
    text: &str,
    gathered: &mut Gathered,
) {
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
            let commands: BTreeMap<String, String> = scripts
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), serde_json::from_str(value.get()).ok()?)))
                .collect();
            let package = calls::Package { repository, path: &entry.path, commands: &commands, bins, others };
            for (name, value) in scripts {
                let line = lines.at(offset_in(text, value.get()));
                script(&package, &name, (value, line), gathered);
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
    package: &calls::Package<'_>,
    name: &str,
    (value, line): (&RawValue, u32),
    gathered: &mut Gathered,
) {
    let path = package.path;
    let Ok(command) = serde_json::from_str::<String>(value.get()) else {
        let message = format!("the script `{}` is no text", quote(name));
        let fix = "Write the command as a text.";
        gathered.find(finding("scripts-invalid", Severity::Error, path, line, message, fix));
        return;
    };
    let folder = package.folder();
    let place = if folder.is_empty() { "." } else { folder };
    let id = match AutomationId::new(Kind::Npm, &format!("{place}#{name}")) {
        Ok(id) => id,
        Err(error) => {
            let fix = "Give the script a shorter name.";
            gathered.find(finding("bad-name", Severity::Error, path, line, error.to_string(), fix));
            return;
        }
    };
    let trigger = trigger(package, name, line, gathered);
    let broken = package.check(name, &command, line, gathered);
    gathered.automation(Automation {
        id,
        name: name.to_owned(),
        domain: Domain::Host,
        source: Source { path: path.to_owned(), line },
        schedules: Vec::new(),
        triggers: vec![trigger],
        state: Standing::Loadable,
        reason: broken.unwrap_or_else(|| REASON.to_owned()),
        detail: Detail::NpmScript {
            dir: package.repository.absolute(folder).to_string_lossy().into_owned(),
            script: name.to_owned(),
            command,
        },
        backup_of: None,
    });
}

/// What starts a script: npm, another script, or a person.
fn trigger(package: &calls::Package<'_>, name: &str, line: u32, gathered: &mut Gathered) -> String {
    if HOOKS.contains(&name) {
        return format!("npm {name}");
    }
    let target = ["pre", "post"].iter().find_map(|hook| name.strip_prefix(hook));
    let Some(target) = target.filter(|target| !target.is_empty()) else { return "manual".to_owned() };
    if package.commands.contains_key(target) {
        return format!("npm run {target}");
    }
    let by_npm = ["version", "start", "restart", "uninstall", "shrinkwrap"];
    if by_npm.contains(&target) {
        return format!("npm {target}");
    }
    // `prepare:assets` and `pre-commit` are names like any other.
    let is_part_of_a_name = !target.starts_with(|c: char| c.is_ascii_alphanumeric())
        || name.split_once(':').is_some_and(|(first, _)| HOOKS.contains(&first));
    if !is_part_of_a_name && !NO_HOOKS.iter().any(|word| name.starts_with(word)) {
        let message =
            format!("npm starts `{}` around a script `{}`, and there is none", quote(name), quote(target));
        let fix = "Add that script, or give this one a name of its own.";
        gathered.find(finding(
            "npm-hook-without-target",
            Severity::Warning,
            package.path,
            line,
            message,
            fix,
        ));
    }
    "manual".to_owned()
}

mod bins;
mod calls;
mod command;
mod made;
mod managers;
mod others;
mod parts;
pub(crate) use bins::is_lock;
pub(crate) use command::{Callee, callees};

#[cfg(test)]
mod tests;
