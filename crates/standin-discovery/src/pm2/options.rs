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
    app.get("args").map(words).unwrap_or_default()
}

/// `node_args`, or one of its other names: what the interpreter gets before the script.
pub(super) fn interpreter_args(app: &Value) -> Vec<String> {
    const NAMES: [&str; 3] = ["node_args", "interpreter_args", "interpreterArgs"];
    NAMES.into_iter().find_map(|name| app.get(name)).map(words).unwrap_or_default()
}

fn words(value: &Value) -> Vec<String> {
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
            Key::Named(name) => Some(name.to_string()),
            Key::Any => None,
        })
        .collect();
    names.into_iter().collect()
}

/// What PM2 takes an option for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Truth,
    /// A number, or a text of digits.
    Number,
    Text,
    TextOrNumber,
    TextOrList,
    TextOrTruth,
    ListOrNumber,
    /// A truth, a text or a list.
    Any,
    Map,
}

/// The options that PM2 checks; one of another type makes it refuse the whole file.
const OPTIONS: [(&str, Takes); 41] = [
    ("name", Takes::Text),
    ("namespace", Takes::Text),
    ("cwd", Takes::Text),
    ("args", Takes::TextOrList),
    ("interpreter", Takes::Text),
    ("exec_interpreter", Takes::Text),
    ("node_args", Takes::TextOrList),
    ("interpreter_args", Takes::TextOrList),
    ("out_file", Takes::Text),
    ("error_file", Takes::Text),
    ("log_file", Takes::TextOrTruth),
    ("pid_file", Takes::Text),
    ("log_date_format", Takes::Text),
    ("time", Takes::Truth),
    ("max_memory_restart", Takes::TextOrNumber),
    ("restart_delay", Takes::Number),
    ("exp_backoff_restart_delay", Takes::Number),
    ("source_map_support", Takes::Truth),
    ("wait_ready", Takes::Truth),
    ("kill_timeout", Takes::Number),
    ("listen_timeout", Takes::Number),
    ("shutdown_with_message", Takes::Truth),
    ("merge_logs", Takes::Truth),
    ("combine_logs", Takes::Truth),
    ("vizion", Takes::Truth),
    ("autostart", Takes::Truth),
    ("autorestart", Takes::Truth),
    ("stop_exit_codes", Takes::ListOrNumber),
    ("watch_delay", Takes::Number),
    ("watch", Takes::Any),
    ("ignore_watch", Takes::TextOrList),
    ("watch_options", Takes::Map),
    ("min_uptime", Takes::TextOrNumber),
    ("max_restarts", Takes::Number),
    ("exec_mode", Takes::Text),
    ("force", Takes::Truth),
    ("increment_var", Takes::Text),
    ("instance_var", Takes::Text),
    ("treekill", Takes::Truth),
    ("filter_env", Takes::Any),
    ("disable_logs", Takes::Truth),
];

/// The line and the message of each option that PM2 refuses.
pub(super) fn wrong_types(app: &Value) -> Vec<(u32, String)> {
    let of_app = OPTIONS.iter().filter_map(|(name, takes)| app.get(name).map(|value| (name, takes, value)));
    let wrong = of_app.filter(|(_, takes, value)| !is_taken(**takes, &value.data));
    wrong.map(|(name, _, value)| (value.line, format!("PM2 takes no {} for `{name}`", bare(value)))).collect()
}

/// What a value is, without its article.
fn bare(value: &Value) -> &'static str {
    let noun = value.noun();
    noun.strip_prefix("a ").unwrap_or(noun)
}

fn is_taken(takes: Takes, data: &Data) -> bool {
    let is_number = |text: &str| text.trim().is_empty() || text.trim().parse::<f64>().is_ok();
    match data {
        // PM2 passes over what is not set, and only running the file tells what is computed.
        Data::Null | Data::Computed(_) => true,
        Data::Bool(_) => matches!(takes, Takes::Truth | Takes::TextOrTruth | Takes::Any),
        Data::Number(_) => matches!(takes, Takes::Number | Takes::TextOrNumber | Takes::ListOrNumber),
        Data::Text(text) => match takes {
            Takes::Text | Takes::TextOrNumber | Takes::TextOrList | Takes::TextOrTruth | Takes::Any => true,
            Takes::Number | Takes::ListOrNumber => is_number(text),
            Takes::Truth | Takes::Map => false,
        },
        Data::List(_) => matches!(takes, Takes::TextOrList | Takes::ListOrNumber | Takes::Any),
        Data::Map(_) => takes == Takes::Map,
    }
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
