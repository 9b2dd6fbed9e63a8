//! Concurrency groups of jobs: a backup and its primary must not cancel, or wait for, one another.

use granit_parser::ScalarStyle;

use super::{Refused, Source, value_range};
use crate::edit::Edits;
use crate::yaml::{Entry, Node, NodeKind};

/// What stands before the name of a group.
const OWN: &str = "standin-backup-";

/// Gives a job that has a group one of its own, in which nothing is cancelled. Jobs that share one go on sharing it.
pub(super) fn own(source: &Source<'_>, job: &Entry, edits: &mut Edits) -> Result<(), Refused> {
    let Some(entry) = job.value.entry("concurrency") else { return Ok(()) };
    let group = match &entry.value.kind {
        NodeKind::Map { .. } => entry.value.get("group"),
        NodeKind::Scalar { .. } | NodeKind::List { .. } | NodeKind::Alias => Some(&entry.value),
    };
    let at = group.and_then(start).ok_or_else(|| {
        Refused::new(
            format!(
                "the concurrency group of the job `{}` is no text on one line",
                job.key.text().unwrap_or_default()
            ),
            "Write `concurrency: { group: NAME }`.",
        )
    })?;
    edits.insert(at, OWN);
    if let Some(cancels) = entry.value.entry("cancel-in-progress") {
        edits.replace(value_range(source.primary.text, cancels), " false");
    }
    Ok(())
}

/// What is written anew, so that nothing within it is.
pub(super) fn rewritten(job: &Node) -> Option<&Node> {
    job.get("concurrency")?.get("cancel-in-progress")
}

/// Where the text of a scalar begins.
fn start(node: &Node) -> Option<usize> {
    let NodeKind::Scalar { style, .. } = &node.kind else { return None };
    match style {
        ScalarStyle::Plain => Some(node.span.start),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Some(node.span.start.saturating_add(1)),
        ScalarStyle::Literal | ScalarStyle::Folded => None,
    }
}
