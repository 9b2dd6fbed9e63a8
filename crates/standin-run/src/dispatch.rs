//! The inputs of a workflow that is dispatched: what GitHub would refuse is refused, and what it fills in is filled in.

use serde_json::{Map, Value};

/// Every declared input, as `github.event.inputs` has them: texts. `given` are those that somebody named.
///
/// # Errors
/// Why GitHub would not start it, in one sentence.
pub(crate) fn inputs(workflow: &Value, given: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let none = Map::new();
    let on = workflow.get("on").or_else(|| workflow.get("true"));
    let declared = on.and_then(|on| on.get("workflow_dispatch")?.get("inputs")?.as_object()).unwrap_or(&none);
    let mut all = Map::new();
    for (name, input) in declared {
        let kind = text(input, "type").unwrap_or("string");
        let value = given.get(name).and_then(Value::as_str).or_else(|| text(input, "default"));
        match value.filter(|value| !value.is_empty()) {
            Some(value) => {
                check(name, kind, input, value)?;
                all.insert(name.clone(), value.into());
            }
            None if text(input, "required") == Some("true") => {
                return Err(format!(
                    "the input `{name}` is required and has no default: name it by --input {name}=VALUE"
                ));
            }
            None => drop(all.insert(name.clone(), if kind == "boolean" { "false" } else { "" }.into())),
        }
    }
    // What is given and not declared was refused before.
    for (name, value) in given {
        all.entry(name.clone()).or_insert_with(|| value.clone());
    }
    Ok(all)
}

fn check(name: &str, kind: &str, input: &Value, value: &str) -> Result<(), String> {
    let options: Vec<&str> = input
        .get("options")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let wanted = match kind {
        "boolean" if !matches!(value, "true" | "false") => "true or false".to_owned(),
        "number" if value.parse::<f64>().is_err() => "a number".to_owned(),
        "choice" if !options.is_empty() && !options.contains(&value) => {
            format!("one of: {}", options.join(", "))
        }
        _ => return Ok(()),
    };
    Err(format!("the input `{name}` is `{value}`, and GitHub takes {wanted}"))
}

fn text<'a>(input: &'a Value, key: &str) -> Option<&'a str> {
    input.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::yaml;

    const TEXT: &str = "on:
  workflow_dispatch:
    inputs:
      env: { type: choice, options: [stage, live], default: stage }
      who: { required: true }
      dry: { type: boolean }
      count: { type: number, default: 3 }
";

    fn of(given: &Value) -> Result<Value, String> {
        let given = given.as_object().unwrap().clone();
        inputs(&yaml::value(TEXT).unwrap(), &given).map(Value::Object)
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        let wanted = json!({ "env": "stage", "who": "me", "dry": "false", "count": "3" });
        assert_eq!(of(&json!({ "who": "me" })).unwrap(), wanted);
        assert_eq!(inputs(&yaml::value("on: push").unwrap(), &Map::new()).unwrap(), Map::new());
    }

    #[test]
    fn what_github_refuses_is_refused() {
        assert!(of(&json!({})).unwrap_err().contains("--input who=VALUE"));
        assert!(of(&json!({ "who": "" })).unwrap_err().contains("is required"));
        let refused = of(&json!({ "who": "me", "env": "nonsense" })).unwrap_err();
        assert!(refused.contains("one of: stage, live"), "{refused}");
        assert!(of(&json!({ "who": "me", "dry": "yes" })).unwrap_err().contains("true or false"));
        assert!(of(&json!({ "who": "me", "count": "many" })).unwrap_err().contains("a number"));
    }
}
