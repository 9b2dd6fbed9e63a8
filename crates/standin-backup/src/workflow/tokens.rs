//! What an expression says of the event that started a run: a backup is started by another one.

use std::ops::Range;

use granit_parser::ScalarStyle;

use crate::yaml::{Node, NodeKind};

/// A word that means something else in a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    /// `github.event.schedule`: the cron expression that started the run.
    Schedule,
    /// `github.event_name`.
    Event,
    /// `github.workflow`: the name of the workflow that runs.
    Workflow,
    /// An input of the primary's that asks whether it is drilled, as `inputs.standin-drill`.
    Drill,
}

/// One occurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) name: Name,
    pub(crate) range: Range<usize>,
}

/// The words, in lower case.
const WORDS: [(&str, Name); 7] = [
    ("github.event.schedule", Name::Schedule),
    ("github.event_name", Name::Event),
    ("github.workflow", Name::Workflow),
    ("inputs.standin-drill", Name::Drill),
    ("inputs.standin_drill", Name::Drill),
    ("github.event.inputs.standin-drill", Name::Drill),
    ("github.event.inputs.standin_drill", Name::Drill),
];

/// Where in a value expressions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Within `${{ }}`.
    Braces,
    /// All of it, as in `if`.
    Whole,
}

/// What an event brings that a dispatch, or a schedule, brings as well.
const COMMON: [&str; 9] = [
    "schedule",
    "inputs",
    "repository",
    "sender",
    "organization",
    "enterprise",
    "workflow",
    "ref",
    "installation",
];

/// The words in a scalar, in order.
pub(crate) fn find(text: &str, node: &Node, reading: Reading) -> Vec<Token> {
    let raw = text.get(node.span.clone()).unwrap_or_default();
    let lower = raw.to_ascii_lowercase();
    let mut found = Vec::new();
    for (word, name) in WORDS {
        for (at, _) in lower.match_indices(word) {
            let end = at.saturating_add(word.len());
            if is_word(&lower, at, end) && (reading == Reading::Whole || is_within_braces(raw, at)) {
                let start = node.span.start.saturating_add(at);
                found.push(Token { name, range: start..start.saturating_add(word.len()) });
            }
        }
    }
    found.sort_by_key(|token| token.range.start);
    found
}

/// The first thing that only a certain event brings.
pub(crate) fn payload(raw: &str) -> Option<String> {
    let lower = raw.to_ascii_lowercase();
    lower.match_indices("github.event.").find_map(|(at, word)| {
        let rest = lower.get(at.saturating_add(word.len())..)?;
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        (!name.is_empty() && !COMMON.contains(&name.as_str())).then_some(name)
    })
}

/// Whether an expression asks for the schedule in a form that is not rewritten.
pub(crate) fn is_indexed(raw: &str) -> bool {
    let bare: String = raw.to_ascii_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    ["event['schedule']", "event[\"schedule\"]", "github['event']", "github['event_name']"]
        .iter()
        .any(|form| bare.contains(form))
}

/// A text as it must be written within a scalar of this style.
pub(crate) fn inline(node: &Node, text: &str) -> String {
    match &node.kind {
        NodeKind::Scalar { style: ScalarStyle::SingleQuoted, .. } => text.replace('\'', "''"),
        NodeKind::Scalar { style: ScalarStyle::DoubleQuoted, .. } => {
            text.replace('\\', "\\\\").replace('"', "\\\"")
        }
        NodeKind::Scalar { .. } | NodeKind::List { .. } | NodeKind::Map { .. } | NodeKind::Alias => {
            text.to_owned()
        }
    }
}

fn is_word(text: &str, start: usize, end: usize) -> bool {
    let joins = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let before = text.get(..start).and_then(|before| before.chars().next_back());
    let after = text.get(end..).and_then(|after| after.chars().next());
    !before.is_some_and(|c| joins(c) || c == '.') && !after.is_some_and(|c| joins(c) || c == '.')
}

fn is_within_braces(raw: &str, at: usize) -> bool {
    let before = raw.get(..at).unwrap_or_default();
    match (before.rfind("${{"), before.rfind("}}")) {
        (Some(open), Some(close)) => open > close,
        (Some(_), None) => true,
        (None, _) => false,
    }
}
