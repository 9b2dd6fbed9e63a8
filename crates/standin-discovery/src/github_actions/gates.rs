//! What a workflow asks about itself and about others while it runs: which schedule has started it, and what the other
//! workflows look like. Whoever changes a schedule, or adds a workflow, changes the answers.

use standin_core::automation::Severity;

use super::noted::{Noted, script};
use super::triggers::Triggers;
use super::{Judged, job_steps};
use crate::lines::quote;
use crate::value::Value;

/// What a script that looks at workflows names.
const WORKFLOWS: &str = ".github/workflows";

/// Says which questions can never be answered with yes, and which a change of the schedule would break.
pub(super) fn check(root: &Value, triggers: &Triggers, noted: &Noted, judged: &mut Judged<'_>) {
    for gate in &noted.gates {
        let shown = quote(&gate.cron);
        if triggers.crons.iter().any(|cron| cron.cron == gate.cron) {
            let message = format!("what runs here depends on the exact text of the schedule `{shown}`");
            let fix = "Change both together, and start a backup with an input in place of the schedule.";
            judged.say("schedule-gate", Severity::Note, gate.line, &message, fix);
        } else {
            let message = format!("no schedule of this workflow is `{shown}`: the two are never equal");
            let fix = "Write the schedule exactly as it stands below `on: schedule`.";
            judged.say("schedule-gate-unmatched", Severity::Error, gate.line, &message, fix);
        }
    }
    let steps = root.get("jobs").into_iter().flat_map(job_steps::of_all);
    for (script, first) in steps.filter_map(script).filter(|(script, _)| script.contains(WORKFLOWS)) {
        let found = (first..).zip(script.lines()).find(|(_, line)| line.contains(WORKFLOWS));
        if let Some((line, _)) = found {
            let message = "this script looks at the workflows themselves: it sees every one that is added";
            let fix = "Make sure that a backup among them changes nothing for it.";
            judged.say("workflow-reads-workflows", Severity::Note, line, message, fix);
        }
    }
}
