//! The steps of a job, those within `parallel` in their place.

use crate::value::Value;

/// What makes a step a step.
const KINDS: [&str; 6] = ["run", "uses", "parallel", "wait", "wait-all", "cancel"];

/// The steps of a job in their order. The nesting of values is bounded where they are read.
pub(super) fn of<'v, 't>(job: &'v Value<'t>) -> Vec<&'v Value<'t>> {
    let mut all = Vec::new();
    add(job.get("steps"), &mut all);
    all
}

/// The steps of all jobs.
pub(super) fn of_all<'v, 't>(jobs: &'v Value<'t>) -> impl Iterator<Item = &'v Value<'t>> {
    jobs.entries().iter().flat_map(|job| of(&job.value))
}

/// Whether it says what it does.
pub(super) fn is_complete(step: &Value<'_>) -> bool {
    KINDS.iter().any(|kind| step.entry(kind).is_some())
}

fn add<'v, 't>(steps: Option<&'v Value<'t>>, all: &mut Vec<&'v Value<'t>>) {
    for step in steps.map(Value::items).unwrap_or_default() {
        all.push(step);
        add(step.get("parallel"), all);
    }
}
