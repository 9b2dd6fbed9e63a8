//! `on` of a backup: dispatched with the key of an incident, and rarely by a schedule of its own.

use standin_core::automation::ScheduleSpec;

use super::{Refused, Source, quoted};
use crate::edit::{indent, line_start};
use crate::yaml::{Entry, Node, Style};

/// What a watcher sends along.
pub(crate) const INPUTS: [(&str, &str); 3] = [
    ("standin-key", "The slot that this run stands in for; empty by hand"),
    ("standin-attempt", "Which attempt it is"),
    ("standin-slot", "When the slot was"),
];

/// How many inputs GitHub takes.
const MAX_INPUTS: usize = 25;

/// How far the inputs are indented.
const INDENT: &str = "      ";

/// The whole `on`.
pub(crate) fn block(source: &Source<'_>) -> Result<String, Refused> {
    let mut out = format!("on:\n{}{}", schedules(source.primary.schedules), dispatch());
    let inputs = primary_inputs(source);
    let own: Vec<&Entry> = inputs
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .filter(|entry| !INPUTS.iter().any(|(name, _)| entry.key.text() == Some(name)))
        .collect();
    if own.len().saturating_add(INPUTS.len()) > MAX_INPUTS {
        return Err(Refused::new(
            format!(
                "it takes {} inputs; with those of a backup that is more than GitHub's {MAX_INPUTS}",
                own.len()
            ),
            format!("Leave {} inputs to it.", MAX_INPUTS - INPUTS.len()),
        ));
    }
    for entry in own {
        out.push_str(&if source.has_inputs() { input(source, entry, inputs)? } else { empty(entry) });
    }
    Ok(out)
}

/// The inputs with which the primary is dispatched.
pub(crate) fn primary_inputs<'a>(source: &Source<'a>) -> Option<&'a Node> {
    source.document.root.get("on")?.get("workflow_dispatch")?.get("inputs")
}

/// `schedule`, with a list; nothing without one.
pub(crate) fn schedules(schedules: &[ScheduleSpec]) -> String {
    let mut out = String::new();
    for schedule in schedules {
        if out.is_empty() {
            out.push_str("  schedule:\n");
        }
        out.push_str(&format!("    - cron: {}\n", quoted(&schedule.cron)));
        if schedule.timezone != "UTC" {
            out.push_str(&format!("      timezone: {}\n", quoted(&schedule.timezone)));
        }
    }
    out
}

/// `workflow_dispatch` with what a watcher sends along.
pub(crate) fn dispatch() -> String {
    let mut out = "  workflow_dispatch:\n    inputs:\n".to_owned();
    for (name, description) in INPUTS {
        out.push_str(&format!(
            "{INDENT}{name}: {{ description: {description}, type: string, default: \"\" }}\n"
        ));
    }
    out
}

/// One input of a primary that has none when it runs by itself: whoever does not fill it in leaves it as empty as the
/// primary's schedule does, whatever its default and its type are.
fn empty(entry: &Entry) -> String {
    let name = entry.key.text().unwrap_or_default();
    let description =
        entry.value.get_text("description").map(|text| format!("description: {}, ", quoted(text)));
    format!("{INDENT}{name}: {{ {}type: string, default: \"\" }}\n", description.unwrap_or_default())
}

/// One input of a primary that is only ever dispatched. A watcher does not know what to send, so none is required.
fn input(source: &Source<'_>, entry: &Entry, inputs: Option<&Node>) -> Result<String, Refused> {
    let text = source.primary.text;
    let name = entry.key.text().unwrap_or_default();
    let required = entry.value.get("required");
    let slice = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let is_block = inputs.and_then(Node::style) == Some(Style::Block);
    let (mut raw, from) = if is_block && entry.value.style() == Some(Style::Block) {
        let end = entry.value.span.end.max(entry.key.span.end);
        let start = line_start(text, entry.key.span.start);
        (slice(start..end).trim_end().to_owned(), start)
    } else {
        let start = entry.key.span.start;
        (slice(start..entry.value.span.end.max(entry.key.span.end)).trim_end().to_owned(), start)
    };
    if let Some(required) = required.filter(|value| value.text() == Some("true")) {
        let (start, end) = (required.span.start.saturating_sub(from), required.span.end.saturating_sub(from));
        if raw.get(start..end).is_none() {
            return Err(Refused::new(
                format!("the input `{name}` is written in a way that cannot be copied"),
                "Write one key a line.",
            ));
        }
        raw.replace_range(start..end, "false");
    }
    let column = indent(text, entry.key.span.start).map_or(0, str::len);
    let mut out = String::new();
    for line in raw.lines() {
        let kept = line.get(column.min(line.len().saturating_sub(line.trim_start().len()))..).unwrap_or(line);
        if kept.trim().is_empty() {
            out.push('\n');
        } else {
            out.push_str(&format!("{INDENT}{}\n", kept.trim_end()));
        }
    }
    Ok(out)
}
