//! `serverless.yml`: functions with `schedule` events.

use standin_core::automation::{Severity, Standing};
use standin_core::ident::Kind;

use super::{Service, computed, handler, plain, schedule};
use crate::contents::{File, Found, Names};
use crate::files;
use crate::findings::Gathered;
use crate::js;
use crate::limits::MAX_REFERENCES;
use crate::lines::quote;
use crate::value::{Data, Key, Value};
use crate::yaml;

/// Adds the schedules of a service's functions.
pub(super) fn read(file: &File<'_>, root: &Value, gathered: &mut Gathered) {
    if plain(root.get("provider").map(|p| p.get("name").unwrap_or(p))).is_some_and(|name| name != "aws") {
        return;
    }
    let Some(functions) = root.get("functions") else { return };
    let functions = followed(file, root, functions);
    let maps: Vec<&Value> = match &functions.data {
        // A list of maps, each often from a file of its own.
        Data::List(items) => items.iter().collect(),
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Map(_) | Data::Computed(_) => {
            vec![&functions]
        }
    };
    for map in maps {
        let map = followed(file, root, map);
        elsewhere(file, "functions come", &map, gathered);
        for entry in map.entries() {
            let Key::Named(name) = &entry.key else {
                let what = Value::new(entry.line, Data::Computed("a spread or a computed name".to_owned()));
                elsewhere(file, "functions come", &what, gathered);
                continue;
            };
            let one = followed(file, root, &entry.value);
            elsewhere(file, &format!("the function `{}` comes", quote(name)), &one, gathered);
            function(file, root, name, &one, gathered);
        }
    }
}

/// A service that is written as a program: what it spells out.
pub(super) fn program(file: &File<'_>, gathered: &mut Gathered) {
    let root = file.repository.root;
    let left = js::files_left();
    let path = file.repository.absolute(file.path);
    let exported = match js::read_module_within(file.text, &path, Some(js::Reach::new(root, &left))) {
        Ok(module) => module.whole.or(module.default).map(|export| export.value),
        Err(fault) => {
            let fix = "Correct the file at this line.";
            return file.say((fault.rule, Severity::Error, fault.line), fault.message, fix, gathered);
        }
    };
    match exported {
        Some(value) if matches!(value.data, Data::Map(_)) => read(file, &value, gathered),
        Some(_) | None => {
            let message = "this service is a program, and what it exports is computed";
            let fix = "Nothing, if it has no schedules; else give them in standin.toml.";
            file.say(("aws-computed", Severity::Note, 1), message, fix, gathered);
        }
    }
}

/// Says of a value that it is not in this file.
fn elsewhere(file: &File<'_>, what: &str, value: &Value, gathered: &mut Gathered) {
    let from = match &value.data {
        Data::Text(text) => quote(text),
        Data::Computed(from) => quote(from),
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::List(_) | Data::Map(_) => return,
    };
    let message = format!("{what} from elsewhere, and cannot be read: {from}");
    let fix = "Nothing, if nothing there has a schedule; else name a YAML or JSON file of the repository.";
    file.say(("aws-computed", Severity::Note, value.line), message, fix, gathered);
}

/// What `${file(./functions.yml)}` or `${file(./functions.yml):tick}` names, where it is data of the repository.
fn followed(file: &File<'_>, root: &Value, value: &Value) -> Value<'static> {
    let read = || {
        let (written, _) = own(root, value.text()?)
            .unwrap_or_else(|_| (value.text().unwrap_or_default().to_owned(), From::TheFile));
        let inner = written.strip_prefix("${file(")?.strip_suffix('}')?;
        let (path, keys) = inner.split_once(')')?;
        let path = path.trim();
        if ![".yml", ".yaml", ".json"].iter().any(|ending| path.ends_with(ending)) {
            return None;
        }
        let disk = file.repository.root;
        let whole = js::resolve(&file.repository.absolute(file.folder()), path);
        // A link may lead out of the repository.
        let real = disk.link(&whole)?;
        let text = files::read(disk, real.strip_prefix(disk).ok()?.to_str()?).ok()?;
        let found = if path.ends_with(".json") {
            js::read_expression(&text, &whole).ok()?
        } else {
            yaml::parse(&text).ok()?.root.into_owned()
        };
        let keys = keys.strip_prefix(':').unwrap_or(keys).split('.').filter(|key| !key.is_empty());
        let found = keys.into_iter().try_fold(&found, |value, key| value.get(key))?;
        Some(found.clone().at_line(value.line))
    };
    read().unwrap_or_else(|| value.clone().into_owned())
}

fn function(file: &File<'_>, root: &Value, name: &str, function: &Value, gathered: &mut Gathered) {
    let mut names = Names::default();
    for event in function.get("events").map(Value::items).unwrap_or_default() {
        let bridge = event.get("eventBridge");
        let Some(value) = event.get("schedule").or(bridge.and_then(|bridge| bridge.get("schedule"))) else {
            continue;
        };
        let rates: Vec<&Value> = match value.get("rate") {
            Some(Value { data: Data::List(rates), .. }) => rates.iter().collect(),
            Some(rate) => vec![rate],
            None => vec![value],
        };
        let line = event
            .entry("schedule")
            .or(bridge.and_then(|b| b.entry("schedule")))
            .map_or(event.line, |entry| entry.line);
        for rate in rates {
            if !file.more(line, gathered) {
                return;
            }
            let mut found = Found::new(Kind::Aws, names.unique(name), line);
            one(file, root, (value, rate), &mut found, gathered);
            if let Some(written) = function.get("handler")
                && let Some(text) = written.text()
            {
                handler(file, &mut found, (".", text, written.line), gathered);
            }
            file.add(found, gathered);
        }
    }
}

fn one(
    file: &File<'_>,
    root: &Value,
    (event, rate): (&Value, &Value),
    found: &mut Found,
    gathered: &mut Gathered,
) {
    if let Some(enabled) = event.get("enabled")
        && let Some(from) = is_false(root, enabled)
    {
        let message = match from {
            From::TheFile => "it is disabled",
            From::ADefault => "it is disabled where nothing else is set from outside",
        };
        found.fall_short(Standing::Loadable, message);
        file.say(
            ("aws-disabled", Severity::Warning, enabled.line),
            message,
            "Enable it, or delete it.",
            gathered,
        );
    }
    let service =
        if plain(event.get("method")) == Some("scheduler") { Service::Scheduler } else { Service::Rule };
    let zone = plain(event.get("timezone")).unwrap_or("UTC");
    if zone != "UTC" && service == Service::Rule {
        let message = "`timezone` counts only with `method: scheduler`";
        found.fall_short(Standing::Declared, message);
        let fix = "Add `method: scheduler`.";
        file.say(("aws-zone", Severity::Error, found.line), message, fix, gathered);
    }
    match rate.text().map(|text| own(root, text)) {
        Some(Ok((text, from))) => {
            if from == From::ADefault {
                let message = "its schedule is the one that counts where nothing else is set from outside";
                let fix = "Nothing, if it is deployed with the default.";
                file.say(("aws-by-default", Severity::Note, rate.line), message, fix, gathered);
            }
            schedule(file, found, (&text, zone, rate.line), service, gathered);
        }
        Some(Err(what)) => computed(file, found, rate.line, &what, gathered),
        None => {
            let message = format!("a schedule is a text, and this is {}", rate.noun());
            found.fall_short(Standing::Declared, &message);
            let fix = "Write `rate(1 hour)` or `cron(0 3 * * ? *)`.";
            file.say(("aws-expression", Severity::Error, rate.line), message, fix, gathered);
        }
    }
}

/// Whether a value comes to `false`, and from where.
fn is_false(root: &Value, value: &Value) -> Option<From> {
    match &value.data {
        Data::Bool(false) => Some(From::TheFile),
        Data::Text(text) => own(root, text).ok().filter(|(text, _)| text == "false").map(|(_, from)| from),
        Data::Bool(true)
        | Data::Null
        | Data::Number(_)
        | Data::List(_)
        | Data::Map(_)
        | Data::Computed(_) => None,
    }
}

/// Where a text is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    TheFile,
    /// What stands behind a comma, for when nothing is set from outside.
    ADefault,
}

/// The text with each `${self:a.b}` of the same file in its place, the inner ones first, and with the default of what is
/// set from outside; what else it is computed from.
fn own(root: &Value, text: &str) -> Result<(String, From), String> {
    let (mut text, mut from) = (text.to_owned(), From::TheFile);
    for _ in 0..MAX_REFERENCES {
        let Some((before, behind)) = text.split_once('}') else { return Ok((text, from)) };
        let Some((before, name)) = before.rsplit_once("${") else { return Ok((text, from)) };
        let Some((value, of)) = reference(root, name) else { return Err(format!("`{}`", quote(name))) };
        if of == From::ADefault {
            from = of;
        }
        text = format!("{before}{value}{behind}");
    }
    Err("references that lead to one another".to_owned())
}

/// The first of several that is known: `self:a.b`, `opt:stage, 'dev'`.
fn reference(root: &Value, name: &str) -> Option<(String, From)> {
    let mut from = From::TheFile;
    for part in name.split(',').map(str::trim) {
        let quoted = |quote: char| part.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(literal) = quoted('\'').or(quoted('"')) {
            return Some((literal.to_owned(), from));
        }
        if let Some(path) = part.strip_prefix("self:") {
            let value = path.split('.').try_fold(root, |value, key| value.get(key));
            if let Some(value) = value.and_then(Value::scalar) {
                return Some((value, from));
            }
        } else if part == "sls:stage" {
            return Some(("dev".to_owned(), From::ADefault));
        } else {
            from = From::ADefault;
        }
    }
    None
}
