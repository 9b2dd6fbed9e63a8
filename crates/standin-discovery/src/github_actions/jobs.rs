//! The modest structural check of a workflow's jobs that GitHub makes when it loads the file.

use standin_core::automation::Severity;

use super::Judged;
use crate::limits::MAX_JOBS;
use crate::lines::quote;
use crate::value::{Data, Entry, Key, Value};

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
    let first_is_good = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !first_is_good || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        let message = format!(
            "`{name}` is no id of a job: letters, digits, `-` and `_`, the first one no digit or `-`"
        );
        judged.refuse("job-id-invalid", line, &message, "Give the job another id and keep its `name`.");
    }
    if !matches!(job.data, Data::Map(_)) {
        let message = format!("the job `{name}` is {}", job.noun());
        judged.refuse("job-incomplete", line, &message, "Write `runs-on:` and `steps:` below it.");
        return;
    }
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
        Some(steps) if !steps.items().is_empty() => self::steps(&name, steps, judged),
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

/// Each step has one of `run` and `uses`. The number of steps is bounded by the size of the file.
fn steps(job: &str, steps: &Value, judged: &mut Judged<'_>) {
    let bad = steps.items().iter().find(|step| step.get("run").is_some() == step.get("uses").is_some());
    if let Some(step) = bad {
        let message = format!("a step of the job `{job}` must have one of `run` and `uses`");
        judged.refuse("step-incomplete", step.line, &message, "Write `run:` or `uses:`, and not both.");
    }
}

/// `if: false`, as a boolean, a text or an expression.
fn is_off(job: &Value) -> bool {
    let Some(condition) = job.get("if").and_then(Value::scalar) else { return false };
    let bare = condition.trim();
    let inner = bare.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(bare);
    inner.trim() == "false"
}
