//! From a run that breaks an invariant to the few faults that it takes.

use super::run::{Outcome, Plan, run};
use super::world::WorldError;

/// Leaves out faults as long as the same law is still broken. Gives the numbers of those that are left.
///
/// # Errors
/// [`WorldError`], as [`run`].
pub fn shrink(plan: &Plan, broken: &Outcome) -> Result<Vec<usize>, WorldError> {
    let law = broken.broken.first().map(|b| b.law);
    let mut kept: Vec<usize> = (0..plan.faults.len()).collect();
    let mut piece = kept.len().div_ceil(2).max(1);
    loop {
        let mut start = 0;
        let mut has_shrunk = false;
        while start < kept.len() {
            let without = |n: usize| n < start || n >= start + piece;
            let fewer: Vec<usize> =
                kept.iter().enumerate().filter(|(n, _)| without(*n)).map(|(_, kept)| *kept).collect();
            if run(&plan.only(&fewer))?.broken.first().map(|b| b.law) == law {
                kept = fewer;
                has_shrunk = true;
            } else {
                start += piece;
            }
        }
        if piece == 1 && !has_shrunk {
            return Ok(kept);
        }
        piece = (piece / 2).max(1);
    }
}

impl Plan {
    /// The same plan with only these of its faults.
    #[must_use]
    pub fn only(&self, numbers: &[usize]) -> Self {
        let faults = numbers.iter().filter_map(|n| self.faults.get(*n).copied()).collect();
        Self { faults, ..self.clone() }
    }
}
