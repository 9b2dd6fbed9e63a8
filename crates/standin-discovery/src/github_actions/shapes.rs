//! The shapes of a workflow's parts, as GitHub documents them.

use super::expression::Names;
use super::shape::{Known, Map, Need, Plain, Shape, Strays, Text, Whole};

mod events;
mod steps;

pub(super) use events::is_event;

pub(super) const fn text(allows: Names) -> Shape {
    Shape { allows, text: Text::Any, ..Shape::NOTHING }
}

pub(super) const fn filled() -> Shape {
    Shape { text: Text::Filled, ..Shape::NOTHING }
}

pub(super) const fn one(texts: &'static [&'static str]) -> Shape {
    Shape { text: Text::One(texts), ..Shape::NOTHING }
}

pub(super) const fn plain(allows: Names, plain: Plain) -> Shape {
    Shape { allows, plain, ..Shape::NOTHING }
}

pub(super) const fn list(of: &'static Shape) -> Shape {
    Shape { list: Some(of), ..Shape::NOTHING }
}

pub(super) const fn map(allows: Names, maps: &'static [&'static Map]) -> Shape {
    Shape { allows, maps, ..Shape::NOTHING }
}

pub(super) const fn may(name: &'static str, shape: &'static Shape) -> Known {
    Known { name, shape, need: Need::Optional }
}

pub(super) const fn must(name: &'static str, shape: &'static Shape) -> Known {
    Known { name, shape, need: Need::Required }
}

pub(super) const fn of(known: &'static [Known]) -> Map {
    Map { known, other: None, strays: Strays::Refused }
}

/// The map of an event: GitHub passes over what it does not know there.
pub(super) const fn filters(known: &'static [Known]) -> Map {
    Map { known, other: None, strays: Strays::All }
}

pub(super) const fn any_key(other: &'static Shape) -> Map {
    Map { known: &[], other: Some(other), strays: Strays::Refused }
}

pub(super) const WORKFLOW: Names = Names::GITHUB.and(Names::INPUTS).and(Names::VARS);
pub(super) const CALL: Names = WORKFLOW.and(Names::NEEDS);
pub(super) const MATRIX: Names = CALL.and(Names::STRATEGY).and(Names::MATRIX);
pub(super) const ON_RUNNER: Names =
    MATRIX.and(Names::STEPS).and(Names::JOB).and(Names::RUNNER).and(Names::ENV);
pub(super) const WITH_SECRETS: Names = ON_RUNNER.and(Names::SECRETS);
pub(super) const STEP: Names = WITH_SECRETS.and(Names::HASH_FILES);

pub(super) static ANY: Shape =
    Shape { text: Text::Any, plain: Plain::Some, list: Some(&ANY), maps: &[&ANY_MAP], ..Shape::NOTHING };
static ANY_MAP: Map = any_key(&ANY);
pub(super) static TEXT: Shape = text(Names::NONE);
pub(super) static FILLED: Shape = filled();
pub(super) static BOOLEAN: Shape = plain(Names::NONE, Plain::Boolean);
pub(super) static SOME_FILLED: Shape = list(&FILLED);
pub(super) static FILLED_OR_SOME: Shape = Shape { list: Some(&FILLED), ..filled() };
static TEXT_MAP: Map = any_key(&TEXT);

/// `on` and `jobs` must be there: the checks of both say so in words of their own.
pub(super) static ROOT: Shape = map(Names::NONE, &[&ROOT_MAP]);
static ROOT_MAP: Map = of(&[
    may("on", &events::ON),
    may("name", &TEXT),
    may("run-name", &RUN_NAME),
    may("defaults", &DEFAULTS),
    may("env", &WORKFLOW_ENV),
    may("permissions", &PERMISSIONS),
    may("concurrency", &CONCURRENCY),
    may("jobs", &JOBS),
]);
static RUN_NAME: Shape = text(WORKFLOW);
static DEFAULTS: Shape = map(Names::NONE, &[&DEFAULTS_MAP]);
static DEFAULTS_MAP: Map = of(&[may("run", &DEFAULTS_RUN)]);
static DEFAULTS_RUN: Shape = map(Names::NONE, &[&DEFAULTS_RUN_MAP]);
static DEFAULTS_RUN_MAP: Map = of(&[may("shell", &FILLED), may("working-directory", &FILLED)]);
static WORKFLOW_ENV: Shape = map(WORKFLOW.and(Names::SECRETS), &[&TEXT_MAP]);

static PERMISSIONS: Shape =
    Shape { text: Text::One(&["read-all", "write-all"]), ..map(Names::NONE, &[&PERMISSIONS_MAP]) };
static ACCESS: Shape = one(&["read", "write", "none"]);
static READ_ACCESS: Shape = one(&["read", "none"]);
static WRITE_ACCESS: Shape = one(&["write", "none"]);
static PERMISSIONS_MAP: Map = of(&[
    may("actions", &ACCESS),
    may("artifact-metadata", &ACCESS),
    may("attestations", &ACCESS),
    may("checks", &ACCESS),
    may("code-quality", &ACCESS),
    may("contents", &ACCESS),
    may("copilot-requests", &WRITE_ACCESS),
    may("deployments", &ACCESS),
    may("discussions", &ACCESS),
    may("drives", &ACCESS),
    may("id-token", &WRITE_ACCESS),
    may("issues", &ACCESS),
    may("models", &READ_ACCESS),
    may("packages", &ACCESS),
    may("pages", &ACCESS),
    may("pull-requests", &ACCESS),
    may("repository-projects", &ACCESS),
    may("security-events", &ACCESS),
    may("statuses", &ACCESS),
    may("vulnerability-alerts", &READ_ACCESS),
]);

static CONCURRENCY: Shape = Shape { text: Text::Any, ..map(WORKFLOW, &[&CONCURRENCY_MAP]) };
static JOB_CONCURRENCY: Shape = Shape { text: Text::Filled, ..map(MATRIX, &[&CONCURRENCY_MAP]) };
static CONCURRENCY_MAP: Map =
    of(&[must("group", &FILLED), may("cancel-in-progress", &BOOLEAN), may("queue", &QUEUE)]);
static QUEUE: Shape = one(&["single", "max"]);

static JOBS: Shape = map(Names::NONE, &[&JOBS_MAP]);
static JOBS_MAP: Map = any_key(&JOB);
static JOB: Shape = map(Names::NONE, &[&RUN_JOB, &CALL_JOB]);
static RUN_JOB: Map = of(&[
    may("needs", &FILLED_OR_SOME),
    may("if", &JOB_IF),
    may("strategy", &STRATEGY),
    may("name", &JOB_TEXT),
    must("runs-on", &RUNS_ON),
    may("timeout-minutes", &JOB_NUMBER),
    may("cancel-timeout-minutes", &JOB_NUMBER),
    may("continue-on-error", &JOB_BOOLEAN),
    may("container", &CONTAINER),
    may("services", &SERVICES),
    may("env", &JOB_ENV),
    may("environment", &ENVIRONMENT),
    may("permissions", &PERMISSIONS),
    may("concurrency", &JOB_CONCURRENCY),
    may("outputs", &OUTPUTS),
    may("defaults", &JOB_DEFAULTS),
    may("steps", &steps::STEPS),
    may("snapshot", &SNAPSHOT),
]);
static CALL_JOB: Map = of(&[
    may("name", &JOB_TEXT),
    must("uses", &FILLED),
    may("with", &CALL_WITH),
    may("secrets", &CALL_SECRETS),
    may("needs", &FILLED_OR_SOME),
    may("if", &JOB_IF),
    may("permissions", &PERMISSIONS),
    may("concurrency", &JOB_CONCURRENCY),
    may("strategy", &STRATEGY),
]);
static JOB_IF: Shape = Shape { allows: CALL.and(Names::OF_JOBS), text: Text::Condition, ..Shape::NOTHING };
static JOB_TEXT: Shape = text(MATRIX);
static JOB_NUMBER: Shape = plain(MATRIX, Plain::Number);
static JOB_BOOLEAN: Shape = plain(MATRIX, Plain::Boolean);
static JOB_ENV: Shape = Shape { whole: Whole::Spelled, ..map(MATRIX.and(Names::SECRETS), &[&TEXT_MAP]) };

static CALL_WITH: Shape = map(Names::NONE, &[&CALL_WITH_MAP]);
static CALL_WITH_MAP: Map = any_key(&CALL_VALUE);
static CALL_VALUE: Shape = Shape { plain: Plain::Some, ..text(MATRIX) };
static CALL_SECRETS: Shape =
    Shape { text: Text::One(&["inherit"]), ..map(Names::NONE, &[&CALL_SECRETS_MAP]) };
static CALL_SECRETS_MAP: Map = any_key(&CALL_SECRET);
static CALL_SECRET: Shape = Shape { plain: Plain::Some, ..text(MATRIX.and(Names::SECRETS)) };

static STRATEGY: Shape = map(CALL, &[&STRATEGY_MAP]);
static STRATEGY_MAP: Map =
    of(&[may("fail-fast", &BOOLEAN), may("max-parallel", &NUMBER), may("matrix", &MATRIX_SHAPE)]);
static NUMBER: Shape = plain(Names::NONE, Plain::Number);
static MATRIX_SHAPE: Shape = map(Names::NONE, &[&MATRIX_MAP]);
static MATRIX_MAP: Map = Map {
    known: &[may("include", &MATRIX_FILTER), may("exclude", &MATRIX_FILTER)],
    other: Some(&MATRIX_VALUES),
    strays: Strays::Refused,
};
static MATRIX_VALUES: Shape = list(&ANY);
static MATRIX_FILTER: Shape = list(&MATRIX_FILTER_ITEM);
static MATRIX_FILTER_ITEM: Shape = map(Names::NONE, &[&ANY_MAP]);

static RUNS_ON: Shape = Shape { text: Text::Filled, list: Some(&FILLED), ..map(MATRIX, &[&RUNS_ON_MAP]) };
static RUNS_ON_MAP: Map = of(&[may("group", &FILLED), may("labels", &FILLED_OR_SOME)]);

static SNAPSHOT: Shape = Shape { text: Text::Filled, ..map(Names::NONE, &[&SNAPSHOT_MAP]) };
static SNAPSHOT_MAP: Map = of(&[must("image-name", &FILLED), may("if", &JOB_TEXT), may("version", &FILLED)]);

static ENVIRONMENT: Shape = Shape { text: Text::Any, ..map(MATRIX, &[&ENVIRONMENT_MAP]) };
static ENVIRONMENT_MAP: Map =
    of(&[must("name", &JOB_TEXT), may("url", &ENVIRONMENT_URL), may("deployment", &BOOLEAN)]);
static ENVIRONMENT_URL: Shape = text(ON_RUNNER);

static OUTPUTS: Shape = map(Names::NONE, &[&RUNNER_TEXT_MAP]);
static RUNNER_TEXT_MAP: Map = any_key(&RUNNER_TEXT);
static RUNNER_TEXT: Shape = text(WITH_SECRETS);

static JOB_DEFAULTS: Shape = map(Names::NONE, &[&JOB_DEFAULTS_MAP]);
static JOB_DEFAULTS_MAP: Map = of(&[may("run", &JOB_DEFAULTS_RUN)]);
static JOB_DEFAULTS_RUN: Shape = map(MATRIX.and(Names::ENV), &[&DEFAULTS_RUN_MAP]);

static CONTAINER: Shape = Shape { text: Text::Any, ..map(MATRIX, &[&CONTAINER_MAP]) };
static CONTAINER_MAP: Map = of(&[
    may("image", &FILLED),
    may("options", &TEXT),
    may("env", &OUTPUTS),
    may("ports", &SOME_FILLED),
    may("volumes", &SOME_FILLED),
    may("credentials", &CREDENTIALS),
]);
static CREDENTIALS: Shape = map(WORKFLOW.and(Names::SECRETS).and(Names::ENV), &[&CREDENTIALS_MAP]);
static CREDENTIALS_MAP: Map = of(&[may("username", &FILLED), may("password", &FILLED)]);
static SERVICES: Shape = Shape { whole: Whole::Spelled, ..map(MATRIX, &[&SERVICES_MAP]) };
static SERVICES_MAP: Map = any_key(&SERVICE);
static SERVICE: Shape = Shape { text: Text::Filled, ..map(MATRIX, &[&SERVICE_MAP]) };
static SERVICE_MAP: Map = of(&[
    may("image", &FILLED),
    may("options", &TEXT),
    may("env", &OUTPUTS),
    may("ports", &SOME_FILLED),
    may("volumes", &SOME_FILLED),
    may("credentials", &CREDENTIALS),
    may("entrypoint", &TEXT),
    may("command", &TEXT),
]);
