//! Model checks: every order of events of a small mesh, walked through by stateright.
//!
//! A check that must hold walks through all states. A check that must fail is the same model with one thing left out
//! or one promise broken, and is there to show that the model would notice.

pub mod brake;
pub mod brake_cell;
pub mod claim;
pub mod handback;
pub mod quorum;
mod registry;

use std::time::{Duration, Instant};

use stateright::{Checker, Expectation, HasDiscoveries, Model, Property};

pub use registry::ALL;

/// A walk that generates more states than this, the same ones counted each time, has lost its bounds.
const MAX_STATES: usize = 6_000_000;

/// What a check is expected to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Every property, in every state; and every state that should be reached is.
    Holds,
    /// A violation of this property.
    Breaks(&'static str),
}

/// One model check.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is expected to show.
    pub expected: Expected,
    walk: fn(Expected) -> Findings,
}

/// What a check has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// Different states.
    pub states: usize,
    /// States, the same ones counted each time that a step leads to them.
    pub generated: usize,
    /// How long it took.
    pub took: Duration,
    /// Properties that do not hold, each with the steps that lead there.
    pub violations: Vec<(&'static str, Vec<String>)>,
    /// States that should be reached and are not.
    pub unreached: Vec<&'static str>,
}

impl Check {
    /// Walks through the model.
    pub fn run(&self) -> Findings {
        (self.walk)(self.expected)
    }
}

impl Findings {
    /// Whether this is what was expected.
    ///
    /// # Errors
    /// What is not, for people, with the steps that lead there.
    pub fn judge(&self, check: &Check) -> Result<(), String> {
        let name = check.name;
        match check.expected {
            Expected::Holds => match (self.violations.first(), self.unreached.first()) {
                (Some((property, steps)), _) => {
                    Err(format!("{name}: `{property}` does not hold after\n  {}", steps.join("\n  ")))
                }
                (None, Some(property)) => Err(format!("{name}: `{property}` is never reached")),
                (None, None) if self.generated >= MAX_STATES => {
                    Err(format!("{name}: more than {MAX_STATES} states"))
                }
                (None, None) => Ok(()),
            },
            Expected::Breaks(property) => {
                let found = self.violations.iter().any(|(violated, _)| *violated == property);
                let missed = format!("{name}: `{property}` holds, and must not: the model is blind to it");
                if found { Ok(()) } else { Err(missed) }
            }
        }
    }

    /// A row of the table of all checks.
    pub fn row(&self, check: &Check) -> String {
        let expected = match check.expected {
            Expected::Holds => "holds".to_owned(),
            Expected::Breaks(property) => format!("breaks: {property}"),
        };
        let found = match self.violations.first() {
            None => "holds".to_owned(),
            Some((property, steps)) => format!("breaks after {} steps: {property}", steps.len()),
        };
        let seconds = self.took.as_secs_f64();
        format!("| {} | {expected} | {found} | {} | {seconds:.1} |", check.name, self.states)
    }
}

/// Walks through a model: all of it, or until the one property is broken that is meant to be.
fn walk<M>(model: M, expected: Expected) -> Findings
where
    M: Model + Clone + Send + Sync + 'static,
    M::State: std::hash::Hash + Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static,
    M::Action: Clone + PartialEq + std::fmt::Debug,
{
    let begun = Instant::now();
    let finish = match expected {
        Expected::Holds => HasDiscoveries::AnyFailures,
        Expected::Breaks(property) => HasDiscoveries::AllOf([property].into()),
    };
    let properties: Vec<Property<M>> = model.properties();
    let checker = model.checker().finish_when(finish).target_state_count(MAX_STATES).spawn_bfs().join();
    let mut found = checker.discoveries();
    let mut findings = Findings {
        states: checker.unique_state_count(),
        generated: checker.state_count(),
        took: begun.elapsed(),
        violations: Vec::new(),
        unreached: Vec::new(),
    };
    for property in properties {
        match (property.expectation, found.remove(property.name)) {
            (Expectation::Always | Expectation::Eventually, Some(path)) => {
                let steps = path.into_actions().iter().map(|action| format!("{action:?}")).collect();
                findings.violations.push((property.name, steps));
            }
            (Expectation::Sometimes, None) => findings.unreached.push(property.name),
            (Expectation::Always | Expectation::Eventually, None) | (Expectation::Sometimes, Some(_)) => {}
        }
    }
    findings
}
