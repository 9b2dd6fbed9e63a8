//! What is said beside a backup.

use super::*;

/// The rules of what is said of a scheduled workflow with these jobs.
fn rules(rest: &str, files: &Files) -> Vec<&'static str> {
    let text = format!("name: Publish\non: {{ schedule: [{{ cron: '17 3 * * *' }}] }}\n{rest}");
    let id = "workflow:state.yml".parse().unwrap();
    let path = ".github/workflows/state.yml";
    let backup = backup(Primary { path, ..primary(&id, &text, files) });
    backup.unwrap_or_else(|refused| panic!("{refused:?}")).notes.iter().map(|note| note.rule).collect()
}

fn job(head: &str, step: &str) -> String {
    format!("jobs:\n  a:\n    runs-on: x\n{head}    steps:\n      - {step}\n")
}

#[test]
fn what_hangs_on_the_file_or_its_runs_is_said() {
    let none = Files::default();
    for (jobs, rule) in [
        (job("", "run: echo ${{ github.run_number }}"), "backup-run-number"),
        (job("", "run: echo $GITHUB_RUN_NUMBER"), "backup-run-number"),
        (job("", "run: make\n        if: github.actor == 'me'"), "backup-actor"),
        (
            job("    permissions: { id-token: write }\n", "uses: pypa/gh-action-pypi-publish@release/v1"),
            "backup-trusted-publisher",
        ),
        (job("    permissions: { id-token: write }\n", "run: npm publish"), "backup-trusted-publisher"),
        (
            job("", "uses: dawidd6/action-download-artifact@v6\n        with: { workflow: state.yml }"),
            "backup-artifacts",
        ),
        (job("", "uses: dawidd6/action-download-artifact@v6"), "backup-artifacts"),
        (job("", "run: gh run list --workflow state.yml --json databaseId"), "backup-artifacts"),
        (job("", "run: gh run list --workflow=state.yml"), "backup-artifacts"),
    ] {
        assert_eq!(rules(&jobs, &none), [rule], "{jobs}");
    }
    let identity = "    permissions: { id-token: write }\n";
    for jobs in [
        job("", "uses: pypa/gh-action-pypi-publish@v1"),
        job(identity, "uses: pypa/gh-action-pypi-publish@v1\n        with: { password: x }"),
        job(identity, "run: npm publish\n        env: { NODE_AUTH_TOKEN: x }"),
        job("", "uses: dawidd6/action-download-artifact@v6\n        with: { workflow: other.yml }"),
        job("", "run: gh run list --workflow other.yml"),
        job("", "run: echo ${{ github.run_id }}"),
        job(identity, "run: pip install python-semantic-release"),
    ] {
        assert_eq!(
            rules(&format!("run-name: a ${{{{ github.run_number }}}}\n{jobs}"), &none),
            [""; 0],
            "{jobs}"
        );
    }
    let mut files = Files::default();
    let reader = job("", "uses: dawidd6/action-download-artifact@v6\n        with: { workflow: state.yml }");
    files.add(".github/workflows/read.yml", Present::Text(format!("on: push\n{reader}")));
    assert_eq!(rules(&job("", "run: make"), &files), ["backup-artifacts"]);
}

#[test]
fn jobs_that_work_only_for_some_are_refused() {
    let only = |condition: &str| {
        scheduled("", &JOB.replace("    steps", &format!("    if: {condition}\n    steps")))
    };
    let found = only("github.actor != 'github-actions[bot]'");
    assert!(
        found.as_ref().is_err_and(|why| why.contains("asks in its `if` for `github.actor`")),
        "{found:?}"
    );
    has(&only("github.actor != 'dependabot[bot]'"), "github.actor != 'dependabot[bot]'");
    has(&only("github.event_name == 'schedule' || github.actor == 'me'"), "|| github.actor == 'me'");
    let mut files = Files::default();
    let called = JOB.replace("    steps", "    if: github.actor == 'me'\n    steps");
    files.add("called.yml", Present::Text(format!("on: workflow_call\n{called}")));
    let found = scheduled_beside("", "jobs:\n  a:\n    uses: ./called.yml\n", &files);
    assert!(found.as_ref().is_err_and(|why| why.contains("called.yml")), "{found:?}");
}
