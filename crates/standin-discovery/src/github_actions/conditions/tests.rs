use crate::tests::{rules, scan_of, standing};
use standin_core::automation::Inventory;

const PATH: &str = ".github/workflows/w.yml";
const BOTH: &str = "schedule: [{cron: '7 3 * * *'}], workflow_dispatch: , push: ";

fn scan_if(on: &str, condition: &str) -> Inventory {
    let job = format!("jobs:\n  a:\n    if: {condition}\n    runs-on: x\n    steps: [{{run: y}}]\n");
    scan_of(&[(PATH, &format!("on: {{ {on} }}\n{job}"))])
}

fn said(on: &str, condition: &str) -> Vec<String> {
    let inventory = scan_if(on, condition);
    let mut said: Vec<String> = rules(&inventory, PATH)
        .into_iter()
        .filter(|(rule, _)| rule.ends_with("-skips-jobs"))
        .map(|(rule, line)| format!("{rule}:{line}"))
        .collect();
    said.sort();
    said
}

#[test]
fn a_job_that_asks_for_another_event_is_skipped_by_the_clock_and_by_a_dispatch() {
    for condition in [
        "github.event.workflow_run.conclusion == 'failure'",
        "${{ github.event.workflow_run.conclusion == 'failure' || github.event.workflow_run.conclusion == 'cancelled' }}",
        "github.event_name == 'push'",
        "(github.event_name == 'pull_request' && github.event.action != 'closed') || github.head_ref",
        "github.event.pull_request.merged",
        "\"!(github.event_name != 'push') && contains(github.actor, 'bot')\"",
        "github.event.head_commit.message && vars.ON",
    ] {
        assert_eq!(said(BOTH, condition), ["dispatch-skips-jobs:4", "schedule-skips-jobs:4"], "{condition}");
        let inventory = scan_if(BOTH, condition);
        assert_eq!(standing(&inventory, "workflow:w.yml").0, "loadable", "{condition}");
    }
}

#[test]
fn what_may_be_true_is_not_called_false() {
    for condition in [
        "github.event_name != 'pull_request'",
        "github.event.workflow_run.conclusion != 'success'",
        "github.event.action == ''",
        "!github.event.pull_request.draft",
        "always()",
        "always() && github.ref == 'refs/heads/main'",
        "vars.ON == 'yes' || github.event_name == 'push'",
        "github.event['workflow_run'].conclusion == 'failure'",
        "contains(fromJSON('[\"schedule\", \"push\", \"workflow_dispatch\"]'), github.event_name)",
        "github.event_name == 'SCHEDULE' || github.event_name == 'workflow_dispatch'",
        "${{ github.event_name == 'push' }} text",
        "github.event.number == 0",
    ] {
        assert_eq!(said(BOTH, condition), [""; 0], "{condition}");
        assert_eq!(standing(&scan_if(BOTH, condition), "workflow:w.yml").0, "effective", "{condition}");
    }
}

#[test]
fn each_start_is_judged_by_itself() {
    let by_hand = "github.event_name == 'workflow_dispatch'";
    assert_eq!(said(BOTH, by_hand), ["schedule-skips-jobs:4"]);
    assert_eq!(standing(&scan_if(BOTH, by_hand), "workflow:w.yml").0, "effective");
    assert_eq!(said(BOTH, "github.event_name == 'schedule'"), ["dispatch-skips-jobs:4"]);
    assert_eq!(said(BOTH, "github.event.schedule == '7 3 * * *'"), ["dispatch-skips-jobs:4"]);
    assert_eq!(said("push: ", "github.event_name == 'pull_request'"), [""; 0]);
    let clock_alone = scan_if("schedule: [{cron: '7 3 * * *'}]", "github.event_name == 'push'");
    assert_eq!(standing(&clock_alone, "workflow:w.yml").0, "loadable");
}

#[test]
fn a_job_is_skipped_with_the_one_that_it_waits_for() {
    let jobs = |last: &str| {
        let text = format!(
            "on: {{ {BOTH} }}\njobs:\n  a:\n    if: github.event_name == 'push'\n    runs-on: x\n    steps: [{{run: y}}]\n  \
             b: {{needs: a, runs-on: x, steps: [{{run: y}}]}}\n  c: {{needs: [b], {last}runs-on: x, steps: [{{run: y}}]}}\n"
        );
        let inventory = scan_of(&[(PATH, &text)]);
        rules(&inventory, PATH).iter().filter(|(rule, _)| *rule == "schedule-skips-jobs").count()
    };
    assert_eq!(jobs(""), 1);
    assert_eq!(jobs("if: always(), "), 0);
}
