//! The files that say which programs are kept running.

use super::{Started, Starter};
use crate::contents::is_aside;
use crate::files;
use crate::limits::MAX_HOST_FILES;
use crate::registry::Repository;
use crate::value::{Data, Value};
use crate::walk::{Entry, Nature};
use crate::yaml;

/// How a kind of file says what it starts.
type Read = fn(&str) -> Vec<Written>;

/// A command, and the folder that it runs in, relative to that of the file.
struct Written {
    folder: String,
    command: String,
}

/// What every such file starts.
pub(super) fn all(repository: &Repository<'_>) -> Vec<Started> {
    let starters =
        repository.entries.iter().filter(|entry| entry.nature == Nature::File && !is_aside(&entry.path));
    let starters = starters.filter_map(|entry| Some((entry, reader(entry)?)));
    let started = starters.take(MAX_HOST_FILES).flat_map(|(entry, read)| {
        let text = files::read(repository.root, &entry.path).unwrap_or_default();
        read(&text).into_iter().map(|written| Started {
            by: Starter::Host(entry.path.clone()),
            folder: super::places::join(entry.folder(), &written.folder).unwrap_or_default(),
            command: written.command,
        })
    });
    started.collect()
}

/// The scripts that a person starts a package by.
pub(super) fn scripts(repository: &Repository<'_>) -> Vec<Started> {
    let packages = repository.entries.iter().filter(|entry| {
        entry.name() == "package.json" && entry.nature == Nature::File && !is_aside(&entry.path)
    });
    let started = packages.take(MAX_HOST_FILES).filter_map(|entry| {
        let text = files::read(repository.root, &entry.path).ok()?;
        let package: serde_json::Value = serde_json::from_str(&text).ok()?;
        let command = package.get("scripts")?.get("start")?.as_str()?.to_owned();
        let place = if entry.folder().is_empty() { "." } else { entry.folder() };
        let by = Starter::Script(format!("npm:{place}#start"));
        Some(Started { by, folder: entry.folder().to_owned(), command })
    });
    started.collect()
}

/// How a file says what it starts, if it is one that does.
fn reader(entry: &Entry) -> Option<Read> {
    let name = entry.name().to_ascii_lowercase();
    let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    if is_yaml && (name.starts_with("docker-compose") || name.starts_with("compose")) {
        return Some(compose);
    }
    if name.starts_with("dockerfile") || name.ends_with(".dockerfile") {
        return Some(image);
    }
    // What is only for the machine of a person who develops it is not kept running.
    if name.starts_with("procfile") && !name.contains(".dev") && !name.contains(".local") {
        return Some(procfile);
    }
    let is_keyed = name.starts_with("supervisor")
        || name.ends_with(".service")
        || matches!(
            name.as_str(),
            "fly.toml"
                | "render.yaml"
                | "render.yml"
                | "railway.json"
                | "railway.toml"
                | "nixpacks.toml"
                | "app.yaml"
                | "app.yml"
                | "heroku.yml"
                | "apprunner.yaml"
        );
    is_keyed.then_some(keyed)
}

/// `web: node server.js`.
fn procfile(text: &str) -> Vec<Written> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let commands = lines.filter_map(|line| {
        let (name, command) = line.split_once(':')?;
        // What runs once at each release does not go on running.
        (name.trim() != "release").then(|| here(command))
    });
    commands.collect()
}

/// `CMD` and `ENTRYPOINT` of an image.
fn image(text: &str) -> Vec<Written> {
    let joined = text.replace("\\\n", " ");
    let commands = joined.lines().filter_map(|line| {
        let (word, command) = line.trim_start().split_once(char::is_whitespace)?;
        let is_start = ["CMD", "ENTRYPOINT"].iter().any(|known| word.eq_ignore_ascii_case(known));
        is_start.then(|| here(command))
    });
    commands.collect()
}

/// Lines whose key says that a command follows: `ExecStart=`, `startCommand:`, `command =`.
fn keyed(text: &str) -> Vec<Written> {
    const KEYS: [&str; 12] = [
        "execstart",
        "command",
        "startcommand",
        "start_command",
        "dockercommand",
        "cmd",
        "entrypoint",
        "run",
        "start",
        "web",
        "worker",
        "app",
    ];
    let commands = text.lines().filter_map(|line| {
        let line = line.trim_start().trim_start_matches("- ");
        if line.starts_with(['#', ';', '/']) {
            return None;
        }
        let at = line.find(['=', ':'])?;
        let (key, rest) = line.split_at_checked(at)?;
        let key = key.trim().trim_matches('"').to_ascii_lowercase();
        KEYS.contains(&key.as_str()).then(|| here(rest.trim_start_matches(['=', ':'])))
    });
    commands.collect()
}

/// The services of a compose file.
fn compose(text: &str) -> Vec<Written> {
    let Ok(document) = yaml::parse(text) else { return Vec::new() };
    let services = document.root.get("services").map(Value::entries).unwrap_or_default();
    let commands = services.iter().flat_map(|entry| {
        let service = &entry.value;
        let build = service.get("build");
        let context = build.and_then(|build| build.get("context").or(Some(build))).and_then(Value::text);
        let folder = context.unwrap_or_default().to_owned();
        ["entrypoint", "command"].into_iter().filter_map(move |key| {
            let command = service.get(key).and_then(command)?;
            Some(Written { folder: folder.clone(), command })
        })
    });
    commands.collect()
}

/// A command that is a text or a list of words.
pub(crate) fn command(value: &Value<'_>) -> Option<String> {
    match &value.data {
        Data::List(words) => Some(words.iter().filter_map(Value::scalar).collect::<Vec<_>>().join(" ")),
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Map(_) | Data::Computed(_) => {
            value.scalar()
        }
    }
}

fn here(command: &str) -> Written {
    let command = command.trim();
    // The words of a list.
    let command = if command.starts_with('[') {
        command.replace("\",", "\" ").replace("',", "' ")
    } else {
        command.to_owned()
    };
    Written { folder: String::new(), command: command.trim_matches('"').to_owned() }
}
