#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::file::Present;

mod notes;
mod others;

const VALUE: &str = "STANDIN_DRILL: \"${{ startsWith(inputs.standin-key, 'drill-') && '1' || '' }}\"";

/// The backup of a scheduled workflow.
fn of_text(id: &AutomationId, text: &str) -> String {
    written(try_text(id, text, &Files::default()).map(|text| Backup { text, notes: Vec::new() }))
}

fn try_text(id: &AutomationId, text: &str, files: &Files) -> Result<String, Refused> {
    backup(primary(id, text, files)).map(|backup| backup.text)
}

/// A scheduled workflow that nobody follows.
const fn primary<'a>(id: &'a AutomationId, text: &'a str, files: &'a Files) -> Primary<'a> {
    let (name, path, group) = ("a", "a.yml", "a");
    Primary { id, name, path, text, schedules: &[], is_scheduled: true, group, followers: &[], files }
}

/// The backup of a workflow with this at its top level.
fn of(top: &str) -> String {
    let text = format!(
        "on: workflow_dispatch\n{top}jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{{ run: make }}]\n"
    );
    let id = "workflow:a.yml".parse().unwrap();
    let files = Files::default();
    written(backup(Primary { path: ".github/workflows/a.yml", ..primary(&id, &text, &files) }))
}

fn written(backup: Result<Backup, Refused>) -> String {
    backup.unwrap_or_else(|refused| panic!("{refused:?}")).text
}

#[test]
fn every_job_of_a_copy_can_know_a_drill_however_its_variables_are_written() {
    for (top, wanted) in [
        ("", format!("env:\n  {VALUE}\njobs:\n")),
        ("env: # ours\n    # of A\n    A: b\n", format!("env: # ours\n    {VALUE}\n    # of A\n    A: b\n")),
        ("env: { A: b }\n", format!("env: {{ {VALUE}, A: b }}\n")),
        ("env: {}\n", format!("env:\n  {VALUE}\n")),
        ("env:\nname: b\n", format!("env:\n  {VALUE}\nname: ")),
        ("env:\n  A: ${{ github.event_name }}\n", format!("env:\n  {VALUE}\n  A: ${{{{ (inputs.standin-key")),
    ] {
        let backup = of(top);
        assert!(backup.contains(&wanted), "{top}: {backup}");
        assert_eq!(backup.matches("STANDIN_DRILL").count(), 1, "{backup}");
    }
    assert!(of("env: { STANDIN_DRILL: own }\n").contains("env: { STANDIN_DRILL: own }\n"), "its own stays");
}

#[test]
fn a_workflow_that_is_called_is_told_by_an_input_if_it_has_one() {
    let called = |input: &str| {
        let text = format!(
            "on:\n  workflow_call:\n    inputs:\n      {input}\n  workflow_dispatch:\n    inputs:\n      standin-drill: {{}}\njobs:\n  a: {{ runs-on: x, steps: [{{ run: make }}] }}\n"
        );
        let id = "workflow:a.yml".parse().unwrap();
        let backup = of_text(&id, &text);
        let mut lines = backup.lines().skip_while(|line| !line.contains("uses: ./a.yml"));
        lines
            .find(|line| !line.contains("uses: ") && line.trim() != "with:")
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let is_drill = "startsWith(inputs.standin-key, 'drill-')";
    for (input, wanted) in [
        (
            "STANDIN_DRILL: { type: boolean, required: true }",
            format!("STANDIN_DRILL: \"${{{{ {is_drill} }}}}\""),
        ),
        (
            "STANDIN_DRILL: { type: string, default: no }",
            format!("STANDIN_DRILL: \"${{{{ {is_drill} && '1' || '' }}}}\""),
        ),
        ("standin_drill: { type: number }", format!("standin_drill: \"${{{{ {is_drill} && 1 || 0 }}}}\"")),
        ("standin-drill: { type: boolean }", format!("standin-drill: \"${{{{ {is_drill} }}}}\"")),
        (
            "other: { type: boolean }",
            "secrets: inherit # zizmor: ignore[secrets-inherit] it is the primary itself".to_owned(),
        ),
    ] {
        assert_eq!(called(input), wanted);
    }
}

/// A scheduled workflow with this instead of `a.yml`'s usual parts, and its backup or why there is none.
fn scheduled(on: &str, rest: &str) -> Result<String, String> {
    scheduled_beside(on, rest, &Files::default())
}

fn scheduled_beside(on: &str, rest: &str, files: &Files) -> Result<String, String> {
    let id = "workflow:a.yml".parse().unwrap();
    let text = format!("name: Publish\non:\n  schedule: [{{ cron: '17 3 * * *' }}]\n{on}{rest}");
    let mut all = files.clone();
    all.add("a.yml", Present::Text(text.clone()));
    try_text(&id, &text, &all).map_err(|refused| refused.why)
}

fn has(backup: &Result<String, String>, wanted: &str) {
    assert!(backup.as_ref().is_ok_and(|text| text.contains(wanted)), "{wanted}\n{backup:?}");
}

fn lacks(backup: &Result<String, String>, unwanted: &str) {
    assert!(backup.as_ref().is_ok_and(|text| !text.contains(unwanted)), "{unwanted}\n{backup:?}");
}

const JOB: &str = "jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n";

#[test]
fn a_backup_has_as_few_inputs_as_a_schedule() {
    let on = "  workflow_dispatch:\n    inputs:\n      dry_run:\n        description: 'Print: only'\n        type: boolean\n        required: true\n        default: true\n      list: { type: choice, options: [a, b], default: b }\n";
    let as_scheduled = scheduled(on, &JOB.replace("make", "make\n        if: ${{ !inputs.dry_run }}"));
    has(&as_scheduled, "      dry_run: { description: \"Print: only\", type: string, default: \"\" }\n");
    has(&as_scheduled, "      list: { type: string, default: \"\" }\n");
    lacks(&as_scheduled, "boolean");
    // Who only ever dispatches the primary gets its defaults.
    let id = "workflow:a.yml".parse().unwrap();
    let text = format!("on:\n{on}{JOB}");
    let files = Files::default();
    let backup = written(backup(Primary { is_scheduled: false, ..primary(&id, &text, &files) }));
    assert!(backup.contains("default: true") && backup.contains("required: false"), "{backup}");
}

#[test]
fn what_is_dispatched_with_other_inputs_than_its_schedule_has_is_named() {
    let on = "on:\n  schedule: [{ cron: '17 3 * * *' }]\n  workflow_dispatch: { inputs: { dry: { default: true }, other: { default: x } } }\n";
    let text = format!("{on}{}", JOB.replace("make", "make ${{ inputs.dry }}"));
    let id = "workflow:a.yml".parse().unwrap();
    let files = Files::default();
    let followers = &["b.yml".to_owned()];
    let primary = Primary { followers, ..primary(&id, &text, &files) };
    let backup = backup(primary).unwrap_or_else(|refused| panic!("{refused:?}"));
    let rules: Vec<&str> = backup.notes.iter().map(|note| note.rule).collect();
    assert_eq!(rules, ["dispatch-defaults", "backup-followers"]);
    assert!(
        backup.notes.iter().any(|note| note.what.contains("the defaults of `dry`,")),
        "{:?}",
        backup.notes
    );
    assert!(backup.text.contains("\n# b.yml follows a.yml by its name, and do"), "{}", backup.text);
}

#[test]
fn a_call_is_made_only_where_it_gives_what_the_schedule_does() {
    let call = "  workflow_call:\n    inputs:\n      x: { type: TYPE, default: VALUE }\n";
    let on = |kind: &str, value: &str| call.replace("TYPE", kind).replace("VALUE", value);
    let read = JOB.replace("make", "make ${{ inputs.x }}");
    let calls = "    uses: ./a.yml";
    for kind in ["boolean", "number", "string"] {
        lacks(&scheduled(&on(kind, "1"), &read), calls);
        has(&scheduled(&on(kind, "1"), JOB), calls);
    }
    has(&scheduled(&on("string", "''"), &read), calls);
    has(&scheduled("  workflow_call:\n", JOB), calls);
    // What its jobs may do, or which group they are in, a call cannot say.
    let some =
        "jobs:\n  a:\n    permissions: { contents: write }\n    runs-on: x\n    steps: [{ run: make }]\n";
    has(&scheduled("  workflow_call:\n", some), "    permissions:\n      contents: write\n    uses: ./a.yml");
    let two = format!("{some}  b:\n    runs-on: x\n    steps: [{{ run: make }}]\n");
    lacks(&scheduled("  workflow_call:\n", &two), calls);
    lacks(
        &scheduled(
            "  workflow_call:\n",
            &format!("concurrency: {{ group: a, cancel-in-progress: true }}\n{JOB}"),
        ),
        calls,
    );
    for asks in ["[ $GITHUB_EVENT_NAME = schedule ]", "echo ${{ github.workflow }}", "echo $GITHUB_WORKFLOW"]
    {
        lacks(&scheduled("  workflow_call:\n", &JOB.replace("make", asks)), calls);
    }
    // A drill is told wherever it asks.
    let drill = "  workflow_call: { inputs: { standin-drill: { type: boolean }, x: { type: number, default: 1 } } }\n";
    let copied = scheduled(drill, &JOB.replace("make", "make ${{ inputs.x }} ${{ inputs.standin-drill }}"));
    has(&copied, "make ${{ inputs.x }} ${{ (startsWith(inputs.standin-key, 'drill-') && true || '') }}");
}

#[test]
fn programs_of_a_copy_are_told_the_event_and_the_name_of_the_primary() {
    let shell = scheduled(
        "",
        &JOB.replace("make", "test \"$GITHUB_EVENT_NAME\" = schedule && make \"$GITHUB_WORKFLOW\""),
    );
    has(&shell, "- run: test \"$STANDIN_EVENT_NAME\" = schedule && make \"$STANDIN_WORKFLOW\"\n");
    has(
        &shell,
        "    env:\n      STANDIN_EVENT_NAME: \"${{ needs.standin-slot.outputs.event }}\"\n      STANDIN_WORKFLOW: \"${{ needs.standin-slot.outputs.workflow }}\"\n",
    );
    has(
        &shell,
        "      event: ${{ inputs.standin-key && 'schedule' || github.event_name }}\n      workflow: \"Publish\"\n",
    );
    let script = "jobs:\n  a:\n    runs-on: x\n    env: { A: b }\n    steps:\n      - uses: actions/github-script@v7\n        with:\n          script: |\n            if (context.eventName === 'schedule') core.info(context.payload.schedule);\n";
    let script = scheduled("", script);
    has(
        &script,
        "if (process.env.STANDIN_EVENT_NAME === 'schedule') core.info(process.env.STANDIN_SCHEDULE);",
    );
    has(
        &script,
        "    env: { STANDIN_EVENT_NAME: \"${{ needs.standin-slot.outputs.event }}\", STANDIN_SCHEDULE: \"${{ needs.standin-slot.outputs.cron }}\", A: b }\n",
    );
    let file = scheduled("", &JOB.replace("make", "jq -r .schedule \"$GITHUB_EVENT_PATH\""));
    assert!(file.is_err_and(|why| why.contains("from the file of the event")));
    let image =
        JOB.replace("run: make", "uses: docker/metadata-action@v5\n        with: { tags: 'type=schedule' }");
    assert!(scheduled("", &image).is_err_and(|why| why.contains("`type=schedule`")));
    // An event that is neither is the same for both.
    has(&scheduled("", &JOB.replace("make", "cat $GITHUB_EVENT_PATH")), "cat $GITHUB_EVENT_PATH");
}

#[test]
fn what_other_files_ask_of_the_event_is_refused_with_their_place() {
    let text = |text: &str| Present::Text(text.to_owned());
    let mut files = Files::default();
    files.add("r.yml", text("on: { workflow_call: {}, schedule: [{ cron: '0 1 * * *' }] }\njobs: { a: { if: github.event_name == 'schedule', runs-on: x, steps: [{ run: make }] } }\n"));
    files.add("p.yml", text("on: { workflow_call: {}, workflow_dispatch: {} }\njobs: { a: { if: github.event_name != 'pull_request', runs-on: x, steps: [{ run: make }] } }\n"));
    files.add("n.yml", text("on: { workflow_call: {} }\njobs: { a: { uses: ./r.yml } }\n"));
    files.add("act/action.yaml", text("runs: { using: composite, steps: [{ run: 'bash ${{ github.action_path }}/x.sh', shell: bash }] }\n"));
    files.add("act/x.sh", text("test $GITHUB_EVENT_NAME = workflow_dispatch && exit\n"));
    files.add("jobs/y.sh", text("[ \"$GITHUB_WORKFLOW\" = Publish ] && make\n"));
    let calls = |path: &str| scheduled_beside("", &format!("jobs:\n  a:\n    uses: ./{path}\n"), &files);
    let steps = |step: &str| {
        scheduled_beside("", &format!("jobs:\n  a:\n    runs-on: x\n    steps:\n      - {step}\n"), &files)
    };
    for (found, path) in [
        (calls("r.yml"), "r.yml"),
        (calls("n.yml"), "r.yml"),
        (steps("uses: ./act"), "act/x.sh"),
        (steps("run: bash y.sh\n        working-directory: jobs"), "jobs/y.sh"),
    ] {
        assert!(
            found.as_ref().is_err_and(|why| why.starts_with(&format!("{path} asks"))),
            "{path}: {found:?}"
        );
    }
    has(&calls("p.yml"), "uses: ./p.yml");
}

#[test]
fn a_copy_knows_the_name_of_its_primary() {
    let jobs = "jobs:\n  a:\n    if: github.workflow == 'Publish'\n    runs-on: x\n    steps:\n      - run: 'echo ${{ github.workflow }}'\n      - run: echo ${{ github.workflow_ref }}\n";
    let backup = scheduled("env:\n  KEY: ${{ github.workflow }}-x\n", jobs);
    for wanted in [
        "  KEY: ${{ 'Publish' }}-x\n",
        "(needs.standin-slot.outputs.workflow == 'Publish')",
        "      workflow: \"Publish\"\n",
        "'echo ${{ ''Publish'' }}'",
        "${{ github.workflow_ref }}",
    ] {
        has(&backup, wanted);
    }
}

#[test]
fn a_backup_that_did_nothing_is_no_success() {
    let backup =
        scheduled("", &format!("{JOB}  b-2:\n    needs: a\n    runs-on: x\n    steps: [{{ run: make }}]\n"));
    has(
        &backup,
        "|| (needs.a.result == 'success' || needs.b-2.result == 'success') && 'success' || 'skipped' }}\n",
    );
    has(&backup, "status: ${{ env.ENDED == 'skipped' && 'failure' || env.ENDED }}\n");
    has(&backup, "    - if: env.ENDED == 'skipped'\n");
}

#[test]
fn groups_of_jobs_are_the_backups_own_and_cancel_nothing() {
    for (written, wanted) in [
        (
            "concurrency: { group: deploy, cancel-in-progress: true }",
            "concurrency: { group: standin-backup-deploy, cancel-in-progress: false }",
        ),
        ("concurrency: 'a ${{ github.workflow }}'", "concurrency: 'standin-backup-a ${{ ''Publish'' }}'"),
        (
            "concurrency:\n      group: ${{ matrix.x }}\n      cancel-in-progress: ${{ github.event_name != 'push' }}",
            "concurrency:\n      group: standin-backup-${{ matrix.x }}\n      cancel-in-progress: false\n",
        ),
    ] {
        has(&scheduled("", &JOB.replace("    steps", &format!("    {written}\n    steps"))), wanted);
    }
    let folded = JOB.replace("    steps", "    concurrency: >-\n      a\n    steps");
    assert!(scheduled("", &folded).is_err_and(|why| why.contains("is no text on one line")));
}

#[test]
fn a_mark_of_the_byte_order_is_not_copied() {
    let id = "workflow:a.yml".parse().unwrap();
    let text = format!("\u{feff}on: {{ schedule: [{{ cron: '17 3 * * *' }}] }}\n{JOB}");
    let backup = of_text(&id, &text);
    assert!(!backup.contains('\u{feff}') && backup.starts_with("# standin:"), "{backup}");
}

const SCORECARD: &str = "jobs:\n  analysis:\n    runs-on: ubuntu-latest\n    permissions: { id-token: write }\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ossf/scorecard-action@v2\n        with: { results_file: a, publish_results: true }\n";

#[test]
fn a_server_that_refuses_variables_finds_none() {
    let backup = scheduled("", SCORECARD);
    lacks(&backup, "STANDIN_DRILL");
    has(&backup, "  analysis:\n    needs: standin-slot\n");
    lacks(&scheduled("  workflow_call:\n", SCORECARD), "    uses: ./a.yml");
    let kept = scheduled("", &format!("env: {{ A: b }}\n{SCORECARD}"));
    has(&kept, "\nenv: { A: b }\n");
    has(&scheduled("", &SCORECARD.replace("true", "false")), VALUE);
    let asks = format!("{SCORECARD}      - run: echo $GITHUB_EVENT_NAME\n");
    assert!(scheduled("", &asks).is_err_and(|why| why.contains("refuses a job with variables")));
}

#[test]
fn images_that_a_schedule_names_are_refused_wherever_they_are_named() {
    let step = |with: &str| {
        format!(
            "    steps:\n      - id: meta\n        uses: docker/metadata-action@v5\n        with: {with}\n      - run: push ${{{{ steps.meta.outputs.tags }}}}\n"
        )
    };
    let job = |with: &str| format!("jobs:\n  a:\n    runs-on: x\n{}", step(with));
    let refused = |backup: Result<String, String>, why: &str| {
        assert!(backup.as_ref().is_err_and(|found| found.contains(why)), "{why}: {backup:?}");
    };
    for with in ["{ images: a }", "{ images: a, tags: '' }", "{ images: a, tags: \"# none\\n\" }"] {
        refused(scheduled("", &job(with)), "without `tags`");
    }
    refused(
        scheduled("", &job("{ tags: type=schedule }").replace("docker/metadata-action@v5", "./tags")),
        "by `type=schedule`",
    );
    refused(
        scheduled(
            "",
            "jobs:\n  a:\n    uses: a/b/.github/workflows/c.yml@v1\n    with:\n      tags: |\n        type=sha\n        type=schedule,pattern=x\n",
        ),
        "by `type=schedule`",
    );
    has(&scheduled("", &job("{ tags: \"type=sha\" }")), "type=sha");
    let labels = job("{ images: a }").replace("outputs.tags", "outputs.labels");
    has(&scheduled("", &labels), "outputs.labels");
    // Who only ever orders the primary has the same.
    let id = "workflow:a.yml".parse().unwrap();
    let (text, files) = (format!("on: workflow_dispatch\n{}", job("{ images: a }")), Files::default());
    assert!(backup(Primary { is_scheduled: false, ..primary(&id, &text, &files) }).is_ok());
    let mut files = Files::default();
    let text = |text: String| Present::Text(text);
    files.add("called.yml", text(format!("on: workflow_call\n{}", job("{ images: a }"))));
    files.add(
        "act/action.yml",
        text(format!("runs:\n    using: composite\n{}", step("{ images: a, tags: type=schedule }"))),
    );
    for (name, calls) in [
        ("called.yml", "jobs:\n  a:\n    uses: ./called.yml\n"),
        ("act/action.yml", "jobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: ./act\n"),
    ] {
        refused(scheduled_beside("", calls, &files), &format!("{name} names images"));
    }
}
