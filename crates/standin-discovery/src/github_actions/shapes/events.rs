//! The shapes of the events below `on`.

use super::*;

/// A text or a list names events: the check of triggers knows them.
pub(super) static ON: Shape =
    Shape { text: Text::Filled, list: Some(&FILLED), ..map(Names::NONE, &[&ON_MAP]) };

/// An event without anything to choose.
static BARE: Shape = event(&[&BARE_MAP]);
static BARE_MAP: Map = filters(&[]);

/// An event, or nothing below it.
const fn event(maps: &'static [&'static Map]) -> Shape {
    Shape { plain: Plain::Null, ..map(Names::NONE, maps) }
}

/// The shape of an event of which only its types can be chosen.
macro_rules! typed {
    ($($word:literal)+) => {{
        static TYPE: Shape = one(&[$($word),+]);
        static TYPES: Shape = Shape { list: Some(&TYPE), ..one(&[$($word),+]) };
        static MAP: Map = filters(&[may("types", &TYPES)]);
        static EVENT: Shape = event(&[&MAP]);
        &EVENT
    }};
}

/// The shape of an event's types and filters.
macro_rules! filtered {
    ([$($word:literal)+] $($filter:literal)+) => {{
        static TYPE: Shape = one(&[$($word),+]);
        static TYPES: Shape = Shape { list: Some(&TYPE), ..one(&[$($word),+]) };
        static MAP: Map = filters(&[may("types", &TYPES) $(, may($filter, &FILLED_OR_SOME))+]);
        static EVENT: Shape = event(&[&MAP]);
        &EVENT
    }};
}

/// The shape of a pull request's types and filters.
macro_rules! pull_request {
    () => {
        filtered!(["assigned" "unassigned" "labeled" "unlabeled" "opened" "edited" "closed" "reopened" "synchronize"
            "converted_to_draft" "locked" "unlocked" "enqueued" "dequeued" "milestoned" "demilestoned"
            "ready_for_review" "review_requested" "review_request_removed" "auto_merge_enabled"
            "auto_merge_disabled" "stacked"]
            "branches" "branches-ignore" "paths" "paths-ignore")
    };
}

static ON_MAP: Map = of(&[
    may("branch_protection_rule", typed!("created" "edited" "deleted")),
    may("check_run", typed!("completed" "created" "rerequested" "requested_action")),
    may("check_suite", typed!("completed")),
    may("create", &BARE),
    may("delete", &BARE),
    may("deployment", &BARE),
    may("deployment_status", &BARE),
    may(
        "discussion",
        typed!("created" "edited" "deleted" "transferred" "pinned" "unpinned" "labeled" "unlabeled"
        "locked" "unlocked" "category_changed" "answered" "unanswered"),
    ),
    may("discussion_comment", typed!("created" "edited" "deleted")),
    may("fork", &BARE),
    may("gollum", &BARE),
    may("image_version", filtered!(["created" "ready" "deleted"] "names" "versions")),
    may("issue_comment", typed!("created" "edited" "deleted")),
    may(
        "issues",
        typed!("opened" "edited" "deleted" "transferred" "pinned" "unpinned" "closed" "reopened" "assigned"
        "unassigned" "labeled" "unlabeled" "locked" "unlocked" "milestoned" "demilestoned" "field_added"
        "field_removed" "typed" "untyped"),
    ),
    may("label", typed!("created" "edited" "deleted")),
    may("merge_group", filtered!(["checks_requested"] "branches" "branches-ignore")),
    may("milestone", typed!("created" "closed" "opened" "edited" "deleted")),
    may("page_build", &BARE),
    may("project", typed!("created" "closed" "reopened" "edited" "deleted")),
    may("project_card", typed!("created" "moved" "converted" "edited" "deleted")),
    may("project_column", typed!("created" "updated" "moved" "deleted")),
    may("public", &BARE),
    may("pull_request", pull_request!()),
    may("pull_request_comment", typed!("created" "edited" "deleted")),
    may("pull_request_review", typed!("submitted" "edited" "dismissed")),
    may("pull_request_review_comment", typed!("created" "edited" "deleted")),
    may("pull_request_target", pull_request!()),
    may("push", &PUSH),
    may("registry_package", typed!("published" "updated")),
    may("release", typed!("published" "unpublished" "created" "edited" "deleted" "prereleased" "released")),
    may("repository_dispatch", &REPOSITORY_DISPATCH),
    may("schedule", &SCHEDULE),
    may("status", &BARE),
    may("watch", typed!("started")),
    may("workflow_call", &WORKFLOW_CALL),
    may("workflow_dispatch", &WORKFLOW_DISPATCH),
    may(
        "workflow_run",
        filtered!(["requested" "completed" "in_progress"] "workflows" "branches" "branches-ignore"),
    ),
]);

/// Whether `on` may name this event.
pub(in crate::github_actions) fn is_event(name: &str) -> bool {
    ON_MAP.known.iter().any(|known| known.name == name)
}

static PUSH: Shape = event(&[&PUSH_MAP]);
static PUSH_MAP: Map = filters(&[
    may("branches", &FILLED_OR_SOME),
    may("branches-ignore", &FILLED_OR_SOME),
    may("tags", &FILLED_OR_SOME),
    may("tags-ignore", &FILLED_OR_SOME),
    may("paths", &FILLED_OR_SOME),
    may("paths-ignore", &FILLED_OR_SOME),
]);
static REPOSITORY_DISPATCH: Shape = event(&[&REPOSITORY_DISPATCH_MAP]);
static REPOSITORY_DISPATCH_MAP: Map = filters(&[may("types", &SOME_FILLED)]);

static SCHEDULE: Shape = list(&CRON);
static CRON: Shape = map(Names::NONE, &[&CRON_MAP]);
static CRON_MAP: Map = of(&[must("cron", &FILLED), may("timezone", &FILLED)]);

static WORKFLOW_CALL: Shape = event(&[&WORKFLOW_CALL_MAP]);
static WORKFLOW_CALL_MAP: Map =
    of(&[may("inputs", &CALL_INPUTS), may("secrets", &CALL_SECRETS), may("outputs", &CALL_OUTPUTS)]);
static CALL_INPUTS: Shape = map(Names::NONE, &[&CALL_INPUTS_MAP]);
static CALL_INPUTS_MAP: Map = any_key(&CALL_INPUT);
static CALL_INPUT: Shape = map(Names::NONE, &[&CALL_INPUT_MAP]);
static CALL_INPUT_MAP: Map = of(&[
    may("description", &TEXT),
    must("type", &CALL_INPUT_TYPE),
    may("required", &BOOLEAN),
    may("default", &CALL_DEFAULT),
]);
static CALL_INPUT_TYPE: Shape = one(&["string", "boolean", "number"]);
static CALL_DEFAULT: Shape = Shape { plain: Plain::Some, ..text(WORKFLOW) };
static CALL_SECRETS: Shape = map(Names::NONE, &[&CALL_SECRETS_MAP]);
static CALL_SECRETS_MAP: Map = any_key(&CALL_SECRET);
static CALL_SECRET: Shape = event(&[&CALL_SECRET_MAP]);
static CALL_SECRET_MAP: Map = of(&[may("description", &TEXT), may("required", &BOOLEAN)]);
static CALL_OUTPUTS: Shape = map(Names::NONE, &[&CALL_OUTPUTS_MAP]);
static CALL_OUTPUTS_MAP: Map = any_key(&CALL_OUTPUT);
static CALL_OUTPUT: Shape = map(Names::NONE, &[&CALL_OUTPUT_MAP]);
static CALL_OUTPUT_MAP: Map = of(&[may("description", &TEXT), must("value", &CALL_OUTPUT_VALUE)]);
static CALL_OUTPUT_VALUE: Shape = text(WORKFLOW.and(Names::JOBS));

static WORKFLOW_DISPATCH: Shape = event(&[&WORKFLOW_DISPATCH_MAP]);
static WORKFLOW_DISPATCH_MAP: Map = Map { strays: Strays::Keys, ..of(&[may("inputs", &INPUTS)]) };
static INPUTS: Shape = map(Names::NONE, &[&INPUTS_MAP]);
static INPUTS_MAP: Map = any_key(&INPUT);
static INPUT: Shape = map(Names::NONE, &[&INPUT_MAP]);
static INPUT_MAP: Map = of(&[
    may("description", &TEXT),
    may("type", &INPUT_TYPE),
    may("required", &BOOLEAN),
    may("default", &INPUT_DEFAULT),
    may("options", &OPTIONS),
]);
static INPUT_TYPE: Shape = one(&["string", "boolean", "number", "environment", "choice"]);
static INPUT_DEFAULT: Shape = Shape { plain: Plain::Some, ..text(Names::NONE) };
static OPTIONS: Shape = list(&TEXT);
