//! `{{ range .Values.jobs }}` around a CronJob: one for each item of the chart's own values.

use crate::value::{Data, Value};

/// Most items that are looked at.
const MAX_ITEMS: usize = 200;

/// A loop that a line stands in, and the conditions between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    /// `$name` of `range $name, $job := …`.
    key: Option<String>,
    /// `$job`; without it the item is the dot itself.
    item: Option<String>,
    /// The path behind `.Values.`.
    path: String,
    /// The lines of the conditions that stand within the loop.
    conditions: Vec<(u32, String)>,
}

/// The one loop over values that a line stands in; `None` where there is none, or another around it.
pub(super) fn around(text: &str, line: u32) -> Option<Range> {
    let mut open: Vec<(u32, &str)> = Vec::new();
    for (number, written) in (1..line).zip(text.lines()) {
        for action in written.split("{{").skip(1) {
            let action = action.split("}}").next().unwrap_or(action).trim_matches('-').trim();
            match action.split_ascii_whitespace().next() {
                Some("range" | "if" | "with" | "define" | "block") => open.push((number, action)),
                Some("end") => drop(open.pop()),
                Some(_) | None => {}
            }
        }
    }
    let mut found = None;
    for (number, action) in open {
        match (action.strip_prefix("range "), &mut found) {
            (Some(range), None) => found = Some(parsed(range)?),
            (Some(_), Some(_)) => return None,
            // Within `with` the dot is another.
            (None, _) if action.starts_with("with") => return None,
            (None, Some(range)) => {
                let Range { conditions, .. } = range;
                conditions.push((number, format!("{{{{ {action} }}}}")));
            }
            (None, None) => {}
        }
    }
    found
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
    is_plain.then(|| Range { key, item, path: path.to_owned(), conditions: Vec::new() })
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

    /// The lines of a part as they are for one item, the conditions before them.
    pub(super) fn written(&self, part: &[(u32, &str)], key: &str) -> Vec<(u32, String)> {
        let conditions = self.conditions.iter().map(|(line, text)| (*line, text.as_str()));
        let whole = format!(".Values.{}.{key}.", self.path);
        let line = |(number, text): (u32, &str)| {
            let mut text = text.to_owned();
            match &self.item {
                Some(item) => text = text.replace(&format!("{item}."), &whole),
                None => {
                    for before in ["{{ .", "{{- .", "quote .", "if .", "ne ."] {
                        let start = before.trim_end_matches('.');
                        let own = [".Values", ".Release", ".Chart", ".Capabilities", ".Values.", ".Template"];
                        if text.contains(before)
                            && !own.iter().any(|own| text.contains(&format!("{start}{own}")))
                        {
                            text = text.replace(before, &format!("{start}{whole}"));
                        }
                    }
                }
            }
            if let Some(name) = &self.key {
                text = text.replace(&format!("{{{{ {name} }}}}"), key);
            }
            (number, text)
        };
        conditions.chain(part.iter().copied()).map(line).collect()
    }
}
