//! Actions whose servers read the workflow that runs them, and refuse one with variables of its own.

use crate::yaml::Node;

/// Actions without their version, with the input by which they send anything to their server.
const STRICT: [(&str, &str); 2] = [
    ("ossf/scorecard-action", "publish_results"),
    ("docker://gcr.io/openssf/scorecard-action", "publish_results"),
];

/// The name of such an action in a job, where it sends something.
pub(super) fn of_job(job: &Node) -> Option<&'static str> {
    job.get("steps").map(Node::items).unwrap_or_default().iter().find_map(of_step)
}

/// The name of such an action in a workflow.
pub(super) fn of_workflow(root: &Node) -> Option<&'static str> {
    root.get("jobs").map(Node::entries).unwrap_or_default().iter().find_map(|job| of_job(&job.value))
}

fn of_step(step: &Node) -> Option<&'static str> {
    let uses = step.get_text("uses")?.to_ascii_lowercase();
    let (action, input) = STRICT.into_iter().find(|(action, _)| {
        uses.strip_prefix(action).is_some_and(|version| version.starts_with(['@', ':']))
    })?;
    // An expression may send it.
    let with = step.get("with")?;
    let sends = with.get_text(input).is_some_and(|value| !matches!(value, "" | "false"));
    sends.then_some(action)
}
