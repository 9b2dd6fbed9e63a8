//! `serverless.yml`: functions with `schedule` events.

use standin_core::automation::{Severity, Standing};
use standin_core::ident::Kind;

use super::{Service, computed, handler, plain, schedule};
use crate::contents::{File, Found, Names};
use crate::findings::Gathered;
use crate::js;
use crate::lines::quote;
use crate::value::{Data, Key, Value};

mod variables;

#[cfg(test)]
mod tests;

use variables::{From, Unknown, Variables};

/// Adds the schedules of a service's functions.
pub(super) fn read(file: &File<'_>, root: &Value, gathered: &mut Gathered) {
    if plain(root.get("provider").map(|p| p.get("name").unwrap_or(p))).is_some_and(|name| name != "aws") {
        return;
    }
    let Some(functions) = root.get("functions") else { return };
    let variables = Variables::new(file, root);
    let functions = variables.followed(functions);
    let maps: Vec<&Value> = match &functions.data {
        // A list of maps, each often from a file of its own.
        Data::List(items) => items.iter().collect(),
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Map(_) | Data::Computed(_) => {
            vec![&functions]
        }
    };
    for map in maps {
        let map = variables.followed(map);
        elsewhere(file, "functions come", &map, gathered);
        for entry in map.entries() {
            let Key::Named(name) = &entry.key else {
                let what = Value::new(entry.line, Data::Computed("a spread or a computed name".to_owned()));
                elsewhere(file, "functions come", &what, gathered);
                continue;
            };
            let one = variables.followed(&entry.value);
            elsewhere(file, &format!("the function `{}` comes", quote(name)), &one, gathered);
            function(file, &variables, name, &one, gathered);
        }
    }
}

/// A service that is written as a program: what it spells out.
pub(super) fn program(file: &File<'_>, gathered: &mut Gathered) {
    let root = file.repository.root;
    let trail = js::Trail::new();
    let path = file.repository.absolute(file.path);
    let exported = match js::read_module_within(file.text, &path, Some(js::Reach::new(root, &trail))) {
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

fn function(
    file: &File<'_>,
    variables: &Variables<'_>,
    name: &str,
    function: &Value,
    gathered: &mut Gathered,
) {
    let mut names = Names::default();
    let Some(events) = function.get("events").map(|events| variables.followed(events)) else { return };
    let what = format!("an event of the function `{}` comes", quote(name));
    unread(file, &what, &events, gathered);
    for event in events.items() {
        let event = variables.followed(event);
        unread(file, &what, &event, gathered);
        let bridge = event.get("eventBridge").map(|bridge| variables.followed(bridge));
        let bridged = || bridge.as_ref().and_then(|bridge| bridge.entry("schedule"));
        let Some(entry) = event.entry("schedule").or_else(bridged) else { continue };
        let value = variables.followed(&entry.value);
        // As it is written, so that it is known which of them is a default.
        let rate = value.get("rate").unwrap_or(&entry.value);
        let listed = variables.followed(rate);
        let rates: Vec<&Value> = match &listed.data {
            Data::List(rates) => rates.iter().collect(),
            Data::Null
            | Data::Bool(_)
            | Data::Number(_)
            | Data::Text(_)
            | Data::Map(_)
            | Data::Computed(_) => {
                vec![rate]
            }
        };
        for rate in rates {
            if !file.more(entry.line, gathered) {
                return;
            }
            let mut found = Found::new(Kind::Aws, names.unique(name), entry.line);
            one(file, variables, (&value, rate), &mut found, gathered);
            if let Some(written) = function.get("handler")
                && let Some(text) = written.text()
            {
                handler(file, &mut found, (".", text, written.line), gathered);
            }
            file.add(found, gathered);
        }
    }
}

/// Says of events that they are named by a reference that leads elsewhere. There are other events than maps.
fn unread(file: &File<'_>, what: &str, value: &Value, gathered: &mut Gathered) {
    if value.text().is_none_or(|text| text.contains("${")) {
        elsewhere(file, what, value, gathered);
    }
}

fn one(
    file: &File<'_>,
    variables: &Variables<'_>,
    (event, rate): (&Value, &Value),
    found: &mut Found,
    gathered: &mut Gathered,
) {
    if let Some(enabled) = event.get("enabled") {
        switch(file, variables, enabled, found, gathered);
    }
    let method = event.get("method").map(|method| variables.followed(method));
    let service =
        if plain(method.as_ref()) == Some("scheduler") { Service::Scheduler } else { Service::Rule };
    let zone = match event.get("timezone").map(|zone| variables.value(zone)) {
        None => "UTC".to_owned(),
        Some(Ok((zone, _))) => zone.scalar().unwrap_or_default(),
        Some(Err(Unknown::Missing(what) | Unknown::Elsewhere(what))) => {
            return computed(file, found, rate.line, &format!("its zone is {what}"), gathered);
        }
    };
    if zone != "UTC" && service == Service::Rule {
        let message = "`timezone` counts only with `method: scheduler`";
        found.fall_short(Standing::Declared, message);
        let fix = "Add `method: scheduler`.";
        file.say(("aws-zone", Severity::Error, found.line), message, fix, gathered);
    }
    match variables.value(rate) {
        Ok((Value { data: Data::Text(text), .. }, from)) => {
            if from == From::ADefault {
                let message = "its schedule is the one that counts where nothing else is set from outside";
                let fix = "Nothing, if it is deployed with the default.";
                file.say(("aws-by-default", Severity::Note, rate.line), message, fix, gathered);
            }
            schedule(file, found, (&text, &zone, rate.line), service, gathered);
        }
        Ok((other, _)) => {
            let message = format!("a schedule is a text, and this is {}", other.noun());
            found.fall_short(Standing::Declared, &message);
            let fix = "Write `rate(1 hour)` or `cron(0 3 * * ? *)`.";
            file.say(("aws-expression", Severity::Error, rate.line), message, fix, gathered);
        }
        Err(Unknown::Elsewhere(what)) => computed(file, found, rate.line, &what, gathered),
        Err(Unknown::Missing(what)) => {
            found.trigger("schedule");
            let message = format!("there is no {what} in this service: the framework refuses it");
            found.fall_short(Standing::Declared, &message);
            let fix = "Add it, or give it a default behind a comma.";
            file.say(("aws-variable-unknown", Severity::Error, rate.line), message, fix, gathered);
        }
    }
}

/// Whether it is enabled.
fn switch(
    file: &File<'_>,
    variables: &Variables<'_>,
    enabled: &Value,
    found: &mut Found,
    gathered: &mut Gathered,
) {
    let message = match variables.value(enabled) {
        Ok((value, from)) => match (value.scalar().as_deref(), from) {
            (Some("false"), From::TheFile) => "it is disabled",
            (Some("false"), From::ADefault) => "it is disabled where nothing else is set from outside",
            _ => return,
        },
        Err(Unknown::Missing(what) | Unknown::Elsewhere(what)) => {
            found.trigger("conditional");
            let message = format!("whether it is enabled is computed: {what}");
            let fix = "Nothing, if that is meant.";
            let mark = ("aws-conditional", Severity::Note, enabled.line);
            return file.say(mark, message, fix, gathered);
        }
    };
    found.fall_short(Standing::Loadable, message);
    let fix = "Enable it, or delete it.";
    file.say(("aws-disabled", Severity::Warning, enabled.line), message, fix, gathered);
}
