//! Values of a template that CloudFormation computes: those that follow from the defaults of its parameters are known.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser};

use crate::limits::{MAX_NESTING, MAX_REFERENCES};
use crate::lines::{Lines, quote};
use crate::value::{Data, Value};

/// A value, as far as it is known before the template is deployed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    Text(String),
    /// The text is that of the defaults; the name of one such parameter.
    ByDefault(String, String),
    /// What it is computed from.
    Computed(String),
    /// The template has nothing of this name.
    Nowhere(String),
}

/// The short forms of functions before scalars, which YAML itself only calls tags: by line and scalar.
#[derive(Debug, Default)]
pub(super) struct Tags(BTreeMap<(u32, String), String>);

impl Tags {
    /// Those of a text. Their lines are those that the values have.
    pub(super) fn of(text: &str) -> Self {
        let mut tags = Self::default();
        if !text.contains('!') {
            return tags;
        }
        let lines = Lines::new(text);
        let options = granit_parser::options! {
            emit_comments: false,
            flow_nesting_limit: MAX_NESTING,
            block_nesting_limit: MAX_NESTING,
        };
        for (event, span) in Parser::new_from_str_with_options(text, options).map_while(Result::ok) {
            if let Event::Scalar(text, _, _, Some(tag)) = event {
                let line = span
                    .byte_range()
                    .map_or_else(|| lines.clamp(span.start.line()), |range| lines.at(range.start));
                tags.0.insert((line, text.into_owned()), tag.suffix().to_owned());
            }
        }
        tags
    }

    fn before(&self, value: &Value) -> Option<&str> {
        let key = (value.line, value.text()?.to_owned());
        self.0.get(&key).map(String::as_str)
    }
}

/// Reads a value.
pub(super) fn known(tags: &Tags, root: &Value, value: &Value) -> Known {
    match &value.data {
        Data::Text(text) => match tags.before(value) {
            Some("Ref") => reference(root, text),
            Some("Sub") => substitute(root, text),
            Some(other) => Known::Computed(format!("`!{}`", quote(other))),
            None => Known::Text(text.to_string()),
        },
        Data::Map(entries) => {
            if let Some(name) = value.get("Ref").and_then(Value::text) {
                reference(root, name)
            } else if let Some(text) = value.get("Fn::Sub").and_then(Value::text) {
                substitute(root, text)
            } else if let Some(name) = entries.first().and_then(|entry| entry.key.name()) {
                Known::Computed(format!("`{}`", quote(name)))
            } else {
                Known::Computed("a function of CloudFormation".into())
            }
        }
        Data::List(_) => Known::Computed("a function of CloudFormation".into()),
        Data::Computed(what) => Known::Computed(what.clone()),
        Data::Null | Data::Bool(_) | Data::Number(_) => Known::Text(value.scalar().unwrap_or_default()),
    }
}

fn default_of(root: &Value, name: &str) -> Option<String> {
    root.get("Parameters")?.get(name)?.get("Default")?.scalar()
}

fn reference(root: &Value, name: &str) -> Known {
    // `${Resource.Attribute}` is an attribute of a resource.
    let own = name.split('.').next().unwrap_or(name);
    let is_in = |part: &str| root.get(part).is_some_and(|part| part.get(own).is_some());
    // Other transforms than SAM's may add what is missing.
    let is_whole = root
        .get("Transform")
        .is_none_or(|transform| transform.text().is_some_and(|text| text.starts_with("AWS::Serverless-")));
    match default_of(root, name) {
        Some(text) => Known::ByDefault(text, name.to_owned()),
        None if is_whole && !name.contains("::") && !is_in("Parameters") && !is_in("Resources") => {
            Known::Nowhere(name.to_owned())
        }
        None if is_in("Parameters") => Known::Computed(format!("the parameter `{}`", quote(name))),
        None => Known::Computed(format!("`{}`", quote(name))),
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
        match reference(root, name) {
            Known::ByDefault(text, _) => known.push_str(&text),
            other @ (Known::Text(_) | Known::Computed(_) | Known::Nowhere(_)) => return other,
        }
        used = Some(name.to_owned());
    }
    known.push_str(rest);
    match used {
        Some(name) => Known::ByDefault(known, name),
        None => Known::Text(known),
    }
}
