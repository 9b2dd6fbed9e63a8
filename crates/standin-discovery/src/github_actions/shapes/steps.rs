//! The shapes of steps.

use super::*;

pub(super) static STEPS: Shape = list(&STEP_SHAPE);
/// A step says what it is by one of `run`, `uses`, `parallel`, `wait`, `wait-all` and `cancel`.
static STEP_SHAPE: Shape =
    map(Names::NONE, &[&PARALLEL_STEPS, &WAIT_STEP, &WAIT_ALL_STEP, &CANCEL_STEP, &RUN_STEP, &ACTION_STEP]);
static PARALLEL_STEPS: Map = of(&[must("parallel", &STEPS)]);
static WAIT_STEP: Map = of(&[
    may("name", &STEP_TEXT),
    may("id", &FILLED),
    may("continue-on-error", &STEP_BOOLEAN),
    must("wait", &FILLED_OR_SOME),
]);
static WAIT_ALL_STEP: Map = of(&[
    may("name", &STEP_TEXT),
    may("id", &FILLED),
    may("continue-on-error", &STEP_BOOLEAN),
    must("wait-all", &WAIT_ALL),
]);
static WAIT_ALL: Shape = Shape { text: Text::One(&[""]), ..plain(Names::NONE, Plain::Boolean) };
static CANCEL_STEP: Map = of(&[
    may("name", &STEP_TEXT),
    may("id", &FILLED),
    may("continue-on-error", &STEP_BOOLEAN),
    must("cancel", &FILLED),
]);
static RUN_STEP: Map = of(&[
    may("name", &STEP_TEXT),
    may("id", &FILLED),
    may("if", &STEP_IF),
    may("timeout-minutes", &STEP_NUMBER),
    must("run", &STEP_TEXT),
    may("continue-on-error", &STEP_BOOLEAN),
    may("env", &STEP_ENV),
    may("working-directory", &STEP_TEXT),
    may("shell", &FILLED),
    may("background", &BOOLEAN),
]);
static ACTION_STEP: Map = of(&[
    may("name", &STEP_TEXT),
    may("id", &FILLED),
    may("if", &STEP_IF),
    may("continue-on-error", &STEP_BOOLEAN),
    may("timeout-minutes", &STEP_NUMBER),
    must("uses", &FILLED),
    may("with", &STEP_MAP),
    may("env", &STEP_ENV),
    may("background", &BOOLEAN),
]);
static STEP_TEXT: Shape = text(STEP);
static STEP_NUMBER: Shape = plain(STEP, Plain::Number);
static STEP_BOOLEAN: Shape = plain(STEP, Plain::Boolean);
static STEP_MAP: Shape = map(STEP, &[&TEXT_MAP]);
static STEP_ENV: Shape = Shape { whole: Whole::Spelled, ..map(STEP, &[&TEXT_MAP]) };
static STEP_IF: Shape = Shape {
    allows: ON_RUNNER.and(Names::OF_STEPS).and(Names::HASH_FILES),
    text: Text::Condition,
    ..Shape::NOTHING
};
