//! `{{ range .Values.jobs }}` around a CronJob: one for each item of the chart's own values.

use crate::value::{Data, Value};

/// Most items that are looked at.
const MAX_ITEMS: usize = 200;

/// A loop that a line stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    /// `$name` of `range $name, $job := …`.
    key: Option<String>,
    /// `$job`; without it the item is the dot itself.
    item: Option<String>,
    /// The path behind `.Values.`.
    path: String,
}

/// The actions that are open at a line, each with its own. What stands behind an `else` is under no known condition.
fn open(text: &str, line: u32) -> Vec<(u32, &str)> {
    let mut open: Vec<(u32, &str)> = Vec::new();
    for (number, written) in (1..line).zip(text.lines()) {
        for action in written.split("{{").skip(1) {
            let action = action.split("}}").next().unwrap_or(action).trim_matches('-').trim();
            match action.split_ascii_whitespace().next() {
                Some("range" | "if" | "with" | "define" | "block") => open.push((number, action)),
                Some("else") => {
                    if let Some(last) = open.last_mut() {
                        *last = (number, "else");
                    }
                }
                Some("end") => drop(open.pop()),
                Some(_) | None => {}
            }
        }
    }
    open
}

/// The one loop over values that a line stands in; `None` where there is none, or another around it.
pub(super) fn around(text: &str, line: u32) -> Option<Range> {
    let mut found = None;
    for (_, action) in open(text, line) {
        match (action.strip_prefix("range "), &found) {
            (Some(range), None) => found = Some(parsed(range)?),
            (Some(_), Some(_)) => return None,
            // Within `with` the dot is another.
            (None, _) if action.starts_with("with") => return None,
            (None, _) => {}
        }
    }
    found
}

/// The conditions under which a line is there: what stands behind `if` and `with`.
pub(super) fn conditions(text: &str, line: u32) -> Vec<(u32, String)> {
    let condition = |(number, action): (u32, &str)| {
        let condition = action.strip_prefix("if ").or(action.strip_prefix("with "))?;
        // `with $x := .Values.x`.
        let condition = condition.split_once(":=").map_or(condition, |(_, value)| value);
        Some((number, format!("{{{{ {} }}}}", condition.trim())))
    };
    open(text, line).into_iter().filter_map(condition).collect()
}

fn parsed(range: &str) -> Option<Range> {
    let (names, path) = match range.split_once(":=") {
        Some((names, path)) => (names.split(',').map(str::trim).collect(), path.trim()),
        None => (Vec::new(), range.trim()),
    };
    let path = path.strip_prefix('$').unwrap_or(path).strip_prefix(".Values.")?;
    let is_plain = path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    let (key, item) = match names.as_slice() {
        [] => (None, None),
        [item] => (None, Some((*item).to_owned())),
        [key, item] => (Some((*key).to_owned()), Some((*item).to_owned())),
        _ => return None,
    };
    is_plain.then(|| Range { key, item, path: path.to_owned() })
}

impl Range {
    /// The keys of the items, in their order; `None` where the values do not have them.
    pub(super) fn keys(&self, values: &Value) -> Option<Vec<String>> {
        let items = super::helm::value_at(values, &self.path)?;
        let keys: Vec<String> = match &items.data {
            Data::List(items) => (0..items.len()).map(|at| at.to_string()).collect(),
            Data::Map(entries) => {
                entries.iter().filter_map(|one| one.key.name().map(str::to_owned)).collect()
            }
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Computed(_) => return None,
        };
        (keys.len() <= MAX_ITEMS && keys.iter().all(|key| !key.contains('.'))).then_some(keys)
    }

    /// What a person would call an item: its name, else its key.
    pub(super) fn name_of(&self, values: &Value, key: &str) -> String {
        let name =
            super::helm::value_at(values, &format!("{}.{key}.name", self.path)).and_then(Value::scalar);
        name.unwrap_or_else(|| key.to_owned())
    }

    /// A line as it is for one item.
    pub(super) fn filled(&self, text: &str, key: &str) -> String {
        let whole = format!(".Values.{}.{key}.", self.path);
        let text = match &self.item {
            Some(item) => text.replace(&format!("{item}."), &whole),
            None => dotted(text, &whole),
        };
        match &self.key {
            Some(name) => text.replace(&format!("{{{{ {name} }}}}"), key),
            None => text,
        }
    }
}

/// What a chart has beside the dot of a loop.
const OWN: [&str; 6] = ["Values", "Release", "Chart", "Capabilities", "Template", "Files"];

/// A line with the path of an item for the dot, within its actions.
fn dotted(text: &str, whole: &str) -> String {
    let mut parts = text.split("{{");
    let mut made = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (action, behind) = part.split_once("}}").unwrap_or((part, ""));
        made.push_str("{{");
        let mut before = ' ';
        for (at, c) in action.char_indices() {
            let name = action.get(at.saturating_add(1)..).unwrap_or_default();
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            let is_own = OWN.iter().any(|own| name.starts_with(own));
            match c {
                '.' if is_name && !is_own && matches!(before, ' ' | '(' | '-') => made.push_str(whole),
                _ => made.push(c),
            }
            before = c;
        }
        if part.contains("}}") {
            made.push_str("}}");
        }
        made.push_str(behind);
    }
    made
}
