//! What GitHub asks of the inputs of `workflow_dispatch` and `workflow_call` beyond their shape.

use super::Judged;
use crate::lines::quote;
use crate::value::{Data, Entry, Value};

/// Defaults are of the type of their input, and only a choice has options.
pub(super) fn check(root: &Value, judged: &mut Judged<'_>) {
    let Some(on) = root.get("on") else { return };
    for event in ["workflow_dispatch", "workflow_call"] {
        let inputs = on.get(event).and_then(|event| event.get("inputs"));
        for input in inputs.map(Value::entries).unwrap_or_default() {
            default(input, judged);
            if event == "workflow_dispatch" {
                options(input, judged);
            }
        }
    }
}

fn default(input: &Entry, judged: &mut Judged<'_>) {
    let Some(default) = input.value.get("default") else { return };
    let kind = input.value.get("type").and_then(Value::text).unwrap_or("string");
    let is_computed = default.text().is_some_and(|text| text.contains("${{"));
    let fits = match kind {
        "boolean" => matches!(default.data, Data::Bool(_)),
        // Nothing at all is an empty text.
        "string" | "choice" | "environment" => matches!(default.data, Data::Text(_) | Data::Null),
        _ => true,
    };
    if !fits && !is_computed {
        let message = format!("the default of an input of the type {kind} is {}", default.noun());
        let fix = if kind == "boolean" {
            "Write true or false without quotes."
        } else {
            "Put the default in quotes."
        };
        judged.refuse_also("input-default", default.line, &message, fix);
    }
}

fn options(input: &Entry, judged: &mut Judged<'_>) {
    let is_choice = input.value.get("type").and_then(Value::text) == Some("choice");
    let options = input.value.entry("options");
    let name = quote(input.key.name().unwrap_or_default());
    match options {
        None if is_choice => {
            let message = format!("the choice `{name}` has no `options`");
            judged.refuse_also("input-options", input.line, &message, "List them below `options:`.");
        }
        Some(options) if is_choice && options.value.items().is_empty() => {
            let message = format!("the choice `{name}` has no `options`");
            judged.refuse_also("input-options", options.line, &message, "List them below `options:`.");
        }
        Some(options) if !is_choice => {
            let message = format!("`{name}` has `options` and is no choice");
            judged.refuse_also("input-options", options.line, &message, "Write `type: choice`.");
        }
        Some(_) | None => {}
    }
}
