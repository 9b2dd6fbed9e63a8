//! The steps of a job, those within `parallel` in their place.

use crate::value::Value;

/// What makes a step a step.
const KINDS: [&str; 6] = ["run", "uses", "parallel", "wait", "wait-all", "cancel"];

/// The steps of a job in their order. The nesting of values is bounded where they are read.
pub(super) fn of(job: &Value) -> Vec<&Value> {
    let mut all = Vec::new();
    add(job.get("steps"), &mut all);
    all
}

/// The steps of all jobs.
pub(super) fn of_all(jobs: &Value) -> impl Iterator<Item = &Value> {
    jobs.entries().iter().flat_map(|job| of(&job.value))
}

/// Whether it says what it does.
pub(super) fn is_complete(step: &Value) -> bool {
    KINDS.iter().any(|kind| step.entry(kind).is_some())
}

fn add<'v>(steps: Option<&'v Value>, all: &mut Vec<&'v Value>) {
    for step in steps.map(Value::items).unwrap_or_default() {
        all.push(step);
        add(step.get("parallel"), all);
    }
}
