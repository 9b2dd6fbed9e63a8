//! Values of a template that CloudFormation computes: those that follow from the defaults of its parameters are known.

use crate::contents::File;
use crate::limits::MAX_REFERENCES;
use crate::lines::quote;
use crate::value::{Data, Value};

/// A value, as far as it is known before the template is deployed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    Text(String),
    /// The text is that of the defaults; the name of one such parameter.
    ByDefault(String, String),
    /// What it is computed from.
    Computed(String),
}

/// The short and the long forms of the functions of CloudFormation that are followed, and those that are not.
const OTHERS: [&str; 9] =
    ["GetAtt", "ImportValue", "FindInMap", "Select", "Join", "If", "Split", "GetAZs", "Transform"];

/// Reads a value.
pub(super) fn known(file: &File<'_>, root: &Value, value: &Value) -> Known {
    match &value.data {
        Data::Text(text) => match tag(file, value.line) {
            Some("Ref") => reference(root, text),
            Some("Sub") => substitute(root, text),
            Some(other) => Known::Computed(format!("!{other}")),
            None => Known::Text(text.to_string()),
        },
        Data::Map(_) => {
            if let Some(name) = value.get("Ref").and_then(Value::text) {
                reference(root, name)
            } else if let Some(text) = value.get("Fn::Sub").and_then(Value::text) {
                substitute(root, text)
            } else {
                Known::Computed("a function of CloudFormation".into())
            }
        }
        Data::List(_) => Known::Computed("a function of CloudFormation".into()),
        Data::Computed(what) => Known::Computed(what.clone()),
        Data::Null | Data::Bool(_) | Data::Number(_) => Known::Text(value.scalar().unwrap_or_default()),
    }
}

/// The short form of a function before a scalar, which YAML itself only calls a tag.
fn tag(file: &File<'_>, line: u32) -> Option<&'static str> {
    let at = usize::try_from(line).ok()?.saturating_sub(1);
    let written = file.text.lines().nth(at)?;
    let before = at.checked_sub(1).and_then(|at| file.text.lines().nth(at)).unwrap_or("");
    ["Ref", "Sub"].into_iter().chain(OTHERS).find(|name| {
        let short = format!("!{name}");
        let is_here = written.split_ascii_whitespace().any(|word| word == short);
        is_here || before.trim_end().ends_with(&format!(": {short}"))
    })
}

fn default_of(root: &Value, name: &str) -> Option<String> {
    root.get("Parameters")?.get(name)?.get("Default")?.scalar()
}

fn reference(root: &Value, name: &str) -> Known {
    match default_of(root, name) {
        Some(text) => Known::ByDefault(text, name.to_owned()),
        None => Known::Computed(format!("the parameter `{}`", quote(name))),
    }
}

/// `${Name}` within a text; `${!Name}` stands for itself.
fn substitute(root: &Value, text: &str) -> Known {
    let mut known = String::new();
    let mut used = None;
    let mut rest = text;
    for _ in 0..MAX_REFERENCES {
        let Some((before, after)) = rest.split_once("${") else { break };
        let Some((name, behind)) = after.split_once('}') else { break };
        known.push_str(before);
        rest = behind;
        if let Some(literal) = name.strip_prefix('!') {
            known.push_str(&format!("${{{literal}}}"));
            continue;
        }
        match default_of(root, name) {
            Some(text) => known.push_str(&text),
            None => return Known::Computed(format!("`{}`", quote(name))),
        }
        used = Some(name.to_owned());
    }
    known.push_str(rest);
    match used {
        Some(name) => Known::ByDefault(known, name),
        None => Known::Text(known),
    }
}
