//! Variables that are added to an `env` of the primary's.

use super::{Source, value_range};
use crate::edit::{Edits, indent, line_end};
use crate::yaml::{Entry, NodeKind, Style};

/// Whether they were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    /// They are.
    Yes,
    /// The `env` is repeated from elsewhere, or written in a way that is not edited.
    No,
}

/// Adds these lines, each `NAME: value` with the value in quotes, to an `env`, however that is written.
pub(super) fn add(source: &Source<'_>, env: &Entry, lines: &[String], edits: &mut Edits) -> Added {
    let text = source.primary.text;
    if matches!(env.value.kind, NodeKind::Alias) {
        return Added::No;
    }
    let by = indent(text, env.key.span.start);
    match (env.value.entries().first(), env.value.style()) {
        (None, _) => {
            let Some(by) = by else { return Added::No };
            let lines: Vec<String> = lines.iter().map(|line| format!("\n{by}  {line}")).collect();
            edits.replace(value_range(text, env), lines.concat());
        }
        (Some(first), Some(Style::Flow)) => {
            edits.insert(first.key.span.start, format!("{}, ", lines.join(", ")));
        }
        (Some(first), Some(Style::Block) | None) => {
            let Some(by) = indent(text, first.key.span.start) else { return Added::No };
            let lines: Vec<String> = lines.iter().map(|line| format!("{by}{line}\n")).collect();
            // Comments above the first variable stay with it.
            edits.insert(line_end(text, env.key.span.start), lines.concat());
        }
    }
    Added::Yes
}
