//! PM2's configuration of the backups: its own apps once more, and workflows and functions as runs on this host.

use serde_json::{Map, Value, json};
use standin_core::automation::{Automation, ScheduleSpec};
use standin_core::ident::Kind;
use standin_core::ownership;

use crate::file::Files;
use crate::generate::Mode;
use crate::json_of_yaml;
use crate::times;
use crate::workflow::Refused;

/// What every backup of a process gets: PM2 waits a little longer each time that it dies, up to 15 s.
const BACKOFF_MS: u32 = 100;

/// What starts an app of a file of PM2's again.
const AGAIN: &str = include_str!("pm2/again.cjs");

/// How a file of PM2's is read by the backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// By `require`, each time that PM2 reads the backup.
    Required,
    /// Its values are written out.
    WrittenOut,
}

/// One app of the backup. Those that a scan can read come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct App {
    /// What PM2 calls it.
    name: String,
    /// An expression of JavaScript.
    code: String,
}

/// The app that stands in for an app of PM2's.
pub(crate) fn of_app(app: &Automation, files: &Files) -> Result<App, Refused> {
    let path = app.source.path.as_str();
    let name = app.id.name();
    let (file, reading) = (js(path), reading(path, files)?);
    let written = match reading {
        Reading::Required => String::new(),
        Reading::WrittenOut => {
            format!(", {}", compact(&written_out(path, name, files)?))
        }
    };
    Ok(App { name: format!("{name}-backup"), code: format!("...again({file}, {}{written})", js(name)) })
}

/// What PM2 reads of an app's file, as an expression of JavaScript that is run anywhere in the repository.
pub(crate) fn apps_of(app: &Automation, files: &Files) -> Result<String, Refused> {
    let path = app.source.path.as_str();
    match reading(path, files)? {
        Reading::Required => {
            Ok(format!("require(path.resolve(process.env.GITHUB_WORKSPACE ?? '.', {}))", js(path)))
        }
        Reading::WrittenOut => Ok(compact(&written_out(path, app.id.name(), files)?)),
    }
}

fn written_out(path: &str, name: &str, files: &Files) -> Result<Value, Refused> {
    let text = files.text(path).unwrap_or_default();
    let value = json_of_yaml::value(text).ok_or_else(|| {
        Refused::new(format!("{path} repeats itself or is no YAML"), "Write its values out.")
    })?;
    Ok(only(&value, name))
}

/// Only the app of a name: what else a file holds may be secret, and is nobody's backup.
fn only(config: &Value, name: &str) -> Value {
    let apps = config.get("apps").or_else(|| config.get("pm2")).unwrap_or(config);
    let list = match apps {
        Value::Array(list) => list.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            vec![apps.clone()]
        }
    };
    Value::Array(list.into_iter().filter(|app| own_name(app) == Some(name)).collect())
}

/// What PM2 calls an app: its name, else its script without the ending.
fn own_name(app: &Value) -> Option<&str> {
    let script = || {
        let file = app.get("script")?.as_str()?.rsplit('/').next()?;
        Some(file.rsplit_once('.').map_or(file, |(stem, _)| stem))
    };
    app.get("name").and_then(Value::as_str).or_else(script)
}

fn reading(path: &str, files: &Files) -> Result<Reading, Refused> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let has = |part: &str| name.contains(part);
    if has(".json") {
        let is_plain = files.text(path).is_some_and(|text| serde_json::from_str::<Value>(text).is_ok());
        return if is_plain {
            Ok(Reading::Required)
        } else {
            Err(Refused::new(
                format!("{path} is JSON with extensions, which only PM2 reads"),
                "Write it as .config.cjs.",
            ))
        };
    }
    if has(".yml") || has(".yaml") {
        return Ok(Reading::WrittenOut);
    }
    if has(".config.mjs") {
        return Err(Refused::new(
            format!("{path} is an ES module, which the backup cannot read at its start"),
            "Write it as .config.cjs.",
        ));
    }
    if has(".config.js") || has(".config.cjs") {
        return Ok(Reading::Required);
    }
    Err(Refused::new(
        format!("{path} is not a configuration that PM2 reads by its name"),
        "Name it ecosystem.config.cjs.",
    ))
}

/// The app that runs a workflow or a function on this host. An app that stands by is one that nobody has started:
/// PM2 7.0.4 never starts one with `autostart: false`, not even by its name.
pub(crate) fn of_run(
    automation: &Automation,
    schedule: Option<&ScheduleSpec>,
    mode: Mode,
    others: &[App],
) -> App {
    let mut app = Map::new();
    let kind = match automation.id.kind() {
        Kind::Netlify => "function",
        Kind::Workflow
        | Kind::Pm2
        | Kind::Npm
        | Kind::Command
        | Kind::Aws
        | Kind::Crontab
        | Kind::Systemd
        | Kind::Kubernetes
        | Kind::Script
        | Kind::Heartbeat => automation.id.kind().as_str(),
    };
    let stem = automation.id.name().trim_end_matches(".yml").trim_end_matches(".yaml");
    let name = free_name(&format!("{kind}-{stem}-backup"), others);
    app.insert("name".into(), name.as_str().into());
    app.insert("script".into(), "standin".into());
    app.insert("args".into(), json!(["run", automation.id.as_str()]));
    app.insert("interpreter".into(), "none".into());
    app.insert("autorestart".into(), false.into());
    let cron = schedule.and_then(|schedule| times::for_pm2(&schedule.cron));
    if let (Mode::Active, Some(cron)) = (mode, cron) {
        app.insert("cron_restart".into(), cron.into());
    }
    let lines: Vec<String> =
        app.iter().map(|(key, value)| format!("  {key}: {},\n", compact(value))).collect();
    App { name, code: format!("{{\n{}  cwd: __dirname,\n}}", lines.concat()) }
}

/// A name that no other app has: `n.yml` and `n.yaml` are two workflows.
fn free_name(wanted: &str, others: &[App]) -> String {
    let is_free = |name: &String| others.iter().all(|other| other.name != *name);
    let numbered = (2..=others.len().saturating_add(1)).map(|number| format!("{wanted}-{number}"));
    [wanted.to_owned()].into_iter().chain(numbered).find(is_free).unwrap_or_else(|| wanted.to_owned())
}

/// The whole file.
pub(crate) fn file(apps: &[App], mode: Mode) -> String {
    let mode = match mode {
        Mode::Standby => "off until they are needed: `pm2 start standin.backup.config.cjs --only NAME`",
        Mode::Active => "beside what they stand in for: `pm2 start standin.backup.config.cjs`",
    };
    let (again, plain): (Vec<&App>, Vec<&App>) = apps.iter().partition(|app| app.code.starts_with("..."));
    let list: String = plain.into_iter().chain(again).map(|app| format!("{},\n", app.code)).collect();
    format!(
        "// {}\n// The backups that PM2 runs here, {mode}.\n// `standin backup` writes this file anew, and what is changed here by hand is lost.\n{}\nmodule.exports = {{\n  apps: [\n{}  ],\n}};\n",
        ownership::mark(None),
        AGAIN.replace("BACKOFF_MS", &BACKOFF_MS.to_string()),
        list.lines().map(|line| format!("    {line}\n")).collect::<String>()
    )
}

fn js(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// A value on one line. JSON is JavaScript.
fn compact(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
