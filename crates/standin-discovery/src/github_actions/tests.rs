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

fn steps(steps: &str) -> Inventory {
    let text = format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{steps}");
    let package = "{\"scripts\": {\"build\": \"make\"}}";
    let files = [
        (PATH, text.as_str()),
        ("package.json", package),
        ("scripts/here.js", ""),
        (".gitignore", "made/\n"),
    ];
    scan_of(&files)
}

#[test]
fn steps_that_run_what_is_not_in_the_repository_are_said() {
    let out = "      - uses: actions/checkout@v4\n      - uses: actions/setup-node@v4\n      - run: npm ci\n";
    let missing = [
        ("      - run: node scripts/gone.js\n", "step-file-missing", 9),
        ("      - run: bash ./gone.sh --fast\n", "step-file-missing", 9),
        (
            "      - name: x\n        run: |\n          echo hello\n          python gone.py\n",
            "step-file-missing",
            10,
        ),
        ("      - run: npm run nope\n", "step-script-missing", 9),
        ("      - run: npm test\n", "step-script-missing", 9),
    ];
    for (step, rule, line) in missing {
        let inventory = steps(&format!("{out}{step}"));
        let found = rules(&inventory, PATH);
        assert_eq!(found, [("workflow-not-dispatchable", 1), (rule, line)][2 - found.len()..], "{step}");
        assert_eq!(standing(&inventory, "workflow:w.yml").0, "effective");
    }
    let fine = [
        "      - run: node scripts/here.js\n",
        "      - run: node scripts/here\n",
        "      - run: npm run build\n",
        "      - run: node dist/gone.js\n",
        "      - run: node made/gone.js\n",
        "      - run: make\n      - run: node scripts/gone.js\n",
        "      - run: npm run build && node scripts/gone.js\n",
        "      - run: node scripts/gone.js || true\n",
        "      - run: if [ -f gone.js ]; then node gone.js; fi\n",
        "      - run: node ${{ matrix.file }}\n",
        "      - uses: other/action@v1\n      - run: node scripts/gone.js\n",
        "      - uses: actions/download-artifact@v4\n      - run: node scripts/gone.js\n",
        "      - run: node gone.js\n        working-directory: web\n",
        "      - run: node gone.js\n        continue-on-error: true\n",
        "      - run: node gone.js\n        if: hashFiles('gone.js') != ''\n",
        "      - run: gone.sh\n",
        "      - run: curl -O https://example.org/x.sh\n      - run: bash x.sh\n",
        "      - run: node -e 'x'\n",
        "      - run: npm run build --if-present\n",
    ];
    for step in fine {
        let inventory = steps(&format!("{out}{step}"));
        assert!(!rules(&inventory, PATH).iter().any(|(rule, _)| rule.starts_with("step-")), "{step}");
    }
    let inventory = steps("      - run: node scripts/gone.js\n");
    assert!(!rules(&inventory, PATH).iter().any(|(rule, _)| rule.starts_with("step-")));
}

#[test]
fn a_call_that_asks_for_more_than_it_may_is_refused() {
    let caller = |whole: &str, job: &str| {
        format!("on: push\n{whole}jobs:\n  c:\n    uses: ./.github/workflows/b.yml\n{job}")
    };
    let callee = |whole: &str, job: &str| {
        format!("on: workflow_call\n{whole}jobs:\n  d:\n    runs-on: x\n{job}    steps: [{{run: make}}]\n")
    };
    let read = "permissions: {contents: read}\n";
    let write = "    permissions: {contents: write}\n";
    let cases = [
        (caller(read, ""), callee("", write), true),
        (caller("permissions: read-all\n", ""), callee("", write), true),
        (caller("permissions: {}\n", ""), callee("permissions: {issues: read}\n", ""), true),
        (caller(read, ""), callee("permissions: write-all\n", ""), true),
        (caller("permissions: write-all\n", "    permissions: {contents: read}\n"), callee("", write), true),
        (caller(read, "    permissions: {contents: write}\n"), callee("", write), false),
        (caller("permissions: write-all\n", ""), callee("", write), false),
        (caller(read, ""), callee(read, ""), false),
        (caller(read, ""), callee("", ""), false),
        // The settings of the repository decide.
        (caller("", ""), callee("", write), false),
    ];
    for (caller, callee, is_refused) in cases {
        let files = [(PATH, caller.as_str()), (".github/workflows/b.yml", callee.as_str())];
        let inventory = scan_of(&files);
        let is_said = rules(&inventory, PATH).iter().any(|(rule, _)| *rule == "call-permissions");
        let state = standing(&inventory, "workflow:w.yml").0;
        let wanted = if is_refused { "declared" } else { "effective" };
        assert_eq!((is_said, state.as_str()), (is_refused, wanted), "{caller}\n{callee}");
    }
    let middle = "on: workflow_call\njobs:\n  m:\n    uses: ./.github/workflows/c.yml\n";
    let last = callee("", write);
    let files = [
        (PATH, caller(read, "")),
        (".github/workflows/b.yml", middle.to_owned()),
        (".github/workflows/c.yml", last),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let inventory = scan_of(&files);
    let (state, reason) = standing(&inventory, "workflow:w.yml");
    assert!(state == "declared" && reason.contains("contents: write"), "{state} {reason}");
}
