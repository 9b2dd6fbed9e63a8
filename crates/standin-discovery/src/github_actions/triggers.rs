//! What starts a workflow: `on`, in all its forms, and its schedules.

use standin_core::automation::{CronLine, ScheduleSpec, Severity};

use super::crons::{self, Cron};
use super::{Judged, shapes};
use crate::cron;
use crate::limits::MAX_SCHEDULES;
use crate::lines::quote;
use crate::value::{Data, Entry, Key, Value};

/// GitHub starts a schedule at most this often, in minutes.
const SHORTEST_GAP_MINUTES: u32 = 5;

/// Keys that belong below an event and are often written beside it.
const FILTERS: [&str; 10] = [
    "branches",
    "branches-ignore",
    "tags",
    "tags-ignore",
    "paths",
    "paths-ignore",
    "types",
    "inputs",
    "cron",
    "workflows",
];

/// What starts a workflow.
#[derive(Debug, Default)]
pub(crate) struct Triggers {
    /// Names of events, in the order of the file.
    pub(crate) events: Vec<String>,
    /// Schedules that can fire.
    pub(crate) schedules: Vec<ScheduleSpec>,
    /// Every expression as it is written.
    pub(crate) crons: Vec<CronLine>,
}

/// Reads `on`.
pub(crate) fn read(root: &Value, judged: &mut Judged<'_>) -> Triggers {
    let mut triggers = Triggers::default();
    let Some(on) = root.entry("on") else {
        without_on(root, judged);
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

fn without_on(root: &Value, judged: &mut Judged<'_>) {
    match root.entry("true") {
        Some(entry) => {
            let message = "`true` stands where `on` belongs: a tool has rewritten the file as YAML 1.1";
            let fix = "Write `on:` instead of `true:`.";
            judged.refuse("workflow-on-is-true", entry.line, message, fix);
        }
        None if root.get("updates").is_some_and(|updates| !updates.items().is_empty()) => {
            let message = "this is Dependabot's configuration, and no workflow";
            judged.refuse("workflow-without-on", 1, message, "Move it to .github/dependabot.yml.");
        }
        None => {
            let fix = "Say what starts it, such as `on: workflow_dispatch`.";
            judged.refuse("workflow-without-on", 1, "the workflow has no `on`", fix);
        }
    }
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
        judged.idle("schedule-without-cron", Severity::Error, line, "`schedule` has no cron expression", fix);
    }
    if !shapes::is_event(event) {
        let shown = quote(event);
        if FILTERS.contains(&event) {
            let message = format!("`{shown}` stands beside the events, where GitHub takes it for one");
            judged.refuse("event-unknown", line, &message, "Indent it, so that it stands below its event.");
        } else {
            let message = format!("`{shown}` is no event that GitHub documents");
            judged.refuse("event-unknown", line, &message, "Correct its name, or delete it.");
        }
        return;
    }
    if !triggers.events.iter().any(|known| known == event) {
        triggers.events.push(event.to_owned());
    }
}

fn event_entry(entry: &Entry, triggers: &mut Triggers, judged: &mut Judged<'_>) {
    match &entry.key {
        Key::Named(name) if name == "schedule" => {
            triggers.events.push(name.to_string());
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
        let fix = "Write `- cron: '0 3 * * *'` below it.";
        match entry.value.data {
            Data::List(_) => {
                let message = "`schedule` has an empty list of cron expressions";
                judged.idle("schedule-without-cron", Severity::Error, entry.line, message, fix);
            }
            Data::Null
            | Data::Bool(_)
            | Data::Number(_)
            | Data::Text(_)
            | Data::Map(_)
            | Data::Computed(_) => {
                judged.refuse("schedule-without-cron", entry.line, &message, fix);
            }
        }
    }
    for (at, item) in items.iter().take(MAX_SCHEDULES).enumerate() {
        // A comment above the first of several that have none may speak of all of them.
        let next = items.get(at.saturating_add(1)).and_then(|next| next.get("cron"));
        let is_own = next.is_none_or(|next| judged.comments(next.line).next().is_some());
        let comments = if is_own { Comments::Own } else { Comments::Shared };
        schedule(item, comments, triggers, judged);
    }
    if items.len() > MAX_SCHEDULES {
        let message = format!("only the first {MAX_SCHEDULES} schedules were looked at");
        judged.say("too-many-schedules", Severity::Warning, entry.line, &message, "Split the workflow.");
    }
}

/// Whose a comment beside a schedule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comments {
    Own,
    Shared,
}

fn schedule(item: &Value, comments: Comments, triggers: &mut Triggers, judged: &mut Judged<'_>) {
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
    let line = written.line;
    triggers.crons.push(CronLine { cron: expression.into(), line });
    let parsed = match Cron::parse(expression) {
        Ok(parsed) => parsed,
        Err(refusal) => return judged.refuse(refusal.rule, line, &refusal.message, &refusal.fix),
    };
    let Some(timezone) = timezone(item, expression, judged) else { return };
    if !parsed.can_fire() {
        let message = format!("`{}` names a day that no month has: it never fires", quote(expression));
        let fix = "Correct the day or the month.";
        return judged.say("cron-never-fires", Severity::Error, line, &message, fix);
    }
    if triggers.schedules.iter().any(|known| known.cron == expression && known.timezone == timezone) {
        let message = format!("`{}` stands twice in this workflow", quote(expression));
        judged.say("cron-twice", Severity::Warning, line, &message, "Delete one of the two.");
    }
    let clock = if timezone == "UTC" { crons::Clock::Utc } else { crons::Clock::Other };
    surprises(&parsed, clock, (line, comments), judged);
    triggers.schedules.push(ScheduleSpec { cron: expression.into(), timezone });
}

/// The zone of a schedule; `None` if it is none, which is said.
fn timezone(item: &Value, expression: &str, judged: &mut Judged<'_>) -> Option<String> {
    let Some(zone) = item.get("timezone") else { return Some("UTC".to_owned()) };
    let name = zone.text().unwrap_or("");
    match cron::check(expression, name) {
        Err(flaw) if flaw.rule.starts_with("timezone") => {
            judged.refuse(
                flaw.rule,
                zone.line,
                &flaw.message,
                "Name a zone such as `Europe/Berlin`, or `UTC`.",
            );
            None
        }
        Ok(_) | Err(_) => Some(name.to_owned()),
    }
}

/// What GitHub takes, and somebody may not expect.
fn surprises(cron: &Cron, clock: crons::Clock, (line, comments): (u32, Comments), judged: &mut Judged<'_>) {
    if cron.has_two_day_fields() {
        let message = "cron implementations disagree whether both day fields must match here, or either";
        let fix = "Restrict only one of the two day fields.";
        judged.say("cron-ambiguous-days", Severity::Warning, line, message, fix);
    }
    if cron.shortest_gap() < SHORTEST_GAP_MINUTES {
        let message = format!("GitHub starts a schedule at most every {SHORTEST_GAP_MINUTES} minutes");
        judged.say("cron-too-often", Severity::Warning, line, &message, "Use `*/5` or a longer step.");
    }
    for comment in judged.comments(line) {
        let plain =
            || (comments == Comments::Own).then(|| crons::in_plain_words(comment, cron, clock)).flatten();
        if let Some(message) = crons::contradiction(comment, cron, clock).or_else(plain) {
            let fix = "Correct the comment, or the schedule if the comment is right.";
            judged.say("cron-comment", Severity::Warning, line, &message, fix);
            return;
        }
    }
}

/// Whether anything would start the workflow.
fn weigh(on: &Entry, triggers: &Triggers, judged: &mut Judged<'_>) {
    let is_called_only = triggers.events.iter().all(|event| event == "workflow_call");
    let waits = |event: &String| ["schedule", "workflow_dispatch", "workflow_call"].contains(&event.as_str());
    let is_scheduled = triggers.events.iter().any(|event| event == "schedule");
    if is_scheduled && triggers.schedules.is_empty() && triggers.events.iter().all(waits) {
        judged.rests("none of its schedules ever fires, and nothing else starts it by itself");
    }
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
    } else if is_scheduled && !triggers.events.iter().any(|event| event == "workflow_dispatch") {
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
