//! A workflow's text as values, all of them as they are written: what is asked of it here needs no types.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser};
use serde_json::{Map, Value};

/// Deepest nesting.
const MAX_NESTING: usize = 64;
/// Most values, those that an alias repeats counted again.
const MAX_NODES: usize = 100_000;

/// The value of the first document; `None` for what is no YAML. Scalars are strings; of a repeated key the last one counts.
pub(crate) fn value(text: &str) -> Option<Value> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_NESTING,
        block_nesting_limit: MAX_NESTING,
    };
    let mut reader = Reader::default();
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, _) = next.ok()?;
        reader.take(event)?;
    }
    reader.root
}

enum Open {
    List(usize, Vec<Value>),
    Map(usize, Map<String, Value>, Option<String>),
}

#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Value>,
    root: Option<Value>,
    nodes: usize,
}

impl Reader {
    #[allow(clippy::wildcard_enum_match_arm, reason = "the parser's events may grow")]
    fn take(&mut self, event: Event<'_>) -> Option<()> {
        match event {
            Event::Scalar(text, _, anchor, _) => self.place(anchor, Value::String(text.into_owned())),
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor)?.clone();
                self.nodes += size(&value);
                self.place(0, value)
            }
            Event::SequenceStart(_, anchor, _) => self.push(Open::List(anchor, Vec::new())),
            Event::MappingStart(_, anchor, _) => self.push(Open::Map(anchor, Map::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop()? {
                Open::List(anchor, items) => self.place(anchor, Value::Array(items)),
                Open::Map(anchor, map, _) => self.place(anchor, Value::Object(map)),
            },
            _ => Some(()),
        }
    }

    fn push(&mut self, open: Open) -> Option<()> {
        self.open.push(open);
        (self.open.len() <= MAX_NESTING).then_some(())
    }

    fn place(&mut self, anchor: usize, value: Value) -> Option<()> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return None;
        }
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut() {
            Some(Open::List(_, items)) => items.push(value),
            Some(Open::Map(_, map, key)) => match key.take() {
                Some(key) => drop(map.insert(key, value)),
                // A key that is no text is none that is asked for.
                None => *key = Some(value.as_str().unwrap_or_default().to_owned()),
            },
            None => drop(self.root.get_or_insert(value)),
        }
        Some(())
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(size).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_as_they_are_written_and_aliases_are_followed() {
        let text = "a: &x [1, 'b']\non:\n  c: *x\nd: |\n  e\n  # f\n# g\n";
        let wanted = json!({ "a": ["1", "b"], "on": { "c": ["1", "b"] }, "d": "e\n# f\n" });
        assert_eq!(value(text).unwrap(), wanted);
        assert_eq!(value("a: [1"), None);
        assert_eq!(value(&"[".repeat(100)), None);
    }

    #[test]
    fn aliases_that_multiply_end_somewhere() {
        let mut text = "a0: &a0 [x, x]\n".to_owned();
        for number in 1..40 {
            let before = number - 1;
            text.push_str(&format!("a{number}: &a{number} [*a{before}, *a{before}]\n"));
        }
        assert_eq!(value(&text), None);
    }
}
