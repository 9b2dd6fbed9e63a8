//! Schedules in `netlify.toml` that Netlify has never read, and the settings as they are in production.

use standin_core::automation::Severity;

use super::settings::Sorted;
use crate::findings::{Gathered, finding};
use crate::lines::quote;
use crate::value::{Data, Entry, Key, Value};

/// Tables at the top of the file that look as if Netlify ran something by them.
const TABLES: [&str; 10] = [
    "scheduled",
    "scheduled_functions",
    "scheduled-functions",
    "scheduledFunctions",
    "scheduled_function",
    "schedules",
    "schedule",
    "crons",
    "cron",
    "cron_jobs",
];

/// Keys of a function's table that look like its schedule.
const KEYS: [&str; 6] = ["cron", "crons", "schedules", "cron_schedule", "cron_expression", "scheduled"];

/// Keys by which such a table names its function.
const NAMES: [&str; 5] = ["function", "name", "path", "handler", "target"];

/// Settings of the build that stand in a context without a table of their own.
const OF_BUILD: [&str; 8] =
    ["base", "command", "edge_functions", "environment", "functions", "ignore", "processing", "publish"];

/// A schedule that is passed over.
pub(crate) struct Named {
    /// The function that it names.
    pub(crate) name: String,
    pub(crate) line: u32,
    pub(crate) why: String,
}

/// Says of every schedule of the file that it is none, and which function each names.
pub(super) fn passed_over(
    path: &str,
    root: &Value<'static>,
    sorted: &Sorted<'_>,
    gathered: &mut Gathered,
) -> Vec<Named> {
    let mut named = Vec::new();
    for entry in root.entries() {
        let Some(key) = entry.key.name().filter(|key| TABLES.contains(key)) else { continue };
        let (shown, value) = match (key, entry.value.get("functions")) {
            ("scheduled", Some(functions)) => ("scheduled.functions", functions),
            _ => (key, &entry.value),
        };
        let why = match value.data {
            Data::Map(_) => format!("Netlify passes over `[{shown}]`"),
            Data::Null
            | Data::Bool(_)
            | Data::Number(_)
            | Data::Text(_)
            | Data::List(_)
            | Data::Computed(_) => format!("Netlify passes over `[[{shown}]]`"),
        };
        let count = value.items().len().max(value.entries().len());
        let more = match count {
            0 | 1 => "nothing runs by it".to_owned(),
            count => format!("nothing runs by any of these {count} schedules"),
        };
        let line = value.items().first().map_or(entry.line, |first| first.line);
        say(path, line, format!("{why}: {more}"), gathered);
        let items = value.items().iter().filter_map(|item| Some((name_of(item)?, item.line)));
        let keys = value.entries().iter().filter_map(|one| Some((one.key.name()?.to_owned(), one.line)));
        named.extend(items.chain(keys).map(|(name, line)| Named { name, line, why: why.clone() }));
    }
    for entry in &sorted.single {
        let Some(name) = entry.key.name().filter(|_| entry.value.get("schedule").is_none()) else { continue };
        let Some((key, value)) = KEYS.iter().find_map(|key| Some((*key, entry.value.get(key)?))) else {
            continue;
        };
        let why = format!("Netlify passes over `{key}` of a function, and knows only `schedule`");
        say(path, value.line, format!("{why}: nothing runs by it"), gathered);
        named.push(Named { name: name.to_owned(), line: value.line, why });
    }
    named
}

fn say(path: &str, line: u32, message: String, gathered: &mut Gathered) {
    let fix = "Write `[functions.\"NAME\"]` with `schedule = \"…\"`.";
    gathered.find(finding("netlify-inert-schedule", Severity::Error, path, line, message, fix));
}

/// How what a person has written where Netlify wants the table of a function would be read: `[[functions.scheduled]]`,
/// `[functions] tick = "@daily"`.
pub(super) fn meant(key: &str, value: &Value) -> String {
    let first = value.items().first();
    let cron = |table: &Value| {
        let keys = std::iter::once("schedule").chain(KEYS);
        keys.filter_map(|key| table.get(key)?.text()).next().map(str::to_owned)
    };
    let (name, schedule) = match (first, value.text()) {
        (Some(first), _) => (name_of(first), cron(first)),
        (None, Some(text)) => (Some(key.to_owned()), Some(text.to_owned())),
        (None, None) => (None, None),
    };
    let name = quote(name.as_deref().unwrap_or("NAME"));
    let more = if value.items().len() > 1 { ", and so for each of the others" } else { "" };
    match schedule {
        Some(cron) => format!("Write `[functions.\"{name}\"]` with `schedule = \"{}\"`{more}.", quote(&cron)),
        None if first.is_some() => format!("Write `[functions.\"{name}\"]` with its settings{more}."),
        None => "Write `[functions.\"NAME\"]`, and the settings of this function in it.".to_owned(),
    }
}

/// `tick` of `/.netlify/functions/tick` and of `netlify/functions/tick.js`.
fn name_of(table: &Value) -> Option<String> {
    let text = NAMES.iter().find_map(|key| table.get(key)?.text())?;
    let last = text.rsplit('/').next().unwrap_or(text);
    Some(last.split_once('.').map_or(last, |(stem, _)| stem).to_owned())
}

/// The settings with what its production context has of its own.
pub(super) fn in_production(root: &Value<'static>) -> Value<'static> {
    let Some(context) = root.get("context").and_then(|context| context.get("production")) else {
        return root.clone();
    };
    let mut build = Vec::new();
    let mut others = Vec::new();
    for entry in context.entries() {
        let is_of_build = entry.key.name().is_some_and(|name| OF_BUILD.contains(&name))
            && !matches!(entry.value.data, Data::List(_))
            && !(entry.key.name() == Some("functions") && matches!(entry.value.data, Data::Map(_)));
        if is_of_build { build.push(entry.clone()) } else { others.push(entry.clone()) }
    }
    if !build.is_empty() {
        let value = Value::new(context.line, Data::Map(build));
        let build = Entry { key: Key::Named("build".into()), line: context.line, value };
        others.insert(0, build);
    }
    let mut merged = root.clone();
    for entry in others {
        merge(&mut merged, entry);
    }
    merged
}

/// Puts an entry into a map: tables are joined, plugins added, and anything else takes the place of what was there. The
/// nesting is bounded by the parser.
fn merge(into: &mut Value<'static>, entry: Entry<'static>) {
    let Data::Map(entries) = &mut into.data else { return };
    let is_plugins = entry.key.name() == Some("plugins");
    let Some(known) = entries.iter_mut().find(|known| known.key == entry.key) else {
        return entries.push(entry);
    };
    match (&mut known.value.data, entry.value.data) {
        (Data::Map(_), Data::Map(more)) => more.into_iter().for_each(|one| merge(&mut known.value, one)),
        (Data::List(plugins), Data::List(more)) if is_plugins => plugins.extend(more),
        (_, data) => known.value = Value::new(entry.value.line, data),
    }
}
