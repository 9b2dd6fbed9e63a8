use crate::tests::{rules, scan_of, standing};
use standin_core::automation::{Detail, Effort, Inventory};

const JOBS: &str = "jobs:\n  a:\n    runs-on: x\n    steps: [{run: y}]\n";
const PATH: &str = ".github/workflows/w.yml";

fn scan_on(on: &str) -> Inventory {
    scan_of(&[(PATH, &format!("{on}\n{JOBS}"))])
}

fn triggers(inventory: &Inventory) -> Vec<&str> {
    inventory.automations[0].triggers.iter().map(String::as_str).collect()
}

#[test]
fn every_form_of_on_is_read() {
    let cases = [
        ("on: push", vec!["push"]),
        ("'on': push", vec!["push"]),
        ("on: [push, workflow_dispatch]", vec!["push", "workflow_dispatch"]),
        ("on:\n  push:\n    branches: [main]\n  schedule:\n  - cron: '0 3 * * *'", vec!["push", "schedule"]),
        ("on:\n  workflow_call:\n  workflow_dispatch:", vec!["workflow_call", "workflow_dispatch"]),
    ];
    for (on, expected) in cases {
        let inventory = scan_on(on);
        assert_eq!(
            (triggers(&inventory), standing(&inventory, "workflow:w.yml").0.as_str()),
            (expected, "effective"),
            "{on}"
        );
    }
}

#[test]
fn what_github_refuses_is_only_declared() {
    let cases = [
        ("name: x", "workflow-without-on", 1),
        ("true: push", "workflow-on-is-true", 1),
        ("on:", "trigger-invalid", 1),
        ("on: 3", "trigger-invalid", 1),
        ("on: pusch", "event-unknown", 1),
        ("on: [push,\n {a: b}]", "trigger-invalid", 2),
        ("on:\n  schedule:\n    cron: '0 3 * * *'", "schedule-without-cron", 2),
        ("on:\n  schedule:\n    - timezone: UTC", "schedule-without-cron", 3),
        ("on:\n  schedule:\n    - cron: '0 25 * * *'", "cron-invalid", 3),
        ("on:\n  schedule:\n    - cron: '0 3 * * * *'", "cron-six-fields", 3),
        ("on:\n  schedule:\n    - cron: '0 3 * * 7'", "cron-day-seven", 3),
        ("on:\n  schedule:\n    - cron: '@daily'", "cron-macro", 3),
        ("on:\n  schedule:\n    - cron: '0 3 * * *'\n      timezone: Mars/Base", "timezone-unknown", 4),
        ("on: push\non: pull_request", "duplicate-key", 2),
    ];
    for (on, rule, line) in cases {
        let inventory = scan_on(on);
        assert!(rules(&inventory, PATH).contains(&(rule, line)), "{on}: {:?}", inventory.findings);
        let (state, reason) = standing(&inventory, "workflow:w.yml");
        assert_eq!((state.as_str(), reason.is_empty()), ("declared", false), "{on}");
        assert!(inventory.automations[0].schedules.is_empty());
    }
}

#[test]
fn schedules_that_surprise_are_said() {
    let cases = [
        ("*/2 * * * *", "cron-too-often"),
        ("0,1 3 * * *", "cron-too-often"),
        ("58,59 * * * *", "cron-too-often"),
        ("0 12 */2 * 1", "cron-ambiguous-days"),
    ];
    for (cron, rule) in cases {
        let inventory = scan_on(&format!("on:\n  workflow_dispatch:\n  schedule:\n  - cron: '{cron}'"));
        assert_eq!(rules(&inventory, PATH), [(rule, 4)], "{cron}");
        assert_eq!(standing(&inventory, "workflow:w.yml").0, "effective");
    }
    let quiet = scan_on("on:\n  workflow_dispatch:\n  schedule:\n  - cron: '*/5 * * * *'");
    assert_eq!(rules(&quiet, PATH), []);
}

#[test]
fn jobs_are_checked_as_github_does() {
    let cases = [
        ("", "workflow-without-jobs", 1),
        ("jobs:\n", "workflow-without-jobs", 2),
        ("jobs:\n  a: 1\n", "job-incomplete", 3),
        ("jobs:\n  a:\n    steps: [{run: x}]\n", "job-incomplete", 3),
        ("jobs:\n  a:\n    runs-on: x\n", "job-incomplete", 3),
        ("jobs:\n  a:\n    runs-on: x\n    steps:\n      - run: y\n        uses: z\n", "key-conflict", 7),
        ("jobs:\n  a:\n    runs-on: x\n    steps:\n      - name: y\n", "step-incomplete", 6),
        ("jobs:\n  1a:\n    runs-on: x\n    steps: [{run: y}]\n", "job-id-invalid", 3),
        ("jobs:\n  a:\n    uses:\n", "job-incomplete", 4),
    ];
    for (jobs, rule, line) in cases {
        let inventory = scan_of(&[(PATH, &format!("on: workflow_dispatch\n{jobs}"))]);
        let shown = rules(&inventory, PATH);
        assert!(shown == [(rule, line)], "{jobs}: {shown:?}");
        assert_eq!(standing(&inventory, "workflow:w.yml").0, "declared");
    }
}

#[test]
fn a_workflow_whose_jobs_are_all_off_never_runs() {
    for off in ["false", "'false'", "${{ false }}"] {
        let jobs = format!("jobs:\n  a:\n    if: {off}\n    runs-on: x\n    steps: [{{run: y}}]\n");
        let inventory = scan_of(&[(PATH, &format!("on: workflow_dispatch\n{jobs}"))]);
        assert_eq!(standing(&inventory, "workflow:w.yml").0, "loadable", "{off}");
        let both =
            scan_of(&[(PATH, &format!("on: workflow_dispatch\n{jobs}  b:\n    uses: o/r/x.yml@v1\n"))]);
        assert_eq!(standing(&both, "workflow:w.yml").0, "effective", "{off}");
    }
}

#[test]
fn only_files_right_in_the_folder_with_the_right_ending_are_loaded() {
    let text = format!("on: push\n{JOBS}");
    let files = [
        ".github/workflows/a/b.yml",
        ".github/workflows/c.YML",
        "x/.github/workflows/d.yml",
        ".github/workflows/e.md",
    ];
    let inventory = scan_of(&files.map(|path| (path, text.as_str())));
    let seen: Vec<(&str, String)> =
        inventory.automations.iter().map(|a| (a.id.as_str(), a.state.to_string())).collect();
    assert_eq!(seen, [("workflow:a/b.yml", "declared".into()), ("workflow:c.YML", "declared".into())]);
}

#[test]
fn a_workflow_that_only_prints_is_told_from_one_that_works() {
    let effort = |steps: &str| {
        let text = format!("on: workflow_dispatch\njobs:\n  a:\n    runs-on: x\n    steps:\n{steps}");
        let inventory = scan_of(&[(".github/workflows/a.yml", &text)]);
        let Detail::Workflow(workflow) = &inventory.automations[0].detail else { panic!("{steps}") };
        workflow.effort
    };
    let checkout = "      - uses: actions/checkout@v5\n";
    assert_eq!(
        effort(&format!(
            "{checkout}      - run: |\n          # done\n          echo \"ok ${{X}}\"\n          exit 0\n"
        )),
        Effort::None
    );
    for works in [
        "run: ./work.sh",
        "run: echo a > b",
        "run: echo $(work)",
        "run: echo a && work",
        "uses: some/action@v1",
    ] {
        assert_eq!(effort(&format!("{checkout}      - {works}\n")), Effort::Some, "{works}");
    }
}
