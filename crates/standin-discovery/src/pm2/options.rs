//! The options of an app that only whoever starts it in PM2's place needs.

use std::collections::BTreeSet;

use crate::limits::MAX_PM2_ARGS;
use crate::value::{Data, Key, Value};

/// `exec_interpreter`, or its short name.
pub(super) fn interpreter(app: &Value) -> Option<String> {
    ["interpreter", "exec_interpreter"]
        .into_iter()
        .find_map(|field| app.get(field).and_then(Value::text))
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// The arguments one by one; empty when any of them is computed, because half of a command is another command.
pub(super) fn args(app: &Value) -> Vec<String> {
    let Some(value) = app.get("args") else { return Vec::new() };
    match &value.data {
        Data::Text(text) => split(text),
        Data::List(items) => {
            let all: Option<Vec<String>> = items.iter().take(MAX_PM2_ARGS).map(Value::scalar).collect();
            all.unwrap_or_default()
        }
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Map(_) | Data::Computed(_) => Vec::new(),
    }
}

/// The names of `env`, ordered. Values are left out: they may be secret.
pub(super) fn env_names(app: &Value) -> Vec<String> {
    let names: BTreeSet<String> = app
        .get("env")
        .map(Value::entries)
        .unwrap_or_default()
        .iter()
        .filter_map(|entry| match &entry.key {
            Key::Named(name) => Some(name.clone()),
            Key::Any => None,
        })
        .collect();
    names.into_iter().collect()
}

/// Splits at blanks, as PM2 does: quotes around a whole argument go, and `name="a b"` stays one argument.
fn split(text: &str) -> Vec<String> {
    let mut args: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut quote: Option<char> = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => {
                quote = None;
                word.push(c);
            }
            None if c.is_whitespace() => finish(&mut word, &mut args),
            None if (c == '"' || c == '\'') && (word.is_empty() || word.ends_with('=')) => {
                quote = Some(c);
                word.push(c);
            }
            Some(_) | None => word.push(c),
        }
    }
    finish(&mut word, &mut args);
    args
}

fn finish(word: &mut String, args: &mut Vec<String>) {
    let text = std::mem::take(word);
    let bare = ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    let text = bare.unwrap_or(&text);
    if !text.trim().is_empty() && args.len() < MAX_PM2_ARGS {
        args.push(text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn arguments_are_split_as_by_pm2() {
        let cases: [(&str, &[&str]); 5] = [
            ("a  --b=1", &["a", "--b=1"]),
            ("\"a b\" 'c d' e", &["a b", "c d", "e"]),
            ("--x=\"a b\"", &["--x=\"a b\""]),
            ("it's", &["it's"]),
            ("  ", &[]),
        ];
        for (text, args) in cases {
            assert_eq!(split(text), args, "{text}");
        }
    }
}
