//! Reads YAML into JSON values: enough of it for workflow files. `on` is a text, as in YAML 1.2.

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// A workflow file with more values than this is not one.
const MAX_NODES: usize = 20_000;
const MAX_NESTING: usize = 64;

enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

/// The first document of a text; none where it is not YAML, or uses anchors, which GitHub's workflows rarely do.
pub(crate) fn parse(text: &str) -> Option<Value> {
    let mut open: Vec<Open> = Vec::new();
    let mut nodes = 0;
    for next in Parser::new_from_str(text) {
        let (event, _) = next.ok()?;
        nodes += 1;
        if nodes > MAX_NODES || open.len() > MAX_NESTING {
            return None;
        }
        #[allow(clippy::wildcard_enum_match_arm, reason = "the parser's events may grow")]
        let done = match event {
            Event::Scalar(text, style, _, _) if style == ScalarStyle::Plain => plain(&text),
            Event::Scalar(text, _, _, _) => Value::String(text.into_owned()),
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop()? {
                Open::List(items) => Value::Array(items),
                Open::Map(map, _) => Value::Object(map),
            },
            Event::Alias(_) => return None,
            Event::DocumentEnd => return None,
            _ => continue,
        };
        match open.last_mut() {
            None => return Some(done),
            Some(Open::List(items)) => items.push(done),
            Some(Open::Map(map, key)) => match key.take() {
                None => *key = Some(done.as_str().map_or_else(|| done.to_string(), str::to_owned)),
                Some(key) => {
                    map.insert(key, done);
                }
            },
        }
    }
    None
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => text.parse::<i64>().map_or_else(|_| Value::String(text.to_owned()), Value::from),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_workflow_is_read() {
        let text = "on:\n  schedule:\n    - cron: '5 * * * *'\n  workflow_dispatch:\nname: A\njobs: {a: {steps: [1, true]}}\n";
        let on = json!({ "schedule": [{ "cron": "5 * * * *" }], "workflow_dispatch": null });
        assert_eq!(
            parse(text),
            Some(json!({ "on": on, "name": "A", "jobs": { "a": { "steps": [1, true] } } }))
        );
        assert_eq!(parse("a: [b"), None);
    }
}
