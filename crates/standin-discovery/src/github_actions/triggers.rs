//! What starts a workflow: `on`, in all its forms, and its schedules.

use standin_core::automation::{ScheduleSpec, Severity};
use standin_core::schedule::Schedule;

use super::Judged;
use crate::cron;
use crate::lines::quote;
use crate::value::{Data, Entry, Key, Value};

/// GitHub starts a schedule at most this often, in minutes.
const SHORTEST_GAP_MINUTES: i64 = 5;

/// The events that GitHub documents for `on`.
const EVENTS: [&str; 38] = [
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "create",
    "delete",
    "deployment",
    "deployment_status",
    "discussion",
    "discussion_comment",
    "fork",
    "gollum",
    "image_version",
    "issue_comment",
    "issues",
    "label",
    "member",
    "merge_group",
    "milestone",
    "page_build",
    "project",
    "project_card",
    "project_column",
    "public",
    "pull_request",
    "pull_request_comment",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_target",
    "push",
    "registry_package",
    "release",
    "repository_dispatch",
    "schedule",
    "status",
    "watch",
    "workflow_call",
    "workflow_dispatch",
    "workflow_run",
];

/// What starts a workflow.
#[derive(Debug, Default)]
pub(crate) struct Triggers {
    /// Names of events, in the order of the file.
    pub(crate) events: Vec<String>,
    /// Schedules that can fire.
    pub(crate) schedules: Vec<ScheduleSpec>,
}

/// Reads `on`.
pub(crate) fn read(root: &Value, judged: &mut Judged<'_>) -> Triggers {
    let mut triggers = Triggers::default();
    let Some(on) = root.entry("on") else {
        let message = match root.entry("true") {
            Some(_) => "`true` stands where `on` belongs: a tool has rewritten the file as YAML 1.1",
            None => "the workflow has no `on`",
        };
        judged.refuse(
            "workflow-without-on",
            1,
            message,
            "Say what starts it, such as `on: workflow_dispatch`.",
        );
        return triggers;
    };
    match &on.value.data {
        Data::Text(event) => event_name(event, on.value.line, &mut triggers, judged),
        Data::List(items) => {
            for item in items {
                match item.text() {
                    Some(event) => event_name(event, item.line, &mut triggers, judged),
                    None => wrong_shape(item, judged),
                }
            }
        }
        Data::Map(entries) => {
            for entry in entries {
                event_entry(entry, &mut triggers, judged);
            }
        }
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Computed(_) => wrong_shape(&on.value, judged),
    }
    weigh(on, &triggers, judged);
    triggers
}

fn wrong_shape(value: &Value, judged: &mut Judged<'_>) {
    let message = format!("`on` takes the names of events, and this is {}", value.noun());
    judged.refuse(
        "trigger-invalid",
        value.line,
        &message,
        "Write a name such as `push` or `workflow_dispatch`.",
    );
}

fn event_name(event: &str, line: u32, triggers: &mut Triggers, judged: &mut Judged<'_>) {
    if event == "schedule" {
        let fix = "Write `schedule:` with a list of `- cron: '…'` below it.";
        judged.refuse("schedule-without-cron", line, "`schedule` has no cron expression", fix);
    }
    if !EVENTS.contains(&event) {
        let message = format!("`{}` is no event that GitHub documents", quote(event));
        judged.refuse("event-unknown", line, &message, "Correct its name, or delete it.");
        return;
    }
    if !triggers.events.iter().any(|known| known == event) {
        triggers.events.push(event.to_owned());
    }
}

fn event_entry(entry: &Entry, triggers: &mut Triggers, judged: &mut Judged<'_>) {
    match &entry.key {
        Key::Named(name) if name == "schedule" => {
            triggers.events.push(name.clone());
            schedule_list(entry, triggers, judged);
        }
        Key::Named(name) => event_name(name, entry.line, triggers, judged),
        Key::Any => wrong_shape(&entry.value, judged),
    }
}

fn schedule_list(entry: &Entry, triggers: &mut Triggers, judged: &mut Judged<'_>) {
    let items = entry.value.items();
    if items.is_empty() {
        let message =
            format!("`schedule` takes a list of cron expressions, and this is {}", entry.value.noun());
        judged.refuse("schedule-without-cron", entry.line, &message, "Write `- cron: '0 3 * * *'` below it.");
    }
    for item in items {
        schedule(item, triggers, judged);
    }
}

fn schedule(item: &Value, triggers: &mut Triggers, judged: &mut Judged<'_>) {
    let Some(written) = item.get("cron") else {
        let fix = "Write `- cron: '0 3 * * *'`.";
        judged.refuse("schedule-without-cron", item.line, "this schedule has no `cron`", fix);
        return;
    };
    let Some(expression) = written.text() else {
        let message = format!("`cron` is a text in quotes, and this is {}", written.noun());
        judged.refuse("cron-invalid", written.line, &message, "Write it in quotes, such as '0 3 * * *'.");
        return;
    };
    let zone = item.get("timezone");
    let timezone = zone.map_or(Some("UTC"), Value::text).unwrap_or("");
    match cron::check(expression, timezone) {
        Ok(schedule) => {
            let line = written.line;
            if fits_github(&schedule, expression, line, judged) {
                triggers.schedules.push(ScheduleSpec { cron: expression.into(), timezone: timezone.into() });
            }
        }
        Err(flaw) if flaw.rule == "cron-never-fires" => {
            judged.idle(
                flaw.rule,
                Severity::Error,
                written.line,
                &flaw.message,
                "Correct the day or the month.",
            );
        }
        Err(flaw) => {
            let at_zone = flaw.rule.starts_with("timezone");
            let line = zone.filter(|_| at_zone).map_or(written.line, |zone| zone.line);
            judged.refuse(flaw.rule, line, &flaw.message, "Correct the schedule at this line.");
        }
    }
}

/// What GitHub does with an expression that cron would take. `false` when it refuses it.
fn fits_github(schedule: &Schedule, expression: &str, line: u32, judged: &mut Judged<'_>) -> bool {
    if schedule.uses_macro() {
        let message = format!("`{}` is not in the cron syntax that GitHub documents", quote(expression));
        judged.refuse("cron-macro", line, &message, "Write it as five fields, such as '0 0 * * *'.");
        return false;
    }
    if schedule.uses_day_seven() {
        let message = "day 7 of the week is not in the cron syntax that GitHub documents";
        judged.say("cron-day-seven", Severity::Warning, line, message, "Write Sunday as 0 or SUN.");
    }
    if schedule.ambiguous_day_fields() {
        let message = "cron implementations disagree whether both day fields must match here, or either";
        judged.say(
            "cron-ambiguous-days",
            Severity::Warning,
            line,
            message,
            "Restrict only one of the two day fields.",
        );
    }
    if cron::smallest_gap_minutes(schedule).is_some_and(|gap| gap < SHORTEST_GAP_MINUTES) {
        let message = format!("GitHub starts a schedule at most every {SHORTEST_GAP_MINUTES} minutes");
        judged.say("cron-too-often", Severity::Warning, line, &message, "Use `*/5` or a longer step.");
    }
    true
}

/// Whether anything would start the workflow.
fn weigh(on: &Entry, triggers: &Triggers, judged: &mut Judged<'_>) {
    let is_called_only = triggers.events.iter().all(|event| event == "workflow_call");
    if triggers.events.is_empty() {
        judged.refuse(
            "workflow-without-on",
            on.line,
            "`on` names no event",
            "Write `on: workflow_dispatch`.",
        );
    } else if is_called_only {
        let fix = "Nothing, if another workflow calls it.";
        let message = "it runs only when another workflow calls it";
        judged.idle("workflow-only-called", Severity::Note, on.line, message, fix);
    } else if !triggers.events.iter().any(|event| event == "workflow_dispatch") {
        let message = "without `workflow_dispatch` it cannot be started from outside, as a backup must be";
        judged.say(
            "workflow-not-dispatchable",
            Severity::Note,
            on.line,
            message,
            "Add `workflow_dispatch:` to `on`.",
        );
    }
}
