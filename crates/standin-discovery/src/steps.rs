//! Steps that a field cannot take: `*/60` minutes is the first minute of each hour alone.

use standin_core::automation::{Finding, Severity};

use crate::findings::finding;
use crate::lines::quote;

/// The fields and how many values each has.
const FIELDS: [(&str, u32); 5] =
    [("minutes", 60), ("hours", 24), ("days of the month", 31), ("months", 12), ("days of the week", 7)];

/// A word about a step that is as large as its field or larger.
pub(crate) fn too_large(cron: &str, path: &str, line: u32) -> Option<Finding> {
    let fields = cron.split_ascii_whitespace();
    let (name, size, step) = FIELDS.iter().zip(fields).find_map(|((name, size), field)| {
        let steps = field.split(',').filter_map(|item| item.split_once('/'));
        let step = steps.filter_map(|(_, step)| step.parse::<u32>().ok()).find(|step| step >= size)?;
        Some((name, size, step))
    })?;
    let message =
        format!("`{}`: a step of {step} in {size} {name} comes to the first of them alone", quote(cron));
    let fix = "Write the one value, and the longer span in the field after it.";
    Some(finding("cron-step-too-large", Severity::Warning, path, line, message, fix))
}

#[cfg(test)]
mod tests {
    use super::too_large;

    #[test]
    fn a_step_counts_when_it_is_as_large_as_its_field() {
        for cron in ["*/60 * * * *", "0 */24 * * *", "0 0 * 1-12/12 *", "1,2/90 * * * *"] {
            assert!(too_large(cron, "a", 1).is_some(), "{cron}");
        }
        for cron in ["*/59 * * * *", "0 */12 * * *", "@daily", "60 * * * *", ""] {
            assert!(too_large(cron, "a", 1).is_none(), "{cron}");
        }
    }
}
