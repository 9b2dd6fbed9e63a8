//! The modest structural check of a workflow's jobs that GitHub makes when it loads the file.

use std::collections::{BTreeMap, BTreeSet};

use standin_core::automation::Severity;

use super::{Judged, job_steps};
use crate::limits::MAX_JOBS;
use crate::lines::quote;
use crate::value::{Data, Entry, Key, Value};

/// GitHub takes ids that are shorter than this.
const MAX_ID_CHARS: usize = 100;

/// Each job has `uses`, or `runs-on` and steps; and not every job is switched off.
pub(crate) fn check(root: &Value, judged: &mut Judged<'_>) {
    let Some(jobs) = root.entry("jobs") else {
        judged.refuse("workflow-without-jobs", 1, "the workflow has no `jobs`", "Write at least one job.");
        return;
    };
    if jobs.value.entries().is_empty() {
        let fix = "Write at least one job.";
        judged.refuse("workflow-without-jobs", jobs.line, "`jobs` names no job", fix);
        return;
    }
    let entries = jobs.value.entries();
    for entry in entries.iter().take(MAX_JOBS) {
        job(entry, judged);
    }
    if entries.len() > MAX_JOBS {
        let message = format!("only the first {MAX_JOBS} jobs were looked at");
        judged.say("too-many-jobs", Severity::Warning, jobs.line, &message, "Split the workflow.");
    }
    needs(entries, jobs.line, judged);
    if entries.iter().all(|entry| is_off(&entry.value)) {
        let fix = "Delete `if: false`, or the workflow.";
        judged.idle(
            "jobs-switched-off",
            Severity::Warning,
            jobs.line,
            "every job is switched off by `if: false`",
            fix,
        );
    }
}

fn job(entry: &Entry, judged: &mut Judged<'_>) {
    let (job, line) = (&entry.value, entry.line);
    let name = match &entry.key {
        Key::Named(name) => quote(name),
        Key::Any => "?".to_owned(),
    };
    if let Some(problem) = bad_id(entry.key.name().unwrap_or_default()) {
        let fix = "Give the job another id and keep its `name`.";
        judged.refuse("job-id-invalid", line, &format!("`{name}` is no id of a job: {problem}"), fix);
    }
    if !matches!(job.data, Data::Map(_)) {
        let message = format!("the job `{name}` is {}", job.noun());
        judged.refuse("job-incomplete", line, &message, "Write `runs-on:` and `steps:` below it.");
        return;
    }
    groups(job, judged);
    if let Some(uses) = job.get("uses") {
        if uses.text().is_none_or(|text| text.trim().is_empty()) {
            let fix = "Name the workflow that it calls.";
            judged.refuse(
                "job-incomplete",
                uses.line,
                &format!("`uses` of the job `{name}` names nothing"),
                fix,
            );
        }
        return;
    }
    if job.get("runs-on").is_none_or(|runner| runner.data == Data::Null) {
        let message = format!("the job `{name}` has no `runs-on` and no `uses`");
        judged.refuse("job-incomplete", line, &message, "Write `runs-on: ubuntu-latest`.");
    }
    match job.get("steps") {
        Some(steps) if !steps.items().is_empty() => self::steps(&name, &job_steps::of(job), judged),
        Some(_) | None => {
            let message = format!("the job `{name}` has no steps");
            judged.refuse(
                "job-incomplete",
                line,
                &message,
                "Write at least one step with `run:` or `uses:`.",
            );
        }
    }
}

/// Each step has `run` or `uses`, and an id of its own. The number of steps is bounded by the size of the file.
fn steps(job: &str, steps: &[&Value], judged: &mut Judged<'_>) {
    let mut ids = BTreeSet::new();
    for step in steps {
        if !job_steps::is_complete(step) {
            let message = format!("a step of the job `{job}` has neither `run` nor `uses`");
            judged.refuse("step-incomplete", step.line, &message, "Write `run:` or `uses:`.");
        }
        let Some((id, line)) = step.entry("id").and_then(|id| Some((id.value.scalar()?, id.line))) else {
            continue;
        };
        let problem = bad_id(&id).or_else(|| ids.contains(&id).then_some("another step of this job has it"));
        if let Some(problem) = problem {
            let message = format!("`{}` is no id of a step: {problem}", quote(&id));
            judged.refuse("step-id-invalid", line, &message, "Give the step another id.");
        }
        ids.insert(id);
    }
}

/// What keeps a text from being the id of a job or a step.
fn bad_id(id: &str) -> Option<&'static str> {
    let first_is_good = id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !first_is_good || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return Some("letters, digits, `-` and `_`, the first one no digit or `-`");
    }
    if id.starts_with("__") {
        return Some("GitHub keeps those that begin with `__` for itself");
    }
    (id.len() >= MAX_ID_CHARS).then_some("it is too long")
}

/// Each job that another one needs is there, and no circle of them is waited for.
fn needs(jobs: &[Entry], line: u32, judged: &mut Judged<'_>) {
    let mut waiting: Vec<(&str, Vec<(String, u32)>)> = Vec::new();
    let mut ready: Vec<&str> = Vec::new();
    let names: BTreeSet<&str> = jobs.iter().filter_map(|job| job.key.name()).collect();
    for job in jobs.iter().take(MAX_JOBS) {
        let Some(name) = job.key.name() else { continue };
        let needed = needed(&job.value);
        if needed.is_empty() { ready.push(name) } else { waiting.push((name, needed)) }
    }
    if ready.is_empty() {
        let fix = "Remove `needs` from the job that comes first.";
        judged.refuse(
            "job-needs-circle",
            line,
            "every job waits for another one, so that none ever starts",
            fix,
        );
        return;
    }
    let mut unmet: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut open: Vec<usize> = Vec::new();
    for (at, (_, needed)) in waiting.iter().enumerate() {
        open.push(needed.len());
        needed.iter().for_each(|(name, _)| unmet.entry(name).or_default().push(at));
    }
    while let Some(done) = ready.pop() {
        for at in unmet.remove(done).unwrap_or_default() {
            let Some(left) = open.get_mut(at) else { continue };
            *left = left.saturating_sub(1);
            if *left == 0 {
                ready.extend(waiting.get(at).map(|(name, _)| *name));
            }
        }
    }
    for ((name, needed), _) in waiting.iter().zip(&open).filter(|(_, left)| **left > 0) {
        for (need, line) in needed.iter().filter(|(need, _)| unmet.contains_key(need.as_str())) {
            if names.contains(need.as_str()) {
                let message =
                    format!("the jobs `{}` and `{}` wait for one another", quote(name), quote(need));
                judged.refuse("job-needs-circle", *line, &message, "Remove one `needs` of the circle.");
            } else {
                let message = format!("the job `{}` needs `{}`, and there is none", quote(name), quote(need));
                judged.refuse("job-needs-unknown", *line, &message, "Correct the name, or remove it.");
            }
        }
    }
}

fn needed(job: &Value) -> Vec<(String, u32)> {
    let Some(needs) = job.get("needs") else { return Vec::new() };
    let one = |value: &Value| value.text().map(|name| (name.to_owned(), value.line));
    if needs.text().is_some() {
        return one(needs).into_iter().collect();
    }
    needs.items().iter().filter_map(one).collect()
}

/// What else GitHub asks of a job: the group of its runner, and the images of its containers.
fn groups(job: &Value, judged: &mut Judged<'_>) {
    if let Some(group) = job.get("runs-on").and_then(|runner| runner.get("group"))
        && let Some(text) = group.text().filter(|text| !text.contains("${{"))
    {
        let parts: Vec<&str> = text.split('/').collect();
        let is_good = match parts.as_slice() {
            [_] => true,
            [scope, name] => ["org", "organization", "ent", "enterprise"].contains(scope) && !name.is_empty(),
            [] | [..] => false,
        };
        if !is_good {
            let message = format!("`{}` is no name of a group of runners", quote(text));
            judged.refuse("value-invalid", group.line, &message, "Write `org/NAME` or `enterprise/NAME`.");
        }
    }
    let services = job.get("services").map(Value::entries).unwrap_or_default();
    let containers = job.entry("container").into_iter().chain(services);
    for container in containers.filter(|container| matches!(container.value.data, Data::Map(_))) {
        if container.value.get("image").is_none() && !container.value.mentions("${{") {
            judged.refuse("key-missing", container.line, "a container has no `image`", "Add `image:` here.");
        }
    }
}

/// `if: false`, as a boolean, a text or an expression.
fn is_off(job: &Value) -> bool {
    let Some(condition) = job.get("if").and_then(Value::scalar) else { return false };
    let bare = condition.trim();
    let inner = bare.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(bare);
    inner.trim() == "false"
}
