//! Carrying out what was planned: one effect, one try, one outcome.

use standin_core::effect::{Effect, Outcome, PlannedEffect};
use standin_core::observation::OwnedApp;
use standin_core::run::RunEnd;

use crate::ports::{Processes, Runner};
use crate::tick::Finished;

/// Carries out one planned effect, which is remembered already. Never retries: another attempt is another plan.
pub async fn carry_out<P: Processes, R: Runner>(
    processes: &P,
    runner: &R,
    apps: &[OwnedApp],
    planned: PlannedEffect,
) -> Finished {
    match &planned.effect {
        Effect::Run { automation, .. } => {
            let end = runner.run(automation, &planned.key, planned.attempt).await;
            Finished { outcome: outcome_of(&end), planned, end: Some(end) }
        }
        Effect::RestartProcess { .. }
        | Effect::StartSaved { .. }
        | Effect::StartDeclared { .. }
        | Effect::Resurrect { .. } => {
            let outcome = processes.apply(&planned.effect, apps).await;
            Finished { planned, outcome, end: None }
        }
    }
}

fn outcome_of(end: &RunEnd) -> Outcome {
    match end {
        RunEnd::Exited { .. } | RunEnd::Killed { .. } | RunEnd::TimedOut => Outcome::Done,
        RunEnd::NotStarted { why } => Outcome::Refused { why: why.clone() },
        RunEnd::Lost => Outcome::Unknown { why: "nobody saw how the run ended".to_owned() },
    }
}
