//! Schedules that stand beside a function where Netlify has never read any: `module.exports = { handler, config }`,
//! `exports.schedule = …`, `config = { cron: … }`.

use standin_core::automation::{Severity, Standing};

use crate::cron;
use crate::findings::{Gathered, finding};
use crate::js::{Assigned, Module};
use crate::netlify::Function;
use crate::value::{Data, Value};

/// Keys that people take for the one of a schedule.
const KEYS: [&str; 3] = ["schedule", "cron", "schedules"];

/// A schedule that is passed over: what it stands in, and where.
struct Found {
    what: String,
    line: u32,
}

/// Those of a function with a `handler`, or with none that it exports.
pub(super) fn of_handler(
    function: &mut Function<'_>,
    module: &Module,
    assigned: &[Assigned],
    gathered: &mut Gathered,
) {
    let whole = module.whole.as_ref().map(|whole| &whole.value);
    let has_handler = module.named.contains_key("handler")
        || whole.is_some_and(|whole| whole.get("handler").is_some())
        || function.lacks.is_none();
    let exported = module.named.iter().map(|(name, export)| (name.as_str(), &export.value));
    let whole = whole.map(Value::entries).unwrap_or_default();
    let whole = whole.iter().filter_map(|entry| Some((entry.key.name()?, &entry.value)));
    let set =
        assigned.iter().filter(|one| is_of_function(&one.object)).map(|one| (one.name.as_str(), &one.value));
    let mut found: Vec<Found> =
        exported.chain(whole).chain(set).filter_map(|(name, value)| schedule(name, value)).collect();
    found.sort_by_key(|one| one.line);
    found.dedup_by_key(|one| one.line);
    let place = if has_handler { "beside a `handler`" } else { "without a default export" };
    let fix = "Export the function as the default, or wrap the handler in `schedule(…)`.";
    for one in found {
        say(function, &one, place, fix, gathered);
    }
}

/// Those of a function with a default export, which has its schedule in `config` alone.
pub(super) fn of_default(function: &mut Function<'_>, module: &Module, gathered: &mut Gathered) {
    let named = module.named.iter().map(|(name, export)| (name.as_str(), &export.value));
    let found: Vec<Found> = named.filter_map(|(name, value)| foreign(name, value)).collect();
    let fix = "Write `export const config = { schedule: '…' }`.";
    for one in found {
        say(function, &one, "beside a default export", fix, gathered);
    }
}

fn is_of_function(object: &str) -> bool {
    matches!(object, "exports" | "module.exports" | "handler" | "exports.handler" | "module.exports.handler")
}

/// The schedule in what is exported under a name.
fn schedule(name: &str, value: &Value<'static>) -> Option<Found> {
    if name == "config"
        && let Some(schedule) = value.get("schedule")
    {
        return Some(Found { what: "`config`".to_owned(), line: schedule.line });
    }
    foreign(name, value)
}

/// The same, of a name or a key that no function has: only what is an expression counts.
fn foreign(name: &str, value: &Value<'static>) -> Option<Found> {
    if KEYS.contains(&name) && is_cron(value) {
        return Some(Found { what: format!("`{name}`"), line: value.line });
    }
    let keys = KEYS.iter().filter(|key| **key != "schedule");
    let (key, cron) = keys.filter_map(|key| Some((key, value.get(key)?))).find(|(_, cron)| is_cron(cron))?;
    (name == "config").then(|| Found { what: format!("`{key}` of `config`"), line: cron.line })
}

/// Whether a value is an expression, or a list of them.
fn is_cron(value: &Value<'static>) -> bool {
    match &value.data {
        Data::Text(text) => cron::check(text, "UTC").is_ok(),
        Data::List(items) => {
            items.first().and_then(Value::text).is_some_and(|text| cron::check(text, "UTC").is_ok())
        }
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Map(_) | Data::Computed(_) => false,
    }
}

fn say(function: &mut Function<'_>, one: &Found, place: &str, fix: &str, gathered: &mut Gathered) {
    let message = format!("Netlify passes over {} {place}: nothing runs by this schedule", one.what);
    if function.schedule.is_none() {
        function.fall_short(Standing::Loadable, &message);
    }
    let rule = "netlify-inert-schedule";
    gathered.find(finding(rule, Severity::Error, function.path, one.line, message, fix));
}
