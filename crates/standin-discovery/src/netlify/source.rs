//! What the source of a function says of itself, as Netlify's own static analysis reads it.

use standin_core::automation::{Flavour, Severity, Standing};

use super::{Background, Function, Lack};
use crate::findings::{Gathered, finding};
use crate::js::{self, Export, First, Module, Wanted};
use crate::registry::Repository;
use crate::value::{Data, Lookup, Value};

mod beside;

#[cfg(test)]
mod tests;

/// The module whose `schedule` wrapper Netlify knows.
const HELPERS: &str = "@netlify/functions";

/// Reads the schedule of a function, if its source has one that counts. Gives what it asks for, where it can be read.
pub(crate) fn read(
    repository: &Repository<'_>,
    text: &str,
    function: &mut Function<'_>,
    gathered: &mut Gathered,
) -> Option<Wanted> {
    let (module, asks, assigned) = match js::read_function(text, &repository.absolute(function.path)) {
        Ok(read) => read,
        Err(fault) => {
            let reason = format!("line {}: {}", fault.line, fault.message);
            function.fall_short(Standing::Declared, &reason);
            let fix = "Correct the file at this line.";
            gathered.find(finding(
                fault.rule,
                Severity::Error,
                function.path,
                fault.line,
                fault.message,
                fix,
            ));
            return None;
        }
    };
    match (module.named.get("handler"), &module.default) {
        (None, Some(default)) => {
            function.flavour = Flavour::V2;
            let config = module.named.get("config");
            modern(function, default, config, gathered);
            let call = default.call.as_ref().filter(|call| is_helper(call));
            if call.is_some() && function.schedule.is_none() {
                inert_wrapper(function, default.value.line, "around a default export", gathered);
            }
            if function.schedule.is_none() {
                beside::of_default(function, &module, gathered);
            }
        }
        (handler, _) => {
            // Whatever has no default export is called as the first version was.
            function.flavour = Flavour::V1;
            if handler.is_none()
                && module.whole.as_ref().is_none_or(has_no_handler)
                && !may_export_more(text, &assigned)
            {
                let is_test = module.imports.iter().any(|import| TESTERS.contains(&import.module.as_str()));
                function.lacks = Some(if is_test { Lack::Test } else { Lack::Handler });
            }
            old(text, function, &module, gathered);
            beside::of_handler(function, &module, &assigned, gathered);
        }
    }
    Some(asks)
}

/// Modules by which a file shows that it is a test.
const TESTERS: [&str; 8] =
    ["vitest", "node:test", "test", "@jest/globals", "mocha", "ava", "tap", "@playwright/test"];

/// The wrapper around a `handler`, wherever it stands.
fn old(text: &str, function: &mut Function<'_>, module: &Module, gathered: &mut Gathered) {
    let wrapper = module.named.get("handler");
    let wrapper = wrapper.and_then(|handler| handler.call.as_ref().map(|call| (call, handler.value.line)));
    let is_wrapped = wrapper.filter(|(call, _)| is_helper(call));
    let has_import = module
        .imports
        .iter()
        .any(|import| import.module == HELPERS && import.name.as_deref() == Some("schedule"));
    match is_wrapped {
        Some((call, line)) => {
            let literal = call.arguments.first().filter(|_| call.first == First::Literal);
            wrapped(function, literal, line, gathered);
        }
        None if has_import => unused_wrapper(function, gathered),
        None => {
            let line = whole_module(text, &module.imports).filter(|_| function.schedule.is_none());
            if let Some(line) = line {
                inert_wrapper(function, line, "of the module as a whole", gathered);
            }
        }
    }
}

/// Ways of exporting that are not followed: there may be a `handler` among what they export.
const MORE: [&str; 8] = [
    "export *",
    "__exportStar",
    "defineProperty(exports",
    "defineProperty(module.exports",
    "Object.assign(exports",
    "Object.assign(module.exports",
    "exports.default",
    "exports[",
];

fn may_export_more(text: &str, assigned: &[js::Assigned]) -> bool {
    let is_own = |one: &js::Assigned| {
        one.name == "handler" && matches!(one.object.as_str(), "exports" | "module.exports")
    };
    assigned.iter().any(is_own)
        || text.contains("exports.handler")
        || MORE.iter().any(|way| text.contains(way))
}

/// A default export, with `export const config` or a `config` within it.
fn modern(function: &mut Function<'_>, default: &Export, config: Option<&Export>, gathered: &mut Gathered) {
    let inline = default.value.get("config");
    let is_plain = config.is_none_or(|config| config.plain.contains("schedule"));
    let Some(config) = config.map(|config| &config.value).or(inline) else { return };
    if let Data::Computed(what) = &config.data {
        let message = format!("`config` is computed ({what}), and Netlify reads only what is spelled out");
        let fix = "Write `export const config = { … }` with plain values.";
        gathered.find(finding(
            "netlify-computed-config",
            Severity::Warning,
            function.path,
            config.line,
            message,
            fix,
        ));
        return;
    }
    if let Some((line, why)) = wrong_config(config) {
        let message = format!("{why}: Netlify refuses to build it");
        function.fall_short(Standing::Declared, &message);
        let fix = "Correct `config` at this line.";
        gathered.find(finding("netlify-config-invalid", Severity::Error, function.path, line, message, fix));
    }
    if let Some(Value { data: Data::Bool(true), .. }) = config.get("background") {
        function.is_background = Background::Yes;
    }
    let Some(schedule) = config.get("schedule") else { return };
    match &schedule.data {
        Data::Text(cron) if is_plain => {
            function.schedule = Some((cron.to_string(), function.path.to_owned(), schedule.line));
        }
        Data::Text(_)
        | Data::Null
        | Data::Bool(_)
        | Data::Number(_)
        | Data::List(_)
        | Data::Map(_)
        | Data::Computed(_) => {
            let message =
                "Netlify reads `schedule` only as a string in quotes right in the object of `config`";
            let fix = "Write `export const config = { schedule: '…' }`, without `as`, `satisfies` or a name.";
            function.fall_short(Standing::Loadable, message);
            let rule = "netlify-inert-schedule";
            gathered.find(finding(rule, Severity::Error, function.path, schedule.line, message, fix));
        }
    }
}

fn wrapped(function: &mut Function<'_>, expression: Option<&Value>, line: u32, gathered: &mut Gathered) {
    match expression.map(|value| (&value.data, value.line)) {
        Some((Data::Text(cron), line)) => {
            function.schedule = Some((cron.to_string(), function.path.to_owned(), line))
        }
        Some(_) | None => {
            let message =
                "the first argument of `schedule` is no text in this file: Netlify refuses to build it";
            function.fall_short(Standing::Declared, message);
            let fix = "Write the expression itself in quotes.";
            gathered.find(finding(
                "netlify-schedule-computed",
                Severity::Error,
                function.path,
                line,
                message,
                fix,
            ));
        }
    }
}

/// Whether `module.exports = …` is a map without a `handler`, or a function.
fn has_no_handler(whole: &Export) -> bool {
    match &whole.value.data {
        Data::Map(_) => whole.value.look_up("handler") == Lookup::Missing,
        Data::Computed(what) => what == "a function" || what == "a class",
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::List(_) => true,
    }
}

/// What Netlify checks of `config`: one value of the wrong form, and it refuses to build the function.
fn wrong_config(config: &Value<'static>) -> Option<(u32, String)> {
    let list_of = |value: &Value<'static>| match &value.data {
        Data::List(items) => items.clone(),
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Map(_) | Data::Computed(_) => {
            vec![value.clone()]
        }
    };
    for name in ["path", "excludedPath"] {
        let Some(value) = config.get(name) else { continue };
        let is_wrong = |one: &Value| !matches!(&one.data, Data::Text(path) if path.starts_with('/'));
        if let Some(one) = list_of(value).iter().find(|one| is_wrong(one) && !is_computed(one)) {
            return Some((one.line, format!("`{name}` does not begin with a slash")));
        }
    }
    let method = config.get("method").map(list_of).unwrap_or_default();
    let is_method =
        |one: &Value| one.text().is_some_and(|text| METHODS.contains(&text.to_uppercase().as_str()));
    if let Some(one) = method.iter().find(|one| !is_method(one) && !is_computed(one)) {
        return Some((one.line, "`method` is none of HTTP's that Netlify knows".to_owned()));
    }
    let background = config.get("background")?;
    let is_wrong = !matches!(background.data, Data::Bool(_) | Data::Null) && !is_computed(background);
    is_wrong.then(|| (background.line, "`background` is neither true nor false".to_owned()))
}

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "OPTIONS", "DELETE", "HEAD"];

fn is_computed(value: &Value) -> bool {
    matches!(value.data, Data::Computed(_))
}

fn is_helper(call: &js::Call) -> bool {
    call.module == HELPERS && call.function == "schedule"
}

/// The line of `netlify.schedule(…)`, where `netlify` is all of the module: Netlify knows the name alone.
fn whole_module(text: &str, imports: &[js::Imported]) -> Option<u32> {
    let is_whole = |import: &js::Imported| {
        import.module == HELPERS && import.name.as_deref().is_none_or(|name| name == "default")
    };
    let is_required = |line: &str| line.contains("require(") && line.contains(HELPERS);
    let is_there = imports.iter().any(is_whole);
    (1..).zip(text.lines()).find_map(|(number, line)| {
        let code = line.split("//").next().unwrap_or(line);
        (code.contains(".schedule(") && (is_there || is_required(code))).then_some(number)
    })
}

/// `schedule(…)` where Netlify's reader does not see it.
fn inert_wrapper(function: &mut Function<'_>, line: u32, place: &str, gathered: &mut Gathered) {
    let message = format!("Netlify passes over `schedule(…)` {place}: nothing runs by it");
    function.fall_short(Standing::Loadable, &message);
    let fix = "Write `export const config = { schedule: '…' }` beside a default export.";
    gathered.find(finding("netlify-inert-schedule", Severity::Error, function.path, line, message, fix));
}

fn unused_wrapper(function: &mut Function<'_>, gathered: &mut Gathered) {
    let message =
        "`schedule` is imported and the exported `handler` does not use it: Netlify refuses to build it";
    function.fall_short(Standing::Declared, message);
    let fix = "Write `export const handler = schedule('…', …)`, or delete the import.";
    gathered.find(finding("netlify-schedule-unused", Severity::Error, function.path, 1, message, fix));
}
