//! The shapes of steps.

use super::*;

pub(super) static STEPS: Shape = list(&STEP_SHAPE);
/// A step says what it is by one of `run` and `uses`.
static STEP_SHAPE: Shape = map(Names::NONE, &[&RUN_STEP, &ACTION_STEP]);
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
