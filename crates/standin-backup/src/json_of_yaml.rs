//! A file of YAML as JSON, for what reads no YAML.

use granit_parser::ScalarStyle;
use serde_json::{Map, Number, Value};

use crate::yaml::{self, Node, NodeKind};

/// The value of a text without aliases; `None` of any other.
pub(crate) fn value(text: &str) -> Option<Value> {
    let document = yaml::parse(text).ok()?;
    (document.aliases == 0).then(|| of(&document.root)).flatten()
}

fn of(node: &Node) -> Option<Value> {
    Some(match &node.kind {
        NodeKind::Scalar { text, style: ScalarStyle::Plain } => plain(text),
        NodeKind::Scalar { text, .. } => Value::String(text.clone()),
        NodeKind::List { items, .. } => Value::Array(items.iter().map(of).collect::<Option<_>>()?),
        NodeKind::Map { entries, .. } => {
            let mut map = Map::new();
            for entry in entries {
                map.insert(entry.key.text()?.to_owned(), of(&entry.value)?);
            }
            Value::Object(map)
        }
        NodeKind::Alias => return None,
    })
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => text.parse::<Number>().map_or_else(|_| Value::String(text.to_owned()), Value::Number),
    }
}
